"""One worker's visits: asks the needs of each mailbox in two steps and turns trouble into Unknown."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from mailbot.exchange.ews import calls, free_busy
from mailbot.exchange.ews.address_book import AddressBook
from mailbot.exchange.ews.answers import ALSO_WHEN_DISABLED, READERS, Asking
from mailbot.exchange.ews.connection import Box, Line
from mailbot.exchange.ews.trouble import TRANSIENT, WHOLE_MAILBOX, EwsTrouble
from mailbot.exchange.throttling import Budget
from mailbot.model.clock import Clock
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.mailbox import Interval
from mailbot.model.needs import Need
from mailbot.ports import Bookmarks, FollowUp, NoBookmarks, Target

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRIES = 3
PAUSE = 2.0
"""Seconds of rest after a throttled call for which the server named none; doubled with every try."""

SOON = 0.1
"""Seconds before another try after a lost connection or a failure of the server; doubled with every try."""

ROUNDS = 4
"""Steps of asking for one mailbox; a rule that wants more than three follow-ups is wrong."""

SPLITS = 24
"""Requests that may be spent on finding who spoils a batch: enough for two mailboxes of fifty."""

BROKEN = Unknown(Reason.ANSWER_BROKEN)

ENDPOINT_WIDE = frozenset({Reason.SIGN_IN_REFUSED, Reason.THROTTLED, Reason.NOT_VISITED})
"""Reasons that no single mailbox of a batch can be to blame for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`workers` connections at a time; seconds for one mailbox and for the whole run."""

    workers: int = 4
    mailbox_deadline: float = 120.0
    run_deadline: float = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the workers of one run share. `until` is monotonic; `refused` ends all signing in; `spoilt`
    tells that whole batches fail, so that looking for one culprit is in vain. `book` is what they learned
    about addresses, `bookmarks` how far earlier sweeps have read."""

    budget: Budget
    until: float
    stop: threading.Event = field(default_factory=threading.Event)
    refused: threading.Event = field(default_factory=threading.Event)
    spoilt: threading.Event = field(default_factory=threading.Event)
    book: AddressBook = field(default_factory=AddressBook)
    bookmarks: Bookmarks = field(default_factory=NoBookmarks)


class Visitor:
    """Owned by one thread. `on_refused` is told when the server refuses the service account.

    `busy_since` (monotonic) is when its present step began, None between two steps.
    """

    def __init__(
        self,
        line: Line,
        run: Run,
        limits: Limits,
        zone: ZoneInfo,
        clock: Clock,
        on_refused: Callable[[], None],
    ) -> None:
        self.busy_since: float | None = None
        self._line = line
        self._run = run
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._on_refused = on_refused

    def facts(
        self, chunk: Sequence[Target], asked: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[tuple[Target, MailboxFacts]]:
        """Facts of each target, in order. Ends early only when the run is stopped."""
        asked = tuple(dict.fromkeys(asked))
        batch = tuple(need for need in asked if free_busy.answers(need))
        known = self._guarded(partial(self._free_busy, chunk, batch, now))
        for target in chunk:
            if self._run.stop.is_set():
                return
            found: free_busy.Facts = dict.fromkeys(batch, BROKEN)
            if not isinstance(known, EwsTrouble):
                found.update(known.get(target, {}))
            self._guarded(partial(self._mailbox, target, found, asked, follow_up, now))
            yield target, MailboxFacts(target.guid, {**dict.fromkeys(asked, BROKEN), **found})

    def openings(self, chunk: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        for target in chunk:
            if self._run.stop.is_set():
                return
            found = self._guarded(partial(self.opens, target))
            yield target, found.reason if isinstance(found, EwsTrouble) else found

    def opens(self, target: Target) -> Reason | None:
        """Whether the mailbox opens, by the cheapest request that needs the right."""
        box = self._line.box(target.address.value)
        found = self._try(partial(calls.folder_id, box, "root"), self._mailbox_until())
        return found.reason if isinstance(found, EwsTrouble) else None

    def knock(self, address: str) -> EwsTrouble | None:
        """One harmless request about one mailbox; the trouble that it met."""
        now = self._clock.now()
        found = self._try(
            partial(calls.availability, self._line, [address], now, now + timedelta(days=1)),
            self._mailbox_until(),
        )
        return found if isinstance(found, EwsTrouble) else None

    def _guarded(self, step: Callable[[], T]) -> T | EwsTrouble:
        """The outcome of one step. A fault of our own in it is trouble like any other."""
        if not self._run.refused.is_set():
            self._run.budget.sit_out(self._mailbox_until(), self._run.stop)
        self.busy_since = time.monotonic()
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - the place "per mailbox": one costs itself only
            log.error("mailbox failed", error=type(error).__name__)
            return EwsTrouble(Reason.ANSWER_BROKEN, "fault_of_ours")
        finally:
            self.busy_since = None

    def _mailbox(
        self,
        target: Target,
        found: free_busy.Facts,
        asked: Collection[Need[Any]],
        follow_up: FollowUp,
        now: datetime,
    ) -> None:
        """Add to `found` what is asked and what follows from it."""
        box = self._line.box(target.address.value)
        until = self._mailbox_until()
        whole: Reason | None = None
        wanted = [need for need in asked if need not in found]
        for _ in range(ROUNDS):
            batch = [need for need in wanted if free_busy.answers(need)]
            if batch:
                found.update(self._free_busy([target], batch, now)[target])
            for need in wanted:
                if need in found:
                    continue
                anyway = whole is Reason.MAILBOX_DISABLED and type(need) in ALSO_WHEN_DISABLED
                fact = Unknown(whole) if whole and not anyway else self._one(target, box, need, until)
                if isinstance(fact, Unknown) and fact.reason in WHOLE_MAILBOX:
                    whole = fact.reason
                found[need] = fact
            more = follow_up(MailboxFacts(target.guid, dict(found)))
            wanted = [need for need in dict.fromkeys(more) if need not in found]
            if not wanted:
                break

    def _one(self, target: Target, box: Box, need: Need[Any], until: float) -> Fact[Any]:
        reader = READERS.get(type(need))
        if reader is None:
            return Unknown(Reason.OPERATION_MISSING)
        run = self._run

        def read(deadline: float) -> Any:
            return reader(Asking(target.guid, box, deadline, self._zone, run.book, run.bookmarks), need)

        found = self._try(read, until)
        if isinstance(found, EwsTrouble):
            return Unknown(found.reason)
        return Known(found, self._clock.now())

    def _try(self, call: Callable[[float], T], until: float, tries: int = TRIES) -> T | EwsTrouble:
        """The answer or the last trouble. Transient trouble of a read is tried again inside the deadline."""
        run = self._run
        trouble = EwsTrouble(Reason.TIMED_OUT, "deadline")
        for attempt in range(tries):
            if run.refused.is_set():
                return EwsTrouble(Reason.SIGN_IN_REFUSED, "earlier")
            if run.stop.is_set() or time.monotonic() >= run.until:
                return EwsTrouble(Reason.NOT_VISITED, "run_over")
            if time.monotonic() >= until:
                return trouble
            if not run.budget.wait(until, run.stop):
                return EwsTrouble(Reason.THROTTLED, "rest")
            try:
                return call(until)
            except EwsTrouble as met:
                trouble = met.with_traceback(None)  # a trouble that is kept must not keep this frame
            if trouble.reason is Reason.SIGN_IN_REFUSED:
                run.refused.set()
                self._on_refused()
            if trouble.reason not in TRANSIENT:
                return trouble
            if trouble.reason is Reason.THROTTLED:
                run.budget.back_off(trouble.rest or PAUSE * 2**attempt)
            elif attempt + 1 < tries:
                run.stop.wait(SOON * 2**attempt)
        return trouble

    def _mailbox_until(self) -> float:
        return min(self._run.until, time.monotonic() + self._limits.mailbox_deadline)

    def _free_busy(
        self, chunk: Sequence[Target], asked: Collection[Need[Any]], now: datetime
    ) -> dict[Target, free_busy.Facts]:
        """Absences and working hours of a whole chunk, with one request per window, and one more for
        mailboxes in it that had a trouble that passes."""
        asker = free_busy.Asker(asked, now, self._zone, self._clock.now())
        until = self._mailbox_until()
        for piece in asker.pieces():
            answers = self._availability(chunk, piece, until)
            again = []
            for target, answer in answers.items():
                trouble = free_busy.trouble(answer)
                if trouble is answer or trouble is None or trouble.reason not in TRANSIENT:
                    continue
                if trouble.reason is Reason.THROTTLED:
                    self._run.budget.back_off(trouble.rest or PAUSE)
                again.append(target)
            if again:
                answers.update(self._availability(again, piece, until))
            for target, answer in answers.items():
                asker.add(target, answer, piece)
        return asker.found

    def _availability(
        self, chunk: Sequence[Target], piece: Interval, until: float
    ) -> dict[Target, free_busy.Answer]:
        """One response per mailbox. A batch that fails as a whole is halved until whoever spoils it stands
        alone. When that leads nowhere, the trouble is everybody's and later batches are not halved."""
        found: dict[Target, free_busy.Answer] = {}
        splits, parts, anybody = SPLITS, [list(chunk)], False
        while parts:
            part = parts.pop()
            first = len(part) == len(chunk)
            answer = self._batch(part, piece, until, first)
            if not isinstance(answer, EwsTrouble):
                found.update(zip(part, answer, strict=True))
                anybody = True
            elif len(part) == 1 or splits < 2 or answer.reason in ENDPOINT_WIDE or self._run.spoilt.is_set():
                found.update(dict.fromkeys(part, answer))
                if splits < 2 and not anybody:
                    self._run.spoilt.set()
            else:
                splits -= 2
                half = len(part) // 2
                parts += [part[half:], part[:half]]
        return found

    def _batch(
        self, part: Sequence[Target], piece: Interval, until: float, first: bool
    ) -> list[calls.Element] | EwsTrouble:
        """A part of a batch gets one try and less time: the whole of it has had its share."""
        addresses = [target.address.value for target in part]
        if not first:
            until = min(until, time.monotonic() + self._line.server.request_deadline / 4)
        ask = partial(calls.availability, self._line, addresses, piece.start, piece.end)
        return self._try(ask, until, TRIES if first else 1)
