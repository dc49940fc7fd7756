"""A mail as bytes (RFC 5322, multipart/alternative): for `.eml` files and for posts that speak SMTP."""

import hashlib
import re
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP

from mailbot.model.ids import Address
from mailbot.model.letters import Mail

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


def to_bytes(mail: Mail) -> bytes:
    """The same bytes for the same mail. Raises ValueError when a header would break out of its line."""
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise ValueError("a Message-ID looks like <id@domain>")
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(mail.sender_name, mail.sender)
    message["To"] = _mailbox(mail.to_name, mail.to)
    message["Subject"] = mail.subject
    message["Date"] = mail.date
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", charset="utf-8", cte="quoted-printable")
    # Only now: making the alternative moves every Content-* header that is there into the text part.
    for name, value in mail.headers.items():
        message[name] = value
    message.set_boundary(f"=_{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}")
    return message.as_bytes()


def _mailbox(name: str, address: Address) -> HeaderAddress:
    user, _, domain = address.value.rpartition("@")
    return HeaderAddress(name, user, domain)
