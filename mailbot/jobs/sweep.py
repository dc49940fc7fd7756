"""The sweep: reads every mailbox once, judges it, and makes one plan of all that follows."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from mailbot.engine import judge
from mailbot.engine.gates import in_population
from mailbot.engine.judge import ActiveRule
from mailbot.jobs.closed_run import closed_run
from mailbot.jobs.conclude import Before, Sweep, conclude
from mailbot.jobs.ending import CUT_SHORT, NO_TURN, filled_up, missed
from mailbot.jobs.house import House
from mailbot.jobs.lease import Lease, beating
from mailbot.jobs.renaming import rename_rules
from mailbot.jobs.restriction import left_out
from mailbot.jobs.shrink import check_shrink
from mailbot.jobs.sources import tell_of_sources
from mailbot.jobs.sweep_report import Progress, SweepReport, quiet
from mailbot.jobs.turn import (
    ASKED_TO_END,
    HANGS,
    HANGS_ENOUGH,
    LEASE,
    REFUSED,
    Break,
    hangs_in,
    leave,
    sign_in,
)
from mailbot.model.errors import Busy
from mailbot.model.facts import MailboxFacts, Reason
from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.model.needs import Need
from mailbot.model.people import People, Person
from mailbot.model.slots import Claim, Job, Slot
from mailbot.model.worktime import WorkCalendar
from mailbot.ports import Target, Work

FAILED_LATER = timedelta(days=1)
"""From one sweep to the next."""


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
        rename_rules(work)
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
        return conclude(Sweep(house, slot, people, population, rules, calendar, dry_run, started, before))


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
