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
from mailbot.simulator.mailboxes import Item, opaque
from mailbot.simulator.stories_absence import ABSENCE_STORIES
from mailbot.simulator.stories_quota import QUOTA_STORIES
from mailbot.simulator.stories_reply import REPLY_STORIES, RULE_STORIES
from tests.simulator.asks import Asks

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


@pytest.fixture
def new_town() -> Callable[[], Town]:
    """Build the same town again: that of mailbot's first rules, which is large enough here."""
    stories = (*QUOTA_STORIES, *ABSENCE_STORIES, *REPLY_STORIES, *RULE_STORIES)
    return lambda: Town.build(mailboxes=len(stories) + 60, stories=stories)


@pytest.fixture
def town(new_town: Callable[[], Town]) -> Town:
    return new_town()


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
def put(town: Town) -> Callable[..., Item]:
    """Lay an item into a folder of somebody's mailbox."""

    def lay(address: str, folder: str = "sentitems", **properties: Any) -> Item:
        mailbox = town.mailbox(address)
        assert mailbox is not None
        item_id = opaque(f"item|{mailbox.guid}|put{len(mailbox.items)}")
        values = {"sender": address, "sender_name": mailbox.name, "sent": town.clock.now(), **properties}
        item = Item(item_id, mailbox.folders.by_name[folder].id, **values)
        mailbox.items[item.id] = item
        return item

    return lay


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
