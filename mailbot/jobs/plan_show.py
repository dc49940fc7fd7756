"""What a human looks at before deciding about a plan: counts, alarms, stages, and what can be done. No
names."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailbot.engine.brake import ONLY_LATER, Alarm
from mailbot.engine.stages import Standing
from mailbot.jobs import braking
from mailbot.jobs.execute import AGAIN, ENDED, OLDEST, OPEN, why_not
from mailbot.jobs.house import House
from mailbot.jobs.restriction import left_out
from mailbot.model.errors import PlanRefused
from mailbot.model.ids import PlanId, RuleId
from mailbot.model.plan import Held, PlanState


@dataclass(frozen=True, slots=True)
class PlanLook:
    """`sends` are the letters that it orders, by rule; `later` those that are due and wait for the cap or for
    another letter of the week; `observed` those that rules which observe would have sent. `over` is why it
    can be run no more, None while it can; `waiting` is the plan that the brake holds, if that is another one.
    """

    id: PlanId
    state: PlanState
    made: datetime
    now: datetime
    mode: str
    steps: Mapping[tuple[RuleId, str], int]
    sends: Mapping[RuleId, int]
    later: Mapping[RuleId, int]
    observed: Mapping[RuleId, int]
    standings: Mapping[RuleId, Standing]
    alarms: tuple[Alarm, ...]
    over: str | None
    waiting: PlanId | None

    @property
    def until(self) -> datetime:
        return self.made + OLDEST

    @property
    def to_type(self) -> tuple[str, ...]:
        """Commands that make sense now."""
        if self.over is not None:
            return ("mailbot sweep --dry-run",)
        return (f"mailbot plan run {self.id}", f"mailbot plan reject {self.id}")


def look(house: House, wanted: PlanId | None) -> PlanLook:
    """A plan, or the newest one. Steps of people who are left out now are not counted. Raises PlanRefused
    when there is none."""
    now = house.clock.now()
    with house.store.begin() as work:
        chosen = wanted or work.newest_plan()
        stored = work.plan(chosen) if chosen is not None else None
        if stored is None:
            which = f"there is no plan {wanted}" if wanted else "there is no plan yet"
            raise PlanRefused(f"{which}; {AGAIN}")
        plan, state = stored
        out = {house.store.person_key(guid) for guid in left_out(work)}
        steps = [step for step in plan.steps if step.person not in out]
        waiting = work.newest_plan(PlanState.HELD)
        return PlanLook(
            plan.id,
            state,
            plan.made,
            now,
            plan.mode,
            Counter((step.rule, step.name) for step in steps),
            Counter(step.rule for step in steps if step.letter is not None),
            Counter(step.rule for step in steps if step.held in ONLY_LATER),
            Counter(step.rule for step in steps if step.held is Held.OBSERVING),
            house.standings(),
            braking.alarms_of(work, plan),
            why_not(house, work, plan, now) if state in OPEN else ENDED[state],
            waiting if waiting != plan.id else None,
        )
