"""The brake on plans: what is usual here, and the human who decides about a plan that is not.

What is usual stands in the counts of the sweeps before; which of their plans a human ran, in a note.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from mailbot.engine.brake import USUAL_OF, Alarm, Jump, alarms, size_of
from mailbot.jobs.house import House
from mailbot.jobs.turn import DRY, begun_by
from mailbot.model.ids import RuleId, SlotId
from mailbot.model.plan import Plan, PlanSize, PlanState, PlanStep
from mailbot.model.slots import Job, SlotResult, SlotRow
from mailbot.model.verdicts import Outcome
from mailbot.policy.stages import Stage
from mailbot.ports import Work
from mailbot.rules import Tells, registry

HELD = "plan_held"
"""The one problem while any plan waits for a human."""

RUN_BY_HAND = "plans_run_by_hand"
"""The note with the slots whose plans a human ran, the newest last."""

LONGEST_SWEEP = timedelta(days=2)
"""From the day of a slot to the plan that its sweep makes, with room to spare."""

LOOK_BACK = timedelta(days=90)
"""How old a sweep may be that says what is usual."""


def alarms_for(
    house: House,
    work: Work,
    steps: Iterable[PlanStep],
    tally: Mapping[RuleId, Mapping[Outcome, int]],
) -> tuple[PlanSize, tuple[Alarm, ...]]:
    """How large a plan of these steps is, and every reason to hold it. Of a dry run's plan too: it is told,
    and its plan waits for a human anyway. Work for an administrator counts no more than what is observed: of
    who left, most have something to mend as long as the mailbox is there, and no letter waits for that."""
    unheard = {rule for rule, found in house.standings().items() if found.stage is Stage.OBSERVE}
    unheard |= {rule.id for rule in registry().values() if rule.tells is not Tells.PERSON}
    size = size_of(steps, tally, unheard, _forgotten(house, work))
    carried_out, by_hand = _earlier(house, work)
    return size, alarms(size, carried_out, house.terms.brake, by_hand)


def counts_of(size: PlanSize, found: Sequence[Alarm] = ()) -> dict[str, Any]:
    """What a sweep's counts keep of its plan: the size, and why it was held. No count is about one person."""
    return {"size": asdict(size), "alarms": [asdict(alarm) for alarm in found]}


def living(work: Work) -> dict[str, Any]:
    """What a sweep's counts keep beside that: living findings by rule."""
    return {"living": _living(work)}


def alarms_of(work: Work, plan: Plan) -> tuple[Alarm, ...]:
    """The alarms that the sweep told of which made this plan."""
    since = (plan.made - LONGEST_SWEEP).date()
    counts = next((row.counts for row in work.slots(Job.SWEEP, since) if row.slot.id == plan.slot), {})
    return tuple(Alarm(**{**found, "jump": Jump(found["jump"])}) for found in counts.get("alarms", ()))


def overtake(work: Work, now: datetime) -> None:
    """A new sweep makes a new plan: one that is held can be run no more."""
    while (older := work.newest_plan(PlanState.HELD)) is not None:
        work.mark_plan(older, PlanState.REFUSED, now)


def tell(house: House, plan: Plan, found: Sequence[Alarm]) -> None:
    """The operator hears once that a plan waits, however many sweeps come to the same, and once that none
    does any more."""
    if found:
        house.operator.problem(HELD, held_because(plan, found))
    else:
        house.operator.solved(HELD)


def held_because(plan: Plan, found: Sequence[Alarm]) -> str:
    """What jumped, and what a human can do about it."""
    why = "; ".join(alarm.says for alarm in found)
    return (
        f"Plan {plan.id} is held: nothing of it was done, no letter was ordered. {why}. Look first whether "
        f"so many can be right: mailbot plan show {plan.id}. If they are, within 24 hours: mailbot plan run "
        f"{plan.id}. If not: mailbot plan reject {plan.id}, and mend what is wrong before the next sweep"
    )


def ran_by_hand(work: Work, plan: Plan) -> None:
    """A human looked at this plan and ran it: its size is known, and the same again is no jump."""
    slots = [slot for slot in _run_by_hand(work) if slot != plan.slot]
    work.set_note(RUN_BY_HAND, json.dumps([*slots, plan.slot][-USUAL_OF:]))


def decided(house: House) -> None:
    """A human ran or rejected a plan: the problem is over unless another one waits."""
    with house.store.begin() as work:
        waiting = work.newest_plan(PlanState.HELD)
    if waiting is None:
        house.operator.solved(HELD)


def doubted(work: Work, row: SlotRow) -> bool:
    """Whether nobody should hear of what this sweep found: it made the brake hold, and no human said that so
    many can be right."""
    return bool(row.counts.get("alarms")) and row.slot.id not in _run_by_hand(work)


def _living(work: Work) -> dict[RuleId, int]:
    found = Counter[RuleId]()
    for (rule, state), number in work.finding_counts().items():
        found[rule] += number if state.live else 0
    return dict(found)


def _forgotten(house: House, work: Work) -> dict[RuleId, int]:
    """How many findings were deleted alive since the newest sweep, by rule. What was opened on one day and
    never mended since, retention deletes on one day as well."""
    rows = [row for row in work.slots(Job.SWEEP, house.today() - LOOK_BACK) if "living" in row.counts]
    if not rows:
        return {}
    before = max(rows, key=lambda row: row.claimed).counts["living"]
    now = _living(work)
    return {rule: max(0, number - now.get(rule, 0)) for rule, number in before.items()}


def _earlier(house: House, work: Work) -> tuple[list[PlanSize], list[PlanSize]]:
    """The newest plans that were carried out, oldest first, and those of them that a human ran."""
    by_hand = set(_run_by_hand(work))
    rows = [row for row in work.slots(Job.SWEEP, house.today() - LOOK_BACK) if made_a_plan(row)]
    done = [row for row in rows if row.slot.id in by_hand or _carried_out(row)]
    newest = sorted(done, key=lambda row: row.claimed)[-USUAL_OF:]
    return [_size(row) for row in newest], [_size(row) for row in newest if row.slot.id in by_hand]


def made_a_plan(row: SlotRow) -> bool:
    """Whether this sweep made a plan."""
    return row.result in (SlotResult.COMPLETE, SlotResult.PARTIAL) and "size" in row.counts


def _carried_out(row: SlotRow) -> bool:
    return begun_by(row.slot) != DRY and not row.counts.get("alarms")


def _size(row: SlotRow) -> PlanSize:
    found = row.counts["size"]
    counts = found["letters"], found["opened"], found["deviating"], found["judged"]
    return PlanSize(*counts, found.get("reminders", 0))  # a sweep of before these were counted


def _run_by_hand(work: Work) -> list[SlotId]:
    return [SlotId(slot) for slot in json.loads(work.note(RUN_BY_HAND) or "[]")]
