"""One call of an operation: what it sees of the town, and which mailboxes it may open."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from mailbot.simulator.faults import Fault, FaultKind
from mailbot.simulator.incoming import Request
from mailbot.simulator.journal import Journal
from mailbot.simulator.mailboxes import Folder, Mailbox, Trouble, owner_of
from mailbot.simulator.soap import ResponseError, SoapFault, T
from mailbot.simulator.town import Town

_HEADER_TROUBLES = (Trouble.ELSEWHERE, Trouble.OUT_OF_SCOPE, Trouble.DISABLED)


@dataclass(slots=True)
class Call:
    """`acting` is the impersonated mailbox, None when the service account acts as itself. `full_access` tells
    that this account may open every mailbox. `first_error` keeps the first response code that failed, for
    the access log; `found` the identifiers of items that a search by subject brought up."""

    town: Town
    journal: Journal
    request: Request
    acting: Mailbox | None
    now: datetime
    fault: Fault | None = None
    full_access: bool = False
    first_error: str = ""
    found: list[str] = field(default_factory=list)

    @property
    def value_missing(self) -> bool:
        return self.fault is not None and self.fault.kind is FaultKind.VALUE_MISSING

    def open(self, address: str | None) -> Mailbox:
        """The mailbox at `address`, or the caller's own when None, if the caller may open it.

        Full access opens the mailbox of a disabled account too: nobody has to sign in with that account.
        Raises ResponseError with the code that Exchange gives otherwise.
        """
        mailbox = self.town.mailbox(address) if address else self.acting
        if mailbox is None:
            raise ResponseError("ErrorNonExistentMailbox" if address else "ErrorMissingEmailAddress")
        if mailbox is not self.acting:
            allowed = self.acting is None and (mailbox.full_access or self.full_access)
            if mailbox.trouble is Trouble.ELSEWHERE or (mailbox.trouble is Trouble.DISABLED and not allowed):
                raise ResponseError(mailbox.trouble.value)
            if not allowed:
                raise ResponseError("ErrorAccessDenied")
            if mailbox.trouble is Trouble.OUT_OF_SCOPE:
                raise ResponseError("ErrorAccessDenied")
        if mailbox.trouble in (Trouble.MOVING, Trouble.STORE_DOWN):
            raise ResponseError(mailbox.trouble.value)
        return mailbox

    def folder(self, element: etree._Element) -> tuple[Mailbox, Folder]:
        """The folder of a FolderId or DistinguishedFolderId element, with its mailbox."""
        identifier = element.get("Id", "")
        if etree.QName(element).localname == "DistinguishedFolderId":
            address = element.findtext(f"{T}Mailbox/{T}EmailAddress")
            mailbox = self.open(address.strip().lower() if address else None)
            tree = mailbox.archive if identifier.startswith("archive") else mailbox.folders
            found = tree.by_name.get(identifier) if tree is not None else None
        else:
            mailbox = self.owner(identifier)
            found = mailbox.folder(identifier)
        if found is None:
            raise ResponseError("ErrorFolderNotFound")
        return mailbox, found

    def owner(self, identifier: str) -> Mailbox:
        """The mailbox that an identifier of an item or folder belongs to, if the caller may open it."""
        guid = owner_of(identifier)
        mailbox = self.town.by_guid(guid) if guid else None
        if mailbox is None:
            raise ResponseError("ErrorInvalidIdMalformed")
        return self.open(mailbox.address)


def act_as(town: Town, address: str | None, *, may_impersonate: bool) -> Mailbox | None:
    """The mailbox of the impersonation header. Raises SoapFault when it may not or cannot be used."""
    if address is None:
        return None
    if not may_impersonate:
        raise SoapFault("ErrorImpersonateUserDenied")
    mailbox = town.mailbox(address)
    if mailbox is None:
        raise SoapFault("ErrorNonExistentMailbox")
    if mailbox.trouble in _HEADER_TROUBLES:
        raise SoapFault(mailbox.trouble.value)
    return mailbox


@dataclass(frozen=True, slots=True)
class Operation:
    """`answer` gives the content of the SOAP body; `failure` gives it when the whole call fails."""

    answer: Callable[[Call], str]
    failure: Callable[[Call, ResponseError], str]
