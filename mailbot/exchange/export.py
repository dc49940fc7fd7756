"""Facts that no protocol tells, from the nightly export of Exchange, around a road that reads the rest.

No rule or job can tell where a fact came from. An export that is missing, stale or broken is `Unknown` for
everybody, with the reason; the people behind it are named nowhere.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

from mailbot.config.problems import Problem
from mailbot.exchange.export_rows import AccessExport, MailboxRow, read_export
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.ids import ObjectGuid
from mailbot.model.mailbox import AccessList
from mailbot.model.needs import (
    EXPORTED,
    ExportedHold,
    ExportedQuota,
    FullAccess,
    HeldAccess,
    MailboxForwarding,
    Need,
)
from mailbot.ports import Exchange, FollowUp, ProbeAnswer, Target

AHEAD = timedelta(hours=1)
"""Clocks of two servers may differ by this much; an export from further ahead is not believed."""

ROUNDS = 4
"""How often a follow-up may come back for facts of the export before the road is asked again."""

Exported = FullAccess | HeldAccess | MailboxForwarding | ExportedHold | ExportedQuota
Facts = Mapping[Need[Any], Fact[Any]]


@dataclass(frozen=True, slots=True)
class ExportState:
    """How the export is, for `doctor`: None where it cannot be told.

    `age` is that of its oldest line, `rows` the number of mailboxes in it; `trouble` is why its facts are
    unknown, `problems` everything that is wrong in the file.
    """

    age: timedelta | None
    rows: int | None
    trouble: Reason | None
    problems: tuple[Problem, ...] = ()


def examine(file: Path, max_age: timedelta, now: datetime) -> ExportState:
    """The state of the export at `now`. Keeps nothing of its contents."""
    return _open(file, max_age, now)[1]


class ExportedFacts:
    """Implements ports.Exchange: needs in `needs.EXPORTED` come from the export, all others from `inner`.

    The file is read once per call of `read` or `probe`. Access to mailboxes of others is counted as it was
    given to the person; what somebody has through a group is not in it.
    """

    def __init__(self, inner: Exchange, file: Path, max_age: timedelta) -> None:
        self._inner = inner
        self._file = file
        self._max_age = max_age

    def sign_in(self) -> None:
        self._inner.sign_in()

    def read(
        self, targets: Sequence[Target], needs: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        export = self._open(now)
        asked = tuple(need for need in needs if is_exported(need))
        by_guid = {target.guid: target for target in targets}
        begun: dict[ObjectGuid, Facts] = {}

        def with_export(facts: MailboxFacts) -> Collection[Need[Any]]:
            """What the road must still be asked, once everything that the export tells has been told."""
            target = by_guid[facts.guid]
            mine = begun.get(facts.guid) or export.facts(target, asked)
            rest: dict[Need[Any], None] = {}
            for _ in range(ROUNDS):
                more = follow_up(facts.with_values(mine))
                rest.update((need, None) for need in more if not is_exported(need))
                new = [need for need in more if is_exported(need) and need not in mine]
                if not new:
                    break
                mine = {**mine, **export.facts(target, new)}
            begun[facts.guid] = mine
            return tuple(rest)

        others = [need for need in needs if not is_exported(need)]
        answers = self._inner.read(targets, others, with_export, now)
        try:
            for facts in answers:
                mine = begun.pop(facts.guid, None) or export.facts(by_guid[facts.guid], asked)
                yield facts.with_values(mine)
        finally:
            if isinstance(answers, Generator):
                answers.close()

    def reachable(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        return self._inner.reachable(targets)

    def probe(self, target: Target, needs: Collection[Need[Any]], now: datetime) -> ProbeAnswer:
        """A target without a GUID is looked up in the export by its address."""
        answer = self._inner.probe(target, [need for need in needs if not is_exported(need)], now)
        mine = self._open(now).facts(target, [need for need in needs if is_exported(need)])
        missing = {need.name: fact.reason for need, fact in mine.items() if isinstance(fact, Unknown)}
        return ProbeAnswer(answer.target, answer.trouble, {**answer.unreadable, **missing})

    def requests(self) -> Mapping[str, int]:
        return self._inner.requests()

    def hung(self) -> bool:
        return self._inner.hung()

    def close(self) -> None:
        self._inner.close()

    def _open(self, now: datetime) -> "_Opened":
        return _Opened(_open(self._file, self._max_age, now)[0])


@dataclass(frozen=True, slots=True, repr=False)
class _Opened:
    """An export that may be relied upon, or why there is none."""

    export: AccessExport | Reason

    def facts(self, target: Target, asked: Collection[Exported]) -> Facts:
        if isinstance(self.export, Reason):
            return dict.fromkeys(asked, Unknown(self.export))
        guid = target.guid or self.export.by_address.get(target.address, ObjectGuid(""))
        row = self.export.rows.get(guid)
        if row is None:
            return dict.fromkeys(asked, Unknown(Reason.NOT_IN_EXPORT))
        return {need: _fact(self.export, row, target, need) for need in asked}


def is_exported(need: Need[Any]) -> TypeGuard[Exported]:
    return isinstance(need, EXPORTED)


def _fact(export: AccessExport, row: MailboxRow, target: Target, need: Exported) -> Fact[Any]:
    match need:
        case FullAccess():
            grants = row.full_access - {row.address, target.address}
            return Known(AccessList(grants, unresolved=row.nameless), row.exported_at)
        case HeldAccess():
            boxes = [export.held.get(address, frozenset()) for address in (row.address, target.address)]
            return Known(len(frozenset().union(*boxes) - {row.guid}), export.oldest)
        case MailboxForwarding():
            return Known(row.forwards, row.exported_at)
        case ExportedHold():
            return Known(row.hold, row.exported_at)
        case ExportedQuota():
            return Known(row.quota, row.exported_at)


def _open(file: Path, max_age: timedelta, now: datetime) -> tuple[AccessExport | Reason, ExportState]:
    """The export, or why it cannot be relied upon; and what there is to tell about it."""
    try:
        export, problems = read_export(file)
    except FileNotFoundError:
        return Reason.EXPORT_MISSING, ExportState(None, None, Reason.EXPORT_MISSING)
    if export is None:
        return Reason.EXPORT_BROKEN, ExportState(None, None, Reason.EXPORT_BROKEN, tuple(problems))
    age, rows = now - export.oldest, len(export.rows)
    if age > max_age or export.newest > now + AHEAD:
        return Reason.EXPORT_STALE, ExportState(age, rows, Reason.EXPORT_STALE)
    return export, ExportState(age, rows, None)
