"""Carrying out a plan: exactly its steps, only while what they rest on still stands."""

import hashlib
from datetime import datetime, timedelta

from mailbot.engine.plan import WEEK
from mailbot.jobs.house import House
from mailbot.model.errors import GateClosed, PlanRefused
from mailbot.model.ids import PlanId
from mailbot.model.plan import Plan
from mailbot.model.slots import Slot
from mailbot.ports import Work

OLDEST = timedelta(hours=24)
AGAIN = "make a new one: mailbot sweep --dry-run"


def plan_id(slot: Slot, made: datetime) -> PlanId:
    """Short enough to type: the day, and four signs that tell the day's plans apart."""
    mix = hashlib.sha256(f"{slot.id}/{made.isoformat()}".encode()).hexdigest()
    return PlanId(f"{slot.day:%Y%m%d}-{mix[:6]}")


def apply(house: House, work: Work, plan: Plan, now: datetime) -> None:
    """All steps inside the caller's transaction. Raises PlanRefused when a finding has moved on."""
    for index in range(len(plan.steps)):
        work.change(plan, index, now)
    work.mark_plan(plan.id, "run", now)


def run_plan(house: House, wanted: PlanId, actor: str) -> Plan:
    """`mailbot plan run`. Raises PlanRefused or GateClosed and then changes nothing."""
    now = house.clock.now()
    if not house.gates_open():
        raise GateClosed("a gate has closed since the plan was made; see: mailbot doctor")
    with house.store.begin() as work:
        stored = work.plan(wanted)
        if stored is None:
            raise PlanRefused(f"there is no plan {wanted}; {AGAIN}")
        plan, state = stored
        if state != "stored":
            raise PlanRefused(f"plan {wanted} was {state} already; {AGAIN}")
        if now - plan.made > OLDEST:
            raise PlanRefused(f"plan {wanted} is older than 24 hours; {AGAIN}")
        if plan.mode != house.terms.mode:
            raise PlanRefused(f"plan {wanted} was made in delivery mode {plan.mode}; {AGAIN}")
        if plan.policy != house.terms_hash():
            raise PlanRefused(f"plan {wanted} was made under another policy, mandate or pilot; {AGAIN}")
        if any(step.letter is not None and step.letter.not_after <= now for step in plan.steps):
            raise PlanRefused(f"plan {wanted} has letters whose time has passed; {AGAIN}")
        if work.stopped():
            raise PlanRefused("sending is stopped; lift it first: mailbot stop --lift")
        if _overtaken(work, plan, now):
            raise PlanRefused(f"what plan {wanted} rests on has changed since it was made; {AGAIN}")
        apply(house, work, plan, now)
        work.audit(now, actor, "plan_run", {"plan": plan.id, "letters": plan.letters})
    return plan


def _overtaken(work: Work, plan: Plan, now: datetime) -> bool:
    """Whether anything happened meanwhile that would make a finding or a letter of this plan a second one.

    A step that opens a finding has no version to be compared with, and a weekly letter may be the second
    in its week: both show only in what others have done since.
    """
    seen = {person: work.findings_of(person) for person in {step.person for step in plan.steps}}
    if any(f.rule == step.rule and f.changed > plan.made for step in plan.steps for f in seen[step.person]):
        return True
    weekly = {step.letter.person for step in plan.steps if step.letter is not None and step.letter.weekly}
    return not weekly.isdisjoint(work.nudged_since(now - WEEK))
