"""A resident of the town: one mailbox holder, as the personnel system and the directory know them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from mailbot.model.ids import ObjectGuid

OPEN_ENDED = 0x7FFFFFFFFFFFFFFF
ALSO_OPEN_ENDED = 0
"""Both ways in which accountExpires says "never"."""


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


class Beside(Enum):
    """An administrator's account beside somebody's own."""

    BARE = "without a mailbox"
    WITH_MAILBOX = "with a mailbox of its own"


@dataclass(frozen=True, slots=True)
class Records:
    """How the two sources write somebody down, where that is not the ordinary way.

    In the directory: `number` is the employeeID, None when it is the `person_key`, empty when there is none;
    `expires` is the moment at which the account closes, or one of the numbers for "never", None for either of
    them; `managed` is False when it names no manager. `old_addresses` are kept beside the primary one.
    `own_quota` is in KB, None for the quotas of the database; `database` is where the mailbox lies, empty for
    any. `policies` hold the mailbox. `through` is a group within those that the resident belongs to, by which
    alone they do. `beside` is an administrator's account of the same person.

    In personnel: `employed` is False for who is hired from elsewhere and does not stand there; `mail` is the
    address that it has, None for the right one; `led` is False when it names no manager. The older drop has
    the contracts `before`, None for the same ones, and `fresh` tells that it does not have the leave yet.
    `double` is the key of somebody else who is said to have the same address.
    """

    number: str | None = None
    expires: datetime | int | None = None
    managed: bool = True
    old_addresses: tuple[str, ...] = ()
    own_quota: int | None = None
    database: str = ""
    policies: tuple[str, ...] = ()
    through: str = ""
    beside: Beside | None = None
    employed: bool = True
    mail: str | None = None
    led: bool = True
    before: tuple[Contract, ...] | None = None
    fresh: bool = False
    double: str = ""


ORDINARY = Records()


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the directory that is no person: of an administrator, beside the account in which that
    person's mail arrives, or of a program. `address` is empty for one without a mailbox, and then there is
    no mailbox of this guid. `staff_number` is the employeeID of whom it belongs to."""

    guid: ObjectGuid
    name: str
    login: str
    address: str = ""
    staff_number: str = ""


@dataclass(frozen=True, slots=True)
class Resident:
    """`enabled` is None when nobody may read whether the account is open; `recipient_type` is None when it is
    one that nobody knows. `workdays` is the roster as personnel writes it. `manager_key` is the manager's
    `person_key`. Without `address` somebody works here and has no mailbox."""

    guid: ObjectGuid
    name: str
    address: str
    language: str = "nl"
    groups: tuple[str, ...] = ()
    enabled: bool | None = True
    recipient_type: str | None = "user"
    hold: bool = False
    person_key: str = ""
    contracts: tuple[Contract, ...] = ()
    manager_key: str = ""
    unit: Unit | None = None
    workdays: str = ""
    leave: tuple[ApprovedLeave, ...] = ()
    records: Records = ORDINARY
