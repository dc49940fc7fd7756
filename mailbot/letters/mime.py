"""A mail as bytes (RFC 5322, multipart/alternative): for `.eml` files and for posts that speak SMTP."""

import hashlib
import re
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from mailbot.model.ids import Address
from mailbot.model.letters import Mail

KEY_HEADER = "X-Mailbot-Letter"
"""Names the letter in what leaves by SMTP, as a property does in what leaves through Exchange."""

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")


def to_bytes(mail: Mail, *, key: bool = False) -> bytes:
    """The same bytes for the same mail; `key` adds KEY_HEADER. All of it is ASCII, unless an address is not:
    then its headers are UTF-8 (RFC 6532). Raises ValueError when a header would break out of its line."""
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise ValueError("a Message-ID looks like <id@domain>")
    message = EmailMessage(policy=SMTPUTF8 if needs_utf8(mail) else SMTP)
    message["From"] = mailbox(mail.sender, mail.sender_name)
    message["To"] = mailbox(mail.to, mail.to_name)
    message["Subject"] = mail.subject
    message["Date"] = mail.date
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", charset="utf-8", cte="quoted-printable")
    # Only now: making the alternative moves every Content-* header that is there into the text part.
    for name, value in mail.headers.items():
        message[name] = value
    if key:
        message[KEY_HEADER] = mail.key
    message.set_boundary(f"=_{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}")
    return message.as_bytes()


def needs_utf8(mail: Mail) -> bool:
    """Whether an address cannot be written in ASCII: only servers with SMTPUTF8 (RFC 6531) take it."""
    return not (mail.to.value.isascii() and mail.sender.value.isascii())


def mailbox(address: Address, name: str = "") -> HeaderAddress:
    user, _, domain = address.value.rpartition("@")
    return HeaderAddress(name, user, domain)
