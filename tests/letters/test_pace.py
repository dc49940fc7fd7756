"""Letters leave no faster than the server takes them, and a wait for that holds up nobody's end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.letters.pace import LONGEST_NAP, Pace
from mailbot.model.clock import SetClock
from mailbot.model.errors import Halted

START = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def waiting(clock: SetClock, per_minute: int) -> Pace:
    return Pace(per_minute, clock, lambda: False)


def test_a_minutes_worth_at_once_and_then_one_by_one() -> None:
    clock = SetClock(START)
    pace = waiting(clock, 120)
    for _ in range(120):
        pace.wait()
    assert clock.now() == START
    for _ in range(4):
        pace.wait()
    assert abs(clock.now() - START - timedelta(seconds=2)) < timedelta(milliseconds=1)


def test_a_pause_fills_up_a_minutes_worth_and_no_more() -> None:
    clock = SetClock(START)
    pace = waiting(clock, 6)
    for _ in range(6):
        pace.wait()
    clock.set(START + timedelta(hours=3))
    for _ in range(6):
        pace.wait()
    assert clock.now() == START + timedelta(hours=3)
    pace.wait()
    assert clock.now() > START + timedelta(hours=3)


def test_a_clock_that_is_set_back_gives_nothing_away() -> None:
    clock = SetClock(START)
    pace = waiting(clock, 1)
    pace.wait()
    clock.set(START - timedelta(hours=1))
    pace.wait()
    assert clock.now() >= START - timedelta(hours=1) + 59 * SECOND


def test_a_wait_ends_when_the_process_has_to() -> None:
    class Naps(SetClock):
        def sleep(self, seconds: float) -> None:
            naps.append(seconds)
            super().sleep(seconds)

    naps: list[float] = []
    pace = Pace(1, Naps(START), lambda: len(naps) == 3)
    pace.wait()
    with pytest.raises(Halted):
        pace.wait()
    assert naps == [LONGEST_NAP] * 3


@given(
    per_minute=st.integers(1, 1200),
    pauses=st.lists(st.floats(0, 100), min_size=1, max_size=60),
)
def test_in_no_stretch_of_time_more_than_was_agreed(per_minute: int, pauses: list[float]) -> None:
    clock = SetClock(START)
    pace = waiting(clock, per_minute)
    left: list[datetime] = []
    for pause in pauses:
        clock.sleep(pause)
        pace.wait()
        left.append(clock.now())
    for first, from_ in enumerate(left):
        for last in range(first, len(left)):
            allowed = per_minute + (left[last] - from_).total_seconds() * per_minute / 60
            assert last - first + 1 <= allowed + 1e-3
