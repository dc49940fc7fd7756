"""FindItem and GetItem: messages and calendar occurrences, limited to the properties asked for.

Shapes: EWS schema; articles "FindItem operation", "CalendarView" and "GetItem operation" of Microsoft's
EWS reference.
"""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from lxml import etree

from mailbot.simulator.calendars import CalendarEntry
from mailbot.simulator.calls import Call
from mailbot.simulator.incoming import Shape
from mailbot.simulator.mailboxes import Flaw, Item, Mailbox, opaque
from mailbot.simulator.operations.item_xml import item_xml
from mailbot.simulator.operations.messages import one_page, operation
from mailbot.simulator.operations.restrictions import matches, sent_since
from mailbot.simulator.soap import M, ResponseError, T, attribute, escape, utc_text
from mailbot.simulator.zones import WINDOWS_NAMES

_DATES = {
    "item:DateTimeSent": "sent",
    "item:DateTimeCreated": "created",
    "item:DateTimeReceived": "received",
}
"""Fields by which a listing can be sorted."""


def _parents(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ParentFolderIds/*")


def _find(call: Call, element: etree._Element) -> str:
    mailbox, folder = call.folder(element)
    check_sent(mailbox, folder.id)
    body = call.request.body
    view = body.find(M + "CalendarView")
    if view is not None:
        if folder.distinguished != "calendar":
            raise ResponseError("ErrorCalendarFolderIsInvalidForCalendarView")
        return _calendar_view(mailbox, view, call.request.shape)
    with call.journal.lock:
        restriction = body.find(M + "Restriction")
        if restriction is None:
            found = mailbox.items_in(folder)
        else:
            likely = mailbox.items_in(folder, sent_since(restriction))
            found = [item for item in likely if matches(item, restriction)]
        _sort(found, body.find(M + "SortOrder"))
        page, paging = one_page(found, body.find(M + "IndexedPageItemView"))
        if call.request.by_subject:
            call.found += [item.id for item in page]
        listed = "".join(item_xml(item, call, listing=True) for item in page)
    return f"<m:RootFolder {paging}><t:Items>{listed}</t:Items></m:RootFolder>"


def _sort(found: list[Item], order: etree._Element | None) -> None:
    """By dates, the last field first so that the first one decides; what has no date comes first."""
    for by in reversed([] if order is None else list(order)):
        path = by.find(T + "FieldURI")
        attribute_name = _DATES.get(path.get("FieldURI", "") if path is not None else "")
        if attribute_name is None:
            raise ResponseError("ErrorUnsupportedPathForSortGroup")
        date = attrgetter(attribute_name)
        found.sort(
            key=lambda item: (date(item) is not None, date(item) or 0),
            reverse=by.get("Order") == "Descending",
        )


def _wanted(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ItemIds/*")


def _get(call: Call, element: etree._Element) -> str:
    mailbox = call.owner(element.get("Id", ""))
    with call.journal.lock:
        item = mailbox.item(element.get("Id", ""))
        if item is None:
            raise ResponseError("ErrorItemNotFound")
        check_sent(mailbox, item.folder)
        return f"<m:Items>{item_xml(item, call)}</m:Items>"


def check_sent(mailbox: Mailbox, folder: str) -> None:
    """Raises ResponseError when the folder is a Sent Items that may not be read."""
    if Flaw.SENT_DENIED in mailbox.flaws and folder == mailbox.folders.by_name["sentitems"].id:
        raise ResponseError("ErrorAccessDenied")


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
