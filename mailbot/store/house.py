"""The house: its open problems, and forgetting in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from mailbot.model.retention import Keeping
from mailbot.store.audit import Audit
from mailbot.store.schema import DataKind, audit, metadata, problem, retention, shortened


class House(Audit):
    def problems(self) -> Mapping[str, datetime]:
        """Codes of the open problems and when each one began, oldest first."""
        found = self.rows(select(problem).order_by(problem.c.since, problem.c.code))
        return {row.code: row.since for row in found}

    def set_problem(self, code: str, now: datetime | None) -> bool:
        if now is None:
            return self.changed(delete(problem).where(problem.c.code == code)) == 1
        return self.insert_new(problem, {"code": code, "since": now})

    def keeping(self, personal: timedelta) -> Sequence[Keeping]:
        """By table and clock. The audit log is among them: it names people by key until it is shortened."""
        found = []
        for table in metadata.sorted_tables:
            declared = retention(table)
            if declared.kind is DataKind.PERSON:
                for limit in declared.limits:
                    after = shortened(limit.after, personal)
                    found.append(Keeping(table.name, limit.clock, after, after < limit.after))
            elif table is audit:
                found += [Keeping(table.name, limit.clock, limit.after) for limit in declared.limits]
        return found

    def purge(self, now: datetime, personal: timedelta | None = None) -> Mapping[str, int]:
        """Works from what each table declares; only tables that lost rows are named."""
        self.flush()
        deleted: dict[str, int] = {}
        for table in reversed(metadata.sorted_tables):
            declared = retention(table)
            limits = declared.limits
            if table is audit:
                number = self.shorten(now - limits[0].after)
            elif limits:
                shorter = personal if declared.kind is DataKind.PERSON else None
                over = or_(
                    *(table.c[limit.clock] < now - shortened(limit.after, shorter) for limit in limits)
                )
                number = self.changed(delete(table).where(over))
            else:
                continue
            if number:
                deleted[table.name] = number
        self.erased = self.erased or bool(deleted)
        return deleted
