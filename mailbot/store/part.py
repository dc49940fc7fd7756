"""What all parts of a transaction share: the connection, the keys and a few statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Select,
    String,
    Table,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row

from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.model.mailbox import Interval
from mailbot.model.restrictions import Restriction
from mailbot.store.keys import Keys
from mailbot.store.schema import exclusion, restriction

DialectInsert = postgresql.Insert | sqlite.Insert


def insert_for(dialect: str, table: Table) -> DialectInsert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def insert_if_new(dialect: str, table: Table) -> Executable:
    return insert_for(dialect, table).on_conflict_do_nothing()


def interval(row: Row[Any]) -> Interval | None:
    start, end = row.occurrence_start, row.occurrence_end
    return None if start is None else Interval(start, end)


def bounds(occurrence: Interval | None) -> dict[str, datetime | None]:
    if occurrence is None:
        return {"occurrence_start": None, "occurrence_end": None}
    return {"occurrence_start": occurrence.start, "occurrence_end": occurrence.end}


def unless_left_out(columns: Sequence[Column[Any]]) -> Select[Any]:
    """One row of parameters by column, and none for somebody who is left out: for an insert that looks and
    writes in one statement. Its other parameters are those of `Part.left_out_tags`."""
    values = (bindparam(column.name, type_=column.type) for column in columns)
    excluded = exists(literal_column("1", String)).where(exclusion.c.tag == bindparam("excluded"))
    forbidden = or_(*(restriction.c.tag == bindparam(kind.value) for kind in Restriction))
    restricted = exists(literal_column("1", String)).where(forbidden)
    return select(*values).where(~excluded, ~restricted)


class Part:
    """One transaction, as its parts see it. `erased` tells that rows about people were deleted."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self.connection = connection
        self.keys = keys
        self.erased = False

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        return self.connection.execute(statement).all()

    def changed(self, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
        """Run a writing statement; the number of rows that it changed."""
        result = self.connection.execute(statement, values, execution_options={"preserve_rowcount": True})
        assert isinstance(result, CursorResult)
        return result.rowcount

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert one row; False when a row with its key is there already."""
        return self.changed(insert_if_new(self.dialect, table), values) == 1

    def look_first(self) -> None:
        """For a transaction that writes about people before it has looked who is left out. On PostgreSQL
        `exclude` and `restrict` lock these tables before any row: whoever takes a row first and looks later
        could wait for them while they wait for that row."""
        if self.dialect == "postgresql":
            self.connection.execute(text("LOCK TABLE exclusion, restriction IN ACCESS SHARE MODE"))

    def is_excluded(self, person: PersonKey) -> bool:
        """On PostgreSQL the read also keeps `exclude` waiting until this transaction is over."""
        tag = self.keys.exclusion_tag(person)
        return (
            self.connection.execute(select(exclusion.c.tag).where(exclusion.c.tag == tag)).first() is not None
        )

    def is_restricted(self, person: PersonKey, kind: Restriction) -> bool:
        """On PostgreSQL the read also keeps `restrict` waiting until this transaction is over."""
        tag = self.keys.restriction_tag(person, kind)
        found = select(restriction.c.tag).where(restriction.c.tag == tag)
        return self.connection.execute(found).first() is not None

    def left_out_tags(self, person: PersonKey, deep: bool = False) -> dict[str, str]:
        """The parameters of `unless_left_out`. `deep` is for a row that looks deeper than settings."""
        paused = self.keys.restriction_tag(person, Restriction.PAUSED)
        shallow = self.keys.restriction_tag(person, Restriction.SETTINGS_ONLY) if deep else paused
        tags = {Restriction.PAUSED.value: paused, Restriction.SETTINGS_ONLY.value: shallow}
        return {"excluded": self.keys.exclusion_tag(person), **tags}

    def restrictions(self) -> dict[ObjectGuid, Restriction]:
        """A pause before the other kind, which goes on when it ends. Raises KeyRefused when one was sealed
        with another key."""
        found: dict[ObjectGuid, Restriction] = {}
        for payload in self.connection.scalars(select(restriction.c.payload)):
            guid, kind = self.keys.open_restriction(payload)
            if found.get(guid) is not Restriction.PAUSED:
                found[guid] = kind
        return found

    def paused(self) -> list[PersonKey]:
        """Keys of everybody whose objection is pending: they are in no count."""
        restrictions = self.restrictions()
        return [self.keys.person_key(g) for g, kind in restrictions.items() if kind is Restriction.PAUSED]
