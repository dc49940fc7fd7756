"""Whom a sweep begins with: the most overdue mailbox."""

from datetime import UTC, date, datetime, timedelta

from mailbot.jobs.sweep import overdue_first
from mailbot.model.ids import PersonKey
from mailbot.model.slots import Job, Slot

MONDAY = Slot(Job.SWEEP, date(2026, 11, 23), "06:00")
TUESDAY = Slot(Job.SWEEP, date(2026, 11, 24), "06:00")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PEOPLE = [PersonKey(f"p{number:02}") for number in range(20)]


def test_whoever_was_never_read_comes_first_then_whoever_was_read_longest_ago() -> None:
    last = {person: NOW - timedelta(minutes=number) for number, person in enumerate(PEOPLE[2:])}
    order = overdue_first(PEOPLE, last, MONDAY)
    assert set(order[:2]) == set(PEOPLE[:2])
    assert order[2:] == list(reversed(PEOPLE[2:]))


def test_ties_fall_the_same_way_within_a_slot_and_another_way_in_the_next() -> None:
    """A process that takes a sweep up keeps its order; nobody is behind the same people every day."""
    assert overdue_first(PEOPLE, {}, MONDAY) == overdue_first(PEOPLE[::-1], {}, MONDAY)
    assert overdue_first(PEOPLE, {}, MONDAY) != overdue_first(PEOPLE, {}, TUESDAY)
    assert sorted(overdue_first(PEOPLE, {}, TUESDAY)) == PEOPLE
