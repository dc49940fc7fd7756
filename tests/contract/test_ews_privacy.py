"""Nothing that a server says, and nothing that signs us in, shows in a log, an error or a kept value.

Canaries stand in every mailbox of the simulator; here servers also put them where no server should: into
response codes, error texts, web pages and headers.
"""

import base64
import io
import logging
import traceback
from collections.abc import Callable, Iterator

import pytest
import structlog

from mailbot.model.errors import MailbotError
from mailbot.model.facts import Reason
from mailbot.ports import Exchange, Post, PostRefused
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import InboxRule, Mailbox
from mailbot.simulator.stories import enabled
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.moments import Hurry
from tests.contract.roads import ACCOUNT, PASSWORD, read, rewrite, staff, values
from tests.contract.test_post import letter, send

CANARY = "KANARIE-SERVERTEKST-9017"
ERRORS = (FaultKind.CODE, FaultKind.SOAP_CODE)


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """Everything that any logger of this process says from DEBUG on, with the stack of every error."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    with structlog.testing.capture_logs() as ours:
        yield lambda: written.getvalue() + repr(ours)
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def talkative(server: SimulatorServer, people: list[Mailbox]) -> SimulatorServer:
    """A server with something to hide in every mailbox."""
    for mailbox in people:
        mailbox.reply = enabled()
        mailbox.rules = [InboxRule("KANARIE-REGEL-3308", replies=True, subject_words=("KANARIE-WOORD",))]
    return server


def secrets(town: Town) -> list[str]:
    basic = base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()
    return [*town.canaries(), "KANARIE", CANARY, PASSWORD, basic, "TlRMTVNTUAAD"]


def assert_silent(text: str, town: Town) -> None:
    assert [secret for secret in secrets(town) if secret in text] == []


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_reading_and_sending_say_nothing_even_at_debug(
    open_road: OpenRoad,
    open_post: OpenPost,
    talkative: SimulatorServer,
    town: Town,
    logged: Callable[[], str],
    auth: str,
) -> None:
    facts = read(open_road(auth=auth), staff(town))
    assert_silent(repr(facts), town)
    post = open_post(auth=auth)
    mail = letter(town, subject=f"Over {CANARY}", html=f"<p>{CANARY}</p>", to_name="KANARIE-NAAM")
    send(post, mail)
    post.trace(mail.key, mail.message_id)
    post.tidy([mail.key])
    assert "urllib3" in logging.root.manager.loggerDict, "the libraries did not log at all"
    assert_silent(logged(), town)
    assert_silent(repr(post) + repr(mail), town)


@pytest.mark.parametrize("kind", [k for k in FaultKind if k not in (FaultKind.UNAUTHORIZED, FaultKind.SLOW)])
def test_troubles_say_nothing_either(
    open_road: OpenRoad,
    open_post: OpenPost,
    talkative: SimulatorServer,
    town: Town,
    logged: Callable[[], str],
    hurry: Hurry,
    kind: FaultKind,
) -> None:
    road = open_road()
    road.sign_in()
    post = open_post()
    if kind is FaultKind.HANG:
        hurry()
    mail = letter(town, html=f"<p>{CANARY}</p>")
    talkative.faults.add(Fault(kind, code=CANARY))
    facts = read(road, staff(town)[:2])
    told = []
    for step in (lambda: post.prepare(mail), post.left_over, lambda: post.trace(mail.key, "<x@y.example>")):
        try:
            step()
        except (MailbotError, PostRefused) as error:
            told.append("".join(traceback.format_exception(error)))
    try:
        open_road().sign_in()
    except MailbotError as error:
        told.append("".join(traceback.format_exception(error)))
    assert kind is FaultKind.VALUE_MISSING or told
    assert_silent("".join(told) + repr(facts) + logged(), town)


@pytest.mark.parametrize("kind", ERRORS)
def test_words_in_the_place_of_a_response_code_are_not_repeated(
    open_road: OpenRoad,
    server: SimulatorServer,
    people: list[Mailbox],
    logged: Callable[[], str],
    kind: FaultKind,
) -> None:
    server.faults.add(Fault(kind, "FindFolder", code=CANARY))
    facts = read(open_road(), people[:2])
    assert {values(found)["mailbox size"] for found in facts.values()} == {Reason.ANSWER_BROKEN}
    assert CANARY not in logged() + repr(facts)


def test_words_in_error_texts_are_not_repeated(
    open_road: OpenRoad,
    open_post: OpenPost,
    server: SimulatorServer,
    town: Town,
    people: list[Mailbox],
    logged: Callable[[], str],
) -> None:
    road = open_road()
    road.sign_in()
    server.faults.add(Fault(FaultKind.CODE, code="ErrorMailboxMoveInProgress"))
    rewrite(server, "<m:MessageText>.*?</m:MessageText>", f"<m:MessageText>{CANARY}</m:MessageText>")
    facts = read(road, people[:2])
    with pytest.raises(MailbotError) as error:
        open_post().prepare(letter(town))
    told = "".join(traceback.format_exception(error.value))
    assert CANARY not in logged() + repr(facts) + told


def test_the_password_is_in_no_repr(road: Exchange, post: Post) -> None:
    server = road._server  # type: ignore[attr-defined]
    line = post._line  # type: ignore[attr-defined]
    assert PASSWORD not in repr(server) + repr(line.protocol) + repr(line.protocol.credentials)
