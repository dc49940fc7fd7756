"""What a sweep leads to, once every mailbox had its turn: one transaction from verdicts to outbox."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import structlog

from mailbot.engine.brake import Alarm
from mailbot.engine.judge import ActiveRule
from mailbot.jobs import braking, staging
from mailbot.jobs.ending import Ending
from mailbot.jobs.execute import apply, plan_id
from mailbot.jobs.house import House
from mailbot.jobs.measuring import measure
from mailbot.jobs.planning import Planning
from mailbot.jobs.restriction import forget_deep, left_out
from mailbot.jobs.sweep_report import SweepReport
from mailbot.jobs.tasks import conflict_counts, together
from mailbot.jobs.turn import HANGS_ENOUGH, PARTIAL, end_left_by_hand, ended_well
from mailbot.jobs.waivers import order_waiver_letters, tell_of_waivers
from mailbot.model.facts import Reason
from mailbot.model.figures import Coverage, SweepFigures
from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.model.people import People, Person
from mailbot.model.plan import Held, Plan, PlanState
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import Job, Slot, SlotResult
from mailbot.model.worktime import WorkCalendar
from mailbot.ports import Work

log = structlog.get_logger(__name__)

CAPPED = "letters_capped"
TASKS = "tasks_open"


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier processes left of this turn: whom they had dealt with, and how many of them ended because
    a worker hung."""

    done: frozenset[PersonKey]
    hangs: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep of which all mailboxes were read. `population` are those whom the mandate lets us look at, by
    key; `started` is a monotonic time."""

    house: House
    slot: Slot
    people: People
    population: dict[PersonKey, Person]
    rules: Collection[ActiveRule]
    calendar: WorkCalendar
    dry_run: bool
    started: float
    before: Before


def conclude(done: Sweep) -> SweepReport:
    """One transaction from verdicts to outbox: a crash leaves either no plan, or one that is carried out or
    held."""
    house, slot, people = done.house, done.slot, done.people
    end_left_by_hand(house, slot)
    now = house.clock.now()
    rules = [active for active in done.rules if active.on(house.today())]
    with house.store.begin() as work:
        out = left_out(work)  # also during the sweep
        population = {key: person for key, person in done.population.items() if person.guid not in out}
        work.keep_only(slot.id, population)
        _forget_what_was_too_deep(house, work, population)
        planning = Planning(house, work, slot, people, population, rules, done.calendar)
        tally = work.tally(slot.id)
        steps = planning.steps()
        made = Plan(plan_id(slot, now), slot.id, now, house.terms.mode, house.terms_hash(), steps)
        size, alarms = braking.alarms_for(house, work, made.steps, tally)
        if not done.dry_run:
            braking.overtake(work, now)
        work.save_plan(made, PlanState.HELD if alarms and not done.dry_run else PlanState.STORED)
        present = frozenset(house.store.person_key(guid) for guid in (*people.by_guid, *people.set_aside))
        coverage = Coverage(len(population), work.read_count(slot.id))
        if not done.dry_run:
            if not alarms:
                apply(house, work, made, now)
            work.forget_absent(present, now)
            planning.let_rest()
            measure(house, work, slot, people, population, coverage, now, held=bool(alarms))
            ending_waivers = order_waiver_letters(house, work, people, now)
        else:
            work.forget_reading(present)
        figures = SweepFigures(
            coverage,
            tally,
            work.unknowns(slot.id),
            house.exchange().requests(),
            house.clock.monotonic() - done.started,
        )
        ending = _ending(done, work, population, coverage)
        tasks = together(work.task_counts(slot.id), conflict_counts(people, out))
        work.settle(slot.id)
        counts = _counts(figures, made, people, out, ending) | braking.counts_of(size, alarms)
        counts |= braking.living(work)
        work.finish(slot.id, now, ending.result, counts)
        work.audit(now, "mailbot", "dry_run" if done.dry_run else "sweep", {"slot": slot.id, "plan": made.id})
    if not done.dry_run:
        house.operator.ran(Job.SWEEP, slot.id, now, ending.result.value, counts)
        braking.tell(house, made, alarms)
        staging.tell(house)
        tell_of_waivers(house, ending_waivers)
        _tell(house, ending, made, alarms)
        _tell_of_tasks(house, sum(tasks.values()))
    log.info(
        "sweep finished",
        slot=slot.id,
        result=ending.result.value,
        why=ending.why,
        population=figures.coverage.population,
        read=figures.coverage.read,
        letters=made.letters,
        held=bool(alarms),
    )
    by_name = dict(made.counts())
    return SweepReport(
        slot, ending.result, ending.why, figures, made.id, by_name, tasks=dict(tasks), alarms=alarms
    )


def _forget_what_was_too_deep(house: House, work: Work, population: dict[PersonKey, Person]) -> None:
    """Of whoever may be looked at by settings only, also since the sweep began."""
    restrictions = work.restrictions()
    paused = {guid for guid, kind in restrictions.items() if kind is Restriction.PAUSED}
    by_settings = {person.guid for person in population.values() if person.settings_only}
    for guid in (restrictions.keys() - paused) | by_settings:
        forget_deep(house, work, guid)


def _ending(done: Sweep, work: Work, population: dict[PersonKey, Person], coverage: Coverage) -> Ending:
    forgotten = population.keys() - work.judged(done.slot.id)
    not_read = Counter(work.missed_counts(done.slot.id)) + Counter({Reason.NOT_VISITED: len(forgotten)})
    hangs = done.before.hangs + done.house.exchange().hung()
    return Ending(
        coverage,
        not_read,
        len(done.before.done & population.keys()),
        hangs if hangs >= HANGS_ENOUGH else 0,
    )


def _tell(house: House, ending: Ending, made: Plan, alarms: Collection[Alarm]) -> None:
    """What needs a human, to the operator. Of a plan that is held more is told than that it met the cap."""
    capped = sum(step.held is Held.CAP for step in made.steps)
    if capped and not alarms:
        house.operator.problem(
            CAPPED,
            f"{capped} letters were not made: cap_per_run was reached. The next sweep makes the next "
            "ones. Look first whether so many can be right: mailbot findings",
        )
    else:
        house.operator.solved(CAPPED)
    if ending.result is SlotResult.PARTIAL:
        house.operator.problem(PARTIAL, f"The sweep is {ending.line}; see: mailbot doctor")
    else:
        house.operator.solved(PARTIAL)
    ended_well(house)


def _tell_of_tasks(house: House, tasks: int) -> None:
    if tasks:
        house.operator.problem(TASKS, f"{tasks} tasks for the administrator; see: mailbot tasks")
    else:
        house.operator.solved(TASKS)


def _counts(
    figures: SweepFigures, made: Plan, people: People, left_out: Collection[ObjectGuid], ending: Ending
) -> dict[str, object]:
    """`left_out` were left out while the sweep ran: two counts that differ by them would tell."""
    return {
        "why": ending.why,
        "people": sum(guid not in left_out for guid in people.by_guid),
        "sources": {s.source.value: s.as_of.isoformat() if s.as_of else None for s in people.sources},
        "population": figures.coverage.population,
        "read": figures.coverage.read,
        "rules": {rule: {o.value: n for o, n in by.items()} for rule, by in figures.verdicts.items()},
        "unknowns": {f"{rule}/{reason}": n for (rule, reason), n in figures.unknowns.items()},
        "missed": {reason.code: n for reason, n in ending.missed.items()},
        "earlier": ending.earlier,
        "letters": made.letters,
        "seconds": round(figures.seconds, 3),
    }
