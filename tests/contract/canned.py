"""Answers of one's own in the place of the server's, for what a well-behaved server never says.

A canned answer is the text inside the SOAP body, with the prefixes m and t bound as Exchange binds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from mailbot.simulator import SimulatorServer
from mailbot.simulator.ews import Answer
from mailbot.simulator.soap import M, S, SoapFault, T, envelope, fault_envelope

Reply = str | SoapFault | Callable[[etree._Element], "str | SoapFault"]
"""Said always, or worked out from the request's element."""


@dataclass
class Canned:
    """What was asked, by operation and in order; `impersonated` tells in whose name, None for our own."""

    requests: list[tuple[str, etree._Element]] = field(default_factory=list)
    impersonated: list[str | None] = field(default_factory=list)

    def asked(self, operation: str) -> list[etree._Element]:
        return [element for name, element in self.requests if name == operation]

    def operations(self) -> list[str]:
        return [name for name, _ in self.requests]


def can(server: SimulatorServer, replies: Mapping[str, Reply], valid: Callable[[Any], None]) -> Canned:
    """Answer these operations ourselves from now on. Each of their requests must be valid by the schema."""
    answer_ews = server.answer_ews
    canned = Canned()

    def answering(account: str, content: bytes) -> Any:
        root = etree.fromstring(content)
        (request,) = root.iterfind(f"{S}Body/*")
        operation = etree.QName(request).localname.removesuffix("Request")
        reply = replies.get(operation)
        if reply is None:
            return answer_ews(account, content)
        valid(request)
        canned.requests.append((operation, request))
        canned.impersonated.append(root.findtext(f".//{T}ConnectingSID/*"))
        said = reply(request) if callable(reply) else reply
        if isinstance(said, SoapFault):
            return Answer(500, fault_envelope(said), code=said.code)
        return Answer(200, envelope(said))

    server.answer_ews = answering  # type: ignore[method-assign]
    return canned


def messages(operation: str, *contents: str) -> str:
    """A response with one good message for each content."""
    good = "".join(
        f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{content}</m:{operation}ResponseMessage>"
        for content in contents
    )
    return wrapped(operation, good)


def refusal(operation: str, code: str) -> str:
    """A response with one message that failed."""
    return wrapped(operation, refused(operation, code))


def refused(operation: str, code: str) -> str:
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Error"><m:MessageText>Mislukt.</m:MessageText>'
        f"<m:ResponseCode>{code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        f"</m:{operation}ResponseMessage>"
    )


def wrapped(operation: str, text: str) -> str:
    return f"<m:{operation}Response><m:ResponseMessages>{text}</m:ResponseMessages></m:{operation}Response>"


def page(items: str, *, kind: str = "Items", last: bool = True, following: int = 0, total: int = 1) -> str:
    """m:RootFolder of FindItem or FindFolder."""
    return (
        f'<m:RootFolder IndexedPagingOffset="{following}" TotalItemsInView="{total}" '
        f'IncludesLastItemInRange="{str(last).lower()}"><t:{kind}>{items}</t:{kind}></m:RootFolder>'
    )


def person(address: str, kind: str = "Mailbox", routing: str = "SMTP") -> str:
    """A t:Mailbox."""
    return (
        f"<t:Mailbox><t:Name>KANARIE-NAAM</t:Name><t:EmailAddress>{address}</t:EmailAddress>"
        f"<t:RoutingType>{routing}</t:RoutingType><t:MailboxType>{kind}</t:MailboxType></t:Mailbox>"
    )


def asked_fields(request: etree._Element) -> list[str]:
    """Properties that a request asks for, its conditions left out."""
    shapes = (*request.iter(M + "ItemShape"), *request.iter(M + "FolderShape"))
    return [
        path.get("FieldURI") or path.get("PropertyName") or ""
        for shape in shapes
        for path in shape.iterfind(f"{T}AdditionalProperties/*")
    ]
