"""Waivers and thanks: what a plan tells nobody, and what it is glad to tell."""

from dataclasses import replace

import pytest

from mailbot.engine.ladder import Ladder
from mailbot.model.facts import Reason
from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterKind
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, Held
from mailbot.model.verdicts import Kind, Verdict, compliant, not_applicable, tip, unknown
from tests.unit.engine.planning import (
    ABSENCE,
    DELEGATES,
    KIM,
    LEAVER,
    LEE,
    LIMITS,
    QUOTA,
    existing,
    letter_of,
    local,
    plan,
    shares_a_private_folder,
    too_large,
    topic,
    window,
)


def test_a_waived_deviation_is_opened_as_waived_and_told_to_nobody() -> None:
    [step] = plan(replace(too_large(), waived=True))
    assert (step.letter, step.held, step.name) == (None, None, "waived")


def test_when_a_waiver_is_over_it_is_opened_and_told_in_one_step() -> None:
    [step] = plan(too_large(KIM, existing(FindingState.WAIVED, letters=1)))
    assert step.name == "open+nudge" and step.finding is not None
    assert step.transition is not None and step.transition.base_version == step.finding.version
    assert (letter_of(step).finding, letter_of(step).key) == ("f1", "f1/nudge/1")


def test_while_a_letter_is_still_in_doubt_it_is_opened_and_not_told() -> None:
    [step] = plan(too_large(KIM, existing(FindingState.WAIVED, letters=1, pending=True)))
    assert (step.name, step.letter) == ("open", None)
    assert step.finding is not None


def test_under_a_waiver_there_is_no_tip_either() -> None:
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    assert plan(replace(shares_a_private_folder(), waived=True), limits=limits) == ()


MENDED = existing(FindingState.RESOLVED, letters=1, told="2026-11-06 09:00", changed="2026-11-12 06:00")


def test_whoever_mended_it_after_a_letter_is_thanked() -> None:
    [step] = plan(mended=[MENDED])
    order = letter_of(step)
    assert (order.kind, order.topic, order.finding) == (LetterKind.THANKS, QUOTA, "f1")
    assert (order.weekly, order.shown, order.key) == (True, {}, f"thanks/quota/{KIM}")
    assert (step.name, step.finding) == ("keep+thanks", MENDED)


def test_thanks_are_no_letter_too_soon_or_too_many() -> None:
    [step] = plan(mended=[replace(MENDED, steps=3)], kim=topic(3, "2026-11-12 09:00"))
    assert step.held is None


def test_who_had_letters_on_the_topic_before_may_have_been_thanked_before() -> None:
    """By a letter that the policy let us keep for six weeks only."""
    assert plan(mended=[replace(MENDED, steps=1)], kim=topic(2, "2026-11-12 09:00")) == ()
    [step] = plan(mended=[replace(MENDED, steps=1)], kim=topic(1, "2026-11-12 09:00"))
    assert letter_of(step).kind is LetterKind.THANKS


def test_thanks_come_after_everything_else_of_that_week() -> None:
    useful = existing(FindingState.RESOLVED, told="2026-11-06 09:00", rule=ABSENCE, name="f2")
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    made = plan(shares_a_private_folder(), mended=[useful], limits=limits)
    assert [(s.rule, s.held) for s in made] == [(DELEGATES, None), (ABSENCE, Held.ONE_A_WEEK)]


def test_thanks_and_tips_are_never_urgent_whatever_their_rule() -> None:
    useful = existing(FindingState.RESOLVED, told="2026-11-06 09:00", rule=ABSENCE)
    for made in (
        plan(mended=[useful]),
        plan(
            Case(KIM, ABSENCE, Kind.EVENT, tip("nobody_outside"), ()),
            limits=replace(LIMITS, hints={ABSENCE: frozenset({"nobody_outside"})}),
        ),
    ):
        [step] = made
        order = letter_of(step)
        assert order.weekly and window(order) == ("2026-11-20 08:30", "2026-11-27 17:00")


@pytest.mark.parametrize(
    "again",
    [
        too_large(),
        replace(too_large(), waived=True),
        too_large(KIM, existing(FindingState.TOLD, told="2026-11-18 09:00", name="f2")),
        Case(KIM, QUOTA, Kind.STATE, unknown(Reason.TIMED_OUT), (existing(FindingState.WAIVED, name="f2"),)),
        Case(KIM, QUOTA, Kind.STATE, unknown(Reason.TIMED_OUT), ()),
        Case(KIM, QUOTA, Kind.STATE, not_applicable("no_quota"), ()),
        Case(KIM, QUOTA, Kind.STATE, compliant("fine"), (existing(FindingState.OPEN, name="f2"),)),
        Case(KIM, QUOTA, Kind.STATE, compliant("fine"), (), waived=True),
    ],
)
def test_nobody_is_thanked_while_it_is_not_certainly_in_order(again: Case) -> None:
    assert not any(s.letter and s.letter.kind is LetterKind.THANKS for s in plan(again, mended=[MENDED]))


@pytest.mark.parametrize(
    "fine", [compliant("fine"), tip("nearly")], ids=["in order", "a tip that is worth no letter"]
)
def test_what_is_in_order_today_is_thanked_for(fine: Verdict) -> None:
    [step] = plan(Case(KIM, QUOTA, Kind.STATE, fine, ()), mended=[MENDED])
    assert letter_of(step).kind is LetterKind.THANKS


def test_an_open_matter_of_somebody_else_or_on_another_topic_is_no_reason_not_to_thank() -> None:
    made = plan(too_large(LEE), too_large(rule=LEAVER), mended=[MENDED])
    assert LetterKind.THANKS in {s.letter.kind for s in made if s.letter}


def test_thanks_are_given_once_for_a_topic() -> None:
    older = existing(FindingState.RESOLVED, told="2026-11-02 09:00", name="f0", changed="2026-11-08 06:00")
    older = replace(older, opened=local("2026-11-01 06:00"))
    for mended in ([older, MENDED], [MENDED, older]):
        [step] = plan(mended=mended)
        assert letter_of(step).finding == "f1", "for what was mended last"
    thanked = replace(LIMITS, hinted={f"thanks/quota/{KIM}"}.__contains__)
    assert plan(mended=[MENDED], limits=thanked) == ()


def test_where_nobody_wants_thanks_nobody_is_thanked() -> None:
    assert plan(mended=[MENDED], limits=replace(LIMITS, ladder=Ladder(thanks=False))) == ()
    assert plan(mended=[replace(MENDED, rule=LEAVER)]) == (), "nobody was told of an administrator's work"
    week = Interval(local("2026-11-01 00:00"), local("2026-12-25 00:00"))
    assert plan(mended=[replace(MENDED, kind=Kind.EVENT, occurrence=week)]) == (), (
        "events are told, not mended"
    )
