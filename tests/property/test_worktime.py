"""Working hours: laws that hold for any hours, any day and any early closing."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.model.work_days import ASSUMED_WEEK, joined, union
from mailbot.model.worktime import Hours, WorkCalendar, WorkPattern
from tests.property.absences import CHANGES, QUARTERS, any_day, at_noon, rosters, spans

MINUTES = timedelta(minutes=5)
days = st.one_of(any_day, st.sampled_from(CHANGES))


def clocks_of(day: date) -> list[datetime]:
    """Every fifth minute of a local day, in UTC: 276, 288 or 300 of them."""
    moment = datetime.combine(day, time(0), ZONE).astimezone(UTC)
    found = []
    while moment.astimezone(ZONE).date() == day:
        found.append(moment)
        moment += MINUTES
    return found


def length(calendar: WorkCalendar, day: date, hours: tuple[Hours, ...]) -> timedelta:
    return sum((end - start for start, end in calendar.spans(day, hours)), timedelta())


def works_at(clock: time, hours: tuple[Hours, ...]) -> bool:
    return any(h.start <= clock and (clock < h.end or h.end == time(0)) for h in hours)


@given(days, spans())
def test_hours_lie_within_their_day_in_order_and_without_overlap(day: date, hours: tuple[Hours, ...]) -> None:
    calendar = at_noon(day)
    edges = [edge for span in calendar.spans(day, hours) for edge in span]
    assert edges == sorted(edges)
    midnight, next_midnight = (calendar.at(one, time(0)) for one in (day, day + timedelta(days=1)))
    assert all(midnight <= edge <= next_midnight for edge in edges)


@given(days, spans())
def test_hours_are_as_long_as_what_the_clock_shows(day: date, hours: tuple[Hours, ...]) -> None:
    """Of the hour that comes twice in autumn both count when it is worked through; edges inside the hour that
    spring skips are moved by it, so these are left out here."""
    edges = [edge for h in hours for edge in (h.start, h.end)]
    if any(time(1, 59) < edge < time(3) for edge in edges):
        return
    counted = sum(works_at(m.astimezone(ZONE).time(), hours) for m in clocks_of(day)) * MINUTES
    assert length(at_noon(day), day, hours) == counted


@given(days, spans(), QUARTERS)
def test_of_an_early_closing_the_hours_before_are_left(
    day: date, hours: tuple[Hours, ...], closes: time
) -> None:
    whole, short = at_noon(day), at_noon(day, early={day: closes})
    until = whole.at(day, closes)
    expected = [(start, min(end, until)) for start, end in whole.spans(day, hours) if start < until]
    assert short.spans(day, hours) == expected
    assert short.works(WorkPattern({day.weekday(): hours}), day) == bool(expected)


@given(days, rosters, QUARTERS)
def test_closing_early_or_all_day_never_adds_a_working_day(
    day: date, roster: WorkPattern, closes: time
) -> None:
    first, last = day - timedelta(days=10), day + timedelta(days=10)
    plain = list(at_noon(day).working_days(roster, first, last))
    early = list(at_noon(day, early={day: closes}).working_days(roster, first, last))
    closed = list(at_noon(day, frozenset({day})).working_days(roster, first, last))
    assert closed == [one for one in plain if one != day]
    assert early in (plain, closed)


@given(days, rosters)
def test_a_working_day_is_one_with_hours(day: date, roster: WorkPattern) -> None:
    calendar = at_noon(day)
    worked = set(calendar.working_days(roster, day, day + timedelta(days=13)))
    for number in range(14):
        one = day + timedelta(days=number)
        hours = roster.days.get(one.weekday(), ())
        assert (one in worked) == (length(calendar, one, hours) > timedelta())


@given(days, rosters, st.sets(st.integers(1, 20)))
def test_the_working_day_before_is_the_last_one_that_is_not_left_out(
    day: date, roster: WorkPattern, left_out: set[int]
) -> None:
    calendar = at_noon(day)
    without = {day - timedelta(days=back) for back in left_out}
    before = calendar.previous_working_day(roster, day, without=without)
    worked = calendar.working_days(roster, day - timedelta(days=60), day - timedelta(days=1))
    assert before == max((one for one in worked if one not in without), default=None)


@given(days, st.lists(spans(), min_size=1, max_size=3))
def test_joined_hours_are_the_hours_of_each_without_counting_double(
    day: date, several: list[tuple[Hours, ...]]
) -> None:
    together = joined(span for hours in several for span in hours)
    for moment in clocks_of(day):
        clock = moment.astimezone(ZONE).time()
        assert works_at(clock, together) == any(works_at(clock, hours) for hours in several)
    assert all(earlier.end < later.start for earlier, later in pairwise(together))


@given(rosters)
def test_a_contract_beside_itself_adds_nothing(roster: WorkPattern) -> None:
    once = union([roster])
    assert union([roster, roster, once]) == once


def test_the_assumed_week_is_monday_to_friday_from_half_past_eight_to_five() -> None:
    office = (Hours(time(8, 30), time(17)),)
    assert dict(ASSUMED_WEEK.days) == {0: office, 1: office, 2: office, 3: office, 4: office}
