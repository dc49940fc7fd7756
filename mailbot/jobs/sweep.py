"""The sweep: reads every mailbox once, judges it, and makes one plan of all that follows."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from mailbot.engine import judge, plan
from mailbot.engine.gates import in_population
from mailbot.engine.judge import ActiveRule
from mailbot.engine.recipients import Mode, held
from mailbot.jobs.ending import CUT_SHORT, Ending, broken_off, filled_up, missed
from mailbot.jobs.execute import apply, plan_id
from mailbot.jobs.house import House
from mailbot.model.errors import Busy, Halted, PeopleRefused, WorkerHung
from mailbot.model.facts import MailboxFacts, Reason
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

SHRINK_LEAST, SHRINK_PERCENT = 5, 10
"""People who may be missing from one sweep to the next: the larger of the two."""

CAPPED = "letters_capped"
PARTIAL, ABORTED = "sweep_partial", "sweep_aborted"
HUNG = "worker_hung"
TASKS = "tasks_open"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep came to. `plan` is None for a closed run; `counts` are its steps by rule and name,
    `tasks` the mailboxes that an administrator has work with. `why` goes with `result` on the first line."""

    slot: Slot
    result: SlotResult
    why: str
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
    (unless `accept_people`), Halted when the process is asked to end, WorkerHung when it must end. A slot
    that a process left or died in is taken up where it was, the most overdue mailboxes first.
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
    earlier = _read(house, slot, candidates, rules, calendar, progress)
    return _conclude(house, slot, people, population, rules, calendar, dry_run, started, earlier)


def slot_by_hand(house: House, label: str) -> Slot:
    """The slot of a sweep that somebody starts: the newest one of this kind when a process left it or died
    in it today, else a new one."""
    now = house.clock.now()
    local = now.astimezone(house.terms.zone)
    with house.store.begin() as work:
        newest = work.newest(Job.SWEEP)
    if (
        newest is not None
        and newest.finished is None
        and newest.lease <= now
        and newest.slot.day == local.date()
        and newest.slot.label.startswith(f"{label}-")
    ):
        return newest.slot
    return Slot(Job.SWEEP, local.date(), f"{label}-{local:%H%M%S}")


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
) -> int:
    """Read and judge whom nobody has dealt with yet. Gives the number of mailboxes that were done before."""
    with house.store.begin() as work:
        done = work.judged(slot.id)
        last_read = work.last_read()
    by_guid = {candidate.person.guid: candidate for candidate in candidates.values()}
    left = overdue_first([key for key in candidates if key not in done], last_read, slot)
    targets = [Target(candidates[key].person.guid, candidates[key].person.address) for key in left]
    earlier = count = len(candidates) - len(targets)
    progress(count, len(candidates))

    def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
        return judge.follow_up(rules, by_guid[facts.guid], facts, calendar, house.today())

    for facts in house.exchange().read(targets, judge.needs(rules), follow_up, calendar.now):
        candidate = by_guid[facts.guid]
        unread = missed(facts)
        if unread in CUT_SHORT:
            facts = filled_up(facts, unread, follow_up)
        judgements = judge.judge(rules, candidate, facts, calendar, house.today())
        now = house.clock.now()
        with house.store.begin() as work:
            work.record(slot.id, candidate.key, unread, judgements, now)
            work.extend(slot.id, house.owner, now + LEASE)
        count += 1
        progress(count, len(candidates))
        if house.exchange().hung():
            why = broken_off("a worker hangs and one mailbox is unknown", count, len(candidates))
            _leave(house, slot, why)
            raise WorkerHung(f"aborted: {why}: start mailbot again")
        if house.halting():
            why = broken_off("mailbot was asked to end", count, len(candidates))
            _leave(house, slot, why)
            raise Halted(f"aborted: {why}")
    return earlier


def overdue_first(
    keys: Collection[PersonKey], last_read: Mapping[PersonKey, datetime], slot: Slot
) -> list[PersonKey]:
    """Whoever was never read, then whoever was read longest ago. Ties are drawn by lot, once per slot: who
    cannot be read must not hold up the same others every day."""

    def overdue(key: PersonKey) -> tuple[float, str]:
        at = last_read.get(key)
        lot = hashlib.sha256(f"{slot.id}/{key}".encode()).hexdigest()
        return (at.timestamp() if at else 0.0, lot)

    return sorted(keys, key=overdue)


def _leave(house: House, slot: Slot, why: str) -> None:
    """The slot is not over: the next process may take it up at once, and sees why this one left."""
    with house.store.begin() as work:
        work.leave(slot.id, house.owner, house.clock.now(), {"why": why})


def _conclude(
    house: House,
    slot: Slot,
    people: People,
    population: dict[PersonKey, Person],
    rules: Collection[ActiveRule],
    calendar: WorkCalendar,
    dry_run: bool,
    started: float,
    earlier: int,
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
        forgotten = population.keys() - left_out - work.judged(slot.id)
        not_read = Counter(work.missed_counts(slot.id)) + Counter({Reason.NOT_VISITED: len(forgotten)})
        ending = Ending(figures.coverage, not_read, earlier)
        tasks = work.task_counts(slot.id)
        work.settle(slot.id)
        counts = _counts(figures, made, len(people.by_guid), ending)
        work.finish(slot.id, now, ending.result, counts)
        work.audit(now, "mailbot", "dry_run" if dry_run else "sweep", {"slot": slot.id, "plan": made.id})
    if not dry_run:
        house.operator.ran(Job.SWEEP, slot.id, now, ending.result.value, counts)
        _tell(house, ending, made)
        _tell_of_tasks(house, sum(tasks.values()))
    log.info(
        "sweep finished",
        slot=slot.id,
        result=ending.result.value,
        why=ending.why,
        population=figures.coverage.population,
        read=figures.coverage.read,
        letters=made.letters,
    )
    by_name = dict(made.counts())
    return SweepReport(slot, ending.result, ending.why, figures, made.id, by_name, tasks=dict(tasks))


def _tell(house: House, ending: Ending, made: Plan) -> None:
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
    for code, result in ((PARTIAL, SlotResult.PARTIAL), (ABORTED, SlotResult.ABORTED)):
        if ending.result is result:
            house.operator.problem(code, f"The sweep is {ending.line}; see: mailbot doctor")
        else:
            house.operator.solved(code)
    house.operator.solved(HUNG)


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


def _counts(figures: SweepFigures, made: Plan, people: int, ending: Ending) -> dict[str, object]:
    return {
        "why": ending.why,
        "people": people,
        "population": figures.coverage.population,
        "read": figures.coverage.read,
        "rules": {rule: {o.value: n for o, n in by.items()} for rule, by in figures.verdicts.items()},
        "unknowns": {f"{rule}/{reason}": n for (rule, reason), n in figures.unknowns.items()},
        "missed": {reason.code: n for reason, n in ending.missed.items()},
        "earlier": ending.earlier,
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
    why = f"gates are closed: {', '.join(closed)}; {reached:,} of {len(targets):,} mailboxes can be reached"
    with house.store.begin() as work:
        counts = {
            "why": why,
            "population": len(targets),
            "reachable": reached,
            "closed_gates": list(closed),
        }
        work.finish(slot.id, now, SlotResult.CLOSED, counts)
        work.audit(now, "mailbot", "closed_run", {"slot": slot.id, "gates": ",".join(closed)})
    house.operator.ran(Job.SWEEP, slot.id, now, SlotResult.CLOSED.value, counts)
    log.warning("closed run", slot=slot.id, gates=",".join(closed), reachable=reached)
    if house.exchange().hung():
        raise WorkerHung(f"closed: {why}; a worker hangs: start mailbot again")
    return SweepReport(slot, SlotResult.CLOSED, why, figures, closed_gates=closed)
