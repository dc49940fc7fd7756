"""From permissions to who may read: folder permissions and Outlook's delegates.

Levels and flags: EWS schema, PermissionLevelType, PermissionReadAccessType, CalendarPermissionLevelType,
DelegateFolderPermissionLevelType.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailbot.exchange.ews.calls import checked
from mailbot.exchange.ews.readers import Element, T, broken, missing
from mailbot.exchange.ews.trouble import TRANSIENT, EwsTrouble
from mailbot.model.ids import Address
from mailbot.model.mailbox import AccessList

READING = frozenset(
    {
        "Owner",
        "PublishingEditor",
        "Editor",
        "PublishingAuthor",
        "Author",
        "NoneditingAuthor",
        "Reviewer",
    }
)
NOT_READING = frozenset({"None", "Contributor", "FreeBusyTimeOnly", "FreeBusyTimeAndSubjectAndLocation"})
DELEGATE_READING = frozenset({"Reviewer", "Author", "Editor"})


@dataclass(slots=True)
class _Tally:
    """`unresolved` counts entries that may be anybody, a group of any size included."""

    grants: set[Address] = field(default_factory=set)
    everyone: bool = False
    unresolved: int = 0
    orphans: int = 0

    def add(self, user: Element | None) -> None:
        """Somebody with reading rights."""
        if user is None:
            raise missing()
        if user.findtext(T + "DistinguishedUser"):
            self.everyone = True
            return
        address = _address(user.findtext(T + "PrimarySmtpAddress"))
        if address is None:
            self.unresolved += 1
        else:
            self.grants.add(address)

    def list(self) -> AccessList:
        return AccessList(frozenset(self.grants), self.everyone, self.unresolved, self.orphans)


def _address(text: str | None) -> Address | None:
    try:
        return Address(text) if text else None
    except ValueError:
        return None


def folder_access(folder: Element) -> AccessList:
    """Who may read this folder, by its t:PermissionSet. Raises EwsTrouble when the server shows none."""
    permissions = folder.find(T + "PermissionSet")
    if permissions is None:
        raise missing()
    entries = permissions.find(T + "Permissions")
    if entries is None:
        entries = permissions.find(T + "CalendarPermissions")
    if entries is None:
        raise missing()
    tally = _Tally(unresolved=len(permissions.findall(f"{T}UnknownEntries/{T}UnknownEntry")))
    for entry in entries:
        reads = _reads(entry)
        if reads is None:
            tally.unresolved += 1
        elif reads:
            tally.add(entry.find(T + "UserId"))
    return tally.list()


def _reads(entry: Element) -> bool | None:
    """Whether an entry gives the right to read; None when it does not say.

    The flag of a custom level decides; what a named level includes, it includes without a flag.
    """
    level = entry.findtext(T + "PermissionLevel") or entry.findtext(T + "CalendarPermissionLevel") or ""
    flag = entry.findtext(T + "ReadItems")
    if flag == "FullDetails" or level in READING:
        return True
    if level in NOT_READING:
        return False
    if level == "Custom":
        return None if flag is None else False
    raise broken()


def delegate_access(messages: Sequence[Element]) -> AccessList:
    """Delegates who may read the inbox. One whose account is gone is an orphan and spoils no other."""
    tally = _Tally()
    for message in messages:
        try:
            checked(message)
        except EwsTrouble as trouble:
            if trouble.reason in TRANSIENT and trouble.code != "ErrorDelegateNoUser":
                raise
            if trouble.code == "ErrorDelegateNoUser":
                tally.orphans += 1
            else:
                tally.unresolved += 1
            continue
        user = message.find(message.tag.removesuffix("ResponseMessageType"))
        if user is None:
            raise missing()
        level = user.findtext(f"{T}DelegatePermissions/{T}InboxFolderPermissionLevel")
        if level in DELEGATE_READING:
            tally.add(user.find(T + "UserId"))
        elif level != "None":  # of one's own making, or not shown
            tally.unresolved += 1
    return tally.list()
