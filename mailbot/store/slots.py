"""Slots: each turn of a job is taken once, and taken over when its process died."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.engine import Row

from mailbot.model.errors import Busy
from mailbot.model.ids import SlotId
from mailbot.model.slots import Claim, Job, Slot, SlotResult, SlotRow
from mailbot.store.part import Part
from mailbot.store.schema import slot as table

READ = (SlotResult.COMPLETE, SlotResult.PARTIAL)
"""Results of a turn whose verdicts count: it was brought to an end."""


class Slots(Part):
    def claim(self, slot: Slot, owner: str, now: datetime, lease_until: datetime) -> Claim:
        """Take the slot for `owner` until `lease_until`; the first of two at the same moment gets it."""
        values = {"id": slot.id, "job": slot.job, "day": slot.day, "label": slot.label}
        if self.insert_new(table, {**values, "owner": owner, "lease": lease_until, "claimed": now}):
            return Claim.NEW
        taken = self.changed(
            update(table)
            .where(
                table.c.id == slot.id,
                table.c.finished.is_(None),
                or_(table.c.owner == owner, table.c.lease <= now),
            )
            .values(owner=owner, lease=lease_until)
        )
        if taken:
            return Claim.RESUMED
        finished = self.connection.scalar(select(table.c.finished).where(table.c.id == slot.id))
        return Claim.HELD if finished is None else Claim.DONE

    def extend(self, slot: SlotId, owner: str, lease_until: datetime) -> None:
        extended = self.changed(
            update(table)
            .where(table.c.id == slot, table.c.owner == owner, table.c.finished.is_(None))
            .values(lease=lease_until)
        )
        if not extended:
            raise Busy(f"Another process took over {slot}; this one leaves it.")

    def leave(self, slot: SlotId, owner: str, now: datetime, counts: Mapping[str, Any]) -> None:
        """Let anybody take the slot up at once; `counts` says how far it came. Raises Busy as `extend`."""
        self.extend(slot, owner, now)
        self.connection.execute(update(table).where(table.c.id == slot).values(counts=counts))

    def finish(self, slot: SlotId, now: datetime, result: SlotResult, counts: Mapping[str, Any]) -> None:
        """Raises Busy when the slot is finished already."""
        finished = self.changed(
            update(table)
            .where(table.c.id == slot, table.c.finished.is_(None))
            .values(finished=now, result=result, counts=counts)
        )
        if not finished:
            raise Busy(f"Another process finished {slot} already.")

    def slots(self, job: Job, since: date) -> list[SlotRow]:
        """Turns of `job` on or after the local day `since`, oldest first."""
        found = select(table).where(table.c.job == job, table.c.day >= since)
        return [slot_row(row) for row in self.rows(found.order_by(table.c.day, table.c.claimed, table.c.id))]

    def newest(self, job: Job) -> SlotRow | None:
        """The turn of `job` that began last, whether or not it is over; one that was skipped never began."""
        row = self.connection.execute(
            select(table)
            .where(table.c.job == job, or_(table.c.result.is_(None), table.c.result != SlotResult.SKIPPED))
            .order_by(table.c.claimed.desc(), table.c.id.desc())
            .limit(1)
        ).first()
        return None if row is None else slot_row(row)

    def last_counts(self, job: Job) -> tuple[SlotRow, Mapping[str, Any]] | None:
        row = self.connection.execute(
            select(table)
            .where(table.c.job == job, table.c.result.in_(READ))
            .order_by(table.c.finished.desc(), table.c.claimed.desc(), table.c.id.desc())
            .limit(1)
        ).first()
        return None if row is None else (slot_row(row), row.counts)


def slot_row(row: Row[Any]) -> SlotRow:
    turn = Slot(row.job, row.day, row.label)
    return SlotRow(turn, row.claimed, row.finished, row.result, row.lease, row.counts or {})
