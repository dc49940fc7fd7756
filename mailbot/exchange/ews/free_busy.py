"""Absences and working hours from GetUserAvailability, which answers for many mailboxes at once."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
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


class Asker:
    """Collects the answers for one chunk of mailboxes, window by window, into `found`."""

    def __init__(self, asked: Collection[Need[Any]], now: datetime, zone: ZoneInfo, at: datetime) -> None:
        self._absences = next((need for need in asked if isinstance(need, Absences)), None)
        self._hours = next((need for need in asked if isinstance(need, WorkingHours)), None)
        need = self._absences or Absences()
        self._window = Interval(now - need.back, now + need.ahead)
        self._zone = zone
        self._at = at
        self.found: dict[Target, Facts] = {}

    def pieces(self) -> Iterator[tuple[datetime, datetime]]:
        """The windows to ask for; none when nobody wants to know."""
        if self._absences is None and self._hours is None:
            return
        start = self._window.start
        while start < self._window.end:
            end = min(start + WINDOW, self._window.end)
            yield start, end
            start = end

    def add(self, target: Target, answer: Answer, piece: datetime) -> None:
        facts = self.found.setdefault(target, {})
        view = _view(answer)
        if self._absences is not None:
            earlier = facts.get(self._absences, Known(AbsenceList((), self._window), self._at))
            facts[self._absences] = _absences(view, earlier, self._at)
        if self._hours is not None and piece == self._window.start:
            facts[self._hours] = _pattern(view, self._zone, piece, self._at)


def _view(answer: Answer) -> Answer:
    if isinstance(answer, EwsTrouble):
        return answer
    try:
        message = answer.find(calls.M + "ResponseMessage")
        if message is None:
            return readers.missing()
        calls.checked(message)
        return readers.free_busy_view(answer)
    except EwsTrouble as trouble:
        return trouble


def _absences(view: Answer, earlier: Fact[AbsenceList], at: datetime) -> Fact[AbsenceList]:
    """A window that could not be read makes the whole list unknown, whatever the others showed."""
    if isinstance(earlier, Unknown):
        return earlier
    if isinstance(view, EwsTrouble):
        return Unknown(view.reason)
    try:
        blocks = set(earlier.value.blocks) | set(readers.away_blocks(view))
    except EwsTrouble as trouble:
        return Unknown(trouble.reason)
    return Known(AbsenceList(tuple(sorted(blocks)), earlier.value.window), at)


def _pattern(view: Answer, zone: ZoneInfo, start: datetime, at: datetime) -> Fact[WorkPattern]:
    if isinstance(view, EwsTrouble):
        return Unknown(view.reason)
    try:
        return Known(readers.work_pattern(view, zone, start), at)
    except EwsTrouble as trouble:
        return Unknown(trouble.reason)
    except ValueError:  # hours that end before they start
        return Unknown(Reason.ANSWER_BROKEN)
