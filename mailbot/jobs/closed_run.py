"""The closed run: what a sweep is while a gate is closed."""

import structlog

from mailbot.jobs.house import House
from mailbot.jobs.sweep_report import Progress, SweepReport
from mailbot.jobs.turn import LEASE, sign_in
from mailbot.model.errors import WorkerHung
from mailbot.model.figures import Coverage, SweepFigures
from mailbot.model.people import People
from mailbot.model.slots import Job, Slot, SlotResult
from mailbot.ports import Target

log = structlog.get_logger(__name__)


def closed_run(
    house: House,
    slot: Slot,
    people: People,
    closed: tuple[str, ...],
    started: float,
    progress: Progress,
) -> SweepReport:
    """A gate is closed: count who could be reached, keep nothing about anybody, plan nothing."""
    targets = [Target(person.guid, person.address) for person in people.by_guid.values()]
    sign_in(house, slot, len(targets))
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
