"""Letters of a plan by example: when they may leave, who goes first, and what holds one back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterKind
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, Held
from mailbot.model.verdicts import Kind, compliant, deviation
from tests.unit.engine.planning import (
    ABSENCE,
    DELEGATES,
    KIM,
    LABELLED,
    LEAVER,
    LEE,
    LIMITS,
    MO,
    QUOTA,
    SIGNATURE,
    away,
    existing,
    letter_of,
    local,
    plan,
    shares_a_private_folder,
    too_large,
    window,
)


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
    [step] = plan(too_large(), nudged={KIM})
    assert (step.letter, step.held) == (None, Held.ONE_A_WEEK)


def test_the_cap_lets_the_most_urgent_rule_through_first() -> None:
    limits = replace(LIMITS, cap=2)
    made = plan(too_large(KIM), too_large(LEE), away(MO), limits=limits)
    assert [(s.rule, s.held) for s in made] == [(ABSENCE, None), (QUOTA, None), (QUOTA, Held.CAP)]


def test_who_waits_for_the_cap_is_drawn_by_lot_each_day() -> None:
    limits = replace(LIMITS, cap=1)
    days = (f"2026-11-{day} 06:00" for day in range(10, 30))
    first = {plan(too_large(KIM), too_large(LEE), now=now, limits=limits)[0].person for now in days}
    assert first == {KIM, LEE}


def test_whoever_is_held_back_takes_no_place_under_the_cap() -> None:
    limits = replace(LIMITS, cap=1)
    for pilot, other in ((KIM, LEE), (LEE, KIM)):
        made = plan(too_large(KIM), too_large(LEE), limits=limits, held={(other, QUOTA): Held.NOT_IN_PILOT})
        assert {s.person: s.held for s in made} == {other: Held.NOT_IN_PILOT, pilot: None}


def test_a_rule_that_only_observes_holds_back_no_other_letter_to_the_same_person() -> None:
    made = plan(too_large(), too_large(rule=SIGNATURE), held={(KIM, QUOTA): Held.OBSERVING})
    assert [(s.rule, s.held) for s in made] == [(QUOTA, Held.OBSERVING), (SIGNATURE, None)]


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
    [step] = plan(too_large(KIM, existing(FindingState.OPEN)), held={(KIM, QUOTA): Held.MODE_OFF})
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


def test_in_mode_redirect_there_is_one_letter_per_finding() -> None:
    test = replace(LIMITS, test=True)
    for finding in (
        existing(FindingState.OPEN, letters=1),
        existing(FindingState.TOLD, 1, told="2026-10-02 09:00"),
    ):
        [step] = plan(too_large(KIM, finding), limits=test)
        assert (step.letter, step.held) == (None, Held.TESTED)
    [step] = plan(too_large(), limits=test)
    assert letter_of(step).test


def test_what_ends_today_by_the_clock_is_not_told_any_more() -> None:
    """Its occurrence moved on meanwhile: the next sweep opens it anew."""
    over = Interval(local("2026-11-16 08:30"), local("2026-11-19 17:00"))
    longer = Interval(local("2026-11-16 08:30"), local("2026-11-27 17:00"))
    finding = existing(FindingState.OPEN, rule=LABELLED, kind=Kind.EVENT, occurrence=over)
    [step] = plan(Case(KIM, LABELLED, Kind.EVENT, deviation("sent_unsecured", longer), (finding,)))
    assert (step.name, step.held) == ("lapsed", None)
