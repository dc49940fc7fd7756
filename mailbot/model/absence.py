"""Absence by own working days: which days count, which of them are runs, which are a weekly day off.

Two sources tell of it. The calendar has entries marked "away"; personnel has approved leave, in whole days.
An entry that overlaps leave is what the person wrote down of that leave: the leave's dates take its place.
All moments are UTC, all days local.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from mailbot.model.employment import Leave
from mailbot.model.mailbox import Interval
from mailbot.model.worktime import WorkCalendar, WorkPattern

DAY = timedelta(days=1)
WEEKLY_FROM = 3
"""Weeks in a row from which one and the same free day is no absence but a day that is not worked."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive own working days away. `start` and `end` are those days' working hours, in UTC.

    `open_end` tells that the block may go on after what is in sight.
    """

    days: tuple[date, ...]
    start: datetime
    end: datetime
    open_end: bool

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Diary:
    """The own working days in sight, in order, and those of them on which the person is away.

    `ends` tells that an absence on the last of them ends with it: leave does, an entry may go on.
    """

    worked: tuple[date, ...]
    away: frozenset[date]
    ends: bool = False

    def runs(self, without: Collection[date] = ()) -> list[tuple[date, ...]]:
        """Days away without a day at work in between. Days of `without` neither count nor break a run."""
        runs: list[list[date]] = []
        away_before = False
        for day in self.worked:
            if day in without:
                continue
            away_now = day in self.away
            if away_now and away_before:
                runs[-1].append(day)
            elif away_now:
                runs.append([day])
            away_before = away_now
        return [tuple(run) for run in runs]


def diary(
    entries: Sequence[Interval],
    leave: Sequence[Leave],
    window: Interval,
    pattern: WorkPattern,
    percent: int,
    calendar: WorkCalendar,
) -> Diary:
    """What `entries` of the calendar in `window`, and approved leave, make of the days of a working pattern.

    A day counts as away on leave, or when at least `percent` of its scheduled hours lie inside entries. Leave
    that runs on after the window is followed to its last day, also over leave that continues it, if the
    holidays until then are settled. Raises
    KeyError when the window itself reaches into a year whose holidays nobody settled.
    """
    first, last = whole_days(window, calendar)
    until = _followed(last, leave, pattern, calendar)
    worked = tuple(calendar.working_days(pattern, first, until))
    apart = merge(beside_leave(entries, leave, window, calendar))
    away = frozenset(
        day for day in worked if _on(leave, day) or counts(day, apart, pattern, percent, calendar)
    )
    return Diary(worked, away, ends=until > last)


def whole_days(window: Interval, calendar: WorkCalendar) -> tuple[date, date]:
    """The first and the last local day of which no part lies outside the window."""
    first, last = (calendar.local(edge).date() for edge in (window.start, window.end))
    return first + DAY, last - DAY


def _followed(last: date, leave: Iterable[Leave], pattern: WorkPattern, calendar: WorkCalendar) -> date:
    """Personnel may write one long leave as several: no day is worked between them then."""
    until = last
    for one in sorted(leave, key=lambda one: one.first):
        if one.first > until and _works_between(until, one.first, pattern, calendar):
            break
        until = max(until, one.last)
    settled = all(calendar.closed.covers(year) for year in range(last.year, until.year + 1))
    return until if settled else last


def _works_between(earlier: date, later: date, pattern: WorkPattern, calendar: WorkCalendar) -> bool:
    """False as well where a year without settled holidays lies in between: nobody can tell."""
    try:
        return any(True for _ in calendar.working_days(pattern, earlier + DAY, later - DAY))
    except KeyError:
        return False


def _on(leave: Iterable[Leave], day: date) -> bool:
    return any(one.first <= day <= one.last for one in leave)


def beside_leave(
    entries: Iterable[Interval], leave: Iterable[Leave], window: Interval, calendar: WorkCalendar
) -> list[Interval]:
    """The entries, cut at the window, that do not overlap any leave there."""
    first, last = whole_days(window, calendar)
    first, last = first - DAY, last + DAY
    taken = [
        (calendar.at(max(one.first, first), time(0)), calendar.at(min(one.last, last) + DAY, time(0)))
        for one in leave
        if one.first <= last and one.last >= first
    ]
    cut = [
        Interval(max(entry.start, window.start), min(entry.end, window.end))
        for entry in entries
        if entry.start < window.end and entry.end > window.start
    ]
    return [
        entry for entry in cut if not any(entry.start < end and start < entry.end for start, end in taken)
    ]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time without overlaps, so that two entries for one day do not count double."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def counts(
    day: date, away: Sequence[Interval], pattern: WorkPattern, percent: int, calendar: WorkCalendar
) -> bool:
    """Whether enough of the day's scheduled hours lies inside `away`, which has no overlaps."""
    scheduled = covered = timedelta()
    for start, end in calendar.spans(day, pattern.days[day.weekday()]):
        scheduled += end - start
        for interval in away:
            covered += max(min(end, interval.end) - max(start, interval.start), timedelta())
    return bool(scheduled) and covered * 100 >= scheduled * percent


def weekly_days_off(seen: Diary) -> frozenset[date]:
    """Days away that are not worked at all: the same weekday, three weeks in a row or more, in weeks in which
    the person is at work before it and after it.

    Several weekdays may be free in one week. A longer absence over such a day neither adds to the series nor
    ends it, nor does a holiday; a day at work ends it. So of three weeks away nothing is a weekly day off.
    """
    alone = {
        day: {other.weekday() for other in run}
        for run in seen.runs()
        if _inside_a_week(run, seen)
        for day in run
    }
    weekdays = set(range(7))
    while True:
        found = {weekday: _series(weekday, weekdays, alone, seen) for weekday in weekdays}
        kept = {weekday for weekday, days in found.items() if days}
        if kept == weekdays:
            return frozenset(day for days in found.values() for day in days)
        weekdays = kept


def _inside_a_week(run: tuple[date, ...], seen: Diary) -> bool:
    """Whether a run is shorter than a week, with a day at work in sight on both sides."""
    bounded = run[0] != seen.worked[0] and run[-1] != seen.worked[-1]
    return bounded and run[-1] - run[0] < 7 * DAY


def _series(weekday: int, weekdays: Collection[int], alone: dict[date, set[int]], seen: Diary) -> list[date]:
    """All days of the series of one weekday that are long enough, when only `weekdays` can be free weekly."""
    found: list[date] = []
    series: list[date] = []
    weeks = 0
    for day in (day for day in seen.worked if day.weekday() == weekday):
        if day in seen.away:
            series.append(day)
            weeks += day in alone and alone[day] <= set(weekdays)
            continue
        found += series if weeks >= WEEKLY_FROM else []
        series, weeks = [], 0
    return found + (series if weeks >= WEEKLY_FROM else [])


def blocks(
    seen: Diary, pattern: WorkPattern, calendar: WorkCalendar, without: Collection[date] = ()
) -> list[Block]:
    """Runs of own working days away, in order. Days that are not worked (weekend, part-time day, holiday, and
    those of `without`) neither count nor break a run."""
    worked = [day for day in seen.worked if day not in without]
    return [
        Block(
            run,
            calendar.spans(run[0], pattern.days[run[0].weekday()])[0][0],
            calendar.spans(run[-1], pattern.days[run[-1].weekday()])[-1][1],
            open_end=run[-1] == worked[-1] and not seen.ends,
        )
        for run in seen.runs(without)
    ]
