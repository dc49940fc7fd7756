"""A few threads that share out mailboxes and hand their answers over as they come, a few ahead at most."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import structlog

from mailbot.exchange.ews.connection import Line
from mailbot.exchange.ews.visit import Run, Visitor
from mailbot.model.facts import Reason
from mailbot.ports import Target

log = structlog.get_logger(__name__)

T = TypeVar("T")

Visit = Callable[[Visitor, Sequence[Target]], Iterator[tuple[Target, T]]]
Instead = Callable[[Target, Reason], T]

AHEAD = 4
"""Answers per worker that may wait for the consumer."""

LOOK = 0.5
"""Seconds between two looks at workers that say nothing."""

END_WITHIN = 5.0
"""Seconds that busy workers are given to end; their connections are cut meanwhile."""


class Worker(Generic[T]):
    """One thread with one connection. `chunk` is what it is at work on."""

    def __init__(self, number: int, crew: "Crew[T]", line: Line, visitor: Visitor) -> None:
        self.line = line
        self.visitor = visitor
        self.chunk: Sequence[Target] = ()
        self._crew = crew
        self.thread = threading.Thread(target=self._work, name=f"ews-{number}", daemon=True)

    def _work(self) -> None:
        crew = self._crew
        try:
            while not crew.run.stop.is_set():
                try:
                    self.chunk = crew.chunks.get_nowait()
                except queue.Empty:
                    return
                for target, answer in crew.visit(self.visitor, self.chunk):
                    if not crew.hand_over(self, target, answer):
                        return
        finally:
            crew.leave(self)

    def hangs(self, patience: float) -> bool:
        """Whether one step has lasted longer than every deadline in it allows."""
        since = self.visitor.busy_since
        return since is not None and time.monotonic() - since > patience


class Crew(Generic[T]):
    """The workers of one run. `patience` is in seconds; `release` takes a line back from its worker."""

    def __init__(
        self, run: Run, visit: Visit[T], instead: Instead[T], patience: float, release: Callable[[Line], None]
    ) -> None:
        self.run = run
        self.visit = visit
        self.chunks: queue.SimpleQueue[Sequence[Target]] = queue.SimpleQueue()
        self._instead = instead
        self._patience = patience
        self._release = release
        self._answers: queue.Queue[tuple[Worker[T], Target, T] | Worker[T]] = queue.Queue()
        self._workers: list[Worker[T]] = []

    def start(self, targets: Sequence[Target], size: int, staff: Sequence[tuple[Line, Visitor]]) -> None:
        """Share out `targets` in chunks of `size` and set to work."""
        for first in range(0, len(targets), size):
            self.chunks.put(targets[first : first + size])
        self._answers = queue.Queue(maxsize=AHEAD * len(staff))
        self._workers = [Worker(number, self, *kit) for number, kit in enumerate(staff)]
        for worker in self._workers:
            worker.thread.start()

    def answers(self, targets: Sequence[Target]) -> Iterator[T]:
        """One answer for each target, in any order. What nobody answers any more is answered instead."""
        open_ = dict.fromkeys(targets)
        busy = set(self._workers)
        while open_ and busy and not self.run.stop.is_set():
            try:
                found = self._answers.get(timeout=LOOK)
            except queue.Empty:
                for worker in [w for w in busy if w.hangs(self._patience)]:
                    log.error("worker hangs")
                    busy.discard(worker)
                    worker.line.cut()
                    for target in worker.chunk:
                        if target in open_:
                            del open_[target]
                            yield self._instead(target, Reason.TIMED_OUT)
                continue
            if isinstance(found, Worker):
                busy.discard(found)
                continue
            _, target, answer = found
            if target in open_:
                del open_[target]
                yield answer
        for target in open_:
            yield self._instead(target, Reason.NOT_VISITED)

    def hand_over(self, worker: Worker[T], target: Target, answer: T) -> bool:
        """Wait until the consumer has room; False when nobody wants answers any more."""
        return self._put((worker, target, answer))

    def leave(self, worker: Worker[T]) -> None:
        self._release(worker.line)
        self._put(worker)

    def _put(self, found: "tuple[Worker[T], Target, T] | Worker[T]") -> bool:
        while not self.run.stop.is_set():
            try:
                self._answers.put(found, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def end(self) -> None:
        """Stop at once. Reads may be cut in the middle: nothing is lost by it. From any thread."""
        self.run.stop.set()
        until = time.monotonic() + END_WITHIN
        left = [worker for worker in self._workers if worker.thread.is_alive()]
        while left and time.monotonic() < until:
            for worker in left:
                worker.line.cut()
            left[0].thread.join(0.1)
            left = [worker for worker in left if worker.thread.is_alive()]
        if left:
            log.error("workers left behind", waiting=len(left))
