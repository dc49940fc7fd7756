"""Days away, runs of them and weekly days off, on a few weeks of November and December 2026."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.model.absence import Diary, beside_leave, diary, weekly_days_off
from mailbot.model.employment import Leave
from mailbot.model.mailbox import Interval
from mailbot.model.work_days import ASSUMED_WEEK
from mailbot.model.worktime import ClosedDays, WorkCalendar

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
CALENDAR = WorkCalendar(NOW, ZoneInfo("Europe/Amsterdam"), ClosedDays({2026: frozenset()}))
WINDOW = Interval(NOW - timedelta(days=7), NOW + timedelta(days=35))
FIVE_WEEKS = tuple(MONDAY + timedelta(days=7 * week + day) for week in range(5) for day in range(5))
APPROVED = date(2026, 6, 15)


def away_on(*picture: str) -> Diary:
    """One text per week, Monday to Friday: `x` is away, `.` at work, `-` a holiday."""
    marks = dict(zip(FIVE_WEEKS, "".join(picture), strict=True))
    return Diary(
        tuple(day for day, mark in marks.items() if mark != "-"),
        frozenset(day for day, mark in marks.items() if mark == "x"),
    )


def entry(first: date, last: date) -> Interval:
    return Interval(CALENDAR.at(first, time(0)), CALENDAR.at(last + timedelta(days=1), time(0)))


@pytest.mark.parametrize(
    ("weeks", "off"),
    [
        ([".....", ".....", ".....", ".....", "....."], ""),
        (["..x..", "..x..", "..x..", ".....", "....."], "wed"),
        (["..x..", "..x..", ".....", "..x..", "..x.."], ""),
        (["..x..", "..x..", "..-..", "..x..", "....."], "wed"),
        (["..x..", "xxxxx", "..x..", "..x..", "....."], "wed"),
        (["..x..", "xxxxx", "xxxxx", "..x..", "....."], ""),
        (["xxxxx", "xxxxx", "xxxxx", ".....", "....."], ""),
        ([".....", "xxxxx", "xxxxx", "xxxxx", "....."], ""),
        ([".x.x.", ".x.x.", ".x.x.", ".....", "....."], "tue thu"),
        ([".xx..", ".xx..", ".xx..", ".....", "....."], "tue wed"),
        ([".xx..", ".xx..", ".x...", ".x...", ".x..."], "tue"),
        ([".xx..", "..xx.", "..x..", ".....", "....."], ""),
        ([".....", "xxxx.", "xxxx.", "xxxx.", "....."], "mon tue wed thu"),
        (["x....", "x....", "x....", ".....", "....."], ""),  # the first touches the edge of what is seen
        (["x....", "x....", "x....", "x....", "....."], "mon"),
        (["....x", "x...x", "x...x", "x....", "....."], "mon fri"),
    ],
)
def test_weekly_days_off(weeks: list[str], off: str) -> None:
    found = {f"{day:%a}".lower() for day in weekly_days_off(away_on(*weeks))}
    assert found == set(off.split())


def test_the_days_of_a_week_away_in_the_series_are_off_too() -> None:
    seen = away_on("..x..", "xxxxx", "..x..", "..x..", ".....")
    assert len(weekly_days_off(seen)) == 4


def test_a_day_at_work_is_never_off() -> None:
    seen = away_on("..x..", "..x..", "..x..", ".....", "..x..")
    assert weekly_days_off(seen) == {MONDAY + timedelta(days=days) for days in (2, 9, 16)}


def test_an_entry_that_overlaps_leave_gives_way_to_it() -> None:
    leave = Leave(date(2026, 11, 24), date(2026, 11, 26), APPROVED)
    about_it = entry(date(2026, 11, 26), date(2026, 12, 4))
    beside = entry(date(2026, 11, 27), date(2026, 11, 27))
    assert beside_leave([about_it, beside], [leave], WINDOW, CALENDAR) == [beside]


def test_leave_that_is_over_before_the_window_replaces_nothing() -> None:
    leave = Leave(date(2026, 10, 1), date(2026, 11, 13), APPROVED)
    still = entry(date(2026, 11, 12), date(2026, 11, 20))
    (kept,) = beside_leave([still], [leave], WINDOW, CALENDAR)
    assert (kept.start, kept.end) == (WINDOW.start, still.end)


def test_leave_without_an_end_to_speak_of_is_followed_no_further_than_holidays_are_known() -> None:
    leave = Leave(date(2026, 11, 24), date.max, APPROVED)
    seen = diary([], [leave], WINDOW, ASSUMED_WEEK, 50, CALENDAR)
    assert not seen.ends
    assert seen.worked[-1] == date(2026, 12, 25), "the last weekday of the window"


def test_leave_that_follows_on_leave_is_followed_too() -> None:
    first = Leave(date(2026, 12, 7), date(2026, 12, 28), APPROVED)
    second = Leave(date(2026, 12, 28), date(2026, 12, 31), APPROVED)
    seen = diary([], [second, first], WINDOW, ASSUMED_WEEK, 50, CALENDAR)
    assert seen.ends
    assert seen.worked[-1] == date(2026, 12, 31)


def test_leave_that_is_written_week_by_week_is_one() -> None:
    """From Monday to Friday each: nobody works on the weekend in between."""
    first = Leave(date(2026, 12, 14), date(2026, 12, 18), APPROVED)
    second = Leave(date(2026, 12, 21), date(2026, 12, 25), APPROVED)
    third = Leave(date(2026, 12, 28), date(2026, 12, 29), APPROVED)
    seen = diary([], [first, second, third], WINDOW, ASSUMED_WEEK, 50, CALENDAR)
    assert seen.ends
    assert seen.worked[-1] == date(2026, 12, 29)
    later = Leave(date(2026, 12, 31), date(2026, 12, 31), APPROVED)
    assert diary([], [first, second, third, later], WINDOW, ASSUMED_WEEK, 50, CALENDAR) == seen


def test_leave_of_next_year_whose_holidays_nobody_knows_may_continue_it() -> None:
    this, next_ = Leave(date(2026, 12, 14), date(2026, 12, 31), APPROVED), date(2027, 1, 4)
    seen = diary([], [this, Leave(next_, next_, APPROVED)], WINDOW, ASSUMED_WEEK, 50, CALENDAR)
    assert not seen.ends
    assert seen.worked[-1] == date(2026, 12, 25), "the last weekday of the window"
