"""What personnel says of people: contracts, rosters, approved leave. No type of leave, no reason."""

from dataclasses import dataclass, field
from datetime import date

from mailbot.model.ids import Address
from mailbot.model.worktime import WorkPattern


@dataclass(frozen=True, slots=True)
class OrgUnit:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Approved leave without a type: first and last day, and the day of approval."""

    first: date
    last: date
    approved: date


@dataclass(frozen=True, slots=True)
class Employment:
    """One person, all contracts together.

    `starts` is the first day of the first contract; `ends` the last day of the last one, None while one of
    them is open. Manager, unit and roster are those of the contract that runs today, else of the next one,
    else of the last. `address` is what personnel believes; the directory knows better.
    """

    key: str = field(repr=False)
    address: Address | None = field(default=None, repr=False)
    starts: date | None = None
    ends: date | None = None
    manager_key: str | None = field(default=None, repr=False)
    unit: OrgUnit | None = field(default=None, repr=False)
    roster: WorkPattern | None = None
    leave: tuple[Leave, ...] = ()
