"""Reads mailboxes over EWS: a few workers, each with one connection, answers streamed as they come."""

import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mailbot.exchange.ews import calls
from mailbot.exchange.ews.breaker import Breaker
from mailbot.exchange.ews.connection import Line, Server, Watchdog
from mailbot.exchange.ews.free_busy import BATCH
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.visit import Limits, Run, Visitor
from mailbot.exchange.throttling import Budget
from mailbot.model.clock import Clock
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address
from mailbot.model.needs import Need
from mailbot.ports import FollowUp, ProbeAnswer, Target

T = TypeVar("T")
Visit = Callable[[Visitor, Sequence[Target]], Iterator[T]]


class EwsRoad:
    """Implements ports.Exchange. Each `read` has its own workers; at most a few answers wait in memory.

    `own_mailbox` is the service's own mailbox: what the sign-in probe asks about.
    """

    def __init__(
        self,
        server: Server,
        limits: Limits,
        zone: ZoneInfo,
        clock: Clock,
        breaker: Breaker,
        own_mailbox: Address,
    ) -> None:
        self._own_mailbox = own_mailbox
        self._server = server
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._breaker = breaker
        self._watchdog = Watchdog()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    # ports.Exchange

    def sign_in(self) -> None:
        """One harmless request about our own mailbox. See Breaker for what a refusal does."""
        self._breaker.check()
        line = self._line()
        try:
            now = self._clock.now()
            calls.availability(
                line,
                [self._own_mailbox.value],
                now,
                now + timedelta(days=1),
                time.monotonic() + self._server.request_deadline,
            )
        except EwsTrouble as trouble:
            if trouble.reason is Reason.SIGN_IN_REFUSED:
                self._breaker.refused()
                raise SignInRefused(
                    f"Exchange refused the service account ({trouble.code}). Check user name and password; "
                    "the next try is in 30 minutes at the earliest, or after: mailbot doctor"
                ) from None
            if trouble.code.startswith("http_") or trouble.reason in (
                Reason.CONNECTION_LOST,
                Reason.TIMED_OUT,
                Reason.THROTTLED,
            ):
                raise Unreachable(
                    f"Exchange did not answer as EWS does ({trouble.code}). Check [exchange] endpoint, the "
                    "network and the certificate."
                ) from None
        finally:
            self._release(line)
        self._breaker.accepted()

    def read(
        self, targets: Sequence[Target], needs: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        def visit(visitor: "Visitor", chunk: Sequence[Target]) -> Iterator[MailboxFacts]:
            yield from visitor.facts(chunk, needs, follow_up, now)

        return self._run(targets, visit)

    def reachable(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        def visit(visitor: "Visitor", chunk: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
            for target in chunk:
                yield target, visitor.opens(target)

        return self._run(targets, visit)

    def probe(self, target: Target, needs: Collection[Need[Any]], now: datetime) -> ProbeAnswer:
        line = self._line()
        try:
            visitor = self._visitor(line, self._new_run())
            trouble = visitor.opens(target)
            (facts,) = visitor.facts([target], needs, lambda _facts: (), now)
        finally:
            self._release(line)
        unreadable = {
            need.name: fact.reason for need, fact in facts.values.items() if isinstance(fact, Unknown)
        }
        return ProbeAnswer(target, trouble, unreadable)

    def requests(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._counts)

    def close(self) -> None:
        self._watchdog.close()

    # workers

    def _line(self) -> Line:
        return Line(self._server, self._watchdog)

    def _release(self, line: Line) -> None:
        line.close()
        with self._lock:
            self._counts.update(line.counts)

    def _new_run(self) -> Run:
        stop = threading.Event()
        return Run(Budget(stop), stop, threading.Event(), time.monotonic() + self._limits.run_deadline)

    def _visitor(self, line: Line, run: Run) -> Visitor:
        return Visitor(line, run, self._limits, self._zone, self._clock, self._breaker.refused)

    def _run(self, targets: Sequence[Target], visit: Visit[T]) -> Iterator[T]:
        """Share chunks out over workers and yield what they find; closing the iterator stops them."""
        run = self._new_run()
        chunks: queue.SimpleQueue[Sequence[Target]] = queue.SimpleQueue()
        size = max(1, min(BATCH, math.ceil(len(targets) / (2 * self._limits.workers))))
        for first in range(0, len(targets), size):
            chunks.put(targets[first : first + size])
        answers: queue.Queue[T | None] = queue.Queue(maxsize=4 * self._limits.workers)

        def work() -> None:
            line = self._line()
            visitor = self._visitor(line, run)
            try:
                while not run.stop.is_set():
                    try:
                        chunk = chunks.get_nowait()
                    except queue.Empty:
                        return
                    for answer in visit(visitor, chunk):
                        if not _put(answers, answer, run.stop):
                            return
            finally:
                self._release(line)
                _put(answers, None, run.stop)

        workers = [
            threading.Thread(target=work, name=f"ews-{number}", daemon=True)
            for number in range(min(self._limits.workers, max(1, chunks.qsize())))
        ]
        for worker in workers:
            worker.start()
        try:
            running = len(workers)
            while running:
                answer = answers.get()
                if answer is None:
                    running -= 1
                else:
                    yield answer
        finally:
            run.stop.set()
            for worker in workers:
                worker.join(timeout=self._server.request_deadline)


def _put(answers: "queue.Queue[T | None]", answer: T | None, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            answers.put(answer, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False
