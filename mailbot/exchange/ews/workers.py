"""A few threads that share out mailboxes and hand their answers over as they come, a few ahead at most.

Whatever is busy is put aside half done, and taken up again by whoever is free when its rest is over. A worker
waits only when nothing else is left to do, or when nobody is there: then one alone looks again, and with
something else than what just lost its connection.
"""

import heapq
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from zoneinfo import ZoneInfo

import structlog

from mailbot.exchange.ews.connection import Line
from mailbot.exchange.ews.underway import Bulk, Errand, Knock, Visit
from mailbot.exchange.ews.visit import Run, Visitor
from mailbot.model.clock import Clock
from mailbot.model.facts import Reason
from mailbot.ports import Target

log = structlog.get_logger(__name__)

AHEAD = 4
"""Answers per worker that may wait for the consumer."""

LOOK = 0.5
"""Seconds between two looks at workers that say nothing."""

END_WITHIN = 5.0
"""Seconds that busy workers are given to end; their connections are cut meanwhile."""

ASIDE = 1000
"""Visits that may wait for something before new mailboxes are left for later: their facts are in memory."""

BEFOREHAND = 200
"""Visits that are left to do when the next question about many is asked. Its answer, or the rest that our
account is told to take, comes while there is other work: a few seconds of it, and a megabyte of calendars."""


Task = Bulk | Visit | Knock


class Worker:
    """One thread with one connection. `task` is what it is at work on, `looks` whether that is to find out if
    anybody is there; `lost` tells that nobody expects it back."""

    def __init__(self, number: int, crew: "Crew", line: Line, visitor: Visitor) -> None:
        self.line = line
        self.visitor = visitor
        self.task: Task | None = None
        self.looks = False
        self.lost = False
        self._crew = crew
        self.thread = threading.Thread(target=self._work, name=f"ews-{number}", daemon=True)

    def _work(self) -> None:
        crew = self._crew
        try:
            while (task := crew.take(self)) is not None:
                if isinstance(task, Bulk):
                    self.visitor.ask(task)
                elif isinstance(task, Knock):
                    self.visitor.look()
                else:
                    self.visitor.go_on(task)
                crew.put(self, task)
        finally:
            crew.leave(self)

    def hangs(self, patience: float) -> bool:
        """Whether one step has lasted longer than every deadline in it allows."""
        since = self.visitor.busy_since
        return since is not None and time.monotonic() - since > patience


class Crew:
    """The workers of one run. `patience` is in seconds; `release` takes a line back from its worker;
    `on_hang` is told that a thread will not come back, before its mailbox is answered."""

    def __init__(
        self,
        run: Run,
        errand: Errand,
        zone: ZoneInfo,
        clock: Clock,
        patience: float,
        release: Callable[[Line], None],
        on_hang: Callable[[], None],
    ) -> None:
        self.run = run
        self._errand = errand
        self._zone = zone
        self._clock = clock
        self._patience = patience
        self._release = release
        self._on_hang = on_hang
        self._changed = threading.Condition()
        self._open: set[Target] = set()
        self._chunks: deque[Sequence[Target]] = deque()
        self._ready: deque[Visit] = deque()
        self._aside: list[tuple[float, int, Bulk | Visit]] = []
        self._parked = 0
        self._order = count()
        self._answers: queue.Queue[Visit | Worker] = queue.Queue()
        self._workers: list[Worker] = []

    def start(self, targets: Sequence[Target], size: int, staff: Sequence[tuple[Line, Visitor]]) -> None:
        """Share out `targets` in chunks of `size` and set to work."""
        self._open.update(targets)
        self._chunks.extend(targets[first : first + size] for first in range(0, len(targets), size))
        self._answers = queue.Queue(maxsize=AHEAD * len(staff))
        self._workers = [Worker(number, self, *kit) for number, kit in enumerate(staff)]
        for worker in self._workers:
            worker.thread.start()

    # the consumer's side

    def answers(self, targets: Sequence[Target]) -> Iterator[Visit]:
        """The finished visit of each target, in any order. Where nobody finishes it any more, it is closed as
        it is."""
        open_ = dict.fromkeys(targets)
        busy = set(self._workers)
        look = time.monotonic() + LOOK
        while open_ and busy and not self.run.stop.is_set():
            if time.monotonic() >= look:
                for worker in [worker for worker in busy if worker.hangs(self._patience)]:
                    busy.discard(worker)
                    hung_on = self._give_up(worker)
                    if hung_on is not None and hung_on.target in open_:
                        del open_[hung_on.target]
                        yield hung_on
                look = time.monotonic() + LOOK
            try:
                found = self._answers.get(timeout=LOOK)
            except queue.Empty:
                continue
            if isinstance(found, Worker):
                busy.discard(found)
            elif found.target in open_:
                del open_[found.target]
                yield found
        for visit in self._rest():
            if visit.target in open_:
                del open_[visit.target]
                yield visit
        for target in open_:
            yield Visit.of(target, self._errand).closed(Reason.NOT_VISITED)

    def _give_up(self, worker: Worker) -> Visit | None:
        """Nobody waits for this worker any more. Gives the visit that it hangs on; what it asked of many at
        once is unknown, and each of them is visited by the others all the same."""
        log.error("worker hangs")
        self._on_hang()
        worker.line.cut()
        with self._changed:
            worker.lost = True
            task, worker.task = worker.task, None
            self._changed.notify_all()
            if isinstance(task, Bulk):
                task.lost = Reason.TIMED_OUT
                self._answer(task)
            elif isinstance(task, Visit):
                self._open.discard(task.target)
                return task.closed(Reason.TIMED_OUT)
        return None

    def _rest(self) -> list[Visit]:
        """Visits that were begun and that nobody goes on with, with the facts that they have."""
        with self._changed:
            tasks = [*self._ready, *(task for *_, task in self._aside)]
        visits: list[Visit] = []
        for task in tasks:
            if isinstance(task, Bulk):
                visits += [replace(visit, aside=task.aside) for visit in task.waiting]
            else:
                visits.append(task)
        return [visit.closed(visit.aside or Reason.NOT_VISITED) for visit in visits]

    def end(self) -> None:
        """Stop at once. Reads may be cut in the middle: nothing is lost by it. From any thread."""
        self.run.stop.set()
        with self._changed:
            self._changed.notify_all()
        until = time.monotonic() + END_WITHIN
        left = [worker for worker in self._workers if worker.thread.is_alive()]
        while left and time.monotonic() < until:
            for worker in left:
                worker.line.cut()
            left[0].thread.join(0.1)
            left = [worker for worker in left if worker.thread.is_alive()]
        if left:
            log.error("workers left behind", waiting=len(left))

    # the workers' side

    def take(self, worker: Worker) -> Task | None:
        """The next thing to do, when there is one; None when there is nothing to come, or no time for it."""
        run = self.run
        while run.refused.is_set() or run.budget.wait(run.until, run.stop):
            with self._changed:
                now = time.monotonic()
                if not self._open or worker.lost or run.stop.is_set() or now >= run.until:
                    return None
                worker.looks = run.outage.away and not run.refused.is_set()
                if worker.looks:
                    rest = run.outage.rest()
                    if now + rest >= run.until:
                        return None
                    if rest > 0 or any(other.task and other.looks for other in self._workers):
                        self._changed.wait(min(LOOK, rest) if rest else LOOK)
                        continue
                    worker.task = self._look(now)
                else:
                    worker.task = self._next(math.inf if run.refused.is_set() else now)
                if worker.task is not None:
                    return worker.task
                due = self._aside[0][0] if self._aside else math.inf
                if due >= run.until and not any(other.task for other in self._workers):
                    return None
                self._changed.wait(min(LOOK, max(0.0, due - now)))
        return None

    def _look(self, now: float) -> Task | None:
        """What to find out with whether anybody is there: by turns a knock and somebody whose connection was
        not lost, in case that it is the knock that is not answered."""
        knocks = self.run.budget.rest(ours=True) <= 0
        if knocks and self.run.outage.looks % 2:
            return Knock()
        if not any(map(_fresh, self._ready)) and self._chunks:
            bulk = self._begin(self._chunks.popleft())
            if bulk is not None:
                return bulk
        fresh = next(filter(_fresh, self._ready), None)
        if fresh is not None:
            self._ready.remove(fresh)
            return fresh
        return Knock() if knocks else self._next(now)

    def _next(self, now: float) -> Bulk | Visit | None:
        """What was put aside comes first, so that little of it is in memory; then the next question about
        many, some time before it is needed."""
        if self._aside and self._aside[0][0] <= now:
            return heapq.heappop(self._aside)[2]
        few = len(self._ready) < (BEFOREHAND if self._errand.in_bulk else 1)
        if few and self._chunks and len(self._aside) + self._parked < ASIDE:
            bulk = self._begin(self._chunks.popleft())
            if bulk is not None:
                return bulk
        return self._ready.popleft() if self._ready else None

    def _begin(self, chunk: Sequence[Target]) -> Bulk | None:
        """The question about all of them that comes first, when there is one and now is the time for it."""
        errand, needs = self._errand, self._errand.in_bulk
        if not needs:
            self._ready.extend(Visit.of(target, errand) for target in chunk)
            return None
        bulk = Bulk(chunk, needs, errand.now, self._zone, self._clock.now())
        bulk.waiting = [Visit.of(target, errand, bulk) for target in chunk]
        self._parked += len(chunk)
        rest = self.run.budget.rest(ours=True)
        if rest <= 0 or self.run.refused.is_set():
            return bulk
        bulk.rest_until = time.monotonic() + rest
        self._put_off(bulk)
        return None

    def put(self, worker: Worker, task: Task) -> None:
        """Hand over what is finished; put aside or share out the rest."""
        with self._changed:
            if worker.lost:
                return
            if not isinstance(task, Visit) or not task.done:
                self._take_back(task)
                worker.task = None
                self._changed.notify_all()
                return
        if self._put(task):
            with self._changed:
                worker.task = None
                self._open.discard(task.target)
                if not self._open:
                    self._changed.notify_all()

    def _take_back(self, task: Task) -> None:
        if isinstance(task, Visit):
            self._lay_aside(task)
        elif isinstance(task, Bulk):
            if task.pieces:
                self._put_off(task)
            else:
                self._answer(task)

    def _put_off(self, bulk: Bulk) -> None:
        """Ask it later; whoever waited for it does what else there is to do meanwhile."""
        self._release_waiting(bulk)
        heapq.heappush(self._aside, (bulk.rest_until, next(self._order), bulk))

    def _answer(self, bulk: Bulk) -> None:
        bulk.answered = True
        self._release_waiting(bulk)

    def _release_waiting(self, bulk: Bulk) -> None:
        self._parked -= len(bulk.waiting)
        self._ready.extend(bulk.waiting)
        bulk.waiting = []

    def _lay_aside(self, visit: Visit) -> None:
        bulk = visit.bulk
        if visit.rests():
            heapq.heappush(self._aside, (visit.rest_until, next(self._order), visit))
        elif bulk is not None and not bulk.answered:
            self._parked += 1
            bulk.waiting.append(visit)
        else:
            self._ready.append(visit)

    def leave(self, worker: Worker) -> None:
        self._release(worker.line)
        with self._changed:
            worker.task = None
            self._changed.notify_all()
        self._put(worker)

    def _put(self, found: Visit | Worker) -> bool:
        """Wait until the consumer has room; False when nobody wants answers any more."""
        while not self.run.stop.is_set():
            try:
                self._answers.put(found, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False


def _fresh(visit: Visit) -> bool:
    return visit.aside is not Reason.CONNECTION_LOST
