"""When the turns of jobs are due: every slot once, through clock changes, closed days and long sleep."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.engine.slots import Due, Schedule, due
from mailbot.model.slots import Job, Slot

ZONE = ZoneInfo("Europe/Amsterdam")
EVERY_DAY = frozenset(range(7))
HOLIDAYS = frozenset({date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 25), date(2026, 12, 25)})

SWEEP = Schedule(Job.SWEEP, (time(6),), EVERY_DAY, grace=timedelta(hours=12))
DIGEST = Schedule(Job.DIGEST, (time(8),), frozenset({0}), grace=timedelta(days=2), roll_to_office_day=True)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def sweep_of(day: date, label: str = "06:00") -> Slot:
    return Slot(Job.SWEEP, day, label)


def digest_of(day: date) -> Slot:
    return Slot(Job.DIGEST, day, "08:00")


def a_year(schedule: Schedule) -> Iterator[tuple[datetime, Slot]]:
    """2026 in ticks of twenty minutes; what is due is taken at once."""
    now, taken = local(date(2026, 1, 1), 0), set[Slot]()
    while now < local(date(2027, 1, 1), 0):
        found = due(now, schedule, taken, ZONE, HOLIDAYS, since=date(2026, 1, 1))
        assert found.skipped == ()
        if found.run is not None:
            taken = {slot for slot in taken if slot.day > found.run.day - timedelta(days=40)} | {found.run}
            yield now.astimezone(ZONE), found.run
        now += timedelta(minutes=20)


def test_a_year_has_365_sweeps_each_at_six_by_local_clocks() -> None:
    turns = list(a_year(SWEEP))
    assert [slot.day for _, slot in turns] == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    for at, slot in turns:
        assert (at.date(), at.time()) == (slot.day, time(6))


def test_monday_is_monday_and_a_closed_monday_is_tuesday() -> None:
    turns = list(a_year(DIGEST))
    assert len(turns) == len({slot for _, slot in turns}) == 52
    for at, slot in turns:
        assert slot.day.weekday() == 0
        if slot.day in HOLIDAYS:
            assert (at.date(), at.time()) == (slot.day + timedelta(days=1), time(8))
        else:
            assert (at.date(), at.time()) == (slot.day, time(8))


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)], ids=["forward", "back"])
def test_a_time_that_the_clock_change_skips_or_repeats_comes_once(night: date) -> None:
    schedule = Schedule(Job.RETAIN, (time(2, 30),), EVERY_DAY, grace=timedelta(hours=6))
    taken: list[Slot] = []
    now = local(night - timedelta(days=1), 12)
    while now < local(night + timedelta(days=1), 12):
        found = due(now, schedule, taken, ZONE, since=night)
        assert found.skipped == ()
        taken += [found.run] if found.run else []
        now += timedelta(minutes=20)
    assert taken == [Slot(Job.RETAIN, night, "02:30"), Slot(Job.RETAIN, night + timedelta(days=1), "02:30")]


def test_the_hour_that_comes_twice_is_told_apart_however_now_is_written() -> None:
    schedule = Schedule(Job.SWEEP, (time(2, 50),), EVERY_DAY, grace=timedelta(minutes=30))
    night = date(2026, 10, 25)
    second_time = datetime(2026, 10, 25, 1, 55, tzinfo=UTC)  # 02:55 for the second time: 65 minutes after
    for now in (second_time, second_time.astimezone(ZONE)):
        found = due(now, schedule, (), ZONE, since=night)
        assert found == Due(None, (Slot(Job.SWEEP, night, "02:50"),))


def test_before_its_time_nothing_is_due() -> None:
    day = date(2026, 11, 23)
    assert due(local(day, 5, 59), SWEEP, (), ZONE, since=day) == Due(None, ())
    assert due(local(day, 6), SWEEP, (), ZONE, since=day) == Due(sweep_of(day), ())


def test_a_turn_that_was_taken_is_not_due_again() -> None:
    day = date(2026, 11, 23)
    assert due(local(day, 7), SWEEP, {sweep_of(day)}, ZONE, since=day) == Due(None, ())


def test_a_late_start_makes_up_for_the_turn_within_its_grace() -> None:
    day = date(2026, 11, 23)
    assert due(local(day, 18), SWEEP, (), ZONE, since=day) == Due(sweep_of(day), ())
    assert due(local(day, 18, 1), SWEEP, (), ZONE, since=day) == Due(None, (sweep_of(day),))


def test_after_three_weeks_asleep_one_sweep_makes_up_and_the_others_are_named() -> None:
    wakes = date(2026, 11, 30)
    slept = [wakes - timedelta(days=n) for n in range(21, 0, -1)]
    done = {sweep_of(slept[0] - timedelta(days=n)) for n in range(1, 40)}
    found = due(local(wakes, 9), SWEEP, done, ZONE, since=date(2026, 1, 1))
    assert found.run == sweep_of(wakes)
    assert found.skipped == tuple(sweep_of(day) for day in slept)


def test_a_service_that_wakes_too_late_in_the_day_leaves_it_to_tomorrow() -> None:
    wakes = date(2026, 11, 30)
    done = {sweep_of(wakes - timedelta(days=n)) for n in range(2, 40)}
    found = due(local(wakes, 23), SWEEP, done, ZONE, since=date(2026, 1, 1))
    assert found == Due(None, (sweep_of(wakes - timedelta(days=1)), sweep_of(wakes)))


def test_the_digest_of_a_closed_monday_keeps_its_name_and_comes_on_tuesday() -> None:
    easter_monday = date(2026, 4, 6)
    for hour in (8, 12, 23):
        assert due(local(easter_monday, hour), DIGEST, (), ZONE, HOLIDAYS, easter_monday) == Due(None, ())
    tuesday = easter_monday + timedelta(days=1)
    found = due(local(tuesday, 8), DIGEST, (), ZONE, HOLIDAYS, since=easter_monday)
    assert found == Due(digest_of(easter_monday), ())


def test_the_digest_of_a_closed_friday_waits_for_the_weekend_to_pass() -> None:
    fridays = Schedule(Job.DIGEST, (time(8),), frozenset({4}), timedelta(days=2), roll_to_office_day=True)
    christmas = date(2026, 12, 25)
    for later in range(3):
        now = local(christmas + timedelta(days=later), 23)
        assert due(now, fridays, (), ZONE, HOLIDAYS, since=christmas) == Due(None, ())
    found = due(local(date(2026, 12, 28), 8), fridays, (), ZONE, HOLIDAYS, since=christmas)
    assert found == Due(digest_of(christmas), ())


def test_a_turn_right_after_midnight_belongs_to_the_local_day() -> None:
    night = Schedule(Job.SWEEP, (time(0, 15),), EVERY_DAY, grace=timedelta(hours=1))
    day = date(2026, 7, 1)
    assert due(local(day, 0, 15), night, (), ZONE, since=day) == Due(sweep_of(day, "00:15"), ())


def test_a_job_with_two_times_a_day_has_two_slots_a_day() -> None:
    schedule = Schedule(Job.SWEEP, (time(6), time(13)), EVERY_DAY, grace=timedelta(hours=12))
    day = date(2026, 11, 23)
    morning, noon = sweep_of(day), sweep_of(day, "13:00")
    assert due(local(day, 13), schedule, {morning}, ZONE, since=day) == Due(noon, ())
    assert due(local(day, 13), schedule, (), ZONE, since=day) == Due(noon, (morning,))


def test_before_the_installation_there_was_nothing_to_miss() -> None:
    installed = date(2026, 11, 23)
    found = due(local(installed + timedelta(days=1), 7), SWEEP, (), ZONE, since=installed)
    assert found == Due(sweep_of(installed + timedelta(days=1)), (sweep_of(installed),))
    assert due(local(installed, 5), SWEEP, (), ZONE, since=installed) == Due(None, ())


def test_nobody_looks_back_further_than_five_weeks() -> None:
    wakes = date(2026, 11, 30)
    found = due(local(wakes, 6), SWEEP, (), ZONE, since=date(2026, 1, 1))
    assert found.skipped[0] == sweep_of(wakes - timedelta(days=35))
    assert len(found.skipped) == 35
