"""When a letter may leave: ordinary ones in office hours on the reader's own working days, urgent ones on the
day that they are about. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from mailbot.engine.office_days import next_office_day, office_day_after
from mailbot.engine.returning import works_on
from mailbot.model.people import Person
from mailbot.model.worktime import WorkCalendar

PATIENCE_DAYS = 5
"""Office days for which an ordinary letter may wait in the outbox before it is stale."""

SEARCH_DAYS = 28
"""Days ahead within which an own working day must come."""

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class LetterHours:
    """Local times between which letters leave: ordinary ones on office days, urgent ones on their day."""

    office: tuple[time, time] = (time(8, 30), time(17))
    urgent: tuple[time, time] = (time(10), time(15))


def urgent_window(calendar: WorkCalendar, hours: LetterHours) -> Window | None:
    """Today's hours; None when they are over: an absence letter does not wait for tomorrow."""
    start, end = (calendar.at(calendar.today, clock) for clock in hours.urgent)
    return (start, end) if calendar.now < end else None


def own_window(person: Person, calendar: WorkCalendar, hours: LetterHours) -> Window | None:
    """From the reader's next own working day on which the office is open, for a few office days. None when
    there is no such day in sight: who works on Saturdays only is not written to."""
    opens, closes = hours.office
    first = next_office_day(calendar, closes)
    limit = calendar.today + timedelta(days=SEARCH_DAYS)
    while not works_on(person, calendar, first):
        first = office_day_after(calendar, first)
        if first > limit:
            return None
    last = day = first
    for _ in range(PATIENCE_DAYS):
        day = office_day_after(calendar, day)
        if works_on(person, calendar, day):
            last = day
    return calendar.at(first, opens), calendar.at(last, closes)
