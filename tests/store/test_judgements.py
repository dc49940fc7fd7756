"""Today's verdicts: recorded once per person and slot, counted, and dropped by the next sweep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.model.facts import Reason
from mailbot.model.ids import RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.slots import Slot, SlotResult
from mailbot.model.tasks import Task
from mailbot.model.verdicts import (
    Judgement,
    Kind,
    Outcome,
    Verdict,
    compliant,
    deviation,
    not_applicable,
    tip,
    unknown,
)
from mailbot.ports import Work
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

AWAY = Interval(datetime(2026, 3, 3, 7, tzinfo=UTC), datetime(2026, 3, 6, 16, tzinfo=UTC))
QUOTA = RuleId("quota")
REPLY = RuleId("out_of_office")


def quota(verdict: Verdict) -> Judgement:
    return Judgement(QUOTA, Kind.STATE, verdict)


def reply(verdict: Verdict) -> Judgement:
    return Judgement(REPLY, Kind.EVENT, verdict)


def sweep_of_five(work: Work, story: Story) -> None:
    """Five people: every outcome once for quota, two outcomes for the reply; the fifth was not read."""
    slot = story.claim(work)
    away = deviation("no_reply_set", AWAY, first_day=date(2026, 3, 3), open_end=False)
    over = deviation("over_limit", size_bytes=6_000_000_000)
    verdicts = [compliant("within_limit"), over, tip("near_limit", size_bytes=5), not_applicable("shared")]
    for number, verdict in enumerate(verdicts, start=1):
        second = reply(away if number == 1 else compliant("reply_set"))
        work.record(slot, story.person(number), None, [quota(verdict), second], story.now)
    gone = unknown(Reason.MAILBOX_MISSING)
    work.record(slot, story.person(5), Reason.MAILBOX_MISSING, [quota(gone), reply(gone)], story.now)


def test_a_sweep_is_counted_by_rule_and_outcome(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        sweep_of_five(work, story)
        assert work.tally(story.sweep.id) == {
            QUOTA: dict.fromkeys(Outcome, 1),
            REPLY: {
                Outcome.COMPLIANT: 3,
                Outcome.DEVIATION: 1,
                Outcome.TIP: 0,
                Outcome.NOT_APPLICABLE: 0,
                Outcome.UNKNOWN: 1,
            },
        }
        assert work.unknowns(story.sweep.id) == {(QUOTA, "mailbox_missing"): 1, (REPLY, "mailbox_missing"): 1}
        assert work.read_count(story.sweep.id) == 4
        assert work.judged(story.sweep.id) == {story.person(number) for number in range(1, 6)}
        assert work.outcomes(story.sweep.id, QUOTA) == dict(
            zip([story.person(n) for n in (1, 3, 4, 2, 5)],
                [Outcome.COMPLIANT, Outcome.TIP, Outcome.NOT_APPLICABLE, Outcome.DEVIATION, Outcome.UNKNOWN],
                strict=True)
        )  # fmt: skip


def test_a_person_without_any_rule_is_a_checkpoint_too(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        slot = story.claim(work)
        work.record(slot, story.person(1), None, [], story.now)
        assert work.judged(slot) == {story.person(1)}
        assert work.read_count(slot) == 1
        assert work.tally(slot) == {}


def test_nobody_is_judged_twice_in_a_slot(store: SqlStore, story: Story) -> None:
    """A process that lost its slot may still write: what stands, stands."""
    with store.begin() as work:
        slot = story.claim(work)
        work.record(slot, story.person(1), None, [quota(compliant("within_limit"))], story.now)
        work.record(
            slot,
            story.person(1),
            Reason.MAILBOX_MISSING,
            [quota(deviation("over_limit")), reply(tip("x"))],
            story.now,
        )
        assert work.outcomes(slot, QUOTA) == {story.person(1): Outcome.COMPLIANT}
        assert work.outcomes(slot, REPLY) == {}
        assert work.read_count(slot) == 1


def test_slots_do_not_mix(store: SqlStore, story: Story) -> None:
    other = replace(story.sweep, label="manual-1")
    with store.begin() as work:
        sweep_of_five(work, story)
        story.claim(work, other)
        assert work.judged(other.id) == frozenset()
        assert work.tally(other.id) == {}
        assert work.unknowns(other.id) == {}
        assert work.read_count(other.id) == 0
        assert work.deciding(other.id) == []
        assert work.outcomes(other.id, QUOTA) == {}


def test_deviations_and_tips_decide_and_all_verdicts_of_who_has_a_living_finding(
    store: SqlStore, story: Story
) -> None:
    story.open_finding(3, letter=False)
    with store.begin() as work:
        sweep_of_five(work, story)
        found = {(person, judged.rule): judged for person, judged in work.deciding(story.sweep.id)}
    assert set(found) == {
        (story.person(1), REPLY),
        (story.person(2), QUOTA),
        (story.person(3), QUOTA),
        (story.person(3), REPLY),
    }
    away = found[story.person(1), REPLY]
    assert away == reply(deviation("no_reply_set", AWAY, first_day=date(2026, 3, 3), open_end=False))


def test_a_finding_that_is_over_decides_nothing(store: SqlStore, story: Story) -> None:
    story.open_finding(4, letter=False)
    with store.begin() as work:
        work.forget_absent([], story.now)
        sweep_of_five(work, story)
        assert story.person(4) not in {person for person, _ in work.deciding(story.sweep.id)}


def test_an_unknown_verdict_comes_back_with_its_reason(store: SqlStore, story: Story) -> None:
    story.open_finding(5, letter=False)
    with store.begin() as work:
        sweep_of_five(work, story)
        verdicts = [j.verdict for person, j in work.deciding(story.sweep.id) if person == story.person(5)]
    assert verdicts == [unknown(Reason.MAILBOX_MISSING)] * 2


def test_settling_drops_what_was_measured_and_keeps_the_outcomes(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        sweep_of_five(work, story)
        before = work.tally(story.sweep.id)
        work.settle(story.sweep.id)
        assert work.tally(story.sweep.id) == before
        for _, judged in work.deciding(story.sweep.id):
            assert judged.verdict.shown == {}
            assert judged.verdict.occurrence is None


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=1)])
def test_settling_drops_earlier_slots_and_leaves_later_ones(
    store: SqlStore, story: Story, later: timedelta
) -> None:
    today = Slot(story.sweep.job, story.sweep.day, "manual-1")
    tomorrow = Slot(story.sweep.job, story.sweep.day, "manual-2")
    with store.begin() as work:
        sweep_of_five(work, story)
        work.finish(story.sweep.id, story.now, SlotResult.COMPLETE, {})
        for slot, at in ((today, story.now + later), (tomorrow, story.now + later + timedelta(hours=1))):
            story.claim(work, slot, at)
            work.record(slot.id, story.person(1), None, [quota(compliant("within_limit"))], at)
        work.finish(tomorrow.id, story.now + later + timedelta(hours=2), SlotResult.COMPLETE, {})
        work.settle(today.id)
        assert work.judged(story.sweep.id) == frozenset()
        assert work.tally(story.sweep.id) == {}
        assert work.judged(today.id) == {story.person(1)}
        assert work.judged(tomorrow.id) == {story.person(1)}


def test_settling_leaves_an_earlier_sweep_that_is_under_way_its_checkpoint(
    store: SqlStore, story: Story
) -> None:
    """The scheduled sweep still reads while somebody runs one by hand; only when it is done may it go."""
    by_hand = Slot(story.sweep.job, story.sweep.day, "manual-1")
    hour = timedelta(hours=1)
    with store.begin() as work:
        sweep_of_five(work, story)
        before = work.judged(story.sweep.id), work.deciding(story.sweep.id)
        story.claim(work, by_hand, story.now + hour)
        work.settle(by_hand.id)
        assert (work.judged(story.sweep.id), work.deciding(story.sweep.id)) == before
        work.finish(story.sweep.id, story.now + hour, SlotResult.COMPLETE, {})
        work.settle(by_hand.id)
        assert (work.judged(story.sweep.id), work.deciding(story.sweep.id)) == (frozenset(), [])


def test_of_somebody_who_was_excluded_during_the_sweep_nothing_is_kept(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        slot = story.claim(work)
        work.exclude(story.guid(1), story.person(1), story.now)
        work.record(slot, story.person(1), None, [quota(deviation("over_limit"))], story.now)
        work.record(slot, story.person(2), None, [quota(deviation("over_limit"))], story.now)
        assert work.judged(slot) == {story.person(2)}
        assert work.outcomes(slot, QUOTA) == {story.person(2): Outcome.DEVIATION}


def test_tasks_are_counted_once_per_person_and_kept_until_the_next_sweep(
    store: SqlStore, story: Story
) -> None:
    block, stop = Task.BLOCK_ACCOUNT, Task.STOP_FORWARDING
    with store.begin() as work:
        slot = story.claim(work)
        open_account = quota(deviation("account_open").with_tasks(block, stop))
        also = reply(compliant("reply_set").with_tasks(block))
        work.record(slot, story.person(1), None, [open_account, also], story.now)
        work.record(slot, story.person(2), None, [quota(compliant("fine").with_tasks(stop))], story.now)
        work.record(slot, story.person(3), None, [quota(compliant("fine"))], story.now)
        work.settle(slot)
        assert work.task_counts(slot) == {block: 1, stop: 2}
        assert work.tasked(slot, block) == [story.person(1)]
        assert work.tasked(slot, stop) == sorted([story.person(1), story.person(2)])
        assert work.tasked(slot, Task.DECIDE_REMOVAL) == []


def test_a_judgement_comes_back_with_its_tasks(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        slot = story.claim(work)
        given = quota(deviation("account_open").with_tasks(Task.BLOCK_ACCOUNT))
        work.record(slot, story.person(1), None, [given], story.now)
        assert work.deciding(slot) == [(story.person(1), given)]


def test_of_who_left_during_a_slot_nothing_is_counted(store: SqlStore, story: Story) -> None:
    """What other slots recorded of them stays."""
    other = replace(story.sweep, label="dry-1")
    population = [story.person(number) for number in (1, 2, 3, 9)]
    with store.begin() as work:
        sweep_of_five(work, story)
        work.record(
            story.claim(work, other), story.person(4), None, [quota(compliant("within_limit"))], story.now
        )
        work.keep_only(story.sweep.id, population)
        assert work.judged(story.sweep.id) == set(population[:3])
        assert work.read_count(story.sweep.id) == 3
        assert work.missed_counts(story.sweep.id) == {}
        assert [sum(by.values()) for by in work.tally(story.sweep.id).values()] == [3, 3]
        assert work.judged(other.id) == {story.person(4)}


def test_what_other_slots_judged_of_somebody_is_told_with_when_they_began(
    store: SqlStore, story: Story
) -> None:
    later = story.now + timedelta(hours=1)
    other = replace(story.sweep, label="07:00")
    again = quota(compliant("within_limit"))
    with store.begin() as work:
        sweep_of_five(work, story)
        work.record(story.claim(work, other, later), story.person(1), None, [again], later)
        assert work.judgements_elsewhere(story.sweep.id, story.person(1)) == [(later, again)]
        assert work.judgements_elsewhere(story.sweep.id, story.person(2)) == []
        assert [at for at, _ in work.judgements_elsewhere(None, story.person(1))] == [story.now] * 2 + [later]
