"""How an item is written: only what was asked for, in the order of the schema.

Shapes: EWS schema; articles "FindItem operation", "GetItem operation", "FileAttachment" and "MailboxType" of
Microsoft's EWS reference. FindItem gives neither bodies nor recipients nor attachments, of senders only the
name, and of any text its first 255 characters.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from mailbot.simulator.calls import Call
from mailbot.simulator.mailboxes import Item, PropertyKey, opaque
from mailbot.simulator.operations.addressbook import Entry, kind_of, mailbox_xml
from mailbot.simulator.soap import attribute, escape, utc_text
from mailbot.simulator.town import Town

HEADER_SET = "internetheaders"
LONGEST_LISTED = 255
_SET_NAMES = {
    HEADER_SET: "InternetHeaders",
    "publicstrings": "PublicStrings",
    "common": "Common",
    "appointment": "Appointment",
    "meeting": "Meeting",
    "address": "Address",
    "task": "Task",
    "unifiedmessaging": "UnifiedMessaging",
    "calendarassistant": "CalendarAssistant",
    "sharing": "Sharing",
}
_ELEMENTS = (
    ("ipm.schedule.meeting.request", "MeetingRequest"),
    ("ipm.schedule.meeting.resp", "MeetingResponse"),
    ("ipm.schedule.meeting.canceled", "MeetingCancellation"),
    ("ipm.schedule.meeting", "MeetingMessage"),
)
"""Elements of items that are no t:Message, by the beginning of their class in lower case."""

Writer = Callable[[Item, Town, bool], str]
"""Writes one property of an item; the last argument tells that FindItem asks."""


def _person(name: str, address: str, shown: str, town: Town, listing: bool) -> str:
    if not address:
        return ""
    if listing:
        box = f"<t:Mailbox><t:Name>{escape(shown or address)}</t:Name></t:Mailbox>"
    else:
        box = mailbox_xml(Entry(address, shown, kind_of(town, address)))
    return f"<t:{name}>{box}</t:{name}>"


def _author(item: Item, town: Town, listing: bool) -> str:
    """Of mail that was sent in the name of another it is that other."""
    if not item.on_behalf_of:
        return _person("From", item.sender, item.sender_name, town, listing)
    represented = town.mailbox(item.on_behalf_of)
    return _person("From", item.on_behalf_of, represented.name if represented else "", town, listing)


def _people(name: str, people: Iterable[tuple[str, str]], town: Town) -> str:
    listed = "".join(mailbox_xml(Entry(address, shown, kind_of(town, address))) for address, shown in people)
    return f"<t:{name}>{listed}</t:{name}>" if listed else ""


def _names(name: str, people: Iterable[tuple[str, str]], listing: bool) -> str:
    return _text(name, "; ".join(shown or address for address, shown in people), listing)


def _text(name: str, text: str, listing: bool = False) -> str:
    return f"<t:{name}>{escape(text[:LONGEST_LISTED] if listing else text)}</t:{name}>"


def _header(name: str, value: str | None, listing: bool) -> str:
    return _text(name, value, listing) if value else ""


def _time(name: str, moment: datetime | None) -> str:
    return f"<t:{name}>{utc_text(moment)}</t:{name}>" if moment else ""


def _headers(item: Item) -> str:
    rows = "".join(
        f"<t:InternetMessageHeader HeaderName={attribute(name)}>{escape(value)}</t:InternetMessageHeader>"
        for name, value in item.headers.items()
    )
    return f"<t:InternetMessageHeaders>{rows}</t:InternetMessageHeaders>" if rows else ""


def _attachments(item: Item) -> str:
    """Names, types and sizes. What is in them is only for GetAttachment, which this server does not know."""
    files = "".join(
        f"<t:FileAttachment><t:AttachmentId Id={attribute(opaque(f'{item.id}|{number}'))}/>"
        f"{_text('Name', name)}{_text('ContentType', kind) if kind else ''}"
        "<t:Size>24576</t:Size><t:IsInline>false</t:IsInline></t:FileAttachment>"
        for number, (name, kind) in enumerate(item.attachments)
    )
    return f"<t:Attachments>{files}</t:Attachments>" if files else ""


def _bool(value: bool) -> str:
    return "true" if value else "false"


_BEFORE_EXTENDED: tuple[tuple[str, Writer], ...] = (
    (
        "item:ParentFolderId",
        lambda i, _t, _l: f'<t:ParentFolderId Id={attribute(i.folder)} ChangeKey="AQAAAA=="/>',
    ),
    ("item:ItemClass", lambda i, _t, _l: _text("ItemClass", i.item_class)),
    ("item:Subject", lambda i, _t, listing: _text("Subject", i.subject, listing)),
    ("item:Sensitivity", lambda i, _t, _l: _text("Sensitivity", i.sensitivity)),
    ("item:Body", lambda i, _t, _l: f'<t:Body BodyType="{i.body_type}">{escape(i.body)}</t:Body>'),
    ("item:Attachments", lambda i, _t, _l: _attachments(i)),
    ("item:DateTimeReceived", lambda i, _t, _l: _time("DateTimeReceived", i.received or i.sent)),
    ("item:Size", lambda i, _t, _l: f"<t:Size>{len(i.body) + len(i.mime) + 2048}</t:Size>"),
    ("item:Importance", lambda i, _t, _l: _text("Importance", i.importance)),
    ("item:InReplyTo", lambda i, _t, listing: _header("InReplyTo", i.header("In-Reply-To"), listing)),
    ("item:IsDraft", lambda i, _t, _l: f"<t:IsDraft>{_bool(i.draft)}</t:IsDraft>"),
    ("item:InternetMessageHeaders", lambda i, _t, _l: _headers(i)),
    ("item:DateTimeSent", lambda i, _t, _l: _time("DateTimeSent", i.sent)),
    ("item:DateTimeCreated", lambda i, _t, _l: _time("DateTimeCreated", i.created)),
    ("item:DisplayCc", lambda i, _t, listing: _names("DisplayCc", i.cc, listing)),
    ("item:DisplayTo", lambda i, _t, listing: _names("DisplayTo", i.to, listing)),
    ("item:DisplayBcc", lambda i, _t, listing: _names("DisplayBcc", i.bcc, listing)),
    (
        "item:HasAttachments",
        lambda i, _t, _l: f"<t:HasAttachments>{_bool(bool(i.attachments))}</t:HasAttachments>",
    ),
)
_AFTER_EXTENDED: tuple[tuple[str, Writer], ...] = (
    ("item:LastModifiedTime", lambda i, _t, _l: _time("LastModifiedTime", i.sent or i.created)),
    ("message:Sender", lambda i, t, listing: _person("Sender", i.sender, i.sender_name, t, listing)),
    ("message:ToRecipients", lambda i, t, _l: _people("ToRecipients", i.to, t)),
    ("message:CcRecipients", lambda i, t, _l: _people("CcRecipients", i.cc, t)),
    ("message:BccRecipients", lambda i, t, _l: _people("BccRecipients", i.bcc, t)),
    ("message:From", _author),
    (
        "message:InternetMessageId",
        lambda i, _t, _l: _text("InternetMessageId", i.message_id) if i.message_id else "",
    ),
    ("message:IsRead", lambda _i, _t, _l: "<t:IsRead>false</t:IsRead>"),
    ("message:References", lambda i, _t, listing: _header("References", i.header("References"), listing)),
)
_NOT_IN_LISTS = frozenset(
    {
        "item:Body",
        "item:Attachments",
        "item:InternetMessageHeaders",
        "message:ToRecipients",
        "message:CcRecipients",
        "message:BccRecipients",
    }
)


def item_xml(item: Item, call: Call, *, listing: bool = False) -> str:
    """One item with the properties that the call asks for. `listing` tells that FindItem asks."""
    shape = call.request.shape
    skipped = _NOT_IN_LISTS if listing else frozenset[str]()
    if call.value_missing:
        skipped = skipped | {"item:DateTimeSent"}

    def write(rows: tuple[tuple[str, Writer], ...]) -> list[str]:
        return [writer(item, call.town, listing) for name, writer in rows if name in shape.fields - skipped]

    element = element_of(item.item_class)
    parts = [f"<t:{element}>"]
    if "item:MimeContent" in shape and item.mime and not listing:
        parts.append(f'<t:MimeContent CharacterSet="UTF-8">{item.mime}</t:MimeContent>')
    parts.append(f'<t:ItemId Id={attribute(item.id)} ChangeKey="CQAAAA=="/>')
    parts += write(_BEFORE_EXTENDED)
    parts += [_extended(item, key, listing) for key in shape.extended]
    parts += write(_AFTER_EXTENDED)
    parts.append(f"</t:{element}>")
    return "".join(parts)


def element_of(item_class: str) -> str:
    """The element of an item of this class; reports and recalls are messages too."""
    lower = item_class.lower()
    return next((element for start, element in _ELEMENTS if lower.startswith(start)), "Message")


def extended_value(item: Item, key: PropertyKey) -> str | None:
    """The value of an extended property; internet headers are extended properties of their own set."""
    if key[0] == HEADER_SET:
        return item.header(key[1])
    return item.named.get(key)


def _extended(item: Item, key: PropertyKey, listing: bool) -> str:
    value = extended_value(item, key)
    if value is None:
        return ""
    owner, name, kind = key
    if owner == "tag":
        path = f'PropertyTag="{name}"'
    else:
        owned = (
            f'DistinguishedPropertySetId="{_SET_NAMES[owner]}"'
            if owner in _SET_NAMES
            else f'PropertySetId="{owner}"'
        )
        by_id = name.startswith("0x")
        path = f"{owned} " + (f'PropertyId="{int(name, 16)}"' if by_id else f"PropertyName={attribute(name)}")
    return (
        f'<t:ExtendedProperty><t:ExtendedFieldURI {path} PropertyType="{kind}"/>'
        f"{_text('Value', value, listing)}</t:ExtendedProperty>"
    )
