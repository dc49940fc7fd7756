"""The bench's Exchange: answers in EWS form for every operation that one of its three clients sends.

What comes back is what was asked for: the folder, the properties, the condition, the page.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

from lxml import etree

from tests.bench.folders import SIZE, Folders
from tests.bench.items import MAILBOX, Items, chosen, leaf, moment, opaque
from tests.bench.payload import Event, Folder, Payload
from tests.bench.restriction import holds

M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
KEY = re.compile(r"\.m.....\.(\w+)\.")

ALL = frozenset(
    {
        "folder:ParentFolderId",
        "folder:FolderClass",
        "folder:DisplayName",
        "folder:TotalCount",
        "folder:ChildFolderCount",
        "folder:UnreadCount",
    }
)
"""Properties of the base shapes Default and AllProperties of a folder, but for its permissions."""

STATES = tuple(base64.b64encode(f"the {which} state of a folder. ".encode() * 8).decode() for which in "12")
"""Sync states, as long as Exchange's: of the first answer and of the second."""


class Unanswered(Exception):
    """A request that the bench's Exchange has no answer for: then no figure can be trusted."""


class Exchange:
    """The mailboxes with the same `traits`; MAILBOX stands for whichever of them is asked."""

    def __init__(self, payload: Payload, traits: frozenset[str]) -> None:
        self._payload = payload
        self._traits = traits
        self._folders = Folders(payload, traits)
        self._answers: Mapping[str, Callable[[etree._Element], str]] = {
            "FindFolder": self._find_folder,
            "GetFolder": self._get_folder,
            "FindItem": self._find_item,
            "GetItem": self._get_item,
            "SyncFolderItems": self._sync,
            "GetUserOofSettings": self._oof,
            "GetDelegate": self._delegates,
            "GetInboxRules": self._rules,
            "GetUserConfiguration": self._configuration,
            "ConvertId": self._convert_id,
        }

    def answer(self, request: etree._Element) -> str:
        """The content of the SOAP body."""
        name = operation(request)
        if name not in self._answers:
            raise Unanswered(name)
        return self._answers[name](request)

    @cached_property
    def _items(self) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        """Properties by id, by folder."""
        items = Items(self._payload)
        sent, calendar = (self._folders.by_name[name].key for name in ("sentitems", "calendar"))
        labelled = "labelled" in self._traits
        return {
            sent: {item.key: items.sent(item, labelled, sent) for item in self._payload.sent},
            calendar: {event.key: items.event(event, calendar) for event in self._events()},
        }

    def _events(self) -> Sequence[Event]:
        """Ten, whether the last of them is an absence or not."""
        events = self._payload.events
        return [*events[:-1], self._payload.away()] if "away" in self._traits else events

    def _folder(self, id_: etree._Element) -> Folder | None:
        if etree.QName(id_).localname == "DistinguishedFolderId":
            return self._folders.by_name.get(id_.get("Id", ""))
        return self._folders.by_key[key_of(id_)]

    def _find_folder(self, request: etree._Element) -> str:
        (parent,) = request.iterfind(f"{M}ParentFolderIds/*")
        folder = self._folder(parent)
        if folder is None or request.get("Traversal") != "Deep":
            raise Unanswered("FindFolder")
        found = self._folders.below(folder)
        condition = request.find(M + "Restriction")
        if condition is not None:
            found = [f for f in found if holds(condition[0], {"folder:DisplayName": self._folders.name(f)})]
        asked = fields(request)
        return self._page(request, "Folders", [self._folders.shown(f, asked) for f in found])

    def _get_folder(self, request: etree._Element) -> str:
        asked = fields(request)
        found = [self._folder(id_) for id_ in request.iterfind(f"{M}FolderIds/*")]
        return messages(
            "GetFolder",
            [
                f"<m:Folders>{self._folders.shown(folder, asked)}</m:Folders>" if folder else None
                for folder in found
            ],
            "ErrorFolderNotFound",
        )

    def _find_item(self, request: etree._Element) -> str:
        (parent,) = request.iterfind(f"{M}ParentFolderIds/*")
        folder = self._folder(parent)
        if (
            folder is None
            or request.get("Traversal") != "Shallow"
            or request.find(M + "CalendarView") is not None
        ):
            raise Unanswered("FindItem")
        found = list(self._items.get(folder.key, {}).values())
        condition = request.find(M + "Restriction")
        if condition is not None:
            found = [item for item in found if holds(condition[0], _texts(item))]
        order = request.find(f"{M}SortOrder/{T}FieldOrder")
        if order is not None:
            uri = order[0].get("FieldURI", "")
            found.sort(key=lambda item: item[uri], reverse=order.get("Order") == "Descending")
        asked = fields(request)
        return self._page(request, "Items", [_item(item, asked, listing=True) for item in found])

    def _get_item(self, request: etree._Element) -> str:
        asked = fields(request)
        everything = {key: item for items in self._items.values() for key, item in items.items()}
        found = [everything[key_of(id_)] for id_ in request.iterfind(f"{M}ItemIds/*")]
        shown = [f"<m:Items>{_item(item, asked, listing=False)}</m:Items>" for item in found]
        return messages("GetItem", shown)

    def _sync(self, request: etree._Element) -> str:
        """All sent items at first; what came in late where the state is the one that was given then."""
        state = request.findtext(M + "SyncState") or ""
        if state not in ("", STATES[0]):
            raise Unanswered("sync state")
        shown = [
            item for item in self._payload.sent if not state or (item.late and "changed" in self._traits)
        ]
        items, asked = self._items[self._folders.by_name["sentitems"].key], fields(request)
        changes = "".join(
            f"<t:Create>{_item(items[item.key], asked, listing=True)}</t:Create>" for item in shown
        )
        return messages(
            "SyncFolderItems",
            [
                f"<m:SyncState>{STATES[bool(state)]}</m:SyncState><m:IncludesLastItemInRange>true"
                f"</m:IncludesLastItemInRange><m:Changes>{changes}</m:Changes>"
            ],
        )

    def _page(self, request: etree._Element, kind: str, shown: Sequence[str]) -> str:
        view = request.find(M + ("IndexedPageItemView" if kind == "Items" else "IndexedPageFolderView"))
        first, most = (
            (int(view.get("Offset", "0")), int(view.get("MaxEntriesReturned", "1000")))
            if view is not None
            else (0, 1000)
        )
        page = shown[first : first + most]
        last = first + most >= len(shown)
        name = operation(request)
        return messages(
            name,
            [
                f'<m:RootFolder IndexedPagingOffset="{first + len(page)}" TotalItemsInView="{len(shown)}" '
                f'IncludesLastItemInRange="{str(last).lower()}"><t:{kind}>{"".join(page)}</t:{kind}></m:RootFolder>'
            ],
        )

    def _oof(self, _request: etree._Element) -> str:
        reply = self._payload.settings["automatic_reply"]
        text = self._payload.text(reply["text_bytes"])
        now = self._payload.now.astimezone(UTC).replace(minute=0)
        return (
            '<m:GetUserOofSettingsResponse><m:ResponseMessage ResponseClass="Success">'
            "<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage><t:OofSettings>"
            f"{leaf('OofState', reply['state'])}{leaf('ExternalAudience', reply['audience'])}<t:Duration>"
            f"{leaf('StartTime', moment(now))}{leaf('EndTime', moment(now + timedelta(days=1)))}</t:Duration>"
            f'<t:InternalReply xml:lang="nl-NL">{leaf("Message", text)}</t:InternalReply>'
            f'<t:ExternalReply xml:lang="nl-NL">{leaf("Message", text)}</t:ExternalReply></t:OofSettings>'
            "<m:AllowExternalOof>All</m:AllowExternalOof></m:GetUserOofSettingsResponse>"
        )

    def _delegates(self, request: etree._Element) -> str:
        of = self._payload.settings["delegates"]
        shown = "".join(
            '<m:DelegateUserResponseMessageType ResponseClass="Success"><m:ResponseCode>'
            "NoError</m:ResponseCode><m:DelegateUser><t:UserId>"
            f"{leaf('SID', 'S-1-5-21-1004336348-1177238915-682003330-1103')}"
            f"{leaf('PrimarySmtpAddress', self._payload.address(number))}{leaf('DisplayName', 'Een Collega')}"
            "</t:UserId>"
            + (
                f"<t:DelegatePermissions>{leaf('CalendarFolderPermissionLevel', of['calendar_level'])}"
                f"{leaf('TasksFolderPermissionLevel', of['calendar_level'])}"
                f"{leaf('InboxFolderPermissionLevel', of['inbox_level'])}"
                f"{leaf('ContactsFolderPermissionLevel', 'None')}{leaf('NotesFolderPermissionLevel', 'None')}"
                f"{leaf('JournalFolderPermissionLevel', 'None')}</t:DelegatePermissions>"
                if request.get("IncludePermissions") == "true"
                else ""
            )
            + "<t:ReceiveCopiesOfMeetingMessages>true</t:ReceiveCopiesOfMeetingMessages>"
            "<t:ViewPrivateItems>false</t:ViewPrivateItems></m:DelegateUser></m:DelegateUserResponseMessageType>"
            for number in of["users"]
        )
        return (
            '<m:GetDelegateResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
            f"<m:ResponseMessages>{shown}</m:ResponseMessages><m:DeliverMeetingRequests>DelegatesAndMe"
            "</m:DeliverMeetingRequests></m:GetDelegateResponse>"
        )

    def _rules(self, _request: etree._Element) -> str:
        return (
            '<m:GetInboxRulesResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
            "<m:OutlookRuleBlobExists>false</m:OutlookRuleBlobExists></m:GetInboxRulesResponse>"
        )

    def _configuration(self, _request: etree._Element) -> str:
        options = self._payload.settings["user_options"]
        text = f"<div>Met vriendelijke groet,<br>{self._payload.text(options['signature_bytes'])}</div>"
        values = {
            "autoaddsignature": ("Boolean", "True"),
            "signaturehtml": ("String", text),
            **{f"setting{number:02d}": ("Boolean", "False") for number in range(options["entries"] - 2)},
        }
        entries = "".join(
            f"<t:DictionaryEntry><t:DictionaryKey>{leaf('Type', 'String')}{leaf('Value', key)}"
            f"</t:DictionaryKey><t:DictionaryValue>{leaf('Type', kind)}{leaf('Value', value)}"
            "</t:DictionaryValue></t:DictionaryEntry>"
            for key, (kind, value) in values.items()
        )
        return messages(
            "GetUserConfiguration",
            [
                '<m:UserConfiguration><t:UserConfigurationName Name="OWA.UserOptions"><t:FolderId '
                f'Id="{opaque("f00")}"/></t:UserConfigurationName><t:Dictionary>{entries}</t:Dictionary>'
                "</m:UserConfiguration>"
            ],
        )

    def _convert_id(self, _request: etree._Element) -> str:
        """exchangelib guesses the version by asking for an id that cannot be."""
        return messages("ConvertId", [None], "ErrorInvalidIdMalformed")

    def free_busy(self, start: datetime, end: datetime) -> str:
        """One m:FreeBusyResponse. Times are in the zone of the request, which is UTC here."""
        shown = "".join(
            f"<t:CalendarEvent><t:StartTime>{event.start:%Y-%m-%dT%H:%M:%S}</t:StartTime><t:EndTime>"
            f"{event.end:%Y-%m-%dT%H:%M:%S}</t:EndTime><t:BusyType>{event.busy}</t:BusyType></t:CalendarEvent>"
            for event in self._events()
            if event.start < end and event.end > start
        )
        hours = self._payload.settings["working_hours"]
        changes = "".join(
            f"<t:{name}><t:Bias>{bias}</t:Bias><t:Time>0{time}:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
            f"<t:Month>{month}</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:{name}>"
            for name, bias, time, month in (("StandardTime", 0, 3, 10), ("DaylightTime", -60, 2, 3))
        )
        return (
            '<m:FreeBusyResponse><m:ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError'
            "</m:ResponseCode></m:ResponseMessage><m:FreeBusyView><t:FreeBusyViewType>FreeBusy"
            f"</t:FreeBusyViewType><t:CalendarEventArray>{shown}</t:CalendarEventArray><t:WorkingHours>"
            f"<t:TimeZone><t:Bias>{hours['bias']}</t:Bias>{changes}</t:TimeZone><t:WorkingPeriodArray>"
            f"<t:WorkingPeriod><t:DayOfWeek>{hours['days']}</t:DayOfWeek><t:StartTimeInMinutes>"
            f"{hours['start']}</t:StartTimeInMinutes><t:EndTimeInMinutes>{hours['end']}</t:EndTimeInMinutes>"
            "</t:WorkingPeriod></t:WorkingPeriodArray></t:WorkingHours></m:FreeBusyView></m:FreeBusyResponse>"
        )


def operation(request: etree._Element) -> str:
    return etree.QName(request).localname.removesuffix("Request")


def key_of(id_: etree._Element) -> str:
    """What an id of ours is of."""
    found = KEY.search(id_.get("Id", ""))
    if found is None:
        raise Unanswered("id")
    return found[1]


def fields(request: etree._Element) -> frozenset[str]:
    """Properties that the shape asks for; extended ones by their tag."""
    shape = request.find(M + "FolderShape")
    shape = request.find(M + "ItemShape") if shape is None else shape
    if shape is None:
        return frozenset()
    asked = {element.get("FieldURI", "") for element in shape.iter(T + "FieldURI")}
    for element in shape.iter(T + "ExtendedFieldURI"):
        if element.get("PropertyTag"):
            asked.add(SIZE if int(element.get("PropertyTag", ""), 0) == int(SIZE, 16) else "other")
    base = shape.findtext(T + "BaseShape")
    if base != "IdOnly":
        if operation(request) in ("FindItem", "GetItem", "SyncFolderItems"):
            raise Unanswered(base or "shape")
        asked |= ALL
    return frozenset(asked)


def messages(name: str, contents: Sequence[str | None], code: str = "") -> str:
    """A response with one message for each content; None is one that failed with `code`."""
    return (
        f"<m:{name}Response><m:ResponseMessages>"
        + "".join(
            f'<m:{name}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
            f"{content}</m:{name}ResponseMessage>"
            if content is not None
            else f'<m:{name}ResponseMessage ResponseClass="Error"><m:MessageText>Not found.</m:MessageText>'
            f"<m:ResponseCode>{code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
            f"</m:{name}ResponseMessage>"
            for content in contents
        )
        + f"</m:ResponseMessages></m:{name}Response>"
    )


def _item(item: Mapping[str, str], asked: frozenset[str], listing: bool) -> str:
    kind = "CalendarItem" if "calendar:Start" in item else "Message"
    return f"<t:{kind}>{chosen(item, asked | {'item:ItemId'}, listing)}</t:{kind}>"


def _texts(item: Mapping[str, str]) -> dict[str, str]:
    """Properties as plain text, for conditions."""
    return {
        name: re.sub(r"<[^>]+>", "", item[name])
        for name in ("item:Subject", "item:Sensitivity", "item:DateTimeSent")
    }


__all__ = ["MAILBOX", "Exchange", "Unanswered", "fields", "operation"]
