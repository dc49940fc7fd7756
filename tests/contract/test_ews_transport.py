"""Under the road: whom it trusts, which way it goes, and that no server can hold it longer than agreed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests

from mailbot.exchange.ews import wire
from mailbot.exchange.ews.connection import Line, Server, rest_asked
from mailbot.exchange.ews.trouble import from_exception
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Reason
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.moments import Leap
from tests.contract.roads import NOW, SIZE, read, reason, target
from tests.contract.test_post import letter
from tests.contract.wires import (
    Authority,
    Serve,
    authority,
    dawdling,
    encrypted,
    listening,
    relay,
    silent,
)

PATH = "/EWS/Exchange.asmx"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours") / "ca", "gemeente Voorbeeld")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("theirs") / "ca", "iemand anders")


@pytest.fixture
def https(server: SimulatorServer, ours: Authority) -> Iterator[str]:
    """The simulator behind TLS, with a certificate for 127.0.0.1 of our own authority."""
    port = int(server.base_url.rpartition(":")[2])
    with listening(encrypted(relay(port), ours.chain_file)) as tls_port:
        yield f"https://127.0.0.1:{tls_port}{PATH}"


class TestTrust:
    @pytest.mark.parametrize("auth", ["basic", "ntlm"])
    def test_the_right_authority_is_let_in(
        self, open_road: OpenRoad, https: str, ours: Authority, somebody: Mailbox, auth: str
    ) -> None:
        road = open_road(endpoint=https, ca_file=ours.ca_file, auth=auth, workers=1)
        road.sign_in()
        assert read(road, [somebody], [SIZE])[somebody.guid].was_read

    def test_the_wrong_authority_is_refused(
        self, open_road: OpenRoad, open_post: OpenPost, https: str, theirs: Authority, server: SimulatorServer
    ) -> None:
        with pytest.raises(Unreachable, match="certificate"):
            open_road(endpoint=https, ca_file=theirs.ca_file).sign_in()
        with pytest.raises(Unreachable):
            open_post(endpoint=https, ca_file=theirs.ca_file).prepare(letter(server.town))
        assert server.access_log() == [], "a password went to a server that is not trusted"

    def test_an_authority_of_ones_own_is_not_trusted_unless_named(
        self, open_road: OpenRoad, https: str
    ) -> None:
        with pytest.raises(Unreachable):
            open_road(endpoint=https).sign_in()

    def test_a_certificate_for_another_name_is_refused(
        self, open_road: OpenRoad, https: str, ours: Authority
    ) -> None:
        with pytest.raises(Unreachable):
            open_road(endpoint=https.replace("127.0.0.1", "localhost"), ca_file=ours.ca_file).sign_in()

    def test_a_missing_file_of_authorities_trusts_nobody(
        self, open_road: OpenRoad, https: str, tmp_path: Path
    ) -> None:
        with pytest.raises(Unreachable):
            open_road(endpoint=https, ca_file=tmp_path / "gone.pem").sign_in()

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_the_environment_can_neither_widen_nor_narrow_the_trust(
        self,
        open_road: OpenRoad,
        https: str,
        ours: Authority,
        theirs: Authority,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        monkeypatch.setenv(name, str(theirs.ca_file))
        open_road(endpoint=https, ca_file=ours.ca_file).sign_in()
        monkeypatch.setenv(name, str(ours.ca_file))
        with pytest.raises(Unreachable):
            open_road(endpoint=https, ca_file=theirs.ca_file).sign_in()

    def test_the_environment_can_send_us_through_no_proxy(
        self,
        open_road: OpenRoad,
        https: str,
        ours: Authority,
        server: SimulatorServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, NOBODY)
            monkeypatch.setenv(name.lower(), NOBODY)
        open_road(endpoint=https, ca_file=ours.ca_file).sign_in()
        open_road().sign_in()
        assert len(server.access_log()) == 2

    def test_a_password_in_netrc_is_not_ours(
        self, open_road: OpenRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="ascii")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        open_road().sign_in()

    def test_a_redirect_takes_our_password_nowhere(
        self, open_road: OpenRoad, server: SimulatorServer
    ) -> None:
        head = f"HTTP/1.1 302 Found\r\nLocation: {server.endpoint}\r\nContent-Length: 0\r\n\r\n"
        with listening(dawdling(head.encode(), b"")) as port, pytest.raises(Unreachable, match="http_302"):
            open_road(endpoint=f"http://127.0.0.1:{port}{PATH}").sign_in()
        assert server.access_log() == []


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
DAWDLERS = {
    "a body byte by byte": dawdling(OK + b"Content-Length: 1000000\r\n\r\n<", b" "),
    "a body without an end": dawdling(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "headers byte by byte": dawdling(OK + b"X-More: ", b"x"),
    "a status line byte by byte": dawdling(b"HTTP/1.1 200 ", b"O"),
    "nothing at all": silent,
}


class TestServersThatDawdle:
    """A read timeout counts from byte to byte; only the watchdog ends a call that goes on trickling."""

    @pytest.mark.parametrize("dawdler", DAWDLERS.values(), ids=DAWDLERS)
    def test_no_answer_takes_longer_than_agreed(self, open_road: OpenRoad, dawdler: Serve) -> None:
        with listening(dawdler) as port:
            road = open_road(endpoint=f"http://127.0.0.1:{port}{PATH}", request_deadline=0.3)
            with pytest.raises(Unreachable, match="deadline"):
                road.sign_in()

    @pytest.mark.parametrize("dawdler", DAWDLERS.values(), ids=DAWDLERS)
    def test_not_behind_encryption_either(self, open_road: OpenRoad, ours: Authority, dawdler: Serve) -> None:
        with listening(encrypted(dawdler, ours.chain_file)) as port:
            road = open_road(
                endpoint=f"https://127.0.0.1:{port}{PATH}", ca_file=ours.ca_file, request_deadline=0.3
            )
            with pytest.raises(Unreachable, match="deadline"):
                road.sign_in()

    def test_a_handshake_that_never_comes(self, open_road: OpenRoad) -> None:
        with listening(silent) as port:
            road = open_road(endpoint=f"https://127.0.0.1:{port}{PATH}", request_deadline=0.3)
            with pytest.raises(Unreachable, match="deadline"):
                road.sign_in()

    def test_a_mailbox_that_gets_no_answer(self, open_road: OpenRoad, somebody: Mailbox) -> None:
        with listening(DAWDLERS["headers byte by byte"]) as port:
            road = open_road(endpoint=f"http://127.0.0.1:{port}{PATH}", request_deadline=0.2)
            facts = read(road, [somebody], [SIZE])
        assert reason(facts[somebody.guid], SIZE) is Reason.TIMED_OUT

    def test_a_letter_that_gets_no_answer(self, open_post: OpenPost, server: SimulatorServer) -> None:
        with listening(DAWDLERS["a body byte by byte"]) as port:
            post = open_post(endpoint=f"http://127.0.0.1:{port}{PATH}", request_deadline=0.4)
            with pytest.raises(Unreachable, match="deadline"):
                post.prepare(letter(server.town))


def test_a_server_that_takes_up_no_connection_is_away_and_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that drops packets says nothing. That is an outage, whatever the time for an answer."""
    monkeypatch.setattr(wire, "CONNECT_WITHIN", 0.2)
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # until its queue is full, from when on it takes up nothing
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        session = stack.enter_context(wire.prepare(requests.Session(), None, None))
        with pytest.raises(requests.ConnectTimeout) as met:
            session.post(f"http://127.0.0.1:{deaf.getsockname()[1]}/EWS/Exchange.asmx", timeout=60)
    assert from_exception(met.value).reason is Reason.CONNECTION_LOST


class Cut:
    """Stands for a connection: notes how often it was cut."""

    def __init__(self) -> None:
        self.times = 0
        self.once = threading.Event()

    def cut(self) -> None:
        self.times += 1
        self.once.set()


class TestWatchdog:
    @pytest.fixture
    def watchdog(self) -> Iterator[Watchdog]:
        watchdog = Watchdog()
        yield watchdog
        watchdog.close()

    def test_a_call_over_its_deadline_is_cut_and_cut_again(self, watchdog: Watchdog) -> None:
        """The first cut can come before there is a socket to shut."""
        late = Cut()
        with watchdog.watching(late, time.monotonic() + 0.05):
            assert late.once.wait(60)
            late.once.clear()
            assert late.once.wait(60)

    def test_a_call_that_ends_in_time_is_left_alone(self, watchdog: Watchdog, leap: Leap) -> None:
        quick, late, next_one = Cut(), Cut(), Cut()
        with watchdog.watching(late, time.monotonic() + 600):
            with watchdog.watching(quick, time.monotonic() + 300):
                pass
            leap(1000)
            with watchdog.watching(next_one, time.monotonic()):  # its deadline is near, which wakes the dog
                assert next_one.once.wait(60)
            assert late.once.wait(60)
        assert quick.times == 0

    def test_an_earlier_deadline_that_comes_later_is_seen(self, watchdog: Watchdog) -> None:
        far, near = Cut(), Cut()
        now = time.monotonic()
        with watchdog.watching(far, now + 600), watchdog.watching(near, now + 0.02):
            assert near.once.wait(60)
        assert far.times == 0

    def test_two_calls_on_one_line_are_watched_apart(self, watchdog: Watchdog) -> None:
        line = Cut()
        with watchdog.watching(line, time.monotonic() + 0.05):
            with watchdog.watching(line, time.monotonic() + 600):
                pass
            assert line.once.wait(60)

    def test_it_can_be_closed_twice_and_used_again(self, watchdog: Watchdog) -> None:
        for _ in range(2):
            late = Cut()
            with watchdog.watching(late, time.monotonic()):
                assert late.once.wait(60)
            watchdog.close()
            watchdog.close()

    def test_cutting_a_line_without_a_connection_does_nothing(self, watchdog: Watchdog) -> None:
        Line(Server("http://127.0.0.1:9/", "basic", "x", "y", impersonate=True), watchdog).cut()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "Mon, 23 Nov 2026 05:01:30 GMT", "Date": format_datetime(NOW, usegmt=True)}, 90.0),
        ({"Retry-After": "Mon, 23 Nov 2026 04:00:00 GMT", "Date": format_datetime(NOW, usegmt=True)}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 05:01:30 GMT"}, None),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "straks"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    response = requests.Response()
    response.headers.update(headers)
    assert rest_asked(response) == seconds


def test_a_kept_connection_that_the_server_closed_is_opened_anew(
    open_road: OpenRoad, serve: Callable[..., SimulatorServer], people: list[Mailbox]
) -> None:
    """As when nothing was asked for some minutes. Not one try of a mailbox is lost on it."""
    server = serve()
    answers = open_road(server, workers=1).read(
        [target(mailbox) for mailbox in people], [SIZE], lambda _facts: (), NOW
    )
    facts = [next(answers)]
    server._http.close_connections()
    facts += answers
    assert all(found.was_read for found in facts)
