"""From rows to people in service: the lines of one person_key are joined, and have to agree.

Service runs from the first day of the first contract to the last day of the last one (practice.md 4.4: a
leaver is who has no contract left). Between two contracts that do not follow each other nobody is a leaver
either: the way back is already agreed, and a mailbox that is closed for good in between would be a loss that
nothing mends. Who is really away then has approved leave, or a closed account, and is left alone for that.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from mailbot.directory.hr.places import Place
from mailbot.directory.hr.rows import Contract, Row
from mailbot.model.employment import Employment, Leave
from mailbot.model.work_days import union
from mailbot.model.worktime import WorkPattern

_COLUMNS = {
    "starts": "dienst_in",
    "ends": "dienst_uit",
    "manager_key": "manager_key",
    "unit": "org_code",
    "roster": "werkdagen",
}


def employments(rows: Sequence[Row], today: date, place: Place) -> tuple[Employment, ...]:
    """One employment per person_key, in the file's order; only of use when no problem was added.

    A person who is his own manager, a manager whom nobody knows and circles are no errors here: they are
    conflicts, for personnel to look at, and no reason to do without everybody else.
    """
    people: dict[str, list[Row]] = {}
    for row in rows:
        people.setdefault(row.key, []).append(row)
    for group in people.values():
        _agree(group, place)
    return tuple(_employment(group, today) for group in people.values())


def _agree(group: Sequence[Row], place: Place) -> None:
    """The address agrees on all lines of a person; contract columns on all lines of one contract."""
    first = group[0]
    contracts: dict[int | None, Row] = {}
    for row in group:
        if row.address != first.address:
            _differs(row, first, "mail", "lines of one person_key have one address", place)
        earlier = contracts.setdefault(row.contract.number, row)
        for name, column in _COLUMNS.items():
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


def _employment(group: Sequence[Row], today: date) -> Employment:
    contracts = [row.contract for row in group]
    leading = _leading(contracts, today)
    starts = [contract.starts for contract in contracts]
    ends = [contract.ends for contract in contracts]
    return Employment(
        key=group[0].key,
        address=group[0].address,
        starts=None if None in starts else min(day for day in starts if day is not None),
        ends=None if None in ends else max(day for day in ends if day is not None),
        manager_key=leading.manager_key,
        unit=leading.unit,
        roster=_roster(contracts, leading, today),
        leave=_joined(row.leave for row in group if row.leave is not None),
    )


def _leading(contracts: Sequence[Contract], today: date) -> Contract:
    """The contract that says who manages somebody and where: today's, else the next one, else the last.

    Of several that run today it is the one that began last, and of those the one with the lowest number.
    """
    running = [c for c in contracts if c.runs_on(today)]
    coming = [c for c in contracts if c.starts is not None and c.starts > today]
    if running:
        return max(running, key=lambda c: (c.starts or date.min, -(c.number or 0)))
    if coming:
        return min(coming, key=lambda c: (c.starts or date.max, c.number or 0))
    return max(contracts, key=lambda c: (c.ends or date.max, -(c.number or 0)))


def _roster(contracts: Sequence[Contract], leading: Contract, today: date) -> WorkPattern | None:
    """The hours of all contracts that run today together; None when one of them does not say."""
    patterns = [contract.roster for contract in contracts if contract.runs_on(today)] or [leading.roster]
    told = [pattern for pattern in patterns if pattern is not None]
    return union(told) if len(told) == len(patterns) else None


def _joined(leaves: Iterable[Leave]) -> tuple[Leave, ...]:
    """Leaves by first day, overlapping ones as one.

    What lies within another leave adds nothing. Two that overlap otherwise count as approved when the later
    of the two was: nothing is called planned that was not.
    """
    joined: list[Leave] = []
    for leave in sorted(set(leaves), key=lambda one: (one.first, -one.last.toordinal(), one.approved)):
        last = joined[-1] if joined else None
        if last is None or leave.first > last.last:
            joined.append(leave)
        elif leave.last > last.last:
            joined[-1] = Leave(last.first, leave.last, max(last.approved, leave.approved))
    return tuple(joined)
