"""People: who is left out of what, who looked at whom, and erasure."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import delete, insert, select, text, update

from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.model.letters import Disclosure
from mailbot.model.restrictions import Restriction
from mailbot.store.audit import Audit
from mailbot.store.outbox import Outbox
from mailbot.store.reading import Reading
from mailbot.store.schema import disclosure, exclusion, metadata, plan_step, restriction


class People(Outbox, Reading, Audit):
    def exclusions(self) -> frozenset[ObjectGuid]:
        """Raises KeyRefused when one was sealed with another key."""
        return frozenset(self.keys.unseal(guid) for guid in self.connection.scalars(select(exclusion.c.guid)))

    def exclude(self, guid: ObjectGuid, person: PersonKey, now: datetime) -> None:
        """Twice is the same as once. What the audit log says about the person goes, its chain holds."""
        self._wait_for_writers()
        self.insert_new(
            exclusion,
            {"tag": self.keys.exclusion_tag(person), "guid": self.keys.seal(guid), "made": now},
        )
        for kind in Restriction:
            self.unrestrict(guid, kind)
        for table in reversed(metadata.sorted_tables):
            if "person" in table.c:
                self.connection.execute(delete(table).where(table.c.person == person))
        self.forget(person)
        self.erased = True

    def include(self, guid: ObjectGuid) -> bool:
        """False when there was no such exclusion."""
        tag = self.keys.exclusion_tag(self.keys.person_key(guid))
        return self.changed(delete(exclusion).where(exclusion.c.tag == tag)) == 1

    def restrict(self, guid: ObjectGuid, kind: Restriction, now: datetime) -> None:
        """Twice is the same as once. Of who is excluded, nothing is kept."""
        self._wait_for_writers()
        person = self.keys.person_key(guid)
        if self.is_excluded(person):
            return
        tag, payload = self.keys.restriction_tag(person, kind), self.keys.seal_restriction(guid, kind)
        self.insert_new(restriction, {"tag": tag, "payload": payload, "made": now})
        match kind:
            case Restriction.PAUSED:
                self.withdraw_all(person, now)
                self.connection.execute(delete(plan_step).where(plan_step.c.person == person))
            case Restriction.SETTINGS_ONLY:
                self.end_deep_bookmarks(person)
        self.erased = True

    def unrestrict(self, guid: ObjectGuid, kind: Restriction) -> bool:
        tag = self.keys.restriction_tag(self.keys.person_key(guid), kind)
        return self.changed(delete(restriction).where(restriction.c.tag == tag)) == 1

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

    def disclosure_lost(self, person: PersonKey, told: datetime) -> None:
        self.connection.execute(
            update(disclosure)
            .where(disclosure.c.person == person, disclosure.c.told == told)
            .values(told=None)
        )

    def _wait_for_writers(self) -> None:
        """Whoever is just writing about a person looked at both tables first, in this order, and is waited
        for; who comes later sees what this transaction writes. SQLite has one writer at a time."""
        if self.dialect == "postgresql":
            self.connection.execute(text("LOCK TABLE exclusion, restriction IN ACCESS EXCLUSIVE MODE"))
