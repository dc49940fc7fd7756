"""The clock that can be set, and the one that cannot."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.model.clock import SetClock, SystemClock

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)


def test_a_set_clock_stands_still() -> None:
    clock = SetClock(NOW)
    assert clock.now() == clock.now() == NOW


def test_sleeping_moves_a_set_clock_and_wastes_no_time() -> None:
    clock = SetClock(NOW)
    clock.sleep(90 * 24 * 3600)
    assert clock.now() == NOW + timedelta(days=90)


def test_a_set_clock_shows_utc_whatever_it_was_set_by() -> None:
    clock = SetClock(datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Amsterdam")))
    assert clock.now().isoformat() == "2026-07-01T10:00:00+00:00"
    clock.set(datetime(2026, 12, 1, 12, tzinfo=ZoneInfo("Europe/Amsterdam")))
    assert clock.now().isoformat() == "2026-12-01T11:00:00+00:00"


def test_a_clock_is_not_set_to_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        SetClock(NOW.replace(tzinfo=None))


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta()
