"""Reading a real domain controller with a keytab, through a process that may hang and is then ended."""

import base64
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailbot.directory.entry import Entry
from mailbot.directory.ldap.kerberos import CHILD, KerberosBind
from mailbot.directory.ldap.session import PAGE, Scope, Search, Session
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import SystemClock
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused, Unreachable
from tests.contract.domain_controller import BASE, GROUPS, PEOPLE, REALM, DomainController
from tests.contract.kerberos_realm import missing
from tests.contract.wires import LOOPBACK, Serve, authority, encrypted, listening, silent
from tests.free_ports import free_port

ZOE = f"CN=Vries\\, Zoë de,{PEOPLE}"
GUID = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff").bytes_le
MANY = PAGE + 20
"""People, so that there are two pages."""

EVERYBODY = Search(PEOPLE, "(objectClass=user)", ("objectGUID", "sAMAccountName", "proxyAddresses"))
SECRETS = ("svc-mailbot", "svc-oud", "svc-dicht", REALM, "all.keytab")

Bind = Callable[..., KerberosBind]
Pids = Callable[[], list[int]]


def b64(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def town() -> str:
    zoe = (
        f"dn:: {b64(ZOE)}\nobjectClass: user\nsAMAccountName: zoe\nobjectGUID:: {b64(GUID)}\n"
        f"displayName:: {b64('Zoë de Vries')}\nproxyAddresses: SMTP:zoe@voorbeeld.example\n"
        "proxyAddresses: smtp:z.devries@voorbeeld.example\nmsExchRecipientTypeDetails: 2147483648\n"
        "mDBUseDefaults: FALSE\n"
    )
    others = (
        f"dn: CN=inwoner{number},{PEOPLE}\nobjectClass: user\nsAMAccountName: inwoner{number}\n"
        for number in range(1, MANY)
    )
    return "\n".join(("version: 1\n", zoe, *others))


@pytest.fixture(scope="module")
def controller(domain: DomainController) -> DomainController:
    """A domain with people, and with accounts that may not sign in any more."""
    try:
        import bonsai  # noqa: F401
        import gssapi  # noqa: F401
    except ImportError:
        missing("bonsai or gssapi is not installed (pip install -r requirements-kerberos.lock)")
    domain.fresh()
    domain.load(town())
    domain.serves(LOOPBACK)  # where the tests put servers that are none
    old, shut = (domain.account(name, "Eerst-dit-woord-42") for name in ("svc-oud", "svc-dicht"))
    domain.keytab(domain.folder / "all.keytab")
    domain.keytab(domain.folder / "other.keytab", "svc-oud")
    domain.new_password(old, "Toen-een-ander-43")
    domain.modify(f"dn: {shut}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n")
    return domain


@pytest.fixture(autouse=True)
def in_the_domain(controller: DomainController, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(controller.krb5_conf()))


@pytest.fixture
def pids(tmp_path: Path) -> Pids:
    """Of all processes that this test had started."""
    return lambda: [int(line) for line in (tmp_path / "pids").read_text().split()]


@pytest.fixture
def noted(tmp_path: Path) -> tuple[str, ...]:
    """The process as it is, which writes down its number first."""
    module = CHILD[-1]
    note = f"import os, runpy; print(os.getpid(), file=open({str(tmp_path / 'pids')!r}, 'a')); "
    return (sys.executable, "-P", "-c", f"{note} runpy.run_module({module!r}, run_name='__main__')")


@pytest.fixture
def bind(controller: DomainController, noted: tuple[str, ...]) -> Bind:
    def terms(account: str = "svc-mailbot", **others: object) -> KerberosBind:
        usual: dict[str, object] = {
            "principal": f"{account}@{REALM}",
            "keytab": controller.folder / "all.keytab",
            "clock": SystemClock(),
            "breaker": Breaker(SystemClock(), lambda: None, lambda _: None),
            "ca_file": controller.ca_file,
            "each": 10.0,
            "whole": 60.0,
            "child": noted,
        }
        return KerberosBind(**{**usual, **others})  # type: ignore[arg-type]

    return terms


@pytest.fixture
def session(controller: DomainController, bind: Bind) -> Iterator[Session]:
    opened = bind()(controller.starttls_url)
    yield opened
    opened.close()


def gone(pid: int) -> bool:
    """No such process, or one that has ended and whose parent has ended too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def in_time(happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def no_process_left(pids: Pids) -> bool:
    """Not even one that has ended and was not waited for."""
    return all(not Path(f"/proc/{pid}").exists() for pid in pids())


class TestLetIn:
    @pytest.mark.parametrize(
        ("scheme", "starttls"), [("ldap", False), ("ldap", True), ("ldaps", False)], ids=str
    )
    def test_it_reads_everybody_page_by_page_however_the_line_is_encrypted(
        self, controller: DomainController, bind: Bind, pids: Pids, scheme: str, starttls: bool
    ) -> None:
        session = bind(starttls=starttls)(f"{scheme}://{controller.address}")
        found = list(session.search(EVERYBODY))
        assert len(found) == len({entry.dn for entry in found}) == MANY
        session.close()
        assert no_process_left(pids)

    def test_values_are_the_bytes_that_the_server_has(self, session: Session) -> None:
        names = ("OBJECTGUID", "displayname", "proxyAddresses", "mDBUseDefaults", "manager")
        types = "msExchRecipientTypeDetails"
        (zoe,) = session.search(Search(PEOPLE, "(sAMAccountName=zoe)", (*names, types)))
        assert zoe == Entry(
            ZOE,
            {
                "objectguid": (GUID,),
                "displayname": ("Zoë de Vries".encode(),),
                "proxyaddresses": zoe.values["proxyaddresses"],
                "mdbusedefaults": (b"FALSE",),
                "msexchrecipienttypedetails": (b"2147483648",),
            },
        )
        assert sorted(zoe.values["proxyaddresses"]) == [
            b"SMTP:zoe@voorbeeld.example",
            b"smtp:z.devries@voorbeeld.example",
        ]

    def test_the_servers_own_entry_is_read_without_pages(self, session: Session) -> None:
        (own,) = session.search(Search("", "(objectClass=*)", ("defaultNamingContext",), Scope.BASE))
        assert own.values == {"defaultnamingcontext": (BASE.encode(),)}

    def test_references_to_other_partitions_are_no_entries(self, session: Session) -> None:
        (domain,) = session.search(Search(BASE, "(objectClass=domain)", ("objectClass",)))
        assert domain.dn == BASE

    def test_nobody_found_is_an_answer(self, session: Session) -> None:
        assert list(session.search(Search(GROUPS, "(objectClass=user)", ("cn",)))) == []

    @pytest.mark.parametrize(
        ("base", "told"),
        [
            (f"OU=Weg,{BASE}", "no such place"),
            ("DC=elders,DC=example", "no such place"),
            ("Medewerkers", "no distinguished name"),
        ],
    )
    @pytest.mark.parametrize("scope", Scope)
    def test_a_base_that_is_nowhere_is_told_and_the_session_goes_on(
        self, session: Session, base: str, told: str, scope: Scope
    ) -> None:
        with pytest.raises(SettingsRefused, match=told):
            list(session.search(Search(base, "(objectClass=*)", ("cn",), scope)))
        assert len(list(session.search(EVERYBODY))) == MANY

    def test_an_answer_that_is_not_read_to_its_end_is_in_the_way_of_the_next(self, session: Session) -> None:
        next(iter(session.search(EVERYBODY)))
        with pytest.raises(Unreachable):
            list(session.search(EVERYBODY))

    def test_the_environment_has_no_say(
        self, controller: DomainController, bind: Bind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("KRB5CCNAME", "KRB5_CLIENT_KTNAME", "KRB5_KTNAME"):
            monkeypatch.setenv(name, "FILE:/of-somebody-else")
        monkeypatch.setenv("LDAPTLS_CACERT", str(controller.other_ca_file))
        monkeypatch.setenv("LDAPSASL_SECPROPS", "minssf=999")
        monkeypatch.setenv("PYTHONSTARTUP", "/of-somebody-else")
        bind()(controller.url).close()

    def test_a_breaker_that_was_open_is_closed(self, controller: DomainController, bind: Bind) -> None:
        kept: list[str | None] = ["2020-01-01T00:00:00+00:00"]
        bind(breaker=Breaker(SystemClock(), lambda: kept[-1], kept.append))(controller.url).close()
        assert kept[-1] is None


class TestRefused:
    @pytest.mark.parametrize(("account", "why"), [("svc-oud", "old key"), ("svc-dicht", "disabled")])
    def test_an_account_that_the_domain_refuses_is_not_tried_again(
        self, controller: DomainController, bind: Bind, pids: Pids, account: str, why: str
    ) -> None:
        kept: list[str | None] = [None]
        binding = bind(account, breaker=Breaker(SystemClock(), lambda: kept[-1], kept.append))
        with pytest.raises(SignInRefused, match=why):
            binding(controller.url)
        assert kept[-1] is not None
        with pytest.raises(SignInRefused, match="less than 30 minutes ago"):
            binding(controller.url)
        assert len(pids()) == 1 and no_process_left(pids)

    @pytest.mark.parametrize("keytab", ["other.keytab", "smb.conf", "nowhere.keytab"])
    def test_a_keytab_without_the_accounts_key_is_a_matter_of_settings(
        self, controller: DomainController, bind: Bind, keytab: str
    ) -> None:
        kept: list[str | None] = [None]
        breaker = Breaker(SystemClock(), lambda: kept[-1], kept.append)
        with pytest.raises(SettingsRefused, match="keytab_file"):
            bind(keytab=controller.folder / keytab, breaker=breaker)(controller.url)
        assert kept == [None]

    @pytest.mark.parametrize(("scheme", "starttls"), [("ldap", True), ("ldaps", False)], ids=str)
    def test_a_server_under_another_authority_is_not_believed(
        self, controller: DomainController, bind: Bind, scheme: str, starttls: bool
    ) -> None:
        binding = bind(starttls=starttls, ca_file=controller.other_ca_file)
        with pytest.raises(SettingsRefused, match="authority that is not trusted"):
            binding(f"{scheme}://{controller.address}")

    def test_a_server_without_a_name_in_the_domain_gets_no_ticket(
        self, controller: DomainController, bind: Bind
    ) -> None:
        """Kerberos encrypts for the server of that name; nobody else can read it."""
        with pytest.raises(Unreachable, match="knows no service"):
            bind()(f"ldap://127.9.9.9:{free_port('127.9.9.9')}")

    def test_the_extra_that_is_missing_is_named(self, controller: DomainController, bind: Bind) -> None:
        without = "import sys, runpy; sys.modules['bonsai'] = None; "
        run = f"{without} runpy.run_module({CHILD[-1]!r}, run_name='__main__')"
        with pytest.raises(SettingsRefused, match="ldap-kerberos"):
            bind(child=(sys.executable, "-P", "-c", run))(controller.url)

    @pytest.mark.parametrize("url", ["dc1.voorbeeld.example", "https://dc1.voorbeeld.example", "ldaps://"])
    def test_an_address_that_is_none(self, bind: Bind, url: str) -> None:
        with pytest.raises(SettingsRefused, match="servers"):
            bind()(url)


class TestSilence:
    @pytest.mark.parametrize("host", ["nergens.invalid", f"{'n' * 64}.invalid"])
    def test_a_name_that_is_nobodys(self, bind: Bind, host: str) -> None:
        with pytest.raises(Unreachable, match="name of the directory server is unknown"):
            bind()(f"ldaps://{host}")

    def test_nothing_listens(self, controller: DomainController, bind: Bind) -> None:
        for url in (f"ldaps://{LOOPBACK}:{free_port()}", f"ldap://{LOOPBACK}:{free_port()}"):
            with pytest.raises(Unreachable):
                bind()(url)

    def test_the_kdc_does_not_answer(
        self, controller: DomainController, bind: Bind, pids: Pids, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KRB5_CONFIG", str(controller.krb5_conf(f"{LOOPBACK}:{free_port()}")))
        with pytest.raises(Unreachable, match="no server of the realm answers"):
            bind()(controller.url)
        assert no_process_left(pids)

    @pytest.mark.parametrize(("scheme", "starttls"), [("ldap", True), ("ldaps", False)], ids=str)
    def test_a_peer_that_is_silent_from_the_first_is_asked_nothing_else(
        self, bind: Bind, tmp_path: Path, scheme: str, starttls: bool
    ) -> None:
        with listening(silent) as port, pytest.raises(Unreachable, match="not answer in time"):
            bind(starttls=starttls, each=0.3)(f"{scheme}://{LOOPBACK}:{port}")
        assert not (tmp_path / "pids").exists()

    @pytest.mark.parametrize(
        ("starttls", "says", "told"),
        [
            (True, "300c02010178070a013404000400", "does not start TLS"),  # unavailable
            (True, "300c02010178070a010004000400", "in time|cut|safe"),  # yes, and then no handshake
            (True, "", "failed or was cut"),
            (True, "48545450" * 2000, "failed or was cut"),
            (False, "48545450" * 2, "safe"),
            (False, "", "failed or was cut"),
        ],
    )
    def test_a_peer_that_speaks_of_something_else_is_asked_nothing_else(
        self, bind: Bind, tmp_path: Path, starttls: bool, says: str, told: str
    ) -> None:
        def serve(connection: socket.socket, over: threading.Event) -> None:
            connection.recv(65536)
            connection.sendall(bytes.fromhex(says))

        scheme = "ldap" if starttls else "ldaps"
        with listening(serve) as port, pytest.raises(Unreachable, match=told):
            bind(starttls=starttls)(f"{scheme}://{LOOPBACK}:{port}")
        assert not (tmp_path / "pids").exists()

    def test_a_peer_that_is_silent_to_kerberos(self, bind: Bind, pids: Pids) -> None:
        with listening(silent) as port, pytest.raises(Unreachable, match="not answer in time"):
            bind(each=1.0)(f"ldap://{LOOPBACK}:{port}")
        assert no_process_left(pids)

    def test_a_process_that_hangs_in_a_handshake_is_ended(
        self,
        controller: DomainController,
        bind: Bind,
        pids: Pids,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The first handshake is ours, and goes well. In the second the library hangs, and nothing in its
        process runs any more."""
        monkeypatch.setattr("mailbot.directory.ldap.kerberos._SPARE", 0.0)
        front = authority(tmp_path / "front", "het domein")
        with listening(silent_from_the_second(front.chain_file)) as port:
            with pytest.raises(Unreachable, match="not answer in time"):
                bind(each=2.0, ca_file=front.ca_file)(f"ldaps://{LOOPBACK}:{port}")
            assert len(pids()) == 1 and no_process_left(pids)
        session = bind()(controller.url)
        assert len(list(session.search(EVERYBODY))) == MANY, "this process goes on"
        session.close()

    def test_a_server_that_freezes_between_pages_gives_no_whole_answer(
        self, controller: DomainController, bind: Bind, pids: Pids
    ) -> None:
        session = bind(each=1.0)(controller.url)
        answers = session.search(EVERYBODY)
        controller.freeze()
        try:
            with pytest.raises(Unreachable):
                list(answers)
        finally:
            controller.thaw()
        assert no_process_left(pids)
        with pytest.raises(Unreachable):
            list(session.search(EVERYBODY))

    def test_a_server_that_is_killed_gives_no_whole_answer(
        self, controller: DomainController, bind: Bind, pids: Pids
    ) -> None:
        session = bind()(controller.url)
        controller.stop()
        try:
            with pytest.raises(Unreachable, match="failed or was cut"):
                list(session.search(EVERYBODY))
        finally:
            controller.start()
        assert no_process_left(pids)


def silent_from_the_second(chain_file: Path) -> Serve:
    before: list[int] = []

    def handshake(line: socket.socket, over: threading.Event) -> None:
        line.recv(1)

    def serve(connection: socket.socket, over: threading.Event) -> None:
        before.append(1)
        first = len(before) == 1
        (encrypted(handshake, chain_file) if first else silent)(connection, over)

    return serve


class TestNoProcessStays:
    STORY = """
import os, sys
from pathlib import Path
from mailbot.directory.ldap.kerberos import KerberosBind
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import SystemClock
clock = SystemClock()
breaker = Breaker(clock, lambda: None, lambda _: None)
principal, keytab, url, end, *child = sys.argv[1:]
session = KerberosBind(principal, Path(keytab), clock, breaker, {}, child=tuple(child))(url)
print(session.pid, flush=True)
if end == "killed":
    os.kill(os.getpid(), 9)
""".replace("{}", "None")

    def told(self, controller: DomainController, end: str, child: tuple[str, ...]) -> int:
        """The number of a process whose parent ended without closing its session."""
        words = (f"svc-mailbot@{REALM}", str(controller.folder / "all.keytab"))
        story = (sys.executable, "-c", self.STORY, *words, controller.starttls_url, end, *child)
        done = subprocess.run(story, capture_output=True, text=True, timeout=300)
        assert done.returncode == (-signal.SIGKILL if end == "killed" else 0), done.stderr
        return int(done.stdout)

    def test_when_the_parent_ends(self, controller: DomainController) -> None:
        assert gone(self.told(controller, "ends", CHILD))

    def test_when_the_parent_is_killed(self, controller: DomainController) -> None:
        pid = self.told(controller, "killed", CHILD)
        assert in_time(lambda: gone(pid))

    def test_when_the_parent_was_killed_while_the_library_hangs(self, controller: DomainController) -> None:
        """Nobody is left to end it, so the kernel does."""
        with listening(silent) as port:
            terms = {
                "url": f"ldaps://{LOOPBACK}:{port}",
                "host": LOOPBACK,
                "starttls": False,
                "sealed": False,
                "ca_file": str(controller.ca_file),
                "ca_folder": None,
                "principal": f"svc-mailbot@{REALM}",
                "keytab": str(controller.folder / "all.keytab"),
                "each": 60,
                "whole": 1,
            }
            environment = {"KRB5CCNAME": "MEMORY:mailbot", "KRB5_CONFIG": os.environ["KRB5_CONFIG"]}
            child = subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
            try:
                assert child.stdin is not None
                child.stdin.write(json.dumps(terms).encode() + b"\n")
                child.stdin.flush()
                assert child.wait(60) == -signal.SIGALRM
            finally:
                child.kill()
                child.communicate()


def test_nothing_tells_who_signs_in(
    controller: DomainController, bind: Bind, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = [repr(bind())]
    for terms in ({}, {"account": "svc-oud"}, {"account": "svc-dicht"}, {"keytab": Path("/nergens")}):
        with caplog.at_level(logging.DEBUG):
            try:
                bind(**terms)(controller.url).close()
            except MailbotError as error:
                told.append(repr(error) + str(error.__cause__))
    assert len(told) == 4
    for secret in SECRETS:
        assert secret not in "".join(told) + caplog.text
