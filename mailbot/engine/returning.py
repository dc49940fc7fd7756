"""When somebody is back from approved leave: on the first own working day after it. Pure."""

from datetime import date, timedelta

from mailbot.engine.plan import is_office_day
from mailbot.model.facts import Known
from mailbot.model.people import Person
from mailbot.model.worktime import WorkCalendar

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
    for ahead in range(LONGEST_DAYS):
        back = day + timedelta(days=ahead)
        if works_on(person, calendar, back) and not person.on_leave(back):
            return back
    return None
