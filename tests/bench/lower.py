"""The hand-made lower bound: aiohttp, lxml and SOAP from templates, for exactly the requests of the road.

Written for this payload and nothing else: no sign-in but basic, no deadline, no second try, no trouble told
apart, no rule. It does give the same typed values, or the bench would compare nothing.
"""

import asyncio
import base64
import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import aiohttp
from lxml import etree
from yarl import URL

from tests.bench.measure import SWEEPS, Meter, Task, tell
from tests.bench.payload import load

T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
ZONE = ZoneInfo("Europe/Amsterdam")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
READING = frozenset(("Reviewer", "Author", "Editor", "Owner", "PublishingEditor", "PublishingAuthor"))
ENOUGH = 2
BATCH = 50

OPEN = (
    '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2016"/>%s</s:Header><s:Body>'
)
IMPERSONATION = (
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation>"
)
CLOSE = "</s:Body></s:Envelope>"
MAILBOX = "<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>"


def envelope(body: str) -> str:
    return OPEN % IMPERSONATION + body + CLOSE


def shape(kind: str, fields: Sequence[str], more: str = "") -> str:
    uris = "".join(f'<t:FieldURI FieldURI="{field}"/>' for field in fields)
    return (
        f"<m:{kind}Shape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{uris}{more}"
        f"</t:AdditionalProperties></m:{kind}Shape>"
    )


def contains(field: str, text: str) -> str:
    return (
        '<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">'
        f'<t:FieldURI FieldURI="{field}"/><t:Constant Value={quoteattr(text)}/></t:Contains>'
    )


def distinguished(name: str) -> str:
    return f'<t:DistinguishedFolderId Id="{name}">{MAILBOX}</t:DistinguishedFolderId>'


PERMISSIONS = shape("Folder", ["folder:PermissionSet"])
SIZES = envelope(
    '<m:FindFolder Traversal="Deep">'
    + shape(
        "Folder",
        ["folder:ParentFolderId", "folder:DistinguishedFolderId"],
        '<t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Long"/>',
    )
    + '<m:IndexedPageFolderView MaxEntriesReturned="1000" Offset="0" BasePoint="Beginning"/>'
    f"<m:ParentFolderIds>{distinguished('root')}</m:ParentFolderIds></m:FindFolder>"
)
INBOX = envelope(
    f"<m:GetFolder>{PERMISSIONS}<m:FolderIds>{distinguished('inbox')}</m:FolderIds></m:GetFolder>"
)
FOLDERS = envelope(f"<m:GetFolder>{PERMISSIONS}<m:FolderIds>{{ids}}</m:FolderIds></m:GetFolder>")
OPTIONS = envelope(
    f'<m:GetUserConfiguration><m:UserConfigurationName Name="OWA.UserOptions">{distinguished("root")}'
    "</m:UserConfigurationName><m:UserConfigurationProperties>Dictionary</m:UserConfigurationProperties>"
    "</m:GetUserConfiguration>"
)
DELEGATES = envelope(
    f'<m:GetDelegate IncludePermissions="true">{MAILBOX.replace("t:M", "m:M")}</m:GetDelegate>'
)
REPLY = envelope(
    "<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>{address}</t:Address></t:Mailbox>"
    "</m:GetUserOofSettingsRequest>"
)
RULES = envelope("<m:GetInboxRules><m:MailboxSmtpAddress>{address}</m:MailboxSmtpAddress></m:GetInboxRules>")
LISTED = ("item:ItemClass", "item:Subject", "item:Sensitivity")
DATED = ("item:ItemClass", "item:DateTimeSent", "item:DateTimeCreated")
SYNC = envelope(
    f"<m:SyncFolderItems>{shape('Item', DATED)}<m:SyncFolderId>{distinguished('sentitems')}</m:SyncFolderId>"
    "{state}<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>"
)
HEADINGS = (
    *LISTED,
    "item:DateTimeSent",
    "item:DateTimeCreated",
    "item:Attachments",
    "message:ToRecipients",
    "message:CcRecipients",
    "message:BccRecipients",
    "message:Sender",
    "message:From",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of the pack ask for, put into templates once."""

    availability: str
    private: str
    sent: str
    headings: str
    since: date

    @classmethod
    def by(cls, said: Mapping[str, Any], now: datetime) -> "Asked":
        """`said` are the words to search for, from `tests.bench.settings.tell_asked`."""
        first, last = (
            (now + timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
            for days in said["window"]
        )
        changes = "".join(
            f"<t:{name}><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>1</t:DayOrder>"
            f"<t:Month>{month}</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:{name}>"
            for name, month in (("StandardTime", 10), ("DaylightTime", 3))
        )
        words = [contains("folder:DisplayName", word) for word in said["words"]]
        fragments = [contains("item:Subject", fragment) for fragment in said["fragments"]]
        without = "".join(f"<t:Not>{contains('item:Subject', word)}</t:Not>" for word in said["without"])
        headers = "".join(
            '<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" '
            f'PropertyName="{header}" PropertyType="String"/>'
            for header in said["headers"]
        )
        return cls(
            availability=(
                OPEN % ""
                + "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias>"
                + changes
                + "</t:TimeZone><m:MailboxDataArray>{mailboxes}</m:MailboxDataArray><t:FreeBusyViewOptions>"
                f"<t:TimeWindow><t:StartTime>{first}</t:StartTime><t:EndTime>{last}</t:EndTime></t:TimeWindow>"
                "<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>"
                "<t:RequestedView>FreeBusy</t:RequestedView></t:FreeBusyViewOptions>"
                "</m:GetUserAvailabilityRequest>" + CLOSE
            ),
            private=envelope(
                '<m:FindFolder Traversal="Deep"><m:FolderShape>'
                "<t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
                '<m:IndexedPageFolderView MaxEntriesReturned="500" Offset="0" BasePoint="Beginning"/>'
                f"<m:Restriction>{any_of(words)}</m:Restriction><m:ParentFolderIds>"
                f"{distinguished('msgfolderroot')}</m:ParentFolderIds></m:FindFolder>"
            ),
            sent=envelope(
                f'<m:FindItem Traversal="Shallow">{shape("Item", (*LISTED, "item:DateTimeSent"))}'
                '<m:IndexedPageItemView MaxEntriesReturned="200" Offset="0" BasePoint="Beginning"/>'
                "<m:Restriction><t:And><t:IsGreaterThanOrEqualTo>"
                '<t:FieldURI FieldURI="item:DateTimeSent"/><t:FieldURIOrConstant><t:Constant '
                'Value="{start}"/></t:FieldURIOrConstant></t:IsGreaterThanOrEqualTo>'
                '<t:IsEqualTo><t:FieldURI FieldURI="item:Sensitivity"/><t:FieldURIOrConstant>'
                '<t:Constant Value="Normal"/></t:FieldURIOrConstant></t:IsEqualTo>'
                f"{any_of(fragments)}{without}</t:And></m:Restriction>"
                '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeSent"/>'
                f"</t:FieldOrder></m:SortOrder><m:ParentFolderIds>{distinguished('sentitems')}"
                "</m:ParentFolderIds></m:FindItem>"
            ),
            headings=envelope(
                f"<m:GetItem>{shape('Item', HEADINGS, headers)}<m:ItemIds>{{ids}}</m:ItemIds></m:GetItem>"
            ),
            since=date.fromisoformat(said["since"]),
        )


Label = tuple[str, str, str, date]


def any_of(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"<t:Or>{''.join(conditions)}</t:Or>"


class Client:
    """Asks for one mailbox after the other, in as many tasks as there are connections."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str, asked: Asked, own: str) -> None:
        self._session = session
        self._endpoint = URL(endpoint)
        self._asked = asked
        self._own = f"@{own}"
        self.values: dict[str, dict[str, Any]] = {}
        self._kept: dict[str, tuple[str, list[tuple[date, Label]]]] = {}

    async def work(self, chunks: deque[list[str]]) -> None:
        while chunks:
            chunk = chunks.popleft()
            for address, found in zip(chunk, await self._free_busy(chunk), strict=True):
                self.values[address] = found
                await self._mailbox(address, found)

    async def _ask(self, template: str, **values: str) -> etree._Element:
        async with self._session.post(self._endpoint, data=template.format(**values).encode()) as answer:
            return etree.fromstring(await answer.read())

    async def _mailbox(self, address: str, found: dict[str, Any]) -> None:
        found["mailbox size"] = _size(await self._ask(SIZES, address=address))
        inbox = _access(await self._ask(INBOX, address=address))
        found["inbox permissions"] = inbox
        colleagues = inbox[0] - {address}
        if len(colleagues) < ENOUGH:
            delegates = _delegates(await self._ask(DELEGATES, address=address))
            found["Outlook delegates"] = delegates
            colleagues |= delegates[0] - {address}
        if len(colleagues) >= ENOUGH:
            found["permissions of private folders"] = await self._private(address)
        found["labelled sent items"] = await self._labels(address)
        found["signature settings"] = _signature(await self._ask(OPTIONS, address=address))
        if found["absences"]:
            found["automatic reply"] = _reply(await self._ask(REPLY, address=address))
            if found["automatic reply"][0] == "disabled":
                rules = await self._ask(RULES, address=address)
                found["inbox rules"] = (sum(1 for _ in rules.iter(T + "Rule")), 0)

    async def _free_busy(self, addresses: Sequence[str]) -> list[dict[str, Any]]:
        mailboxes = "".join(
            f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email><t:AttendeeType>Required"
            "</t:AttendeeType><t:ExcludeConflicts>false</t:ExcludeConflicts></t:MailboxData>"
            for address in addresses
        )
        answer = await self._ask(self._asked.availability, mailboxes=mailboxes)
        return [_calendar(view) for view in answer.iter(M + "FreeBusyView")]

    async def _private(self, address: str) -> int:
        answer = await self._ask(self._asked.private, address=address)
        ids = [element.get("Id") for element in answer.iter(T + "FolderId")]
        if not ids:
            return 0
        text = "".join(f'<t:FolderId Id="{id_}"/>' for id_ in ids)
        shown = await self._ask(FOLDERS, address=address, ids=text)
        lists = [_access(folder) for folder in shown.iter(M + "Folders")]
        return sum(1 for grants, everyone, *_ in lists if everyone or grants - {address})

    async def _labels(self, address: str) -> tuple[Label, ...]:
        """What a folder sync does not show as new since the last sweep is not searched again."""
        state, known = self._kept.get(address, ("", []))
        shown = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        answer = await self._ask(SYNC, address=address, state=shown)
        days = [_day(item) for item in answer.iter(T + "Message")]
        first = min((day for day in days if day >= self._asked.since), default=None)
        first = first if state else self._asked.since
        if first is not None:
            known = [(day, label) for day, label in known if day < first]
            known += await self._labels_from(address, first)
        self._kept[address] = next(answer.iter(M + "SyncState")).text, known
        return tuple(label for _, label in known)

    async def _labels_from(self, address: str, day: date) -> list[tuple[date, Label]]:
        start = datetime.combine(day, time(), ZONE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = await self._ask(self._asked.sent, address=address, start=start)
        ids = [element.get("Id") for element in answer.iter(T + "ItemId")]
        if not ids:
            return []
        text = "".join(f'<t:ItemId Id="{id_}"/>' for id_ in ids)
        items = await self._ask(self._asked.headings, address=address, ids=text)
        return [(_day(item), _label(item, self._own)) for item in items.iter(T + "Message")]


def _size(answer: etree._Element) -> tuple[int, int]:
    """Leans on the schema's order: ids first, then the size, then the distinguished name if there is one."""
    total = count = 0
    left_out: set[str] = set()
    (folders,) = answer.iter(T + "Folders")
    for folder in folders:
        own, parent, size, *name = folder
        if parent.get("Id") in left_out or (name and name[0].text == "recoverableitemsroot"):
            left_out.add(own.get("Id"))
        elif folder.tag != T + "SearchFolder":
            total += int(size[1].text)
            count += 1
    return total, count


def _access(answer: etree._Element) -> tuple[frozenset[str], bool, int, int]:
    grants, everyone = set(), False
    for entry in answer.iter(T + "Permission"):
        if entry.findtext(T + "PermissionLevel") in READING:
            user = entry.find(T + "UserId")
            address = user.findtext(T + "PrimarySmtpAddress")
            if address:
                grants.add(address)
            else:
                everyone = True
    return frozenset(grants), everyone, 0, 0


def _delegates(answer: etree._Element) -> tuple[frozenset[str], bool, int, int]:
    grants = {
        user.findtext(f"{T}UserId/{T}PrimarySmtpAddress")
        for user in answer.iter(M + "DelegateUser")
        if user.findtext(f"{T}DelegatePermissions/{T}InboxFolderPermissionLevel") in READING
    }
    return frozenset(grants), False, 0, 0


def _calendar(view: etree._Element) -> dict[str, Any]:
    absences = []
    for event in view.iter(T + "CalendarEvent"):
        if event.findtext(T + "BusyType") == "OOF":
            edges = (event.findtext(T + "StartTime"), event.findtext(T + "EndTime"))
            absences.append(tuple(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in edges))
    hours = {}
    for period in view.iter(T + "WorkingPeriod"):
        span = tuple(
            time(minutes // 60, minutes % 60)
            for minutes in (
                int(period.findtext(T + "StartTimeInMinutes")),
                int(period.findtext(T + "EndTimeInMinutes")),
            )
        )
        for day in period.findtext(T + "DayOfWeek").split():
            hours[DAYS.index(day)] = (span,)
    return {"absences": tuple(absences), "working hours": hours}


def _reply(answer: etree._Element) -> tuple[str, str, bool, bool]:
    (settings,) = answer.iter(T + "OofSettings")
    texts = (settings.findtext(f"{T}{name}Reply/{T}Message") for name in ("Internal", "External"))
    state, audience = settings.findtext(T + "OofState"), settings.findtext(T + "ExternalAudience")
    return state.lower(), audience.lower(), *(_visible(text) for text in texts)


def _signature(answer: etree._Element) -> tuple[bool, bool, frozenset[str]]:
    """Each entry is a key and a value, each of those a type and a value."""
    (dictionary,) = answer.iter(T + "Dictionary")
    options = {key[1].text: value[1].text for key, value in dictionary}
    present = _visible(options.get("signaturehtml"))
    return options.get("autoaddsignature") == "True", present, frozenset(["present"] if present else [])


def _visible(html: str | None) -> bool:
    return bool(html and "".join(etree.HTML(html).itertext()).strip())


def _day(item: etree._Element) -> date:
    return datetime.fromisoformat(item.findtext(T + "DateTimeSent")).astimezone(ZONE).date()


def _label(item: etree._Element, own: str) -> Label:
    strong = item.findtext(T + "Subject").lower().startswith("vertrouwelijk")
    addresses = [
        mailbox.findtext(T + "EmailAddress")
        for kind in ("ToRecipients", "CcRecipients", "BccRecipients")
        for mailbox in item.iterfind(f"{T}{kind}/{T}Mailbox")
    ]
    outside = any(not address.endswith(own) for address in addresses)
    secured = item.findtext(T + "ItemClass") != "IPM.Note"
    day = _day(item)
    return (
        "strong" if strong else "weak",
        "external" if outside else "internal",
        "secured" if secured else "unproven",
        day - timedelta(days=day.weekday()),
    )


def plain(value: Any) -> Any:
    """As tests.bench.plain writes the values of the road."""
    match value:
        case dict():
            return [[key, plain(spans)] for key, spans in sorted(value.items())]
        case frozenset():
            return sorted(value)
        case tuple():
            return [plain(one) for one in value]
        case datetime() | date():
            return value.isoformat()
        case time():
            return str(value)
    return value


async def run(task: Task) -> None:
    payload = load()
    addresses = [payload.address(number) for number in range(task.mailboxes)]
    size = max(1, min(BATCH, math.ceil(len(addresses) / task.connections)))
    asked = Asked.by(json.loads((Path(task.folder) / "asked.json").read_text()), payload.now)
    signed_in = base64.b64encode(b"VOORBEELD\\svc-mailbot:demo-only").decode()
    sweeps = []
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=task.connections),
        headers={"Content-Type": "text/xml; charset=utf-8", "Authorization": f"Basic {signed_in}"},
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        auto_decompress=False,
    ) as session:
        await Client(session, task.endpoint, asked, payload.domain).work(deque([addresses[:1]]))
        client = Client(session, task.endpoint, asked, payload.domain)
        for _ in range(SWEEPS):
            chunks = deque(addresses[first : first + size] for first in range(0, len(addresses), size))
            with Meter(task.endpoint) as meter:
                await asyncio.gather(*(client.work(chunks) for _ in range(task.connections)))
            values = {
                address: {name: plain(value) for name, value in found.items()}
                for address, found in client.values.items()
            }
            sweeps.append(meter.said(values))
    tell(sweeps)


if __name__ == "__main__":
    asyncio.run(run(Task.given()))
