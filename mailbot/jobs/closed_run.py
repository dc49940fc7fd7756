"""The closed run: what a sweep is while a gate is closed."""

from collections import Counter

import structlog

from mailbot.jobs.ending import NO_TURN
from mailbot.jobs.house import House
from mailbot.jobs.lease import Lease
from mailbot.jobs.sweep_report import Progress, SweepReport
from mailbot.jobs.turn import ASKED_TO_END, PARTIAL, REFUSED, ended_well, leave, sign_in
from mailbot.model.errors import WorkerHung
from mailbot.model.facts import Reason
from mailbot.model.figures import Coverage, SweepFigures
from mailbot.model.people import People
from mailbot.model.slots import Job, Slot, SlotResult
from mailbot.ports import Target

log = structlog.get_logger(__name__)


def closed_run(
    house: House,
    slot: Slot,
    lease: Lease,
    people: People,
    closed: tuple[str, ...],
    started: float,
    progress: Progress,
) -> SweepReport:
    """A gate is closed: count who could be reached, keep nothing about anybody, plan nothing.

    One that is broken off is no result. It begins anew: there is nothing that it could have kept.
    """
    targets = [Target(person.guid, person.address) for person in people.by_guid.values()]
    sign_in(house, slot, lease, len(targets))
    troubles: Counter[Reason | None] = Counter()
    for done, (_target, trouble) in enumerate(house.exchange().reachable(targets), start=1):
        if trouble is Reason.SIGN_IN_REFUSED:
            raise leave(house, slot, lease, REFUSED, 0, len(targets))
        if house.halting():
            raise leave(house, slot, lease, ASKED_TO_END, 0, len(targets))
        troubles[trouble] += 1
        progress(done, len(targets))
        if done % 50 == 0:
            lease.renew()
    reached = troubles[None]
    figures = SweepFigures(
        Coverage(len(targets), reached),
        {},
        {},
        house.exchange().requests(),
        house.clock.monotonic() - started,
    )
    now = house.clock.now()
    why = f"gates are closed: {', '.join(closed)}; {reached:,} of {len(targets):,} mailboxes can be reached"
    why += "".join(f", {troubles[reason]:,} {NO_TURN[reason]}" for reason in NO_TURN if troubles[reason])
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
    house.operator.solved(PARTIAL)
    ended_well(house)
    log.warning("closed run", slot=slot.id, gates=",".join(closed), reachable=reached)
    if house.exchange().hung():
        raise WorkerHung(f"closed: {why}; a worker hangs: start mailbot again")
    return SweepReport(slot, SlotResult.CLOSED, why, figures, closed_gates=closed)
