"""Through a proxy: only the one that the settings name, told apart from Exchange whenever it refuses."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.exchange.ews.wire import Proxy
from mailbot.model.errors import Unreachable
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.proxies import Forwarding, address
from tests.contract.roads import SIZE, Memory, read
from tests.contract.wires import Authority, authority, dawdling, encrypted, listening, relay, silent

PATH = "/EWS/Exchange.asmx"
SECRET = "Zeer-Geheim-4711"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours") / "ca", "gemeente Voorbeeld")


@pytest.fixture
def https(server: SimulatorServer, ours: Authority) -> Iterator[str]:
    port = int(server.base_url.rpartition(":")[2])
    with listening(encrypted(relay(port), ours.chain_file)) as tls_port:
        yield f"https://127.0.0.1:{tls_port}{PATH}"


@pytest.fixture
def forwarding() -> Forwarding:
    return Forwarding()


@pytest.fixture
def proxy(https: str, forwarding: Forwarding) -> Iterator[Proxy]:
    with listening(forwarding.serve) as port:
        yield Proxy(address(port))


class TestThroughIt:
    @pytest.mark.parametrize("auth", ["basic", "ntlm"])
    def test_it_signs_in_and_reads(
        self,
        proxy: Proxy,
        https: str,
        open_road: OpenRoad,
        ours: Authority,
        people: list[Mailbox],
        forwarding: Forwarding,
        auth: str,
    ) -> None:
        road = open_road(endpoint=https, ca_file=ours.ca_file, proxy=proxy, auth=auth, workers=2)
        road.sign_in()
        assert all(found.was_read for found in read(road, people, [SIZE]).values())
        port = https.removesuffix(PATH).rpartition(":")[2]
        tunnels = [line.rpartition(" ")[0] for line in forwarding.asked]
        assert tunnels == [f"CONNECT 127.0.0.1:{port}"] * 3, "one for each connection"
        assert "Proxy-Authorization" not in "".join(forwarding.heads)

    def test_the_post_takes_the_same_way(
        self, proxy: Proxy, https: str, open_post: OpenPost, ours: Authority, forwarding: Forwarding
    ) -> None:
        assert open_post(endpoint=https, ca_file=ours.ca_file, proxy=proxy).left_over() == 0
        assert len(forwarding.asked) == 1

    def test_it_shows_its_account_to_the_proxy_and_ours_to_exchange_alone(
        self, proxy: Proxy, https: str, open_road: OpenRoad, ours: Authority, forwarding: Forwarding
    ) -> None:
        forwarding.account = f"svc-proxy:{SECRET}"
        known = Proxy(proxy.url, "svc-proxy", SECRET)
        open_road(endpoint=https, ca_file=ours.ca_file, proxy=known).sign_in()
        (head,) = forwarding.heads
        assert "\r\nAuthorization" not in f"\r\n{head}"
        assert SECRET not in repr(known)

    def test_the_certificate_is_exchange_s_and_is_looked_at(
        self, proxy: Proxy, https: str, open_road: OpenRoad, tmp_path: Path, server: SimulatorServer
    ) -> None:
        theirs = authority(tmp_path / "theirs", "iemand anders")
        with pytest.raises(Unreachable, match="certificate_not_trusted"):
            open_road(endpoint=https, ca_file=theirs.ca_file, proxy=proxy).sign_in()
        assert server.access_log() == []

    def test_no_proxy_of_the_environment_and_no_exception_from_it(
        self,
        proxy: Proxy,
        https: str,
        open_road: OpenRoad,
        ours: Authority,
        forwarding: Forwarding,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "*")
        open_road(endpoint=https, ca_file=ours.ca_file, proxy=proxy).sign_in()
        assert len(forwarding.asked) == 1


class TestRefused:
    """It is the proxy that says no: the service account has shown itself to nobody."""

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            ("407 Proxy Authentication Required", "proxy_username"),
            ("403 Forbidden", "proxy refuses the way"),
            ("401 Unauthorized", "proxy refuses the way"),
            ("503 Service Unavailable", "proxy refuses the way"),
            ("302 Found", "proxy refuses the way"),
        ],
    )
    def test_in_the_proxy_s_name_and_without_its_page(
        self,
        proxy: Proxy,
        https: str,
        open_road: OpenRoad,
        ours: Authority,
        server: SimulatorServer,
        forwarding: Forwarding,
        answer: str,
        says: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        forwarding.answer = answer
        memory = Memory()
        with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable, match=says) as refused:
            open_road(endpoint=https, ca_file=ours.ca_file, proxy=proxy, memory=memory).sign_in()
        assert f"proxy_{answer[:3]}" in str(refused.value)
        assert "Jansen" not in str(refused.value) + caplog.text
        assert memory.text is None, "the breaker is for Exchange's own refusals"
        assert server.access_log() == []

    def test_a_wrong_password_for_the_proxy_is_in_no_text(
        self,
        proxy: Proxy,
        https: str,
        open_road: OpenRoad,
        ours: Authority,
        forwarding: Forwarding,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        forwarding.account = "svc-proxy:another"
        wrong = Proxy(proxy.url, "svc-proxy", SECRET)
        with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable, match="proxy_407") as refused:
            open_road(endpoint=https, ca_file=ours.ca_file, proxy=wrong).sign_in()
        assert SECRET not in str(refused.value) + caplog.text

    def test_one_that_is_not_there(self, https: str, open_road: OpenRoad, ours: Authority) -> None:
        with listening(silent) as port:
            gone = Proxy(address(port))
        with pytest.raises(Unreachable, match="proxy does not answer"):
            open_road(endpoint=https, ca_file=ours.ca_file, proxy=gone).sign_in()

    def test_one_that_does_not_speak_http(self, https: str, open_road: OpenRoad, ours: Authority) -> None:
        with listening(dawdling(b"220 mail.voorbeeld.example ESMTP\r\n\r\n", b"")) as port:
            road = open_road(endpoint=https, ca_file=ours.ca_file, proxy=Proxy(address(port)))
            with pytest.raises(Unreachable, match="proxy_odd_answer"):
                road.sign_in()

    def test_one_that_dawdles_is_cut_off_like_a_server(
        self, https: str, open_road: OpenRoad, ours: Authority
    ) -> None:
        with listening(dawdling(b"HTTP/1.1 200 ", b"O")) as port:
            road = open_road(
                endpoint=https, ca_file=ours.ca_file, proxy=Proxy(address(port)), request_deadline=0.3
            )
            with pytest.raises(Unreachable, match="deadline"):
                road.sign_in()

    def test_one_on_the_way_that_nobody_named(self, open_road: OpenRoad) -> None:
        forwarding = Forwarding(answer="407 Proxy Authentication Required")
        memory = Memory()
        with listening(forwarding.serve) as port, pytest.raises(Unreachable, match="a proxy on the way"):
            open_road(endpoint=address(port) + PATH, memory=memory).sign_in()
        assert memory.text is None
