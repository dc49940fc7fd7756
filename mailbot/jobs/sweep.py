"""The sweep: reads every mailbox once, judges it, and makes one plan of all that follows."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from mailbot.engine import judge, plan
from mailbot.engine.gates import in_population
from mailbot.engine.judge import ActiveRule
from mailbot.engine.recipients import Mode, held
from mailbot.jobs.closed_run import closed_run
from mailbot.jobs.ending import CUT_SHORT, NO_TURN, Ending, filled_up, missed
from mailbot.jobs.execute import apply, plan_id
from mailbot.jobs.house import House
from mailbot.jobs.lease import Lease, beating
from mailbot.jobs.restriction import forget_deep, left_out
from mailbot.jobs.shrink import check_shrink
from mailbot.jobs.sources import tell_of_sources
from mailbot.jobs.sweep_report import Progress, SweepReport, quiet
from mailbot.jobs.tasks import conflict_counts, together
from mailbot.jobs.turn import (
    ASKED_TO_END,
    HANGS,
    HANGS_ENOUGH,
    LEASE,
    PARTIAL,
    REFUSED,
    Break,
    end_left_by_hand,
    ended_well,
    hangs_in,
    leave,
    sign_in,
)
from mailbot.model.errors import Busy
from mailbot.model.facts import MailboxFacts, Reason
from mailbot.model.figures import Coverage, SweepFigures
from mailbot.model.findings import Finding
from mailbot.model.ids import ObjectGuid, PersonKey, RuleId
from mailbot.model.needs import Need
from mailbot.model.people import People, Person
from mailbot.model.plan import Case, Held, Plan
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.model.worktime import WorkCalendar
from mailbot.ports import Target, Work
from mailbot.rules import Tells

log = structlog.get_logger(__name__)

FAILED_LATER = timedelta(days=1)
"""From one sweep to the next."""

CAPPED = "letters_capped"
TASKS = "tasks_open"


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier processes left of this turn: whom they had dealt with, and how many of them ended because
    a worker hung."""

    done: frozenset[PersonKey]
    hangs: int


def sweep(
    house: House,
    slot: Slot,
    dry_run: bool = False,
    progress: Progress = quiet,
    accept_people: bool = False,
) -> SweepReport | None:
    """Run one slot; None when it is done already.

    Raises Busy when another process has it, SignInRefused or Unreachable when Exchange cannot be used,
    SettingsRefused when the sources of people are wrong, PeopleRefused when they lost more people than leave
    in a day (unless `accept_people`), Halted when the process is asked to end, WorkerHung when it must end. A
    slot that a process left or died in is taken up where it was, the most overdue mailboxes first: after any
    of these errors but the ones about people, whoever calls again with this slot goes on.
    """
    started = house.clock.monotonic()
    people = house.directory.people()
    now = house.clock.now()
    with house.store.begin() as work:
        if not accept_people:
            check_shrink(work, people)
        claim = work.claim(slot, house.owner, now, now + LEASE)
    if claim is Claim.DONE:
        return None
    if claim is Claim.HELD:
        raise Busy(f"another process is at work on {slot.id}")
    if not dry_run:
        tell_of_sources(house, people.sources)
    with beating(house, slot, LEASE) as lease:
        gates = house.gates()
        if not all(gate.open for gate in gates):
            closed = tuple(gate.gate.value for gate in gates if not gate.open)
            return closed_run(house, slot, lease, people, closed, started, progress)
        calendar = house.calendar()
        rules = house.rules(calendar.today)
        population = _population(house, people, calendar)
        sign_in(house, slot, lease, len(population))
        organisation = house.organisation(people)
        candidates = {key: judge.Candidate(key, person, organisation) for key, person in population.items()}
        before = _read(house, slot, lease, candidates, rules, calendar, progress)
        return _conclude(house, slot, people, population, rules, calendar, dry_run, started, before)


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
    lease: Lease,
    candidates: dict[PersonKey, judge.Candidate],
    rules: Collection[ActiveRule],
    calendar: WorkCalendar,
    progress: Progress,
) -> Before:
    """Read and judge whom nobody has dealt with yet. When somebody is left out whose turn is still to come,
    reading is broken off and goes on without them."""
    with house.store.begin() as work:
        before = Before(work.judged(slot.id), hangs_in(work, slot))
        last_turn = due_again(work.last_read(), work.failed())
        met_refusal = _failed_in(work, slot)
    by_guid = {candidate.person.guid: candidate for candidate in candidates.values()}
    left = overdue_first([key for key in candidates if key not in before.done], last_turn, slot)
    waiting = {(p := candidates[key].person).guid: Target(p.guid, p.address) for key in left}
    count = len(candidates) - len(waiting)
    progress(count, len(candidates))

    def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
        return judge.follow_up(rules, by_guid[facts.guid], facts, calendar, house.today())

    while waiting:
        out: set[ObjectGuid] = set()
        for facts in house.exchange().read(
            list(waiting.values()), judge.needs(rules), follow_up, calendar.now
        ):
            candidate = by_guid[facts.guid]
            unread = missed(facts)
            refused = unread is Reason.SIGN_IN_REFUSED
            now = house.clock.now()
            broken = _broken(house, refused, before.hangs)
            if _cut_by_us(broken, unread):
                break
            if refused and candidate.key not in met_refusal:
                with house.store.begin() as work:
                    work.note_failed(candidate.key, now)
            else:
                if unread in CUT_SHORT:
                    facts = filled_up(facts, unread, follow_up)
                judgements = judge.judge(rules, candidate, facts, calendar, house.today())
                with house.store.begin() as work:
                    work.record(slot.id, candidate.key, unread, judgements, now)
                    work.extend(slot.id, house.owner, now + LEASE)
                    out = waiting.keys() & left_out(work)
                del waiting[facts.guid]
                count += 1
                progress(count, len(candidates))
            if broken is not None or out - {facts.guid}:
                break
        else:
            return before
        if broken is not None:
            raise leave(house, slot, lease, broken, count, len(candidates))
        waiting = {guid: target for guid, target in waiting.items() if guid not in out}
    return before


def _failed_in(work: Work, slot: Slot) -> frozenset[PersonKey]:
    """Who failed since the turn began and is not done: after a refused sign-in each try notes the first
    mailbox that came back refused. One that does so again, after a sign-in that was accepted, is refused
    itself: it is recorded, or it would break off every try."""
    claimed = next(row.claimed for row in work.slots(Job.SWEEP, slot.day) if row.slot == slot)
    return frozenset(person for person, at in work.failed().items() if at >= claimed)


def _broken(house: House, refused: bool, hangs: int) -> Break | None:
    """Why to end now, although mailboxes are left. `hangs` processes left this turn because a worker hung."""
    if refused:
        return REFUSED
    if house.exchange().hung() and hangs + 1 < HANGS_ENOUGH:
        return HANGS
    return ASKED_TO_END if house.halting() else None


def _cut_by_us(broken: Break | None, unread: Reason | None) -> bool:
    """Whether a mailbox was not read because this process ends: the next one reads it. What a worker hangs on
    is no such mailbox, or it would be met again and again."""
    return unread is not None if broken is ASKED_TO_END else broken is HANGS and unread in NO_TURN


def due_again(
    last_read: Mapping[PersonKey, datetime], failed: Mapping[PersonKey, datetime]
) -> dict[PersonKey, datetime]:
    """From when each mailbox waits for its next turn. One that failed by its own fault counts as if it had
    been read a day later: in the next sweep it comes behind all others, and cannot keep them from their turn
    every day; where it is not reached then, it is soon as overdue as they are."""
    return {**last_read, **{person: at + FAILED_LATER for person, at in failed.items()}}


def overdue_first(
    keys: Collection[PersonKey], last_turn: Mapping[PersonKey, datetime], slot: Slot
) -> list[PersonKey]:
    """Whoever never had a turn, then whoever had it longest ago. Ties are drawn by lot, once per slot: who
    cannot be read must not hold up the same others every day."""

    def overdue(key: PersonKey) -> tuple[float, str]:
        at = last_turn.get(key)
        lot = hashlib.sha256(f"{slot.id}/{key}".encode()).hexdigest()
        return (at.timestamp() if at else 0.0, lot)

    return sorted(keys, key=overdue)


def _conclude(
    house: House,
    slot: Slot,
    people: People,
    population: dict[PersonKey, Person],
    rules: Collection[ActiveRule],
    calendar: WorkCalendar,
    dry_run: bool,
    started: float,
    before: Before,
) -> SweepReport:
    """One transaction from verdicts to outbox: a crash leaves either no plan or a plan carried out."""
    end_left_by_hand(house, slot)
    now = house.clock.now()
    rules = [active for active in rules if active.on(house.today())]
    with house.store.begin() as work:
        out = left_out(work)  # also during the sweep
        restrictions = work.restrictions()
        paused = {guid for guid, kind in restrictions.items() if kind is Restriction.PAUSED}
        population = {key: person for key, person in population.items() if person.guid not in out}
        work.keep_only(slot.id, population)
        by_settings = {person.guid for person in population.values() if person.settings_only}
        for guid in (restrictions.keys() - paused) | by_settings:
            forget_deep(house, work, guid)
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
        present = frozenset(house.store.person_key(guid) for guid in (*people.by_guid, *people.set_aside))
        if not dry_run:
            apply(house, work, made, now)
            work.forget_absent(present, now)
        else:
            work.forget_reading(present)
        figures = SweepFigures(
            Coverage(len(population), work.read_count(slot.id)),
            work.tally(slot.id),
            work.unknowns(slot.id),
            house.exchange().requests(),
            house.clock.monotonic() - started,
        )
        forgotten = population.keys() - work.judged(slot.id)
        not_read = Counter(work.missed_counts(slot.id)) + Counter({Reason.NOT_VISITED: len(forgotten)})
        hangs = before.hangs + house.exchange().hung()
        ending = Ending(
            figures.coverage,
            not_read,
            len(before.done & population.keys()),
            hangs if hangs >= HANGS_ENOUGH else 0,
        )
        tasks = together(work.task_counts(slot.id), conflict_counts(people, out))
        work.settle(slot.id)
        counts = _counts(figures, made, people, out, ending)
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
