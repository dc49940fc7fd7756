"""ExpandDL and ResolveNames: who is who in the address list. No mailbox is opened for either.

Shapes: EWS schema; articles "ExpandDL operation", "ResolveNames operation" and "ResponseCode" of Microsoft's
EWS reference. Members of nested groups are not listed: the nested group is. Three choices where the articles
leave room: what is no group answers ErrorNameResolutionNoResults, as the article's own sample does (its text
says success without members for some); a group that hides its members answers ErrorAccessDenied; names are
compared as a whole, where Exchange also takes their beginnings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.mailboxes import legacy_dn
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, ResponseError, escape
from mailbot.simulator.town import Town

_DIRECTORY_ONLY = "ActiveDirectory"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the address list. `kind` is a word of t:MailboxTypeType."""

    address: str
    name: str
    kind: str = "Mailbox"


def mailbox_xml(entry: Entry) -> str:
    """A t:Mailbox. What cannot be resolved has a name only; an address of Exchange itself is of type EX."""
    if not entry.address:
        kind = f"<t:MailboxType>{entry.kind}</t:MailboxType>"
        return f"<t:Mailbox><t:Name>{escape(entry.name)}</t:Name>{kind}</t:Mailbox>"
    routing = "EX" if is_legacy(entry.address) else "SMTP"
    return (
        f"<t:Mailbox><t:Name>{escape(entry.name or entry.address)}</t:Name>"
        f"<t:EmailAddress>{escape(entry.address)}</t:EmailAddress><t:RoutingType>{routing}</t:RoutingType>"
        f"<t:MailboxType>{entry.kind}</t:MailboxType></t:Mailbox>"
    )


def is_legacy(address: str) -> bool:
    return address.lower().startswith("/o=")


def kind_of(town: Town, address: str) -> str:
    """What a correspondent is, as it stands in an item: whoever has no entry in the address list is a
    one-off, and who has an address of Exchange itself was once a mailbox."""
    if not address:
        return "Unknown"
    if is_legacy(address):
        return "Mailbox"
    lower = address.lower()
    if lower in town.groups:
        return "PublicDL"
    if lower in town.contacts:
        return "Contact"
    return "Mailbox" if lower in town.mailboxes else "OneOff"


def _entry(town: Town, address: str) -> Entry | None:
    """The entry of an SMTP address; of a contact the address outside that stands behind it."""
    if address in town.groups:
        return Entry(address, address.partition("@")[0], "PublicDL")
    if address in town.contacts:
        return Entry(town.contacts[address], address.partition("@")[0], "Contact")
    mailbox = town.mailbox(address)
    return Entry(address, mailbox.name) if mailbox else None


def _asked(call: Call) -> Iterable[str]:
    return call.request.looked_up or ("",)


def _expand(call: Call, address: str) -> str:
    group = call.town.groups.get(address)
    if group is None:
        raise ResponseError("ErrorNameResolutionNoResults")
    if group.hidden:
        raise ResponseError("ErrorAccessDenied")
    if call.value_missing:
        return ""
    entries = [_entry(call.town, member.lower()) or Entry(member, "") for member in group.members]
    listed = "".join(mailbox_xml(entry) for entry in entries)
    paging = f'TotalItemsInView="{len(entries)}" IncludesLastItemInRange="true"'
    return f"<m:DLExpansion {paging}>{listed}</m:DLExpansion>"


def _entries(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(M + "UnresolvedEntry")


def _resolve(call: Call, element: etree._Element) -> str:
    if call.acting is None and call.request.body.get("SearchScope") != _DIRECTORY_ONLY:
        raise ResponseError("ErrorNameResolutionNoMailbox")
    wanted = (element.text or "").strip().lower().removeprefix("smtp:")
    found = _find(call.town, wanted)
    if found is None:
        raise ResponseError("ErrorNameResolutionNoResults")
    if call.value_missing:
        return ""
    contact = ""
    if call.request.body.get("ReturnFullContactData") == "true":
        contact = (
            f"<t:Contact><t:DisplayName>{escape(found.name)}</t:DisplayName>"
            "<t:ContactSource>ActiveDirectory</t:ContactSource></t:Contact>"
        )
    return (
        '<m:ResolutionSet TotalItemsInView="1" IncludesLastItemInRange="true">'
        f"<t:Resolution>{mailbox_xml(found)}{contact}</t:Resolution></m:ResolutionSet>"
    )


def _find(town: Town, wanted: str) -> Entry | None:
    if not is_legacy(wanted):
        by_name = (box.address for box in town.mailboxes.values() if box.name.lower() == wanted)
        return _entry(town, wanted) or _entry(town, next(by_name, ""))
    addresses = (*town.mailboxes, *town.groups, *town.contacts)
    return next((_entry(town, one) for one in addresses if legacy_dn(one).lower() == wanted), None)


EXPAND_DL = operation("ExpandDL", _asked, _expand)
RESOLVE_NAMES = operation("ResolveNames", _entries, _resolve)
