"""[exchange]: each way of signing in with the keys that it needs and no others; proxies; key files."""

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from mailbot.config import files
from mailbot.config.load import collect, load
from mailbot.config.settings import Exchange
from mailbot.config.validation import problems_of
from mailbot.jobs.doctor import Level, _signed_in
from mailbot.model.errors import SettingsRefused
from mailbot.wiring.mailboxes import server as server_of
from mailbot.wiring.mailboxes import signs_in

ENDPOINT = "https://mail.voorbeeld.example/EWS/Exchange.asmx"
NTLM = {"auth": "ntlm", "username": r"VOORBEELD\svc-mailbot", "password_file": "exchange.password"}
KERBEROS = {
    "auth": "kerberos",
    "username": "svc-mailbot@VOORBEELD.EXAMPLE",
    "keytab_file": "exchange.keytab",
}
MODERN = {
    "auth": "modern",
    "tenant": "voorbeeld.example",
    "client_id": "01234567-89ab-cdef-0123-456789abcdef",
    "certificate_file": "exchange-app.pem",
}
PROXY = {"proxy": "http://proxy.voorbeeld.example:8080"}
SECRET = "Zeer-Geheim-4711"


def refused(**keys: Any) -> list[str]:
    tables = {"endpoint": ENDPOINT, **keys}
    with pytest.raises(ValidationError) as error:
        Exchange.model_validate(tables)
    return sorted(problem.where for problem in problems_of("mailbot.toml", error.value, Exchange, tables))


class TestWays:
    @pytest.mark.parametrize("way", [NTLM, NTLM | {"auth": "basic"}, KERBEROS, MODERN])
    def test_each_is_complete_without_the_others(self, way: dict[str, str]) -> None:
        assert Exchange.model_validate({"endpoint": ENDPOINT, **way}).auth == way["auth"]

    @pytest.mark.parametrize("way", [NTLM, NTLM | {"auth": "basic"}, KERBEROS, MODERN])
    def test_everything_that_is_missing_is_told_at_once(self, way: dict[str, str]) -> None:
        assert refused(auth=way["auth"]) == sorted(set(way) - {"auth"})

    @pytest.mark.parametrize(
        ("way", "too_much"),
        [
            (NTLM, {"keytab_file": "a", "spn_host": "mail.voorbeeld.example"}),
            (NTLM, {key: value for key, value in MODERN.items() if key != "auth"}),
            (KERBEROS, {"password_file": "a"}),
            (KERBEROS, {"tenant": "voorbeeld.example", "certificate_file": "a"}),
            (MODERN, {"username": "a@b.example", "password_file": "a", "keytab_file": "a"}),
        ],
    )
    def test_keys_of_another_way_are_a_misunderstanding(
        self, way: dict[str, str], too_much: dict[str, str]
    ) -> None:
        assert refused(**way, **too_much) == sorted(too_much)

    def test_it_says_what_to_do(self) -> None:
        tables = {"endpoint": ENDPOINT, **NTLM, "keytab_file": "exchange.keytab"}
        with pytest.raises(ValidationError) as error:
            Exchange.model_validate(tables)
        (problem,) = problems_of("mailbot.toml", error.value, Exchange, tables)
        assert problem.expected == "this key only with auth `kerberos`"
        assert problem.mend == "take it away, or change auth from `ntlm`"

    def test_basic_has_few_workers_for_each_of_them_shows_the_password(self) -> None:
        basic = NTLM | {"auth": "basic"}
        assert refused(**basic, workers=5) == ["workers"]
        assert Exchange.model_validate({"endpoint": ENDPOINT, **basic, "workers": 4}).workers == 4
        assert Exchange.model_validate({"endpoint": ENDPOINT, **NTLM, "workers": 32}).workers == 32
        simulator = "http://127.0.0.1:8080/EWS/Exchange.asmx"
        assert Exchange.model_validate({"endpoint": simulator, **basic, "workers": 32}).workers == 32

    def test_a_wrong_way_does_not_make_every_other_key_wrong(self) -> None:
        assert refused(**NTLM | {"auth": "digest"}) == ["auth"]

    @pytest.mark.parametrize(
        "name",
        [r"VOORBEELD\svc-mailbot", "svc-mailbot", "svc-mailbot@", "@VOORBEELD.EXAMPLE", "a b@C.EXAMPLE"],
    )
    def test_kerberos_needs_a_name_with_its_realm(self, name: str) -> None:
        assert refused(**KERBEROS | {"username": name}) == ["username"]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("client_id", "mailbot"),
            ("client_id", "01234567-89ab-cdef-0123-456789abcdef0"),
            ("tenant", "voorbeeld.example/../common"),
            ("tenant", ""),
            ("tenant", "x" * 129),
        ],
    )
    def test_ids_of_entra_have_their_form(self, key: str, value: str) -> None:
        assert refused(**MODERN | {key: value}) == [key]

    @pytest.mark.parametrize("host", ["HTTP/mail.voorbeeld.example", "mail:443", "a b", "-a", "x" * 254])
    def test_the_server_of_the_spn_is_a_host(self, host: str) -> None:
        assert refused(**KERBEROS, spn_host=host) == ["spn_host"]


class TestProxy:
    @pytest.mark.parametrize(
        "address",
        [
            "proxy.voorbeeld.example:8080",
            "http://proxy.voorbeeld.example",
            "https://proxy.voorbeeld.example:8080",
            "socks5://proxy.voorbeeld.example:1080",
            "http://proxy.voorbeeld.example:99999",
            "http://proxy.voorbeeld.example:8080/way",
            f"http://svc:{SECRET}@proxy.voorbeeld.example:8080",
        ],
    )
    def test_an_address_is_a_host_and_a_port(self, address: str) -> None:
        assert refused(**NTLM, proxy=address) == ["proxy"]

    def test_an_account_is_whole_or_not_there(self) -> None:
        assert Exchange.model_validate({"endpoint": ENDPOINT, **NTLM, **PROXY}).proxy
        assert refused(**NTLM, **PROXY, proxy_username="svc") == ["proxy_password_file"]
        assert refused(**NTLM, **PROXY, proxy_password_file="a") == ["proxy_password_file"]
        assert refused(**NTLM, **PROXY, proxy_username="a:b", proxy_password_file="a") == ["proxy_username"]
        assert refused(**NTLM, proxy_username="svc", proxy_password_file="a") == ["proxy_username"]

    def test_nothing_unencrypted_goes_through_one(self) -> None:
        here = {"endpoint": "http://127.0.0.1:8080/EWS/Exchange.asmx"}
        assert refused(**here, **NTLM, **PROXY) == ["proxy"]


@pytest.fixture
def with_exchange(folder: Path) -> Any:
    """The settings folder with other keys in [exchange]; None takes one away."""

    def write(**keys: str | None) -> Path:
        file = folder / "mailbot.toml"
        text = file.read_text(encoding="utf-8")
        head, _, rest = text.partition("[exchange]\n")
        section, mark, tail = rest.partition("\n[people]")
        names = ("auth", "username", "password_file", *keys)
        lines = [line for line in section.split("\n") if line.partition(" =")[0] not in names]
        lines = [f'{key} = "{value}"' for key, value in keys.items() if value is not None] + lines
        file.write_text(head + "[exchange]\n" + "\n".join(lines) + mark + tail, encoding="utf-8")
        assert tomllib.loads(file.read_text(encoding="utf-8"))["exchange"]["endpoint"] == ENDPOINT
        return folder

    return write


def keytab(folder: Path) -> Path:
    file = folder / "exchange.keytab"
    file.write_bytes(b"\x05\x02\x00\x00\x00\x40" + b"k" * 64)
    file.chmod(0o600)
    return file


def key_pair(folder: Path) -> Path:
    file = folder / "exchange-app.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbot")])
    start, end = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2020, 2090))
    number = x509.random_serial_number()
    own = x509.CertificateBuilder(name, name, key.public_key(), number, start, end).sign(key, hashes.SHA256())
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(own.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    file.chmod(0o600)
    return file


@pytest.fixture
def extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where both extras are installed."""
    monkeypatch.setattr(files, "EXTRAS", {"kerberos": "json", "modern": "json"})


class TestFiles:
    def test_kerberos_needs_no_password(self, with_exchange: Any, extras: None) -> None:
        folder = with_exchange(**KERBEROS)
        (folder / "exchange.password").unlink()
        keytab(folder)
        found = load(folder, {})
        assert found.secrets.exchange_password is None
        server = server_of(found)
        assert server.keytab is not None
        assert (server.keytab.file, server.keytab.principal) == (
            folder / "exchange.keytab",
            KERBEROS["username"],
        )

    def test_modern_needs_no_password_either(self, with_exchange: Any, extras: None) -> None:
        folder = with_exchange(**MODERN)
        key_pair(folder)
        server = server_of(load(folder, {}))
        assert server.app is not None
        assert server.app.certificate_file == folder / "exchange-app.pem"

    def test_a_way_whose_extra_is_missing_does_not_start(
        self, with_exchange: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "EXTRAS", {"kerberos": "no_such_module"})
        folder = with_exchange(**KERBEROS)
        keytab(folder)
        with pytest.raises(SettingsRefused, match=r"source: pip install '\.\[kerberos\]'"):
            load(folder, {})

    def test_a_database_whose_extra_is_missing_does_not_start_either(
        self, folder: Path, change: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "EXTRAS", {"postgres": "no_such_module"})
        change("mailbot.toml", "sqlite:///mailbot.db", "postgresql+psycopg://mailbot@db/mailbot")
        (problem,) = collect(folder, {})[1]
        assert (problem.where, problem.expected) == ("store.url", "the extra `postgres` beside this value")
        assert problem.mend == "in the folder of mailbot's source: pip install '.[postgres]'"

    @pytest.mark.parametrize(
        ("key", "keys"),
        [
            ("keytab_file", NTLM | {"username": "svc@voorbeeld.example", "keytab_file": "no.keytab"}),
            ("certificate_file", NTLM | {"username": "svc@voorbeeld.example", "certificate_file": "no.pem"}),
            ("password_file", KERBEROS | {"password_file": "no.password"}),
            (
                "proxy_password_file",
                NTLM | {"username": "svc@voorbeeld.example"} | PROXY | {"proxy_password_file": "no.password"},
            ),
        ],
    )
    def test_a_key_that_is_one_too_many_is_told_once(
        self, with_exchange: Any, extras: None, key: str, keys: dict[str, str]
    ) -> None:
        """Take it away, or put its file there: both at once would be no advice."""
        folder = with_exchange(**keys)
        keytab(folder)
        (problem,) = collect(folder, {})[1]
        assert problem.where == f"exchange.{key}"
        assert not problem.found.startswith("no file")

    @pytest.mark.parametrize(
        ("content", "mode", "found"),
        [
            (None, 0o600, "no file at"),
            (b"\x05\x02\x00\x00\x00\x40" + b"k" * 64, 0o644, "a file that every user"),
            (b"geheim\n", 0o600, "no keytab in"),
            (b"\x05\x02", 0o600, "no keytab in"),
        ],
    )
    def test_a_keytab_that_is_none(
        self, with_exchange: Any, extras: None, content: bytes | None, mode: int, found: str
    ) -> None:
        folder = with_exchange(**KERBEROS)
        if content is not None:
            (folder / "exchange.keytab").write_bytes(content)
            (folder / "exchange.keytab").chmod(mode)
        (problem,) = collect(folder, {})[1]
        assert problem.where == "exchange.keytab_file"
        assert problem.found.startswith(found)

    def test_a_certificate_without_its_key(self, with_exchange: Any, extras: None) -> None:
        folder = with_exchange(**MODERN)
        pem = key_pair(folder).read_bytes()
        (folder / "exchange-app.pem").write_bytes(pem[: pem.index(b"-----BEGIN PRIVATE")])
        (problem,) = collect(folder, {})[1]
        assert (problem.where, problem.found[:14]) == ("exchange.certificate_file", "no certificate")

    def test_paths_may_come_from_the_environment(
        self, with_exchange: Any, extras: None, tmp_path: Path
    ) -> None:
        folder = with_exchange(**KERBEROS)
        elsewhere = keytab(tmp_path)
        found = load(folder, {"MAILBOT_EXCHANGE_KEYTAB_FILE": str(elsewhere)})
        assert found.settings.exchange.keytab_file == elsewhere

    def test_the_proxy_s_password_is_read_and_never_shown(self, with_exchange: Any) -> None:
        folder = with_exchange(
            **NTLM | {"username": "svc@voorbeeld.example"},
            **PROXY,
            proxy_username="svc-proxy",
            proxy_password_file="proxy.password",
        )
        assert [problem.where for problem in collect(folder, {})[1]] == ["exchange.proxy_password_file"]
        (folder / "proxy.password").write_text(f"{SECRET}\n")
        (folder / "proxy.password").chmod(0o600)
        found = load(folder, {})
        server = server_of(found)
        assert server.proxy is not None
        assert server.proxy.password == SECRET
        assert SECRET not in repr(found) + repr(server) + repr(found.secrets)


class TestDoctorsWords:
    @pytest.mark.parametrize(
        ("way", "words", "level"),
        [
            (NTLM, "by NTLM, bound to the TLS connection", Level.GOOD),
            (NTLM | {"auth": "basic"} | PROXY, "by password (basic), through the proxy", Level.GOOD),
            (KERBEROS, "by a Kerberos ticket, bound to the TLS connection", Level.GOOD),
            (MODERN, "UNPROVEN", Level.NOTE),
        ],
    )
    def test_it_says_by_what_and_whether_it_is_bound(
        self, way: dict[str, str], words: str, level: Level
    ) -> None:
        check = _signed_in(signs_in(Exchange.model_validate({"endpoint": ENDPOINT, **way})))
        assert words in check.says
        assert check.level is level

    def test_what_is_not_encrypted_is_not_bound(self) -> None:
        here = {"endpoint": "http://127.0.0.1:8080/EWS/Exchange.asmx", **NTLM}
        assert "bound" not in _signed_in(signs_in(Exchange.model_validate(here))).says
