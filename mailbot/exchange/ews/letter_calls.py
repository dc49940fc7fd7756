"""The EWS operations of the post: make a draft, send it, find our letters again, delete them for good.

Of what lies in the service mailbox only ids and our own key are asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exchangelib.services import CreateItem, DeleteItem, SendItem

from mailbot.exchange.ews import calls
from mailbot.exchange.ews.calls import Element, Raw, T, checked, distinguished, el, only
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.item_calls import constant, find_items, header_uri, items_on, reference_of
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.letters import Mail

KEY_SET = "6f0d2c5e-3b0f-4d0a-9f57-5d3a1f0c8e21"
KEY_NAME = "MailbotLetter"


class _CreateItem(Raw, CreateItem):  # type: ignore[misc]
    pass


class _SendItem(Raw, SendItem):  # type: ignore[misc]
    pass


class _DeleteItem(Raw, DeleteItem):  # type: ignore[misc]
    pass


def _key_uri() -> Element:
    return el("t:ExtendedFieldURI", PropertySetId=KEY_SET, PropertyName=KEY_NAME, PropertyType="String")


def create_draft(box: Box, mail: Mail, deadline: float) -> str:
    """CreateItem, saved in Drafts and not sent. Gives the reference for `send_draft`."""
    headers = [(name, value) for name, value in mail.headers.items() if name != "Sensitivity"]
    address = el("t:EmailAddress", text=mail.to.value)
    sender = el("t:EmailAddress", text=mail.sender.value)
    message = el(
        "t:Message",
        el("t:ItemClass", text="IPM.Note"),
        el("t:Subject", text=mail.subject),
        el("t:Sensitivity", text="Private"),
        el("t:Body", text=mail.html, BodyType="HTML"),
        _property(_key_uri(), mail.key),
        *(_property(header_uri(name), value) for name, value in headers),
        el("t:ToRecipients", el("t:Mailbox", el("t:Name", text=mail.to_name), address)),
        el("t:From", el("t:Mailbox", el("t:Name", text=mail.sender_name), sender)),
        el("t:InternetMessageId", text=mail.message_id),
    )
    payload = el(
        "m:CreateItem",
        el("m:SavedItemFolderId", distinguished(box, "drafts")),
        el("m:Items", message),
        MessageDisposition="SaveOnly",
    )
    answer = only(calls._ask(_CreateItem(account=box), box.line, payload, deadline))
    return reference_of(answer.find(f".//{T}ItemId"))


def _property(uri: Element, value: str) -> Element:
    return el("t:ExtendedProperty", uri, el("t:Value", text=value))


def _item_id(reference: str) -> Element:
    id_, _, change_key = reference.partition("|")
    return el("t:ItemId", Id=id_, **({"ChangeKey": change_key} if change_key else {}))


def send_draft(box: Box, reference: str, deadline: float) -> None:
    """SendItem with a saved copy in Sent Items."""
    payload = el(
        "m:SendItem",
        el("m:ItemIds", _item_id(reference)),
        el("m:SavedItemFolderId", distinguished(box, "sentitems")),
        SaveItemToFolder=True,
    )
    only(calls._ask(_SendItem(account=box), box.line, payload, deadline))


@dataclass(frozen=True, slots=True)
class Found:
    """A letter on the server. `key` is None when the server does not show it."""

    reference: str
    key: str | None


def find_letters(
    box: Box,
    folder: str,
    deadline: float,
    key: str | None = None,
    message_id: str | None = None,
    offset: int = 0,
) -> tuple[list[Found], bool]:
    """FindItem for letters of ours: by key, by Message-ID, or all that bear any key; oldest first, so that
    letters made meanwhile move nothing.

    Gives one page from `offset` on, at most `calls.FILTERED_PAGE` letters, and whether it is the last one.
    Raises EwsTrouble for a page after which the next one would leave a gap or overlap.
    """
    if key is not None:
        condition = el("t:IsEqualTo", _key_uri(), constant(key))
    elif message_id is not None:
        field = el("t:FieldURI", FieldURI="message:InternetMessageId")
        condition = el("t:IsEqualTo", field, constant(message_id))
    else:
        condition = el("t:Exists", _key_uri())
    wanted = el("m:ItemShape", el("t:BaseShape", text="IdOnly"), el("t:AdditionalProperties", _key_uri()))
    by, most = "item:DateTimeCreated", calls.FILTERED_PAGE
    root = find_items(box, folder, wanted, condition, by=by, most=most, offset=offset, deadline=deadline)
    items, last = items_on(root, offset)
    found = [
        Found(reference_of(item.find(T + "ItemId")), item.findtext(f"{T}ExtendedProperty/{T}Value"))
        for item in items
    ]
    return found, last


def delete_for_good(box: Box, references: Sequence[str], deadline: float) -> int:
    """DeleteItem, hard. Gives how many were there; one that is gone already is as good as deleted."""
    payload = el("m:DeleteItem", el("m:ItemIds", *map(_item_id, references)), DeleteType="HardDelete")
    messages = calls._ask(_DeleteItem(account=box), box.line, payload, deadline)
    if len(messages) != len(references):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    deleted = 0
    for message in messages:
        try:
            checked(message)
            deleted += 1
        except EwsTrouble as trouble:
            if trouble.code != "ErrorItemNotFound":
                raise
    return deleted
