"""A resident of the town: one mailbox holder, as the personnel system and the directory know them."""

from dataclasses import dataclass
from datetime import date

from mailbot.model.ids import ObjectGuid


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract; `ends` is None while it is open, `number` its serial number."""

    starts: date
    ends: date | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class ApprovedLeave:
    """Leave in the personnel system, first and last day, and the day of approval. It has no type."""

    first: date
    last: date
    approved: date


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Resident:
    """`enabled`, `hold` and `recipient_type` are None when the export leaves them empty. `workdays` is the
    roster as the export writes it. `manager_key` is the manager's `person_key`."""

    guid: ObjectGuid
    name: str
    address: str
    language: str = "nl"
    groups: tuple[str, ...] = ()
    enabled: bool | None = True
    recipient_type: str | None = "user"
    hold: bool | None = False
    person_key: str = ""
    contracts: tuple[Contract, ...] = ()
    manager_key: str = ""
    unit: Unit | None = None
    workdays: str = ""
    leave: tuple[ApprovedLeave, ...] = ()
