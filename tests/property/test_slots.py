"""Turns of jobs through a year with both clock changes, for a service that ticks, sleeps and oversleeps."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.engine.slots import Schedule, due
from mailbot.model.slots import Job, Slot

OFFICE_WEEK = frozenset(range(5))
START = date(2026, 1, 1)
CLOSED = frozenset(
    {date(2026, 1, 1), date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 25), date(2026, 12, 25)}
)

SWEEP = Schedule(Job.SWEEP, (time(6),), frozenset(range(7)), timedelta(hours=12))
TWICE = Schedule(Job.SWEEP, (time(2, 30), time(12)), OFFICE_WEEK | {6}, timedelta(hours=5))
DIGEST = Schedule(Job.DIGEST, (time(8),), frozenset({0}), timedelta(days=2), roll_to_office_day=True)
RETAIN = Schedule(Job.RETAIN, (time(3),), frozenset(range(7)), timedelta(days=1))

schedules = st.sampled_from((SWEEP, TWICE, DIGEST, RETAIN))
# mostly the service's own pace, now and then a night, a long weekend or three weeks
gaps = st.one_of(
    st.integers(1, 40).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 40).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 96).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 30).map(lambda days: timedelta(days=days)),
)


class Year:
    """A service that takes every turn at once, and the record that it keeps."""

    def __init__(self, schedule: Schedule, since: date = START) -> None:
        self.schedule, self.since = schedule, since
        self.ran: list[tuple[datetime, Slot]] = []
        self.skipped: list[tuple[datetime, Slot]] = []

    @property
    def finished(self) -> list[Slot]:
        return [slot for _, slot in (*self.ran, *self.skipped)]

    def tick(self, now: datetime) -> None:
        recent = {slot for slot in self.finished if slot.day >= now.date() - timedelta(days=40)}
        found = due(now, self.schedule, recent, ZONE, CLOSED, self.since)
        self.skipped += [(now, slot) for slot in found.skipped]
        if found.run is not None:
            self.ran.append((now, found.run))

    def through(self, ticks: Iterable[datetime]) -> "Year":
        for now in ticks:
            self.tick(now)
        return self


def at(day: date, clock: time = time(0)) -> datetime:
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


def planned(schedule: Schedule, first: date, until: datetime) -> list[Slot]:
    """The slots that a paper calendar would show, written without the code under test."""
    found, day = [], first
    while at(day) <= until:
        for clock in schedule.at:
            moved = day
            while schedule.roll_to_office_day and (moved in CLOSED or moved.weekday() in (5, 6)):
                moved += timedelta(days=1)
            if day.weekday() in schedule.weekdays and at(moved, clock) <= until:
                found.append(Slot(schedule.job, day, f"{clock:%H:%M}"))
        day += timedelta(days=1)
    return found


@given(schedules, st.lists(gaps, min_size=1, max_size=60), st.integers(0, 330))
def test_every_turn_is_run_or_skipped_aloud_and_never_twice(
    schedule: Schedule, pauses: list[timedelta], day: int
) -> None:
    since = START + timedelta(days=day)
    year, now = Year(schedule, since), at(since)
    for pause in pauses:
        now += pause
        year.tick(now)
    assert set(Counter(year.finished).values()) <= {1}
    assert sorted(year.finished, key=repr) == sorted(planned(schedule, since, now), key=repr)


@given(schedules, st.lists(gaps, min_size=1, max_size=40), st.integers(0, 330))
def test_a_turn_runs_within_its_grace_and_the_newest_first(
    schedule: Schedule, pauses: list[timedelta], day: int
) -> None:
    since = START + timedelta(days=day)
    year, now = Year(schedule, since), at(since)
    for pause in pauses:
        now += pause
        year.tick(now)
    for ran_at, slot in year.ran:
        assert planned(schedule, since, ran_at)[-1] == slot
        assert slot not in planned(schedule, since, ran_at - schedule.grace - timedelta(seconds=1))
    for skipped_at, slot in year.skipped:
        newest = planned(schedule, since, skipped_at)[-1]
        overslept = slot in planned(schedule, since, skipped_at - schedule.grace - timedelta(seconds=1))
        assert overslept or slot != newest
