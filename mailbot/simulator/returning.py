"""Reports of non-delivery, as Exchange writes them for a mail that it could not deliver.

Shape: RFC 3464 in RFC 6522; beside it the headers that Exchange sets (In-Reply-To, References and
X-MS-Exchange-Message-Is-Ndr). MS-OXCMAIL 2.1.3.6.1 tells how the MIME text is made when a client asks.
"""

import base64
import uuid
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

from mailbot.simulator.mailboxes import Item
from mailbot.simulator.mime import NON_DELIVERY_CLASS, read_mime

POSTMASTER = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@voorbeeld.example"
NOT_FOUND = "5.1.10"
SERVER = "mail.voorbeeld.example"


def non_delivery(item_id: str, folder: str, sent: Item, address: str, now: datetime) -> Item:
    """The report for the sender of `sent` that `address` does not exist."""
    report = Item(
        item_id,
        folder,
        item_class=NON_DELIVERY_CLASS,
        sender=POSTMASTER,
        sender_name="Microsoft Outlook",
        created=now,
        sent=now,
        received=now,
        arrived=True,
    )
    read_mime(report, _text(sent, address, now), submitted=False)
    return report


def _text(sent: Item, address: str, now: datetime) -> bytes:
    report = MIMEMultipart("report", policy=policy.SMTP)
    report.set_param("report-type", "delivery-status")
    report["From"] = f"Microsoft Outlook <{POSTMASTER}>"
    report["To"] = sent.sender
    report["Subject"] = " ".join(f"Niet te bezorgen: {sent.subject}".split())
    report["Date"] = format_datetime(now)
    report["Message-ID"] = f"<{uuid.uuid4().hex}@{SERVER}>"
    report["In-Reply-To"] = report["References"] = sent.message_id
    report["Auto-Submitted"] = "auto-replied"
    report["X-MS-Exchange-Message-Is-Ndr"] = ""
    why = f"550 {NOT_FOUND} RESOLVER.ADR.RecipientNotFound; Recipient not found"
    report.attach(MIMEText(f"Het bericht is niet bezorgd bij {address}.\n\n{why}\n", "plain", "utf-8"))
    report.attach(_status(address, why))
    report.attach(_returned(sent))
    return report.as_bytes()


def _status(address: str, why: str) -> MIMEBase:
    """Two groups of fields: about the message, and about the one recipient."""
    about, recipient = Message(policy.SMTP), Message(policy.SMTP)
    about["Reporting-MTA"] = f"dns;{SERVER}"
    recipient["Original-Recipient"] = f"rfc822;{address}"
    recipient["Final-Recipient"] = f"rfc822;{address}"
    recipient["Action"] = "failed"
    recipient["Status"] = NOT_FOUND
    recipient["Diagnostic-Code"] = f"smtp;{why}"
    part = MIMEBase("message", "delivery-status", policy=policy.SMTP)
    part.set_payload([about, recipient])
    return part


def _returned(sent: Item) -> MIMEBase:
    part = MIMEBase("message", "rfc822", policy=policy.SMTP)
    if sent.mime:
        original: Message = message_from_bytes(base64.b64decode(sent.mime), policy=policy.SMTP)
    else:
        original = EmailMessage(policy.SMTP)
        original["From"] = sent.sender
        original["Subject"] = " ".join(sent.subject.split())
        original["Message-ID"] = sent.message_id
        for name, value in sent.headers.items():
            if name.lower() not in ("subject", "from", "message-id", "sensitivity"):
                original[name] = value
        original.set_payload("")
    part.set_payload([original])
    return part
