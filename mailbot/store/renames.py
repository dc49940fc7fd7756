"""Renames: what is kept under a rule's former name moves to its new one. The history of a finding goes by the
finding and stays as it is; what a sweep counted stays what was counted then."""

from typing import Any

from sqlalchemy import ColumnElement, Table, Text, delete, select, type_coerce, update

from mailbot.model.ids import RuleId
from mailbot.store.ladder import Ladder
from mailbot.store.schema import figure, finding, judgement, letter, plan_step


class Renames(Ladder):
    def rename_rule(self, old: RuleId, new: RuleId) -> int:
        """Where something is kept under both names in one place, the new one stands. A letter keeps its id:
        it is what stands on the letter itself."""
        if old == new:
            return 0
        self.look_first()
        moved = self.changed(update(finding).where(finding.c.rule == old).values(rule=new))
        moved += self._move_rows(judgement, ("slot", "person"), old, new)
        moved += self._move_rows(figure, ("period", "cell"), old, new)
        moved += self._move_letters(old, new) + self._move_steps(old, new)
        moved += self.merge_topics(old, new)
        return moved

    def _move_rows(self, table: Table, place: tuple[str, ...], old: RuleId, new: RuleId) -> int:
        there = table.alias()
        same: list[ColumnElement[bool]] = [there.c[name] == table.c[name] for name in place]
        taken = select(there.c.rule).where(there.c.rule == new, *same).exists()
        gone = self.changed(delete(table).where(table.c.rule == old, taken))
        return gone + self.changed(update(table).where(table.c.rule == old).values(rule=new))

    def _move_letters(self, old: RuleId, new: RuleId) -> int:
        moved = self.changed(update(letter).where(letter.c.topic == old).values(topic=new))
        named = select(letter.c.id, letter.c.key).where(letter.c.key.contains(f"/{old}/", autoescape=True))
        for row in self.rows(named):
            key = _renamed_key(row.key, old, new)
            taken = select(letter.c.id).where(letter.c.key == key)
            if self.connection.execute(taken).first() is None:
                self.connection.execute(update(letter).where(letter.c.id == row.id).values(key=key))
        return moved

    def _move_steps(self, old: RuleId, new: RuleId) -> int:
        of_rule = type_coerce(plan_step.c.step, Text).contains(f'"{old}"', autoescape=True)
        moved = 0
        for row in self.rows(select(plan_step).where(of_rule)):
            step = _renamed_step(row.step, old, new)
            if step != row.step:
                place = (plan_step.c.plan == row.plan, plan_step.c.position == row.position)
                moved += self.changed(update(plan_step).where(*place).values(step=step))
        return moved


def _renamed_key(key: str, old: RuleId, new: RuleId) -> str:
    return "/".join(new if part == old else part for part in key.split("/"))


def _renamed_step(step: dict[str, Any], old: RuleId, new: RuleId) -> dict[str, Any]:
    """The rule stands in the step itself, in its finding and transition, and as the topic of its letter."""
    made = dict(step)
    if made["rule"] == old:
        made["rule"] = new
    for part, name in (("finding", "rule"), ("transition", "rule"), ("letter", "topic")):
        inner = made[part]
        if inner is not None and inner[name] == old:
            made[part] = {**inner, name: new}
    if made["letter"] is not None:
        made["letter"] = {**made["letter"], "key": _renamed_key(made["letter"]["key"], old, new)}
    return made
