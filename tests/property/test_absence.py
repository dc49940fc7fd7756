"""Working time and absences: laws that hold for any roster, calendar and list of entries."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.model.mailbox import AbsenceList, Interval
from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern
from mailbot.rules.out_of_office import Block, OutOfOffice, blocks, counts, merge

NORM = OutOfOffice(more_than_days=2, day_counts_from_percent=50, tolerance_hours=2)
BACK, AHEAD = timedelta(days=7), timedelta(days=35)
YEARS = (2026, 2027)
CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28))
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))

any_day = st.dates(date(2026, 2, 1), date(2027, 11, 1))
near_a_change = st.builds(
    lambda change, before: change - timedelta(days=before), st.sampled_from(CHANGES), st.integers(-6, 34)
)
sweep_days = st.one_of(any_day, near_a_change)


@st.composite
def spans(draw: st.DrawFn) -> tuple[Hours, ...]:
    """One or two spans of a working day; the last may end at midnight."""
    edges = sorted(draw(st.sets(QUARTERS, min_size=2, max_size=4)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Hours(start, end) for start, end in pairs)


rosters = st.dictionaries(st.integers(0, 6), spans(), min_size=1).map(WorkPattern)


@st.composite
def entries(draw: st.DrawFn, day: date) -> tuple[Interval, ...]:
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
        begins, ends = (
            datetime.combine(d, clock, ZONE).astimezone(UTC)
            for d, clock in zip((start, end), clocks, strict=True)
        )
        if begins < ends:
            found.append(Interval(begins, ends))
    return tuple(found)


def calendar(day: date, closed: frozenset[date] = frozenset()) -> WorkCalendar:
    now = datetime.combine(day, time(12), ZONE).astimezone(UTC)
    years = {year: frozenset(d for d in closed if d.year == year) for year in (2025, *YEARS, 2028)}
    return WorkCalendar(now, ZONE, ClosedDays(years))


def found(
    away: tuple[Interval, ...], roster: WorkPattern, day: date, closed: frozenset[date] = frozenset()
) -> list[Block]:
    here = calendar(day, closed)
    window = Interval(here.now - BACK, here.now + AHEAD)
    return blocks(AbsenceList(away, window), roster, NORM, here)


def days_of(runs: list[Block]) -> set[date]:
    return {day for block in runs for day in block.days}


@given(st.data(), sweep_days, rosters)
def test_a_holiday_only_takes_itself_out_of_an_absence(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    """It may still join two short absences to a long one: then nobody expects the person in between."""
    away = data.draw(entries(day))
    holiday = day + timedelta(days=data.draw(st.integers(-7, 36)))
    without, with_it = found(away, roster, day), found(away, roster, day, frozenset({holiday}))
    assert days_of(with_it) == days_of(without) - {holiday}
    for block in with_it:
        if holiday in days_of(without) and block.days[0] < holiday < block.days[-1]:
            assert len(block.days) == len(next(b for b in without if holiday in b.days).days) - 1


@given(st.data(), sweep_days, rosters)
def test_a_block_is_made_of_own_working_days_within_its_calendar_days(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    seen: list[date] = []
    for block in found(data.draw(entries(day)), roster, day):
        first, last = (
            edge.astimezone(ZONE).date() for edge in (block.start, block.end - timedelta(seconds=1))
        )
        assert (first, last) == (block.days[0], block.days[-1])
        assert 1 <= len(block.days) <= (last - first).days + 1
        assert all(roster.works_on(worked.weekday()) for worked in block.days)
        seen += block.days
    assert seen == sorted(set(seen)), "no day stands in two blocks"


@given(st.data(), st.dates(date(2026, 4, 7), date(2026, 6, 30)), rosters, st.integers(1, 11))
def test_whole_weeks_later_everything_is_the_same(
    data: st.DataObject, day: date, roster: WorkPattern, weeks: int
) -> None:
    """No holidays, and all of it in one summer time."""
    later = timedelta(weeks=weeks)
    away = data.draw(entries(day))
    shifted = tuple(Interval(entry.start + later, entry.end + later) for entry in away)
    expected = [
        Block(tuple(d + later for d in b.days), b.start + later, b.end + later, b.open_end)
        for b in found(away, roster, day)
    ]
    assert found(shifted, roster, day + later) == expected


@given(st.data(), near_a_change, rosters)
def test_it_makes_no_difference_in_which_zone_an_entry_is_kept(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    away = data.draw(entries(day))
    local = tuple(Interval(e.start.astimezone(ZONE), e.end.astimezone(ZONE)) for e in away)
    assert local == away
    assert found(local, roster, day) == found(away, roster, day)


@given(st.data(), sweep_days, rosters)
def test_entries_that_stand_there_twice_or_in_another_order_change_nothing(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    away = data.draw(entries(day))
    halves = tuple(Interval(e.start, e.start + (e.end - e.start) / 2) for e in away)
    jumbled = tuple(data.draw(st.permutations(away + away + halves)))
    assert found(jumbled, roster, day) == found(away, roster, day)


@given(st.data(), sweep_days, rosters)
def test_an_answer_that_cuts_entries_at_the_window_tells_the_same(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    """Exchange may give an entry whole or only the piece inside the window that was asked for."""
    away = data.draw(entries(day))
    start, end = calendar(day).now - BACK, calendar(day).now + AHEAD
    cut = tuple(
        Interval(max(e.start, start), min(e.end, end)) for e in away if e.end > start and e.start < end
    )
    assert found(cut, roster, day) == found(away, roster, day)


@given(st.data(), any_day)
def test_merging_keeps_every_moment_and_leaves_no_overlap(data: st.DataObject, day: date) -> None:
    away = data.draw(entries(day))
    merged = merge(away)
    assert merge(merged) == merged
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))
    for moment in {edge for e in away for edge in (e.start, e.end - timedelta(minutes=1))}:
        assert any(piece.start <= moment < piece.end for piece in merged)
    for edge in {edge for piece in merged for edge in (piece.start, piece.end)}:
        assert any(edge in (e.start, e.end) for e in away), "no moment is added"


@given(st.data(), st.sampled_from(CHANGES), st.integers(-1, 1))
def test_the_share_of_a_day_agrees_with_counting_its_minutes(
    data: st.DataObject, change: date, offset: int
) -> None:
    """Minute by minute through the weekend of a clock change, by what the clock on the wall shows."""
    day = change + timedelta(days=offset)
    away = merge(data.draw(entries(day)))
    outside_the_lost_hour = spans().filter(
        lambda hours: all(_clear(h.start) and _clear(h.end) for h in hours)
    )
    hours = data.draw(outside_the_lost_hour)
    pattern = WorkPattern({day.weekday(): hours})
    scheduled = covered = 0
    moment = datetime.combine(day, time(0), ZONE).astimezone(UTC)
    while moment.astimezone(ZONE).date() == day:
        clock = moment.astimezone(ZONE).time()
        if any(h.start <= clock and (clock < h.end or h.end == time(0)) for h in hours):
            scheduled += 1
            covered += any(piece.start <= moment < piece.end for piece in away)
        moment += timedelta(minutes=5)
    assert counts(day, away, pattern, NORM, calendar(day)) == (covered * 2 >= scheduled)


def _clear(clock: time) -> bool:
    return not time(2) <= clock <= time(3) or clock == time(3)
