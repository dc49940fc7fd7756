"""Reminders, silence and the reader's own days: when a plan makes a letter, and why it does not."""

from dataclasses import replace
from datetime import date

from mailbot.engine.ladder import Recipient
from mailbot.engine.plan import make_steps
from mailbot.model.employment import Leave
from mailbot.model.findings import Finding, FindingState
from mailbot.model.letters import LetterKind
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Kind, deviation
from tests.unit.engine.planning import (
    ABSENCE,
    ANYBODY,
    DELEGATES,
    KIM,
    LABELLED,
    LIMITS,
    QUOTA,
    SIGNATURE,
    away,
    calendar,
    colleague,
    existing,
    letter_of,
    local,
    plan,
    shares_a_private_folder,
    too_large,
    topic,
    window,
)


def reminded(now: str, finding: Finding | None = None, kim: Recipient = ANYBODY) -> tuple[PlanStep, ...]:
    told = finding or existing(FindingState.TOLD, letters=1, told="2026-11-02 09:00")
    return plan(too_large(KIM, told), now=now, kim=kim)


def test_a_reminder_comes_when_the_days_since_delivery_are_over() -> None:
    assert reminded("2026-11-16 06:00") == (), "at 08:30 it is two weeks less half an hour"
    [step] = reminded("2026-11-17 06:00")
    order = letter_of(step)
    assert (order.kind, order.key, order.weekly) == (LetterKind.REMINDER, "f1/reminder/1", True)
    assert window(order) == ("2026-11-17 08:30", "2026-11-24 17:00")
    assert step.transition is None and step.finding is not None


def test_two_weeks_to_the_minute_are_two_weeks() -> None:
    on_the_dot = existing(FindingState.TOLD, letters=1, told="2026-11-02 08:30")
    assert len(reminded("2026-11-16 06:00", on_the_dot)) == 1


def test_the_second_reminder_counts_from_the_first() -> None:
    late = existing(FindingState.REMINDED, letters=2, told="2026-11-10 09:00")
    assert reminded("2026-11-20 06:00", late) == ()
    [step] = reminded("2026-11-25 06:00", late)
    assert letter_of(step).key == "f1/reminder/2"


def test_of_whom_it_is_not_known_when_they_were_told_the_last_change_counts() -> None:
    unsaid = existing(FindingState.TOLD, letters=1, changed="2026-11-02 09:00")
    assert reminded("2026-11-16 06:00", unsaid) == ()
    assert len(reminded("2026-11-17 06:00", unsaid)) == 1


def test_days_on_leave_are_no_days_to_mend_it() -> None:
    """A week of leave in between: ten days at work are over on Monday 23 November."""
    leave = (Leave(date(2026, 11, 9), date(2026, 11, 13), date(2026, 9, 1)),)
    on_leave = Recipient(replace(colleague(), leave=leave))
    assert reminded("2026-11-20 06:00", kim=on_leave) == ()
    assert len(reminded("2026-11-23 06:00", kim=on_leave)) == 1


def test_a_part_timer_gets_as_many_own_days_as_anybody() -> None:
    """Mondays and Tuesdays: 2, 3, 9, 10, 16, 17, 23, 24, 30 November and 1 December are ten."""
    assert reminded("2026-12-01 06:00", kim=Recipient(colleague(0, 1))) == ()
    [step] = reminded("2026-12-02 06:00", kim=Recipient(colleague(0, 1)))
    assert window(letter_of(step)) == ("2026-12-07 08:30", "2026-12-14 17:00")


def test_while_a_reminder_is_under_way_there_is_no_other() -> None:
    waiting = existing(FindingState.TOLD, letters=2, pending=True, told="2026-10-02 09:00")
    assert reminded("2026-11-20 06:00", waiting) == ()


def test_of_an_event_nobody_is_reminded() -> None:
    week = Interval(local("2026-11-01 00:00"), local("2026-12-25 00:00"))
    told = existing(
        FindingState.TOLD, letters=1, told="2026-10-02 09:00", rule=LABELLED, kind=Kind.EVENT, occurrence=week
    )
    labelled = Case(KIM, LABELLED, Kind.EVENT, deviation("sent_unsecured", week, messages=1), (told,))
    assert plan(labelled) == ()


def test_a_finding_that_comes_back_is_not_told_sooner_than_a_reminder_would_be() -> None:
    [step] = plan(too_large(), kim=topic(1, "2026-11-06 09:00"))
    assert step.held is Held.TOO_SOON
    assert step.transition is not None and step.transition.to is FindingState.OPEN
    [step] = plan(too_large(), kim=topic(1, "2026-11-06 08:30"))
    assert step.held is None


def test_another_topic_does_not_make_it_too_soon() -> None:
    [step] = plan(too_large(), kim=topic(3, "2026-11-12 09:00", rule=SIGNATURE))
    assert step.held is None


def test_after_as_many_letters_as_there_may_be_it_is_silent_until_the_silence_ends() -> None:
    told = existing(FindingState.REMINDED, letters=3, told="2026-08-20 09:00")
    [step] = reminded("2026-11-18 06:00", told, kim=topic(3, "2026-08-20 10:00"))
    assert (step.letter, step.held) == (None, Held.SILENT)
    [step] = reminded("2026-11-18 06:00", told, kim=topic(3, "2026-08-20 09:30"))
    assert letter_of(step).kind is LetterKind.REMINDER, "silence ends at 08:30, and it begins again"
    [step] = reminded("2026-11-18 06:00", told, kim=topic(2, "2026-08-20 10:00"))
    assert step.held is None


def test_an_absence_is_never_too_soon_but_may_be_one_too_many() -> None:
    [step] = plan(away(), kim=topic(2, "2026-11-19 11:00", rule=ABSENCE), nudged={KIM})
    assert step.held is None
    [step] = plan(away(), kim=topic(3, "2026-11-19 11:00", rule=ABSENCE))
    assert step.held is Held.SILENT


def test_a_tip_has_its_place_on_the_ladder() -> None:
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    [step] = plan(shares_a_private_folder(), limits=limits, kim=topic(1, "2026-11-12 09:00", DELEGATES))
    assert (step.letter, step.held, step.name) == (None, Held.SILENT, "keep (silent)")


def test_a_tip_comes_once_also_when_its_letter_is_forgotten_before_the_topic_is() -> None:
    """Where the policy keeps letters for six weeks only, nobody gets the same tip every six weeks."""
    limits = replace(LIMITS, hints={DELEGATES: frozenset({"private_folder_shared"})})
    told = topic(1, "2026-10-02 09:00", DELEGATES)
    [step] = plan(shares_a_private_folder(), limits=limits, kim=told)
    assert (step.letter, step.held) == (None, Held.SILENT)
    [step] = plan(shares_a_private_folder(), limits=limits, kim=topic(1, "2026-08-20 09:00", DELEGATES))
    assert letter_of(step).kind is LetterKind.HINT


def test_a_letter_waits_for_the_readers_own_working_day() -> None:
    """On a Friday, to somebody who works on Tuesdays and Wednesdays."""
    [step] = plan(too_large(), kim=Recipient(colleague(1, 2)))
    assert window(letter_of(step)) == ("2026-11-24 08:30", "2026-12-01 17:00")


def test_an_own_day_on_which_the_office_is_closed_is_none() -> None:
    """Fridays: 25 December and 1 January are closed."""
    [step] = plan(too_large(), now="2026-12-19 06:00", kim=Recipient(colleague(4)))
    assert window(letter_of(step)) == ("2027-01-08 08:30", "2027-01-15 17:00")


def test_a_letter_waits_until_an_own_day_at_the_latest() -> None:
    """Five office days after Monday 21 December is Tuesday 29."""
    [step] = plan(too_large(), now="2026-12-19 06:00", kim=Recipient(colleague(0)))
    assert window(letter_of(step)) == ("2026-12-21 08:30", "2026-12-28 17:00")


def test_who_works_on_saturdays_only_is_not_written_to() -> None:
    [step] = plan(too_large(), kim=Recipient(colleague(5)))
    assert (step.letter, step.held) == (None, Held.AWAY)
    assert step.transition is not None


def test_whoever_is_away_on_the_next_own_day_waits() -> None:
    leave = (Leave(date(2026, 11, 23), date(2026, 11, 24), date(2026, 9, 1)),)
    part_timer = Recipient(replace(colleague(1, 2), leave=leave))
    [step] = plan(too_large(), kim=part_timer)
    assert step.held is Held.AWAY, "although today is no leave"


def test_an_absence_letter_waits_for_nobody_who_is_away_today() -> None:
    leave = (Leave(date(2026, 11, 20), date(2026, 11, 20), date(2026, 9, 1)),)
    [step] = plan(away(), kim=Recipient(replace(colleague(), leave=leave)))
    assert step.held is Held.AWAY


def test_whoever_has_left_the_directory_gets_no_letter() -> None:
    [step] = make_steps(
        [too_large()], calendar("2026-11-20 06:00"), LIMITS, lambda _person, _rule: None, (), {}
    )
    assert step.held is Held.LEFT
    told = too_large(KIM, existing(FindingState.TOLD, told="2026-08-02 09:00"))
    assert make_steps([told], calendar("2026-11-20 06:00"), LIMITS, lambda *_: None, (), {}) == ()


def test_what_the_ladder_holds_is_not_put_down_to_a_rule_that_only_observes() -> None:
    """What a rule is said to have sent is what it would have sent."""
    resting = Recipient(colleague(), rests_until=local("2026-11-27 06:00"))
    [step] = plan(too_large(), kim=resting, held={(KIM, QUOTA): Held.OBSERVING})
    assert step.held is Held.RESTING


def test_the_last_letter_before_a_rest_says_so() -> None:
    """By then two letters on the topic were delivered; the one before it says nothing."""
    told = existing(FindingState.REMINDED, letters=2, told="2026-11-02 09:00")
    [third] = reminded("2026-11-24 06:00", told, topic(2, "2026-11-02 09:00"))
    [second] = reminded("2026-11-24 06:00", told, topic(1, "2026-11-02 09:00"))
    assert letter_of(third).shown == {"size_bytes": 6, "last": True}
    assert letter_of(second).shown == {"size_bytes": 6}


def test_letters_whose_silence_is_over_count_no_more_towards_the_last() -> None:
    told = existing(FindingState.REMINDED, letters=3, told="2026-08-03 09:00")
    [again] = reminded("2026-11-24 06:00", told, topic(3, "2026-08-03 09:00"))
    assert "last" not in letter_of(again).shown
