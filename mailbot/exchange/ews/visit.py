"""One worker's visits: asks the needs of each mailbox in two steps and turns trouble into Unknown."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from mailbot.exchange.ews import calls, free_busy
from mailbot.exchange.ews.address_book import AddressBook
from mailbot.exchange.ews.answers import ALSO_WHEN_DISABLED, READERS, Asking
from mailbot.exchange.ews.connection import Box, Line
from mailbot.exchange.ews.in_bulk import UNFINISHED, InBulk
from mailbot.exchange.ews.outage import Outage
from mailbot.exchange.ews.trouble import (
    EARLIER,
    RESTING,
    TRANSIENT,
    WHOLE_MAILBOX,
    EwsTrouble,
    Scope,
    scope_of,
)
from mailbot.exchange.ews.underway import Bulk, Visit
from mailbot.exchange.throttling import Budget
from mailbot.model.clock import Clock
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.needs import Need
from mailbot.ports import Bookmarks, NoBookmarks, Target

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRIES = 3
BUSY_TRIES = 4
"""Busy answers in a row after which a question is given up: fourteen seconds of rest where the server names
none. Nobody waits for it meanwhile."""

LOST_TRIES = 3
"""Turns in a row in which a mailbox loses its connection while others have theirs, until it is given up: six
seconds, in which those others tell whether the trouble is its own."""

PAUSE = 2.0
"""Seconds of rest after a throttled call that named none and a lost connection; doubled with every try."""

SOON = 0.1
"""Seconds before another try after a lost connection or a failure of the server; doubled with every try."""

SAID_AWAY = frozenset({Reason.THROTTLED, Reason.SIGN_IN_REFUSED})
"""Reasons that stand, also without EWS, when nobody is there; any other is a page of something in front."""

LOOK_WITHIN = 10.0
"""Seconds for a look whether anybody is there. Everybody else waits for it."""

ROUNDS = 4
"""Steps of asking for one mailbox; a rule that wants more than three follow-ups is wrong."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`workers` connections at a time; seconds for one mailbox, while it is worked on, and for the whole
    run."""

    workers: int = 4
    mailbox_deadline: float = 120.0
    run_deadline: float = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the workers of one run share. `until` is monotonic; `refused` ends all signing in; `spoilt`
    tells that whole batches fail, so that looking for one culprit is in vain. `book` is what they learned
    about addresses, `bookmarks` how far earlier sweeps have read, `outage` whether anybody is there;
    `own_mailbox` is asked about to find out."""

    budget: Budget
    until: float
    stop: threading.Event = field(default_factory=threading.Event)
    refused: threading.Event = field(default_factory=threading.Event)
    spoilt: threading.Event = field(default_factory=threading.Event)
    outage: Outage = field(default_factory=Outage)
    book: AddressBook = field(default_factory=AddressBook)
    bookmarks: Bookmarks = field(default_factory=NoBookmarks)
    own_mailbox: str = ""


class Visitor:
    """Owned by one thread.

    `busy_since` (monotonic) is when its present request or piece of work began, None when it has none and
    while it waits for its turn.
    """

    def __init__(
        self,
        line: Line,
        run: Run,
        limits: Limits,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self.busy_since: float | None = None
        self._line = line
        self._run = run
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._waited = 0.0
        self._begun = 0.0
        self._ours = True
        self._about = ""
        self._patient = True
        self._in_bulk = InBulk(line, run.spoilt, run.outage, self._try)
        line.turn = self._turn

    # what a worker does

    def ask(self, bulk: Bulk) -> None:
        """Ask all that is left of it, or until the server is busy."""
        if not self._guarded(partial(self._chunk, bulk)):
            bulk.lost = Reason.ANSWER_BROKEN
            bulk.pieces.clear()

    def go_on(self, visit: Visit) -> None:
        """Visit a mailbox until there is nothing more to ask, or it has to wait for something."""
        visit.aside, self._about = None, visit.target.guid
        self._patient = not self._line.server.impersonate
        begun, self._waited = time.monotonic(), 0.0
        if not self._guarded(partial(self._mailbox, visit, begun)):
            visit.found = visit.closed(Reason.ANSWER_BROKEN).found
            visit.wanted, visit.opened, visit.done = [], True, True
        visit.spent += time.monotonic() - begun - self._waited

    def knock(self, address: str) -> EwsTrouble | None:
        """One harmless request in our own name about one mailbox; the trouble that it met. Waits for a
        server that is busy, but no longer than for one mailbox."""
        until, ask = self._until(0.0), self._harmless(address)
        found: object = None
        for busy in range(TRIES):
            found = self._try(ask, until, busy=busy)
            if not isinstance(found, EwsTrouble) or found.reason is not Reason.THROTTLED:
                break
        return found if isinstance(found, EwsTrouble) else None

    def look(self) -> None:
        """The same about our own mailbox, once, while nobody seems to be there. The outage learns from it."""
        self._about, self._patient = "", False
        until = min(self._until(0.0), time.monotonic() + LOOK_WITHIN)
        self._guarded(lambda: self._try(self._harmless(self._run.own_mailbox), until, tries=1))

    def _harmless(self, address: str) -> Callable[[float], Any]:
        now = self._clock.now()
        return partial(calls.availability, self._line, [address], now, now + timedelta(days=1))

    def _guarded(self, step: Callable[[], object]) -> bool:
        """Whether the step went well. A fault of our own in it costs the step and nothing else."""
        self.busy_since = time.monotonic()
        try:
            step()
        except Exception as error:  # noqa: BLE001 - the place "per mailbox": one costs itself only
            log.error("mailbox failed", error=type(error).__name__)
            return False
        finally:
            self.busy_since = None
        return True

    # one request

    @contextmanager
    def _turn(self, ours: bool, deadline: float) -> Iterator[None]:
        """A request waits for its turn. The time that this takes is nobody's. While our account rests nobody
        waits with something in hand that others could go on with."""
        run, self._ours = self._run, ours
        begun, self.busy_since = time.monotonic(), None
        longest = self._line.server.request_deadline
        place = run.budget.enter(ours, deadline, run.stop, longest, patient=self._patient or not ours)
        self.busy_since = self._begun = time.monotonic()
        self._waited += self._begun - begun
        if place is None:
            raise EwsTrouble(Reason.THROTTLED, RESTING)
        try:
            if run.refused.is_set():
                raise EwsTrouble(Reason.SIGN_IN_REFUSED, EARLIER)
            with run.outage.asking(self._about):
                yield
        finally:
            run.budget.leave(place)

    def _try(
        self, call: Callable[[float], T], until: float, tries: int = TRIES, busy: int = 0
    ) -> T | EwsTrouble:
        """The answer or the last trouble. Trouble that passes at once is tried again inside the deadline; a
        busy server is not, and the budget is told of it. `busy` are busy answers before this call."""
        run = self._run
        trouble = EwsTrouble(Reason.TIMED_OUT, "deadline")
        for attempt in range(tries):
            if run.refused.is_set():
                return EwsTrouble(Reason.SIGN_IN_REFUSED, EARLIER)
            if run.stop.is_set() or time.monotonic() >= run.until:
                return EwsTrouble(Reason.NOT_VISITED, "run_over")
            if time.monotonic() >= until:
                return trouble
            try:
                found = call(until)
            except EwsTrouble as met:
                trouble = met.with_traceback(None)  # a trouble that is kept must not keep this frame
            else:
                run.budget.answered()
                return found
            unanswered = trouble.code == RESTING or (
                trouble.reason is Reason.TIMED_OUT and not trouble.from_ews
            )
            if unanswered and time.monotonic() >= run.until:
                return EwsTrouble(Reason.NOT_VISITED, "run_over")  # not its own time: its turn comes first
            if run.outage.away and not trouble.from_ews and trouble.reason not in SAID_AWAY:
                trouble = EwsTrouble(Reason.CONNECTION_LOST, trouble.code)
            if trouble.reason is Reason.SIGN_IN_REFUSED and trouble.code != EARLIER:
                run.refused.set()
            if trouble.reason is Reason.THROTTLED and trouble.code != RESTING:
                scope = self._scope(trouble)
                if scope is not Scope.MAILBOX:
                    ours = scope is Scope.OURSELVES
                    run.budget.back_off(_rest(trouble, busy), ours=ours, since=self._begun)
            if trouble.reason is Reason.THROTTLED or trouble.reason not in TRANSIENT:
                return trouble
            if trouble.reason is Reason.CONNECTION_LOST and run.outage.away:
                return trouble
            if attempt + 1 < tries:
                run.stop.wait(SOON * 2**attempt)
        return trouble

    def _scope(self, trouble: EwsTrouble) -> Scope:
        return scope_of(trouble, self._ours, self._line.server.impersonate)

    def _until(self, spent: float) -> float:
        """When (monotonic) the time of a mailbox is over that was worked on for `spent` seconds."""
        return min(self._run.until, time.monotonic() + self._limits.mailbox_deadline - spent)

    # one mailbox

    def _mailbox(self, visit: Visit, begun: float) -> None:
        """Every return before `done` is set is for something that has to be waited for."""
        box = self._line.box(visit.target.address.value)
        until = partial(self._time_left, visit, begun)
        self._take_over(visit)
        if not visit.opened:
            opening = self._asked(visit, partial(calls.folder_id, box, "root"), until)
            if opening is None:
                return
            visit.opening = opening.reason if isinstance(opening, EwsTrouble) else None
            visit.opened = True
        while visit.wanted:
            if not self._singly(visit, box, until) or not self._by_bulk(visit, until):
                return
            more = visit.errand.follow_up(visit.facts())
            visit.round += 1
            visit.wanted = [need for need in dict.fromkeys(more) if need not in visit.found]
            if visit.round > ROUNDS:
                break
        visit.done = True

    def _time_left(self, visit: Visit, begun: float) -> float:
        return self._until(visit.spent + time.monotonic() - begun - self._waited)

    def _singly(self, visit: Visit, box: Box, until: Callable[[], float]) -> bool:
        """Ask what this mailbox alone is asked; False when it is put aside."""
        for need in visit.wanted:
            if need in visit.found or free_busy.answers(need):
                continue
            reader = READERS.get(type(need))
            anyway = visit.whole is Reason.MAILBOX_DISABLED and type(need) in ALSO_WHEN_DISABLED
            if visit.whole is not None and not anyway:
                visit.found[need] = Unknown(visit.whole)
            elif reader is None:
                visit.found[need] = Unknown(Reason.OPERATION_MISSING)
            else:
                found = self._asked(visit, partial(self._read, reader, visit, box, need), until)
                if found is None:
                    return False
                fact = _fact(found, self._clock)
                if isinstance(fact, Unknown) and fact.reason in WHOLE_MAILBOX:
                    visit.whole = fact.reason
                visit.found[need] = fact
        return True

    def _read(
        self,
        reader: Callable[[Asking, Any], Any],
        visit: Visit,
        box: Box,
        need: Need[Any],
        deadline: float,
    ) -> Any:
        run, guid, now = self._run, visit.target.guid, self._clock.now()
        return reader(Asking(guid, box, deadline, self._zone, run.book, run.bookmarks, now), need)

    def _asked(
        self, visit: Visit, call: Callable[[float], T], until: Callable[[], float]
    ) -> T | EwsTrouble | None:
        """The answer, or the trouble to live with; None when the visit is put aside to ask again."""
        if self._rests(visit):
            return None
        found = self._try(call, until(), 1 if visit.cut_off else TRIES, visit.busy)
        if not isinstance(found, EwsTrouble):
            visit.busy = visit.cut_off = 0
            return found
        if found.reason is Reason.CONNECTION_LOST:
            return None if self._cut_off(visit) else found
        if found.reason is not Reason.THROTTLED:
            return found
        mailbox = found.code != RESTING and self._scope(found) is Scope.MAILBOX
        return None if self._put_aside(visit, found, of_mailbox=mailbox) else found

    def _put_aside(self, visit: Visit, trouble: EwsTrouble, *, of_mailbox: bool) -> bool:
        """Have it rest; False when it has been busy so often that the question is given up. Whoever asks the
        next one waits for the end of the rest all the same. What was not asked is never given up."""
        now, budget = time.monotonic(), self._run.budget
        if of_mailbox:
            rest = _rest(trouble, visit.busy)
            if visit.busy == 0:  # busy once more is no news
                budget.busy(visit.target.guid, rest, now)
        else:
            rest = budget.rest(ours=self._ours)
        visit.rest_until = now + rest
        refused = trouble.code != RESTING
        visit.busy += refused
        visit.aside = None if refused and visit.busy >= BUSY_TRIES else Reason.THROTTLED
        return visit.aside is not None

    def _cut_off(self, waits: Visit | Bulk) -> bool:
        """Have it wait for what others meet: when they lose their connections too, the endpoint is away, and
        it goes on when that is back. False when its own was lost so often that it is given up."""
        outage = self._run.outage
        waits.cut_off += not outage.away
        if not outage.away and waits.cut_off >= LOST_TRIES:
            return False
        rest = outage.rest() if outage.away else PAUSE * 2 ** (waits.cut_off - 1)
        waits.rest_until, waits.aside = time.monotonic() + rest, Reason.CONNECTION_LOST
        return True

    # many mailboxes

    def _take_over(self, visit: Visit) -> None:
        """What was asked of many at once, when that is answered."""
        bulk = visit.bulk
        if bulk is None or not bulk.answered:
            return
        visit.bulk = None
        visit.found.update(bulk.facts(visit.target))
        if visit.target in bulk.busy:
            visit.rest_until, visit.busy = bulk.busy[visit.target], visit.busy + 1

    def _by_bulk(self, visit: Visit, until: Callable[[], float]) -> bool:
        """Take over what was asked of many at once; what was not is asked of this mailbox alone. False when
        it is put aside."""
        self._take_over(visit)
        needs = [need for need in visit.wanted if free_busy.answers(need) and need not in visit.found]
        if needs and visit.bulk is not None:
            visit.aside = Reason.THROTTLED
            return False
        if needs:
            visit.rest_until = max(visit.rest_until, time.monotonic() + self._run.budget.rest(ours=True))
            if self._rests(visit):
                return False
            busy: list[EwsTrouble] = []
            bulk = Bulk([visit.target], needs, visit.errand.now, self._zone, self._clock.now())
            trouble = self._in_bulk.ask(bulk, until(), visit.busy, lambda _, met: busy.append(met), True)
            if trouble is not None and trouble.reason is Reason.CONNECTION_LOST:
                if self._cut_off(visit):
                    return False
                bulk.lost = Reason.CONNECTION_LOST
            elif trouble is not None or busy:
                if self._put_aside(visit, trouble or busy[0], of_mailbox=bool(busy)):
                    return False
                bulk.lost = Reason.THROTTLED
            else:
                visit.busy = visit.cut_off = 0
            visit.found.update(bulk.facts(visit.target))
        return True

    def _rests(self, visit: Visit) -> bool:
        """Whether it has to wait. Nobody waits to be refused."""
        waits = visit.rests() and not self._run.refused.is_set()
        visit.aside = Reason.THROTTLED if waits else None
        return waits

    def _chunk(self, bulk: Bulk) -> None:
        def note(target: Target, trouble: EwsTrouble) -> None:
            rest = _rest(trouble, 0)
            bulk.busy[target] = time.monotonic() + rest
            self._run.budget.busy(target.guid, rest, begun)

        self._about, self._patient = bulk.targets[0].guid, False
        begun, self._waited = time.monotonic(), 0.0
        patient = bulk.cut_off + 1 < LOST_TRIES
        trouble = self._in_bulk.ask(bulk, self._until(0.0), bulk.tries, note, patient)
        if trouble is not None and trouble.reason is Reason.CONNECTION_LOST:
            self._cut_off(bulk)
        elif trouble is not None and trouble.code == UNFINISHED:
            bulk.rest_until, bulk.aside = 0.0, Reason.NOT_VISITED
        elif trouble is not None:
            ours = trouble.code == RESTING or self._scope(trouble) is Scope.OURSELVES
            rest_until = time.monotonic() + self._run.budget.rest(ours=ours)
            bulk.rest_until, bulk.aside = rest_until, Reason.THROTTLED
            bulk.tries += trouble.code != RESTING
            if bulk.tries >= BUSY_TRIES:
                bulk.give_up(trouble)


def _rest(trouble: EwsTrouble, busy: int) -> float:
    """Seconds of rest: what the server named, or more with every busy answer in a row."""
    return trouble.rest or PAUSE * 2 ** min(busy, BUSY_TRIES - 1)


def _fact(found: Any, clock: Clock) -> Fact[Any]:
    return Unknown(found.reason) if isinstance(found, EwsTrouble) else Known(found, clock.now())
