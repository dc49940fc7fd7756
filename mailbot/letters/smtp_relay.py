"""Sends a short plain mail to the administrator through a relay. Not for letters: those go through a post."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from mailbot.letters import smtp_trust
from mailbot.letters.formats import clean
from mailbot.letters.mime import mailbox
from mailbot.model.clock import Clock, SystemClock
from mailbot.model.errors import Unreachable
from mailbot.model.ids import Address

LONGEST_SUBJECT = 150


class SmtpRelay:
    """Call it with a subject and a text. `timeout` is in seconds, for each step of the conversation.

    With `ca_file` its authorities count and no others, else those of the machine; without STARTTLS neither.
    """

    def __init__(
        self,
        host: str,
        port: int,
        starttls: bool,
        sender: Address,
        to: Sequence[Address],
        *,
        clock: Clock | None = None,
        timeout: float = 20.0,
        ca_file: Path | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._to = tuple(to)
        self._clock = clock or SystemClock()
        self._starttls = starttls
        self._timeout = timeout
        self._ca_file = ca_file

    def __call__(self, subject: str, text: str) -> None:
        """Raises Unreachable when the relay did not take the message for every administrator."""
        message = self._message(subject, text)
        try:
            with smtplib.SMTP(self._host, self._port, timeout=self._timeout) as smtp:
                if self._starttls:
                    smtp.starttls(context=smtp_trust.trust(self._ca_file))
                refused = smtp.send_message(message)
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"the relay for operator mail: {smtp_trust.wrong_with(error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"the relay for operator mail failed: {type(error).__name__}") from error
        if refused:
            raise Unreachable(f"the relay refused {len(refused)} of {len(self._to)} administrators")

    def _message(self, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = mailbox(self._sender)
        message["To"] = [mailbox(address) for address in self._to]
        message["Subject"] = clean(subject, LONGEST_SUBJECT)
        message["Date"] = self._clock.now()
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(text, charset="utf-8", cte="quoted-printable")
        return message
