"""Forgets in time, once a day: every table's own limit, and what a decision that is over let us see."""

from datetime import timedelta

import structlog

from mailbot.engine.gates import DEEPEST_POSSIBLE
from mailbot.engine.judge import ActiveRule
from mailbot.jobs.house import House
from mailbot.jobs.lease import beating
from mailbot.model.errors import Busy
from mailbot.model.needs import DataClass
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.rules import registry

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
    with beating(house, slot, LEASE), house.store.begin() as work:
        intact = work.audit_intact()
        deleted = dict(work.purge(now, personal(house)))
        for rule in registry():
            if not house.tells_of(rule) and (rows := work.end_rule(rule)):
                deleted[f"decision over: {rule}"] = rows
        if rows := work.end_bookmarks(askable(house)):
            deleted["bookmarks that no rule may use"] = rows
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


def askable(house: House) -> frozenset[str]:
    """Names of the questions that some rule may ask of somebody today."""
    return frozenset().union(*map(asks, house.rules(house.today())))


def asks(active: ActiveRule) -> frozenset[str]:
    """Names of the questions that a rule may ask of somebody: those that look deeper than settings only under
    a decision."""
    deepest = min(active.decision.data_class, DEEPEST_POSSIBLE) if active.decision else DataClass.TRAFFIC
    kinds = {*active.rule.follow_ups, *(type(need) for need in active.rule.needs)}
    return frozenset(kind.name for kind in kinds if kind.data_class <= deepest)


def personal(house: House) -> timedelta:
    """How long the policy lets us keep what is about one person, at most."""
    return timedelta(weeks=house.terms.pack.retention.individual_weeks)
