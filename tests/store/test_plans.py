"""A plan comes out of the store as it went in, so that what was looked at is what is run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.model.errors import PlanRefused
from mailbot.model.findings import FindingState
from mailbot.model.ids import FindingId, PlanId
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Held, PlanState, PlanStep
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

AWAY = Interval(datetime(2026, 3, 3, 7, tzinfo=UTC), datetime(2026, 3, 6, 16, tzinfo=UTC))


def test_a_plan_round_trips_with_every_kind_of_step(store: SqlStore, story: Story) -> None:
    """With all that a finding can carry: a value that got lost would be a plan that was never looked at."""
    finding = replace(story.open_finding(9), occurrence=AWAY, steps=2, told=story.now)
    plan = story.plan(
        story.step(1, story.transition(1, occurrence=AWAY), story.order(1, finding=FindingId("f1"))),
        story.step(9, story.transition(9, FindingState.RESOLVED, 1), None, finding),
        story.step(3, None, story.order(3, weekly=False)),
        story.step(5, None, story.order(5, test=True)),
        *(PlanStep(story.person(4), finding.rule, None, None, None, held) for held in Held),
    )
    with store.begin() as work:
        work.save_plan(plan)
    with store.begin() as work:
        found = work.plan(plan.id)
        assert found == (plan, PlanState.STORED)
        assert found[0].counts() == plan.counts()


def test_a_plan_is_marked_and_then_stands(store: SqlStore, story: Story) -> None:
    plan = story.plan(story.step(1, story.transition(1)))
    with store.begin() as work:
        work.save_plan(plan)
        work.save_plan(replace(plan, mode="pilot"))
        work.mark_plan(plan.id, PlanState.RUN, story.now + timedelta(hours=1))
        assert work.plan(plan.id) == (replace(plan, mode="pilot"), PlanState.RUN)
    with store.begin() as work, pytest.raises(PlanRefused, match="run already"):
        work.save_plan(plan)


@pytest.mark.parametrize("held", [PlanState.STORED, PlanState.HELD])
def test_a_plan_is_kept_in_the_state_that_it_was_made_in(
    store: SqlStore, story: Story, held: PlanState
) -> None:
    """A dry run is stored, a plan that the brake stops is held: of neither was anything done."""
    plan = story.plan(story.step(1, story.transition(1)))
    with store.begin() as work:
        work.save_plan(plan, PlanState.HELD)
        work.save_plan(plan, held)
        assert work.plan(plan.id) == (plan, held)


@pytest.mark.parametrize("end", [PlanState.RUN, PlanState.REJECTED, PlanState.REFUSED])
def test_a_plan_that_came_to_an_end_is_not_made_anew(store: SqlStore, story: Story, end: PlanState) -> None:
    with store.begin() as work:
        work.save_plan(story.plan(), PlanState.HELD)
        work.mark_plan(PlanId("p1"), end, story.now)
    with store.begin() as work, pytest.raises(PlanRefused, match=f"{end} already"):
        work.save_plan(story.plan())


def test_the_newest_plan_of_all_or_of_one_state(store: SqlStore, story: Story) -> None:
    hour = timedelta(hours=1)
    with store.begin() as work:
        assert work.newest_plan() is None
        for number, state in enumerate([PlanState.HELD, PlanState.HELD, PlanState.STORED]):
            work.save_plan(story.plan(name=f"plan {number}", made=story.now + number * hour), state)
        assert work.newest_plan() == "plan 2"
        assert work.newest_plan(PlanState.HELD) == "plan 1"
        assert work.newest_plan(PlanState.RUN) is None
        work.mark_plan(PlanId("plan 1"), PlanState.REJECTED, story.now + 5 * hour)
        assert work.newest_plan(PlanState.HELD) == "plan 0"
        assert work.newest_plan() == "plan 2", "by when it was made, not by when somebody decided"


def test_an_empty_plan_is_a_plan(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        work.save_plan(story.plan())
        assert work.plan(PlanId("p1")) == (story.plan(), PlanState.STORED)


def test_a_plan_that_is_not_there(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        assert work.plan(PlanId("p2")) is None
    with store.begin() as work, pytest.raises(PlanRefused, match="no plan"):
        work.mark_plan(PlanId("p2"), PlanState.RUN, story.now)


def test_a_stored_plan_loses_the_steps_of_who_is_excluded(store: SqlStore, story: Story) -> None:
    steps = [story.step(number, story.transition(number)) for number in (1, 2, 3)]
    with store.begin() as work:
        work.save_plan(story.plan(*steps))
        work.exclude(story.guid(2), story.person(2), story.now)
        assert work.plan(PlanId("p1")) == (story.plan(steps[0], steps[2]), PlanState.STORED)
