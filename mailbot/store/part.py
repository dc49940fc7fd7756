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
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row

from mailbot.model.ids import PersonKey
from mailbot.model.mailbox import Interval
from mailbot.store.keys import Keys
from mailbot.store.schema import exclusion

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


def unless_excluded(columns: Sequence[Column[Any]]) -> Select[Any]:
    """One row of parameters by column, and none when `tag` is of somebody who is excluded: for an insert that
    looks and writes in one statement."""
    values = (bindparam(column.name, type_=column.type) for column in columns)
    excluded = exists(literal_column("1", String)).where(exclusion.c.tag == bindparam("tag"))
    return select(*values).where(~excluded)


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

    def is_excluded(self, person: PersonKey) -> bool:
        """On PostgreSQL the read also keeps `exclude` waiting until this transaction is over."""
        tag = self.keys.exclusion_tag(person)
        return (
            self.connection.execute(select(exclusion.c.tag).where(exclusion.c.tag == tag)).first() is not None
        )
