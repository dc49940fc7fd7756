"""Traps in the client's own machinery: its pool, retries, cache and logs, and what it tells of itself.

Each test shows the trap first where that is cheap, and then that our line does not fall into it.
"""

import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import exchangelib
import pytest
import requests
from exchangelib.errors import (
    EWSError,
    MalformedResponseError,
    RateLimitError,
    SessionPoolMinSizeReached,
    TransportError,
)
from exchangelib.protocol import CachingProtocol, FaultTolerance
from lxml import etree

from mailbot.exchange.ews import calls
from mailbot.exchange.ews.connection import Line
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Reason
from mailbot.model.ids import LetterId
from mailbot.model.letters import Whereabouts
from mailbot.ports import Post
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.roads import EVERYTHING, RULES, SIZE, asked, listen, one, read, rewrite, staff
from tests.contract.stock import hurried, stock
from tests.contract.test_post import arrived, kept, letter, send, where

CANARY = "KANARIE-TREK-5521"


@pytest.fixture
def line(post: Post) -> Line:
    """One line of ours."""
    found: Line = post._line  # type: ignore[attr-defined]
    return found


@contextmanager
def speaking(*names: str) -> Iterator[io.StringIO]:
    """What these loggers say when nobody has silenced them."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    loggers = [logging.getLogger() if name == "root" else logging.getLogger(name) for name in names]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
    try:
        yield written
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate


class Told(Exception):
    """A thread took a lock that it holds already. With a real lock it would hang here for ever."""


class TellingLock:
    """Stands for a lock that no thread can take twice, and says so instead of hanging."""

    def __init__(self) -> None:
        self.held = False

    def __enter__(self) -> None:
        if self.held:
            raise Told
        self.held = True

    def __exit__(self, *_: object) -> None:
        self.held = False


class TestPool:
    def test_shrinking_an_empty_pool_takes_its_lock_twice(
        self, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """As when the server throttles while all connections of the client are in use."""
        with stock(server, somebody.address, connections=4) as account:
            protocol = account.protocol
            assert not hasattr(protocol._session_pool_lock, "_is_owned"), "the lock became reentrant"
            sessions = [protocol.get_session(), protocol.get_session()]
            protocol._session_pool_lock = TellingLock()
            with pytest.raises(Told):
                protocol.decrease_poolsize()
            for session in sessions:
                session.close()

    def test_a_line_has_one_connection_which_nothing_can_shrink(self, line: Line) -> None:
        assert line.protocol.max_connections == 1
        session = line.protocol.get_session()
        with pytest.raises(SessionPoolMinSizeReached):
            line.protocol.decrease_poolsize()
        line.protocol.release_session(session)

    def test_no_call_of_ours_passes_by_what_shrinks_the_pool(
        self,
        open_road: OpenRoad,
        open_post: OpenPost,
        server: SimulatorServer,
        town: Town,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Its retries and its pool are used by `_get_elements` alone."""

        def never(*_: object, **__: object) -> None:
            raise AssertionError("exchangelib's own retries were used")

        monkeypatch.setattr(exchangelib.services.common.EWSService, "_get_elements", never)
        monkeypatch.setattr(exchangelib.protocol.BaseProtocol, "decrease_poolsize", never)
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", count=2, seconds=0.01))
        facts = read(open_road(), staff(town), EVERYTHING)
        assert all(found.was_read for found in facts.values())
        send(open_post(), letter(town))

    def test_many_workers_under_throttling_come_to_an_end(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """What hung the client after a dozen requests: eight threads and a busy server."""
        server.faults.add(
            *(Fault(FaultKind.SERVER_BUSY, nth=nth, count=1, seconds=0.01) for nth in range(3, 30, 3))
        )
        road = open_road(workers=8)
        assert len(read(road, people, EVERYTHING)) == len(people)
        assert server.faults.struck() == 9

    def test_workers_share_no_connection_though_they_share_a_password(
        self, server: SimulatorServer, post: Post, open_post: OpenPost, somebody: Mailbox
    ) -> None:
        """The client gives out one Protocol for equal credentials, with the terms of whoever came first."""
        with stock(server, somebody.address) as first:
            policy = FaultTolerance(max_wait=1)
            second = exchangelib.Configuration(
                service_endpoint=server.endpoint,
                credentials=exchangelib.Credentials(first.protocol.credentials.username, "demo-only"),
                auth_type=exchangelib.BASIC,
                version=first.version,
                retry_policy=policy,
                max_connections=9,
            )
            other = exchangelib.Account(somebody.address, config=second, autodiscover=False)
            assert other.protocol is first.protocol
            assert (other.protocol.max_connections, other.protocol.retry_policy is policy) == (1, False)
        ours = [post._line.protocol, open_post()._line.protocol]  # type: ignore[attr-defined]
        assert ours[0] is not ours[1]
        assert not CachingProtocol._protocol_cache


class TestRetries:
    def test_a_lost_answer_makes_the_client_write_twice_and_us_look(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        server.faults.add(Fault(FaultKind.DROP_AFTER, "CreateItem", count=1))
        with (
            hurried(0.05),
            stock(
                server, town.sender, policy=FaultTolerance(max_wait=5), connections=2, impersonate=False
            ) as account,
        ):
            account.protocol.increase_poolsize()
            account.protocol.increase_poolsize()
            exchangelib.Message(
                account=account, folder=account.drafts, subject=CANARY, to_recipients=["x@voorbeeld.example"]
            ).save()
        mailbox = town.mailbox(town.sender)
        assert mailbox is not None
        assert len([item for item in mailbox.items.values() if item.subject == CANARY]) == 2
        server.faults.clear()
        server.faults.add(Fault(FaultKind.DROP_AFTER, "CreateItem", count=1))
        mail = letter(town)
        with pytest.raises(Unreachable):
            post.prepare(mail)
        assert where(post, mail) is Whereabouts.DRAFTS
        assert len(kept(town, "drafts")) == 1

    def test_a_refused_password_is_tried_again_and_again_by_the_client(
        self, server: SimulatorServer, open_road: OpenRoad, somebody: Mailbox
    ) -> None:
        """It takes 401 for throttling; an account locks after a few of those. We ask once."""
        server.faults.add(Fault(FaultKind.UNAUTHORIZED))
        with hurried(0.01), stock(server, somebody.address, policy=FaultTolerance(max_wait=1)) as account:
            with pytest.raises((EWSError, ValueError)):
                account.oof_settings  # noqa: B018 - reading is the request
            assert server.faults.struck() > 1
        server.faults.clear()
        server.faults.add(Fault(FaultKind.UNAUTHORIZED))
        assert one(open_road(), somebody, SIZE) is Reason.SIGN_IN_REFUSED
        assert server.faults.struck() == 1

    def test_a_busy_server_is_asked_by_the_client_without_end(
        self, server: SimulatorServer, open_road: OpenRoad, somebody: Mailbox
    ) -> None:
        """Its longest wait counts for each wait, not for all together; our deadline is one for all."""
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "GetUserOofSettings", count=40, seconds=0.01))
        with stock(server, somebody.address, policy=FaultTolerance(max_wait=0.02)) as account:
            assert account.oof_settings.state
        assert server.faults.struck() == 40
        server.faults.clear()
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", seconds=0.01))
        assert one(open_road(), somebody, SIZE) is Reason.THROTTLED
        assert server.faults.struck() < 10

    def test_a_wrong_request_is_sent_once_for_every_version_by_the_client(
        self, server: SimulatorServer, open_road: OpenRoad, somebody: Mailbox
    ) -> None:
        server.faults.add(Fault(FaultKind.SOAP_CODE, "GetInboxRules", code="ErrorInvalidRequest"))
        with stock(server, somebody.address) as account, pytest.raises(EWSError) as told:
            list(account.rules)
        assert "ErrorInvalidRequest" not in repr(told.value)
        assert len(asked(server, "GetInboxRules")) > 5
        server.log.clear()
        assert one(open_road(), somebody, RULES) is Reason.OPERATION_MISSING
        assert len(asked(server, "GetInboxRules")) == 1

    def test_a_page_of_a_gateway_ends_up_in_the_clients_error(
        self, server: SimulatorServer, open_road: OpenRoad, post: Post, line: Line, somebody: Mailbox
    ) -> None:
        server.faults.add(Fault(FaultKind.FORBIDDEN_403))
        with stock(server, somebody.address) as account, pytest.raises(TransportError) as told:
            account.oof_settings  # noqa: B018 - reading is the request
        assert isinstance(told.value, MalformedResponseError) and "Aanmelden" in str(told.value)
        with pytest.raises(EwsTrouble) as ours:
            calls.folder_id(line.box(somebody.address), "inbox", time.monotonic() + 20)
        assert str(ours.value) == "access_denied (http_403)"

    def test_our_policy_never_rests_by_itself(self, line: Line) -> None:
        policy = line.protocol.retry_policy
        assert policy.fail_fast and policy.back_off_until is None
        with pytest.raises(ValueError):
            policy.back_off(1)
        assert not isinstance(policy, FaultTolerance) and issubclass(RateLimitError, EWSError)


class TestFirstRequests:
    def test_the_client_asks_twice_before_it_asks(
        self, server: SimulatorServer, open_road: OpenRoad, somebody: Mailbox
    ) -> None:
        """For the way of signing in and for the version, which we give."""
        with stock(server, somebody.address, known=False) as account:
            assert account.oof_settings.state
        before = [line.operation for line in server.access_log() if line.operation != "GetUserOofSettings"]
        assert before
        server.log.clear()
        road = open_road()
        road.sign_in()
        assert [line.operation for line in server.access_log()] == ["GetUserAvailability"]
        server.log.clear()
        one(road, somebody, SIZE)
        assert [line.operation for line in server.access_log()] == ["FindFolder"]

    def test_the_version_of_an_answer_is_followed_by_the_client_and_not_by_us(
        self, server: SimulatorServer, line: Line, somebody: Mailbox
    ) -> None:
        rewrite(
            server,
            "<h:ServerVersionInfo[^>]*>|<[a-z]+:ServerVersionInfo [^>]*>",
            '<h:ServerVersionInfo xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types" '
            'MajorVersion="14" MinorVersion="3" MajorBuildNumber="1" MinorBuildNumber="1" '
            'Version="Exchange2010_SP2"/>',
        )
        with stock(server, somebody.address) as account:
            list(account.rules)
            assert account.version.api_version == "Exchange2010_SP2"
        box = line.box(somebody.address)
        calls.inbox_rules(box, time.monotonic() + 20)
        assert box.version.api_version == line.protocol.config.version.api_version == "Exchange2016"

    def test_every_request_says_its_version_its_mailbox_and_its_zone(
        self,
        server: SimulatorServer,
        line: Line,
        somebody: Mailbox,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The zone is UTC, whatever that of this machine."""
        monkeypatch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        try:
            contents: list[bytes] = []
            heads: list[Any] = []
            listen(server, contents.append)
            send_one = requests.adapters.HTTPAdapter.send

            def tapped(self: Any, request: Any, **options: Any) -> Any:
                heads.append(request.headers)
                return send_one(self, request, **options)

            monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", tapped)
            calls.oof_settings(line.box(somebody.address), time.monotonic() + 20)
        finally:
            monkeypatch.undo()
            time.tzset()
        (content,) = contents
        header = etree.fromstring(content).find("{*}Header")
        assert header.find("{*}RequestServerVersion").get("Version") == "Exchange2016"
        assert header.find("{*}TimeZoneContext/{*}TimeZoneDefinition").get("Id") == "UTC"
        assert heads[-1]["X-AnchorMailbox"] == somebody.address


class TestWhatItTells:
    def test_the_client_names_itself_and_its_libraries(
        self, server: SimulatorServer, line: Line, somebody: Mailbox
    ) -> None:
        with stock(server, somebody.address) as account:
            session = account.protocol.get_session()
            assert "exchangelib/" in session.headers["User-Agent"]
            assert "python-requests/" in session.headers["User-Agent"]
            account.protocol.release_session(session)
        session = line.protocol.get_session()
        assert session.headers["User-Agent"] == "mailbot"
        line.protocol.release_session(session)

    def test_its_log_holds_whole_mails_and_ours_does_not_speak(
        self, server: SimulatorServer, post: Post, town: Town
    ) -> None:
        def mail(account: Any) -> None:
            exchangelib.Message(
                account=account, folder=account.drafts, subject=CANARY, to_recipients=["x@voorbeeld.example"]
            ).save()

        with stock(server, town.sender, impersonate=False) as account:
            with speaking("exchangelib") as said:
                mail(account)
            assert CANARY in said.getvalue()
        with speaking("root") as said:
            send(post, letter(town, subject=CANARY))
        assert "POST" in said.getvalue(), "nobody spoke at all"
        assert CANARY not in said.getvalue()
        for name in ("exchangelib", "exchangelib.util", "exchangelib.util.xml", "spnego", "spnego.anything"):
            assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL), name

    def test_what_nobody_foresaw_puts_the_request_in_its_error_log(
        self, server: SimulatorServer, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At level ERROR, so a quiet log holds it too."""

        def breaks(*_: object, **__: object) -> None:
            raise ArithmeticError

        with stock(server, town.sender, impersonate=False) as account:
            folder = account.drafts
            monkeypatch.setattr(requests.Session, "post", breaks)
            with speaking("exchangelib") as said, suppress(ArithmeticError):
                logging.getLogger("exchangelib").setLevel(logging.ERROR)
                exchangelib.Message(account=account, folder=folder, subject=CANARY).save()
        assert CANARY in said.getvalue()
        assert not logging.getLogger("exchangelib.util").isEnabledFor(logging.CRITICAL)

    def test_the_environment_overrides_the_clients_trust_and_not_ours(
        self, server: SimulatorServer, line: Line, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/else.pem")
        with stock(server, somebody.address) as account:
            session = account.protocol.get_session()
            session.verify = "/ours.pem"
            assert _trust(session) == "/nowhere/else.pem"
            account.protocol.release_session(session)
        session = line.protocol.get_session()
        assert _trust(session) == session.verify
        line.protocol.release_session(session)


def _trust(session: requests.Session) -> Any:
    """What a session holds the server's certificate against."""
    return session.merge_environment_settings("https://a.example/", {}, None, None, None)["verify"]


class TestSessions:
    def test_a_connection_is_worn_out_after_five_hundred_requests(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert exchangelib.protocol.BaseProtocol.MAX_SESSION_USAGE_COUNT is None
        protocol = line.protocol
        first = protocol.get_session()
        first.usage_count = 500
        protocol.release_session(first)
        assert protocol.get_session() is not first

    def test_a_connection_that_could_not_be_made_anew_is_lost_to_the_client(
        self, server: SimulatorServer, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """From then on it waits for a connection that never comes, and nothing can cut it."""
        with stock(server, somebody.address) as account:
            protocol = account.protocol
            session = protocol.get_session()
            monkeypatch.setattr(type(protocol), "create_session", _no_ticket)
            with pytest.raises(OSError):
                protocol.retire_session(session)
            assert protocol.session_pool_size == protocol.max_connections == 1
            assert protocol._session_pool.empty()

    def test_ours_makes_another(
        self, server: SimulatorServer, line: Line, somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        box = line.box(somebody.address)
        assert calls.folder_id(box, "inbox", time.monotonic() + 20)
        pool = line.protocol._session_pool
        get = pool.get

        def never_in_vain(block: bool = True, timeout: float | None = None) -> Any:
            assert not (block and pool.empty()), "it waits for a connection that never comes"
            return get(block, timeout)

        monkeypatch.setattr(pool, "get", never_in_vain)
        create_session = type(line.protocol).create_session
        monkeypatch.setattr(type(line.protocol), "create_session", _no_ticket)
        server.faults.add(Fault(FaultKind.PLAIN_500, count=1))
        with pytest.raises(EwsTrouble):
            calls.folder_id(box, "inbox", time.monotonic() + 20)
        monkeypatch.setattr(type(line.protocol), "create_session", create_session)
        assert calls.folder_id(box, "inbox", time.monotonic() + 20)


def _no_ticket(*_: object) -> requests.Session:
    raise OSError("no ticket can be had now")


class TestWriting:
    def test_a_mail_that_left_is_an_error_to_the_client_when_the_answer_has_another_name(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        rewrite(server, "SendItemResponse>", "SendItemAnswer>")
        with stock(server, town.sender, impersonate=False) as account:
            message = exchangelib.Message(
                account=account, folder=account.drafts, subject=CANARY, to_recipients=[mail.to.value]
            )
            message.save()
            with pytest.raises(TransportError):
                message.send()
        assert [found.subject for found in server.inbox_of(mail.to.value) if found.subject == CANARY]
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        assert where(post, mail) is Whereabouts.SENT
        assert len(arrived(server, mail)) == 1

    def test_deleting_while_paging_leaves_half_of_it_and_we_list_first(
        self, post: Post, server: SimulatorServer, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calls, "FILTERED_PAGE", 2)
        keys = [f"brief-{number}" for number in range(8)]
        for key in keys:
            send(post, letter(town, key=key, subject=CANARY))
        with stock(server, town.sender, impersonate=False) as account:
            account.sent.filter(subject=CANARY).delete(page_size=2, chunk_size=2)
        left = len(kept(town, "sentitems"))
        assert 0 < left < 8
        for key in keys:
            send(post, letter(town, key=key, subject=CANARY))
        wanted = [LetterId(key) for key in keys]
        assert post.tidy(wanted) == frozenset(wanted)
        assert kept(town, "sentitems") == []
