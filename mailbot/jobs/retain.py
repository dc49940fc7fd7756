"""Forgets in time: every table's own limit, once a day."""

from datetime import timedelta

import structlog

from mailbot.jobs.house import House
from mailbot.model.errors import Busy
from mailbot.model.slots import Claim, Job, Slot, SlotResult

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
CHAIN = "audit_chain_broken"


def retain(house: House, slot: Slot) -> int | None:
    """Rows deleted, or None when the slot is done. Raises Busy when another process has it."""
    now = house.clock.now()
    with house.store.begin() as work:
        claim = work.claim(slot, house.owner, now, now + LEASE)
    if claim is Claim.DONE:
        return None
    if claim is Claim.HELD:
        raise Busy(f"another process is at work on {slot.id}")
    with house.store.begin() as work:
        intact = work.audit_intact()
        deleted = work.purge(now, timedelta(weeks=house.terms.pack.retention.individual_weeks))
        total = sum(deleted.values())
        work.audit(now, "mailbot", "retain", {"rows": total})
        work.finish(slot.id, now, SlotResult.COMPLETE, dict(deleted))
    if intact:
        house.operator.solved(CHAIN)
    else:
        house.operator.problem(CHAIN, "The audit log does not hold together: rows were changed from outside.")
    house.operator.ran(Job.RETAIN, slot.id, now, SlotResult.COMPLETE.value, dict(deleted))
    log.info("retention finished", rows=total)
    return total
