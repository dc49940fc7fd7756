"""A handshake with a domain controller before anything else, to know what is wrong when something is.

libldap only says that it cannot reach a server, whatever the certificate; and it waits without end for one
that takes the connection and then says nothing.
"""

import socket
from pathlib import Path

from mailbot.config import authorities
from mailbot.directory.ldap import trouble
from mailbot.directory.ldap.deadline import BoundedSocket, Deadline

_STARTTLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request of RFC 4511 4.14, message 1, in BER."""

_ANSWER, _RESULT = b"\x78", b"\x0a\x01"
"""The tag of an extended response, and that of the result code in it with its length."""

_MOST = 4096
"""Bytes of the answer: a result code and a sentence."""


def prove(host: str, port: int, starttls: bool, ca_file: Path | None, deadline: Deadline) -> None:
    """Raises SettingsRefused when the server's certificate is not trusted, Unreachable when there is no
    handshake by the deadline. Nothing is signed in to."""
    try:
        context = authorities.trust(ca_file)
    except OSError:
        raise trouble.no_authorities() from None
    deadline.next_call()
    try:
        with socket.create_connection((host, port), timeout=deadline.left()) as line:
            bounded = BoundedSocket(line, deadline)
            if starttls and (code := _asked_for_tls(bounded)):
                raise trouble.no_starttls(code)
            bounded.encrypted(context, host).close()
    except OSError as error:
        raise trouble.no_handshake(error) from None
    except UnicodeError as error:
        raise trouble.lost(error) from None


def _asked_for_tls(line: BoundedSocket) -> int:
    """The result code. Raises OSError when what comes is no answer to this."""
    line.sendall(_STARTTLS)
    received = b""
    while len(received) < _MOST:
        chunk = line.recv(_MOST)
        if not chunk:
            break
        received += chunk
        _, tag, answer = received.partition(_ANSWER)
        _, result, rest = answer.partition(_RESULT)
        if tag and result and rest:
            return rest[0]
    raise OSError("no answer to StartTLS")
