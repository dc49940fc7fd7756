"""The sweep: reads every mailbox once, judges it, and makes one plan of all that follows."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from mailbot.engine import judge, plan
from mailbot.engine.gates import in_population
from mailbot.engine.judge import ActiveRule
from mailbot.engine.recipients import Mode, held
from mailbot.jobs.execute import apply, plan_id
from mailbot.jobs.house import House
from mailbot.model.errors import Busy, Halted, PeopleRefused
from mailbot.model.facts import MailboxFacts
from mailbot.model.figures import Coverage, SweepFigures
from mailbot.model.findings import Finding
from mailbot.model.ids import PersonKey, PlanId, RuleId
from mailbot.model.needs import Need
from mailbot.model.people import People, Person
from mailbot.model.plan import Case, Held, Plan
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.model.tasks import Task
from mailbot.model.worktime import WorkCalendar
from mailbot.ports import Target, Work
from mailbot.rules import Tells

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
"""How long a silent process keeps its slot. Renewed with every mailbox that is recorded."""

READ_PERCENT = 90
"""A sweep that reads less than this share is partial, and the operator is told."""

SHRINK_LEAST, SHRINK_PERCENT = 5, 10
"""People who may be missing from one sweep to the next: the larger of the two."""

CAPPED = "letters_capped"
PARTIAL = "sweep_partial"
TASKS = "tasks_open"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep came to. `plan` is None for a closed run; `counts` are its steps by rule and name,
    `tasks` the mailboxes that an administrator has work with."""

    slot: Slot
    result: SlotResult
    figures: SweepFigures
    plan: PlanId | None = None
    counts: dict[tuple[RuleId, str], int] = field(default_factory=dict)
    closed_gates: tuple[str, ...] = ()
    tasks: dict[Task, int] = field(default_factory=dict)


def quiet(_done: int, _all: int) -> None:
    """Progress for a service: nobody watches."""


def sweep(
    house: House,
    slot: Slot,
    dry_run: bool = False,
    progress: Progress = quiet,
    accept_people: bool = False,
) -> SweepReport | None:
    """Run one slot; None when it is done already.

    Raises Busy when another process has it, SignInRefused or Unreachable when Exchange cannot be used,
    SettingsRefused when the people file is wrong, PeopleRefused when it lost more people than leave in a day
    (unless `accept_people`). A slot that a process died in is taken up where it was.
    """
    started = house.clock.monotonic()
    people = house.directory.people()
    now = house.clock.now()
    with house.store.begin() as work:
        if not accept_people:
            _check_shrink(work, len(people.by_guid))
        claim = work.claim(slot, house.owner, now, now + LEASE)
    if claim is Claim.DONE:
        return None
    if claim is Claim.HELD:
        raise Busy(f"another process is at work on {slot.id}")
    gates = house.gates()
    if not all(gate.open for gate in gates):
        closed = tuple(gate.gate.value for gate in gates if not gate.open)
        return _closed_run(house, slot, people, closed, started, progress)
    house.exchange().sign_in()
    calendar = house.calendar()
    rules = house.rules(calendar.today)
    population = _population(house, people, calendar)
    organisation = house.organisation(people)
    candidates = {key: judge.Candidate(key, person, organisation) for key, person in population.items()}
    _read(house, slot, candidates, rules, calendar, progress)
    return _conclude(house, slot, people, population, rules, calendar, dry_run, started)


def _check_shrink(work: Work, people: int) -> None:
    """A people file that was cut off must not end findings, or tell people again when it is whole again."""
    newest = work.last_counts(Job.SWEEP)
    before = int(newest[1].get("people", 0)) if newest else 0
    if before - people > max(SHRINK_LEAST, before * SHRINK_PERCENT // 100):
        raise PeopleRefused(
            f"the people file holds {people} people, the last sweep had {before}; nothing was done. If "
            "that is right: mailbot sweep --accept-people"
        )


def _population(house: House, people: People, calendar: WorkCalendar) -> dict[PersonKey, Person]:
    """Everybody whom the mandate lets us look at, by key."""
    keyed = {house.store.person_key(guid): person for guid, person in people.by_guid.items()}
    mandate = house.terms.evidence.mandate
    if mandate is None:
        return {}
    return {key: person for key, person in keyed.items() if in_population(mandate, key, calendar.today)}


def _read(
    house: House,
    slot: Slot,
    candidates: dict[PersonKey, judge.Candidate],
    rules: Collection[ActiveRule],
    calendar: WorkCalendar,
    progress: Progress,
) -> None:
    with house.store.begin() as work:
        done = work.judged(slot.id)
    by_guid = {candidate.person.guid: candidate for candidate in candidates.values()}
    left = [candidate.person for key, candidate in candidates.items() if key not in done]
    targets = [Target(person.guid, person.address) for person in left]
    count = len(candidates) - len(targets)
    progress(count, len(candidates))

    def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
        return judge.follow_up(rules, by_guid[facts.guid], facts, calendar, house.today())

    for facts in house.exchange().read(targets, judge.needs(rules), follow_up, calendar.now):
        candidate = by_guid[facts.guid]
        judgements = judge.judge(rules, candidate, facts, calendar, house.today())
        now = house.clock.now()
        with house.store.begin() as work:
            work.record(slot.id, candidate.key, facts.was_read, judgements, now)
            work.extend(slot.id, house.owner, now if house.halting() else now + LEASE)
        count += 1
        progress(count, len(candidates))
        if house.halting():
            raise Halted(f"{slot.id} stops here and goes on after the restart")


def _conclude(
    house: House,
    slot: Slot,
    people: People,
    population: dict[PersonKey, Person],
    rules: Collection[ActiveRule],
    calendar: WorkCalendar,
    dry_run: bool,
    started: float,
) -> SweepReport:
    """One transaction from verdicts to outbox: a crash leaves either no plan or a plan carried out."""
    now = house.clock.now()
    rules = [active for active in rules if active.on(house.today())]
    with house.store.begin() as work:
        cases = _cases(work, slot, population, rules, now)
        held_for = _held_for(house, population, work.stopped())
        steps = plan.make_steps(
            cases,
            calendar,
            plan.Limits(
                house.terms.cap,
                house.terms.hours,
                {active.rule.id: active.rule.priority for active in rules},
                test=house.terms.mode is Mode.REDIRECT,
                hints={a.rule.id: a.rule.hints for a in rules if a.rule.hints},
                hinted=lambda key: work.letter(house.store.letter_id(key)) is not None,
                urgent=frozenset(a.rule.id for a in rules if a.rule.urgent),
                silent=frozenset(a.rule.id for a in rules if a.rule.tells is not Tells.PERSON),
            ),
            held_for,
            work.nudged_since(now - plan.WEEK),
        )
        made = Plan(plan_id(slot, now), slot.id, now, house.terms.mode, house.terms_hash(), steps)
        work.save_plan(made)
        if not dry_run:
            apply(house, work, made, now)
            present = [house.store.person_key(guid) for guid in people.by_guid]
            work.forget_absent(present, now)
        figures = SweepFigures(
            Coverage(len(population), work.read_count(slot.id)),
            work.tally(slot.id),
            work.unknowns(slot.id),
            house.exchange().requests(),
            house.clock.monotonic() - started,
        )
        left_out = {house.store.person_key(guid) for guid in work.exclusions()}  # also during the sweep
        missed = population.keys() - left_out - work.judged(slot.id)
        whole = not missed and not _unvisited(figures)
        result = SlotResult.COMPLETE if whole else SlotResult.PARTIAL
        tasks = work.task_counts(slot.id)
        work.settle(slot.id)
        work.finish(slot.id, now, result, _counts(figures, made, len(people.by_guid)))
        work.audit(now, "mailbot", "dry_run" if dry_run else "sweep", {"slot": slot.id, "plan": made.id})
    if not dry_run:
        house.operator.ran(Job.SWEEP, slot.id, now, result.value, _counts(figures, made, len(people.by_guid)))
        _tell(house, result, figures, made)
        _tell_of_tasks(house, sum(tasks.values()))
    log.info(
        "sweep finished",
        slot=slot.id,
        result=result.value,
        population=figures.coverage.population,
        read=figures.coverage.read,
        letters=made.letters,
    )
    return SweepReport(slot, result, figures, made.id, dict(made.counts()), tasks=dict(tasks))


def _tell(house: House, result: SlotResult, figures: SweepFigures, made: Plan) -> None:
    """What needs a human, to the operator."""
    capped = sum(step.held is Held.CAP for step in made.steps)
    if capped:
        house.operator.problem(
            CAPPED,
            f"{capped} letters were not made: cap_per_run was reached. The next sweep makes the next "
            "ones. Look first whether so many can be right: mailbot findings",
        )
    else:
        house.operator.solved(CAPPED)
    if result is SlotResult.PARTIAL:
        coverage = figures.coverage
        house.operator.problem(
            PARTIAL, f"The sweep read {coverage.read} of {coverage.population} mailboxes; see: mailbot doctor"
        )
    else:
        house.operator.solved(PARTIAL)


def _tell_of_tasks(house: House, tasks: int) -> None:
    if tasks:
        house.operator.problem(TASKS, f"{tasks} tasks for the administrator; see: mailbot tasks")
    else:
        house.operator.solved(TASKS)


def _cases(
    work: Work,
    slot: Slot,
    population: dict[PersonKey, Person],
    rules: Collection[ActiveRule],
    now: datetime,
) -> list[Case]:
    alive: dict[tuple[PersonKey, RuleId], list[Finding]] = {}
    for finding in work.living([active.rule.id for active in rules], now):
        alive.setdefault((finding.person, finding.rule), []).append(finding)
    kinds = {active.rule.id: active.rule.kind for active in rules}
    return [
        Case(
            person,
            judgement.rule,
            kinds[judgement.rule],
            judgement.verdict,
            tuple(alive.get((person, judgement.rule), ())),
        )
        for person, judgement in work.deciding(slot.id)
        if person in population and judgement.rule in kinds
    ]


def _held_for(
    house: House, population: dict[PersonKey, Person], stopped: bool
) -> Callable[[PersonKey], Held | None]:
    terms, today = house.terms, house.today()

    def held_for(key: PersonKey) -> Held | None:
        if stopped:
            return Held.STOPPED
        return held(population[key], terms.mode, terms.pilot_groups, today, terms.redirect_everyone)

    return held_for


def _unvisited(figures: SweepFigures) -> bool:
    """Whether mailboxes were left out, or so many did not answer that it cannot be their own fault."""
    coverage = figures.coverage
    if 100 * coverage.read < READ_PERCENT * coverage.population:
        return True
    return any(reason in ("not_visited", "sign_in_refused") for _, reason in figures.unknowns)


def _counts(figures: SweepFigures, made: Plan, people: int) -> dict[str, object]:
    return {
        "people": people,
        "population": figures.coverage.population,
        "read": figures.coverage.read,
        "rules": {rule: {o.value: n for o, n in by.items()} for rule, by in figures.verdicts.items()},
        "unknowns": {f"{rule}/{reason}": n for (rule, reason), n in figures.unknowns.items()},
        "letters": made.letters,
        "seconds": round(figures.seconds, 3),
    }


def _closed_run(
    house: House,
    slot: Slot,
    people: People,
    closed: tuple[str, ...],
    started: float,
    progress: Progress,
) -> SweepReport:
    """A gate is closed: count who could be reached, keep nothing about anybody, plan nothing."""
    house.exchange().sign_in()
    targets = [Target(person.guid, person.address) for person in people.by_guid.values()]
    reached = 0
    for done, (_target, trouble) in enumerate(house.exchange().reachable(targets), start=1):
        reached += trouble is None
        progress(done, len(targets))
        if done % 50 == 0:
            with house.store.begin() as work:
                work.extend(slot.id, house.owner, house.clock.now() + LEASE)
    figures = SweepFigures(
        Coverage(len(targets), reached),
        {},
        {},
        house.exchange().requests(),
        house.clock.monotonic() - started,
    )
    now = house.clock.now()
    with house.store.begin() as work:
        counts = {"population": len(targets), "reachable": reached, "closed_gates": list(closed)}
        work.finish(slot.id, now, SlotResult.CLOSED, counts)
        work.audit(now, "mailbot", "closed_run", {"slot": slot.id, "gates": ",".join(closed)})
    house.operator.ran(Job.SWEEP, slot.id, now, SlotResult.CLOSED.value, counts)
    log.warning("closed run", slot=slot.id, gates=",".join(closed), reachable=reached)
    return SweepReport(slot, SlotResult.CLOSED, figures, closed_gates=closed)
