"""The posts that the contract runs over, each with what can happen to a letter on its way.

A post joins the contract by one more class like these, named in `WORLDS`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from mailbot.exchange.ews_post import EwsPost
from mailbot.letters.smtp_post import SmtpPost
from mailbot.letters.submission import MailServer
from mailbot.model.clock import SetClock
from mailbot.model.ids import Address
from mailbot.model.letters import Mail
from mailbot.model.message_id import message_id
from mailbot.ports import Post
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from tests.contract.mail_desk import ACCOUNT, HOST, PASSWORD, MailDesk, Trouble, loopback_authority, mail_desk
from tests.contract.roads import NOW, EwsKit, Memory, Terms


class World(Protocol):
    """A post, and the ways in which its server can fail the next letters."""

    post: Post

    def loses_the_answer(self) -> None:
        """The next letter leaves, and nobody hears of it."""

    def loses_the_letter(self) -> None:
        """The next one does not leave, and nobody hears of that either."""

    def refuses(self, mail: Mail) -> None:
        """For good, until `mends`."""

    def mends(self) -> None: ...

    def asked(self) -> int:
        """How often the service mailbox was asked for anything."""


class EwsWorld:
    def __init__(self, server: SimulatorServer, post: EwsPost) -> None:
        self.post: Post = post
        self._server = server

    def loses_the_answer(self) -> None:
        self._server.faults.add(Fault(FaultKind.DROP_AFTER, "SendItem", count=1))

    def loses_the_letter(self) -> None:
        self._server.faults.add(Fault(FaultKind.DROP_BEFORE, "SendItem", count=1))

    def refuses(self, mail: Mail) -> None:
        self._server.faults.add(Fault(FaultKind.CODE, "SendItem", code="ErrorInvalidRecipients"))

    def mends(self) -> None:
        self._server.faults.clear()

    def asked(self) -> int:
        return len(self._server.access_log())


class SmtpWorld:
    def __init__(self, server: SimulatorServer, desk: MailDesk, post: SmtpPost) -> None:
        self.post: Post = post
        self._server = server
        self._desk = desk

    def loses_the_answer(self) -> None:
        self._desk.at["DOT"] = Trouble.TAKE_AND_HANG_UP

    def loses_the_letter(self) -> None:
        self._desk.at["DOT"] = Trouble.HANG_UP

    def refuses(self, mail: Mail) -> None:
        self._desk.at[f"RCPT {mail.to.value}"] = "550 5.1.1 no such user"

    def mends(self) -> None:
        self._desk.at.clear()

    def asked(self) -> int:
        return len(self._server.access_log())


@contextmanager
def ews_world(server: SimulatorServer, _folder: Path) -> Iterator[EwsWorld]:
    post = EwsKit().post(server, Terms())
    try:
        yield EwsWorld(server, post)
    finally:
        post.close()


@contextmanager
def smtp_world(server: SimulatorServer, folder: Path) -> Iterator[SmtpWorld]:
    """Letters go to a mail server that hands them on into Exchange, where the service mailbox is read."""
    sender, clock = Address(server.town.sender), SetClock(NOW)
    breaker = Memory().breaker(clock)
    mailbox = EwsKit().service_mailbox(server, Terms())
    with mail_desk(loopback_authority(folder)) as desk:
        desk.hands_on = lambda letter: server.receive(letter.content, letter.to)
        way = MailServer(HOST, desk.port, username=ACCOUNT, password=PASSWORD, ca_file=desk.ca_file)
        named = partial(message_id, sender=sender)
        post = SmtpPost(way, sender, lambda: mailbox, named, breaker, clock)
        try:
            yield SmtpWorld(server, desk, post)
        finally:
            post.close()
            mailbox.close()


WORLDS: dict[str, Callable[[SimulatorServer, Path], AbstractContextManager[World]]] = {
    "ews": ews_world,
    "smtp": smtp_world,
}
