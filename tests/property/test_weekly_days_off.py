"""Weekly days off: laws that hold for any roster and calendar. What is found may only take days away."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import assume, given
from hypothesis import strategies as st

from mailbot.casefiles import people
from mailbot.model.absence import blocks, weekly_days_off
from mailbot.model.facts import FactUnknown, Known, MailboxFacts
from mailbot.model.mailbox import AbsenceList, Audience, Interval, ReplyRules, ReplySetting, ReplyState
from mailbot.model.needs import Need
from mailbot.model.verdicts import Outcome
from mailbot.model.worktime import WorkCalendar, WorkPattern
from mailbot.rules import Subject, out_of_office
from mailbot.rules.out_of_office import ABSENCES, HOURS, REPLY, RULES, OutOfOffice
from tests.property.absences import (
    HALF,
    at_noon,
    day_rosters,
    entries,
    rosters,
    seen,
    sweep_days,
    whole_days,
    window,
)

DAY = timedelta(days=1)


@st.composite
def weekly_away(draw: st.DrawFn, day: date) -> tuple[Interval, ...]:
    """Weekdays that are away for some weeks, with other entries among them."""
    monday = day - day.weekday() * DAY
    found: list[Interval] = []
    for weekday in draw(st.sets(st.integers(0, 6), min_size=1, max_size=4)):
        begins, weeks = draw(st.integers(-1, 3)), draw(st.integers(2, 6))
        days = [monday + (7 * week + weekday) * DAY for week in range(begins, begins + weeks)]
        found += [whole_days(one, one) for one in days]
    return tuple(found) + draw(st.one_of(st.just(()), entries(day)))


@given(st.data(), sweep_days, rosters)
def test_a_weekly_day_off_never_makes_an_absence_longer(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    days = seen(data.draw(weekly_away(day)), roster, day)
    off = weekly_days_off(days)
    assert off <= days.away
    with_them = [block.days for block in blocks(days, roster, at_noon(day), off)]
    without = [block.days for block in blocks(days, roster, at_noon(day))]
    assert sorted(day for run in with_them for day in run) == sorted(days.away - off)
    for run in with_them:
        (whole,) = [other for other in without if run[0] in other]
        assert set(run) <= set(whole)


@given(st.data(), sweep_days, rosters)
def test_the_reply_is_due_on_the_same_day_with_a_weekly_day_off(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    days, here = seen(data.draw(weekly_away(day)), roster, day), at_noon(day)
    off = weekly_days_off(days)
    for block in blocks(days, roster, here, off):
        (whole,) = [other for other in blocks(days, roster, here) if block.days[0] in other.days]
        if whole.days[0] != days.worked[0]:
            due = here.previous_working_day(roster, block.days[0], without=off)
            assert due == here.previous_working_day(roster, whole.days[0], without=off)
            assert due not in days.away


@given(sweep_days, rosters, st.integers(-6, 30), st.integers(7, 40))
def test_one_long_absence_is_never_a_weekly_day_off(
    day: date, roster: WorkPattern, start: int, length: int
) -> None:
    holiday = whole_days(day + start * DAY, day + (start + length) * DAY)
    assert weekly_days_off(seen((holiday,), roster, day)) == frozenset()


@given(st.data(), sweep_days, day_rosters)
def test_a_weekday_away_for_three_weeks_between_days_at_work_is_one(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    assume(len(roster.days) >= 2)
    free = data.draw(st.sets(st.sampled_from(sorted(roster.days)), min_size=1, max_size=len(roster.days) - 1))
    weeks = data.draw(st.integers(1, 5))
    monday = day - day.weekday() * DAY
    away = [monday + (7 * week + weekday) * DAY for week in range(weeks) for weekday in free]
    days = seen(tuple(whole_days(one, one) for one in away), roster, day)
    off = weekly_days_off(days)
    assert off <= set(away)
    if weeks < 3:
        assert off == frozenset()
    if weeks > 3:  # of three, one may touch the edge of what is in sight
        assert off == days.away


@given(st.data(), sweep_days, rosters)
def test_a_weekly_day_off_never_turns_an_absence_in_order_into_a_deviation(
    data: st.DataObject, day: date, roster: WorkPattern
) -> None:
    """Beside the same rule when it knows of no such days."""
    here = at_noon(day)
    away = tuple(sorted(data.draw(weekly_away(day))))
    facts: dict[Need[Any], object] = {
        ABSENCES: AbsenceList(away, window(here)),
        HOURS: WorkPattern({}),
        REPLY: data.draw(replies(away)),
        RULES: ReplyRules((), 0),
    }
    mailbox = MailboxFacts(people.GUID, {need: Known(value, here.now) for need, value in facts.items()})
    person = replace(people.person({}, {}, here.now), roster=Known(roster, here.now))
    subject = Subject(person, mailbox)
    given = judge_by(subject, here)
    with patch("mailbot.model.absence.weekly_days_off", return_value=frozenset()):
        plain = judge_by(subject, here)
    if given is Outcome.DEVIATION:
        assert plain in (Outcome.DEVIATION, Outcome.UNKNOWN)
    if given is Outcome.UNKNOWN:
        assert plain is not Outcome.NOT_APPLICABLE


def judge_by(subject: Subject, here: WorkCalendar) -> Outcome:
    norm = OutOfOffice(more_than_days=2, day_counts_from_percent=HALF, tolerance_hours=2)
    try:
        return out_of_office.judge.judge(subject, norm, here).outcome
    except FactUnknown:
        return Outcome.UNKNOWN


def replies(away: tuple[Interval, ...]) -> st.SearchStrategy[ReplySetting]:
    """Off, on, or for one or two of the entries."""
    texts = (Audience.ALL, True, True)
    period = st.sampled_from(away).flatmap(
        lambda first: st.sampled_from([e for e in away if e.end > first.start]).map(
            lambda last: Interval(first.start, last.end)
        )
    )
    return st.one_of(
        st.just(ReplySetting(ReplyState.DISABLED, None, *texts)),
        st.just(ReplySetting(ReplyState.ENABLED, None, *texts)),
        period.map(lambda when: ReplySetting(ReplyState.SCHEDULED, when, *texts)),
    )
