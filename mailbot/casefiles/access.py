"""How case files write who else may read a mailbox."""

from typing import Any

from mailbot.casefiles.lines import FactLine, Lines
from mailbot.model.ids import Address
from mailbot.model.mailbox import AccessList, Membership
from mailbot.model.needs import FullAccess, GroupMembers, InboxAccess, OutlookDelegates, PrivateFolderAccess


def addresses(value: Any, line: str) -> frozenset[Address]:
    """Raises ValueError when it is no list of e-mail addresses."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{line} reads like ["anna@voorbeeld.example"]; [] is nobody')
    try:
        return frozenset(Address(item) for item in value)
    except ValueError:
        raise ValueError(f"{line} holds something that is no e-mail address") from None


def number(lines: Lines, line: str) -> int:
    """A line that may be left out: then it is 0. Raises ValueError when it is no number from 0 on."""
    value = lines.get(line, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{line} reads like 0 or 1")
    return value


def inbox(lines: Lines, _need: InboxAccess) -> AccessList:
    everyone = lines.get("inbox_open_to_all", False)
    if not isinstance(everyone, bool):
        raise ValueError("inbox_open_to_all reads like true or false")
    return AccessList(
        addresses(lines["inbox"], "inbox"),
        everyone=everyone,
        unresolved=number(lines, "inbox_unresolved"),
        orphans=number(lines, "inbox_orphans"),
    )


def outlook_delegates(lines: Lines, _need: OutlookDelegates) -> AccessList:
    return AccessList(
        addresses(lines["outlook_delegates"], "outlook_delegates"), orphans=number(lines, "orphans")
    )


def full_access(lines: Lines, _need: FullAccess) -> AccessList:
    return AccessList(
        addresses(lines["full_access"], "full_access"),
        unresolved=number(lines, "full_access_unresolved"),
        orphans=number(lines, "full_access_orphans"),
    )


def groups(lines: Lines, need: GroupMembers) -> Membership:
    """What is named in neither `groups` nor `hidden_groups` is no group."""
    listed = lines["groups"]
    if not isinstance(listed, dict):
        raise ValueError('groups reads like { "team@voorbeeld.example" = ["anna@voorbeeld.example"] }')
    members = {
        group: addresses(inside, f"groups, {name}")
        for name, inside in listed.items()
        for group in addresses([name], "groups")
    }
    hidden = addresses(lines.get("hidden_groups", []), "hidden_groups")
    if need.address not in {*members, *hidden}:
        return Membership(group=False)
    return Membership(
        group=True,
        members=members.get(need.address, frozenset()),
        complete=need.address not in hidden,
    )


def private_folders_shared(lines: Lines, _need: PrivateFolderAccess) -> int:
    return number(lines, "private_folders_shared")


FACTS: tuple[FactLine, ...] = (
    FactLine("inbox", InboxAccess, inbox),
    FactLine("outlook_delegates", OutlookDelegates, outlook_delegates),
    FactLine("full_access", FullAccess, full_access),
    FactLine("groups", GroupMembers, groups),
    FactLine("private_folders_shared", PrivateFolderAccess, private_folders_shared),
)
DETAILS = frozenset(
    {
        "inbox_open_to_all",
        "inbox_unresolved",
        "inbox_orphans",
        "orphans",
        "full_access_unresolved",
        "full_access_orphans",
        "hidden_groups",
    }
)
