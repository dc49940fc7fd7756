"""Calendar entries, single and weekly, expanded into occurrences as Exchange does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

HOME = "Europe/Amsterdam"


class Busy(StrEnum):
    """LegacyFreeBusyType of the EWS schema."""

    FREE = "Free"
    TENTATIVE = "Tentative"
    BUSY = "Busy"
    AWAY = "OOF"
    ELSEWHERE = "WorkingElsewhere"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """`start` and `end` are wall-clock times without zone in `zone`, where the entry was made.

    `weekly` are the weekdays (Monday is 0) on which it comes back every week from `start` on; empty for a
    single entry.
    """

    subject: str
    start: datetime
    end: datetime
    busy: Busy
    zone: str = HOME
    all_day: bool = False
    private: bool = False
    weekly: tuple[int, ...] = ()

    def occurrences(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Occurrences, in UTC, that share time with [first, last), both aware."""
        zone = _zone(self.zone)
        if not self.weekly:
            start, end = _utc(self.start, zone), _utc(self.end, zone)
            if start < last and end > first:
                yield start, end
            return
        length = self.end - self.start
        day = max(self.start.date(), (first - length).astimezone(zone).date() - timedelta(days=1))
        final = last.astimezone(zone).date()
        clock = self.start.time()
        while day <= final:
            if day.weekday() in self.weekly:
                local = datetime.combine(day, clock)
                start, end = _utc(local, zone), _utc(local + length, zone)
                if start < last and end > first:
                    yield start, end
            day += timedelta(days=1)


def all_day(
    subject: str,
    first: date,
    last: date,
    busy: Busy = Busy.AWAY,
    *,
    zone: str = HOME,
    private: bool = False,
) -> CalendarEntry:
    """An all-day entry from `first` to `last` inclusive, made in `zone`."""
    return CalendarEntry(
        subject,
        datetime.combine(first, time(0)),
        datetime.combine(last + timedelta(days=1), time(0)),
        busy,
        zone,
        all_day=True,
        private=private,
    )


def timed(subject: str, day: date, start: str, end: str, busy: Busy = Busy.AWAY) -> CalendarEntry:
    """An entry on one day with clock times such as `08:30`."""
    return CalendarEntry(
        subject,
        datetime.combine(day, time.fromisoformat(start)),
        datetime.combine(day, time.fromisoformat(end)),
        busy,
    )


def weekly(
    subject: str, since: date, days: tuple[int, ...], start: str, end: str, busy: Busy = Busy.BUSY
) -> CalendarEntry:
    """An entry that comes back every week on `days`; an end of 00:00 is midnight at the day's end."""
    begin = datetime.combine(since, time.fromisoformat(start))
    finish = datetime.combine(since, time.fromisoformat(end))
    if finish <= begin:
        finish += timedelta(days=1)
    whole = begin.time() == time(0) and finish - begin == timedelta(days=1)
    return CalendarEntry(subject, begin, finish, busy, all_day=whole, weekly=days)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)
