"""Mailboxes as the directory knows them, before personnel data joins them. None is "it does not say"."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailbot.model.ids import Address, ObjectGuid


class RecipientType(StrEnum):
    """Kinds of mailbox, in the directory's terms (msExchRecipientTypeDetails)."""

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"
    LINKED = "linked"
    REMOTE_USER = "remote_user"
    REMOTE_SHARED = "remote_shared"
    SYSTEM = "system"

    @property
    def personal(self) -> bool:
        """A mailbox of one human being."""
        return self in (RecipientType.USER, RecipientType.LINKED, RecipientType.REMOTE_USER)


class Language(StrEnum):
    NL = "nl"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes at which Exchange stops sending and receiving; None is never. The mailbox's own limit, or that
    of its database."""

    limit: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox of the directory.

    `others` are its further SMTP addresses, old ones among them. `login` is sAMAccountName in lower case.
    `closed` is userAccountControl's bit 0x2. `expires` is when accountExpires closes it, aware; None is
    never. `manager` and `delegates` are mailboxes too; who has none is not among them. `has_manager` tells
    that the directory names a manager, with or without a mailbox. `staff_number` is employeeID: the
    `person_key` of personnel. `groups` are those that the settings name, as they are written there.
    """

    guid: ObjectGuid = field(repr=False)
    address: Address = field(repr=False)
    name: str = field(repr=False)
    login: str = field(default="", repr=False)
    others: frozenset[Address] = field(default=frozenset(), repr=False)
    kind: RecipientType | None = None
    closed: bool | None = None
    expires: datetime | None = None
    hold: bool | None = None
    forwards: bool | None = None
    quota: Quota | None = None
    delegates: frozenset[ObjectGuid] | None = field(default=None, repr=False)
    manager: ObjectGuid | None = field(default=None, repr=False)
    has_manager: bool = False
    department: str | None = field(default=None, repr=False)
    staff_number: str | None = field(default=None, repr=False)
    language: Language | None = None
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that one reading of the directory gave. `broken` counts entries that could not be used:
    without a usable address, say. `read_at` is aware."""

    accounts: tuple[Account, ...] = field(repr=False)
    read_at: datetime
    broken: int = 0
