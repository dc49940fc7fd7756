"""What an ordinary employee of the town is like: working week, contracts, holidays."""

from datetime import date, datetime, timedelta
from random import Random

from mailbot.simulator import canaries
from mailbot.simulator.calendars import all_day
from mailbot.simulator.mailboxes import Mailbox
from mailbot.simulator.residents import ApprovedLeave, Contract
from mailbot.simulator.stories import STAGED_NOW, scheduled
from mailbot.simulator.weeks import FULL_TIME, Week, joined, week

_ROSTERS = (
    (FULL_TIME, 10),
    (week("ma di do vr"), 4),
    (week("ma di wo do", "08:00-12:30", "13:00-17:30"), 3),
    (week("di wo do"), 3),
    (joined(week("ma di do"), week("wo", "08:30-12:30")), 2),
    (week("ma wo vr", "09:00-17:00"), 1),
    (week("do vr"), 1),
)


def roster(random: Random) -> Week:
    return random.choices([week for week, _ in _ROSTERS], [weight for _, weight in _ROSTERS])[0]


def written(roster: Week, random: Random) -> str:
    """The roster in one of the ways in which a personnel feed may write it."""
    writes = [Week.with_times, Week.with_hours]
    if set(roster.days.values()) == set(FULL_TIME.days.values()):
        writes.append(Week.with_days)
    return random.choice(writes)(roster)


def several_contracts(random: Random, today: date) -> tuple[Contract, ...]:
    """Somebody who leaves in the coming weeks, or whose temporary contract was followed by another one."""
    first = Contract(date(2024, 2, 1), date(2026, 1, 31), 1)
    if random.random() < 0.5:
        return (first, Contract(date(2026, 2, 1), date.max, 2))
    return (first, Contract(date(2026, 2, 1), today + timedelta(days=random.randint(5, 60)), 2))


def plan_absence(
    mailbox: Mailbox, roster: Week, random: Random, today: date
) -> tuple[bool, tuple[ApprovedLeave, ...]]:
    """A day or two off, a covered holiday, one that is over, or nothing at all. Tells whether it is a
    holiday with a reply, and its leave."""
    monday = today - timedelta(days=today.weekday())
    chance = random.random()
    if chance < 0.20:
        first = monday + timedelta(days=7 * random.randint(1, 3) + random.randint(0, 3))
        mailbox.calendar.append(all_day(f"Vrij {canaries.EVENT}", first, first + timedelta(days=1)))
    elif chance < 0.30 and roster.workdays >= 4:
        first = monday + timedelta(days=7 * random.randint(1, 3))
        last = first + timedelta(days=4)
        mailbox.calendar.append(all_day(f"Vakantie {canaries.EVENT}", first, last))
        start = datetime.combine(first - timedelta(days=2), datetime.min.time(), STAGED_NOW.tzinfo)
        mailbox.reply = scheduled(start, start + timedelta(days=9))
        return True, (ApprovedLeave(first, last, first - timedelta(days=90)),)
    elif chance < 0.36:
        past = monday - timedelta(days=21)
        mailbox.calendar.append(all_day("Vakantie", past, past + timedelta(days=11)))
    return False, ()
