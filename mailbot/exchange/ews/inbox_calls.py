"""The EWS operations on the inbox of the service mailbox: class, size, moment and headers of what came in.

What is asked for, and where it stands:
- `item:ItemClass`, `item:DateTimeReceived`, `item:Size`, `message:InternetMessageId`, `item:InReplyTo`
  (PidTagInReplyToId) and `message:References` (PidTagInternetReferences): EWS schema, UnindexedFieldURIType.
- `Auto-Submitted` and `Content-Type` as properties of the set InternetHeaders (PS_INTERNET_HEADERS of
  MS-OXPROPS). Exchange need not keep either of an ordinary mail; nothing rests on their being there.
- Classes of reports: MS-OXCMAIL 2.2.3.7.1.1. Exchange gives them to its own reports and to those of other
  servers alike.
- The MIME text, of reports of delivery alone and only when they are small: EWS has no property for the
  Message-ID of the mail that came back, and what became of it stands in the recipient table, which EWS does
  not show. MS-OXCMAIL 2.1.3.6.1 tells how Exchange writes it.

Never a subject, correspondent or body of anything else.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from exchangelib.services import GetItem

from mailbot.exchange.ews.access_calls import any_of
from mailbot.exchange.ews.calls import Element, M, Raw, T, _ask, checked, el
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.item_calls import constant, find_items, items_on, reference_of, shape
from mailbot.exchange.ews.readers import moment, text_of
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

PAGE = 100
LISTED = ("item:ItemClass", "item:DateTimeReceived", "item:Size", "message:InternetMessageId")
HEADERS = ("Auto-Submitted", "Content-Type")
REFERRING = ("item:InReplyTo", "message:References")
AT_ONCE = 10
"""Reports whose text is asked for in one request."""

BY_NAME = 20
"""Message-IDs that are searched for in one request."""


class _GetItem(Raw, GetItem):  # type: ignore[misc]
    pass


@dataclass(frozen=True, slots=True)
class Listed:
    """An item as the listing shows it; `headers` by name in lower case, cut off at 255 characters. `size` in
    bytes is None where the server does not say it."""

    reference: str
    item_class: str
    received: datetime
    size: int | None
    message_id: str
    headers: Mapping[str, str]


def list_inbox(box: Box, since: datetime, offset: int, deadline: float) -> tuple[list[Listed], bool]:
    """FindItem: one page of what came in at `since` or later, oldest first, and whether it is the last one.
    `since` counts by the second. Raises EwsTrouble."""
    condition = el(
        "t:IsGreaterThanOrEqualTo",
        el("t:FieldURI", FieldURI="item:DateTimeReceived"),
        constant(since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    )
    found, last = items_on(_find(box, shape(LISTED, HEADERS), condition, offset, deadline), offset)
    return [_listed(item) for item in found], last


def find_copies(box: Box, message_ids: Sequence[str], deadline: float) -> list[tuple[str, str]]:
    """FindItem by Message-ID, for at most BY_NAME of them: Message-ID and reference, oldest first."""
    field = "message:InternetMessageId"
    wanted = [el("t:IsEqualTo", el("t:FieldURI", FieldURI=field), constant(one)) for one in message_ids]
    root = _find(box, shape((field,)), any_of(wanted), 0, deadline)
    return [
        (item.findtext(T + "InternetMessageId") or "", reference_of(item.find(T + "ItemId")))
        for item in root.iterfind(f"{T}Items/*")
    ]


def _find(box: Box, wanted: Element, condition: Element, offset: int, deadline: float) -> Element:
    by = "item:DateTimeReceived"
    return find_items(box, "inbox", wanted, condition, by=by, most=PAGE, offset=offset, deadline=deadline)


def referring(box: Box, references: Sequence[str], deadline: float) -> dict[str, tuple[str, ...]]:
    """GetItem of reports: the Message-IDs that each one names, by reference."""
    found = {}
    for reference, item in _get(box, references, shape(REFERRING), deadline):
        said = f"{item.findtext(T + 'InReplyTo') or ''} {item.findtext(T + 'References') or ''}"
        found[reference] = tuple(dict.fromkeys(said.split()))
    return found


def report_texts(box: Box, references: Sequence[str], deadline: float) -> dict[str, bytes]:
    """GetItem of reports of delivery: their MIME text, for at most AT_ONCE of them, by reference. One that
    the server cannot write out is missing."""
    wanted = el("m:ItemShape", el("t:BaseShape", text="IdOnly"), el("t:IncludeMimeContent", text="true"))
    found = {}
    for reference, item in _get(box, references, wanted, deadline):
        try:
            found[reference] = base64.b64decode(item.findtext(T + "MimeContent") or "", validate=False)
        except binascii.Error:
            continue
    return found


def _get(
    box: Box, references: Sequence[str], wanted: Element, deadline: float
) -> Iterator[tuple[str, Element]]:
    """Those that can be read. An item that somebody took away meanwhile, or that the server cannot show, is
    left out."""
    if not references:
        return
    ids = (el("t:ItemId", Id=reference.partition("|")[0]) for reference in references)
    messages = _ask(_GetItem(account=box), box.line, el("m:GetItem", wanted, el("m:ItemIds", *ids)), deadline)
    if len(messages) != len(references):
        raise EwsTrouble(Reason.ANSWER_BROKEN, "count")
    for reference, message in zip(references, messages, strict=True):
        try:
            found = checked(message).findall(f"{M}Items/*")
        except EwsTrouble as trouble:
            if trouble.reason is Reason.THROTTLED:
                raise
            continue
        if len(found) == 1:
            yield reference, found[0]


def _listed(item: Element) -> Listed:
    return Listed(
        reference_of(item.find(T + "ItemId")),
        text_of(item, T + "ItemClass"),
        moment(text_of(item, T + "DateTimeReceived")),
        _size(item.findtext(T + "Size") or ""),
        (item.findtext(T + "InternetMessageId") or "").strip(),
        dict(_headers(item)),
    )


def _headers(item: Element) -> Iterator[tuple[str, str]]:
    for found in item.iterfind(T + "ExtendedProperty"):
        uri = found.find(T + "ExtendedFieldURI")
        name = (uri.get("PropertyName") or "") if uri is not None else ""
        yield name.lower(), (found.findtext(T + "Value") or "").strip()


def _size(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
