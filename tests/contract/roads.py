"""The roads that the contract runs over, and a small town for them to visit.

A road joins the contract by one more class like `EwsKit`, named in `KITS`.
"""

import dataclasses
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from mailbot.engine.breaker import Breaker
from mailbot.exchange.ews.connection import Server
from mailbot.exchange.ews.kerberos import Keytab
from mailbot.exchange.ews.modern_auth import App
from mailbot.exchange.ews.road import EwsRoad
from mailbot.exchange.ews.visit import Limits
from mailbot.exchange.ews.wire import Proxy
from mailbot.exchange.ews_post import EwsPost
from mailbot.exchange.ews_service_mailbox import EwsServiceMailbox
from mailbot.model.clock import Clock, SetClock
from mailbot.model.facts import Known, MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address
from mailbot.model.needs import (
    Absences,
    AutomaticReply,
    InboxReplyRules,
    MailboxSize,
    Need,
    WorkingHours,
)
from mailbot.ports import Bookmarks, Exchange, Post, ServiceMailbox, Target
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
"""Monday 23 November 2026, 06:00 in Amsterdam."""

ACCOUNT, PASSWORD = "VOORBEELD\\svc-mailbot", "demo-only"

SIZE, ABSENCES, HOURS, REPLY, RULES = (
    MailboxSize(),
    Absences(),
    WorkingHours(),
    AutomaticReply(),
    InboxReplyRules(),
)
EVERYTHING: tuple[Need[Any], ...] = (SIZE, ABSENCES, HOURS, REPLY, RULES)


@dataclass
class Memory:
    """What a house remembers of the sign-in breaker between two processes."""

    text: str | None = None

    def breaker(self, clock: Clock) -> Breaker:
        return Breaker(clock, lambda: self.text, self.remember)

    def remember(self, text: str | None) -> None:
        self.text = text


@dataclass(frozen=True)
class Terms:
    """How a test wants its road. Deadlines in seconds, short enough to wait for."""

    auth: str = "basic"
    password: str = PASSWORD
    impersonate: bool = True
    workers: int = 2
    request_deadline: float = 20.0
    mailbox_deadline: float = 40.0
    run_deadline: float = 120.0
    endpoint: str | None = None
    ca_file: Path | None = None
    keytab: Keytab | None = None
    app: App | None = None
    proxy: Proxy | None = None
    memory: Memory = field(default_factory=Memory)
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    bookmarks: Bookmarks | None = None


class Kit(Protocol):
    """What the contract must know of one road: how to open it, and the names of its operations."""

    name: str
    operations: Mapping[Need[Any], str]

    def exchange(self, server: SimulatorServer, terms: Terms) -> Exchange: ...

    def post(self, server: SimulatorServer, terms: Terms) -> Post: ...

    def service_mailbox(self, server: SimulatorServer, terms: Terms) -> ServiceMailbox: ...


class EwsKit:
    name = "ews"
    operations: Mapping[Need[Any], str] = {
        SIZE: "FindFolder",
        ABSENCES: "GetUserAvailability",
        HOURS: "GetUserAvailability",
        REPLY: "GetUserOofSettings",
        RULES: "GetInboxRules",
    }

    def exchange(self, server: SimulatorServer, terms: Terms) -> EwsRoad:
        limits = Limits(terms.workers, terms.mailbox_deadline, terms.run_deadline)
        breaker = terms.memory.breaker(terms.clock)
        sender = Address(server.town.sender)
        served, marks = _server(server, terms), terms.bookmarks
        return EwsRoad(served, limits, AMSTERDAM, terms.clock, breaker, sender, bookmarks=marks)

    def post(self, server: SimulatorServer, terms: Terms) -> EwsPost:
        breaker = terms.memory.breaker(terms.clock)
        return EwsPost(_server(server, terms), Address(server.town.sender), breaker)

    def service_mailbox(self, server: SimulatorServer, terms: Terms) -> EwsServiceMailbox:
        breaker = terms.memory.breaker(terms.clock)
        return EwsServiceMailbox(_server(server, terms), Address(server.town.sender), breaker)


def _server(server: SimulatorServer, terms: Terms) -> Server:
    return Server(
        endpoint=terms.endpoint or server.endpoint,
        auth=terms.auth,
        username=ACCOUNT,
        password=terms.password,
        impersonate=terms.impersonate,
        ca_file=terms.ca_file,
        request_deadline=terms.request_deadline,
        keytab=terms.keytab,
        app=terms.app,
        proxy=terms.proxy,
    )


KITS: tuple[Kit, ...] = (EwsKit(),)


def target(mailbox: Mailbox) -> Target:
    return Target(mailbox.guid, Address(mailbox.address))


def staff(town: Town) -> list[Mailbox]:
    """The mailboxes of the employees who are not excluded, in a fixed order."""
    left_out = town.excluded()
    return [
        mailbox
        for resident in town.residents
        if resident.recipient_type == "user" and resident.address not in left_out
        for mailbox in [town.mailbox(resident.address)]
        if mailbox is not None
    ]


def nothing_more(_facts: MailboxFacts) -> Collection[Need[Any]]:
    return ()


def values(facts: MailboxFacts) -> dict[str, Any]:
    """What was read, by name of the need: the value, or the reason why not. Without moments of reading."""
    return {
        need.name: fact.value if isinstance(fact, Known) else fact.reason
        for need, fact in facts.values.items()
    }


def reason(facts: MailboxFacts, need: Need[Any]) -> Reason:
    fact = facts.get(need)
    assert isinstance(fact, Unknown), f"{need.name} is known"
    return fact.reason


def read(
    road: Exchange,
    mailboxes: Iterable[Mailbox],
    needs: Collection[Need[Any]] = EVERYTHING,
    follow_up: Callable[[MailboxFacts], Collection[Need[Any]]] = nothing_more,
) -> dict[str, MailboxFacts]:
    """All facts by object GUID. Each mailbox must be answered exactly once."""
    targets = [target(mailbox) for mailbox in mailboxes]
    answered = list(road.read(targets, needs, follow_up, NOW))
    assert sorted(facts.guid for facts in answered) == sorted(t.guid for t in targets)
    return {facts.guid: facts for facts in answered}


def one(road: Exchange, mailbox: Mailbox, need: Need[Any]) -> Any:
    """The value of one need of one mailbox, or the reason why it is unknown."""
    return values(read(road, [mailbox], [need])[mailbox.guid])[need.name]


def asked(server: SimulatorServer, operation: str) -> list[tuple[str, ...]]:
    """Mailboxes of all requests of one operation, in the order of the access log."""
    return [line.mailboxes for line in server.access_log() if line.operation == operation]


REWRITINGS: list[list[int]] = []
"""How often each rewriting of a test found something to rewrite."""


def rewrite(server: SimulatorServer, old: str, new: str, *, count: int = 0) -> None:
    """From now on replace what matches `old` in every answer, as a server with other habits would write it.

    A test in which it never matched fails: it would have proven nothing.
    """
    answer_ews = server.answer_ews
    hits = [0]
    REWRITINGS.append(hits)

    def rewriting(account: str, content: bytes) -> Any:
        answer = answer_ews(account, content)
        body, found = re.subn(old, new, answer.body.decode(), count=count, flags=re.DOTALL)
        hits[0] += found
        return dataclasses.replace(answer, body=body.encode())

    server.answer_ews = rewriting  # type: ignore[method-assign]


def listen(server: SimulatorServer, hear: Callable[[bytes], None]) -> None:
    """Hand every signed-in request to `hear` before it is answered."""
    answer_ews = server.answer_ews

    def hearing(account: str, content: bytes) -> Any:
        hear(content)
        return answer_ews(account, content)

    server.answer_ews = hearing  # type: ignore[method-assign]


def road_threads() -> list[threading.Thread]:
    """All threads of all roads and posts."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("ews-")]


def workers_alive() -> list[str]:
    """Threads that visit mailboxes; the watchdog lives as long as its road."""
    return [thread.name for thread in road_threads() if thread.name != "ews-watchdog"]
