"""Absences by own working days: laws that hold for any roster, calendar, leave and list of entries."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.model.absence import Block, blocks, counts, diary, merge
from mailbot.model.employment import Leave
from mailbot.model.mailbox import Interval
from mailbot.model.worktime import Hours, WorkCalendar, WorkPattern
from tests.property.absences import (
    BY_NIGHT,
    CHANGES,
    HALF,
    any_clock,
    any_day,
    at,
    at_noon,
    day_rosters,
    entries,
    near_a_change,
    placed,
    rosters,
    seen,
    spans,
    sweep_days,
    whole_days,
    window,
    written,
)

DAY = timedelta(days=1)


def found(
    away: tuple[Interval, ...],
    roster: WorkPattern,
    day: date,
    closed: frozenset[date] = frozenset(),
    leave: tuple[Leave, ...] = (),
) -> list[Block]:
    return blocks(seen(away, roster, day, closed, leave), roster, at_noon(day, closed))


def days_of(runs: list[Block]) -> set[date]:
    return {day for block in runs for day in block.days}


def leave_of(day: date) -> st.SearchStrategy[tuple[Leave, ...]]:
    """Up to two leaves around the sweep, approved long before; one may run on after what is in sight."""
    one = st.builds(
        lambda start, length: Leave(day + start * DAY, day + (start + length) * DAY, day - 60 * DAY),
        st.integers(-12, 34),
        st.integers(0, 25),
    )
    return st.lists(one, min_size=1, max_size=2).map(tuple)


# --- holidays -------------------------------------------------------------------------------------------


@given(st.data(), sweep_days, rosters)
def test_a_holiday_only_takes_itself_out_of_an_absence(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    away = data.draw(entries(day))
    holiday = day + timedelta(days=data.draw(st.integers(-7, 36)))
    without, with_it = found(away, roster, day), found(away, roster, day, frozenset({holiday}))
    assert days_of(with_it) == days_of(without) - {holiday}


@given(st.data(), sweep_days, rosters)
def test_a_holiday_never_lengthens_an_absence(data: st.DataObject, day: date, roster: WorkPattern) -> None:
    """One on a day at work may join two absences, as nobody expects the person in between; even so no day
    away is added to them."""
    away = data.draw(entries(day))
    holiday = day + timedelta(days=data.draw(st.integers(-7, 36)))
    without, with_it = found(away, roster, day), found(away, roster, day, frozenset({holiday}))
    before = seen(away, roster, day)
    at_work = holiday in before.worked and holiday not in before.away
    for block in with_it:
        parts = [earlier for earlier in without if set(earlier.days) & set(block.days)]
        assert len(block.days) <= sum(len(part.days) for part in parts)
        assert len(parts) == 1 or (at_work and len(parts) == 2)


@given(st.data(), sweep_days, rosters)
def test_closing_early_changes_no_other_day(data: st.DataObject, day: date, roster: WorkPattern) -> None:
    """All are free from midnight on a day that is closed."""
    away = data.draw(entries(day))
    short = day + timedelta(days=data.draw(st.integers(-7, 36)))
    closes = data.draw(st.sampled_from((time(0), time(10), time(12), time(16, 30))))
    here = at_noon(day, early={short: closes})
    days = diary(away, (), window(here), roster, HALF, here)
    whole = seen(away, roster, day)
    assert days.away - {short} == whole.away - {short}
    assert [one for one in days.worked if one != short] == [one for one in whole.worked if one != short]
    if closes == time(0):
        assert days == seen(away, roster, day, frozenset({short}))
    for block in blocks(days, roster, here):
        assert block.start < block.end


# --- what a block is ------------------------------------------------------------------------------------


@given(st.data(), sweep_days, rosters)
def test_a_block_is_made_of_own_working_days_within_its_calendar_days(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    met: list[date] = []
    for block in found(data.draw(entries(day)), roster, day, leave=data.draw(leave_of(day))):
        first, last = (
            edge.astimezone(ZONE).date() for edge in (block.start, block.end - timedelta(seconds=1))
        )
        assert (first, last) == (block.days[0], block.days[-1])
        assert 1 <= len(block.days) <= (last - first).days + 1
        assert all(roster.works_on(worked.weekday()) for worked in block.days)
        met += block.days
    assert met == sorted(set(met)), "no day stands in two blocks"


@given(st.data(), sweep_days, rosters)
def test_more_time_away_never_makes_an_absence_shorter(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    away, more = data.draw(entries(day)), data.draw(entries(day))
    longer = found(away + more, roster, day)
    for block in found(away, roster, day):
        assert any(set(block.days) <= set(other.days) for other in longer)


# --- moved in time --------------------------------------------------------------------------------------


@given(st.data(), any_day, day_rosters, st.integers(1, 30))
def test_whole_weeks_later_everything_is_the_same(
    data: st.DataObject, day: date, roster: WorkPattern, weeks: int
) -> None:
    """No holidays; the clocks on the wall are moved, so that the clock may change in between."""
    later = timedelta(weeks=weeks)
    assume((day + later).year < 2028)
    away = data.draw(written(day))
    shifted = placed(tuple((start + later, end + later) for start, end in away))
    here, there = found(placed(away), roster, day), found(shifted, roster, day + later)
    assert [tuple(d + later for d in block.days) for block in here] == [block.days for block in there]
    for earlier, block in zip(here, there, strict=True):
        assert earlier.open_end == block.open_end
        for one, other in ((earlier.start, block.start), (earlier.end, block.end)):
            moved = one.astimezone(ZONE).replace(tzinfo=None) + later
            assert moved == other.astimezone(ZONE).replace(tzinfo=None)


@given(st.data(), near_a_change, rosters)
def test_it_makes_no_difference_in_which_zone_an_entry_is_kept(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    away = data.draw(entries(day))
    local = tuple(Interval(e.start.astimezone(ZONE), e.end.astimezone(ZONE)) for e in away)
    assert local == away
    assert found(local, roster, day) == found(away, roster, day)


@given(
    st.sampled_from(CHANGES),
    spans(BY_NIGHT),
    st.lists(st.tuples(st.integers(0, 24), st.integers(1, 16)), min_size=1, max_size=3),
    st.integers(1, 100),
)
def test_nor_does_it_in_the_night_in_which_the_clocks_change(
    change: date, hours: tuple[Hours, ...], pieces: list[tuple[int, int]], percent: int
) -> None:
    """Clocks of one zone are no measure of time then: an hour is missing, or comes twice."""
    midnight, quarter = datetime.combine(change, time(0), ZONE).astimezone(UTC), timedelta(minutes=15)
    away = [
        Interval(midnight + begins * quarter, midnight + (begins + lasts) * quarter)
        for begins, lasts in pieces
    ]
    local = [Interval(e.start.astimezone(ZONE), e.end.astimezone(ZONE)) for e in away]
    pattern, here = WorkPattern({change.weekday(): hours}), at_noon(change)
    expected = counts(change, merge(away), pattern, percent, here)
    assert counts(change, merge(local), pattern, percent, here) == expected


@given(st.data(), near_a_change, any_clock, rosters)
def test_it_makes_no_difference_in_which_zone_the_sweep_tells_the_time(
    data: st.DataObject, day: date, clock: time, roster: WorkPattern
) -> None:
    away, leave, here = data.draw(entries(day)), data.draw(leave_of(day)), at(day, clock)
    assert here.today == day
    days = diary(away, leave, window(here), roster, HALF, here)
    for zone in (ZONE, ZoneInfo("America/New_York")):
        there = WorkCalendar(here.now.astimezone(zone), ZONE, here.closed)
        assert there.today == day
        assert diary(away, leave, window(here), roster, HALF, there) == days
        assert blocks(days, roster, there) == blocks(days, roster, here)


@given(sweep_days, any_clock)
def test_what_is_in_sight_are_the_local_days_that_lie_whole_in_the_window(day: date, clock: time) -> None:
    here = at(day, clock)
    inside = window(here)
    all_week = WorkPattern({weekday: (Hours(time(9), time(17)),) for weekday in range(7)})
    worked = diary((), (), inside, all_week, HALF, here).worked
    for number in range(-9, 38):
        one = day + number * DAY
        begins, ends = (datetime.combine(d, time(0), ZONE).astimezone(UTC) for d in (one, one + DAY))
        if one in worked:
            assert inside.start <= begins
            assert ends <= inside.end
        else:
            assert begins <= inside.start or inside.end <= ends


# --- how Exchange may answer ----------------------------------------------------------------------------


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
    leave = data.draw(st.one_of(st.just(()), leave_of(day)))
    seen_in = window(at_noon(day))
    cut = tuple(
        Interval(max(e.start, seen_in.start), min(e.end, seen_in.end))
        for e in away
        if e.end > seen_in.start and e.start < seen_in.end
    )
    assert found(cut, roster, day, leave=leave) == found(away, roster, day, leave=leave)


# --- approved leave -------------------------------------------------------------------------------------


@given(st.data(), sweep_days, rosters)
def test_leave_is_away_on_all_own_working_days_of_it_and_entries_about_it_change_nothing(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    leave = data.draw(leave_of(day))
    away = data.draw(entries(day))
    beside = tuple(
        e for e in away if not any(_overlap(e, whole_days(one.first, one.last), day) for one in leave)
    )
    days = seen(away, roster, day, leave=leave)
    assert days == seen(beside, roster, day, leave=leave)
    for one in days.worked:
        on_leave = any(approved.first <= one <= approved.last for approved in leave)
        assert one in days.away or not on_leave
        assert on_leave or (one in days.away) == (one in seen(beside, roster, day).away)


def _overlap(one: Interval, other: Interval, day: date) -> bool:
    inside = window(at_noon(day))
    start, end = max(one.start, other.start, inside.start), min(one.end, other.end, inside.end)
    return start < end


@given(st.data(), sweep_days, rosters)
def test_leave_and_a_whole_day_entry_for_the_same_days_are_one_absence(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    first = day + timedelta(days=data.draw(st.integers(-5, 20)))
    last = first + timedelta(days=data.draw(st.integers(0, 10)))
    entry, leave = whole_days(first, last), Leave(first, last, first)
    by_entry = found((entry,), roster, day)
    assert found((), roster, day, leave=(leave,)) == by_entry
    assert found((entry,), roster, day, leave=(leave,)) == by_entry


@given(sweep_days, rosters, st.integers(36, 60))
def test_leave_that_runs_on_after_the_window_ends_on_its_last_own_day(
    day: date, roster: WorkPattern, length: int
) -> None:
    leave = Leave(day + DAY, day + length * DAY, day)
    (block,) = found((), roster, day, leave=(leave,))
    assert not block.open_end
    assert leave.last - block.days[-1] < 7 * DAY


@given(sweep_days, rosters, st.integers(1, 60), st.sets(st.integers(1, 59)))
def test_leave_that_personnel_writes_in_pieces_is_the_same_leave(
    day: date, roster: WorkPattern, length: int, cuts: set[int]
) -> None:
    """Whether or not the days that are not worked between two pieces stand in either."""
    edges = [0, *sorted(cut for cut in cuts if cut < length), length]
    pieces = [(day + (start + 1) * DAY, day + end * DAY) for start, end in pairwise(edges)]
    whole = Leave(day + DAY, day + length * DAY, day)
    written = tuple(Leave(first, last, day) for first, last in pieces)
    worked = tuple(
        Leave(days[0], days[-1], day)
        for first, last in pieces
        if (days := list(at_noon(day).working_days(roster, first, last)))
    )
    expected = [block.days for block in found((), roster, day, leave=(whole,))]
    for leave in (written, worked):
        assert [block.days for block in found((), roster, day, leave=leave)] == expected


# --- merging and counting -------------------------------------------------------------------------------


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
    assert counts(day, away, pattern, HALF, at_noon(day)) == (covered * 2 >= scheduled)


def _clear(clock: time) -> bool:
    return not time(2) <= clock <= time(3) or clock == time(3)
