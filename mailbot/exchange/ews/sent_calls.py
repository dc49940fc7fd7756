"""The EWS operations on Sent Items: subjects by a fixed search, then headings of what is labelled.

Never a body, MIME text or the content of an attachment, and no subject that the search did not match.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from exchangelib.services import GetItem

from mailbot.exchange.ews.access_calls import any_of, contains
from mailbot.exchange.ews.calls import Element, M, Raw, T, _ask, checked, el
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.item_calls import constant, find_items, shape
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.sent import SubjectSearch

PAGE = 200
CHUNK = 50
LISTED = ("item:ItemClass", "item:Subject", "item:Sensitivity")
FOUND = (*LISTED, "item:DateTimeSent")
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


class _GetItem(Raw, GetItem):  # type: ignore[misc]
    pass


def find(box: Box, since: datetime, search: SubjectSearch, offset: int, deadline: float) -> Element:
    """FindItem in Sent Items of what was sent from `since` on, oldest first. Gives m:RootFolder.

    `since` counts by the second. Pages are asked for by it rather than by offset: an offset skips items when
    others before them are deleted meanwhile.
    `search` must have fragments: without them it would list every subject.
    """
    if not search.fragments:
        raise ValueError("a search without fragments would list every subject")
    conditions = [
        el(
            "t:IsGreaterThanOrEqualTo",
            el("t:FieldURI", FieldURI="item:DateTimeSent"),
            constant(since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ),
        # What somebody flagged personal, private or confidential is out of reach: it is not even listed.
        el(
            "t:IsEqualTo",
            el("t:FieldURI", FieldURI="item:Sensitivity"),
            constant("Normal"),
        ),
        any_of([contains("item:Subject", fragment) for fragment in search.fragments]),
        *(el("t:Not", contains("item:Subject", word)) for word in search.without),
    ]
    both, by = el("t:And", *conditions), "item:DateTimeSent"
    return find_items(
        box, "sentitems", shape(FOUND), both, by=by, most=PAGE, offset=offset, deadline=deadline
    )


def item_id(item: Element) -> str:
    found = item.find(T + "ItemId")
    if found is None or not found.get("Id"):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "no_id")
    return found.get("Id", "")


def listed(box: Box, ids: Sequence[str], deadline: float) -> Iterator[Element]:
    """GetItem of what the listing showed, this time with subjects at their full length."""
    return _get(box, ids, shape(LISTED), deadline)


def headings(box: Box, ids: Sequence[str], headers: Sequence[str], deadline: float) -> Iterator[Element]:
    """GetItem of headings, recipients, and names and types of attachments."""
    return _get(box, ids, shape(HEADINGS, headers), deadline)


def _get(box: Box, ids: Sequence[str], wanted: Element, deadline: float) -> Iterator[Element]:
    """In chunks, in order. Raises EwsTrouble for the first item that cannot be read."""
    for first in range(0, len(ids), CHUNK):
        chunk = ids[first : first + CHUNK]
        payload = el("m:GetItem", wanted, el("m:ItemIds", *(el("t:ItemId", Id=id_) for id_ in chunk)))
        messages = _ask(_GetItem(account=box), box.line, payload, deadline)
        if len(messages) != len(chunk):
            raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
        for message in messages:
            found = checked(message).findall(f"{M}Items/*")
            if len(found) != 1:
                raise EwsTrouble(Reason.ANSWER_BROKEN, "no_item")
            yield found[0]
