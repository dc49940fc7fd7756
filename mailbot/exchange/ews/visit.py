"""One worker's visits: asks the needs of each mailbox in two steps and turns trouble into Unknown."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from mailbot.exchange.ews import calls, free_busy, readers
from mailbot.exchange.ews.connection import Box, Line
from mailbot.exchange.ews.trouble import TRANSIENT, WHOLE_MAILBOX, EwsTrouble
from mailbot.exchange.throttling import Budget
from mailbot.model import needs
from mailbot.model.clock import Clock
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.mailbox import ReplyRules, ReplySetting, Size
from mailbot.model.needs import Need
from mailbot.ports import FollowUp, Target

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRIES = 3
PAUSE = 2.0
ROUNDS = 4
"""Steps of asking for one mailbox; a rule that wants more than three follow-ups is wrong."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`workers` connections at a time; seconds for one mailbox and for the whole run."""

    workers: int = 4
    mailbox_deadline: float = 120.0
    run_deadline: float = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the workers of one run share. `until` is monotonic; `refused` ends all signing in."""

    budget: Budget
    stop: threading.Event
    refused: threading.Event
    until: float


class Visitor:
    """Owned by one thread. `on_refused` is told when the server refuses the service account."""

    def __init__(
        self,
        line: Line,
        run: Run,
        limits: Limits,
        zone: ZoneInfo,
        clock: Clock,
        on_refused: Callable[[], None],
    ) -> None:
        self._line = line
        self._run = run
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._on_refused = on_refused

    def facts(
        self, chunk: Sequence[Target], asked: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        known = self._free_busy(chunk, asked, now)
        for target in chunk:
            if self._run.stop.is_set():
                return
            try:
                yield self._mailbox(target, known.get(target, {}), asked, follow_up)
            except Exception as error:  # noqa: BLE001 - the place "per mailbox": one costs itself only
                log.error("mailbox failed", error=type(error).__name__)
                yield MailboxFacts(target.guid, {need: Unknown(Reason.ANSWER_BROKEN) for need in asked})

    def opens(self, target: Target) -> Reason | None:
        """Whether the mailbox opens, by the cheapest request that needs the right."""
        box = self._line.box(target.address.value)
        found = self._try(lambda deadline: calls.folder_id(box, "root", deadline), self._mailbox_until())
        return found.reason if isinstance(found, EwsTrouble) else None

    def _mailbox(
        self, target: Target, known: free_busy.Facts, asked: Collection[Need[Any]], follow_up: FollowUp
    ) -> MailboxFacts:
        box = self._line.box(target.address.value)
        facts = MailboxFacts(target.guid, known)
        until = self._mailbox_until()
        whole: Reason | None = None
        wanted = [need for need in asked if need not in known]
        for _ in range(ROUNDS):
            answers: free_busy.Facts = {}
            for need in wanted:
                fact = Unknown(whole) if whole else self._one(box, need, until)
                if isinstance(fact, Unknown) and fact.reason in WHOLE_MAILBOX:
                    whole = fact.reason
                answers[need] = fact
            facts = facts.with_values(answers)
            wanted = [need for need in follow_up(facts) if need not in facts.values]
            if not wanted:
                break
        return facts

    def _one(self, box: Box, need: Need[Any], until: float) -> Fact[Any]:
        reader = READERS.get(type(need))
        if reader is None:
            return Unknown(Reason.OPERATION_MISSING)
        found = self._try(lambda deadline: reader(box, deadline), until)
        if isinstance(found, EwsTrouble):
            return Unknown(found.reason)
        return Known(found, self._clock.now())

    def _try(self, call: Callable[[float], T], until: float) -> T | EwsTrouble:
        """The answer or the last trouble. Transient trouble of a read is tried again inside the deadline."""
        trouble = EwsTrouble(Reason.THROTTLED, "rest")
        for attempt in range(TRIES):
            if self._run.refused.is_set():
                return EwsTrouble(Reason.SIGN_IN_REFUSED, "earlier")
            if time.monotonic() >= self._run.until:
                return EwsTrouble(Reason.NOT_VISITED, "run_deadline")
            if not self._run.budget.wait(until):
                return trouble
            try:
                return call(until)
            except EwsTrouble as met:
                trouble = met
            if trouble.reason is Reason.SIGN_IN_REFUSED:
                self._run.refused.set()
                self._on_refused()
            if trouble.reason not in TRANSIENT:
                return trouble
            if trouble.reason is Reason.THROTTLED:
                self._run.budget.back_off(trouble.rest or PAUSE * 2**attempt)
            elif attempt + 1 < TRIES:
                self._run.stop.wait(0.1 * 2**attempt)
        return trouble

    def _mailbox_until(self) -> float:
        return min(self._run.until, time.monotonic() + self._limits.mailbox_deadline)

    def _free_busy(
        self, chunk: Sequence[Target], asked: Collection[Need[Any]], now: datetime
    ) -> dict[Target, free_busy.Facts]:
        """Absences and working hours of a whole chunk, with one request per window."""
        asker = free_busy.Asker(asked, now, self._zone, self._clock.now())
        for first, last in asker.pieces():
            for target, answer in self._availability(chunk, first, last):
                asker.add(target, answer, first)
        return asker.found

    def _availability(
        self, chunk: Sequence[Target], first: datetime, last: datetime
    ) -> Iterator[tuple[Target, calls.Element | EwsTrouble]]:
        """One response per mailbox. A batch that fails as a whole is halved: one costs itself only."""
        addresses = [target.address.value for target in chunk]
        answer = self._try(
            lambda deadline: calls.availability(self._line, addresses, first, last, deadline),
            self._mailbox_until(),
        )
        if not isinstance(answer, EwsTrouble):
            yield from zip(chunk, answer, strict=True)
        elif len(chunk) > 1 and answer.reason in (Reason.ANSWER_BROKEN, Reason.SERVER_FAILED):
            half = len(chunk) // 2
            yield from self._availability(chunk[:half], first, last)
            yield from self._availability(chunk[half:], first, last)
        else:
            yield from ((target, answer) for target in chunk)


def _size(box: Box, deadline: float) -> Size:
    folders: list[tuple[str, str, str | None, int | None, bool]] = []
    while True:
        page = readers.FolderPage(calls.find_folders(box, len(folders), deadline))
        folders += page.folders
        if page.last:
            break
        if not page.folders or page.next_offset != len(folders):
            raise readers.broken()  # pages that overlap or leave gaps cannot be summed
    if page.total != len(folders) or len({own for own, *_ in folders}) != len(folders):
        raise readers.broken()
    left_out = next((own for own, _, name, *_ in folders if name == "recoverableitemsroot"), None)
    if left_out is None:
        left_out = calls.folder_id(box, "recoverableitemsroot", deadline)
    return Size(*readers.tree_size(folders, left_out))


def _reply(box: Box, deadline: float) -> ReplySetting:
    return readers.reply_setting(calls.oof_settings(box, deadline))


def _rules(box: Box, deadline: float) -> ReplyRules:
    return readers.reply_rules(calls.inbox_rules(box, deadline))


READERS: Mapping[type[Need[Any]], Callable[[Box, float], Any]] = {
    needs.MailboxSize: _size,
    needs.AutomaticReply: _reply,
    needs.InboxReplyRules: _rules,
}
