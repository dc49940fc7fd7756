"""The EWS operations that mailbot uses, each as one request that gives its response elements.

Payloads are made of exchangelib's elements and go out through its services. Folder names, subjects and
bodies are never among the properties asked for.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import requests
import spnego.exceptions
import urllib3.exceptions
from exchangelib.errors import EWSError
from exchangelib.services import (
    CreateItem,
    DeleteItem,
    FindFolder,
    FindItem,
    GetFolder,
    GetInboxRules,
    GetUserAvailability,
    GetUserOofSettings,
    SendItem,
)
from exchangelib.util import MNS, SOAPNS, TNS, create_element
from lxml import etree

from mailbot.exchange.ews.connection import Box, Line
from mailbot.exchange.ews.trouble import EwsTrouble, HttpTrouble, from_code, from_exception
from mailbot.model.facts import Reason
from mailbot.model.letters import Mail

Element = etree._Element
M, T = f"{{{MNS}}}", f"{{{TNS}}}"
KEY_SET = "6f0d2c5e-3b0f-4d0a-9f57-5d3a1f0c8e21"
KEY_NAME = "MailbotLetter"
PAGE = 1000


class Raw:
    """Put before an exchangelib service: it builds, signs and sends; we get the response messages.

    Leans on private names of the pinned release: `_get_response_xml`, `_get_soap_parts`,
    `_api_versions_to_try`, `_update_api_version`.
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


class _CreateItem(Raw, CreateItem):  # type: ignore[misc]
    pass


class _SendItem(Raw, SendItem):  # type: ignore[misc]
    pass


class _FindItem(Raw, FindItem):  # type: ignore[misc]
    pass


class _DeleteItem(Raw, DeleteItem):  # type: ignore[misc]
    pass


def _ask(service: Any, line: Line, payload: Element, deadline: float) -> list[Element]:
    """Send one request. Raises EwsTrouble for whatever keeps the answer from being one."""
    until = min(deadline, time.monotonic() + line.server.request_deadline)
    left = until - time.monotonic()
    if left <= 0:
        raise EwsTrouble(Reason.TIMED_OUT, "deadline")
    service.timeout = left
    try:
        with line.watched(service.SERVICE_NAME, until):
            return list(service._get_response_xml(payload))
    except TROUBLES as error:
        if time.monotonic() >= until:
            raise EwsTrouble(Reason.TIMED_OUT, "deadline") from None
        raise from_exception(error) from None


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
    rest = details.get("BackOffMilliseconds", "")
    raise from_code(code or "none", int(rest) / 1000 if rest.isdecimal() else None)


def only(messages: Sequence[Element]) -> Element:
    if len(messages) != 1:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    return checked(messages[0])


def _el(name: str, *children: Element, text: str | None = None, **attributes: Any) -> Element:
    element: Element = create_element(name, attrs=attributes or None)
    if text is not None:
        element.text = text
    element.extend(children)
    return element


def _distinguished(box: Box, name: str) -> Element:
    address = _el("t:EmailAddress", text=box.primary_smtp_address)
    return _el("t:DistinguishedFolderId", _el("t:Mailbox", address), Id=name)


def _size_uri() -> Element:
    return _el("t:ExtendedFieldURI", PropertyTag="0x0E08", PropertyType="Long")


def _key_uri() -> Element:
    return _el("t:ExtendedFieldURI", PropertySetId=KEY_SET, PropertyName=KEY_NAME, PropertyType="String")


def find_folders(box: Box, offset: int, deadline: float) -> Element:
    """FindFolder, deep from the root of the mailbox: ids, parents and sizes. Gives m:RootFolder."""
    shape = _el(
        "m:FolderShape",
        _el("t:BaseShape", text="IdOnly"),
        _el(
            "t:AdditionalProperties",
            _el("t:FieldURI", FieldURI="folder:ParentFolderId"),
            _el("t:FieldURI", FieldURI="folder:DistinguishedFolderId"),
            _size_uri(),
        ),
    )
    payload = _el(
        "m:FindFolder",
        shape,
        _el("m:IndexedPageFolderView", MaxEntriesReturned=PAGE, Offset=offset, BasePoint="Beginning"),
        _el("m:ParentFolderIds", _distinguished(box, "root")),
        Traversal="Deep",
    )
    message = only(_ask(_FindFolder(account=box), box.line, payload, deadline))
    root = message.find(M + "RootFolder")
    if root is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_root")
    return root


def folder_id(box: Box, distinguished: str, deadline: float) -> str | None:
    """GetFolder, id only. None when the mailbox has no such folder."""
    payload = _el(
        "m:GetFolder",
        _el("m:FolderShape", _el("t:BaseShape", text="IdOnly")),
        _el("m:FolderIds", _distinguished(box, distinguished)),
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
    mailbox = _el("t:Mailbox", _el("t:Address", text=box.primary_smtp_address))
    payload = _el("m:GetUserOofSettingsRequest", mailbox)
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
    """GetUserAvailability for at most 100 mailboxes, in UTC. Gives one m:FreeBusyResponse each, in order.

    No impersonation: the rights are the service account's. Raises EwsTrouble when the answer does not have
    exactly one response per mailbox.
    """
    payload = _el(
        "m:GetUserAvailabilityRequest",
        _el(
            "t:TimeZone",
            _el("t:Bias", text="0"),
            *(
                _el(
                    name,
                    _el("t:Bias", text="0"),
                    _el("t:Time", text="00:00:00"),
                    _el("t:DayOrder", text="1"),
                    _el("t:Month", text=month),
                    _el("t:DayOfWeek", text="Sunday"),
                )
                for name, month in (("t:StandardTime", "10"), ("t:DaylightTime", "3"))
            ),
        ),
        _el(
            "m:MailboxDataArray",
            *(
                _el(
                    "t:MailboxData",
                    _el("t:Email", _el("t:Address", text=address)),
                    _el("t:AttendeeType", text="Required"),
                    _el("t:ExcludeConflicts", text="false"),
                )
                for address in addresses
            ),
        ),
        _el(
            "t:FreeBusyViewOptions",
            _el(
                "t:TimeWindow",
                _el("t:StartTime", text=start.strftime("%Y-%m-%dT%H:%M:%S")),
                _el("t:EndTime", text=end.strftime("%Y-%m-%dT%H:%M:%S")),
            ),
            _el("t:MergedFreeBusyIntervalInMinutes", text="60"),
            _el("t:RequestedView", text="FreeBusy"),
        ),
    )
    answers = _ask(_Availability(line.protocol), line, payload, deadline)
    if len(answers) != len(addresses):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    return answers


def create_draft(box: Box, mail: Mail, deadline: float) -> str:
    """CreateItem, saved in Drafts and not sent. Gives the reference for `send_draft`."""
    headers = [(name, value) for name, value in mail.headers.items() if name != "Sensitivity"]
    address = _el("t:EmailAddress", text=mail.to.value)
    sender = _el("t:EmailAddress", text=mail.sender.value)
    message = _el(
        "t:Message",
        _el("t:ItemClass", text="IPM.Note"),
        _el("t:Subject", text=mail.subject),
        _el("t:Sensitivity", text="Private"),
        _el("t:Body", text=mail.html, BodyType="HTML"),
        _property(_key_uri(), mail.key),
        *(_property(_header_uri(name), value) for name, value in headers),
        _el("t:ToRecipients", _el("t:Mailbox", _el("t:Name", text=mail.to_name), address)),
        _el("t:From", _el("t:Mailbox", _el("t:Name", text=mail.sender_name), sender)),
        _el("t:InternetMessageId", text=mail.message_id),
    )
    payload = _el(
        "m:CreateItem",
        _el("m:SavedItemFolderId", _distinguished(box, "drafts")),
        _el("m:Items", message),
        MessageDisposition="SaveOnly",
    )
    answer = only(_ask(_CreateItem(account=box), box.line, payload, deadline))
    return _reference(answer.find(f".//{T}ItemId"))


def _property(uri: Element, value: str) -> Element:
    return _el("t:ExtendedProperty", uri, _el("t:Value", text=value))


def _header_uri(name: str) -> Element:
    return _el(
        "t:ExtendedFieldURI",
        DistinguishedPropertySetId="InternetHeaders",
        PropertyName=name,
        PropertyType="String",
    )


def _reference(item: Element | None) -> str:
    if item is None or not item.get("Id"):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_id")
    return f"{item.get('Id')}|{item.get('ChangeKey', '')}"


def _item_id(reference: str) -> Element:
    id_, _, change_key = reference.partition("|")
    return _el("t:ItemId", Id=id_, **({"ChangeKey": change_key} if change_key else {}))


def send_draft(box: Box, reference: str, deadline: float) -> None:
    """SendItem with a saved copy in Sent Items."""
    payload = _el(
        "m:SendItem",
        _el("m:ItemIds", _item_id(reference)),
        _el("m:SavedItemFolderId", _distinguished(box, "sentitems")),
        SaveItemToFolder=True,
    )
    only(_ask(_SendItem(account=box), box.line, payload, deadline))


def find_letters(
    box: Box, folder: str, deadline: float, key: str | None = None, message_id: str | None = None
) -> list[tuple[str, str | None]]:
    """FindItem for letters of ours: by key, by Message-ID, or all that bear any key.

    Gives (reference, key) pairs; the key is None when the server does not show the property. At most
    `PAGE` items, which `doctor` counts as "that many or more".
    """
    if key is not None:
        condition = _el("t:IsEqualTo", _key_uri(), _constant(key))
    elif message_id is not None:
        field = _el("t:FieldURI", FieldURI="message:InternetMessageId")
        condition = _el("t:IsEqualTo", field, _constant(message_id))
    else:
        condition = _el("t:Exists", _key_uri())
    payload = _el(
        "m:FindItem",
        _el(
            "m:ItemShape",
            _el("t:BaseShape", text="IdOnly"),
            _el("t:AdditionalProperties", _key_uri()),
        ),
        _el("m:IndexedPageItemView", MaxEntriesReturned=PAGE, Offset=0, BasePoint="Beginning"),
        _el("m:Restriction", condition),
        _el("m:ParentFolderIds", _distinguished(box, folder)),
        Traversal="Shallow",
    )
    message = only(_ask(_FindItem(account=box), box.line, payload, deadline))
    root = message.find(M + "RootFolder")
    if root is None:
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_root")
    return [
        (_reference(item.find(T + "ItemId")), item.findtext(f"{T}ExtendedProperty/{T}Value"))
        for item in root.iterfind(f"{T}Items/*")
    ]


def _constant(value: str) -> Element:
    return _el("t:FieldURIOrConstant", _el("t:Constant", Value=value))


def delete_for_good(box: Box, references: Iterable[str], deadline: float) -> None:
    """DeleteItem, hard. An item that is gone already is as good as deleted."""
    payload = _el("m:DeleteItem", _el("m:ItemIds", *map(_item_id, references)), DeleteType="HardDelete")
    for message in _ask(_DeleteItem(account=box), box.line, payload, deadline):
        try:
            checked(message)
        except EwsTrouble as trouble:
            if trouble.code != "ErrorItemNotFound":
                raise
