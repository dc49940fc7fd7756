"""Somebody's own working days, when they are away, and when they are back from leave. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta

from mailbot.engine.office_days import is_office_day
from mailbot.model.facts import Known
from mailbot.model.people import Person
from mailbot.model.worktime import WorkCalendar

DAY = timedelta(days=1)
LONGEST_DAYS = 2 * 366
"""Days ahead within which somebody comes back from leave, if ever."""

FREE_DAYS = 14
"""Days without work that can lie between leave and the day of return, at most."""


def works_on(person: Person, calendar: WorkCalendar, day: date) -> bool:
    """Whether the day is one of the person's own working days: by roster, else an office day."""
    if not isinstance(person.roster, Known) or not person.roster.value.days:
        return is_office_day(calendar, day)
    closed = calendar.closed.covers(day.year) and calendar.closed.closed(day)
    return person.roster.value.works_on(day.weekday()) and not closed


def free_by_roster(person: Person, calendar: WorkCalendar, day: date) -> bool:
    """Whether a roster says that the day is none of the own working days; without one nobody can tell."""
    rostered = isinstance(person.roster, Known) and bool(person.roster.value.days)
    return rostered and not works_on(person, calendar, day)


def away(person: Person, calendar: WorkCalendar, day: date) -> bool:
    """Whether approved leave covers the day, or only free days lie between leave and the day, itself one."""
    for back in range(FREE_DAYS + 1):
        earlier = day - timedelta(days=back)
        if person.on_leave(earlier):
            return True
        if works_on(person, calendar, earlier):
            return False
    return False


def back_on(person: Person, calendar: WorkCalendar, day: date) -> date | None:
    """The first own working day from `day` on without leave; leaves that follow each other count as one. None
    when there is none within two years."""
    return next(days_at_work(person, calendar, day, day + timedelta(days=LONGEST_DAYS)), None)


def days_at_work(person: Person, calendar: WorkCalendar, first: date, before: date) -> Iterator[date]:
    """Own working days without leave from `first` on, `before` left out."""
    day = first
    while day < before:
        if works_on(person, calendar, day) and not person.on_leave(day):
            yield day
        day += DAY


def just_back(
    person: Person, calendar: WorkCalendar, day: date, free_days: int, last_away: date | None = None
) -> bool:
    """Whether the day is one of the first `free_days` at work since the last own working day on leave, or
    since `last_away`, the last day of an absence of which only the calendar tells."""
    at_work = 0
    earlier = day
    for _ in range(LONGEST_DAYS):
        if at_work >= free_days:
            return False
        earlier -= DAY
        if last_away is not None and earlier <= last_away:
            return True
        if works_on(person, calendar, earlier):
            if person.on_leave(earlier):
                return True
            at_work += 1
    return False
