"""Plans: what a sweep wants to do, kept so that a human can look at its counts and then run exactly that."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, insert, select, update

from mailbot.model.errors import PlanRefused
from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, PlanId, RuleId, SlotId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Held, Plan, PlanState, PlanStep
from mailbot.model.verdicts import Kind
from mailbot.store.part import Part
from mailbot.store.schema import plan as table
from mailbot.store.schema import plan_step

AT_REST = (PlanState.STORED, PlanState.HELD)
"""A human may still run it, and a newer one of the same name takes its place."""


class Plans(Part):
    def save_plan(self, plan: Plan, state: PlanState = PlanState.STORED) -> None:
        """A plan of which nothing was done yet is replaced. Raises PlanRefused for any other."""
        row = {"slot": plan.slot, "made": plan.made, "mode": plan.mode, "policy": plan.policy}
        kept: PlanState | None = self.connection.scalar(
            select(table.c.state).where(table.c.id == plan.id).with_for_update()
        )
        if kept is not None and kept not in AT_REST:
            raise PlanRefused(f"Plan {plan.id} was {kept} already. Make a new plan.")
        self.connection.execute(delete(table).where(table.c.id == plan.id))
        self.connection.execute(insert(table), {"id": plan.id, **row, "state": state, "changed": plan.made})
        if plan.steps:
            self.connection.execute(
                insert(plan_step),
                [
                    {
                        "plan": plan.id,
                        "position": position,
                        "person": step.person,
                        "made": plan.made,
                        "step": step_json(step),
                    }
                    for position, step in enumerate(plan.steps)
                ],
            )

    def plan(self, plan: PlanId) -> tuple[Plan, PlanState] | None:
        """Steps of people who were excluded since are gone from it."""
        row = self.connection.execute(select(table).where(table.c.id == plan)).first()
        if row is None:
            return None
        found = select(plan_step).where(plan_step.c.plan == plan).order_by(plan_step.c.position)
        steps = tuple(read_step(PersonKey(step.person), step.step) for step in self.rows(found))
        return Plan(plan, SlotId(row.slot), row.made, row.mode, row.policy, steps), row.state

    def newest_plan(self, state: PlanState | None = None) -> PlanId | None:
        found = select(table.c.id).order_by(table.c.made.desc(), table.c.changed.desc(), table.c.id.desc())
        if state is not None:
            found = found.where(table.c.state == state)
        newest = self.connection.scalar(found.limit(1))
        return None if newest is None else PlanId(newest)

    def mark_plan(self, plan: PlanId, state: PlanState, now: datetime) -> None:
        """Raises PlanRefused for a plan that is not there."""
        if not self.changed(update(table).where(table.c.id == plan).values(state=state, changed=now)):
            raise PlanRefused(f"There is no plan {plan}.")


def step_json(step: PlanStep) -> dict[str, Any]:
    """All of a step but the person, who has a column for erasure to find."""
    return {
        "rule": step.rule,
        "finding": None if step.finding is None else _finding_json(step.finding),
        "transition": None if step.transition is None else _transition_json(step.transition),
        "letter": None if step.letter is None else _letter_json(step.letter),
        "held": step.held,
    }


def read_step(person: PersonKey, found: Mapping[str, Any]) -> PlanStep:
    return PlanStep(
        person,
        RuleId(found["rule"]),
        None if found["finding"] is None else _read_finding(person, found["finding"]),
        None if found["transition"] is None else _read_transition(person, found["transition"]),
        None if found["letter"] is None else _read_letter(person, found["letter"]),
        None if found["held"] is None else Held(found["held"]),
    )


def _interval_json(interval: Interval | None) -> list[datetime] | None:
    return None if interval is None else [interval.start, interval.end]


def _read_interval(found: list[datetime] | None) -> Interval | None:
    return None if found is None else Interval(*found)


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "kind": finding.kind,
        "state": finding.state,
        "version": finding.version,
        "opened": finding.opened,
        "changed": finding.changed,
        "occurrence": _interval_json(finding.occurrence),
        "letters": finding.letters,
        "pending": finding.pending,
        "steps": finding.steps,
        "told": finding.told,
    }


def _read_finding(person: PersonKey, found: Mapping[str, Any]) -> Finding:
    return Finding(
        FindingId(found["id"]),
        person,
        RuleId(found["rule"]),
        Kind(found["kind"]),
        FindingState(found["state"]),
        found["version"],
        found["opened"],
        found["changed"],
        _read_interval(found["occurrence"]),
        found["letters"],
        found["pending"],
        found.get("steps", 0),  # a plan of before the ladder has neither
        found.get("told"),
    )


def _transition_json(change: Transition) -> dict[str, Any]:
    return {
        "finding": change.finding,
        "rule": change.rule,
        "kind": change.kind,
        "base_version": change.base_version,
        "to": change.to,
        "occurrence": _interval_json(change.occurrence),
    }


def _read_transition(person: PersonKey, found: Mapping[str, Any]) -> Transition:
    return Transition(
        FindingId(found["finding"]),
        person,
        RuleId(found["rule"]),
        Kind(found["kind"]),
        found["base_version"],
        FindingState(found["to"]),
        _read_interval(found["occurrence"]),
    )


def _letter_json(order: LetterOrder) -> dict[str, Any]:
    return {
        "key": order.key,
        "kind": order.kind,
        "topic": order.topic,
        "shown": order.shown,
        "not_before": order.not_before,
        "not_after": order.not_after,
        "finding": order.finding,
        "weekly": order.weekly,
        "test": order.test,
    }


def _read_letter(person: PersonKey, found: Mapping[str, Any]) -> LetterOrder:
    return LetterOrder(
        found["key"],
        LetterKind(found["kind"]),
        found["topic"],
        person,
        MappingProxyType(found["shown"]),
        found["not_before"],
        found["not_after"],
        None if found["finding"] is None else FindingId(found["finding"]),
        found["weekly"],
        found["test"],
    )
