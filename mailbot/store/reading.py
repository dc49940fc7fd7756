"""Reading: when each mailbox was last read or failed, and how far it was read, so that the next sweep begins
with the most overdue ones and reads what is new."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, delete, select

from mailbot.model.ids import PersonKey
from mailbot.model.needs import DataClass, Need
from mailbot.model.reading import Mark
from mailbot.model.reading import Reading as Kept
from mailbot.store.part import Part, insert_for, unless_left_out
from mailbot.store.schema import BOOKMARK_AGE, QUARTER, bookmark, last_read

BOTH = (bookmark, last_read)


def about_settings() -> frozenset[str]:
    """Names of the questions that look no deeper than sizes and settings. A name that is none of them is
    taken to be deeper."""
    kinds = Need.__subclasses__()
    return frozenset(kind.name for kind in kinds if kind.data_class <= DataClass.TRAFFIC)


@cache
def upsert_read(dialect: str) -> Executable:
    new = insert_for(dialect, last_read)
    values = {"at": new.excluded.at, "failed": None}
    return new.on_conflict_do_update(index_elements=[last_read.c.person], set_=values)


@cache
def upsert_failed(dialect: str) -> Executable:
    """Of somebody who is not left out: one statement looks and writes. When it was read stays."""
    columns = [last_read.c.person, last_read.c.failed]
    new = insert_for(dialect, last_read).from_select(columns, unless_left_out(columns))
    values = {"failed": new.excluded.failed}
    return new.on_conflict_do_update(index_elements=[last_read.c.person], set_=values)


@cache
def upsert_bookmark(dialect: str) -> Executable:
    """A bookmark of somebody who is not left out: one statement looks and writes."""
    columns = [bookmark.c.person, bookmark.c.need, bookmark.c.text, bookmark.c.at]
    new = insert_for(dialect, bookmark).from_select(columns, unless_left_out(columns))
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
        tags = self.left_out_tags(person, deep=need not in about_settings())
        self.connection.execute(upsert_bookmark(self.dialect), {**values, **tags})

    def end_deep_bookmarks(self, person: PersonKey) -> int:
        """Delete one person's bookmarks of questions that look deeper than settings."""
        deep = bookmark.c.need.not_in(list(about_settings()))
        return self.changed(delete(bookmark).where(bookmark.c.person == person, deep))

    def end_bookmarks(self, asked: Collection[str]) -> int:
        return self.changed(delete(bookmark).where(bookmark.c.need.not_in(list(asked))))

    def last_read(self) -> Mapping[PersonKey, datetime]:
        found = select(last_read).where(last_read.c.at.is_not(None))
        return {PersonKey(row.person): row.at for row in self.rows(found)}

    def failed(self) -> Mapping[PersonKey, datetime]:
        found = select(last_read).where(last_read.c.failed.is_not(None))
        return {PersonKey(row.person): row.failed for row in self.rows(found)}

    def note_read(self, person: PersonKey, now: datetime) -> None:
        """For a transaction that has looked whether the person is left out."""
        self.connection.execute(upsert_read(self.dialect), {"person": person, "at": now})

    def note_failed(self, person: PersonKey, now: datetime) -> None:
        tags = self.left_out_tags(person)
        self.connection.execute(upsert_failed(self.dialect), {"person": person, "failed": now, **tags})

    def reading_of(self, person: PersonKey, personal: timedelta) -> Kept:
        found = select(bookmark).where(bookmark.c.person == person).order_by(bookmark.c.need)
        young = min(BOOKMARK_AGE, personal)
        marks = tuple(Mark(row.need, row.at, row.at + young) for row in self.rows(found))
        row = self.connection.execute(select(last_read).where(last_read.c.person == person)).first()
        if row is None:
            return Kept(marks=marks)
        oldest = min(at for at in (row.at, row.failed) if at is not None)
        return Kept(row.at, row.failed, oldest + min(QUARTER, personal), marks)

    def forget_reading(self, present: frozenset[PersonKey]) -> None:
        """Nothing of how somebody was read outlives their being here."""
        for table in BOTH:
            kept = self.connection.scalars(select(table.c.person).distinct())
            for person in [person for person in kept if person not in present]:
                self.connection.execute(delete(table).where(table.c.person == person))
                self.erased = True
