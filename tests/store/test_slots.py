"""Each turn of a job is taken once, and by another process only when the first one died."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.model.errors import Busy
from mailbot.model.slots import Claim, Job, Slot, SlotResult, SlotRow
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

LEASE = timedelta(minutes=10)


def test_a_slot_is_new_once_and_then_held_by_who_took_it(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        assert work.claim(story.sweep, "first", story.now, story.now + LEASE) is Claim.NEW
    with store.begin() as work:
        assert work.claim(story.sweep, "second", story.now, story.now + LEASE) is Claim.HELD


def test_the_same_owner_comes_back_to_its_own_slot(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        work.claim(story.sweep, "first", story.now, story.now + LEASE)
        assert work.claim(story.sweep, "first", story.now, story.now + LEASE) is Claim.RESUMED


def test_a_lease_that_ran_out_lets_another_owner_take_over(store: SqlStore, story: Story) -> None:
    later = story.now + LEASE
    with store.begin() as work:
        work.claim(story.sweep, "first", story.now, later)
        assert work.claim(story.sweep, "second", later, later + LEASE) is Claim.RESUMED
    with store.begin() as work, pytest.raises(Busy, match="took over"):
        work.extend(story.sweep.id, "first", later + LEASE)


def test_an_extended_lease_keeps_others_out(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        work.claim(story.sweep, "first", story.now, story.now + LEASE)
        work.extend(story.sweep.id, "first", story.now + 3 * LEASE)
        assert work.claim(story.sweep, "second", story.now + 2 * LEASE, story.now + 3 * LEASE) is Claim.HELD


def test_a_finished_slot_is_done_for_everybody_and_cannot_be_finished_twice(
    store: SqlStore, story: Story
) -> None:
    with store.begin() as work:
        work.claim(story.sweep, "first", story.now, story.now + LEASE)
        work.finish(story.sweep.id, story.now, SlotResult.COMPLETE, {})
        for owner in ("first", "second"):
            assert work.claim(story.sweep, owner, story.now + 2 * LEASE, story.now + 3 * LEASE) is Claim.DONE
    with store.begin() as work, pytest.raises(Busy, match="finished"):
        work.finish(story.sweep.id, story.now, SlotResult.PARTIAL, {})
    with store.begin() as work, pytest.raises(Busy):
        work.extend(story.sweep.id, "first", story.now + 3 * LEASE)


def test_turns_of_a_job_are_told_since_a_day_oldest_first(store: SqlStore, story: Story) -> None:
    slots = [Slot(Job.SWEEP, date(2026, 3, day), "06:00") for day in (4, 2, 3)]
    with store.begin() as work:
        for slot in [*slots, Slot(Job.DIGEST, date(2026, 3, 4), "07:00")]:
            work.claim(slot, "first", story.now, story.now + LEASE)
        work.finish(slots[0].id, story.now + LEASE, SlotResult.SKIPPED, {})
        assert work.slots(Job.SWEEP, date(2026, 3, 3)) == [
            SlotRow(slots[2], story.now, None, None, story.now + LEASE),
            SlotRow(slots[0], story.now, story.now + LEASE, SlotResult.SKIPPED, story.now + LEASE),
        ]


def test_the_last_counts_are_those_of_the_newest_turn_whose_verdicts_count(
    store: SqlStore, story: Story
) -> None:
    """An aborted one was broken off: nothing follows from what it judged."""
    results = [
        SlotResult.COMPLETE, SlotResult.PARTIAL, SlotResult.ABORTED, SlotResult.CLOSED, SlotResult.SKIPPED
    ]  # fmt: skip
    with store.begin() as work:
        assert work.last_counts(Job.SWEEP) is None
        for hour, result in enumerate(results):
            slot = replace(story.sweep, label=f"0{hour}:00")
            work.claim(slot, "first", story.now, story.now + LEASE)
            work.finish(
                slot.id, story.now + timedelta(hours=hour), result, {"read": hour, "rules": {"quota": 1}}
            )
        found = work.last_counts(Job.SWEEP)
        assert found is not None
        row, counts = found
        assert (row.slot.label, row.result) == ("01:00", SlotResult.PARTIAL)
        assert counts == {"read": 1, "rules": {"quota": 1}}


def test_who_leaves_a_turn_lets_the_next_one_in_at_once_and_says_how_far_it_came(
    store: SqlStore, story: Story
) -> None:
    with store.begin() as work:
        work.claim(story.sweep, "first", story.now, story.now + LEASE)
        with pytest.raises(Busy, match="took over"):
            work.leave(story.sweep.id, "second", story.now, {"why": "not mine"})
        work.leave(story.sweep.id, "first", story.now, {"why": "asked to end"})
        row = work.newest(Job.SWEEP)
        assert row is not None
        assert (row.finished, row.lease, row.counts) == (None, story.now, {"why": "asked to end"})
        assert work.claim(story.sweep, "second", story.now, story.now + LEASE) is Claim.RESUMED


def test_the_newest_turn_is_the_one_that_began_last(store: SqlStore, story: Story) -> None:
    """Over or not. A turn that was skipped never began."""
    early, late, missed = (replace(story.sweep, label=label) for label in ("06:00", "07:00", "05:00"))
    with store.begin() as work:
        assert work.newest(Job.SWEEP) is None
        for hour, slot in enumerate((early, late, missed)):
            begun = story.now + timedelta(hours=hour)
            work.claim(slot, "first", begun, begun + LEASE)
        work.finish(early.id, story.now + timedelta(hours=9), SlotResult.COMPLETE, {})
        work.finish(missed.id, story.now + timedelta(hours=9), SlotResult.SKIPPED, {})
        row = work.newest(Job.SWEEP)
        assert row is not None
        assert row.slot == late
        assert work.newest(Job.DIGEST) is None
