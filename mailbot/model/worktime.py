"""Working time: who works when, which days are free for all, and what "now" is for one person.

Time is stored in UTC and judged in the organisation's zone. Days are local calendar days; a working
day's hours are turned into UTC day by day, so both clock changes come out right.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """Working hours on one day, local times; `end` of 00:00 means midnight at the day's end."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end != time(0) and self.end <= self.start:
            raise ValueError("working hours end after they start")


@dataclass(frozen=True, slots=True)
class WorkPattern:
    """Working hours per weekday (Monday is 0). A weekday that is not named is not worked."""

    days: Mapping[int, tuple[Hours, ...]]

    def __post_init__(self) -> None:
        if not set(self.days) <= set(range(7)):
            raise ValueError("weekdays run from 0 to 6")

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.days.items())))

    def works_on(self, weekday: int) -> bool:
        return bool(self.days.get(weekday))


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days on which nobody is expected: cao holidays and local closing days, per settled year. `early` are
    days on which the organisation closes before its time, with the local time from which all are free."""

    years: Mapping[int, frozenset[date]]
    early: Mapping[date, time] = field(default_factory=dict)

    def covers(self, year: int) -> bool:
        return year in self.years

    def closed(self, day: date) -> bool:
        """Raises KeyError for a year that nobody settled: no calendar is not "no holidays"."""
        return day in self.years[day.year]


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The organisation's calendar at the moment of a sweep. `now` is aware; `zone` is where it is judged."""

    now: datetime
    zone: ZoneInfo
    closed: ClosedDays

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def at(self, day: date, clock: time) -> datetime:
        """The moment in UTC at which local clocks show `clock` on `day`.

        A time that the spring change skips means the moment of the change plus the same minutes (02:30
        becomes 03:30 summer time); a time that comes twice in autumn means the first.
        """
        return datetime.combine(day, clock, self.zone).astimezone(UTC_ZONE)

    def spans(self, day: date, hours: tuple[Hours, ...]) -> list[tuple[datetime, datetime]]:
        """Working hours of one local day as UTC moments. Hours after an early closing are left out, and hours
        that the spring change skips."""
        moments = [
            (self.at(day, h.start), self.at(day + timedelta(days=1) if h.end == time(0) else day, h.end))
            for h in hours
        ]
        if (early := self.closed.early.get(day)) is not None:
            closes = self.at(day, early)
            moments = [(start, min(end, closes)) for start, end in moments]
        return [(start, end) for start, end in moments if start < end]

    def works(self, pattern: WorkPattern, day: date) -> bool:
        """Whether any of the person's hours are left on that day. Raises KeyError as ClosedDays."""
        hours = pattern.days.get(day.weekday(), ())
        return bool(hours) and not self.closed.closed(day) and bool(self.spans(day, hours))

    def working_days(self, pattern: WorkPattern, first: date, last: date) -> Iterator[date]:
        """The person's own working days from `first` to `last`, inclusive. Raises KeyError as ClosedDays."""
        day = first
        while day <= last:
            if self.works(pattern, day):
                yield day
            day += timedelta(days=1)

    def previous_working_day(
        self, pattern: WorkPattern, day: date, limit: int = 60, without: Collection[date] = ()
    ) -> date | None:
        """The last own working day before `day`, at most `limit` days back, that is none of `without`."""
        for back in range(1, limit + 1):
            earlier = day - timedelta(days=back)
            if earlier not in without and self.works(pattern, earlier):
                return earlier
        return None

    def is_office_day(self, day: date) -> bool:
        """Monday to Friday and not closed: days on which the organisation's own clockwork runs."""
        return day.weekday() < 5 and not self.closed.closed(day)
