"""Working time by local clocks, where a day has 23, 24 or 25 hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)
EASTER_MONDAY = date(2026, 4, 6)
CALENDAR = WorkCalendar(
    datetime(2026, 3, 31, 22, 30, tzinfo=UTC), ZONE, ClosedDays({2026: frozenset({EASTER_MONDAY})})
)
OFFICE = WorkPattern(dict.fromkeys(range(5), (Hours(time(8, 30), time(17)),)))


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        (FORWARD, time(1, 59), utc(FORWARD, 0, 59)),
        (FORWARD, time(2, 30), utc(FORWARD, 1, 30)),  # skipped: 03:30 summer time
        (FORWARD, time(3), utc(FORWARD, 1)),
        (BACK, time(2, 30), utc(BACK, 0, 30)),  # comes twice: the first
        (BACK, time(3), utc(BACK, 2)),
        (BACK, time(0), utc(BACK - timedelta(days=1), 22)),
    ],
)
def test_what_a_clock_on_the_wall_means(day: date, clock: time, moment: datetime) -> None:
    assert CALENDAR.at(day, clock) == moment


def hours(day: date, *spans: Hours) -> timedelta:
    return sum((end - start for start, end in CALENDAR.spans(day, spans)), timedelta())


def test_a_night_shift_is_as_long_as_the_night() -> None:
    night = Hours(time(0), time(6))
    assert hours(FORWARD, night) == timedelta(hours=5)
    assert hours(BACK, night) == timedelta(hours=7)
    assert hours(EASTER_MONDAY, night) == timedelta(hours=6)


def test_a_shift_until_midnight_ends_with_the_day() -> None:
    assert hours(EASTER_MONDAY, Hours(time(17), time(0))) == timedelta(hours=7)
    assert hours(FORWARD, Hours(time(0), time(0))) == timedelta(hours=23)


@pytest.mark.parametrize(
    "span", [Hours(time(2), time(3)), Hours(time(2, 30), time(3)), Hours(time(2, 15), time(3, 10))]
)
def test_hours_that_the_spring_change_skips_are_not_worked(span: Hours) -> None:
    assert CALENDAR.spans(FORWARD, (span,)) == []
    assert len(CALENDAR.spans(EASTER_MONDAY, (span,))) == 1


EVE = date(2026, 12, 24)
SHORT = WorkCalendar(
    datetime(2026, 12, 1, tzinfo=UTC),
    ZONE,
    ClosedDays({2026: frozenset()}, {EVE: time(12), FORWARD: time(5)}),
)


def test_from_an_early_closing_on_nobody_works() -> None:
    split = (Hours(time(8, 30), time(12, 30)), Hours(time(13), time(17)))
    assert SHORT.spans(EVE, split) == [(utc(EVE, 7, 30), utc(EVE, 11))]
    assert SHORT.spans(EVE, (Hours(time(7), time(12)),)) == [(utc(EVE, 6), utc(EVE, 11))]
    assert len(SHORT.spans(EVE - timedelta(days=1), split)) == 2


def test_an_early_closing_in_the_short_night_is_by_the_clock_on_the_wall() -> None:
    assert SHORT.spans(FORWARD, (Hours(time(0), time(6)),)) == [
        (utc(FORWARD - timedelta(days=1), 23), utc(FORWARD, 3))
    ]


def test_who_works_after_the_early_closing_only_does_not_work_that_day() -> None:
    afternoons = WorkPattern(dict.fromkeys(range(5), (Hours(time(13), time(17)),)))
    assert not SHORT.works(afternoons, EVE)
    assert SHORT.works(OFFICE, EVE)
    assert SHORT.previous_working_day(afternoons, EVE + timedelta(days=1)) == EVE - timedelta(days=1)


def test_who_works_in_the_hour_only_that_spring_skips_does_not_work_that_day() -> None:
    night = WorkPattern(dict.fromkeys(range(7), (Hours(time(2), time(3)),)))
    assert not CALENDAR.works(night, FORWARD)
    assert CALENDAR.works(night, BACK)


def test_a_day_that_is_left_out_is_no_working_day_before() -> None:
    without = {date(2026, 4, 3), date(2026, 4, 2)}
    assert CALENDAR.previous_working_day(OFFICE, date(2026, 4, 7), without=without) == date(2026, 4, 1)


def test_today_is_the_local_day() -> None:
    assert CALENDAR.today == date(2026, 4, 1), "half past midnight in summer time"


def test_working_days_leave_out_weekends_and_holidays() -> None:
    days = list(CALENDAR.working_days(OFFICE, date(2026, 4, 2), date(2026, 4, 8)))
    assert [day.day for day in days] == [2, 3, 7, 8]


def test_the_working_day_before_easter_tuesday_is_good_friday() -> None:
    assert CALENDAR.previous_working_day(OFFICE, date(2026, 4, 7)) == date(2026, 4, 3)


def test_who_never_works_has_no_working_day_before() -> None:
    assert CALENDAR.previous_working_day(WorkPattern({}), date(2026, 4, 7)) is None


def test_a_year_that_nobody_settled_is_not_a_year_without_holidays() -> None:
    with pytest.raises(KeyError):
        list(CALENDAR.working_days(OFFICE, date(2026, 12, 31), date(2027, 1, 1)))
    with pytest.raises(KeyError):
        CALENDAR.previous_working_day(OFFICE, date(2026, 1, 1))


def test_a_weekend_day_of_an_unsettled_year_is_never_asked_about() -> None:
    assert list(CALENDAR.working_days(OFFICE, date(2027, 1, 2), date(2027, 1, 3))) == []


@pytest.mark.parametrize(
    ("day", "is_open"),
    [(date(2026, 4, 3), True), (date(2026, 4, 4), False), (date(2026, 4, 5), False), (EASTER_MONDAY, False)],
)
def test_office_days(day: date, is_open: bool) -> None:
    assert CALENDAR.is_office_day(day) is is_open


@pytest.mark.parametrize(("start", "end"), [(time(9), time(9)), (time(17), time(8, 30))])
def test_hours_end_after_they_start(start: time, end: time) -> None:
    with pytest.raises(ValueError, match="end after they start"):
        Hours(start, end)


@pytest.mark.parametrize("weekday", [-1, 7])
def test_a_week_has_seven_days(weekday: int) -> None:
    with pytest.raises(ValueError, match="weekdays"):
        WorkPattern({weekday: (Hours(time(8), time(9)),)})


def test_a_day_without_hours_is_not_worked() -> None:
    pattern = WorkPattern({0: (), 1: (Hours(time(8), time(9)),)})
    assert [pattern.works_on(day) for day in range(3)] == [False, True, False]


def test_equal_patterns_are_one_key() -> None:
    again = WorkPattern({day: (Hours(time(8, 30), time(17)),) for day in (4, 3, 2, 1, 0)})
    assert len({OFFICE, again}) == 1
