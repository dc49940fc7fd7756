"""A finding changes only from the version that the plan rests on; each change leaves a line of history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.model.errors import PlanRefused
from mailbot.model.findings import FindingState
from mailbot.model.ids import FindingId, RuleId
from mailbot.model.letters import LetterKind, LetterState
from mailbot.model.mailbox import Interval
from mailbot.model.verdicts import Judgement, Kind, compliant
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

HOUR = timedelta(hours=1)
QUARTER = timedelta(weeks=13)
F1 = FindingId("f1")
AWAY = Interval(datetime(2026, 3, 3, 7, tzinfo=UTC), datetime(2026, 3, 6, 16, tzinfo=UTC))


def test_a_plan_opens_a_finding_and_orders_its_letter(store: SqlStore, story: Story) -> None:
    finding = story.open_finding(1)
    assert (finding.id, finding.state, finding.version) == (F1, FindingState.OPEN, 1)
    assert (finding.kind, finding.rule, finding.occurrence) == (Kind.STATE, "quota", None)
    assert (finding.opened, finding.changed) == (story.now, story.now)
    assert (finding.letters, finding.pending) == (1, True)
    with store.begin() as work:
        letter = work.letter(store.letter_id("1: first nudge"))
        assert letter is not None
        assert letter.order == story.order(1, finding=F1)
        assert letter.state is LetterState.WAITING


def test_an_event_keeps_when_it_happens(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        work.change(story.plan(story.step(1, story.transition(1, occurrence=AWAY))), 0, story.now)
        assert work.findings_of(story.person(1))[0].occurrence == AWAY
        longer = Interval(AWAY.start, AWAY.end + timedelta(days=3))
        step = story.step(1, story.transition(1, FindingState.TOLD, base=1, occurrence=longer))
        work.change(story.plan(step), 0, story.now)
        assert work.findings_of(story.person(1))[0].occurrence == longer


def test_the_same_finding_cannot_be_opened_twice(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work, pytest.raises(PlanRefused, match="new plan"):
        work.change(story.plan(story.step(1, story.transition(1))), 0, story.now)


@pytest.mark.parametrize("base", [2, 99])
def test_a_plan_that_rests_on_another_version_is_refused_whole(
    store: SqlStore, story: Story, base: int
) -> None:
    before = story.open_finding(1)
    step = story.step(1, story.transition(1, FindingState.REMINDED, base), story.order(1, "reminder"))
    with pytest.raises(PlanRefused), store.begin() as work:
        work.change(story.plan(step), 0, story.now + HOUR)
    with store.begin() as work:
        assert work.findings_of(story.person(1)) == [before]
        assert work.letter(store.letter_id("1: reminder")) is None


def test_a_change_moves_the_version_on(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work:
        work.change(
            story.plan(story.step(1, story.transition(1, FindingState.REMINDED, 1))), 0, story.now + HOUR
        )
        finding = work.findings_of(story.person(1))[0]
    assert (finding.state, finding.version) == (FindingState.REMINDED, 2)
    assert (finding.opened, finding.changed) == (story.now, story.now + HOUR)


def test_a_letter_alone_also_needs_its_finding_unchanged(store: SqlStore, story: Story) -> None:
    finding = story.open_finding(1, letter=False)
    order = story.order(1, "held till today", finding=F1)
    step = story.step(1, None, order, finding)
    with store.begin() as work:
        work.change(story.plan(step), 0, story.now)
        assert work.findings_of(story.person(1)) == [replace(finding, letters=1, pending=True)]
        [letter] = work.letters_of(story.person(1))
        work.told(letter, story.now + QUARTER, story.now + HOUR)
    with store.begin() as work, pytest.raises(PlanRefused):
        work.change(story.plan(step), 0, story.now)


def test_the_same_letter_twice_is_one_letter(store: SqlStore, story: Story) -> None:
    finding = story.open_finding(1)
    step = story.step(1, None, story.order(1, finding=F1), finding)
    with store.begin() as work:
        work.change(story.plan(step), 0, story.now)
        assert len(work.letters_of(story.person(1))) == 1
        assert work.findings_of(story.person(1))[0].letters == 1


@pytest.mark.parametrize("end", [FindingState.RESOLVED, FindingState.LAPSED, FindingState.WAIVED])
def test_an_end_withdraws_what_still_waits_and_lets_the_last_letter_go(
    store: SqlStore, story: Story, end: FindingState
) -> None:
    story.open_finding(1)
    thanks = story.order(1, "thanks", finding=F1, kind=LetterKind.THANKS)
    with store.begin() as work:
        work.change(story.plan(story.step(1, story.transition(1, end, 1), thanks)), 0, story.now + HOUR)
        states = {letter.order.key: letter.state for letter in work.letters_of(story.person(1))}
    assert states == {"1: first nudge": LetterState.WITHDRAWN, "1: thanks": LetterState.WAITING}


def test_a_letter_that_is_being_sent_is_not_withdrawn(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    letter = store.letter_id("1: first nudge")
    with store.begin() as work:
        work.move(letter, LetterState.WAITING, LetterState.CLAIMED, story.now)
        work.change(story.plan(story.step(1, story.transition(1, FindingState.RESOLVED, 1))), 0, story.now)
        kept = work.letter(letter)
        assert kept is not None
        assert kept.state is LetterState.CLAIMED


@pytest.mark.parametrize(
    ("to", "pending"),
    [(state, state in (LetterState.CLAIMED, LetterState.DRAFTED, LetterState.IN_DOUBT, LetterState.WAITING,
                       LetterState.SET_ASIDE)) for state in LetterState],
)  # fmt: skip
def test_a_finding_is_pending_while_a_letter_is_under_way_in_doubt_or_set_aside(
    store: SqlStore, story: Story, to: LetterState, pending: bool
) -> None:
    story.open_finding(1)
    with store.begin() as work:
        work.move(store.letter_id("1: first nudge"), LetterState.WAITING, to, story.now)
        finding = work.findings_of(story.person(1))[0]
    assert finding.pending is pending
    assert finding.letters == 1, "a letter that was ever ordered counts"


def test_living_findings_by_rule(store: SqlStore, story: Story) -> None:
    for number in (1, 2, 3):
        story.open_finding(number, now=story.now + number * HOUR)
    with store.begin() as work:
        work.change(story.plan(story.step(2, story.transition(2, FindingState.RESOLVED, 1))), 0, story.now)
        assert [finding.id for finding in work.living()] == ["f1", "f3"]
        assert len(work.living([RuleId("quota")])) == 2
        assert work.living([RuleId("out_of_office")]) == []
        assert work.living([]) == []
        assert work.finding_counts() == {
            (RuleId("quota"), FindingState.OPEN): 2,
            (RuleId("quota"), FindingState.RESOLVED): 1,
        }


def event(
    store: SqlStore, story: Story, sent: LetterState, end: FindingState | None, test: bool = False
) -> None:
    """Finding 1 about an event, its letter in state `sent`, and then the end of the finding."""
    order = story.order(1, finding=F1, weekly=False, test=test)
    with store.begin() as work:
        work.change(story.plan(story.step(1, story.transition(1, occurrence=AWAY), order)), 0, story.now)
        work.move(store.letter_id(order.key), LetterState.WAITING, sent, story.now)
        if end is not None:
            work.change(story.plan(story.step(1, story.transition(1, end, 1))), 0, story.now)


@pytest.mark.parametrize("end", [FindingState.RESOLVED, FindingState.LAPSED])
def test_an_event_that_somebody_was_told_of_counts_until_it_is_over(
    store: SqlStore, story: Story, end: FindingState
) -> None:
    """Who sets a reply and takes it away again is not told of the same absence twice."""
    event(store, story, LetterState.SENT, end)
    story.open_finding(2, now=story.now + HOUR)
    instant = timedelta(microseconds=1)
    with store.begin() as work:
        assert [finding.id for finding in work.living()] == ["f2"]
        assert [finding.id for finding in work.living(now=AWAY.end - instant)] == ["f1", "f2"]
        assert [finding.id for finding in work.living(now=AWAY.end)] == ["f2"]
        assert [finding.state for finding in work.living([RuleId("quota")], story.now)] == [
            end,
            FindingState.OPEN,
        ]
        assert work.living([RuleId("out_of_office")], story.now) == []


@pytest.mark.parametrize(
    ("sent", "test"),
    [
        (LetterState.SENT, True),
        (LetterState.WITHDRAWN, False),
        (LetterState.EXPIRED, False),
        (LetterState.REFUSED, False),
        (LetterState.BOUNCED, False),
        (LetterState.SET_ASIDE, False),
    ],
)
def test_an_event_that_nobody_was_told_of_ends_with_its_finding(
    store: SqlStore, story: Story, sent: LetterState, test: bool
) -> None:
    """A test letter told the person nothing, and one that came back told nobody."""
    event(store, story, sent, FindingState.RESOLVED, test)
    with store.begin() as work:
        assert work.living(now=story.now) == []


def test_a_living_event_is_there_once_however_many_letters_it_has_and_also_when_it_is_over(
    store: SqlStore, story: Story
) -> None:
    event(store, story, LetterState.SENT, None)
    with store.begin() as work:
        thanks = story.order(1, "thanks", finding=F1)
        assert work.order(store.letter_id(thanks.key), thanks, story.now)
        work.move(store.letter_id(thanks.key), LetterState.WAITING, LetterState.SENT, story.now)
        for at in (story.now, AWAY.end + HOUR):
            assert [finding.id for finding in work.living(now=at)] == ["f1"]


def test_a_state_that_is_mended_is_over_although_it_was_told(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work:
        work.move(store.letter_id("1: first nudge"), LetterState.WAITING, LetterState.SENT, story.now)
        work.change(story.plan(story.step(1, story.transition(1, FindingState.RESOLVED, 1))), 0, story.now)
        assert work.living(now=story.now) == []


def test_a_finding_that_is_waived_lives_on(store: SqlStore, story: Story) -> None:
    """There is still something to mend when the waiver is over; until then every verdict about it counts."""
    with store.begin() as work:
        waived = story.transition(1, FindingState.WAIVED)
        work.change(story.plan(story.step(1, waived)), 0, story.now)
        assert [(f.id, f.state) for f in work.living()] == [(F1, FindingState.WAIVED)]
        assert work.finding_counts() == {(RuleId("quota"), FindingState.WAIVED): 1}
        fine = Judgement(RuleId("quota"), Kind.STATE, compliant("within_limit"))
        for number in (1, 2):
            work.record(story.claim(work), story.person(number), None, [fine], story.now)
        assert work.deciding(story.sweep.id) == [(story.person(1), fine)]
        assert work.forget_absent([story.person(1)], story.now) == 0
        assert work.forget_absent([], story.now + HOUR) == 1
        assert [f.state for f in work.findings_of(story.person(1))] == [FindingState.LAPSED]


def test_a_deviation_that_comes_back_takes_a_thank_you_that_waits_with_it(
    store: SqlStore, story: Story
) -> None:
    thanks = story.order(1, "thanks", kind=LetterKind.THANKS)
    of_other_topic = story.order(1, "more thanks", kind=LetterKind.THANKS, topic="signature")
    to_somebody_else = story.order(2, "thanks", kind=LetterKind.THANKS)
    with store.begin() as work:
        for order in (thanks, of_other_topic, to_somebody_else):
            work.order(store.letter_id(order.key), order, story.now)
        work.change(story.plan(story.step(1, story.transition(1))), 0, story.now)
        states = {x.order.key: x.state for n in (1, 2) for x in work.letters_of(story.person(n))}
    assert states == {
        thanks.key: LetterState.WITHDRAWN,
        of_other_topic.key: LetterState.WAITING,
        to_somebody_else.key: LetterState.WAITING,
    }


def test_findings_of_people_who_left_lapse_and_their_letters_stay_home(store: SqlStore, story: Story) -> None:
    for number in (1, 2):
        story.open_finding(number)
    with store.begin() as work:
        assert work.forget_absent([story.person(2)], story.now + HOUR) == 1
        assert work.forget_absent([story.person(2)], story.now + HOUR) == 0
        gone = work.findings_of(story.person(1))[0]
        assert (gone.state, gone.version, gone.changed) == (FindingState.LAPSED, 2, story.now + HOUR)
        assert work.letters_of(story.person(1))[0].state is LetterState.WITHDRAWN
        assert work.living() == work.findings_of(story.person(2))


def test_nothing_happens_to_somebody_who_was_excluded_since(store: SqlStore, story: Story) -> None:
    plan = story.plan(story.step(1, story.transition(1), story.order(1)))
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
    with store.begin() as work, pytest.raises(PlanRefused, match="left out"):
        work.change(plan, 0, story.now)
    with store.begin() as work:
        assert not work.order(store.letter_id("digest"), story.order(1, "digest"), story.now)
        assert work.findings_of(story.person(1)) == []
        assert work.letters_of(story.person(1)) == []


def test_of_a_rule_whose_decision_is_over_nothing_is_kept_but_that_letters_went(
    store: SqlStore, story: Story
) -> None:
    """Somebody was told, somebody's letter still waits; of another rule nothing is touched."""
    story.open_finding(1)
    story.open_finding(2)
    with store.begin() as work:
        other = replace(story.transition(3), rule=RuleId("signature"))
        plan = story.plan(replace(story.step(3, other), rule=RuleId("signature")))
        story.claim(work)
        work.save_plan(plan)
        work.change(plan, 0, story.now)
        sent = store.letter_id("1: first nudge")
        for before, after in (
            (LetterState.WAITING, LetterState.CLAIMED),
            (LetterState.CLAIMED, LetterState.SENT),
        ):
            work.move(sent, before, after, story.now)
        assert work.end_rule(RuleId("quota")) > 0
        assert work.findings_of(story.person(1)) == work.findings_of(story.person(2)) == []
        assert [finding.rule for finding in work.findings_of(story.person(3))] == ["signature"]
        [kept] = work.letters_of(story.person(1))
        assert (kept.state, dict(kept.order.shown)) == (LetterState.SENT, {})
        assert work.letters_of(story.person(2)) == []
        assert work.end_rule(RuleId("quota")) == 0, "once is enough"
