"""What a run learned from the address book: members of groups, and SMTP addresses behind Exchange's own.

ExpandDL is not recursive (article "ExpandDL operation"), so nested groups are walked here. It answers
alike for what does not exist, what is hidden from the address lists and what is no group; ResolveNames then
tells a mailbox from something that nobody can see. Members that are hidden from the address lists are left
out by the server without a word: a list that is called complete here is so but for them.
"""

import threading
from dataclasses import dataclass
from enum import Enum

from exchangelib.services import ExpandDL, ResolveNames
from exchangelib.services.common import EWSAccountService

from mailbot.exchange.ews.calls import Element, M, Raw, T, _ask, el, only
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.ids import Address
from mailbot.model.mailbox import Membership
from mailbot.model.sent import RecipientKind

DEPTH = 10
GROUPS = 200
MEMBERS = 5000
"""A group that is nested deeper, has more groups below it or more members is not listed to its end."""

NO_RESULTS = "ErrorNameResolutionNoResults"
NO_LIST = frozenset({NO_RESULTS, "ErrorAccessDenied"})
"""Response codes after which the address may still be no group, or one that hides its members."""

KINDS = {
    "Mailbox": RecipientKind.MAILBOX,
    "PublicDL": RecipientKind.GROUP,
    "PrivateDL": RecipientKind.GROUP,
    "GroupMailbox": RecipientKind.GROUP,
    "Contact": RecipientKind.CONTACT,
    "ImplicitContact": RecipientKind.CONTACT,
    "OneOff": RecipientKind.ONE_OFF,
}
"""MailboxTypeType of the EWS schema; what it does not say is unknown."""

FOR_GOOD = frozenset({Reason.ACCOUNT_UNRESOLVED, Reason.ACCESS_DENIED, Reason.OPERATION_MISSING})
"""Reasons for which a part of the address book stays closed however often it is asked."""


class _ExpandDL(Raw, EWSAccountService, ExpandDL):  # type: ignore[misc]
    """Asked in the name of the mailbox under visit, as ResolveNames is."""


class _ResolveNames(Raw, EWSAccountService, ResolveNames):  # type: ignore[misc]
    pass


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """Somebody in the address book. `address` is None when no SMTP address could be found."""

    address: str | None
    kind: RecipientKind


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    """Members with nested groups flattened. `complete` is False when a part of it cannot be listed."""

    members: tuple[Entry, ...]
    complete: bool


class _Standing(Enum):
    NO_GROUP = "no_group"
    NOBODY = "nobody"


class AddressBook:
    """Shared by the workers of one run: the same groups stand on many mailboxes.

    Two workers may ask the same thing at the same moment; what they learn is the same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listed: dict[str, Group | _Standing] = {}
        self._resolved: dict[str, Entry | None] = {}

    def membership(self, box: Box, address: Address, deadline: float) -> Membership:
        """Whether this is a group, and its members. Raises EwsTrouble when that cannot be told."""
        group = self.group(box, address.value, deadline)
        if group is None:
            return Membership(group=False)
        members, complete = set(), group.complete
        for entry in group.members:
            # What has no address or no kind may be a group itself.
            complete = complete and entry.kind is not RecipientKind.UNKNOWN
            try:
                members.add(Address(entry.address or ""))
            except ValueError:
                complete = False
        return Membership(True, frozenset(members), complete)

    def group(self, box: Box, address: str, deadline: float) -> Group | None:
        """None for an address that is certainly no group. Raises EwsTrouble when that cannot be told."""
        top = self._direct(box, address, deadline)
        if top is _Standing.NOBODY:
            raise EwsTrouble(Reason.ACCOUNT_UNRESOLVED, NO_RESULTS)
        if not isinstance(top, Group):
            return None
        return self._flat(box, top, {address.lower()}, deadline)

    def private_group(self, box: Box, item_id: str, deadline: float) -> Group:
        """A distribution list among the contacts of the mailbox: it has an item's id and no address."""
        return self._flat(box, self._expand(box, el("t:ItemId", Id=item_id), deadline), set(), deadline)

    def entry(self, box: Box, mailbox: Element, deadline: float) -> Entry:
        """What a t:Mailbox element stands for. Exchange's own addresses are looked up."""
        kind = KINDS.get((mailbox.findtext(T + "MailboxType") or "").strip(), RecipientKind.UNKNOWN)
        address = (mailbox.findtext(T + "EmailAddress") or "").strip()
        routing = (mailbox.findtext(T + "RoutingType") or "").strip().upper()
        if address and (routing == "EX" or (not routing and address.startswith("/"))):
            return self._look_up(box, address, deadline) or Entry(None, kind)
        return Entry(address if routing in ("SMTP", "") and "@" in address else None, kind)

    def _flat(self, box: Box, top: Group, seen: set[str], deadline: float) -> Group:
        members: dict[Entry, None] = {}
        complete, level = True, [top]
        for _ in range(DEPTH):
            below: list[Group] = []
            for group in level:
                complete = complete and group.complete
                for entry in group.members:
                    if entry.kind is not RecipientKind.GROUP:
                        members[entry] = None
                    elif entry.address is None:
                        complete = False
                    elif entry.address.lower() not in seen:
                        seen.add(entry.address.lower())
                        if len(seen) > GROUPS or len(members) > MEMBERS:
                            return Group(tuple(members), False)
                        below.append(self._nested(box, entry.address, deadline))
            if not below:
                return Group(tuple(members)[:MEMBERS], complete and len(members) <= MEMBERS)
            level = below
        return Group(tuple(members), False)

    def _nested(self, box: Box, address: str, deadline: float) -> Group:
        """The server called it a group; one that it does not list is a hole."""
        try:
            found = self._direct(box, address, deadline)
        except EwsTrouble as trouble:
            if trouble.reason not in FOR_GOOD:
                raise
            return Group((), False)
        return found if isinstance(found, Group) else Group((), False)

    def _direct(self, box: Box, address: str, deadline: float) -> Group | _Standing:
        """The group's own members, nested groups among them as entries."""
        key = address.lower()
        with self._lock:
            if key in self._listed:
                return self._listed[key]
        try:
            listed = self._expand(box, el("t:EmailAddress", text=address), deadline)
        except EwsTrouble as trouble:
            if trouble.code not in NO_LIST:
                raise
            listed = Group((), False)
        found = listed if listed.members else self._without_list(box, address, deadline)
        with self._lock:
            return self._listed.setdefault(key, found)

    def _without_list(self, box: Box, address: str, deadline: float) -> Group | _Standing:
        """What an address is for which no member is shown. The server compares beginnings of addresses, so
        the entry must bear the very address; that of a contact is the one outside, which may differ."""
        entry = self._look_up(box, f"smtp:{address}", deadline)
        if entry is None:
            return _Standing.NOBODY
        if entry.kind is RecipientKind.CONTACT:
            return _Standing.NO_GROUP
        if (entry.address or "").lower() != address.lower():
            return _Standing.NOBODY
        match entry.kind:
            case RecipientKind.GROUP:
                return Group((), False)
            case RecipientKind.MAILBOX:
                return _Standing.NO_GROUP
        return _Standing.NOBODY

    def _expand(self, box: Box, identity: Element, deadline: float) -> Group:
        """ExpandDL. An empty list may be an empty group or one whose members are hidden: not complete."""
        payload = el("m:ExpandDL", el("m:Mailbox", identity))
        message = only(_ask(_ExpandDL(account=box), box.line, payload, deadline))
        expansion = message.find(M + "DLExpansion")
        if expansion is None:
            return Group((), False)
        entries = tuple(self.entry(box, found, deadline) for found in expansion.iterfind(T + "Mailbox"))
        total = expansion.get("TotalItemsInView", "")
        complete = expansion.get("IncludesLastItemInRange") == "true" and bool(entries)
        if total.isdecimal() and int(total) > len(entries):
            complete = False
        return Group(entries, complete)

    def _look_up(self, box: Box, name: str, deadline: float) -> Entry | None:
        """ResolveNames in the directory. None when not exactly one entry answers to the name."""
        key = name.lower()
        with self._lock:
            if key in self._resolved:
                return self._resolved[key]
        payload = el(
            "m:ResolveNames",
            el("m:UnresolvedEntry", text=name),
            ReturnFullContactData=False,
            SearchScope="ActiveDirectory",
        )
        found: Entry | None = None
        try:
            message = only(_ask(_ResolveNames(account=box), box.line, payload, deadline))
        except EwsTrouble as trouble:
            if trouble.reason is not Reason.ACCOUNT_UNRESOLVED:
                raise
        else:
            resolutions = message.find(M + "ResolutionSet")
            if resolutions is None:
                raise EwsTrouble(Reason.VALUE_MISSING, "missing")
            mailboxes = resolutions.findall(f"{T}Resolution/{T}Mailbox")
            if len(mailboxes) == 1:
                found = _plain(mailboxes[0])
        with self._lock:
            return self._resolved.setdefault(key, found)


def _plain(mailbox: Element) -> Entry | None:
    """An entry of the directory, which has an SMTP address or is of no use."""
    kind = KINDS.get((mailbox.findtext(T + "MailboxType") or "").strip(), RecipientKind.UNKNOWN)
    address = (mailbox.findtext(T + "EmailAddress") or "").strip()
    routing = (mailbox.findtext(T + "RoutingType") or "SMTP").strip().upper()
    return Entry(address, kind) if routing == "SMTP" and "@" in address else None
