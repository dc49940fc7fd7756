"""Reading: when each mailbox was last read, and how far, so that the next sweep begins with the most overdue
ones and reads what is new."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import (
    Executable,
    String,
    bindparam,
    delete,
    exists,
    literal_column,
    select,
)

from mailbot.model.ids import PersonKey
from mailbot.store.part import Part, insert_for
from mailbot.store.schema import BOOKMARK_AGE, bookmark, exclusion, last_read

BOTH = (bookmark, last_read)


@cache
def upsert_read(dialect: str) -> Executable:
    new = insert_for(dialect, last_read)
    return new.on_conflict_do_update(index_elements=[last_read.c.person], set_={"at": new.excluded.at})


@cache
def upsert_bookmark(dialect: str) -> Executable:
    """A bookmark of somebody who is not excluded: one statement looks and writes."""
    columns = [bookmark.c.person, bookmark.c.need, bookmark.c.text, bookmark.c.at]
    values = select(*(bindparam(column.name, type_=column.type) for column in columns)).where(
        ~exists(literal_column("1", String)).where(exclusion.c.tag == bindparam("tag"))
    )
    new = insert_for(dialect, bookmark).from_select(columns, values)
    return new.on_conflict_do_update(
        index_elements=[bookmark.c.person, bookmark.c.need],
        set_={"text": new.excluded.text, "at": new.excluded.at},
    )


class Reading(Part):
    def bookmark(self, person: PersonKey, need: str, now: datetime) -> str | None:
        row = self.connection.execute(
            select(bookmark.c.text).where(
                bookmark.c.person == person, bookmark.c.need == need, bookmark.c.at >= now - BOOKMARK_AGE
            )
        ).first()
        return None if row is None else self.keys.open_bookmark(row.text, person, need)

    def set_bookmark(self, person: PersonKey, need: str, text: str, now: datetime) -> None:
        sealed = self.keys.seal_bookmark(text, person, need)
        values = {"person": person, "need": need, "text": sealed, "at": now}
        tag = self.keys.exclusion_tag(person)
        self.connection.execute(upsert_bookmark(self.dialect), {**values, "tag": tag})

    def end_bookmarks(self, asked: Collection[str]) -> int:
        return self.changed(delete(bookmark).where(bookmark.c.need.not_in(list(asked))))

    def last_read(self) -> Mapping[PersonKey, datetime]:
        return {PersonKey(row.person): row.at for row in self.rows(select(last_read))}

    def note_read(self, person: PersonKey, now: datetime) -> None:
        """For a transaction that has looked whether the person is excluded."""
        self.connection.execute(upsert_read(self.dialect), {"person": person, "at": now})

    def forget_reading(self, present: frozenset[PersonKey]) -> None:
        """Nothing of how somebody was read outlives their being here."""
        for table in BOTH:
            kept = self.connection.scalars(select(table.c.person).distinct())
            for person in [person for person in kept if person not in present]:
                self.connection.execute(delete(table).where(table.c.person == person))
                self.erased = True
