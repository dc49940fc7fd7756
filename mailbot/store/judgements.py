"""Judgements: today's verdicts per person and rule, kept until the next sweep has replaced them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Executable, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row

from mailbot.model.facts import WITHOUT_TURN, Reason
from mailbot.model.findings import FindingState
from mailbot.model.ids import PersonKey, RuleId, SlotId
from mailbot.model.mailbox import Interval
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Judgement, Outcome, Verdict
from mailbot.store.part import bounds, insert_for, interval, unless_left_out
from mailbot.store.reading import Reading
from mailbot.store.schema import finding, judgement, slot, visited

TOLD = (Outcome.DEVIATION, Outcome.TIP)
"""Outcomes of which somebody may be told by letter."""

RECORDED = (judgement, visited)
"""What a sweep keeps of each mailbox that it dealt with."""

LIVE = tuple(state for state in FindingState if state.live)
INSERT_JUDGEMENT = insert(judgement)


@cache
def insert_visit(dialect: str) -> Executable:
    """A visit of somebody who is not left out, unless it was recorded already: one statement for both."""
    columns = [visited.c.slot, visited.c.person, visited.c.read, visited.c.missed, visited.c.at]
    new = insert_for(dialect, visited).from_select(columns, unless_left_out(columns))
    return new.on_conflict_do_nothing()


class Judgements(Reading):
    def judged(self, slot: SlotId) -> frozenset[PersonKey]:
        """Everybody whose mailbox was dealt with in this slot, whether or not it could be read."""
        found = self.connection.scalars(select(visited.c.person).where(visited.c.slot == slot))
        return frozenset(PersonKey(person) for person in found)

    def record(
        self,
        slot: SlotId,
        person: PersonKey,
        missed: Reason | None,
        judgements: Sequence[Judgement],
        now: datetime,
    ) -> None:
        """Keep one person's verdicts. What was recorded first stands; of who is excluded or paused nothing is
        kept."""
        code = missed.code if missed else None
        visit = {"slot": slot, "person": person, "read": missed is None, "missed": code, "at": now}
        if not self.changed(insert_visit(self.dialect), {**visit, **self.left_out_tags(person)}):
            return
        if missed is None:
            self.note_read(person, now)
        elif missed not in WITHOUT_TURN:
            self.note_failed(person, now)
        if judgements:
            rows = [{"slot": slot, "person": person, "at": now, **values(j)} for j in judgements]
            self.connection.execute(INSERT_JUDGEMENT, rows)

    def keep_only(self, slot: SlotId, population: Collection[PersonKey]) -> None:
        for person in sorted(self.judged(slot).difference(population)):
            for table in RECORDED:
                self.connection.execute(delete(table).where(table.c.slot == slot, table.c.person == person))
            self.erased = True

    def tally(self, slot: SlotId) -> Mapping[RuleId, Mapping[Outcome, int]]:
        """Per rule the number of people with each of the five outcomes, zeros included."""
        count = func.count().label("number")
        found: dict[RuleId, dict[Outcome, int]] = {}
        for row in self.rows(
            select(judgement.c.rule, judgement.c.outcome, count)
            .where(judgement.c.slot == slot)
            .group_by(judgement.c.rule, judgement.c.outcome)
            .order_by(judgement.c.rule)
        ):
            found.setdefault(RuleId(row.rule), dict.fromkeys(Outcome, 0))[row.outcome] = row.number
        return found

    def unknowns(self, slot: SlotId) -> Mapping[tuple[RuleId, str], int]:
        """Number of unknown verdicts by rule and reason code."""
        count = func.count().label("number")
        found = self.rows(
            select(judgement.c.rule, judgement.c.reason, count)
            .where(judgement.c.slot == slot, judgement.c.outcome == Outcome.UNKNOWN)
            .group_by(judgement.c.rule, judgement.c.reason)
            .order_by(judgement.c.rule, judgement.c.reason)
        )
        return {(RuleId(row.rule), row.reason): row.number for row in found}

    def read_count(self, slot: SlotId) -> int:
        counted = select(func.count()).select_from(visited).where(visited.c.slot == slot, visited.c.read)
        return self.connection.scalar(counted) or 0

    def missed_counts(self, slot: SlotId) -> Mapping[Reason, int]:
        """Mailboxes that were not read, by why."""
        count = func.count().label("number")
        found = select(visited.c.missed, count).where(visited.c.slot == slot, visited.c.missed.is_not(None))
        rows = self.rows(found.group_by(visited.c.missed).order_by(visited.c.missed))
        return {Reason.of(row.missed): row.number for row in rows}

    def away(self, slot: SlotId, rules: Collection[RuleId], now: datetime) -> Mapping[PersonKey, Interval]:
        """Only until the slot is settled: then it is not kept any more who was away when."""
        start = func.min(judgement.c.occurrence_start).label("start")
        until = func.max(judgement.c.occurrence_end).label("until")
        found = self.rows(
            select(judgement.c.person, start, until)
            .where(
                judgement.c.slot == slot,
                judgement.c.rule.in_(list(rules)),
                judgement.c.occurrence_end > now,
            )
            .group_by(judgement.c.person)
        )
        return {PersonKey(row.person): Interval(row.start, row.until) for row in found}

    def deciding(self, slot: SlotId) -> list[tuple[PersonKey, Judgement]]:
        with_finding = select(finding.c.person).where(finding.c.state.in_(LIVE))
        found = self.rows(
            select(judgement)
            .where(
                judgement.c.slot == slot,
                or_(judgement.c.outcome.in_(TOLD), judgement.c.person.in_(with_finding)),
            )
            .order_by(judgement.c.person, judgement.c.rule)
        )
        return [(PersonKey(row.person), read_judgement(row)) for row in found]

    def judgements_of(self, slot: SlotId, person: PersonKey) -> list[Judgement]:
        """One person's verdicts of this slot, by rule."""
        found = self.rows(
            select(judgement)
            .where(judgement.c.slot == slot, judgement.c.person == person)
            .order_by(judgement.c.rule)
        )
        return [read_judgement(row) for row in found]

    def judgements_elsewhere(
        self, slot_id: SlotId | None, person: PersonKey
    ) -> list[tuple[datetime, Judgement]]:
        found = select(judgement, slot.c.claimed).join(slot, judgement.c.slot == slot.c.id)
        found = found.where(judgement.c.person == person, judgement.c.slot != (slot_id or ""))
        rows = self.rows(found.order_by(slot.c.claimed, slot.c.id, judgement.c.rule))
        return [(row.claimed, read_judgement(row)) for row in rows]

    def outcomes(self, slot: SlotId, rule: RuleId) -> Mapping[PersonKey, Outcome]:
        found = self.rows(
            select(judgement.c.person, judgement.c.outcome).where(
                judgement.c.slot == slot, judgement.c.rule == rule
            )
        )
        return {PersonKey(row.person): row.outcome for row in found}

    def task_counts(self, slot: SlotId) -> Mapping[Task, int]:
        """Each person once per task, however many rules saw it."""
        seen = {(person, task) for person, tasks in self._tasks(slot) for task in tasks}
        return dict(sorted(Counter(task for _, task in seen).items()))

    def tasked(self, slot: SlotId, task: Task) -> list[PersonKey]:
        return sorted({person for person, tasks in self._tasks(slot) if task in tasks})

    def _tasks(self, slot: SlotId) -> list[tuple[PersonKey, frozenset[Task]]]:
        found = self.rows(
            select(judgement.c.person, judgement.c.tasks).where(
                judgement.c.slot == slot, judgement.c.tasks.is_not(None)
            )
        )
        return [(PersonKey(row.person), frozenset(Task(task) for task in row.tasks)) for row in found]

    def settle(self, slot_id: SlotId) -> None:
        """Drop what this slot measured (shown values, occurrences) and what finished earlier ones recorded.

        A sweep that is still under way keeps what it has: it is its checkpoint."""
        self.connection.execute(
            update(judgement)
            .where(judgement.c.slot == slot_id)
            .values(detail=None, occurrence_start=None, occurrence_end=None)
        )
        claimed = select(slot.c.claimed).where(slot.c.id == slot_id).scalar_subquery()
        earlier = select(slot.c.id).where(
            slot.c.claimed <= claimed, slot.c.finished.is_not(None), slot.c.id != slot_id
        )
        for table in RECORDED:
            self.connection.execute(delete(table).where(table.c.slot.in_(earlier)))

    def drop(self, slot_id: SlotId) -> None:
        for table in RECORDED:
            self.connection.execute(delete(table).where(table.c.slot == slot_id))


def values(judged: Judgement) -> dict[str, Any]:
    return {"rule": judged.rule, "kind": judged.kind, **verdict(judged.verdict)}


def verdict(found: Verdict) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "why": found.why,
        "reason": found.reason.code if found.reason else None,
        "detail": found.shown or None,
        "tasks": sorted(found.tasks) or None,
        **bounds(found.occurrence),
    }


def read_judgement(row: Row[Any]) -> Judgement:
    reason = None if row.reason is None else Reason.of(row.reason)
    shown = MappingProxyType(row.detail or {})
    tasks = frozenset(Task(task) for task in row.tasks or ())
    said = Verdict(row.outcome, row.why, shown, interval(row), reason, tasks)
    return Judgement(RuleId(row.rule), row.kind, said)
