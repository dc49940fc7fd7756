"""Days on which the organisation's own clockwork runs. Pure."""

from datetime import date, time, timedelta

from mailbot.model.worktime import WorkCalendar


def is_office_day(calendar: WorkCalendar, day: date) -> bool:
    """In a year that nobody settled only weekends are known to be closed; letters may wait for a weekday."""
    if not calendar.closed.covers(day.year):
        return day.weekday() < 5
    return calendar.is_office_day(day)


def next_office_day(calendar: WorkCalendar, closes: time) -> date:
    """Today when the office is open today and not closed yet, else the next office day."""
    today = calendar.today
    if is_office_day(calendar, today) and calendar.now < calendar.at(today, closes):
        return today
    return office_day_after(calendar, today)


def office_day_after(calendar: WorkCalendar, day: date) -> date:
    day += timedelta(days=1)
    while not is_office_day(calendar, day):
        day += timedelta(days=1)
    return day
