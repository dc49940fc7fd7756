"""After one refused sign-in nobody tries again for half an hour."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.engine.breaker import REST, Breaker
from mailbot.model.clock import SetClock
from mailbot.model.errors import SignInRefused, Unreachable

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Note:
    """A line of text that outlives the process."""

    def __init__(self) -> None:
        self.text: str | None = None

    def write(self, text: str | None) -> None:
        self.text = text


@pytest.fixture
def note() -> Note:
    return Note()


def breaker(note: Note, clock: SetClock, who: str = "The directory") -> Breaker:
    return Breaker(clock, lambda: note.text, note.write, who)


def test_who_refused_is_told(note: Note) -> None:
    clock = SetClock(NOW)
    breaker(note, clock).refused()
    with pytest.raises(SignInRefused, match=r"^The directory refused the service account"):
        breaker(note, clock).check()


def test_half_an_hour_later_one_may_try(note: Note) -> None:
    clock = SetClock(NOW)
    breaker(note, clock).refused()
    clock.set(NOW + REST - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        breaker(note, clock).check()
    clock.set(NOW + REST)
    breaker(note, clock).check()


def test_a_clock_that_was_set_back_starts_the_half_hour_again(note: Note) -> None:
    clock = SetClock(NOW)
    breaker(note, clock).refused()
    clock.set(NOW - timedelta(days=1))
    with pytest.raises(SignInRefused):
        breaker(note, clock).check()
    clock.set(NOW - timedelta(days=1) + REST)
    breaker(note, clock).check()


def test_a_success_leaves_no_note(note: Note) -> None:
    clock = SetClock(NOW)
    breaker(note, clock).refused()
    breaker(note, clock).accepted()
    assert note.text is None
    breaker(note, clock).check()


def test_what_cannot_be_written_is_not_forgotten(note: Note) -> None:
    """A full disk must not lock the account either."""

    def full(_text: str | None) -> None:
        raise Unreachable("the database takes nothing")

    clock = SetClock(NOW)
    held = Breaker(clock, lambda: note.text, full)
    with pytest.raises(Unreachable):
        held.refused()
    with pytest.raises(SignInRefused):
        held.check()
    clock.set(NOW + REST)
    held.check()
