"""The ladder: how many letters on a topic somebody got, until when silence lasts, who is left in peace."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, case, delete, func, insert, select, update

from mailbot.model.findings import TopicLetters
from mailbot.model.ids import PersonKey, RuleId
from mailbot.store.part import Part, insert_for
from mailbot.store.schema import rest, topic_letter


class Ladder(Part):
    def topics(self, now: datetime) -> Mapping[tuple[PersonKey, RuleId], TopicLetters]:
        return self._topics(topic_letter.c.until > now)

    def topics_of(self, person: PersonKey, now: datetime) -> Mapping[RuleId, TopicLetters]:
        found = self._topics(topic_letter.c.until > now, topic_letter.c.person == person)
        return {rule: letters for (_, rule), letters in found.items()}

    def _topics(self, *which: Any) -> dict[tuple[PersonKey, RuleId], TopicLetters]:
        person, rule, until = topic_letter.c.person, topic_letter.c.rule, func.max(topic_letter.c.until)
        found = select(person, rule, func.count().label("number"), until.label("until")).where(*which)
        return {
            (PersonKey(row.person), RuleId(row.rule)): TopicLetters(row.number, row.until)
            for row in self.rows(found.group_by(person, rule).order_by(person, rule))
        }

    def rest(self, person: PersonKey, until: datetime) -> None:
        if self.is_excluded(person):
            return
        new = insert_for(self.dialect, rest).values(person=person, until=until)
        later = case((rest.c.until > new.excluded.until, rest.c.until), else_=new.excluded.until)
        self.connection.execute(
            new.on_conflict_do_update(index_elements=[rest.c.person], set_={"until": later})
        )

    def resting(self, now: datetime) -> Mapping[PersonKey, datetime]:
        found = self.rows(select(rest).where(rest.c.until > now).order_by(rest.c.person))
        return {PersonKey(row.person): row.until for row in found}

    def count_letter(self, person: PersonKey, rule: str, until: datetime, now: datetime) -> None:
        """One letter more on the topic. Those whose silence was over are not brought back by it.

        Another process can take the number that comes next: the insert waits for it, and the one after that
        is tried."""
        about = _about(topic_letter, person, rule)
        self.connection.execute(delete(topic_letter).where(*about, topic_letter.c.until <= now))
        values = {"person": person, "rule": rule, "until": until}
        counted = False
        while not counted:
            self.connection.execute(update(topic_letter).where(*about).values(until=until))
            last = self.connection.scalar(select(func.max(topic_letter.c.number)).where(*about)) or 0
            counted = self.insert_new(topic_letter, {**values, "number": last + 1})

    def uncount_letter(self, person: PersonKey, rule: str) -> None:
        """One letter less. The others are silent for as long as they were: longer than they need be."""
        about = _about(topic_letter, person, rule)
        last = self.connection.scalar(select(func.max(topic_letter.c.number)).where(*about))
        self.connection.execute(delete(topic_letter).where(*about, topic_letter.c.number == last))

    def merge_topics(self, old: RuleId, new: RuleId) -> int:
        """Letters on the one topic become letters on the other, where there may be some already. All of one
        person's are silent until the last of them is. Gives the number of rows."""
        moved = 0
        for (person, _), letters in self._topics(topic_letter.c.rule == old).items():
            there = self._topics(topic_letter.c.rule == new, topic_letter.c.person == person)
            before = there.get((person, new), TopicLetters(0, letters.until))
            until = max(before.until, letters.until)
            for rule in (old, new):
                self.connection.execute(delete(topic_letter).where(*_about(topic_letter, person, rule)))
            rows = [
                {"person": person, "rule": new, "number": number, "until": until}
                for number in range(1, before.letters + letters.letters + 1)
            ]
            self.connection.execute(insert(topic_letter), rows)
            moved += letters.letters
        return moved


def _about(table: Table, person: PersonKey, rule: str) -> tuple[Any, Any]:
    return table.c.person == person, table.c.rule == rule
