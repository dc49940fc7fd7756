"""Mail as it travels: what Exchange makes of a MIME text.

Classes of reports: MS-OXCMAIL 2.2.3.7.1.1 (delivery) and 2.2.3.7.2 (reading), by the gravest action of any
recipient.
"""

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from mailbot.simulator.mailboxes import Item

PLAIN_CLASS = "IPM.Note"
NON_DELIVERY_CLASS = "REPORT.IPM.Note.NDR"
DELAY_CLASS = "REPORT.IPM.Note.Delayed.DR"
_BY_ACTION = {
    "delivered": "REPORT.IPM.Note.DR",
    "expanded": "REPORT.IPM.Note.Expanded.DR",
    "relayed": "REPORT.IPM.Note.Relayed.DR",
    "delayed": DELAY_CLASS,
    "failed": NON_DELIVERY_CLASS,
}
"""Mildest first."""

_SENSITIVITIES = {"personal": "Personal", "private": "Private", "company-confidential": "Confidential"}
_SUBMITTED = ("x-", "auto-submitted", "list-", "precedence")
"""Beginnings of the headers that a client may set on what it submits."""


def read_mime(item: Item, raw: bytes, *, submitted: bool) -> EmailMessage:
    """Fill an item with what transport reads from a MIME text: headers, correspondents, the richest body.
    Of what a client submits, only headers of its own choice are kept. Gives the parsed text."""
    message = message_from_bytes(raw, policy=policy.default)
    item.mime = base64.b64encode(raw).decode("ascii")
    item.subject = _one_line(message.get("Subject"))
    item.message_id = _one_line(message.get("Message-ID"))
    item.headers = {
        name: _one_line(value)
        for name, value in reversed(message.items())
        if not submitted or name.lower().startswith(_SUBMITTED)
    }
    for name, people in (("To", item.to), ("Cc", item.cc)):
        header = message.get(name)
        if header is not None:
            people += [(found.addr_spec.lower(), found.display_name) for found in header.addresses]
    part = message.get_body(("html", "plain"))
    if part is not None:
        item.body = str(part.get_content())
        item.body_type = "HTML" if part.get_content_subtype() == "html" else "Text"
    return message


def read_arrived(item: Item, raw: bytes, *, converts: bool) -> None:
    """The same of mail from outside. `converts` tells that reports get a class of their own."""
    message = read_mime(item, raw, submitted=False)
    author = message.get("From")
    if author is not None and author.addresses:
        item.sender = author.addresses[0].addr_spec.lower()
        item.sender_name = author.addresses[0].display_name
    item.sensitivity = _SENSITIVITIES.get(_one_line(message.get("Sensitivity")).lower(), "Normal")
    item.item_class = report_class(message) if converts else PLAIN_CLASS


def report_class(message: Message) -> str:
    """The item class that a mail gets when it arrives."""
    if message.get_content_type() != "multipart/report":
        return PLAIN_CLASS
    kind = str(message.get_param("report-type", "")).lower()
    if kind == "disposition-notification":
        return "REPORT.IPM.Note.IPNRN"
    actions = [
        _one_line(fields.get("Action")).lower()
        for part in message.walk()
        if part.get_content_type() == "message/delivery-status"
        for fields in part.get_payload()
        if isinstance(fields, Message)
    ]
    known = [action for action in _BY_ACTION if action in actions]
    return _BY_ACTION[known[-1]] if kind == "delivery-status" and known else PLAIN_CLASS


def is_report(item: Item) -> bool:
    """Whether a mail server made it, to tell what became of a mail."""
    if item.item_class.startswith("REPORT."):
        return item.item_class.endswith(("NDR", "DR"))
    return (item.header("Content-Type") or "").lower().startswith("multipart/report")


def _one_line(value: object) -> str:
    return " ".join(str(value or "").split())
