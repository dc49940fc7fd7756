"""Rosters, entries and sweeps that the properties of absences are tried on."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.model.absence import Diary, diary
from mailbot.model.employment import Leave
from mailbot.model.mailbox import Interval
from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern

BACK, AHEAD = timedelta(days=7), timedelta(days=35)
YEARS = (2026, 2027)
CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31))
HALF = 50
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
BY_NIGHT = st.integers(0, 23).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
BY_DAY = st.integers(24, 92).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))

any_clock = st.one_of(QUARTERS, st.sampled_from((time(0), time(0, 30), time(1, 45), time(23, 45))))
"""Also around midnight, when UTC and most other zones show another day."""

any_day = st.dates(date(2026, 2, 1), date(2027, 10, 1))
near_a_change = st.builds(
    lambda change, before: change - timedelta(days=before), st.sampled_from(CHANGES), st.integers(-6, 34)
)
sweep_days = st.one_of(any_day, near_a_change)

Written = tuple[datetime, datetime]
"""Begin and end of an entry by local clocks, without a zone."""


@st.composite
def spans(draw: st.DrawFn, clocks: st.SearchStrategy[time] = QUARTERS) -> tuple[Hours, ...]:
    """One or two spans of a working day; the last may end at midnight."""
    edges = sorted(draw(st.sets(clocks, min_size=2, max_size=4)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    found = [Hours(start, end) for start, end in pairs]
    if clocks is QUARTERS and draw(st.booleans()):
        found[-1] = Hours(found[-1].start, time(0))
    return tuple(found)


rosters = st.dictionaries(st.integers(0, 6), spans(), min_size=1).map(WorkPattern)
day_rosters = st.dictionaries(st.integers(0, 6), spans(BY_DAY), min_size=1).map(WorkPattern)
"""Nobody works in the hour that a clock change skips or repeats."""


@st.composite
def written(draw: st.DrawFn, day: date) -> tuple[Written, ...]:
    """Up to six entries around the sweep of `day`: whole days or by the quarter of an hour."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        start = day + timedelta(days=draw(st.integers(-9, 36)))
        end = start + timedelta(days=draw(st.integers(0, 9)))
        if draw(st.booleans()):
            clocks = time(0), time(0)
            end += timedelta(days=1)
        else:
            clocks = draw(QUARTERS), draw(QUARTERS)
        begins, ends = datetime.combine(start, clocks[0]), datetime.combine(end, clocks[1])
        if begins < ends:
            found.append((begins, ends))
    return tuple(found)


def placed(entries: tuple[Written, ...]) -> tuple[Interval, ...]:
    """The entries as moments, without those that the spring change leaves no time for."""
    moments = [tuple(edge.replace(tzinfo=ZONE).astimezone(UTC) for edge in entry) for entry in entries]
    return tuple(Interval(start, end) for start, end in moments if start < end)


def entries(day: date) -> st.SearchStrategy[tuple[Interval, ...]]:
    return written(day).map(placed)


def whole_days(first: date, last: date) -> Interval:
    start, end = datetime.combine(first, time(0)), datetime.combine(last + timedelta(days=1), time(0))
    return placed(((start, end),))[0]


def at_noon(
    day: date, closed: frozenset[date] = frozenset(), early: dict[date, time] | None = None
) -> WorkCalendar:
    return at(day, time(12), closed, early)


def at(
    day: date, clock: time, closed: frozenset[date] = frozenset(), early: dict[date, time] | None = None
) -> WorkCalendar:
    now = datetime.combine(day, clock, ZONE).astimezone(UTC)
    years = {year: frozenset(d for d in closed if d.year == year) for year in (2025, *YEARS, 2028)}
    return WorkCalendar(now, ZONE, ClosedDays(years, early or {}))


def window(calendar: WorkCalendar) -> Interval:
    return Interval(calendar.now - BACK, calendar.now + AHEAD)


def seen(
    away: tuple[Interval, ...],
    roster: WorkPattern,
    day: date,
    closed: frozenset[date] = frozenset(),
    leave: tuple[Leave, ...] = (),
) -> Diary:
    here = at_noon(day, closed)
    return diary(away, leave, window(here), roster, HALF, here)
