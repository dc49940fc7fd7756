"""From rows to persons: lines of one person are joined, and what only shows over several lines is checked."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TypeVar

from mailbot.directory.columns import Place
from mailbot.directory.rows import Contract, Row
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import Person
from mailbot.model.work_days import union
from mailbot.model.worktime import WorkPattern

T = TypeVar("T")

_ACCOUNT_COLUMNS = {
    "name": "display_name",
    "address": "mail",
    "language": "language",
    "groups": "pilot_group",
    "enabled": "enabled",
    "recipient_type": "recipient_type",
    "hold": "hold",
    "person_key": "person_key",
}
_CONTRACT_COLUMNS = {
    "starts": "dienst_in",
    "ends": "dienst_uit",
    "manager_key": "manager_key",
    "unit": "org_code",
    "roster": "werkdagen",
}


def assemble(
    rows: Sequence[Row], keys: Collection[str] | None, now: datetime, today: date, place: Place
) -> dict[ObjectGuid, Person]:
    """Persons by guid in the file's order. `keys` are all person keys of the file, also of broken
    lines; None when they are not all known, so that nobody is told of managers that a broken line hides.

    The result is only of use when no problem was added.
    """
    lines: dict[ObjectGuid, list[Row]] = {}
    for row in rows:
        lines.setdefault(row.account.guid, []).append(row)
    for group in lines.values():
        _agree(group, place)
    _unique_addresses(lines, place)
    holders = _key_holders(lines, place)
    for row in rows:
        manager = row.contract.manager_key
        if keys is not None and manager is not None and manager not in keys:
            place.add(
                row.line,
                "manager_key",
                "the person_key of somebody in this file",
                "a key that nobody has",
                "add the manager to the export, or leave the cell empty",
            )
    managers = {guid: _manager(group, holders, today) for guid, group in lines.items()}
    _no_circles(lines, managers, place)
    return {guid: _person(group, managers[guid], now, today) for guid, group in lines.items()}


def _agree(group: Sequence[Row], place: Place) -> None:
    """Account columns agree on all lines of a person; contract columns on all lines of one contract."""
    first = group[0]
    contracts: dict[int | None, Row] = {}
    for row in group:
        for name, column in _ACCOUNT_COLUMNS.items():
            if getattr(row.account, name) != getattr(first.account, name):
                _differs(row, first, column, "lines of one object_guid describe one account", place)
        earlier = contracts.setdefault(row.contract.number, row)
        for name, column in _CONTRACT_COLUMNS.items():
            if getattr(row.contract, name) != getattr(earlier.contract, name):
                _differs(row, earlier, column, "give another contract its own contract_volgnr", place)
    if None in contracts and len(contracts) > 1:
        place.add(
            contracts[None].line,
            "contract_volgnr",
            "a number on every line of somebody with several contracts",
            "nothing",
            "number the contracts 1, 2, 3",
        )


def _differs(row: Row, earlier: Row, column: str, mend: str, place: Place) -> None:
    place.add(row.line, column, f"the same value as on line {earlier.line}", "another value", mend)


def _unique_addresses(lines: dict[ObjectGuid, list[Row]], place: Place) -> None:
    seen: dict[Address, int] = {}
    for group in lines.values():
        line = seen.setdefault(group[0].account.address, group[0].line)
        if line != group[0].line:
            place.add(
                group[0].line,
                "mail",
                "an address that no other object_guid has",
                f"the address of line {line}",
                "correct the address, or the object_guid when both lines are one person",
            )


def _key_holders(lines: dict[ObjectGuid, list[Row]], place: Place) -> dict[str, ObjectGuid]:
    holders: dict[str, ObjectGuid] = {}
    for guid, group in lines.items():
        key = group[0].account.person_key
        if key is not None and holders.setdefault(key, guid) != guid:
            place.add(
                group[0].line,
                "person_key",
                "a key that no other object_guid has",
                f"the key of line {lines[holders[key]][0].line}",
                "leave it empty for a second account of the same person",
            )
    return holders


def _leading(group: Sequence[Row], today: date) -> Contract:
    """The contract that says who manages somebody and where: today's, else the next one, else the last."""
    contracts = [row.contract for row in group]
    running = [c for c in contracts if c.runs_on(today)]
    coming = [c for c in contracts if c.starts is not None and c.starts > today]
    if running:
        return max(running, key=lambda c: (c.starts or date.min, -(c.number or 0)))
    if coming:
        return min(coming, key=lambda c: (c.starts or date.max, c.number or 0))
    return max(contracts, key=lambda c: (c.ends or date.max, -(c.number or 0)))


def _manager(group: Sequence[Row], holders: dict[str, ObjectGuid], today: date) -> ObjectGuid | None:
    key = _leading(group, today).manager_key
    return holders.get(key) if key is not None else None


def _no_circles(
    lines: dict[ObjectGuid, list[Row]], managers: dict[ObjectGuid, ObjectGuid | None], place: Place
) -> None:
    """Whoever follows managers upward comes to an end."""
    settled: set[ObjectGuid] = set()
    for start in lines:
        path: list[ObjectGuid] = []
        here: ObjectGuid | None = start
        while here is not None and here not in settled and here not in path:
            path.append(here)
            here = managers.get(here)
        if here is not None and here in path:
            numbers = sorted(lines[guid][0].line for guid in path[path.index(here) :])
            place.add(
                numbers[0],
                "manager_key",
                "managers up to somebody without one",
                f"a circle over the lines {', '.join(map(str, numbers))}",
                "correct one of these managers",
            )
        settled.update(path)


def _person(group: Sequence[Row], manager: ObjectGuid | None, now: datetime, today: date) -> Person:
    account, leading = group[0].account, _leading(group, today)
    starts = [row.contract.starts for row in group]
    ends = [row.contract.ends for row in group]
    return Person(
        guid=account.guid,
        address=account.address,
        name=account.name,
        language=account.language,
        enabled=_fact(account.enabled, now),
        recipient_type=_fact(account.recipient_type, now),
        hold=_fact(account.hold, now),
        roster=_roster(group, leading, now, today),
        groups=account.groups,
        unit=leading.unit,
        manager=manager,
        starts=min((day for day in starts if day is not None), default=None),
        ends=None if None in ends else max(day for day in ends if day is not None),
        leave=tuple(sorted({row.leave for row in group if row.leave}, key=lambda leave: leave.first)),
    )


def _roster(group: Sequence[Row], leading: Contract, now: datetime, today: date) -> Fact[WorkPattern]:
    """The hours of all contracts that run today together; unknown when one of them does not say."""
    running = [row.contract for row in group if row.contract.runs_on(today)] or [leading]
    patterns = [contract.roster for contract in running]
    if any(pattern is None for pattern in patterns):
        return Unknown(Reason.WORK_PATTERN_MISSING)
    return Known(union([pattern for pattern in patterns if pattern is not None]), now)


def _fact(value: T | None, now: datetime) -> Fact[T]:
    return Unknown(Reason.NOT_IN_SOURCES) if value is None else Known(value, now)
