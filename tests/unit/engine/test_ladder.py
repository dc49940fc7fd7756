"""Who may get no letter on a day, and what crowds a topic: one line per edge."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from mailbot.engine.ladder import Ladder, Recipient, crowded, frozen, quiet_until, reminder_due
from mailbot.model.employment import Leave
from mailbot.model.findings import FindingState, TopicLetters
from mailbot.model.people import Person
from mailbot.model.plan import Held
from tests.unit.engine.planning import (
    ABSENCE,
    QUOTA,
    SIGNATURE,
    calendar,
    colleague,
    existing,
    local,
)

LADDER = Ladder()
FRIDAY, MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (20, 23, 24, 25))


def held(
    day: date,
    person: Person | None = None,
    now: str = "2026-11-20 06:00",
    ladder: Ladder = LADDER,
    away_until: str | None = None,
    rests_until: str | None = None,
) -> Held | None:
    recipient = Recipient(
        person or colleague(),
        local(away_until) if away_until else None,
        local(rests_until) if rests_until else None,
    )
    return frozen(recipient, ladder, calendar(now), day)


def on_leave(first: date, last: date, *weekdays: int) -> Person:
    return replace(colleague(*weekdays), leave=(Leave(first, last, date(2026, 9, 1)),))


def test_on_an_ordinary_day_nothing_holds_a_letter() -> None:
    assert held(FRIDAY) is None


def test_leave_and_the_day_of_return() -> None:
    person = on_leave(FRIDAY, MONDAY)
    days = (FRIDAY - timedelta(days=1), FRIDAY, MONDAY, TUESDAY, WEDNESDAY)
    assert [held(day, person) for day in days] == [None, Held.AWAY, Held.AWAY, Held.AWAY, None]


def test_as_many_days_after_leave_as_the_ladder_says() -> None:
    person = on_leave(FRIDAY, FRIDAY)
    two = replace(LADDER, after_return_working_days=2)
    assert held(MONDAY, person) is Held.AWAY and held(TUESDAY, person) is None
    assert held(TUESDAY, person, ladder=two) is Held.AWAY and held(WEDNESDAY, person, ladder=two) is None


def test_a_part_timer_is_back_on_the_own_first_day() -> None:
    """Mondays and Wednesdays, a Monday off."""
    person = on_leave(MONDAY, MONDAY, 0, 2)
    assert held(WEDNESDAY, person) is Held.AWAY
    assert held(WEDNESDAY + timedelta(days=5), person) is None


def test_a_day_that_the_roster_leaves_free_is_a_day_away() -> None:
    assert held(TUESDAY, colleague(0, 2)) is Held.AWAY
    assert held(WEDNESDAY, colleague(0, 2)) is None


def test_who_works_on_a_saturday_by_outlook_alone_may_be_told_of_an_absence_then() -> None:
    """Personnel knows no roster; the rule knows the working hours, and asks on the last of them."""
    assert held(FRIDAY + timedelta(days=1)) is None


def test_an_absence_in_the_calendar_and_the_day_after_it() -> None:
    """Until Monday 17:00."""
    until = "2026-11-23 17:00"
    assert held(FRIDAY, away_until=until) is Held.AWAY
    assert held(MONDAY, away_until=until) is Held.AWAY
    assert held(TUESDAY, away_until=until) is Held.AWAY, "the day of return"
    assert held(WEDNESDAY, away_until=until) is None
    assert held(MONDAY, now="2026-11-23 16:59", away_until=until) is Held.AWAY


def begins(text: str, until: str = "2026-11-25 17:00") -> Recipient:
    return Recipient(colleague(), local(until), away_from=local(text))


def test_an_absence_that_begins_today_holds_letters_from_this_morning_on() -> None:
    """The sweep is at six, and the first of the absent hours at half past eight."""
    at_six = calendar("2026-11-23 06:00")
    for day, why in ((MONDAY, Held.AWAY), (TUESDAY, Held.AWAY), (FRIDAY, None)):
        assert frozen(begins("2026-11-23 08:30"), LADDER, at_six, day) is why
    assert frozen(begins("2026-11-24 08:30"), LADDER, at_six, MONDAY) is None
    assert frozen(begins("2026-11-24 08:30"), LADDER, at_six, TUESDAY) is Held.AWAY, "a letter for tomorrow"


def test_what_is_of_use_today_only_leaves_before_the_absence_begins() -> None:
    """It may be about this very one."""
    at_noon, at_six = begins("2026-11-23 13:00"), calendar("2026-11-23 06:00")
    assert frozen(at_noon, LADDER, at_six, MONDAY, leaves=local("2026-11-23 10:00")) is None
    assert frozen(at_noon, LADDER, at_six, MONDAY, leaves=local("2026-11-23 13:00")) is Held.AWAY


def test_an_absence_that_is_still_to_come_lets_nobody_rest() -> None:
    at_six = calendar("2026-11-23 06:00")
    assert quiet_until(begins("2026-11-24 00:00"), LADDER, at_six) is None
    assert quiet_until(begins("2026-11-23 23:59"), LADDER, at_six) == local("2026-11-27 00:00")


def test_whole_days_in_the_calendar_end_at_midnight() -> None:
    until = "2026-11-24 00:00"
    assert held(TUESDAY, now="2026-11-24 00:00", away_until=until) is Held.AWAY, "the day of return"
    assert held(WEDNESDAY, away_until=until) is None


def test_where_nobody_is_free_after_an_absence_it_ends_to_the_minute() -> None:
    at_once = replace(LADDER, after_return_working_days=0)
    until = "2026-11-23 12:00"
    assert held(MONDAY, now="2026-11-23 11:59", ladder=at_once, away_until=until) is Held.AWAY
    assert held(MONDAY, now="2026-11-23 12:00", ladder=at_once, away_until=until) is None


STARTED = date(2026, 11, 16)
"""A Monday."""


def test_the_first_five_own_working_days_of_employment() -> None:
    """16 to 20 November."""
    days = [date(2026, 11, day) for day in (9, 16, 20, 23)]
    found = [held(day, colleague(starts=STARTED)) for day in days]
    assert found == [Held.FIRST_DAYS, Held.FIRST_DAYS, Held.FIRST_DAYS, None]


def test_the_first_days_of_a_part_timer_last_longer() -> None:
    """Mondays and Tuesdays: 16, 17, 23, 24 and 30 November."""
    person = colleague(0, 1, starts=STARTED)
    assert held(date(2026, 11, 30), person) is Held.FIRST_DAYS
    assert held(date(2026, 12, 1), person) is None


def test_leave_is_no_day_of_getting_to_know_the_house() -> None:
    person = replace(
        on_leave(date(2026, 11, 16), date(2026, 11, 18)), starts=STARTED
    )  # at work on 19, 20, 23, 24 and 25
    assert held(WEDNESDAY, person) is Held.FIRST_DAYS
    assert held(WEDNESDAY + timedelta(days=1), person) is None


def test_the_last_five_own_working_days_of_employment() -> None:
    """Until Friday 27 November: Monday is the fifth day from the end."""
    person = colleague(ends=date(2026, 11, 27))
    assert [held(day, person) for day in (FRIDAY, MONDAY, date(2026, 11, 27))] == [
        None, Held.LAST_DAYS, Held.LAST_DAYS,
    ]  # fmt: skip
    assert held(date(2026, 11, 30), person) is Held.LAST_DAYS, "and all days after"


def test_leave_before_the_end_moves_the_last_days_forward() -> None:
    person = replace(on_leave(TUESDAY, date(2026, 11, 27)), ends=date(2026, 11, 27))
    assert held(date(2026, 11, 17), person) is Held.LAST_DAYS
    assert held(date(2026, 11, 16), person) is None


@pytest.mark.parametrize(
    ("now", "day", "why"),
    [
        ("2026-11-20 06:00", FRIDAY, Held.RESTING),
        ("2026-11-20 06:00", MONDAY, Held.RESTING),  # until an hour after midnight
        ("2026-11-20 06:00", TUESDAY, None),
        ("2026-11-23 00:59", MONDAY, Held.RESTING),
        ("2026-11-23 01:00", MONDAY, None),
    ],
)
def test_a_rest(now: str, day: date, why: Held | None) -> None:
    assert held(day, now=now, rests_until="2026-11-23 01:00") is why


def test_what_holds_longest_is_not_asked_leave_is_told_first() -> None:
    person = replace(on_leave(FRIDAY, FRIDAY), starts=FRIDAY, ends=MONDAY)
    assert held(FRIDAY, person, rests_until="2026-12-01 00:00") is Held.AWAY
    assert held(MONDAY + timedelta(days=1), replace(person, leave=())) is Held.FIRST_DAYS


# what to remember of an absence that is seen while it lasts only


def remembered(
    away_until: str | None, person: Person | None = None, ladder: Ladder = LADDER
) -> datetime | None:
    recipient = Recipient(person or colleague(), local(away_until) if away_until else None)
    return quiet_until(recipient, ladder, calendar("2026-11-20 06:00"))


def test_after_an_absence_in_the_calendar_the_first_day_back_is_remembered() -> None:
    assert remembered("2026-11-20 17:00") == local("2026-11-24 00:00"), "Monday is the first day back"
    assert remembered("2026-11-23 00:00") == local("2026-11-24 00:00"), "so it is when it ends at midnight"
    assert remembered("2026-11-20 17:00", colleague(2)) == local("2026-11-26 00:00")
    two = replace(LADDER, after_return_working_days=2)
    assert remembered("2026-11-20 17:00", ladder=two) == local("2026-11-25 00:00")


def test_only_what_ends_within_a_week_is_remembered_to_its_end() -> None:
    """Until then it may still be cut short; for a letter that waits it counts until the next look."""
    assert remembered("2026-11-27 06:00") == local("2026-12-01 00:00")
    assert remembered("2026-11-27 06:01") == local("2026-11-24 06:00")
    assert remembered("2027-02-01 00:00") == local("2026-11-24 06:00")
    assert remembered("2026-11-20 06:00") is None, "over"
    assert remembered(None) is None


# letters on one topic


def crowding(letters: int, newest: str, moment: str, urgent: bool = False) -> Held | None:
    until = local(newest) + timedelta(days=LADDER.silence_days)
    recipient = Recipient(colleague(), topics={QUOTA: TopicLetters(letters, until)})
    assert crowded(recipient, SIGNATURE, LADDER, local(moment)) is None, "each topic for itself"
    return crowded(recipient, QUOTA, LADDER, local(moment), urgent)


def test_letters_on_one_topic_keep_their_distance() -> None:
    assert crowding(1, "2026-11-02 09:00", "2026-11-16 08:59") is Held.TOO_SOON
    assert crowding(1, "2026-11-02 09:00", "2026-11-16 09:00") is None
    assert crowding(1, "2026-11-02 09:00", "2026-11-03 09:00", urgent=True) is None


def test_after_three_letters_there_is_silence_for_ninety_days() -> None:
    for urgent in (False, True):
        assert crowding(3, "2026-05-04 09:00", "2026-08-02 08:59", urgent) is Held.SILENT
        assert crowding(4, "2026-05-04 09:00", "2026-08-02 08:59", urgent) is Held.SILENT
        assert crowding(3, "2026-05-04 09:00", "2026-08-02 09:00", urgent) is None
        assert crowding(2, "2026-05-04 09:00", "2026-08-02 08:59", urgent) is None


# reminders


def due(told: str, moment: str, person: Person | None = None, ladder: Ladder = LADDER) -> bool:
    finding = existing(FindingState.TOLD, told=told)
    return reminder_due(finding, person or colleague(), ladder, calendar(moment), local(moment))


def test_a_reminder_waits_for_the_later_of_days_and_working_days() -> None:
    told = "2026-11-02 08:30"  # a Monday: its tenth working day is Friday 13
    assert not due(told, "2026-11-16 08:29")
    assert due(told, "2026-11-16 08:30")
    eleven = replace(LADDER, reminder_working_days=11)
    assert not due(told, "2026-11-16 16:59", ladder=eleven), "the day of the reminder itself does not count"
    assert due(told, "2026-11-17 08:30", ladder=eleven)
    assert not due(told, "2026-11-17 08:30", ladder=replace(eleven, reminder_days=16))


def test_closed_days_and_leave_give_more_time() -> None:
    assert not due("2026-12-21 08:30", "2027-01-05 08:30"), (
        "over Christmas and New Year it takes two days more"
    )
    assert due("2026-12-21 08:30", "2027-01-06 08:30")
    assert not due("2026-11-02 08:30", "2026-11-16 08:30", on_leave(date(2026, 11, 9), date(2026, 11, 9)))


def test_another_topic_has_nothing_to_do_with_it() -> None:
    recipient = Recipient(colleague(), topics={ABSENCE: TopicLetters(3, local("2027-01-01 00:00"))})
    assert crowded(recipient, QUOTA, LADDER, local("2026-11-20 09:00")) is None
