"""Reads a report of delivery (RFC 3464, in a multipart/report of RFC 6522): about which mail it is, and
whether its server gave up. Strict: what is not written as the standard says is no report.

Of the mail that came back its Message-ID is read, of the recipients whether they are we ourselves; nothing
else of either is kept, shown or raised.
"""

import email
import re
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.message import Message
from enum import StrEnum

LARGEST = 256 * 1024
"""Bytes. A letter has 64 KiB at most, and a report that brings the whole of it back is not much longer."""

_MOST_RECIPIENTS = 50
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[\s(].*)?", re.DOTALL)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library was seen to raise on texts that are no mail."""


class Action(StrEnum):
    """What became of the mail (RFC 3464, 2.3.3); the milder actions do not matter to us."""

    FAILED = "failed"
    DELAYED = "delayed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """`about` is the Message-ID of the mail that it tells of, None where it does not bring it back. `status`
    is that of the recipient whose mail failed or waits."""

    action: Action
    status: str
    about: str | None


def read_report(raw: bytes, ourselves: str) -> DeliveryReport | None:
    """None for whatever is no report as the standard writes it. What it says of our own address does not
    count: that is the copy that we sent to ourselves."""
    if len(raw) > LARGEST:
        return None
    try:
        return _read(email.message_from_bytes(raw, policy=policy.compat32), ourselves.casefold())
    except _BROKEN:
        return None


def _read(report: Message, ourselves: str) -> DeliveryReport | None:
    if report.get_content_type() != "multipart/report":
        return None
    if str(report.get_param("report-type", "")).lower() != "delivery-status":
        return None
    parts = _inner(report)
    told = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if len(told) != 1:
        return None
    found = _outcome(told[0], ourselves)
    return None if found is None else DeliveryReport(*found, _about(parts))


def _outcome(part: Message, ourselves: str) -> tuple[Action, str] | None:
    """The gravest that happened to anybody but ourselves."""
    groups = [group for group in _inner(part) if group.keys()]
    if not 2 <= len(groups) <= _MOST_RECIPIENTS + 1 or _field(groups[0], "Reporting-MTA") is None:
        return None
    found: list[tuple[Action, str]] = []
    for group in groups[1:]:
        recipient, action, status = (_field(group, name) for name in ("Final-Recipient", "Action", "Status"))
        code = _STATUS.fullmatch(status or "")
        if recipient is None or action is None or code is None:
            return None
        asked = _field(group, "Original-Recipient") or recipient
        if ourselves in (_address(recipient), _address(asked)):
            continue
        known = action.lower() in ("failed", "delayed")
        if known and code[1].startswith("2"):
            return None  # a success that failed
        found.append((Action(action.lower()) if known else Action.OTHER, code[1]))
    for action_ in (Action.FAILED, Action.DELAYED):
        for one in found:
            if one[0] is action_:
                return one
    return Action.OTHER, ""


def _about(parts: list[Message]) -> str | None:
    """The Message-ID of what came back: the mail itself or its headers, in the last part."""
    last, returned = parts[-1], None
    if last.get_content_type() == "message/rfc822":
        inner = _inner(last)
        returned = inner[0] if len(inner) == 1 else None
    elif last.get_content_type() == "text/rfc822-headers":
        content = last.get_payload(decode=True)
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
        returned = email.message_from_string(text.lstrip("\r\n"), policy=policy.compat32)
    found = None if returned is None else _field(returned, "Message-ID")
    return found if found is not None and _MESSAGE_ID.fullmatch(found) else None


def _inner(part: Message) -> list[Message]:
    """The mails or groups of fields that a part is made of; none where it is a text."""
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _field(fields: Message, name: str) -> str | None:
    """Its value on one line; None when it is missing, empty or there twice."""
    values = fields.get_all(name, [])
    return " ".join(str(values[0]).split()) or None if len(values) == 1 else None


def _address(recipient: str) -> str:
    """Of `rfc822; somebody@example` (RFC 3464, 2.3.2), to compare it with our own."""
    return recipient.partition(";")[2].strip().strip("<>").casefold()
