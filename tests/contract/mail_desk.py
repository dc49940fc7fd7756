"""A mail server that does at each step what a test wants: answer otherwise, hang up, be silent, drip.

It takes letters as RFC 5321 has it: a letter is taken when its final dot was, and not before.
"""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from tests.contract.wires import LOOPBACK, Authority, authority, listening

ACCOUNT, PASSWORD = "postbushulp@voorbeeld.example", "Só geheim-42"


class Trouble(Enum):
    HANG_UP = auto()
    SILENCE = auto()
    DRIP = auto()  # one sign at a time, for ever, each of them in time
    TAKE_AND_HANG_UP = auto()  # of the final dot: the letter is taken, and nobody hears of it
    NONSENSE = auto()
    HALF = auto()  # the code, and no end of the line


Behaviour = str | Trouble


@dataclass(frozen=True)
class Taken:
    """A letter: its envelope, and its text as it was sent."""

    sender: str
    to: tuple[str, ...]
    content: bytes = field(repr=False)
    options: str = ""


@dataclass
class MailDesk:
    """`at` says what to do at a step: GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, `RCPT <address>`, DATA,
    TEXT (after DATA, before the final dot), DOT, RSET, NOOP or QUIT. `heard` are the steps of all
    connections, in order; `hands_on` gets every letter that was taken."""

    tls: Authority
    implicit: bool = False
    extensions: tuple[str, ...] = ("SIZE 10485760", "8BITMIME", "SMTPUTF8")
    mechanisms: str = "PLAIN LOGIN"
    at: dict[str, Behaviour] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    hands_on: Callable[[Taken], None] = lambda _letter: None
    connections: int = 0
    port: int = 0

    @property
    def ca_file(self) -> Path:
        return self.tls.ca_file

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        self.connections += 1
        connection.settimeout(20)
        with suppress(_Ended, OSError, ValueError):
            _Talk(self, connection, over).run()

    def arrived(self, address: str) -> list[Taken]:
        return [letter for letter in self.taken if address in letter.to]


class _Ended(Exception):
    """This connection is over."""


class _Talk:
    def __init__(self, desk: MailDesk, connection: socket.socket, over: threading.Event) -> None:
        self._desk = desk
        self._over = over
        self._encrypted = False
        self._connection = connection
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(desk.tls.chain_file)
        if desk.implicit:
            self._encrypt()
        self._lines = self._connection.makefile("rb")
        self._sender, self._options, self._to = "", "", list[str]()

    def run(self) -> None:
        try:
            self._answer("GREETING", "220 post.voorbeeld.example ESMTP")
            while True:
                self._one(self._line())
        finally:
            with suppress(OSError, ValueError):
                # not as a TLS server would end it: a cut line looks the same everywhere
                self._connection.close()

    def _one(self, line: bytes) -> None:
        words = line.decode("utf-8", "replace")
        verb = words.split(" ")[0].upper()
        match verb:
            case "EHLO":
                self._desk.greeted.append(words.partition(" ")[2])
                self._answer("EHLO", "\r\n".join(self._offers()))
            case "STARTTLS":
                self._answer("STARTTLS", "220 go ahead")
                self._encrypt()
                self._lines = self._connection.makefile("rb")
            case "AUTH":
                self._sign_in(words.split(" "))
            case "MAIL":
                address, _, self._options = words[len("MAIL FROM:<") :].partition(">")
                if self._answer("MAIL", "250 2.1.0 ok"):
                    self._sender, self._to = address, []
            case "RCPT":
                address = words[len("RCPT TO:<") :].partition(">")[0]
                step = f"RCPT {address}" if f"RCPT {address}" in self._desk.at else "RCPT"
                if self._answer(step, "250 2.1.5 ok"):
                    self._to.append(address)
            case "DATA":
                if self._answer("DATA", "354 go ahead"):
                    self._take()
            case "RSET" | "NOOP":
                self._answer(verb, "250 2.0.0 ok")
            case "QUIT":
                self._answer("QUIT", "221 2.0.0 bye")
                raise _Ended
            case _:
                self._say("500 5.5.1 what?")

    def _offers(self) -> Iterator[str]:
        offered = ["post.voorbeeld.example"]
        if self._encrypted:
            offered += self._desk.extensions
            offered += [f"AUTH {self._desk.mechanisms}"] if self._desk.mechanisms else []
        elif "STARTTLS" not in self._desk.at:
            offered.append("STARTTLS")
        for number, offer in enumerate(offered, start=1):
            yield f"250{' ' if number == len(offered) else '-'}{offer}"

    def _sign_in(self, words: list[str]) -> None:
        if words[1] == "PLAIN":
            given = base64.b64decode(words[2]).decode().split("\0")[1:]
        else:
            given = []
            for asks in ("Username:", "Password:"):
                self._say(f"334 {base64.b64encode(asks.encode()).decode()}")
                given.append(base64.b64decode(self._line()).decode())
        good = given == [ACCOUNT, PASSWORD]
        self._answer("AUTH", "235 2.7.0 welcome" if good else "535 5.7.8 no")

    def _take(self) -> None:
        text: list[bytes] = []
        if self._desk.at.get("TEXT") is Trouble.HANG_UP:
            self._line()
            raise _Ended
        while (line := self._line()) != b".":
            text.append(line.removeprefix(b"."))
        to, self._to = tuple(self._to), []
        letter = Taken(self._sender, to, b"\r\n".join(text) + b"\r\n", self._options)
        wanted = self._desk.at.get("DOT")
        if not isinstance(wanted, str) and wanted not in (Trouble.HANG_UP, Trouble.SILENCE):
            self._desk.taken.append(letter)
            self._desk.hands_on(letter)
        self._answer("DOT", "250 2.0.0 queued")

    def _answer(self, step: str, otherwise: str) -> bool:
        """Whether the answer was a good one."""
        self._desk.heard.append(step)
        wanted = self._desk.at.get(step, otherwise)
        match wanted:
            case Trouble.HANG_UP | Trouble.TAKE_AND_HANG_UP:
                raise _Ended
            case Trouble.SILENCE:
                self._over.wait(20)
                raise _Ended
            case Trouble.DRIP:
                self._connection.sendall(b"2")
                while not self._over.wait(0.02):
                    self._connection.sendall(b"5")
                raise _Ended
            case Trouble.HALF:
                self._connection.sendall(b"250")
                raise _Ended
            case Trouble.NONSENSE:
                self._say("<html>")
                return False
            case _:
                assert isinstance(wanted, str)
                self._say(wanted)
                if wanted.startswith("421"):
                    raise _Ended
                return wanted[0] in "23"

    def _encrypt(self) -> None:
        self._connection = self._context.wrap_socket(self._connection, server_side=True)
        self._encrypted = True

    def _say(self, text: str) -> None:
        self._connection.sendall(text.encode() + b"\r\n")

    def _line(self) -> bytes:
        line = self._lines.readline()
        if not line.endswith(b"\r\n"):
            raise _Ended
        return line[:-2]


@contextmanager
def mail_desk(tls: Authority, **terms: object) -> Iterator[MailDesk]:
    desk = MailDesk(tls, **terms)  # type: ignore[arg-type]
    with listening(desk.serve) as port:
        desk.port = port
        yield desk


def loopback_authority(folder: Path) -> Authority:
    """Trusted for 127.0.0.1 by who is given its file, and by nobody else."""
    return authority(folder / "tls", "de mailserver")


HOST = LOOPBACK
