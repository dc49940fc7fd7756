"""The outbox: every letter that was ever ordered, and how far it has come."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.engine import Row

from mailbot.model.errors import Busy
from mailbot.model.ids import FindingId, LetterId, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState, OutboxLetter
from mailbot.model.restrictions import Restriction
from mailbot.store.part import Part
from mailbot.store.schema import finding as finding_table
from mailbot.store.schema import letter as table
from mailbot.store.schema import rest

UNSETTLED = tuple(state for state in LetterState if state.unsettled)
MAY_COME = tuple(state for state in UNSETTLED if state is not LetterState.IN_DOUBT)
"""Unsettled, and not one that arrived long ago if it did."""

UNFINISHED = (LetterState.CLAIMED, LetterState.DRAFTED)
TRIED = (LetterState.SENT, LetterState.REFUSED, LetterState.BOUNCED)
"""A server was asked to take it: it counts for the week, or one that fails would be made anew each day."""

MANY = 500
"""Values in one statement; a database takes no more than some thousands."""


class Outbox(Part):
    def order(self, letter: LetterId, order: LetterOrder, now: datetime) -> bool:
        """Also False, and nothing kept, when the reader was excluded or paused meanwhile. That somebody
        looked is told in a pause as well."""
        if self.is_excluded(order.person):
            return False
        if order.kind is not LetterKind.NOTICE and self.is_restricted(order.person, Restriction.PAUSED):
            return False
        new = self.insert_new(
            table,
            {
                "id": letter,
                "key": order.key,
                "kind": order.kind,
                "topic": order.topic,
                "person": order.person,
                "finding": order.finding,
                "shown": order.shown,
                "not_before": order.not_before,
                "not_after": order.not_after,
                "weekly": order.weekly,
                "state": LetterState.WAITING,
                "tidy": False,
                "test": order.test,
                "attempts": 0,
                "counted": False,
                "ordered": now,
                "changed": now,
            },
        )
        if new and order.finding is not None:
            self.connection.execute(
                update(finding_table)
                .where(finding_table.c.id == order.finding)
                .values(letters=finding_table.c.letters + 1)
            )
        return new

    def letters_due(self, now: datetime, limit: int, seen: Collection[LetterId] = ()) -> list[OutboxLetter]:
        """Among the waiting ones, whose time is over soonest comes first.

        What was seen is left out here: a statement takes so many values only, and a delivery sees more."""
        unfinished = table.c.state.in_(UNFINISHED)
        due = and_(table.c.state == LetterState.WAITING, table.c.not_before <= now, table.c.not_after >= now)
        before = frozenset(seen)
        first = self.connection.scalars(
            select(table.c.id)
            .where(or_(unfinished, due))
            .order_by(case((unfinished, 1), else_=0), table.c.not_after, table.c.id)
            .limit(limit + len(before))
        )
        ids = [LetterId(letter_id) for letter_id in first if letter_id not in before][:limit]
        found = {row.id: row for row in self.rows(select(table).where(table.c.id.in_(ids)))}
        return [outbox_letter(found[letter_id]) for letter_id in ids if letter_id in found]

    def letter(self, letter: LetterId) -> OutboxLetter | None:
        row = self.connection.execute(select(table).where(table.c.id == letter)).first()
        return None if row is None else outbox_letter(row)

    def letter_with(self, letter_ids: Collection[LetterId]) -> Mapping[LetterId, OutboxLetter]:
        ids = sorted(set(letter_ids))
        return {
            LetterId(row.id): outbox_letter(row)
            for start in range(0, len(ids), MANY)
            for row in self.rows(select(table).where(table.c.id.in_(ids[start : start + MANY])))
        }

    def ordered(self, key: str) -> bool:
        return self.connection.execute(select(table.c.id).where(table.c.key == key)).first() is not None

    def letters_in_doubt(self, since: datetime) -> list[OutboxLetter]:
        """Oldest first."""
        found = select(table).where(table.c.state == LetterState.IN_DOUBT, table.c.changed >= since)
        return [outbox_letter(row) for row in self.rows(found.order_by(table.c.changed, table.c.id))]

    def first_left(self, since: datetime) -> datetime | None:
        left = (table.c.state.in_((LetterState.SENT, LetterState.BOUNCED)), table.c.changed >= since)
        first: datetime | None = self.connection.scalar(select(func.min(table.c.changed)).where(*left))
        return first

    def came_back(self, arrived_before: datetime) -> list[PersonKey]:
        later = table.alias()
        arrived = select(later.c.id).where(
            later.c.person == table.c.person,
            later.c.state == LetterState.SENT,
            ~later.c.test,
            later.c.changed > table.c.changed,
            later.c.changed < arrived_before,
        )
        returned = select(table.c.person).where(
            table.c.state == LetterState.BOUNCED,
            ~table.c.test,
            table.c.person.not_in(self.paused()),
            ~arrived.exists(),
        )
        found = self.connection.scalars(returned.distinct().order_by(table.c.person))
        return [PersonKey(person) for person in found]

    def not_taken(self, since: datetime, now: datetime) -> list[PersonKey]:
        at_rest = select(rest.c.person).where(rest.c.until > now)
        refused = and_(
            table.c.state == LetterState.REFUSED, table.c.changed >= since, table.c.person.in_(at_rest)
        )
        found = select(table.c.person).where(
            or_(table.c.state == LetterState.SET_ASIDE, refused),
            ~table.c.test,
            table.c.person.not_in(self.paused()),
        )
        return [PersonKey(key) for key in self.connection.scalars(found.distinct().order_by(table.c.person))]

    def letters_that(self, matches: Callable[[LetterId], bool]) -> list[OutboxLetter]:
        """Only ids are read of the letters that do not match."""
        ids = [LetterId(row.id) for row in self.rows(select(table.c.id)) if matches(LetterId(row.id))]
        return [letter for letter_id in ids if (letter := self.letter(letter_id)) is not None]

    def letters_of(self, person: PersonKey) -> list[OutboxLetter]:
        """Oldest first."""
        found = select(table).where(table.c.person == person).order_by(table.c.ordered, table.c.id)
        return [outbox_letter(row) for row in self.rows(found)]

    def move(
        self,
        letter: LetterId,
        from_: LetterState,
        to: LetterState,
        now: datetime,
        draft: str | None = None,
    ) -> None:
        """`draft` is kept until the letter is at an end."""
        self.look_first()
        values: dict[str, Any] = {"state": to, "changed": now}
        if not to.under_way:
            values["draft"] = None
        elif draft is not None:
            values["draft"] = draft
        moved = self.changed(
            update(table).where(table.c.id == letter, table.c.state == from_).values(**values)
        )
        if not moved:
            raise Busy(f"Letter {letter} is not {from_} any more: another process has it.")

    def postpone(self, letter: LetterId, from_: LetterState, until: datetime, now: datetime) -> int:
        self.move(letter, from_, LetterState.WAITING, now)
        values = {"not_before": until, "attempts": table.c.attempts + 1, "draft": None}
        put_off = update(table).where(table.c.id == letter).values(**values).returning(table.c.attempts)
        return int(self.connection.execute(put_off).scalar_one())

    def expire(self, now: datetime) -> int:
        """End the waiting letters whose time has passed; how many they were."""
        self.look_first()
        return self.changed(
            update(table)
            .where(table.c.state == LetterState.WAITING, table.c.not_after < now)
            .values(state=LetterState.EXPIRED, changed=now)
        )

    def withdraw(self, finding: FindingId, now: datetime) -> None:
        """End the waiting letters about a finding that is over."""
        self.connection.execute(
            update(table)
            .where(table.c.finding == finding, table.c.state == LetterState.WAITING)
            .values(state=LetterState.WITHDRAWN, changed=now)
        )

    def withdraw_thanks(self, person: PersonKey, rule: RuleId, now: datetime) -> None:
        """Nobody is thanked for what came back before the letter left."""
        self.connection.execute(
            update(table)
            .where(
                table.c.person == person,
                table.c.topic == rule,
                table.c.kind == LetterKind.THANKS,
                table.c.state == LetterState.WAITING,
            )
            .values(state=LetterState.WITHDRAWN, changed=now)
        )

    def withdraw_all(self, person: PersonKey, now: datetime) -> None:
        """End the waiting letters to one person; a notice that somebody looked is owed."""
        self.connection.execute(
            update(table)
            .where(
                table.c.person == person,
                table.c.state == LetterState.WAITING,
                table.c.kind != LetterKind.NOTICE,
            )
            .values(state=LetterState.WITHDRAWN, changed=now)
        )

    def untidy(self, limit: int) -> list[LetterId]:
        found = self.connection.scalars(
            select(table.c.id)
            .where(table.c.state.in_((LetterState.SENT, LetterState.BOUNCED)), ~table.c.tidy)
            .order_by(table.c.changed, table.c.id)
            .limit(limit)
        )
        return [LetterId(letter) for letter in found]

    def tidied(self, letter: LetterId) -> None:
        """Leaves `changed` alone: it says when the letter left."""
        self.connection.execute(update(table).where(table.c.id == letter).values(tidy=True))

    def nudged_since(self, since: datetime, unsure_since: datetime) -> frozenset[PersonKey]:
        sent = and_(table.c.state.in_(TRIED), table.c.changed >= since)
        unsure = and_(table.c.state == LetterState.IN_DOUBT, table.c.changed >= unsure_since)
        found = self.connection.scalars(
            select(table.c.person)
            .where(table.c.weekly, ~table.c.test, or_(table.c.state.in_(MAY_COME), sent, unsure))
            .distinct()
        )
        return frozenset(PersonKey(person) for person in found)

    def letter_counts(self) -> Mapping[tuple[LetterKind, LetterState], int]:
        count = func.count().label("number")
        counted = select(table.c.kind, table.c.state, count).where(table.c.person.not_in(self.paused()))
        found = self.rows(counted.group_by(table.c.kind, table.c.state))
        return {(row.kind, row.state): row.number for row in found}

    def next_letter(self, after: datetime) -> datetime | None:
        """The first moment later than `after` from which another waiting letter may go."""
        later = (table.c.state == LetterState.WAITING, table.c.not_before > after)
        first: datetime | None = self.connection.scalar(select(func.min(table.c.not_before)).where(*later))
        return first


def outbox_letter(row: Row[Any]) -> OutboxLetter:
    order = LetterOrder(
        row.key,
        row.kind,
        row.topic,
        PersonKey(row.person),
        MappingProxyType(row.shown),
        row.not_before,
        row.not_after,
        None if row.finding is None else FindingId(row.finding),
        row.weekly,
        row.test,
    )
    return OutboxLetter(LetterId(row.id), order, row.state, row.draft, row.changed, row.attempts)
