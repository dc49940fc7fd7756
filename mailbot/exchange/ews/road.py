"""Reads mailboxes over EWS: a few workers, each with one connection, answers streamed as they come."""

import math
import threading
import time
import weakref
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from mailbot.engine.breaker import Breaker
from mailbot.exchange.ews import advice
from mailbot.exchange.ews.connection import Line, Server, at_once
from mailbot.exchange.ews.door import door_of
from mailbot.exchange.ews.free_busy import BATCH
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.underway import Errand, Visit
from mailbot.exchange.ews.visit import Limits, Run, Visitor
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.exchange.ews.workers import Crew
from mailbot.exchange.throttling import budget_of
from mailbot.model.clock import Clock
from mailbot.model.errors import MailbotError, SignInRefused, Unreachable
from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address
from mailbot.model.needs import Need
from mailbot.ports import Bookmarks, FollowUp, NoBookmarks, ProbeAnswer, Target

log = structlog.get_logger(__name__)

ELSEWHERE = frozenset({Reason.CONNECTION_LOST, Reason.TIMED_OUT, Reason.THROTTLED, Reason.NOT_VISITED})
"""Troubles of the sign-in probe that are no answer, even when EWS has a response code for them."""


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
        bookmarks: Bookmarks | None = None,
    ) -> None:
        self._own_mailbox = own_mailbox
        self._bookmarks = NoBookmarks() if bookmarks is None else bookmarks
        self._server = server
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._breaker = breaker
        self._watchdog = Watchdog()
        self._accepted = False
        self._budget = budget_of(server.endpoint)
        self._budget.allow(limits.workers)
        self._door = door_of(server.endpoint)
        self._hung = threading.Event()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._lines: set[Line] = set()
        self._crews: set[Crew] = set()
        self._stops: weakref.WeakSet[threading.Event] = weakref.WeakSet()

    # ports.Exchange

    def sign_in(self) -> None:
        """One harmless request about our own mailbox. See Breaker for what a refusal does."""
        self._breaker.check()
        stop = self._new_stop()
        with self._door.trying:
            trouble = self._knock(stop)
        if trouble is not None:
            if trouble.reason is Reason.SIGN_IN_REFUSED:
                raise SignInRefused(
                    f"Exchange refused the service account ({trouble.code}): "
                    f"{advice.refused(self._server.auth, trouble.code)}. "
                    "The next try is in 30 minutes at the earliest, or after: mailbot doctor"
                )
            mend = advice.unreached(trouble.code)
            if mend is not None:
                raise Unreachable(f"Exchange cannot be reached ({trouble.code}): {mend}.")
            if trouble.reason in ELSEWHERE or not trouble.from_ews:
                raise Unreachable(
                    f"Exchange did not answer as EWS does ({trouble.code}). Check [exchange] endpoint, the "
                    "network and the certificate."
                )
        self._breaker.accepted()
        self._accepted = True

    def read(
        self, targets: Sequence[Target], needs: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        """As the port says; no trouble with Exchange leaves it as an exception."""

        errand = Errand(tuple(dict.fromkeys(needs)), follow_up, now)
        for visit in self._run(targets, errand, self._limits):
            yield visit.facts()

    def reachable(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        errand = Errand((), _nothing_more, self._clock.now(), opening=True)
        for visit in self._run(targets, errand, self._limits):
            yield visit.target, visit.opening

    def probe(self, target: Target, needs: Collection[Need[Any]], now: datetime) -> ProbeAnswer:
        """Takes no longer than a visit, however long the server asks for rest: somebody waits for it."""
        errand = Errand(tuple(dict.fromkeys(needs)), _nothing_more, now, opening=True)
        limits = replace(self._limits, run_deadline=self._limits.mailbox_deadline)
        (visit,) = self._run([target], errand, limits)
        unreadable = {
            need.name: fact.reason for need, fact in visit.found.items() if isinstance(fact, Unknown)
        }
        return ProbeAnswer(target, visit.opening, unreadable)

    def requests(self) -> Mapping[str, int]:
        with self._lock:
            total = self._counts.copy()
            for line in self._lines:
                total.update(dict(line.counts))
            return dict(total)

    def hung(self) -> bool:
        """Whether a worker of any `read` was left behind at work."""
        return self._hung.is_set()

    def close(self) -> None:
        with self._lock:
            crews = list(self._crews)
            for stop in list(self._stops):  # sign-in and probes have no crew; nobody tries again from here on
                stop.set()
        for crew in crews:
            crew.end()
        self._watchdog.close()

    # workers

    def _knock(self, stop: threading.Event) -> EwsTrouble | None:
        """Raises SignInRefused when somebody else was refused while we waited for our turn."""
        refused = self._door.try_again(self._breaker.check)
        self._accepted = False
        line = self._line(refused)
        try:
            return self._visitor(line, self._new_run(self._limits, refused, stop)).knock(
                self._own_mailbox.value
            )
        finally:
            self._release(line)

    def _line(self, refused: threading.Event) -> Line:
        line = Line(self._server, self._watchdog)
        line.refused, line.on_refused = refused, self._refused
        with self._lock:
            self._lines.add(line)
        return line

    def _release(self, line: Line) -> None:
        line.close()
        line.turn = at_once  # it holds its visitor otherwise, and that the line
        with self._lock:
            self._lines.discard(line)
            self._counts.update(line.counts)

    def _new_stop(self) -> threading.Event:
        """An event that `close` sets."""
        stop = threading.Event()
        with self._lock:
            self._stops.add(stop)
        return stop

    def _new_run(self, limits: Limits, refused: threading.Event, stop: threading.Event) -> Run:
        until = time.monotonic() + limits.run_deadline
        own = self._own_mailbox.value
        return Run(self._budget, until, stop, refused, bookmarks=self._bookmarks, own_mailbox=own)

    def _admitted_run(self, limits: Limits) -> Run:
        """A run whose workers may sign in: one alone has tried it first. Else `refused` is set already."""
        stop = self._new_stop()
        refused = self._door.refused
        try:
            if self._accepted and not refused.is_set():
                self._breaker.check()
            else:
                self.sign_in()
                refused = self._door.refused
        except SignInRefused:
            refused = threading.Event()  # of this run alone: others find out for themselves
            refused.set()
        except Unreachable as error:
            log.warning("sign-in not tried", why=str(error))
            refused = self._door.refused
        return self._new_run(limits, refused, stop)

    def _visitor(self, line: Line, run: Run) -> Visitor:
        return Visitor(line, run, self._limits, self._zone, self._clock)

    def _refused(self) -> None:
        """Told by the line that was refused, at once: a crash must not forget it."""
        self._accepted = False
        try:
            self._breaker.refused()
        except MailbotError as error:
            log.error("refused sign-in could not be remembered", error=type(error).__name__)

    def _run(self, targets: Sequence[Target], errand: Errand, limits: Limits) -> Iterator[Visit]:
        """Share chunks out over workers and yield what they find; closing the iterator stops them."""
        targets = list(dict.fromkeys(targets))
        if not targets:
            return
        run = self._admitted_run(limits)
        size = max(1, min(BATCH, math.ceil(len(targets) / limits.workers)))
        staff = min(limits.workers, math.ceil(len(targets) / size))
        patience = 2 * (limits.mailbox_deadline + self._server.request_deadline)
        crew = Crew(run, errand, self._zone, self._clock, patience, self._release, self._hung.set)
        with self._lock:
            self._crews.add(crew)
        try:
            lines = [self._line(run.refused) for _ in range(staff)]
            crew.start(targets, size, [(line, self._visitor(line, run)) for line in lines])
            yield from crew.answers(targets)
        finally:
            crew.end()
            with self._lock:
                self._crews.discard(crew)


def _nothing_more(_facts: MailboxFacts) -> Collection[Need[Any]]:
    return ()
