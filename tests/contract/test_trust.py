"""Whom the road believes to be Exchange: authorities of its own choice, and a plain word on each refusal."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from mailbot.config import authorities
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.trust import trust
from mailbot.model.errors import Unreachable
from mailbot.simulator import SimulatorServer
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.roads import Memory
from tests.contract.test_post import letter
from tests.contract.wires import Authority, authority, encrypted, listening, relay

PATH = "/EWS/Exchange.asmx"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours") / "ca", "gemeente Voorbeeld")


def behind_tls(server: SimulatorServer, chain: Authority) -> "Iterator[str]":
    port = int(server.base_url.rpartition(":")[2])
    with listening(encrypted(relay(port), chain.chain_file)) as tls_port:
        yield f"https://127.0.0.1:{tls_port}{PATH}"


@pytest.fixture
def https(server: SimulatorServer, ours: Authority) -> "Iterator[str]":
    yield from behind_tls(server, ours)


@pytest.fixture
def expired(server: SimulatorServer, tmp_path: Path) -> "Iterator[tuple[str, Authority]]":
    made = authority(tmp_path / "expired", "gemeente Voorbeeld", years=(2020, 2021))
    for endpoint in behind_tls(server, made):
        yield endpoint, made


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The machine's list of authorities, empty until a test writes into it."""
    paths = ssl.get_default_verify_paths()
    listed = tmp_path / "ca-certificates.crt"
    nowhere = paths._replace(openssl_cafile=str(listed), openssl_capath=str(tmp_path / "none"))
    monkeypatch.setattr(authorities.ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(authorities, "LISTS", ())
    return listed


class TestRefused:
    """Each with its own words, nothing sent, and nothing said about the account."""

    def told(self, open_road: OpenRoad, server: SimulatorServer, **terms: object) -> str:
        memory = Memory()
        with pytest.raises(Unreachable) as refused:
            open_road(memory=memory, **terms).sign_in()
        assert memory.text is None, "a certificate is no matter of the account"
        assert server.access_log() == [], "a password went to a server that is not trusted"
        return str(refused.value)

    def test_an_authority_that_nobody_named(
        self, open_road: OpenRoad, server: SimulatorServer, https: str
    ) -> None:
        told = self.told(open_road, server, endpoint=https)
        assert "certificate_not_trusted" in told
        assert "[exchange] ca_file" in told

    def test_another_name(
        self, open_road: OpenRoad, server: SimulatorServer, https: str, ours: Authority
    ) -> None:
        elsewhere = https.replace("127.0.0.1", "localhost")
        told = self.told(open_road, server, endpoint=elsewhere, ca_file=ours.ca_file)
        assert "certificate is for another name" in told
        assert "localhost" not in told

    def test_one_that_is_out_of_date(
        self, open_road: OpenRoad, server: SimulatorServer, expired: tuple[str, Authority]
    ) -> None:
        endpoint, made = expired
        told = self.told(open_road, server, endpoint=endpoint, ca_file=made.ca_file)
        assert "not valid today" in told

    def test_a_server_that_does_not_encrypt(
        self, open_road: OpenRoad, server: SimulatorServer, ours: Authority
    ) -> None:
        plain = server.endpoint.replace("http:", "https:")
        assert "TLS" in self.told(open_road, server, endpoint=plain, ca_file=ours.ca_file)

    def test_the_post_says_the_same(self, open_post: OpenPost, server: SimulatorServer, https: str) -> None:
        with pytest.raises(Unreachable, match="ca_file"):
            open_post(endpoint=https).prepare(letter(server.town))
        assert server.access_log() == []


class TestTheMachinesAuthorities:
    def test_an_internal_authority_that_the_machine_knows_is_trusted(
        self, open_road: OpenRoad, https: str, ours: Authority, machine: Path
    ) -> None:
        machine.write_bytes(ours.ca_file.read_bytes())
        open_road(endpoint=https).sign_in()

    def test_ca_file_stands_in_their_place(
        self, open_road: OpenRoad, https: str, ours: Authority, machine: Path, tmp_path: Path
    ) -> None:
        machine.write_bytes(ours.ca_file.read_bytes())
        theirs = authority(tmp_path / "theirs", "iemand anders")
        with pytest.raises(Unreachable, match="certificate_not_trusted"):
            open_road(endpoint=https, ca_file=theirs.ca_file).sign_in()

    @pytest.mark.parametrize(
        "name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]
    )
    def test_the_environment_adds_nobody(
        self,
        open_road: OpenRoad,
        https: str,
        ours: Authority,
        machine: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        theirs = authority(tmp_path / "theirs", "iemand anders")
        machine.write_bytes(theirs.ca_file.read_bytes())
        monkeypatch.setenv(name, str(ours.ca_file))
        with pytest.raises(Unreachable, match="certificate_not_trusted"):
            open_road(endpoint=https).sign_in()

    def test_the_list_that_requests_brings_is_not_looked_at(
        self,
        open_road: OpenRoad,
        https: str,
        ours: Authority,
        machine: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        machine.write_bytes(authority(tmp_path / "theirs", "iemand anders").ca_file.read_bytes())
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(ours.ca_file))
        monkeypatch.setattr(certifi, "where", lambda: str(ours.ca_file))
        with pytest.raises(Unreachable, match="certificate_not_trusted"):
            open_road(endpoint=https).sign_in()

    def test_a_machine_without_any_is_told_so(self, open_road: OpenRoad, https: str, machine: Path) -> None:
        with pytest.raises(Unreachable, match="ca-certificates"):
            open_road(endpoint=https).sign_in()

    def test_this_machine_has_some(self) -> None:
        if not any(Path(name).exists() for name in authorities.LISTS):
            pytest.skip("no list of authorities on this machine (Debian: ca-certificates)")
        assert trust(None).verify_mode is ssl.CERT_REQUIRED


def test_a_file_without_certificates_trusts_nobody(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(EwsTrouble, match="authorities_unreadable"):
        trust(empty)
