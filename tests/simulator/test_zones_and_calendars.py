"""The simulator's own arithmetic of time: seasons by rule, entries by wall clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.simulator.calendars import Busy, CalendarEntry, all_day, weekly
from mailbot.simulator.weeks import joined, week
from mailbot.simulator.zones import EASTERN, SERVER_ZONES, TOKYO, WEST_EUROPE, WINDOWS_NAMES

PAIRS = [
    (WEST_EUROPE, "Europe/Amsterdam"),
    (EASTERN, "America/New_York"),
    (TOKYO, "Asia/Tokyo"),
]
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(("rules", "name"), PAIRS)
@given(moment=MOMENTS)
def test_rules_say_the_same_as_the_zone_files(rules, name, moment):
    assert rules.to_local(moment) == moment.astimezone(ZoneInfo(name)).replace(tzinfo=None)


@pytest.mark.parametrize(("rules", "name"), PAIRS)
@given(moment=MOMENTS)
def test_there_and_back_again(rules, name, moment):
    """Except in the hour that comes twice in autumn, where the later reading wins."""
    there = rules.to_utc(rules.to_local(moment))
    assert there - moment in (timedelta(0), timedelta(hours=1))
    assert rules.to_local(there) == rules.to_local(moment)


def test_every_zone_in_which_entries_are_made_is_known_to_the_server():
    assert set(WINDOWS_NAMES.values()) <= set(SERVER_ZONES)


def test_an_all_day_entry_runs_from_midnight_to_midnight_over_the_end_of_summer_time():
    entry = all_day("", date(2026, 10, 25), date(2026, 10, 25))
    first, last = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    ((start, end),) = entry.occurrences(first, last)
    assert end - start == timedelta(hours=25)


def test_an_entry_that_only_touches_the_window_does_not_come():
    entry = CalendarEntry("", datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 10), Busy.AWAY)  # noqa: DTZ001
    zone = ZoneInfo("Europe/Amsterdam")
    ten, eleven = (datetime(2026, 11, 24, hour, tzinfo=zone) for hour in (10, 11))
    assert list(entry.occurrences(ten, eleven)) == []
    assert len(list(entry.occurrences(ten - timedelta(minutes=1), eleven))) == 1


def test_a_weekly_entry_starts_when_it_was_made_and_comes_on_all_its_days():
    entry = weekly("", date(2026, 11, 11), (1, 2), "09:00", "10:00")
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    assert [start.date() for start, _ in entry.occurrences(first, last)] == [
        date(2026, 11, 11),
        date(2026, 11, 17),
        date(2026, 11, 18),
    ]


def test_a_week_is_written_as_personnel_systems_write_it():
    part_time = joined(week("ma di", "08:00-12:00", "13:00-17:00"), week("do", "08:30-12:00"), week("vr"))
    assert (
        part_time.with_times()
        == "ma 08:00-12:00+13:00-17:00,di 08:00-12:00+13:00-17:00,do 08:30-12:00,vr 08:30-17:00"
    )
    assert part_time.with_hours() == "ma 8,di 8,do 3.5,vr 8"
    assert part_time.with_days() == "ma,di,do,vr"
