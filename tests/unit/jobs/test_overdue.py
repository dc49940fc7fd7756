"""Whom a sweep begins with: the most overdue mailbox."""

from datetime import UTC, date, datetime, timedelta

from mailbot.jobs.sweep import due_again, overdue_first
from mailbot.model.ids import PersonKey
from mailbot.model.slots import Job, Slot

MONDAY = Slot(Job.SWEEP, date(2026, 11, 23), "06:00")
TUESDAY = Slot(Job.SWEEP, date(2026, 11, 24), "06:00")
MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PEOPLE = [PersonKey(f"p{number:02}") for number in range(20)]


def test_whoever_was_never_read_comes_first_then_whoever_was_read_longest_ago() -> None:
    last = {person: NOW - timedelta(minutes=number) for number, person in enumerate(PEOPLE[2:])}
    order = overdue_first(PEOPLE, last, MONDAY)
    assert set(order[:2]) == set(PEOPLE[:2])
    assert order[2:] == list(reversed(PEOPLE[2:]))


def test_whoever_failed_comes_behind_whoever_was_read_in_the_same_sweep() -> None:
    """The first to fail too, and whether or not it was ever read before."""
    sweep = {person: NOW + timedelta(minutes=number) for number, person in enumerate(PEOPLE[2:])}
    read = {**sweep, PEOPLE[1]: NOW - timedelta(days=40)}
    order = overdue_first(PEOPLE, due_again(read, {PEOPLE[0]: NOW, PEOPLE[1]: NOW + MINUTE}), TUESDAY)
    assert order == [*PEOPLE[2:], PEOPLE[0], PEOPLE[1]]


def test_where_the_time_is_never_enough_for_all_whoever_failed_still_has_a_turn() -> None:
    """Ten of twenty are read a day. Behind all others every day, it would never be visited again."""
    read = {person: NOW - timedelta(days=1) for person in PEOPLE[1:]}
    failed, visits = {PEOPLE[0]: NOW - timedelta(days=1)}, 0
    for day in range(12):
        now = NOW + timedelta(days=day)
        for person in overdue_first(PEOPLE, due_again(read, failed), MONDAY)[:10]:
            if person == PEOPLE[0]:
                failed[person], visits = now, visits + 1
            else:
                read[person] = now
    assert 3 <= visits <= 5


def test_ties_fall_the_same_way_within_a_slot_and_another_way_in_the_next() -> None:
    """A process that takes a sweep up keeps its order; nobody is behind the same people every day."""
    assert overdue_first(PEOPLE, {}, MONDAY) == overdue_first(PEOPLE[::-1], {}, MONDAY)
    assert overdue_first(PEOPLE, {}, MONDAY) != overdue_first(PEOPLE, {}, TUESDAY)
    assert sorted(overdue_first(PEOPLE, {}, TUESDAY)) == PEOPLE
