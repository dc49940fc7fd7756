"""Hybrid modern authentication, which no real server has proven: what is asked, in which order, and what is
told when it fails."""

import datetime
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mailbot.exchange.ews import modern_auth
from mailbot.exchange.ews import trust as trust_module
from mailbot.exchange.ews.modern_auth import App, tokens_of
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.wire import Proxy
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenRoad
from tests.contract.entra import CLIENT, LIES, TENANT, Entra, TokenFront
from tests.contract.proxies import Forwarding, address
from tests.contract.roads import SIZE, Memory, read
from tests.contract.wires import authority, encrypted, listening

SignIn = Callable[..., Exchange]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of the application, as Entra knows the first of them."""
    file = tmp_path_factory.mktemp("app") / "exchange-app.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbot")])
    start, end = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2020, 2090))
    number = x509.random_serial_number()
    own = x509.CertificateBuilder(name, name, key.public_key(), number, start, end).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file.write_bytes(own.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return file


@pytest.fixture
def entra(certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entra]:
    """On loopback, under an authority that this machine trusts."""
    tokens_of.cache_clear()
    theirs = authority(tmp_path / "entra", "Entra")
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(theirs.ca_file), openssl_capath="-")
    monkeypatch.setattr(trust_module.ssl, "get_default_verify_paths", lambda: paths)
    made = Entra(certificate)
    with listening(encrypted(made.serve, theirs.chain_file)) as made.port:
        yield made


@pytest.fixture
def front(server: SimulatorServer, entra: Entra) -> TokenFront:
    return TokenFront(server, entra)


@pytest.fixture
def sign_in(front: TokenFront, entra: Entra, open_road: OpenRoad, certificate: Path) -> Iterator[SignIn]:
    opened: list[Exchange] = []
    with listening(front.serve) as port:

        def start(**terms: object) -> Exchange:
            app = App(TENANT, CLIENT, certificate, entra.authority)
            endpoint = f"http://127.0.0.1:{port}/EWS/Exchange.asmx"
            opened.append(open_road(endpoint=endpoint, auth="modern", app=app, password="", **terms))
            return opened[-1]

        yield start
        for road in opened:
            road.close()


class TestLetIn:
    def test_it_asks_whether_tokens_are_taken_and_then_for_one(
        self, sign_in: SignIn, front: TokenFront, entra: Entra
    ) -> None:
        sign_in().sign_in()
        assert front.seen == ["Bearer", f"Bearer {entra.given[0]}"], "the first shows nothing of ours"
        assert entra.scopes == ["https://127.0.0.1/.default"]

    def test_one_token_does_for_all(
        self, sign_in: SignIn, entra: Entra, front: TokenFront, people: list[Mailbox]
    ) -> None:
        assert all(found.was_read for found in read(sign_in(workers=4), people, [SIZE]).values())
        assert len(entra.given) == 1
        assert front.seen.count("Bearer") == 1

    def test_another_is_asked_for_before_it_ends(
        self, sign_in: SignIn, entra: Entra, people: list[Mailbox]
    ) -> None:
        """A token of four minutes is as good as over: msal leaves five."""
        entra.lasts = 240
        facts = read(sign_in(workers=1), people, [SIZE])
        assert all(found.was_read for found in facts.values())
        assert len(entra.given) > len(people)

    def test_it_is_in_no_log(
        self,
        sign_in: SignIn,
        entra: Entra,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            sign_in().sign_in()
        assert entra.given[0] not in caplog.text + "".join(capfd.readouterr())

    def test_entra_is_reached_through_the_proxy(self, entra: Entra, certificate: Path) -> None:
        forwarding = Forwarding()
        with listening(forwarding.serve) as port:
            http = modern_auth.Http(None, Proxy(address(port)), 5)
            answer = http.get(f"{entra.authority}/{TENANT}/v2.0/.well-known/openid-configuration")
        assert answer.status_code == 200
        assert [line.split()[1] for line in forwarding.asked] == [f"127.0.0.1:{entra.port}"]


class TestNotTaken:
    def test_a_server_that_offers_no_tokens_gets_none(
        self, sign_in: SignIn, front: TokenFront, entra: Entra
    ) -> None:
        front.offers = "Negotiate, NTLM"
        memory = Memory()
        with pytest.raises(Unreachable, match="offers no Bearer"):
            sign_in(memory=memory).sign_in()
        assert set(front.seen) == {"Bearer"}
        assert entra.given == [], "none was asked for"
        assert memory.text is None

    def test_a_token_that_exchange_refuses_is_shown_once(
        self, sign_in: SignIn, front: TokenFront, entra: Entra
    ) -> None:
        front.takes = False
        memory = Memory()
        with pytest.raises(SignInRefused, match="unproven") as refused:
            sign_in(memory=memory).sign_in()
        assert front.seen == ["Bearer", f"Bearer {entra.given[0]}"]
        assert entra.given[0] not in str(refused.value)
        assert memory.text is not None

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            ("invalid_client", "certificate_file"),
            ("unauthorized_client", "permissions"),
            ("invalid_scope", "resource"),
            ("something_new", "Entra gives no token"),
        ],
    )
    def test_a_refused_application_is_told_without_entra_s_words(
        self, sign_in: SignIn, entra: Entra, error: str, says: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        entra.refuses = error
        memory = Memory()
        with caplog.at_level(logging.DEBUG), pytest.raises(SignInRefused, match=says) as refused:
            sign_in(memory=memory).sign_in()
        assert f"token_{error}" in str(refused.value)
        assert LIES not in str(refused.value) + caplog.text
        assert memory.text is not None

    @pytest.mark.parametrize("error", ["invalid_client", "temporarily_unavailable"])
    def test_entra_is_asked_once_by_all_who_wait(self, error: str, certificate: Path) -> None:
        asked: list[object] = []

        class Client:
            def acquire_token_for_client(self, scopes: list[str]) -> dict[str, str]:
                asked.append(scopes)
                time.sleep(0.1)
                return {"error": error}

        http = modern_auth.Http(None, None, 5)
        tokens = modern_auth.Tokens(App(TENANT, CLIENT, certificate), "https://127.0.0.1/EWS", http, http)
        tokens._client = Client()

        def told(_: int) -> str:
            with pytest.raises(EwsTrouble) as trouble:
                tokens.token()
            return trouble.value.code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(told, range(8))) == {f"token_{error}"}
        assert len(asked) == 1

    @pytest.mark.parametrize("error", ["temporarily_unavailable", "Jan Jansen <script>"])
    def test_an_endpoint_in_trouble_is_no_refusal(self, sign_in: SignIn, entra: Entra, error: str) -> None:
        entra.refuses = error
        memory = Memory()
        with pytest.raises(Unreachable, match="Entra") as told:
            sign_in(memory=memory).sign_in()
        assert "Jansen" not in str(told.value)
        assert memory.text is None

    def test_a_page_instead_of_a_token(self, sign_in: SignIn, entra: Entra) -> None:
        entra.page = True
        memory = Memory()
        with pytest.raises(Unreachable, match="Entra") as told:
            sign_in(memory=memory).sign_in()
        assert "Jansen" not in str(told.value)
        assert memory.text is None
