"""The EWS operations that read mailboxes, each as one request that gives its response elements.

Payloads are made of exchangelib's elements and go out through its services. Folder names, subjects and
bodies are never among the properties asked for.
"""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import requests
import spnego.exceptions
import structlog
import urllib3.exceptions
from exchangelib.errors import EWSError
from exchangelib.services import FindFolder, GetFolder, GetInboxRules, GetUserAvailability, GetUserOofSettings
from exchangelib.util import ENS, MNS, SOAPNS, TNS, create_element
from lxml import etree

from mailbot.exchange.ews.connection import Box, Line
from mailbot.exchange.ews.trouble import SPEECHLESS, EwsTrouble, HttpTrouble, from_code, from_exception
from mailbot.model.facts import Reason

log = structlog.get_logger(__name__)

Element = etree._Element
M, T = f"{{{MNS}}}", f"{{{TNS}}}"
PAGE = 1000
FILTERED_PAGE = 250
"""Entries that a server gives at once, and those that it gives when the question has a condition (article
"EWS throttling in Exchange", EWSFindCountLimit)."""

LARGEST = 64 * 1024
"""Bytes of a request, its SOAP envelope included. Some servers answer HTTP 400 on a kept connection to
anything larger; nothing that we ask has to be."""

TOO_LONG = "request_too_long"
"""Stands in the place of a response code for a request that was not sent, being longer than that."""

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Raw:
    """Put before an exchangelib service: it builds, signs and sends; we get the response messages.

    Leans on private names of the pinned release: `_get_response_xml`, `_get_soap_parts`,
    `_raise_soap_errors`, `_api_versions_to_try`, `_update_api_version`.
    """

    def _api_versions_to_try(self) -> tuple[str]:
        return (self._version_hint.api_version,)  # type: ignore[attr-defined]

    def _update_api_version(self, api_version: str, header: Element) -> None:
        """The version in an answer's header is the front end's, not ours to follow."""

    @classmethod
    def _get_soap_parts(cls, response: Any) -> tuple[Element | None, Element]:
        """Parse the whole answer at once; exchangelib would feed its parser byte by byte."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            root = etree.fromstring(response.content, parser)
        except etree.XMLSyntaxError:
            raise EwsTrouble(Reason.ANSWER_BROKEN, "xml") from None
        body = root.find(f"{{{SOAPNS}}}Body")
        if body is None:
            raise EwsTrouble(Reason.ANSWER_BROKEN, "no_body")
        return root.find(f"{{{SOAPNS}}}Header"), body

    @classmethod
    def _raise_soap_errors(cls, fault: Element) -> NoReturn:
        """By the response code of the fault; exchangelib knows classes for some of them only."""
        code = (fault.findtext(f"detail/{{{ENS}}}ResponseCode") or "").strip()
        if not code:
            raise EwsTrouble(Reason.OPERATION_MISSING, SPEECHLESS)
        raise from_code(code, _rest({v.get("Name"): v.text for v in fault.iterfind(f"detail//{T}Value")}))


class _FindFolder(Raw, FindFolder):  # type: ignore[misc]
    pass


class _GetFolder(Raw, GetFolder):  # type: ignore[misc]
    pass


class _Oof(Raw, GetUserOofSettings):  # type: ignore[misc]
    pass


class _Rules(Raw, GetInboxRules):  # type: ignore[misc]
    pass


class _Availability(Raw, GetUserAvailability):  # type: ignore[misc]
    pass


def _ask(service: Any, line: Line, payload: Element, deadline: float) -> list[Element]:
    """Send one request. Raises EwsTrouble for whatever keeps the answer from being one, and for a request
    that is longer than LARGEST, which is not sent."""
    _write(service, payload)
    ours = not getattr(getattr(service, "account", None), "impersonates", False)
    with line.turn(ours, deadline):
        return _send(service, line, payload, deadline)


def _send(service: Any, line: Line, payload: Element, deadline: float) -> list[Element]:
    until = min(deadline, time.monotonic() + line.server.request_deadline)
    left = until - time.monotonic()
    if left <= 0:
        raise EwsTrouble(Reason.TIMED_OUT, "deadline")
    service.timeout = left
    try:
        with line.watched(service.SERVICE_NAME, until):
            return list(service._get_response_xml(payload))
    except TROUBLES as error:
        late = time.monotonic() >= until
        trouble = EwsTrouble(Reason.TIMED_OUT, "deadline") if late else from_exception(error)
    # out here it carries no context: that would keep the answer, and its connection, in memory
    raise trouble.with_traceback(None)


def _write(service: Any, payload: Element) -> None:
    """Write the request out before exchangelib takes a connection for it, which a refusal would cost."""
    before, after = _envelope(service)
    written = before + etree.tostring(payload, encoding="utf-8", xml_declaration=False) + after
    if len(written) > LARGEST:
        log.error(
            "request not sent: it is longer than 64 KiB, which some servers refuse; shorten the lists of "
            "words or the letter that it carries",
            operation=service.SERVICE_NAME,
            bytes=len(written),
        )
        raise EwsTrouble(Reason.RULE_FAILED, TOO_LONG)
    service.wrap = lambda content, api_version=None: written


def _envelope(service: Any) -> tuple[bytes, bytes]:
    """What exchangelib puts around a payload: the same for all that is asked about a mailbox in one name."""
    (version,) = service._api_versions_to_try()
    box = getattr(service, "account", None)
    line = service.protocol.line
    of = (version, box and box.primary_smtp_address, box and box.impersonates)
    if line.envelope is None or line.envelope[0] != of:
        mark = create_element("m:Payload")
        before, _, after = service.wrap(content=mark, api_version=version).partition(b"<m:Payload/>")
        line.envelope = of, (before, after)
    return line.envelope[1]  # type: ignore[no-any-return]


TROUBLES = (
    EWSError,
    EwsTrouble,
    HttpTrouble,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    spnego.exceptions.SpnegoError,
    etree.LxmlError,
    OSError,
    LookupError,
    ValueError,
    AttributeError,
    TypeError,
)
"""All that exchangelib and what it stands on were seen or read to raise on odd answers."""


def checked(message: Element) -> Element:
    """The message, or EwsTrouble by its response code. Faults of a batch come as elements, not raised."""
    code = message.findtext(M + "ResponseCode")
    if message.get("ResponseClass") == "Success" and code == "NoError":
        return message
    details = {value.get("Name"): value.text or "" for value in message.iterfind(f"{M}MessageXml/{T}Value")}
    if code == "ErrorInternalServerError":
        code = details.get("InnerErrorResponseCode") or code
    raise from_code(code or "", _rest(details))


def _rest(details: Mapping[str | None, str | None]) -> float | None:
    """Seconds of rest that the server asks for among the values of an error."""
    asked = (details.get("BackOffMilliseconds") or "").strip()
    return int(asked) / 1000 if asked.isdecimal() else None


def only(messages: Sequence[Element]) -> Element:
    if len(messages) != 1:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    return checked(messages[0])


def el(name: str, *children: Element, text: str | None = None, **attributes: Any) -> Element:
    element: Element = create_element(name, attrs=attributes or None)
    if text is not None:
        element.text = _NOT_XML.sub("", text)
    element.extend(children)
    return element


def distinguished(box: Box, name: str) -> Element:
    address = el("t:EmailAddress", text=box.primary_smtp_address)
    return el("t:DistinguishedFolderId", el("t:Mailbox", address), Id=name)


def _size_uri() -> Element:
    return el("t:ExtendedFieldURI", PropertyTag="0x0E08", PropertyType="Long")


def find_folders(box: Box, offset: int, deadline: float) -> Element:
    """FindFolder, deep from the root of the mailbox: ids, parents and sizes. Gives m:RootFolder."""
    shape = el(
        "m:FolderShape",
        el("t:BaseShape", text="IdOnly"),
        el(
            "t:AdditionalProperties",
            el("t:FieldURI", FieldURI="folder:ParentFolderId"),
            el("t:FieldURI", FieldURI="folder:DistinguishedFolderId"),
            _size_uri(),
        ),
    )
    payload = el(
        "m:FindFolder",
        shape,
        el("m:IndexedPageFolderView", MaxEntriesReturned=PAGE, Offset=offset, BasePoint="Beginning"),
        el("m:ParentFolderIds", distinguished(box, "root")),
        Traversal="Deep",
    )
    message = only(_ask(_FindFolder(account=box), box.line, payload, deadline))
    root = message.find(M + "RootFolder")
    if root is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_root")
    return root


def folder_id(box: Box, name: str, deadline: float) -> str | None:
    """GetFolder, id only. None when the mailbox has no such folder."""
    payload = el(
        "m:GetFolder",
        el("m:FolderShape", el("t:BaseShape", text="IdOnly")),
        el("m:FolderIds", distinguished(box, name)),
    )
    try:
        message = only(_ask(_GetFolder(account=box), box.line, payload, deadline))
    except EwsTrouble as trouble:
        if trouble.code == "ErrorFolderNotFound":
            return None
        raise
    found = message.find(f".//{T}FolderId")
    if found is None or not found.get("Id"):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_id")
    return found.get("Id")


def oof_settings(box: Box, deadline: float) -> Element:
    """GetUserOofSettings. Gives the response, in which t:OofSettings stands beside the message."""
    mailbox = el("t:Mailbox", el("t:Address", text=box.primary_smtp_address))
    payload = el("m:GetUserOofSettingsRequest", mailbox)
    messages = _ask(_Oof(account=box), box.line, payload, deadline)
    if len(messages) != 1:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    message = messages[0].find(M + "ResponseMessage")
    if message is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_message")
    checked(message)
    return messages[0]


def inbox_rules(box: Box, deadline: float) -> Element:
    """GetInboxRules. Gives the response with m:InboxRules, which is absent when there are none."""
    service = _Rules(account=box)
    payload = service.get_payload(mailbox=box.primary_smtp_address)
    return only(_ask(service, box.line, payload, deadline))


def availability(
    line: Line, addresses: Sequence[str], start: datetime, end: datetime, deadline: float
) -> list[Element]:
    """GetUserAvailability for at most 100 mailboxes. Gives one m:FreeBusyResponse each, in order, with
    times in UTC.

    No impersonation: the rights are the service account's. Raises EwsTrouble when the answer does not have
    exactly one response per mailbox.
    """
    first, last = (edge.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") for edge in (start, end))
    payload = el(
        "m:GetUserAvailabilityRequest",
        el(
            "t:TimeZone",
            el("t:Bias", text="0"),
            *(
                el(
                    name,
                    el("t:Bias", text="0"),
                    el("t:Time", text="00:00:00"),
                    el("t:DayOrder", text="1"),
                    el("t:Month", text=month),
                    el("t:DayOfWeek", text="Sunday"),
                )
                for name, month in (("t:StandardTime", "10"), ("t:DaylightTime", "3"))
            ),
        ),
        el(
            "m:MailboxDataArray",
            *(
                el(
                    "t:MailboxData",
                    el("t:Email", el("t:Address", text=address)),
                    el("t:AttendeeType", text="Required"),
                    el("t:ExcludeConflicts", text="false"),
                )
                for address in addresses
            ),
        ),
        el(
            "t:FreeBusyViewOptions",
            el(
                "t:TimeWindow",
                el("t:StartTime", text=first),
                el("t:EndTime", text=last),
            ),
            el("t:MergedFreeBusyIntervalInMinutes", text="60"),
            el("t:RequestedView", text="FreeBusy"),
        ),
    )
    answers = _ask(_Availability(line.protocol), line, payload, deadline)
    if len(answers) != len(addresses):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    return answers
