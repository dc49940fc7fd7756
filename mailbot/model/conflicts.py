"""Where sources disagree about people. Nothing is guessed: each is work for an administrator."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailbot.model.ids import ObjectGuid


class Clash(StrEnum):
    CLOSED_IN_SERVICE = "closed_in_service"  # the account is closed, personnel says in service
    NO_MANAGER = "no_manager"  # no source names a manager who has a mailbox, and others report to nobody
    OWN_MANAGER = "own_manager"
    MANAGER_CIRCLE = "manager_circle"
    SHARED_MAILBOX = "shared_mailbox"  # two people of personnel, one mailbox
    SECOND_MAILBOX = "second_mailbox"  # one person of personnel, two mailboxes, and no telling which
    SAME_ADDRESS = "same_address"  # two mailboxes that carry one address
    FOREIGN_ADDRESS = "foreign_address"  # the address is in none of the accepted domains
    NO_MAILBOX = "no_mailbox"  # personnel names a mail address that no mailbox carries


@dataclass(frozen=True, slots=True)
class Conflict:
    """`mailboxes` are those it is about; empty when there is none, as with NO_MAILBOX. Of mailboxes that are
    excluded nothing is said."""

    clash: Clash
    mailboxes: tuple[ObjectGuid, ...] = field(default=(), repr=False)
