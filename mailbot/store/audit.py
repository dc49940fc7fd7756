"""The audit log: what the bot and its operators did, chained so that no row can be changed unseen.

Each row's hash is keyed and covers the hash before it. Of a row's detail it covers a salted commitment
only, so that erasing what is said about a person does not break the chain. A keyed anchor says where the
log begins and ends, so that rows cut off at either end are missed too. Once broken, the log goes on but
is never called intact again.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.engine import Row

from mailbot.model.ids import PersonKey
from mailbot.store.columns import decode, encode
from mailbot.store.keys import Keys
from mailbot.store.notes import Notes
from mailbot.store.schema import audit as table

ANCHOR = "audit"
ERASED: Mapping[str, Any] = {"erased": True}


@dataclass(frozen=True, slots=True)
class Anchor:
    """Numbers of the first and last row, and the last row's hash. An empty log has `first` = `last` + 1."""

    first: int
    last: int
    hash: str


START = Anchor(1, 0, "")


class Audit(Notes):
    """Rows are written when the transaction ends: the log is locked last, so that nobody waits in a ring."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._unwritten: list[tuple[datetime, str, str, str]] = []
        self._forgotten: set[PersonKey] = set()

    def audit(self, now: datetime, actor: str, action: str, detail: Mapping[str, str | int]) -> None:
        """`detail` names a person by key only, and never holds a result about one."""
        if now.tzinfo is None:
            raise ValueError("the audit log takes aware times")
        self._unwritten.append((now.astimezone(UTC), actor, action, encode(detail)))

    def audit_rows(self, limit: int = 50) -> list[tuple[datetime, str, str, Mapping[str, Any]]]:
        """Time, actor, action and detail of the newest rows, newest first."""
        self.flush()
        return [
            (row.at, row.actor, row.action, ERASED if row.detail is None else decode(row.detail))
            for row in self.rows(select(table).order_by(table.c.seq.desc()).limit(limit))
        ]

    def audit_intact(self) -> bool:
        self.flush()
        anchor = self._anchor()
        if anchor is None:
            return False
        last, before = anchor.first - 1, None
        for row in self.rows(select(table).order_by(table.c.seq)):
            if row.seq != last + 1 or (before is not None and row.previous != before):
                return False
            if row.hash != self._hash(row) or not _detail_holds(row):
                return False
            last, before = row.seq, row.hash
        return last == anchor.last and before in (None, anchor.hash)

    def begin_log(self) -> None:
        """Anchor the empty log of a new database."""
        self._set_anchor(START)

    def flush(self) -> None:
        """Write what was logged so far in this transaction."""
        if not self._unwritten:
            return
        if self.dialect == "postgresql":
            self.connection.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))
        newest = self.connection.execute(select(table).order_by(table.c.seq.desc()).limit(1)).first()
        anchor = self._anchor()
        whole = anchor is not None and (
            anchor.first > anchor.last
            if newest is None
            else (newest.seq, newest.hash) == (anchor.last, anchor.hash)
        )
        if newest is not None:
            seq, previous = newest.seq, newest.hash
        else:
            seq, previous = (anchor.last, anchor.hash) if anchor else (0, "")
        for at, actor, action, detail in self._unwritten:
            seq += 1
            salt = secrets.token_hex(16)
            erased = any(person in detail for person in self._forgotten)
            values = {
                "seq": seq,
                "at": at,
                "actor": actor,
                "action": action,
                "detail": None if erased else detail,
                "salt": None if erased else salt,
                "commitment": _commitment(salt, detail),
                "previous": previous,
            }
            previous = self._chained(previous, seq, at, actor, action, values["commitment"])
            self.connection.execute(insert(table), {**values, "hash": previous})
        self._unwritten.clear()
        if anchor is not None and whole:
            self._set_anchor(Anchor(anchor.first, seq, previous))

    def forget(self, person: PersonKey) -> None:
        """Erase every detail that names this person; the rows themselves and the chain stay."""
        self._forgotten.add(person)
        self.connection.execute(
            update(table)
            .where(table.c.detail.contains(person, autoescape=True))
            .values(detail=None, salt=None)
        )

    def shorten(self, before: datetime) -> int:
        """Delete rows from the beginning of the log up to the first one that is not older than `before`."""
        anchor = self._anchor()
        newest = self.connection.scalar(select(func.max(table.c.seq)))
        if newest is None:
            return 0
        kept = self.connection.scalar(select(func.min(table.c.seq)).where(table.c.at >= before))
        first = newest + 1 if kept is None else kept
        deleted = self.changed(delete(table).where(table.c.seq < first))
        if deleted and anchor is not None:
            self._set_anchor(Anchor(first, anchor.last, anchor.hash))
        return deleted

    def _hash(self, row: Row[Any]) -> str:
        return self._chained(row.previous, row.seq, row.at, row.actor, row.action, row.commitment)

    def _chained(
        self, previous: str, seq: int, at: datetime, actor: str, action: str, commitment: str
    ) -> str:
        return self.keys.audit_mac(encode(["row", previous, seq, at, actor, action, commitment]))

    def _anchor(self) -> Anchor | None:
        """None when somebody changed the anchor or took it away."""
        parts = (self._value(ANCHOR) or "").split(":")
        if len(parts) != 4 or not (parts[0].isdecimal() and parts[1].isdecimal()):
            return None
        anchor = Anchor(int(parts[0]), int(parts[1]), parts[2])
        return anchor if parts[3] == self._anchor_mac(anchor) else None

    def _set_anchor(self, anchor: Anchor) -> None:
        value = f"{anchor.first}:{anchor.last}:{anchor.hash}:{self._anchor_mac(anchor)}"
        self._set_value(ANCHOR, value)

    def _anchor_mac(self, anchor: Anchor) -> str:
        return self.keys.audit_mac(encode(["anchor", anchor.first, anchor.last, anchor.hash]))


def _commitment(salt: str, detail: str) -> str:
    return hashlib.sha256(f"{salt}:{detail}".encode()).hexdigest()


def _detail_holds(row: Row[Any]) -> bool:
    """An erased detail holds: what it said is gone, that it was said is not."""
    return row.detail is None or _commitment(row.salt, row.detail) == row.commitment
