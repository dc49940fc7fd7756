"""Departure: laws that hold for any last day of service, any norm and any moment."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.casefiles.runner import Case
from mailbot.model.facts import FactUnknown, Reason
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Outcome
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.rules.leaver import Leaver, Stage, last_reply_day, stage
from mailbot.rules.mail.reply_text import LeaverReplyText, ReplyFeature
from tests.rules.cases import all_cases

CASES = [case for case in all_cases() if case.rule.id == "leaver"]
ORDER = list(Stage)
YEARS = range(2025, 2031)
CLOCK_CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2028, 3, 26))
EDGES = (*CLOCK_CHANGES, date(2027, 2, 28), date(2028, 2, 29), date(2027, 1, 31), date(2027, 12, 31))
NOTICED = {Task.STOP_FORWARDING, Task.REPLY_AND_FORWARD, Task.END_DELEGATIONS}

last_days = st.dates(date(2026, 1, 1), date(2029, 6, 1)) | st.builds(
    lambda edge, days: edge + timedelta(days=days), st.sampled_from(EDGES), st.integers(-95, 3)
)
months = st.integers(1, 3)
clocks = st.times()
closed_days = st.frozensets(st.dates(date(2026, 1, 1), date(2029, 12, 31)), max_size=40)


def calendar(day: date, at: time = time(6), closed: frozenset[date] = frozenset()) -> WorkCalendar:
    settled = {year: frozenset(d for d in closed if d.year == year) for year in YEARS}
    return WorkCalendar(datetime.combine(day, at, ZONE).astimezone(UTC), ZONE, ClosedDays(settled))


def stages(ends: date, norm: Leaver, closed: frozenset[date] = frozenset()) -> list[tuple[date, Stage]]:
    """Of every day from a few before the end until long after the last month."""
    days = [ends + timedelta(days=n) for n in range(-5, 125)]
    return [(day, stage(ends, norm, calendar(day, closed=closed))) for day in days]


@given(last_days, months)
def test_the_reply_never_lasts_longer_than_the_months_of_the_norm(ends: date, count: int) -> None:
    until = last_reply_day(ends, count)
    assert (until.year - ends.year) * 12 + until.month - ends.month == count
    assert until.day == min(ends.day, monthrange(until.year, until.month)[1])


@given(last_days, months, closed_days)
def test_the_stages_follow_each_other_and_each_has_its_days(
    ends: date, count: int, closed: frozenset[date]
) -> None:
    found = stages(ends, Leaver(reply_max_months=count), closed)
    assert all(ORDER.index(one) <= ORDER.index(next_) for (_, one), (_, next_) in pairwise(found))
    days = {one: [day for day, now in found if now is one] for one in Stage}
    until = last_reply_day(ends, count)
    assert days[Stage.NOT_LEAVING][-1] == ends
    assert (days[Stage.REPLY][0], days[Stage.REPLY][-1]) == (ends + timedelta(days=1), until)
    assert days[Stage.REMOVAL], "nobody stays between the stages for ever"


@given(last_days, months, closed_days)
def test_the_grace_is_one_working_day_and_the_free_days_before_it(
    ends: date, count: int, closed: frozenset[date]
) -> None:
    found = stages(ends, Leaver(reply_max_months=count), closed)
    grace = [day for day, now in found if now is Stage.GRACE]
    assert grace, "there is always one"
    *free, last = grace
    office = calendar(last, closed=closed).is_office_day
    assert not any(office(day) for day in free)
    assert office(last) or len(grace) == 14


@given(last_days, months, st.integers(-3, 100), clocks, clocks)
def test_a_day_has_one_stage_from_midnight_to_midnight(
    ends: date, count: int, after: int, one: time, other: time
) -> None:
    day, norm = ends + timedelta(days=after), Leaver(reply_max_months=count)
    assert stage(ends, norm, calendar(day, one)) is stage(ends, norm, calendar(day, other))


@given(last_days, months, st.integers(-3, 200))
def test_more_months_never_bring_a_later_stage(ends: date, count: int, after: int) -> None:
    here = calendar(ends + timedelta(days=after))
    shorter, longer = (stage(ends, Leaver(reply_max_months=n), here) for n in (1, count))
    assert ORDER.index(longer) <= ORDER.index(shorter)


@given(last_days, months, st.integers(0, 400))
def test_without_a_calendar_a_stage_is_told_only_where_none_is_needed(
    ends: date, count: int, after: int
) -> None:
    norm, day = Leaver(reply_max_months=count), ends + timedelta(days=after)
    settled = calendar(day)
    try:
        told = stage(ends, norm, replace(settled, closed=ClosedDays({})))
    except FactUnknown as missing:
        assert missing.reason is Reason.CALENDAR_YEAR_MISSING
        assert timedelta() < day - last_reply_day(ends, count) <= timedelta(days=14)
    else:
        assert told is stage(ends, norm, settled) or told is Stage.GRACE


@given(st.sampled_from(CASES), st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_what_is_noticed_beside_it_gives_work_and_changes_no_verdict(
    case: Case, rules: int, held: int, mailbox: bool
) -> None:
    other = case.changed(forwarding_rules=rules, held_access=held, mailbox_forwards=mailbox)
    before, after = case.verdict(), other.verdict()
    assert (before.outcome, before.why, before.reason) == (after.outcome, after.why, after.reason)
    assert before.tasks - NOTICED == after.tasks - NOTICED


@given(st.sampled_from([case for case in CASES if case.lines["ends"]]), st.integers(-400, 0))
def test_before_the_end_nothing_is_asked_and_nobody_gets_work(case: Case, before: int) -> None:
    ends = date.fromisoformat(str(case.lines["ends"]))
    early = replace(case, calendar=calendar(ends + timedelta(days=before), time(23, 59)))
    assert early.as_swept().values == {}
    assert early.verdict().tasks == frozenset()
    assert early.verdict().outcome in (Outcome.NOT_APPLICABLE, Outcome.UNKNOWN)


texts = st.lists(
    st.sampled_from(
        (
            "Kim heeft de sleutel ingeleverd.",
            "Kim werkt niet meer bij de gemeente.",
            "Ik ben met vakantie.",
            "Kim is ziek.",
            "Wilt u aangifte van overlijden doen? Bel 14 0123.",
            "Uw bericht wordt niet doorgestuurd.",
        )
    )
    | st.text(max_size=30),
    min_size=1,
).map(" ".join)


@given(texts, texts)
def test_words_that_nobody_knows_here_are_never_a_deviation(inside: str, outside: str) -> None:
    """Only what a text surely says is held against it; each text tells it by itself."""
    in_order = next(case for case in CASES if case.expected.why == "reply_on")
    given_case = in_order.changed(text_inside=f"x {inside}", text_outside=f"x {outside}")
    both = [LeaverReplyText(frozenset({"voorbeeld"})).features(f"x {text}") for text in (inside, outside)]
    wrong = any(
        ReplyFeature.TOO_MUCH in one or (ReplyFeature.ABSENT in one and ReplyFeature.LEFT not in one)
        for one in both
    )
    told = all(ReplyFeature.LEFT in one for one in both)
    verdict = given_case.verdict()
    expected = "reply_text" if wrong else "reply_on" if told else Reason.REPLY_TEXT_UNCLEAR.code
    assert verdict.why == expected
    assert verdict.outcome is (Outcome.DEVIATION if wrong else Outcome.COMPLIANT if told else Outcome.UNKNOWN)
    assert verdict.tasks == (frozenset() if told and not wrong else {Task.MEND_REPLY_TEXT})


@given(st.sampled_from(CASES))
def test_who_has_no_end_date_does_not_leave(case: Case) -> None:
    """A withdrawn date, or a contract that follows, leaves none in the directory."""
    staying = case.changed(ends=None)
    assert staying.as_swept().values == {}
    assert staying.verdict().outcome in (Outcome.NOT_APPLICABLE, Outcome.UNKNOWN)
