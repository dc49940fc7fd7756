"""Telling: what a delivered letter makes of its finding and its topic, and the way back when it bounced."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Row

from mailbot.model.findings import FindingState
from mailbot.model.ids import FindingId, LetterId, PersonKey
from mailbot.model.letters import LetterKind, OutboxLetter
from mailbot.store.findings import CLIMBS, Findings
from mailbot.store.ladder import Ladder
from mailbot.store.schema import finding as table
from mailbot.store.schema import letter as outbox

ASKING = (LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT)
"""Letters that ask something of their reader: they count on their topic."""

STEPS = (FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED)
"""What a finding is after so many letters; after more it stays the last."""


class Telling(Findings, Ladder):
    def told(self, letter: OutboxLetter, silent_until: datetime, now: datetime) -> None:
        """Counts once, however often it is said; nothing of a test letter, or one that is not kept any more.

        A finding that is over, or waived, stays so: the letter came too late, and counts all the same."""
        row = self._count(letter.id, True)
        if row is None:
            return
        self.count_letter(PersonKey(row.person), row.topic, silent_until, now)
        found = self._locked(row.finding)
        if found is not None:
            to = CLIMBS.get(found.state)
            self._step(found, found.steps + 1, now, to, now)

    def untold(self, letter: OutboxLetter, now: datetime) -> None:
        row = self._count(letter.id, False)
        if row is None:
            return
        self.uncount_letter(PersonKey(row.person), row.topic)
        found = self._locked(row.finding)
        if found is not None:
            steps = max(found.steps - 1, 0)
            others = select(func.max(outbox.c.changed)).where(outbox.c.finding == found.id, outbox.c.counted)
            told = self.connection.scalar(others) or found.told
            to = STEPS[min(steps, len(STEPS) - 1)] if found.state in CLIMBS else None
            self._step(found, steps, told if steps else None, to, now)

    def _count(self, letter: LetterId, counted: bool) -> Row[Any] | None:
        """The letter, when it asks something of its reader and did not count so already, or not any more."""
        self.look_first()
        return self.connection.execute(
            update(outbox)
            .where(
                outbox.c.id == letter,
                outbox.c.counted.is_not(counted),
                outbox.c.kind.in_(ASKING),
                ~outbox.c.test,
            )
            .values(counted=counted)
            .returning(outbox.c.person, outbox.c.topic, outbox.c.finding)
        ).first()

    def _locked(self, finding: FindingId | None) -> Row[Any] | None:
        return self.connection.execute(select(table).where(table.c.id == finding).with_for_update()).first()

    def _step(
        self, found: Row[Any], steps: int, told: datetime | None, to: FindingState | None, now: datetime
    ) -> None:
        """Without `to` nothing changes that a plan rests on."""
        values: dict[str, Any] = {"steps": steps, "told": told}
        if to is not None:
            values |= {"state": to, "version": found.version + 1, "changed": now}
        self.connection.execute(update(table).where(table.c.id == found.id).values(**values))
        if to is not None:
            self._remember(FindingId(found.id), found.state, to, now)
