"""One person's story: every change of a finding in plain meaning, and before when no letter can come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailbot.engine.ladder import Ladder
from mailbot.jobs.story import Ahead, Event, Happened, HeldBack, ahead, events, held_back
from mailbot.model.findings import Finding, FindingChange, FindingState, TopicLetters
from mailbot.model.ids import FindingId, LetterId, PersonKey, PlanId, RuleId, SlotId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState, OutboxLetter
from mailbot.model.plan import Held, Plan, PlanStep
from mailbot.model.verdicts import Kind

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
DAY = timedelta(days=1)
ANNE, PIET = PersonKey("anne"), PersonKey("piet")
QUOTA, SIGNATURE = RuleId("quota"), RuleId("signature")
F1 = FindingId("f1")
FINDING = Finding(F1, ANNE, QUOTA, Kind.STATE, FindingState.TOLD, 1, NOW, NOW)
LADDER = Ladder()
OPEN, TOLD, REMINDED, RESOLVED, WAIVED, LAPSED = (
    FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED, FindingState.RESOLVED,
    FindingState.WAIVED, FindingState.LAPSED,
)  # fmt: skip


def letter(
    state: LetterState, changed: datetime = NOW, weekly: bool = True, test: bool = False
) -> OutboxLetter:
    order = LetterOrder(
        "key", LetterKind.NUDGE, "quota", ANNE, {}, NOW, NOW + DAY, F1, weekly=weekly, test=test
    )
    return OutboxLetter(LetterId("l"), order, state, changed=changed)


# what happened


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        (None, OPEN, Happened.OPENED),
        (None, WAIVED, Happened.WAIVED),
        (OPEN, WAIVED, Happened.WAIVED),
        (REMINDED, WAIVED, Happened.WAIVED),
        (WAIVED, OPEN, Happened.WAIVER_OVER),
        (OPEN, TOLD, Happened.TOLD),
        (TOLD, REMINDED, Happened.REMINDED),
        (REMINDED, REMINDED, Happened.REMINDED),
        (TOLD, OPEN, Happened.CAME_BACK),
        (REMINDED, TOLD, Happened.CAME_BACK),
        *((state, RESOLVED, Happened.MENDED) for state in (OPEN, TOLD, REMINDED, WAIVED)),
        *((state, LAPSED, Happened.LAPSED) for state in (OPEN, TOLD, REMINDED, WAIVED)),
    ],
)
def test_every_change_has_a_meaning(
    before: FindingState | None, after: FindingState, happened: Happened
) -> None:
    change = FindingChange(F1, NOW, before, after)
    assert events([FINDING], [change], []) == (Event(NOW, QUOTA, happened),)


def test_a_step_taken_back_from_the_top_is_told_by_the_letter_that_came_back() -> None:
    """A finding that stays reminded looks the same after one letter more and after one letter less."""
    more, less = (FindingChange(F1, NOW + n * DAY, REMINDED, REMINDED) for n in (0, 1))
    back = letter(LetterState.BOUNCED, changed=less.at)
    told = events([FINDING], [more, less], [back, letter(LetterState.SENT, changed=more.at)])
    assert [event.happened for event in told] == [Happened.REMINDED, Happened.CAME_BACK]


def test_the_story_is_told_in_order_and_of_findings_that_are_kept() -> None:
    other = replace(FINDING, id=FindingId("f2"), rule=SIGNATURE)
    history = [
        FindingChange(F1, NOW + 2 * DAY, OPEN, RESOLVED),
        FindingChange(FindingId("f2"), NOW + DAY, None, OPEN),
        FindingChange(F1, NOW, None, OPEN),
        FindingChange(FindingId("forgotten"), NOW, None, OPEN),
    ]
    assert events([FINDING, other], history, []) == (
        Event(NOW, QUOTA, Happened.OPENED),
        Event(NOW + DAY, SIGNATURE, Happened.OPENED),
        Event(NOW + 2 * DAY, QUOTA, Happened.MENDED),
    )


# what comes next


def topic(letters: int, newest: datetime) -> dict[RuleId, TopicLetters]:
    return {QUOTA: TopicLetters(letters, newest + timedelta(days=LADDER.silence_days))}


@pytest.mark.parametrize("letters", [1, 2])
def test_the_next_letter_on_a_topic_keeps_its_distance(letters: int) -> None:
    told = ahead(topic(letters, NOW - DAY), None, [], LADDER, [], NOW)
    assert told == (Ahead(QUOTA, NOW + 13 * DAY, Held.TOO_SOON),)
    assert ahead(topic(letters, NOW - 14 * DAY), None, [], LADDER, [], NOW) == ()
    assert ahead(topic(letters, NOW - DAY), None, [], LADDER, [QUOTA], NOW) == (), "urgent is never too soon"


def test_after_the_last_letter_a_topic_is_silent_until_all_are_forgotten() -> None:
    for urgent in ([], [QUOTA]):
        told = ahead(topic(3, NOW - 20 * DAY), None, [], LADDER, urgent, NOW)
        assert told == (Ahead(QUOTA, NOW + 70 * DAY, Held.SILENT),)


def test_a_rest_holds_for_all_topics_and_until_its_end() -> None:
    assert ahead({}, NOW + DAY, [], LADDER, [], NOW) == (Ahead(None, NOW + DAY, Held.RESTING),)
    assert ahead({}, NOW, [], LADDER, [], NOW) == ()


@pytest.mark.parametrize("state", LetterState)
def test_a_letter_that_was_tried_is_the_letter_of_its_week(state: LetterState) -> None:
    tried = state in (LetterState.SENT, LetterState.REFUSED, LetterState.BOUNCED, LetterState.SET_ASIDE)
    told = ahead({}, None, [letter(state, NOW - 2 * DAY), letter(state, NOW - 5 * DAY)], LADDER, [], NOW)
    assert told == ((Ahead(None, NOW + 5 * DAY, Held.ONE_A_WEEK),) if tried else ())
    for old in (
        letter(state, NOW - 7 * DAY),
        letter(state, NOW, weekly=False),
        letter(state, NOW, test=True),
    ):
        assert ahead({}, None, [old], LADDER, [], NOW) == ()


def test_what_the_newest_plan_held_back_is_told_of_one_person() -> None:
    def step(person: PersonKey, rule: RuleId, why: Held | None) -> PlanStep:
        return PlanStep(person, rule, None, None, None, why)

    steps = (
        step(ANNE, SIGNATURE, Held.AWAY), step(PIET, QUOTA, Held.CAP), step(ANNE, RuleId("leaver"), None),
        step(ANNE, QUOTA, Held.OBSERVING),
    )  # fmt: skip
    plan = Plan(PlanId("p"), SlotId("s"), NOW, "live", "1", steps)
    assert held_back(plan, ANNE) == (
        HeldBack(QUOTA, NOW, Held.OBSERVING),
        HeldBack(SIGNATURE, NOW, Held.AWAY),
    )
