"""Letters of a plan by example: when they may leave, who goes first, and what holds one back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailbot.engine.plan import LetterHours, Limits, make_steps
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Kind, compliant, deviation, tip
from mailbot.model.worktime import ClosedDays, WorkCalendar

ZONE = ZoneInfo("Europe/Amsterdam")
CLOSED = ClosedDays(
    {2026: frozenset({date(2026, 4, 6), date(2026, 12, 25)}), 2027: frozenset({date(2027, 1, 1)})}
)
QUOTA, SIGNATURE, ABSENCE = RuleId("quota"), RuleId("signature"), RuleId("out_of_office")
LEAVER, LABELLED = RuleId("leaver"), RuleId("confidential_external")
DELEGATES = RuleId("delegates")
LIMITS = Limits(
    cap=100,
    hours=LetterHours(),
    priority={ABSENCE: 20, QUOTA: 40, SIGNATURE: 45},
    silent=frozenset({LEAVER}),
    urgent=frozenset({ABSENCE}),
)
KIM, LEE, MO = (PersonKey(letter * 64) for letter in "klm")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def calendar(now: str) -> WorkCalendar:
    return WorkCalendar(local(now), ZONE, CLOSED)


def too_large(person: PersonKey = KIM, *findings: Finding, rule: RuleId = QUOTA) -> Case:
    return Case(person, rule, Kind.STATE, deviation("over_limit", size_bytes=6), findings)


def away(person: PersonKey = KIM) -> Case:
    week = Interval(local("2026-11-23 08:30"), local("2026-11-27 17:00"))
    return Case(person, ABSENCE, Kind.EVENT, deviation("no_reply_set", week), ())


def plan(
    *cases: Case, now: str = "2026-11-20 06:00", limits: Limits = LIMITS, **held: Held
) -> tuple[PlanStep, ...]:
    keys = {"kim": KIM, "lee": LEE, "mo": MO}
    reasons = {keys[name]: why for name, why in held.items()}
    return make_steps(cases, calendar(now), limits, reasons.get, ())


def letter_of(step: PlanStep) -> LetterOrder:
    assert step.letter is not None
    return step.letter


def window(order: LetterOrder) -> tuple[str, str]:
    begin, end = (at.astimezone(ZONE) for at in (order.not_before, order.not_after))
    return f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("now", "from_", "until"),
    [
        ("2026-11-20 06:00", "2026-11-20 08:30", "2026-11-27 17:00"),  # today
        ("2026-11-20 16:59", "2026-11-20 08:30", "2026-11-27 17:00"),  # still today
        ("2026-11-20 17:00", "2026-11-23 08:30", "2026-11-30 17:00"),  # Friday's office is closed: Monday
        ("2026-11-21 06:00", "2026-11-23 08:30", "2026-11-30 17:00"),  # weekend
        ("2026-04-06 06:00", "2026-04-07 08:30", "2026-04-14 17:00"),  # Easter Monday
        ("2026-12-25 06:00", "2026-12-28 08:30", "2027-01-05 17:00"),  # Christmas, over New Year
        ("2026-03-27 06:00", "2026-03-27 08:30", "2026-04-03 17:00"),  # over the change to summer time
        ("2026-10-23 06:00", "2026-10-23 08:30", "2026-10-30 17:00"),  # and back
        ("2027-12-30 06:00", "2027-12-30 08:30", "2028-01-06 17:00"),  # 2028 is not settled: weekends only
    ],
)
def test_a_letter_about_a_state_leaves_on_an_office_day(now: str, from_: str, until: str) -> None:
    [step] = plan(too_large(), now=now)
    assert window(letter_of(step)) == (from_, until)


@pytest.mark.parametrize(
    "now", ["2026-11-20 00:00", "2026-11-20 06:00", "2026-11-20 12:00", "2026-11-20 14:59"]
)
def test_a_letter_about_an_absence_leaves_the_same_day_between_ten_and_three(now: str) -> None:
    [step] = plan(away(), now=now)
    assert window(letter_of(step)) == ("2026-11-20 10:00", "2026-11-20 15:00")


@pytest.mark.parametrize("now", ["2026-11-20 15:00", "2026-11-20 23:59"])
def test_an_absence_seen_after_three_gives_a_finding_without_a_letter(now: str) -> None:
    [step] = plan(away(), now=now)
    assert (step.letter, step.held) == (None, Held.TOO_LATE_TODAY)
    assert step.transition is not None and step.transition.to is FindingState.OPEN


def test_a_letter_says_what_it_is_about_and_for_which_finding() -> None:
    [step] = plan(too_large())
    order = letter_of(step)
    assert step.transition is not None
    assert (order.kind, order.topic, order.person) == (LetterKind.NUDGE, QUOTA, KIM)
    assert order.finding == step.transition.finding
    assert order.shown == {"size_bytes": 6}
    assert step.name == "open+nudge"


def test_one_letter_about_states_per_person_and_the_absence_beside_it() -> None:
    made = plan(too_large(), too_large(rule=SIGNATURE), away())
    assert [(s.rule, s.letter is not None, s.held) for s in made] == [
        (ABSENCE, True, None),
        (QUOTA, True, None),
        (SIGNATURE, False, Held.ONE_A_WEEK),
    ]


def test_somebody_who_had_a_letter_this_week_waits() -> None:
    [step] = make_steps([too_large()], calendar("2026-11-20 06:00"), LIMITS, lambda _: None, {KIM})
    assert (step.letter, step.held) == (None, Held.ONE_A_WEEK)


def test_the_cap_lets_the_most_urgent_rule_through_first() -> None:
    limits = replace(LIMITS, cap=2)
    made = plan(too_large(KIM), too_large(LEE), away(MO), limits=limits)
    assert [(s.rule, s.person, s.held) for s in made] == [
        (ABSENCE, MO, None),
        (QUOTA, KIM, None),
        (QUOTA, LEE, Held.CAP),
    ]


def test_whoever_is_held_back_takes_no_place_under_the_cap() -> None:
    limits = replace(LIMITS, cap=1)
    made = plan(too_large(KIM), too_large(LEE), limits=limits, kim=Held.NOT_IN_PILOT)
    assert [(s.person, s.held) for s in made] == [(KIM, Held.NOT_IN_PILOT), (LEE, None)]


def existing(state: FindingState, letters: int = 0, pending: bool = False) -> Finding:
    then = local("2026-11-10 06:00")
    return Finding(FindingId("f1"), KIM, QUOTA, Kind.STATE, state, 2, then, then, None, letters, pending)


def test_what_was_told_is_not_told_again() -> None:
    assert plan(too_large(KIM, existing(FindingState.TOLD, letters=1))) == ()


def test_while_its_letter_is_under_way_a_finding_gets_no_other() -> None:
    assert plan(too_large(KIM, existing(FindingState.OPEN, letters=1, pending=True))) == ()


def test_after_a_letter_that_never_left_there_is_a_second_one_with_its_own_key() -> None:
    [first] = plan(too_large(KIM, existing(FindingState.OPEN)))
    [second] = plan(too_large(KIM, existing(FindingState.OPEN, letters=1)))
    assert first.transition is None and second.transition is None
    assert letter_of(first).key == "f1/nudge/0"
    assert letter_of(second).key == "f1/nudge/1"


def test_a_finding_that_is_held_back_stays_open_for_the_next_sweep() -> None:
    [step] = plan(too_large(KIM, existing(FindingState.OPEN)), kim=Held.MODE_OFF)
    assert (step.letter, step.transition, step.held) == (None, None, Held.MODE_OFF)
    assert step.name == "keep (mode_off)"


def test_a_mailbox_in_order_again_is_a_step_without_a_letter() -> None:
    [step] = plan(Case(KIM, QUOTA, Kind.STATE, compliant("within_limit"), (existing(FindingState.TOLD),)))
    assert step.letter is None and step.held is None
    assert step.name == "resolved"


def test_everybody_without_a_deviation_or_a_finding_is_no_step() -> None:
    assert plan(Case(KIM, QUOTA, Kind.STATE, compliant("within_limit"), ())) == ()
    assert plan() == ()


def test_an_absence_letter_expires_before_the_absence_that_it_speaks_of_begins() -> None:
    [step] = plan(away())
    case = away()
    assert case.verdict.occurrence is not None
    assert letter_of(step).not_after < case.verdict.occurrence.start - timedelta(hours=12)


def test_a_finding_that_is_an_administrators_work_sends_nobody_a_letter() -> None:
    [step] = plan(too_large(rule=LEAVER))
    assert (step.letter, step.held) == (None, None)
    assert step.transition is not None and step.transition.to is FindingState.OPEN


def test_an_event_that_can_wait_is_told_in_office_hours_and_counts_for_the_week() -> None:
    """Labelled mail of last week, found on a Saturday: Monday is soon enough."""
    week = Interval(local("2026-11-18 00:00"), local("2026-11-25 00:00"))
    labelled = Case(KIM, LABELLED, Kind.EVENT, deviation("sent_unsecured", week, messages=1), ())
    order = letter_of(plan(labelled, now="2026-11-21 06:00")[0])
    assert window(order) == ("2026-11-23 08:30", "2026-11-30 17:00")
    assert order.weekly


def shares_a_private_folder() -> Case:
    return Case(KIM, DELEGATES, Kind.STATE, tip("private_folder_shared"), ())


def test_a_tip_that_is_worth_a_letter_is_told_once_and_makes_no_finding() -> None:
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    [step] = plan(shares_a_private_folder(), limits=limits)
    order = letter_of(step)
    assert (order.kind, order.weekly, step.finding, step.transition) == (LetterKind.HINT, True, None, None)
    told = replace(limits, hinted={order.key}.__contains__)
    assert plan(shares_a_private_folder(), limits=told) == ()
    assert plan(shares_a_private_folder()) == (), "other tips are shown on request"


def test_a_tip_waits_for_what_asks_for_mending() -> None:
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    steps = plan(shares_a_private_folder(), too_large(), limits=limits)
    assert [(step.rule, step.held) for step in steps] == [(QUOTA, None), (DELEGATES, Held.ONE_A_WEEK)]
