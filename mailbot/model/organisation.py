"""What holds for the whole organisation, beside the people and mailboxes that a rule judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from mailbot.model.ids import Address
from mailbot.model.secure_mail import SecureMail
from mailbot.model.statements import Claim, Statement


class Standing(StrEnum):
    """What an address stands for when it has rights on somebody's mailbox."""

    ACTIVE = "active"  # a human being in service with an open account
    GONE = "gone"  # a human being who left, has not begun, or whose account is closed
    NO_PERSON = "no_person"  # shared, room, service or admin account
    UNCERTAIN = "uncertain"  # the directory does not say enough


@dataclass(frozen=True, slots=True)
class Organisation:
    """`colleagues` tells of every address of the directory what it stands for, also of people who are
    excluded: nothing about them is kept, and a mailbox that they look after is looked after.

    `domains` are mail domains of the organisation, old ones that it still owns included. `service_accounts`
    are patterns of the part before the @, such as `svc-*`, for addresses that the directory does not have.
    """

    colleagues: Mapping[Address, Standing] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    domains: frozenset[str] = frozenset()
    service_accounts: tuple[str, ...] = ()
    secure_mail: SecureMail = field(default_factory=SecureMail)
    statements: tuple[Statement, ...] = ()

    def standing(self, address: Address) -> Standing | None:
        """What an address that is no group stands for; None when neither the directory nor a pattern knows
        it. The directory comes first: a pattern may fit the name of a person."""
        if address in self.colleagues:
            return self.colleagues[address]
        local = address.value.rpartition("@")[0]
        named = any(fnmatchcase(local, pattern) for pattern in self.service_accounts)
        return Standing.NO_PERSON if named else None

    def may_be_group(self, address: Address) -> bool:
        """Whether the directory leaves room for a group. A pattern of names does not settle it."""
        return address not in self.colleagues

    def states(self, claim: Claim, today: date) -> bool:
        """Whether a signed statement says this, and is not past its review date."""
        return any(statement.claim is claim and statement.holds(today) for statement in self.statements)


NOWHERE = Organisation()
"""An organisation of which nothing is known."""
