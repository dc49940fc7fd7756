"""A served town, a plain client that writes its own SOAP, and the EWS schema to hold answers against."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from mailbot.simulator import SimulatorServer, Town

S = "{http://schemas.xmlsoap.org/soap/envelope/}"
T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
NAMESPACES = {"s": S[1:-1], "t": T[1:-1], "m": M[1:-1]}
DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
ACCOUNT = ("VOORBEELD\\svc-mailbot", "demo-only")

XML_NAMESPACE_SHIM = """<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
  <xs:attribute name="lang" type="xs:language"/>
</xs:schema>
"""

XML_IMPORT = '<xs:import namespace="http://www.w3.org/XML/1998/namespace"/>'
REDUNDANT_TRANSITION = r'<xs:element ref="t:(Absolute|Recurring)\w+Transition"[^>]*>'
"""ArrayOfTransitionsType lists a substitution group's members beside its head, which libxml2 refuses as
ambiguous. The head alone lets the same elements through, in any order."""


@dataclass(frozen=True)
class Got:
    """An HTTP answer and, when it is SOAP, the content of its body."""

    status: int
    text: str
    headers: Any
    content: Any

    @property
    def codes(self) -> list[str]:
        """Response codes of all response messages, in order."""
        return [element.text for element in self.content.iter(M + "ResponseCode")]

    @property
    def fault(self) -> str | None:
        return next((e.text for e in self.content.iter("{*}ResponseCode")), None)

    def all(self, path: str) -> list[Any]:
        return self.content.findall(path, NAMESPACES)

    def text_of(self, path: str) -> str | None:
        return self.content.findtext(path, namespaces=NAMESPACES)


class Client:
    """Basic sign-in, one request per call, the SOAP body given as text."""

    def __init__(self, server: SimulatorServer, auth: Any = ACCOUNT) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = auth

    def ask(self, body: str, impersonate: str | None = None, timeout: float = 20) -> Got:
        header = ""
        if impersonate:
            header = (
                "<s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>"
                f"{impersonate}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>"
            )
        envelope = f"<s:Envelope {DECLARATIONS}>{header}<s:Body>{body}</s:Body></s:Envelope>"
        answer = self.session.post(
            self.server.endpoint,
            data=envelope.encode(),
            headers={"Content-Type": "text/xml; charset=utf-8"},
            timeout=timeout,
        )
        content = None
        if answer.headers["Content-Type"].startswith("text/xml") and answer.text.endswith("Envelope>"):
            content = etree.fromstring(answer.content).find(S + "Body")[0]
        return Got(answer.status_code, answer.text, answer.headers, content)


class Asks:
    """Bodies of the requests that mailbot sends, and a few more."""

    SIZE = '<t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Long"/>'
    AMSTERDAM = (
        "<t:TimeZone><t:Bias>-60</t:Bias>"
        "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
        "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
    )

    @staticmethod
    def place(folder: str, address: str | None = None) -> str:
        mailbox = f"<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>" if address else ""
        return f'<t:DistinguishedFolderId Id="{folder}">{mailbox}</t:DistinguishedFolderId>'

    def find_folder(
        self,
        address: str | None = None,
        *,
        properties: str = SIZE,
        below: str = "root",
        offset: int = 0,
        limit: int = 1000,
        traversal: str = "Deep",
        base: str = "IdOnly",
    ) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        return (
            f'<m:FindFolder Traversal="{traversal}"><m:FolderShape><t:BaseShape>{base}</t:BaseShape>{more}'
            f'</m:FolderShape><m:IndexedPageFolderView MaxEntriesReturned="{limit}" Offset="{offset}" '
            f'BasePoint="Beginning"/><m:ParentFolderIds>{self.place(below, address)}</m:ParentFolderIds>'
            "</m:FindFolder>"
        )

    def get_folder(self, *folders: str, address: str | None = None, properties: str = "") -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        ids = "".join(self.place(folder, address) for folder in folders)
        return (
            f"<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:FolderShape>"
            f"<m:FolderIds>{ids}</m:FolderIds></m:GetFolder>"
        )

    @staticmethod
    def get_reply(address: str) -> str:
        return (
            "<m:GetUserOofSettingsRequest><t:Mailbox>"
            f"<t:Address>{address}</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>"
        )

    @staticmethod
    def set_reply(address: str, state: str, text: str, start: str = "", end: str = "") -> str:
        period = ""
        if start:
            period = (
                f"<t:Duration><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:Duration>"
            )
        return (
            f"<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>{address}</t:Address></t:Mailbox>"
            f"<t:UserOofSettings><t:OofState>{state}</t:OofState><t:ExternalAudience>All</t:ExternalAudience>"
            f"{period}<t:InternalReply><t:Message>{text}</t:Message></t:InternalReply><t:ExternalReply>"
            f"<t:Message>{text}</t:Message></t:ExternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>"
        )

    @staticmethod
    def rules(address: str) -> str:
        return f"<m:GetInboxRules><m:MailboxSmtpAddress>{address}</m:MailboxSmtpAddress></m:GetInboxRules>"

    def availability(
        self,
        *addresses: str,
        start: str = "2026-11-16T06:00:00",
        end: str = "2026-12-28T06:00:00",
        view: str = "FreeBusy",
        interval: int = 60,
        zone: str = AMSTERDAM,
    ) -> str:
        boxes = "".join(
            f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email>"
            "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
            for address in addresses
        )
        return (
            f"<m:GetUserAvailabilityRequest>{zone}<m:MailboxDataArray>{boxes}</m:MailboxDataArray>"
            f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime><t:EndTime>{end}"
            f"</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>{interval}"
            f"</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>{view}</t:RequestedView>"
            "</t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
        )

    KEY = (
        '<t:ExtendedFieldURI PropertySetId="7c1c2f9e-4f0a-4a4e-8d7b-1b1d5a0f9e11" '
        'PropertyName="mailbot-key" PropertyType="String"/>'
    )

    def create(
        self,
        *to: str,
        sender: str,
        subject: str = "Even over je postvak",
        key: str = "k-1",
        message_id: str = "<k-1@voorbeeld.example>",
        quiet: bool = True,
        disposition: str = "SaveOnly",
    ) -> str:
        headers = ""
        if quiet:
            headers = (
                '<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" '
                'PropertyName="X-Auto-Response-Suppress" PropertyType="String"/><t:Value>All</t:Value>'
                "</t:ExtendedProperty>"
            )
        people = "".join(f"<t:Mailbox><t:EmailAddress>{one}</t:EmailAddress></t:Mailbox>" for one in to)
        recipients = f"<t:ToRecipients>{people}</t:ToRecipients>" if people else ""
        return (
            f'<m:CreateItem MessageDisposition="{disposition}"><m:SavedItemFolderId>'
            f"{self.place('drafts' if disposition == 'SaveOnly' else 'sentitems', sender)}"
            f"</m:SavedItemFolderId><m:Items><t:Message><t:Subject>{subject}</t:Subject>"
            '<t:Sensitivity>Private</t:Sensitivity><t:Body BodyType="HTML">&lt;p&gt;Hoi&lt;/p&gt;</t:Body>'
            f"{headers}<t:ExtendedProperty>{self.KEY}<t:Value>{key}</t:Value></t:ExtendedProperty>"
            f"{recipients}<t:InternetMessageId>{message_id.replace('<', '&lt;').replace('>', '&gt;')}"
            "</t:InternetMessageId></t:Message></m:Items></m:CreateItem>"
        )

    def send(self, item_id: str, sender: str, change_key: str = "CQAAAA==") -> str:
        return (
            f'<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="{item_id}" '
            f'ChangeKey="{change_key}"/></m:ItemIds><m:SavedItemFolderId>'
            f"{self.place('sentitems', sender)}</m:SavedItemFolderId></m:SendItem>"
        )

    def find_item(
        self, folder: str, address: str | None = None, *, restriction: str = "", properties: str = ""
    ) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        limits = f"<m:Restriction>{restriction}</m:Restriction>" if restriction else ""
        return (
            f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}'
            '</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>'
            f"{limits}<m:ParentFolderIds>{self.place(folder, address)}</m:ParentFolderIds></m:FindItem>"
        )

    def with_key(self, key: str) -> str:
        return (
            f'<t:IsEqualTo>{self.KEY}<t:FieldURIOrConstant><t:Constant Value="{key}"/>'
            "</t:FieldURIOrConstant></t:IsEqualTo>"
        )

    def calendar_view(self, address: str, start: str, end: str, properties: str) -> str:
        return (
            '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
            f"<t:AdditionalProperties>{properties}</t:AdditionalProperties></m:ItemShape>"
            f'<m:CalendarView StartDate="{start}" EndDate="{end}"/><m:ParentFolderIds>'
            f"{self.place('calendar', address)}</m:ParentFolderIds></m:FindItem>"
        )

    @staticmethod
    def get_item(item_id: str, properties: str = "", *, mime: bool = False) -> str:
        more = f"<t:AdditionalProperties>{properties}</t:AdditionalProperties>" if properties else ""
        include = "<t:IncludeMimeContent>true</t:IncludeMimeContent>" if mime else ""
        return (
            f"<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{include}{more}</m:ItemShape>"
            f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds></m:GetItem>'
        )

    @staticmethod
    def delete(item_id: str) -> str:
        return (
            f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds>'
            "</m:DeleteItem>"
        )


@pytest.fixture
def town() -> Town:
    return Town.build(mailboxes=130)


@pytest.fixture
def address(town: Town) -> Callable[[str], str]:
    """The address of a staged person, by the id of the story."""
    staged = town.staged()

    def find(story: str) -> str:
        mailbox = town.by_guid(staged[story])
        assert mailbox is not None
        return mailbox.address

    return find


@pytest.fixture
def serve(town: Town) -> Iterator[Callable[..., SimulatorServer]]:
    """Start a server on the town with other options; it stops when the test ends."""
    with ExitStack() as stack:

        def start(**options: Any) -> SimulatorServer:
            return stack.enter_context(SimulatorServer(options.pop("town", town), **options))

        yield start


@pytest.fixture
def server(serve: Callable[..., SimulatorServer]) -> SimulatorServer:
    return serve()


@pytest.fixture
def client(server: SimulatorServer) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.session.close()


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """A client for another server or with other credentials."""
    with ExitStack() as stack:

        def make(server: SimulatorServer, auth: Any = ACCOUNT) -> Client:
            made = Client(server, auth)
            stack.callback(made.session.close)
            return made

        yield make


@pytest.fixture
def asks() -> Asks:
    return Asks()


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The EWS schema, compiled from the reference copy with a stand-in for the xml namespace."""
    shared = Path(os.environ.get("MAILBOT_SHARED", Path(__file__).parents[3] / "shared"))
    source = shared / "schemas" / "ews"
    if not (source / "messages.xsd").is_file():
        if "schemas" in os.environ.get("MAILBOT_REQUIRE", "").split(","):
            pytest.fail("MAILBOT_REQUIRE names schemas, but schemas/ews is not there")
        pytest.skip("no EWS schemas beside the repository (../shared/schemas/ews)")
    folder = tmp_path_factory.mktemp("ews-schema")
    (folder / "xml.xsd").write_text(XML_NAMESPACE_SHIM)
    (folder / "messages.xsd").write_bytes((source / "messages.xsd").read_bytes())
    types = (source / "types.xsd").read_text(encoding="utf-8-sig")
    types, located = re.subn(XML_IMPORT, f'{XML_IMPORT[:-2]} schemaLocation="xml.xsd"/>', types)
    types, loosened = re.subn(REDUNDANT_TRANSITION, "", types)
    assert (located, loosened) == (1, 3)
    (folder / "types.xsd").write_text(types, encoding="utf-8")
    return etree.XMLSchema(etree.parse(folder / "messages.xsd"))


@pytest.fixture
def valid(schema: etree.XMLSchema) -> Callable[[Any], None]:
    """Fails the test when a request or answer is not valid against the schema."""

    def check(content: Any) -> None:
        alone = etree.fromstring(etree.tostring(content))
        if not schema.validate(alone):
            pytest.fail(f"{etree.QName(alone).localname}: {schema.error_log.last_error}")

    return check
