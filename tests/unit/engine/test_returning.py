"""The first own working day back from leave."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.engine.returning import away, back_on, days_at_work, free_by_roster, just_back, works_on
from mailbot.model.accounts import Language
from mailbot.model.employment import Leave
from mailbot.model.facts import Fact, Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern

NOW = datetime(2026, 12, 14, 7, 30, tzinfo=UTC)
CLOSED = ClosedDays({2026: frozenset({date(2026, 12, 25)}), 2027: frozenset({date(2027, 1, 1)})})
CALENDAR = WorkCalendar(NOW, ZoneInfo("Europe/Amsterdam"), CLOSED)
DAY = (Hours(time(8, 30), time(17)),)
OFFICE = Known(WorkPattern(dict.fromkeys(range(5), DAY)), NOW)
TUESDAYS_AND_SATURDAYS = Known(WorkPattern({1: DAY, 5: DAY}), NOW)


def somebody(*leave: tuple[str, str], roster: Fact[WorkPattern] = OFFICE) -> Person:
    days = [(date.fromisoformat(f"2026-{a}"), date.fromisoformat(f"2026-{b}")) for a, b in leave]
    return Person(
        guid=ObjectGuid("1"),
        address=Address("chef@voorbeeld.example"),
        name="Chef",
        language=Language.NL,
        enabled=Known(True, NOW),
        recipient_type=NOT_SAID,
        hold=NOT_SAID,
        roster=roster,
        leave=tuple(Leave(first, last, date(2026, 9, 1)) for first, last in days),
    )


def back(person: Person, on: str = "12-14") -> date | None:
    return back_on(person, CALENDAR, date.fromisoformat(f"2026-{on}"))


def test_after_a_week_of_leave_it_is_monday() -> None:
    assert back(somebody(("12-14", "12-18"))) == date(2026, 12, 21)


def test_leaves_that_follow_each_other_are_one() -> None:
    """Two weeks, asked for apart, with a weekend between them."""
    assert back(somebody(("12-14", "12-18"), ("12-21", "12-24"))) == date(2026, 12, 28)


def test_a_closed_day_after_leave_is_no_day_back() -> None:
    assert back(somebody(("12-14", "12-24"))) == date(2026, 12, 28)


def test_a_roster_tells_the_own_days() -> None:
    assert back(somebody(("12-14", "12-18"), roster=TUESDAYS_AND_SATURDAYS)) == date(2026, 12, 19)
    assert back(somebody(("12-14", "12-20"), roster=TUESDAYS_AND_SATURDAYS)) == date(2026, 12, 22)


@pytest.mark.parametrize("roster", [NOT_SAID, Known(WorkPattern({}), NOW)])
def test_without_a_roster_it_is_an_office_day(roster: Fact[WorkPattern]) -> None:
    assert back(somebody(("12-14", "12-18"), roster=roster)) == date(2026, 12, 21)


def test_in_a_year_that_nobody_settled_weekends_are_free() -> None:
    nobody = WorkCalendar(NOW, CALENDAR.zone, ClosedDays({}))
    assert works_on(somebody(), nobody, date(2026, 12, 25))
    assert not works_on(somebody(), nobody, date(2026, 12, 26))


def test_whoever_does_not_come_back_has_no_day_back() -> None:
    forever = Leave(date(2026, 12, 1), date(2031, 12, 31), date(2026, 9, 1))
    assert back(replace(somebody(), leave=(forever,))) is None


@pytest.mark.parametrize(
    ("day", "is_away"),
    [
        ("12-11", False),  # the Friday before
        ("12-13", False),  # the Sunday before: nothing was asked for it
        ("12-14", True),
        ("12-18", True),
        ("12-20", True),  # the Sunday after, before the first day back
        ("12-21", False),
    ],
)
def test_away_lasts_until_the_first_day_back(day: str, is_away: bool) -> None:
    chef = somebody(("12-14", "12-18"))
    assert away(chef, CALENDAR, date.fromisoformat(f"2026-{day}")) is is_away


def test_a_part_timer_is_away_on_free_days_after_leave_only() -> None:
    chef = somebody(("12-15", "12-15"), roster=TUESDAYS_AND_SATURDAYS)
    assert away(chef, CALENDAR, date(2026, 12, 16))
    assert not away(chef, CALENDAR, date(2026, 12, 19))
    assert not away(chef, CALENDAR, date(2026, 12, 21))


def test_two_years_are_as_far_as_anybody_looks() -> None:
    until = CALENDAR.today + timedelta(days=2 * 366)
    for back, is_found in ((until - timedelta(days=3), True), (until, False)):
        long = Leave(date(2026, 12, 14), back - timedelta(days=1), date(2026, 9, 1))
        found = back_on(replace(somebody(), leave=(long,)), CALENDAR, CALENDAR.today)
        assert (found is not None) is is_found


def test_only_a_roster_tells_that_a_day_is_free() -> None:
    saturday, sunday = date(2026, 12, 19), date(2026, 12, 20)
    assert free_by_roster(somebody(roster=TUESDAYS_AND_SATURDAYS), CALENDAR, sunday)
    assert not free_by_roster(somebody(roster=TUESDAYS_AND_SATURDAYS), CALENDAR, saturday)
    assert not free_by_roster(somebody(roster=NOT_SAID), CALENDAR, sunday)
    assert not free_by_roster(somebody(roster=Known(WorkPattern({}), NOW)), CALENDAR, sunday)


def test_days_at_work_are_own_days_without_leave() -> None:
    chef = somebody(("12-16", "12-17"))
    found = days_at_work(chef, CALENDAR, date(2026, 12, 14), date(2026, 12, 21))
    assert [day.day for day in found] == [14, 15, 18]


@pytest.mark.parametrize(
    ("day", "free_days", "is_just_back"),
    [
        ("12-17", 1, True),  # the day of return
        ("12-18", 1, False),
        ("12-18", 2, True),
        ("12-21", 2, False),  # Monday: Thursday and Friday were the two
        ("12-17", 0, False),
    ],
)
def test_just_back_is_for_some_own_days(day: str, free_days: int, is_just_back: bool) -> None:
    chef = somebody(("12-14", "12-16"))
    assert just_back(chef, CALENDAR, date.fromisoformat(f"2026-{day}"), free_days) is is_just_back


def test_leave_on_days_that_are_not_worked_is_no_absence() -> None:
    assert not just_back(somebody(("12-19", "12-20")), CALENDAR, date(2026, 12, 21), 1)
    part_timer = somebody(("12-16", "12-18"), roster=TUESDAYS_AND_SATURDAYS)
    assert not just_back(part_timer, CALENDAR, date(2026, 12, 19), 1)


def test_an_absence_that_only_the_calendar_tells_of_counts_as_well() -> None:
    friday = date(2026, 12, 18)
    assert just_back(somebody(), CALENDAR, date(2026, 12, 21), 1, friday)
    assert not just_back(somebody(), CALENDAR, date(2026, 12, 22), 1, friday)
    assert just_back(somebody(), CALENDAR, date(2026, 12, 22), 2, friday)


def test_whoever_was_never_away_is_not_just_back() -> None:
    assert not just_back(somebody(), CALENDAR, date(2026, 12, 21), 10)
