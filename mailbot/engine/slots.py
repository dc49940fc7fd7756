"""Which turn of a job is due. Slots are local dates with a label; a turn that was missed is decided on,
loudly, and no turn happens twice, over clock changes and after weeks of sleep."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailbot.model.slots import Job, Slot


@dataclass(frozen=True, slots=True)
class Schedule:
    """`at`: local times on the days of `weekdays` (Monday is 0). `grace`: how late a turn still makes sense;
    after that it is skipped and said so. `roll_to_office_day`: on a closed day it moves to the next open one.
    """

    job: Job
    at: tuple[time, ...]
    weekdays: frozenset[int]
    grace: timedelta
    roll_to_office_day: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """`run` is the newest turn to run now, `skipped` the older ones that nobody ran in time."""

    run: Slot | None
    skipped: tuple[Slot, ...]


def due(
    now: datetime,
    schedule: Schedule,
    done: Collection[Slot],
    zone: ZoneInfo,
    closed: Collection[date] = (),
    since: date | None = None,
) -> Due:
    """Turns whose time has come and that nobody has finished.

    Looks back to `since` (the installation's first day) and at most five weeks. Of several missed turns only
    the newest is run, and only within its grace: one sweep makes up for three weeks asleep.
    """
    today = now.astimezone(zone).date()
    first = max(since or today, today - timedelta(days=35))
    finished = set(done)
    open_turns: list[tuple[datetime, Slot]] = []
    day = first
    while day <= today:
        for clock in schedule.at:
            turn = _turn(day, clock, schedule, zone, closed)
            if turn is not None and turn[0] <= now and turn[1] not in finished:
                open_turns.append(turn)
        day += timedelta(days=1)
    open_turns.sort(key=lambda turn: turn[0])
    if not open_turns:
        return Due(None, ())
    moment, newest = open_turns[-1]
    if now - moment <= schedule.grace:
        return Due(newest, tuple(slot for _, slot in open_turns[:-1]))
    return Due(None, tuple(slot for _, slot in open_turns))


def _turn(
    day: date, clock: time, schedule: Schedule, zone: ZoneInfo, closed: Collection[date]
) -> tuple[datetime, Slot] | None:
    """The turn of a scheduled day: its moment in UTC, and its slot, which keeps the day it was meant for."""
    if day.weekday() not in schedule.weekdays:
        return None
    runs_on = day
    if schedule.roll_to_office_day:
        while runs_on in closed or runs_on.weekday() >= 5:
            runs_on += timedelta(days=1)
    moment = datetime.combine(runs_on, clock, zone).astimezone(UTC)
    return moment, Slot(schedule.job, day, clock.strftime("%H:%M"))
