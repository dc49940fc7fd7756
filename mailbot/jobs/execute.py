"""Carrying out a plan: exactly its steps, only while what they rest on still stands. And turning one down."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from mailbot.jobs import braking
from mailbot.jobs.house import House
from mailbot.jobs.planning import written_to
from mailbot.jobs.turn import DRY, begun_by
from mailbot.model.errors import GateClosed, PlanRefused
from mailbot.model.ids import PersonKey, PlanId
from mailbot.model.plan import Plan, PlanState
from mailbot.model.slots import Job, Slot
from mailbot.ports import Work

OLDEST = timedelta(hours=24)
AGAIN = "make a new one: mailbot sweep --dry-run"
OPEN = (PlanState.STORED, PlanState.HELD)
"""States of a plan that a human can still run or turn down."""

ENDED = {
    PlanState.RUN: "was run already",
    PlanState.REJECTED: "was rejected",
    PlanState.REFUSED: "was overtaken by a newer sweep",
}


def plan_id(slot: Slot, made: datetime) -> PlanId:
    """Short enough to type: the day, and four signs that tell the day's plans apart."""
    mix = hashlib.sha256(f"{slot.id}/{made.isoformat()}".encode()).hexdigest()
    return PlanId(f"{slot.day:%Y%m%d}-{mix[:6]}")


def apply(house: House, work: Work, plan: Plan, now: datetime) -> None:
    """All steps inside the caller's transaction. Raises PlanRefused when a finding has moved on."""
    for index in range(len(plan.steps)):
        work.change(plan, index, now)
    work.mark_plan(plan.id, PlanState.RUN, now)


def run_plan(house: House, wanted: PlanId, actor: str) -> Plan:
    """`mailbot plan run`, of a dry run's plan and of one that the brake holds. Raises PlanRefused or
    GateClosed and then changes nothing."""
    now = house.clock.now()
    if not house.gates_open():
        raise GateClosed("a gate has closed since the plan was made; see: mailbot doctor")
    there = {house.store.person_key(guid) for guid in house.directory.people().by_guid}
    with house.store.begin() as work:
        plan = _of(there, _open_plan(work, wanted))
        if work.stopped():
            raise PlanRefused("sending is stopped; lift it first: mailbot stop --lift")
        obstacle = why_not(house, work, plan, now)
        if obstacle is not None:
            raise PlanRefused(f"plan {wanted} {obstacle}; {AGAIN}")
        apply(house, work, plan, now)
        braking.ran_by_hand(work, plan)
        work.audit(now, actor, "plan_run", {"plan": plan.id, "letters": plan.letters})
    braking.decided(house)
    return plan


def _of(people: Collection[PersonKey], plan: Plan) -> Plan:
    """The plan without the steps of who left since, or is excluded by the directory: they reach no stage."""
    return replace(plan, steps=tuple(step for step in plan.steps if step.person in people))


def why_not(house: House, work: Work, plan: Plan, now: datetime) -> str | None:
    """Why this plan can never be run any more, to be read after its name; None while it still can."""
    if now - plan.made > OLDEST:
        return "is older than 24 hours"
    if plan.mode != house.terms.mode:
        return f"was made in delivery mode {plan.mode}"
    if plan.policy != house.terms_hash():
        return "was made under another policy, mandate, stage or pilot"
    if any(step.letter is not None and step.letter.not_after <= now for step in plan.steps):
        return "has letters whose time has passed"
    if _overtaken(house, work, plan, now):
        return "rests on what has changed since it was made"
    return ENDED[PlanState.REFUSED] if _swept_since(work, plan) else None


def reject_plan(house: House, wanted: PlanId, actor: str, reason: str) -> Plan:
    """`mailbot plan reject`: nothing of it is done, ever. `reason` is kept in the audit log. Raises
    PlanRefused for a plan about which there is nothing left to decide."""
    now = house.clock.now()
    with house.store.begin() as work:
        plan = _open_plan(work, wanted)
        work.mark_plan(plan.id, PlanState.REJECTED, now)
        work.audit(now, actor, "plan_reject", {"plan": plan.id, "reason": reason})
    braking.decided(house)
    return plan


def _open_plan(work: Work, wanted: PlanId) -> Plan:
    stored = work.plan(wanted)
    if stored is None:
        raise PlanRefused(f"there is no plan {wanted}; {AGAIN}")
    plan, state = stored
    if state not in OPEN:
        raise PlanRefused(f"plan {wanted} {ENDED[state]}; {AGAIN}")
    return plan


def _swept_since(work: Work, plan: Plan) -> bool:
    """Whether a sweep that was no dry run came to its verdicts after this plan: what is in order by now, and
    was told to nobody, has left no trace among the findings."""
    rows = work.slots(Job.SWEEP, (plan.made - braking.LONGEST_SWEEP).date())
    return any(
        braking.made_a_plan(row) and row.slot.id != plan.slot and begun_by(row.slot) != DRY
        for row in rows
        if row.finished is not None and row.finished > plan.made
    )


def _overtaken(house: House, work: Work, plan: Plan, now: datetime) -> bool:
    """Whether anything happened meanwhile that would make a finding or a letter of this plan a second one.

    A step that opens a finding has no version to be compared with, and a weekly letter may be the second
    in its week: both show only in what others have done since.
    """
    seen = {person: work.findings_of(person) for person in {step.person for step in plan.steps}}
    if any(f.rule == step.rule and f.changed > plan.made for step in plan.steps for f in seen[step.person]):
        return True
    weekly = {step.letter.person for step in plan.steps if step.letter is not None and step.letter.weekly}
    return not weekly.isdisjoint(written_to(house, work, now))
