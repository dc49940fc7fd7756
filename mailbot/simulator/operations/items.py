"""FindItem and GetItem: messages and calendar occurrences, limited to the properties asked for.

Shapes: EWS schema; articles "FindItem operation", "CalendarView" and "GetItem operation" of Microsoft's
EWS reference.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from lxml import etree

from mailbot.simulator.calendars import CalendarEntry
from mailbot.simulator.calls import Call
from mailbot.simulator.incoming import Shape
from mailbot.simulator.mailboxes import Item, Mailbox, PropertyKey, opaque
from mailbot.simulator.operations.messages import one_page, operation
from mailbot.simulator.operations.restrictions import matches
from mailbot.simulator.soap import M, ResponseError, attribute, escape, utc_text
from mailbot.simulator.zones import WINDOWS_NAMES

HEADER_SET = "internetheaders"
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


def _parents(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ParentFolderIds/*")


def _find(call: Call, element: etree._Element) -> str:
    mailbox, folder = call.folder(element)
    body = call.request.body
    view = body.find(M + "CalendarView")
    if view is not None:
        if folder.distinguished != "calendar":
            raise ResponseError("ErrorCalendarFolderIsInvalidForCalendarView")
        return _calendar_view(mailbox, view, call.request.shape)
    with call.journal.lock:
        found = mailbox.items_in(folder)
        restriction = body.find(M + "Restriction")
        if restriction is not None:
            found = [item for item in found if matches(item, restriction)]
        page, paging = one_page(found, body.find(M + "IndexedPageItemView"))
        listed = "".join(item_xml(item, call.request.shape, listing=True) for item in page)
    return f"<m:RootFolder {paging}><t:Items>{listed}</t:Items></m:RootFolder>"


def _wanted(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ItemIds/*")


def _get(call: Call, element: etree._Element) -> str:
    mailbox = call.owner(element.get("Id", ""))
    with call.journal.lock:
        item = mailbox.items.get(element.get("Id", ""))
        if item is None:
            raise ResponseError("ErrorItemNotFound")
        return f"<m:Items>{item_xml(item, call.request.shape)}</m:Items>"


def _mailbox(name: str, address: str, shown: str) -> str:
    return (
        f"<t:{name}><t:Mailbox><t:Name>{escape(shown or address)}</t:Name>"
        f"<t:EmailAddress>{escape(address)}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType>"
        f"</t:Mailbox></t:{name}>"
        if address
        else ""
    )


def _mailboxes(name: str, people: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f"<t:Mailbox><t:Name>{escape(shown or address)}</t:Name><t:EmailAddress>{escape(address)}"
        "</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox>"
        for address, shown in people
    )
    return f"<t:{name}>{listed}</t:{name}>" if listed else ""


def _text(name: str, text: str) -> str:
    return f"<t:{name}>{escape(text)}</t:{name}>"


def _time(name: str, moment: datetime | None) -> str:
    return f"<t:{name}>{utc_text(moment)}</t:{name}>" if moment else ""


def _headers(item: Item) -> str:
    rows = "".join(
        f"<t:InternetMessageHeader HeaderName={attribute(name)}>{escape(value)}</t:InternetMessageHeader>"
        for name, value in item.headers.items()
    )
    return f"<t:InternetMessageHeaders>{rows}</t:InternetMessageHeaders>" if rows else ""


_BEFORE_EXTENDED: tuple[tuple[str, Callable[[Item], str]], ...] = (
    ("item:ParentFolderId", lambda i: f'<t:ParentFolderId Id={attribute(i.folder)} ChangeKey="AQAAAA=="/>'),
    ("item:ItemClass", lambda i: _text("ItemClass", i.item_class)),
    ("item:Subject", lambda i: _text("Subject", i.subject)),
    ("item:Sensitivity", lambda i: _text("Sensitivity", i.sensitivity)),
    ("item:Body", lambda i: f'<t:Body BodyType="{i.body_type}">{escape(i.body)}</t:Body>'),
    ("item:DateTimeReceived", lambda i: _time("DateTimeReceived", i.received or i.sent)),
    ("item:Size", lambda i: f"<t:Size>{len(i.body) + len(i.mime) + 2048}</t:Size>"),
    ("item:Importance", lambda i: _text("Importance", i.importance)),
    ("item:IsDraft", lambda i: f"<t:IsDraft>{'true' if i.draft else 'false'}</t:IsDraft>"),
    ("item:InternetMessageHeaders", _headers),
    ("item:DateTimeSent", lambda i: _time("DateTimeSent", i.sent)),
    ("item:DateTimeCreated", lambda i: _time("DateTimeCreated", i.created)),
    ("item:HasAttachments", lambda _i: "<t:HasAttachments>false</t:HasAttachments>"),
)
_AFTER_EXTENDED: tuple[tuple[str, Callable[[Item], str]], ...] = (
    ("item:LastModifiedTime", lambda i: _time("LastModifiedTime", i.sent or i.created)),
    ("message:Sender", lambda i: _mailbox("Sender", i.sender, i.sender_name)),
    ("message:ToRecipients", lambda i: _mailboxes("ToRecipients", i.to)),
    ("message:CcRecipients", lambda i: _mailboxes("CcRecipients", i.cc)),
    ("message:From", lambda i: _mailbox("From", i.sender, i.sender_name)),
    (
        "message:InternetMessageId",
        lambda i: _text("InternetMessageId", i.message_id) if i.message_id else "",
    ),
    ("message:IsRead", lambda _i: "<t:IsRead>false</t:IsRead>"),
)
_NOT_IN_LISTS = frozenset({"item:Body", "item:InternetMessageHeaders", "message:ToRecipients"})


def item_xml(item: Item, shape: Shape, *, listing: bool = False) -> str:
    """One t:Message, children in the order of the schema. FindItem never gives bodies or recipients."""
    parts = [f'<t:Message><t:ItemId Id={attribute(item.id)} ChangeKey="CQAAAA=="/>']
    if "item:MimeContent" in shape and item.mime and not listing:
        parts.insert(0, f'<t:Message><t:MimeContent CharacterSet="UTF-8">{item.mime}</t:MimeContent>')
        parts[1] = parts[1].removeprefix("<t:Message>")
    wanted = [(name, write) for name, write in _BEFORE_EXTENDED if name in shape]
    parts += [write(item) for name, write in wanted if not (listing and name in _NOT_IN_LISTS)]
    parts += [_extended(item, key) for key in shape.extended]
    wanted = [(name, write) for name, write in _AFTER_EXTENDED if name in shape]
    parts += [write(item) for name, write in wanted if not (listing and name in _NOT_IN_LISTS)]
    parts.append("</t:Message>")
    return "".join(parts)


def extended_value(item: Item, key: PropertyKey) -> str | None:
    """The value of an extended property; internet headers are extended properties of their own set."""
    if key[0] == HEADER_SET:
        return item.header(key[1])
    return item.named.get(key)


def _extended(item: Item, key: PropertyKey) -> str:
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
        f"<t:Value>{escape(value)}</t:Value></t:ExtendedProperty>"
    )


def _calendar_view(mailbox: Mailbox, view: etree._Element, shape: Shape) -> str:
    """Recurring entries come as their occurrences, sorted by start."""
    try:
        first, last = (datetime.fromisoformat(view.get(name, "")) for name in ("StartDate", "EndDate"))
    except ValueError:
        raise ResponseError("ErrorInvalidRequest") from None
    if first.tzinfo is None or last.tzinfo is None or last < first:
        raise ResponseError("ErrorCalendarEndDateIsEarlierThanStartDate")
    found = sorted(
        (
            (start, end, number, entry)
            for number, entry in enumerate(mailbox.calendar)
            for start, end in entry.occurrences(first, last)
        ),
        key=lambda row: row[:3],
    )
    limit = int(view.get("MaxEntriesReturned", "1000"))
    listed = "".join(
        _occurrence(mailbox, number, start, end, entry, shape) for start, end, number, entry in found[:limit]
    )
    return (
        f'<m:RootFolder TotalItemsInView="{len(found)}" '
        f'IncludesLastItemInRange="{"true" if len(found) <= limit else "false"}">'
        f"<t:Items>{listed}</t:Items></m:RootFolder>"
    )


def _occurrence(
    mailbox: Mailbox, number: int, start: datetime, end: datetime, entry: CalendarEntry, shape: Shape
) -> str:
    identifier = opaque(f"event|{mailbox.guid}|{number}.{start:%Y%m%dT%H%M}")
    values = (
        ("item:Subject", f"<t:Subject>{escape(entry.subject)}</t:Subject>"),
        ("item:Sensitivity", f"<t:Sensitivity>{'Private' if entry.private else 'Normal'}</t:Sensitivity>"),
        ("calendar:Start", f"<t:Start>{utc_text(start)}</t:Start>"),
        ("calendar:End", f"<t:End>{utc_text(end)}</t:End>"),
        ("calendar:IsAllDayEvent", f"<t:IsAllDayEvent>{_bool(entry.all_day)}</t:IsAllDayEvent>"),
        ("calendar:LegacyFreeBusyStatus", f"<t:LegacyFreeBusyStatus>{entry.busy}</t:LegacyFreeBusyStatus>"),
        ("calendar:IsCancelled", "<t:IsCancelled>false</t:IsCancelled>"),
        ("calendar:IsRecurring", f"<t:IsRecurring>{_bool(bool(entry.weekly))}</t:IsRecurring>"),
        (
            "calendar:CalendarItemType",
            f"<t:CalendarItemType>{'Occurrence' if entry.weekly else 'Single'}</t:CalendarItemType>",
        ),
        ("calendar:MyResponseType", "<t:MyResponseType>Organizer</t:MyResponseType>"),
        ("calendar:StartTimeZone", f'<t:StartTimeZone Id="{WINDOWS_NAMES[entry.zone]}"/>'),
        ("calendar:EndTimeZone", f'<t:EndTimeZone Id="{WINDOWS_NAMES[entry.zone]}"/>'),
    )
    asked = "".join(xml for name, xml in values if name in shape)
    return (
        f'<t:CalendarItem><t:ItemId Id={attribute(identifier)} ChangeKey="DwAAAA=="/>{asked}</t:CalendarItem>'
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"


FIND_ITEM = operation("FindItem", _parents, _find)
GET_ITEM = operation("GetItem", _wanted, _get, on_failure="<m:Items/>")
