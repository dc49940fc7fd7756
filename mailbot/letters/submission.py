"""One conversation with a mail server that takes letters (RFC 6409), step by step. It is always encrypted.

Every step is over by the conversation's deadline, however slowly the server goes on answering: time-outs of a
socket are for each piece that is read, so a server that drips would hold us for ever.
"""

import base64
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mailbot.letters import smtp_trust
from mailbot.model.errors import Unreachable

_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")
_DOT = re.compile(rb"^\.", re.MULTILINE)
CLOSING = 421
GO_ON = 354
"""To DATA (RFC 5321, 4.3.2). Anything else that is no refusal was the answer to something else."""

CREDENTIALS_LATER, UNKNOWN_WAY = 334, 504
NO_WORD_OF_ACCOUNTS = ("5.3.", "5.5.")
"""Enhanced codes of the server's own state, and of the protocol (RFC 3463, 2)."""


TLS_FITS = "does smtp_tls fit smtp_port: implicit with 465, starttls with 587"
NEVER_A_WORD = f". Is a firewall in between, and {TLS_FITS}"
"""A server that waits for encryption says nothing to a client that waits for a greeting, and neither does a
firewall."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """`deadline` in seconds, for opening a connection and for each letter. Without `username` nobody signs
    in. Without `ca_file` the authorities of the machine are trusted."""

    host: str
    port: int
    tls: Literal["starttls", "implicit"] = "starttls"
    username: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    deadline: float = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said, in numbers: its words can hold an address."""

    code: int
    enhanced: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300

    @property
    def for_good(self) -> bool:
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced}".strip()


class Lost(Exception):
    """The conversation is over before it came to its end. Says why, without a word of the server's."""


class LoginRefused(Exception):
    """The server knows the account and refuses it; `reply` is its answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class Deadline:
    """Shuts a connection under whoever waits for it. Keeps a handle of its own, which encryption that is laid
    over the connection meanwhile does not change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._watch: object | None = None
        self.passed = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """The connection is shut when the block lasts longer. One block at a time."""
        self.passed = False
        self._watch = watch = object()
        timer = threading.Timer(seconds, self._pass, (watch,))
        timer.name, timer.daemon = "smtp-deadline", True
        timer.start()
        try:
            yield
        finally:
            with self._lock:
                self._watch = None
            timer.cancel()

    def guard(self, connection: socket.socket) -> None:
        with self._lock:
            self._handle = connection.dup()

    def cut(self) -> None:
        """From any thread."""
        with self._lock:
            self._shut()

    def release(self) -> None:
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.close()

    def _pass(self, watch: object) -> None:
        with self._lock:
            if self._watch is watch:
                self.passed = True
                self._shut()

    def _shut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)


class _WholeLines:
    """What a server said, line by line. One that breaks off is no line: `250` can be the half of anything."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        return line if line.endswith(b"\n") or len(line) == size else b""

    def close(self) -> None:
        self._file.close()


class _Client(smtplib.SMTP):
    """Connects by a deadline, and says its address instead of a name that it would have to look up."""

    def __init__(self, server: MailServer, trust: ssl.SSLContext, deadline: Deadline) -> None:
        super().__init__(local_hostname="localhost", timeout=server.deadline)
        self._host = server.host  # what STARTTLS holds the certificate against
        self._server = server
        self.trust = trust
        self._deadline = deadline

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _WholeLines(self.sock)
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = _reach(host, port, timeout)
        self._deadline.guard(connection)
        here = connection.getsockname()[0]
        self.local_hostname = f"[IPv6:{here}]" if ":" in here else f"[{here}]"
        if self._server.tls == "starttls":
            return connection
        return self.trust.wrap_socket(connection, server_hostname=host)


def _reach(host: str, port: int, seconds: float) -> socket.socket:
    """A connection to the first address of the host that answers, all of them within the time."""
    end = time.monotonic() + seconds
    failed: OSError = TimeoutError("no address answered in time")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if (left := end - time.monotonic()) <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(left)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
            continue
        connection.settimeout(seconds)
        return connection
    raise failed


class Submission:
    """One connection; `letters` that it took so far. Every step raises Lost when the connection is."""

    def __init__(self, server: MailServer) -> None:
        """Raises Lost when there is nothing to check the server by."""
        self._server = server
        self._deadline = Deadline()
        try:
            trust = smtp_trust.trust(server.ca_file)
        except Unreachable as error:
            raise Lost(str(error)) from None
        self._client = _Client(server, trust, self._deadline)
        self._greeted = False
        self.letters = 0

    def open(self) -> None:
        """Connect, encrypt and sign in. Raises also LoginRefused."""
        server, client = self._server, self._client
        with self._step(), self._deadline.within(server.deadline):
            self._must(self._read(client.connect(server.host, server.port)), "a greeting")
            self._greeted = True
            self._must(self._read(client.ehlo()), "EHLO")
            if server.tls == "starttls":
                if not client.has_extn("starttls"):
                    raise Lost("it offers no STARTTLS, and nothing is sent unencrypted")
                client.starttls(context=client.trust)
                self._must(self._read(client.ehlo()), "EHLO")
            if server.username is not None:
                self._sign_in(server.username)

    def alive(self) -> bool:
        try:
            with self._step(), self._deadline.within(self._server.deadline):
                return self._read(self._client.noop()).good
        except Lost:
            return False

    def takes(self, extension: str) -> bool:
        return bool(self._client.has_extn(extension))

    @contextmanager
    def one_letter(self) -> Iterator[None]:
        """What is inside is cut off when it lasts longer than the deadline."""
        with self._deadline.within(self._server.deadline):
            yield

    def sender(self, address: str, options: Sequence[str]) -> Reply:
        with self._step():
            return self._read(self._client.mail(address, options))

    def recipient(self, address: str) -> Reply:
        with self._step():
            return self._read(self._client.rcpt(address))

    def data(self) -> Reply | None:
        """Why the letter may not follow; None when it may."""
        with self._step():
            reply = self._read(self._client.docmd("DATA"), GO_ON)
            if reply.code == GO_ON:
                return None
            if reply.code < 400:
                raise Lost(f"it answers {reply} to DATA")
            return reply

    def body(self, content: bytes) -> None:
        """All but the final dot: until that is there the server may not take the letter (RFC 5321, 4.1.1.4).
        Lines end in CRLF, the last one too."""
        with self._step():
            self._client.send(_DOT.sub(b"..", content))

    def final_dot(self) -> None:
        with self._step():
            self._client.send(b".\r\n")

    def answer(self) -> Reply:
        """Whether the server took the letter."""
        with self._step():
            reply = self._read(self._client.getreply())
        self.letters += reply.good
        return reply

    def reset(self) -> None:
        with self._step():
            self._must(self._read(self._client.rset()), "RSET")

    def quit(self) -> None:
        """Never raises."""
        with suppress(Lost), self._step(), self._deadline.within(min(5.0, self._server.deadline)):
            self._client.quit()
        self.drop()

    def drop(self) -> None:
        """Without a word. Never raises."""
        self._client.close()
        self._deadline.release()

    def cut(self) -> None:
        """End the step under way, in whatever thread that is."""
        self._deadline.cut()

    def _sign_in(self, username: str) -> None:
        """With the first way that both sides know, once: every way more that is tried with a wrong password
        is a refusal more, and accounts lock."""
        offered = self._client.esmtp_features.get("auth", "").upper().split()
        password = self._server.password
        if "PLAIN" in offered:
            said = self._says(f"AUTH PLAIN {_coded(f'{chr(0)}{username}{chr(0)}{password}')}")
        elif "LOGIN" in offered:
            said = self._says("AUTH LOGIN")
            for secret in (username, password):
                said = self._says(_coded(secret)) if said.code == CREDENTIALS_LATER else said
        else:
            raise Lost("it offers neither AUTH PLAIN nor AUTH LOGIN")
        if said.for_good and said.code != UNKNOWN_WAY and not said.enhanced.startswith(NO_WORD_OF_ACCOUNTS):
            raise LoginRefused(said)  # 535 by RFC 4954, and what else servers say instead: accounts lock
        self._must(said, "the account")

    def _says(self, command: str) -> Reply:
        return self._read(self._client.docmd(command), CREDENTIALS_LATER)

    @staticmethod
    def _read(said: tuple[int, bytes], in_between: int | None = None) -> Reply:
        """Raises Lost for what is no answer of a mail server, or was the answer to something else: it asks to
        go on where only `in_between`, if anything, does."""
        code, words = said
        if not 200 <= code < 600:
            raise Lost("its answer cannot be understood")
        if 300 <= code < 400 and code != in_between:
            raise Lost(f"it answers {code} out of turn")
        enhanced = _ENHANCED.match(words)
        return Reply(code, enhanced.group().decode() if enhanced else "")

    @staticmethod
    def _must(reply: Reply, asked: str) -> None:
        if not reply.good:
            raise Lost(f"it answers {reply} to {asked}")

    @contextmanager
    def _step(self) -> Iterator[None]:
        """Every way in which a connection fails, as Lost, in none of its words: they can hold an address."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Lost(smtp_trust.wrong_with(error)) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if self._deadline.passed or _timed_out(error):
                raise Lost("it did not answer in time" + ("" if self._greeted else NEVER_A_WORD)) from None
            if isinstance(error, smtplib.SMTPResponseException):
                raise Lost(f"it answers {error.smtp_code}") from None
            raise Lost(_in_words(error)) from None


def _timed_out(error: Exception) -> bool:
    """smtplib says of a time-out that the connection was closed."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _in_words(error: Exception) -> str:
    """What an operator can look at; the name of the error where that is not known."""
    if isinstance(error, socket.gaierror):
        return "no address is found for smtp_host"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused: does it listen on smtp_port, and may this machine reach it"
    if isinstance(error, ConnectionError | smtplib.SMTPServerDisconnected):
        return "it ended the connection"
    if isinstance(error, ssl.SSLError):
        return f"encryption failed: {TLS_FITS} ({type(error).__name__})"
    return type(error).__name__


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
