"""People: who is excluded, who looked at whom, and erasure."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import delete, insert, select, text, update

from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.model.letters import Disclosure
from mailbot.store.audit import Audit
from mailbot.store.schema import disclosure, exclusion, metadata


class People(Audit):
    def exclusions(self) -> frozenset[ObjectGuid]:
        """Raises KeyRefused when one was sealed with another key."""
        return frozenset(self.keys.unseal(guid) for guid in self.connection.scalars(select(exclusion.c.guid)))

    def exclude(self, guid: ObjectGuid, person: PersonKey, now: datetime) -> None:
        """Twice is the same as once. What the audit log says about the person goes, its chain holds."""
        if self.dialect == "postgresql":
            # Whoever is just writing about this person looked at `exclusion` first, and is waited for.
            self.connection.execute(text("LOCK TABLE exclusion IN ACCESS EXCLUSIVE MODE"))
        self.insert_new(
            exclusion,
            {"tag": self.keys.exclusion_tag(person), "guid": self.keys.seal(guid), "made": now},
        )
        for table in reversed(metadata.sorted_tables):
            if "person" in table.c:
                self.connection.execute(delete(table).where(table.c.person == person))
        self.forget(person)
        self.erased = True

    def include(self, guid: ObjectGuid) -> bool:
        """False when there was no such exclusion."""
        tag = self.keys.exclusion_tag(self.keys.person_key(guid))
        return self.changed(delete(exclusion).where(exclusion.c.tag == tag)) == 1

    def disclose(self, person: PersonKey, at: datetime, due: date) -> int:
        """Remember that somebody looked at this person's state; the number of the new disclosure."""
        made = self.connection.execute(
            insert(disclosure).values(person=person, at=at, due=due).returning(disclosure.c.id)
        )
        return int(made.scalar_one())

    def undisclosed(self, person: PersonKey | None = None) -> list[Disclosure]:
        """Looks that the person has not heard of yet, oldest first."""
        found = select(disclosure).where(disclosure.c.told.is_(None))
        if person is not None:
            found = found.where(disclosure.c.person == person)
        return [
            Disclosure(row.id, PersonKey(row.person), row.at, row.due)
            for row in self.rows(found.order_by(disclosure.c.at, disclosure.c.id))
        ]

    def disclosed(self, ids: Collection[int], now: datetime) -> None:
        self.connection.execute(
            update(disclosure)
            .where(disclosure.c.id.in_(list(ids)), disclosure.c.told.is_(None))
            .values(told=now)
        )
