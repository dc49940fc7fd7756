"""CreateItem, SendItem and DeleteItem: how mail leaves.

Shapes: EWS schema; articles "CreateItem operation", "SendItem operation", "DeleteItem operation" and
"ResponseCode" of Microsoft's EWS reference. Without recipients SendItem says ErrorMissingRecipients, and a
CreateItem that sends at once ErrorInvalidRecipients. An unknown recipient in a domain of our own is not
refused: SendItem answers before recipients are looked up, and a report of non-delivery comes back into the
sender's Inbox.
"""

import base64
import binascii
import uuid
from collections.abc import Iterable

from lxml import etree

from mailbot.simulator.calls import Call
from mailbot.simulator.delivery import deliveries
from mailbot.simulator.incoming import property_key
from mailbot.simulator.mailboxes import Item, Mailbox
from mailbot.simulator.mime import read_mime
from mailbot.simulator.operations.item_xml import HEADER_SET
from mailbot.simulator.operations.messages import operation
from mailbot.simulator.soap import M, ResponseError, SoapFault, T, attribute

_DISPOSITIONS = ("SaveOnly", "SendOnly", "SendAndSaveCopy")


def _items(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}Items/*")


def _create(call: Call, element: etree._Element) -> str:
    if etree.QName(element).localname != "Message":
        raise ResponseError("ErrorInvalidOperation")
    disposition = call.request.body.get("MessageDisposition", "")
    if disposition not in _DISPOSITIONS:
        raise SoapFault("ErrorMessageDispositionRequired")
    target = call.request.body.find(f"{M}SavedItemFolderId/*")
    if target is None:
        mailbox = call.open(None)
        folder = mailbox.folders.by_name["drafts" if disposition == "SaveOnly" else "sentitems"]
    else:
        mailbox, folder = call.folder(target)
    item = _read_message(element, call, mailbox, folder.id)
    if disposition == "SaveOnly":
        call.journal.create(mailbox, item)
        created = f'<t:ItemId Id={attribute(item.id)} ChangeKey="CQAAAA=="/>'
        return f"<m:Items><t:Message>{created}</t:Message></m:Items>"
    _depart(call, mailbox, item, None, folder.id if disposition == "SendAndSaveCopy" else None)
    return "<m:Items/>"


def _wanted(call: Call) -> Iterable[etree._Element]:
    return call.request.body.iterfind(f"{M}ItemIds/*")


def _send(call: Call, element: etree._Element) -> str:
    mailbox = call.owner(element.get("Id", ""))
    if not element.get("ChangeKey"):
        raise ResponseError("ErrorChangeKeyRequired")
    with call.journal.lock:
        draft = mailbox.items.get(element.get("Id", ""))
        if draft is None or not draft.draft:
            raise ResponseError("ErrorItemNotFound")
        saved = None
        if call.request.body.get("SaveItemToFolder") == "true":
            target = call.request.body.find(f"{M}SavedItemFolderId/*")
            saved = mailbox.folders.by_name["sentitems"].id if target is None else call.folder(target)[1].id
        _depart(call, mailbox, draft, draft.id, saved)
    return ""


def _delete(call: Call, element: etree._Element) -> str:
    mailbox = call.owner(element.get("Id", ""))
    with call.journal.lock:
        item = mailbox.items.get(element.get("Id", ""))
        if item is None:
            raise ResponseError("ErrorItemNotFound")
        call.journal.delete(mailbox, item.id)
        if call.request.body.get("DeleteType") == "MoveToDeletedItems":
            bin_folder = mailbox.folders.by_name["deleteditems"].id
            call.journal.create(mailbox, _copy(item, call.journal.new_id(mailbox), bin_folder))
    return ""


def _depart(call: Call, mailbox: Mailbox, item: Item, draft: str | None, saved_in: str | None) -> None:
    """Send one mail: the copies of all recipients, the saved copy, and what comes back at once."""
    if not (item.to or item.cc or item.bcc):
        raise ResponseError("ErrorMissingRecipients" if draft else "ErrorInvalidRecipients")
    item.message_id = item.message_id or f"<{uuid.uuid4().hex}@voorbeeld.example>"
    saved = None
    if saved_in is not None:
        saved = _copy(item, call.journal.new_id(mailbox), saved_in)
        saved.draft, saved.sent = False, call.now
    out = deliveries(call.town, call.journal, item, call.now)
    call.journal.send(mailbox, draft, saved, out)


def _copy(item: Item, item_id: str, folder: str) -> Item:
    values = {name: getattr(item, name) for name in Item.__slots__}
    values.update(id=item_id, folder=folder)
    return Item(**values)


def _read_message(element: etree._Element, call: Call, mailbox: Mailbox, folder: str) -> Item:
    item = Item(
        call.journal.new_id(mailbox),
        folder,
        sender=mailbox.address,
        sender_name=mailbox.name,
        created=call.now,
        draft=True,
    )
    mime = element.findtext(T + "MimeContent")
    if mime:
        read_mime(item, _decoded(mime), submitted=True)
    item.subject = element.findtext(T + "Subject") or item.subject
    item.item_class = element.findtext(T + "ItemClass") or item.item_class
    item.sensitivity = element.findtext(T + "Sensitivity") or item.sensitivity
    item.importance = element.findtext(T + "Importance") or item.importance
    item.message_id = element.findtext(T + "InternetMessageId") or item.message_id
    item.to = _addresses(element, "ToRecipients") or item.to
    item.cc = _addresses(element, "CcRecipients") or item.cc
    item.bcc = _addresses(element, "BccRecipients") or item.bcc
    author = element.find(f"{T}From/{T}Mailbox")
    if author is not None:
        address = (author.findtext(T + "EmailAddress") or "").strip().lower()
        if address != mailbox.address:
            raise ResponseError("ErrorSendAsDenied")
        item.sender_name = author.findtext(T + "Name") or item.sender_name
    body = element.find(T + "Body")
    if body is not None:
        item.body, item.body_type = body.text or "", body.get("BodyType", "Text")
    for extended in element.iterfind(T + "ExtendedProperty"):
        path = extended.find(T + "ExtendedFieldURI")
        if path is None:
            raise ResponseError("ErrorInvalidExtendedProperty")
        key = property_key(path)
        value = extended.findtext(T + "Value") or ""
        if key[0] == HEADER_SET:
            item.headers[path.get("PropertyName", "")] = value
        else:
            item.named[key] = value
    return item


def _decoded(mime: str) -> bytes:
    try:
        return base64.b64decode(mime.strip(), validate=True)
    except binascii.Error:
        raise ResponseError("ErrorMimeContentInvalidBase64String") from None


def _addresses(element: etree._Element, name: str) -> list[tuple[str, str]]:
    return [
        (
            (mailbox.findtext(T + "EmailAddress") or "").strip().lower(),
            mailbox.findtext(T + "Name") or "",
        )
        for mailbox in element.iterfind(f"{T}{name}/{T}Mailbox")
    ]


CREATE_ITEM = operation("CreateItem", _items, _create, on_failure="<m:Items/>")
SEND_ITEM = operation("SendItem", _wanted, _send)
DELETE_ITEM = operation("DeleteItem", _wanted, _delete)
