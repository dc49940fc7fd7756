"""Permissions of a folder: t:PermissionSet, and t:PermissionSet of calendars, which knows two more levels.

Shapes: EWS schema; articles "PermissionSet (PermissionSetType)", "PermissionLevel", "UnknownEntries" and
"UserId" of Microsoft's EWS reference. Exchange gives them for GetFolder only. Accounts that it cannot find
any more are unknown entries: text without level or rights.
"""

import zlib
from collections.abc import Sequence

from mailbot.simulator.mailboxes import Folder, FolderKind, Mailbox, Right
from mailbot.simulator.soap import escape
from mailbot.simulator.town import Town

EVERYBODY = ("Default", "Anonymous")
_FREE_BUSY = {
    "FreeBusyTimeOnly": "TimeOnly",
    "FreeBusyTimeAndSubjectAndLocation": "TimeAndSubjectAndLocation",
}
_FLAGS = (
    "CanCreateItems",
    "CanCreateSubFolders",
    "IsFolderOwner",
    "IsFolderVisible",
    "IsFolderContact",
)
_LEVELS: dict[str, tuple[frozenset[str], str, str, str]] = {
    "None": (frozenset(), "None", "None", "None"),
    "Owner": (frozenset(_FLAGS), "All", "All", "FullDetails"),
    "PublishingEditor": (
        frozenset({"CanCreateItems", "CanCreateSubFolders", "IsFolderVisible"}),
        "All",
        "All",
        "FullDetails",
    ),
    "Editor": (frozenset({"CanCreateItems", "IsFolderVisible"}), "All", "All", "FullDetails"),
    "PublishingAuthor": (
        frozenset({"CanCreateItems", "CanCreateSubFolders", "IsFolderVisible"}),
        "Owned",
        "Owned",
        "FullDetails",
    ),
    "Author": (frozenset({"CanCreateItems", "IsFolderVisible"}), "Owned", "Owned", "FullDetails"),
    "NoneditingAuthor": (frozenset({"CanCreateItems", "IsFolderVisible"}), "None", "Owned", "FullDetails"),
    "Reviewer": (frozenset({"IsFolderVisible"}), "None", "None", "FullDetails"),
    "Contributor": (frozenset({"CanCreateItems", "IsFolderVisible"}), "None", "None", "None"),
    "Custom": (frozenset({"IsFolderVisible"}), "None", "None", "FullDetails"),
    **{level: (frozenset[str](), "None", "None", reads) for level, reads in _FREE_BUSY.items()},
}
"""What each level allows: flags, editing, deleting, reading."""


def permission_set(town: Town, mailbox: Mailbox, folder: Folder) -> str:
    """Default and Anonymous come first and are always there. Gives nothing for a search folder."""
    if folder.kind is FolderKind.SEARCH:
        return ""
    calendar = folder.kind is FolderKind.CALENDAR
    rights = mailbox.rights.get(folder.id, [])
    common = [
        next((right for right in rights if right.account == name), Right(name, _common_level(name, calendar)))
        for name in EVERYBODY
    ]
    shown = [right for right in rights if right.account not in EVERYBODY and not right.orphan]
    prefix = "Calendar" if calendar else ""
    listed = "".join(
        _permission(town, right, _sid(folder, number, right), prefix)
        for number, right in enumerate([*common, *shown])
    )
    gone = [right for right in rights if right.orphan]
    return (
        f"<t:PermissionSet><t:{prefix}Permissions>{listed}</t:{prefix}Permissions>"
        f"{_unknown(folder, gone)}</t:PermissionSet>"
    )


def _common_level(name: str, calendar: bool) -> str:
    return "FreeBusyTimeOnly" if calendar and name == "Default" else "None"


def _permission(town: Town, right: Right, sid: str, prefix: str) -> str:
    flags, edits, deletes, reads = _LEVELS[right.level]
    if right.level == "Custom" and not right.reads:
        reads = "None"
    can = "".join(f"<t:{flag}>{'true' if flag in flags else 'false'}</t:{flag}>" for flag in _FLAGS)
    return (
        f"<t:{prefix}Permission>{user_id(town, right, sid)}{can}<t:EditItems>{edits}</t:EditItems>"
        f"<t:DeleteItems>{deletes}</t:DeleteItems><t:ReadItems>{reads}</t:ReadItems>"
        f"<t:{prefix}PermissionLevel>{right.level}</t:{prefix}PermissionLevel></t:{prefix}Permission>"
    )


def user_id(town: Town, right: Right, sid: str) -> str:
    """A t:UserId: a word for everybody, else the SID with as much as the directory knows."""
    if right.account in EVERYBODY:
        return f"<t:UserId><t:DistinguishedUser>{right.account}</t:DistinguishedUser></t:UserId>"
    if not right.account:
        return f"<t:UserId><t:SID>{sid}</t:SID></t:UserId>"
    holder = town.mailbox(right.account.lower())
    name = holder.name if holder else right.account.partition("@")[0]
    return (
        f"<t:UserId><t:SID>{sid}</t:SID>"
        f"<t:PrimarySmtpAddress>{escape(right.account)}</t:PrimarySmtpAddress>"
        f"<t:DisplayName>{escape(name)}</t:DisplayName></t:UserId>"
    )


def sid_of(account: str) -> str:
    """A SID that stays the same for an account."""
    return f"S-1-5-21-1417001333-2025429265-839522115-{zlib.crc32(account.lower().encode())}"


def _sid(folder: Folder, number: int, right: Right) -> str:
    return sid_of(right.account or f"{folder.id}/{number}")


def _unknown(folder: Folder, gone: Sequence[Right]) -> str:
    entries = "".join(
        f"<t:UnknownEntry>NT User:{_sid(folder, -number, right)}</t:UnknownEntry>"
        for number, right in enumerate(gone, start=1)
    )
    return f"<t:UnknownEntries>{entries}</t:UnknownEntries>" if entries else ""
