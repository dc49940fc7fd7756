"""Findings: their states, what they went through, and changes that a plan makes to them."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.engine import Row

from mailbot.model.errors import PlanRefused
from mailbot.model.findings import Finding, FindingChange, FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterState
from mailbot.model.plan import Plan
from mailbot.model.restrictions import Restriction
from mailbot.model.verdicts import Verdict
from mailbot.store.judgements import LIVE, verdict
from mailbot.store.outbox import UNSETTLED, Outbox
from mailbot.store.part import bounds, interval
from mailbot.store.reading import Reading
from mailbot.store.schema import finding as table
from mailbot.store.schema import finding_history, judgement, plan_step
from mailbot.store.schema import letter as outbox

PENDING = exists().where(outbox.c.finding == table.c.id, outbox.c.state.in_(UNSETTLED), ~outbox.c.test)
MAY_HAVE_ARRIVED = (LetterState.SENT, LetterState.DRAFTED, LetterState.IN_DOUBT)
TOLD = exists().where(outbox.c.finding == table.c.id, outbox.c.state.in_(MAY_HAVE_ARRIVED), ~outbox.c.test)
THANKED = exists().where(outbox.c.finding == table.c.id, outbox.c.kind == LetterKind.THANKS)
FINDINGS = select(table, PENDING.label("pending"))
CLIMBS = {
    FindingState.OPEN: FindingState.TOLD,
    FindingState.TOLD: FindingState.REMINDED,
    FindingState.REMINDED: FindingState.REMINDED,
}
"""What a letter makes of a finding that somebody can still mend."""

MOVED = "A finding has changed since this plan was made. Make a new plan: mailbot sweep --dry-run"


class Findings(Outbox, Reading):
    def living(self, rules: Collection[RuleId] | None = None, now: datetime | None = None) -> list[Finding]:
        alive: ColumnElement[bool] = table.c.state.in_(LIVE)
        if now is not None:
            alive = or_(alive, and_(table.c.occurrence_end > now, TOLD))
        found = FINDINGS.where(alive)
        if rules is not None:
            found = found.where(table.c.rule.in_(list(rules)))
        return [read_finding(row) for row in self.rows(found.order_by(table.c.opened, table.c.id))]

    def mended_since(self, since: datetime) -> list[Finding]:
        """Not of who is paused. Told means told before it was mended: a letter that came too late is nobody's
        reason to be thanked."""
        mended = (
            table.c.state == FindingState.RESOLVED,
            table.c.changed >= since,
            table.c.steps > 0,
            table.c.told <= table.c.changed,
        )
        found = FINDINGS.where(*mended, ~THANKED, table.c.person.not_in(self.paused()))
        return [read_finding(row) for row in self.rows(found.order_by(table.c.changed, table.c.id))]

    def history_of(self, person: PersonKey) -> list[FindingChange]:
        found = select(finding_history).join(table, finding_history.c.finding == table.c.id)
        found = found.where(table.c.person == person).order_by(finding_history.c.at, finding_history.c.id)
        return [
            FindingChange(FindingId(row.finding), row.at, row.from_state, row.to_state)
            for row in self.rows(found)
        ]

    def findings_of(self, person: PersonKey) -> list[Finding]:
        """All that are kept, living or not, oldest first."""
        found = FINDINGS.where(table.c.person == person).order_by(table.c.opened, table.c.id)
        return [read_finding(row) for row in self.rows(found)]

    def finding_counts(self) -> Mapping[tuple[RuleId, FindingState], int]:
        count = func.count().label("number")
        found = select(table.c.rule, table.c.state, count).where(table.c.person.not_in(self.paused()))
        found = found.group_by(table.c.rule, table.c.state)
        return {(RuleId(row.rule), row.state): row.number for row in self.rows(found)}

    def change(self, plan: Plan, step_index: int, now: datetime) -> None:
        step = plan.steps[step_index]
        if self.is_excluded(step.person) or self.is_restricted(step.person, Restriction.PAUSED):
            raise PlanRefused("Somebody in this plan was left out since. Make a new plan.")
        if step.transition is not None:
            self._apply(step.transition, now)
        elif step.finding is not None:
            self._hold(step.finding)
        if step.letter is not None:
            self.order(self.keys.letter_id(step.letter.key), step.letter, now)

    def end_rule(self, rule: RuleId) -> int:
        """Waiting letters go; the others lose what they show, and keep that they were."""
        return self._end(rule, lambda _: true()) + self.changed(
            delete(judgement).where(judgement.c.rule == rule)
        )

    def end_rule_for(self, rule: RuleId, person: PersonKey, instead: Verdict) -> int:
        def of_person(about: Table) -> ColumnElement[bool]:
            return about.c.person == person

        seen = and_(judgement.c.rule == rule, of_person(judgement), judgement.c.why != instead.why)
        rows = self._end(rule, of_person) + self.changed(
            update(judgement).where(seen).values(verdict(instead))
        )
        self.erased = self.erased or bool(rows)
        return rows

    def _end(self, rule: RuleId, of: Callable[[Table], ColumnElement[bool]]) -> int:
        of_rule = type_coerce(plan_step.c.step, Text).contains(f'"rule":"{rule}"', autoescape=True)
        waiting = outbox.c.state == LetterState.WAITING
        told = type_coerce(outbox.c.shown, Text) != "{}"
        return sum(
            self.changed(statement)
            for statement in (
                delete(outbox).where(outbox.c.topic == rule, waiting, of(outbox)),
                update(outbox).where(outbox.c.topic == rule, told, of(outbox)).values(shown={}),
                delete(plan_step).where(of_rule, of(plan_step)),
                delete(table).where(table.c.rule == rule, of(table)),
            )
        )

    def forget_absent(self, present: Collection[PersonKey], now: datetime) -> int:
        there = frozenset(present)
        lapsed = 0
        for found in self.living():
            if found.person not in there and self._move(found.id, found.state, FindingState.LAPSED, now):
                self.withdraw(found.id, now)
                lapsed += 1
        self.forget_reading(there)
        return lapsed

    def _apply(self, change: Transition, now: datetime) -> None:
        if change.base_version == 0:
            before = None
            if not self._open(change, now):
                raise PlanRefused(MOVED)
        else:
            before = self._state(change.finding, change.base_version)
            self.connection.execute(
                update(table)
                .where(table.c.id == change.finding)
                .values(
                    state=change.to,
                    version=change.base_version + 1,
                    changed=now,
                    **(bounds(change.occurrence) if change.occurrence else {}),
                )
            )
        self._remember(change.finding, before, change.to, now)
        if change.to not in CLIMBS:
            self.withdraw(change.finding, now)
        if before is None:
            self.withdraw_thanks(change.person, change.rule, now)

    def _open(self, change: Transition, now: datetime) -> bool:
        return self.insert_new(
            table,
            {
                "id": change.finding,
                "person": change.person,
                "rule": change.rule,
                "kind": change.kind,
                "state": change.to,
                "version": 1,
                "opened": now,
                "changed": now,
                "letters": 0,
                "steps": 0,
                **bounds(change.occurrence),
            },
        )

    def _hold(self, base: Finding) -> None:
        self._state(base.id, base.version)

    def _state(self, finding: FindingId, version: int) -> FindingState:
        """The state of a finding that is still at `version`, and stays so until this transaction ends."""
        state: FindingState | None = self.connection.scalar(
            select(table.c.state).where(table.c.id == finding, table.c.version == version).with_for_update()
        )
        if state is None:
            raise PlanRefused(MOVED)
        return state

    def _move(self, finding: FindingId, from_: FindingState, to: FindingState, now: datetime) -> bool:
        moved = self.changed(
            update(table)
            .where(table.c.id == finding, table.c.state == from_)
            .values(state=to, version=table.c.version + 1, changed=now)
        )
        if moved:
            self._remember(finding, from_, to, now)
        return moved == 1

    def _remember(
        self, finding: FindingId, from_: FindingState | None, to: FindingState, now: datetime
    ) -> None:
        self.connection.execute(
            insert(finding_history), {"finding": finding, "at": now, "from_state": from_, "to_state": to}
        )


def read_finding(row: Row[Any]) -> Finding:
    return Finding(
        FindingId(row.id),
        PersonKey(row.person),
        RuleId(row.rule),
        row.kind,
        row.state,
        row.version,
        row.opened,
        row.changed,
        interval(row),
        row.letters,
        row.pending,
        row.steps,
        row.told,
    )
