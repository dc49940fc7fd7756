"""Absences and working hours from GetUserAvailability, which answers for many mailboxes at once."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.exchange.ews import calls, readers
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.mailbox import AbsenceList, Interval
from mailbot.model.needs import Absences, Need, WorkingHours
from mailbot.model.worktime import WorkPattern
from mailbot.ports import Target

BATCH = 50
WINDOW = timedelta(days=42)
"""Exchange's documented default limits leave room above the batch (100) and none above the window."""

Facts = dict[Need[Any], Fact[Any]]
Answer = calls.Element | EwsTrouble


def answers(need: Need[Any]) -> bool:
    """Whether this is where the need is answered."""
    return isinstance(need, Absences | WorkingHours)


class Asker:
    """Collects the answers for one chunk of mailboxes, window by window, into `found`."""

    def __init__(self, asked: Collection[Need[Any]], now: datetime, zone: ZoneInfo, at: datetime) -> None:
        now = now.astimezone(UTC)
        self._hours = [need for need in dict.fromkeys(asked) if isinstance(need, WorkingHours)]
        self._absences = {
            need: Interval(now - need.back, now + need.ahead) for need in asked if isinstance(need, Absences)
        }
        windows = list(self._absences.values())
        if self._hours and not windows:
            windows = [Interval(now, now + timedelta(days=7))]
        self._pieces = _pieces(windows)
        self._zone = zone
        self._at = at
        self.found: dict[Target, Facts] = {}

    def pieces(self) -> list[Interval]:
        """The windows to ask for, one request each; none when nobody wants to know."""
        return self._pieces

    def add(self, target: Target, answer: Answer, piece: Interval) -> None:
        facts = self.found.setdefault(target, {})
        view = _view(answer)
        for need, window in self._absences.items():
            if piece.start < window.end and piece.end > window.start:
                earlier = facts.get(need, Known(AbsenceList((), window), self._at))
                facts[need] = _absences(view, earlier, self._at)
        if piece == self._pieces[0]:
            for hours in self._hours:
                facts[hours] = _pattern(view, self._zone, piece.start, self._at)


def _pieces(windows: Collection[Interval]) -> list[Interval]:
    """All the windows together, cut into stretches that one request may ask for."""
    if not windows:
        return []
    start, end = min(w.start for w in windows), max(w.end for w in windows)
    return list(_cut(start, end))


def _cut(start: datetime, end: datetime) -> Iterator[Interval]:
    while start < end:
        until = min(start + WINDOW, end)
        yield Interval(start, until)
        start = until


def trouble(answer: Answer) -> EwsTrouble | None:
    """What keeps an answer from showing a calendar."""
    view = _view(answer)
    return view if isinstance(view, EwsTrouble) else None


def _view(answer: Answer) -> Answer:
    if isinstance(answer, EwsTrouble):
        return answer
    try:
        message = answer.find(calls.M + "ResponseMessage")
        if message is None:
            return readers.missing()
        calls.checked(message)
        return readers.free_busy_view(answer)
    except EwsTrouble as met:
        return met


def _absences(view: Answer, earlier: Fact[AbsenceList], at: datetime) -> Fact[AbsenceList]:
    """A window that could not be read makes the whole list unknown, whatever the others showed."""
    if isinstance(earlier, Unknown):
        return earlier
    if isinstance(view, EwsTrouble):
        return Unknown(view.reason)
    window = earlier.value.window
    try:
        blocks = {b for b in readers.away_blocks(view) if b.start < window.end and b.end > window.start}
    except EwsTrouble as met:
        return Unknown(met.reason)
    return Known(AbsenceList(tuple(sorted(blocks | set(earlier.value.blocks))), window), at)


def _pattern(view: Answer, zone: ZoneInfo, start: datetime, at: datetime) -> Fact[WorkPattern]:
    if isinstance(view, EwsTrouble):
        return Unknown(view.reason)
    try:
        return Known(readers.work_pattern(view, zone, start), at)
    except EwsTrouble as met:
        return Unknown(met.reason)
    except ValueError:  # hours that end before they start
        return Unknown(Reason.ANSWER_BROKEN)
