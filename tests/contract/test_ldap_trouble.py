"""Directory servers that fail: each way ends by its deadline, in plain words, with nothing half read."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.directory.ldap.session import Search, Session
from mailbot.directory.ldap.simple_bind import Ldap3Session, SimpleBind
from mailbot.directory.ldap.source import LdapDirectory
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import SetClock, SystemClock
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused, Unreachable
from tests.contract.ldap_answers import (
    Answer,
    Speaker,
    after_starttls,
    bound,
    done,
    dripping,
    entry,
    extended,
    raw,
    reference,
    together,
)
from tests.contract.roads import Memory
from tests.contract.wires import Authority, Serve, authority, encrypted, listening, silent
from tests.free_ports import free_port

SECRET = "Geheim-wachtwoord-1"
ACCOUNT = "svc-mailbot@ad.voorbeeld.example"
BASE = "OU=Medewerkers,DC=ad,DC=voorbeeld,DC=example"
PEOPLE = Search(BASE, "(objectClass=user)", ("mail",))
ANNA = entry(b"CN=Anna," + BASE.encode(), {b"mail": [b"anna@voorbeeld.example"]})

Start = Callable[[Serve], str]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours") / "ca", "gemeente Voorbeeld")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def opener(ours: Authority, memory: Memory) -> SimpleBind:
    clock = SystemClock()
    breaker = Breaker(clock, lambda: memory.text, memory.remember, "The directory")
    return SimpleBind(ACCOUNT, SECRET, clock, breaker, ours.ca_file, each=20, whole=60)


@pytest.fixture
def hasty(opener: SimpleBind) -> SimpleBind:
    """For servers that never answer."""
    return replace(opener, each=0.3, whole=1.5)


@pytest.fixture
def serve(ours: Authority) -> Iterator[Start]:
    """Start a server behind TLS; it stops when the test ends."""
    with ExitStack() as stack:

        def start(speaker: Serve) -> str:
            port = stack.enter_context(listening(encrypted(speaker, ours.chain_file)))
            return f"ldaps://127.0.0.1:{port}"

        yield start


@pytest.fixture
def serve_plain() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda speaker: f"//127.0.0.1:{stack.enter_context(listening(speaker))}"


def told(error: type[MailbotError], act: Callable[[], object], words: str) -> str:
    """What the administrator reads; never the account, its password or anybody's name."""
    with pytest.raises(error, match=words) as refused:
        act()
    text = str(refused.value)
    assert not any(secret in text for secret in (SECRET, ACCOUNT, "svc-mailbot", "anna", "Anna"))
    return text


class TestNoConnection:
    def test_a_closed_port(self, opener: SimpleBind) -> None:
        told(Unreachable, lambda: opener(f"ldaps://127.0.0.1:{free_port()}"), "nothing listens")

    def test_a_name_that_is_nobodys(self, opener: SimpleBind) -> None:
        for host in ("nergens.invalid", f"{'n' * 64}.invalid"):
            told(Unreachable, lambda: opener(f"ldaps://{host}"), "name of the directory server")  # noqa: B023

    def test_a_server_that_takes_the_call_and_says_nothing(
        self, hasty: SimpleBind, serve_plain: Start
    ) -> None:
        told(Unreachable, lambda: hasty(f"ldaps:{serve_plain(silent)}"), "did not answer in time")

    def test_one_that_hangs_up(self, opener: SimpleBind, serve_plain: Start) -> None:
        url = serve_plain(lambda connection, over: None)
        told(Unreachable, lambda: opener(f"ldaps:{url}"), "cut")

    def test_one_that_does_not_encrypt(self, opener: SimpleBind, serve_plain: Start) -> None:
        def greets(connection: socket.socket, over: threading.Event) -> None:
            connection.sendall(b"220 this is something else\r\n")
            connection.settimeout(5)
            heard.append(connection.recv(65536))

        heard: list[bytes] = []
        told(Unreachable, lambda: opener(f"ldaps:{serve_plain(greets)}"), "does not speak TLS")
        assert SECRET.encode() not in b"".join(heard)


class TestStartTls:
    @pytest.fixture
    def opener(self, opener: SimpleBind) -> SimpleBind:
        """`hasty` is made of this one too."""
        return replace(opener, starttls=True)

    def test_it_is_read_like_any_other(
        self, opener: SimpleBind, serve_plain: Start, ours: Authority, memory: Memory
    ) -> None:
        server = Speaker(bind=bound(), search=together(ANNA, done()))
        plain = Speaker(extended=extended())
        url = serve_plain(after_starttls(plain, encrypted(server, ours.chain_file)))
        session = opener(f"ldap:{url}")
        assert len(list(session.search(PEOPLE))) == 1
        session.close()
        assert (plain.asked, server.asked[:2]) == (["extended"], ["bind", "search"])

    def test_a_server_that_does_not_answer_the_request(self, hasty: SimpleBind, serve_plain: Start) -> None:
        server = Speaker()
        told(Unreachable, lambda: hasty(f"ldap:{serve_plain(server)}"), "did not answer in time")
        assert server.asked == ["extended"]

    def test_one_that_answers_and_is_silent_in_the_handshake(
        self, hasty: SimpleBind, serve_plain: Start
    ) -> None:
        server = after_starttls(Speaker(extended=extended()), silent)
        told(Unreachable, lambda: hasty(f"ldap:{serve_plain(server)}"), "did not answer in time")

    def test_one_that_drips(self, hasty: SimpleBind, serve_plain: Start) -> None:
        told(Unreachable, lambda: hasty(f"ldap:{serve_plain(dripping)}"), "did not answer in time")

    def test_one_that_will_not_encrypt_hears_no_password(
        self, opener: SimpleBind, serve_plain: Start
    ) -> None:
        server = Speaker(extended=extended(52), bind=bound())
        told(Unreachable, lambda: opener(f"ldap:{serve_plain(server)}"), "does not start TLS")
        assert server.asked[:1] == ["extended"] and "bind" not in server.asked

    def test_without_it_the_open_road_is_not_taken(self, opener: SimpleBind, serve_plain: Start) -> None:
        server = Speaker(bind=bound())
        url = f"ldap:{serve_plain(server)}"
        told(SettingsRefused, lambda: replace(opener, starttls=False)(url), "in the open")
        assert server.received == b""


class TestCertificates:
    """Who can mend a wrong authority or name: the settings. No password was sent."""

    @pytest.fixture
    def server(self) -> Speaker:
        return Speaker(bind=bound())

    def test_of_an_authority_that_nobody_named(
        self, opener: SimpleBind, serve: Start, server: Speaker, tmp_path: Path
    ) -> None:
        theirs = replace(opener, ca_file=authority(tmp_path / "ca", "een ander").ca_file)
        told(SettingsRefused, lambda: theirs(serve(server)), r"certificate .* \[ldap\] ca_file")
        assert server.asked == []

    def test_the_machines_authorities_do_not_know_it_either(
        self, opener: SimpleBind, serve: Start, server: Speaker
    ) -> None:
        told(SettingsRefused, lambda: replace(opener, ca_file=None)(serve(server)), "certificate")
        assert server.asked == []

    def test_for_another_name(self, opener: SimpleBind, serve: Start, server: Speaker) -> None:
        """The certificate is for 127.0.0.1 only."""
        url = serve(server).replace("127.0.0.1", "localhost")
        told(SettingsRefused, lambda: opener(url), r"certificate .* another name; in \[ldap\] servers")
        assert server.asked == []

    def test_for_another_name_after_starttls(
        self, opener: SimpleBind, serve_plain: Start, server: Speaker, ours: Authority
    ) -> None:
        both = after_starttls(Speaker(extended=extended()), encrypted(server, ours.chain_file))
        url = f"ldap:{serve_plain(both)}".replace("127.0.0.1", "localhost")
        told(SettingsRefused, lambda: replace(opener, starttls=True)(url), "another name")
        assert server.asked == []

    def test_out_of_date(self, opener: SimpleBind, server: Speaker, tmp_path: Path) -> None:
        old = authority(tmp_path / "old", "gemeente Voorbeeld", years=(2020, 2021))
        with listening(encrypted(server, old.chain_file)) as port:
            theirs = replace(opener, ca_file=old.ca_file)
            told(Unreachable, lambda: theirs(f"ldaps://127.0.0.1:{port}"), "certificate .* not valid today")
        assert server.asked == []

    def test_a_file_that_is_not_there(
        self, opener: SimpleBind, serve: Start, server: Speaker, tmp_path: Path
    ) -> None:
        nothing = replace(opener, ca_file=tmp_path / "nothing.pem")
        told(SettingsRefused, lambda: nothing(serve(server)), r"\[ldap\] ca_file")


class TestSignIn:
    DATA = "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, data {}, v4563"

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ("52e", "user name or password is wrong"),
            ("525", "does not know the account"),
            ("530", "at this hour"),
            ("531", "from this machine"),
            ("532", "password of the account has expired"),
            ("533", "account is disabled"),
            ("701", "account has expired"),
            ("773", "must be changed"),
            ("775", "account is locked"),
            ("7ff", "refused the service account;"),
        ],
    )
    def test_why_it_was_refused(
        self, opener: SimpleBind, serve: Start, memory: Memory, data: str, words: str
    ) -> None:
        server = Speaker(bind=bound(49, self.DATA.format(data).encode()))
        told(SignInRefused, lambda: opener(serve(server)), words)
        assert memory.text is not None

    def test_after_one_refusal_nothing_is_sent_for_half_an_hour(
        self, opener: SimpleBind, serve: Start, memory: Memory
    ) -> None:
        server = Speaker(bind=bound(49, self.DATA.format("52e").encode()))
        url = serve(server)
        told(SignInRefused, lambda: opener(url), "password is wrong")
        told(SignInRefused, lambda: opener(url), "The directory refused .* less than 30 minutes ago")
        assert server.asked.count("bind") == 1

    def test_nor_when_the_refusal_cannot_be_written_down(self, opener: SimpleBind, serve: Start) -> None:
        def full(_text: str | None) -> None:
            raise Unreachable("the database takes nothing")

        server = Speaker(bind=bound(49, self.DATA.format("775").encode()))
        url, held = serve(server), replace(opener, breaker=Breaker(opener.clock, lambda: None, full))
        told(SignInRefused, lambda: held(url), "account is locked")
        told(SignInRefused, lambda: held(url), "less than 30 minutes ago")
        assert server.asked.count("bind") == 1

    def test_no_other_server_is_tried_with_a_refused_account(self, opener: SimpleBind, serve: Start) -> None:
        """They all count its refusals together."""
        first, second = Speaker(bind=bound(49, b"data 52e")), Speaker(bind=bound())
        told(SignInRefused, directory(opener, serve(first), serve(second)).read, "password is wrong")
        assert second.asked == []

    def test_a_success_closes_the_breaker(self, opener: SimpleBind, serve: Start, memory: Memory) -> None:
        memory.text = "2020-01-01T00:00:00+00:00"
        opener(serve(Speaker(bind=bound()))).close()
        assert memory.text is None

    @pytest.mark.parametrize(
        ("code", "error"),
        [
            (8, SettingsRefused),
            (13, SettingsRefused),
            (48, SignInRefused),
            (51, Unreachable),
            (1, Unreachable),
        ],
    )
    def test_other_ways_to_say_no(
        self, opener: SimpleBind, serve: Start, memory: Memory, code: int, error: type[MailbotError]
    ) -> None:
        told(error, lambda: opener(serve(Speaker(bind=bound(code)))), "directory")
        assert (memory.text is not None) is (error is SignInRefused)

    @pytest.mark.parametrize("change", [{"password": ""}, {"username": ""}])
    def test_nobody_signs_in_without_a_name_and_password(
        self, opener: SimpleBind, serve: Start, change: dict[str, str]
    ) -> None:
        """Servers answer such a bind as a success: of nobody."""
        server = Speaker(bind=bound())
        told(SettingsRefused, lambda: replace(opener, **change)(serve(server)), "is empty")
        assert server.received == b""

    @pytest.mark.parametrize("url", ["https://dc1", "dc1", "ldaps://", "ldaps://dc1:port"])
    def test_a_url_of_something_else(self, opener: SimpleBind, url: str) -> None:
        told(SettingsRefused, lambda: opener(url), "write a URL")

    def test_nothing_of_the_account_is_shown(self, opener: SimpleBind) -> None:
        assert SECRET not in repr(opener) and ACCOUNT not in repr(opener)


class TestInTheMiddle:
    """What was given before is not all: the reading ends with an error."""

    def session(self, opener: SimpleBind, serve: Start, search: Answer | None, **more: Answer) -> Session:
        return opener(serve(Speaker(bind=bound(), search=search, **more)))

    def test_silence(self, hasty: SimpleBind, serve: Start) -> None:
        session = hasty(serve(Speaker(bind=bound())))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "did not answer in time")

    def test_silence_after_some_entries(self, hasty: SimpleBind, serve: Start) -> None:
        session = self.session(hasty, serve, ANNA)
        told(Unreachable, lambda: list(session.search(PEOPLE)), "did not answer in time")

    def test_a_connection_cut_between_entries(self, opener: SimpleBind, serve: Start) -> None:
        session = self.session(opener, serve, None)
        told(Unreachable, lambda: list(session.search(PEOPLE)), "cut")

    def test_a_connection_cut_within_an_entry(self, opener: SimpleBind, serve: Start) -> None:
        class Cuts(Speaker):
            def _answered(self, connection: socket.socket, request: bytes) -> bool:
                return super()._answered(connection, request) and self.asked[-1] != "search"

        session = opener(serve(Cuts(bind=bound(), search=lambda of: together(ANNA, ANNA)(of)[:-5])))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "cut")

    @pytest.mark.parametrize(
        "garbage",
        [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\x30\x03\x02\x01",
            b"\x30\x00" * 9,
            bytes([0x30, 0x05, 0x02, 0x01, 0x03, 0x64, 0x00]),
            bytes(range(256)),
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\xff" + b"\xff" * 200,
        ],
    )
    def test_garbage(self, hasty: SimpleBind, serve: Start, garbage: bytes) -> None:
        session = self.session(hasty, serve, raw(garbage))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "directory server")
        session.close()

    def test_garbage_in_place_of_a_sign_in(self, hasty: SimpleBind, serve: Start, memory: Memory) -> None:
        told(Unreachable, lambda: hasty(serve(Speaker(bind=raw(b"\x30\x00" * 4)))), "directory server")
        assert memory.text is None

    def test_a_name_that_is_no_text(self, opener: SimpleBind, serve: Start) -> None:
        session = self.session(opener, serve, together(entry(b"CN=\xff", {}), done()))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "no LDAP")

    def test_a_byte_now_and_again(self, hasty: SimpleBind, serve: Start) -> None:
        """No time-out of a socket ever passes; the deadline of the call does."""
        told(Unreachable, lambda: hasty(serve(dripping)), "did not answer in time")

    def test_pages_without_end(self, hasty: SimpleBind, serve: Start) -> None:
        """Each comes at once; the deadline of the session passes."""
        server = Speaker(bind=bound(), search=together(ANNA, done(cookie=b"more")))
        session = hasty(serve(server))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "did not answer in time")
        assert server.asked.count("search") > 2

    def test_an_answer_without_end(
        self, opener: SimpleBind, serve: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mailbot.directory.ldap.deadline.MOST", 10_000)
        session = self.session(opener, serve, raw(b"\x30\x84\x7f\xff\xff\xff" + bytes(20_000)))
        told(Unreachable, lambda: list(session.search(PEOPLE)), "cut|failed")

    @pytest.mark.parametrize(
        ("code", "error", "words"),
        [
            (3, Unreachable, "time limit"),
            (4, Unreachable, "limit of entries"),
            (11, Unreachable, "administrative limit"),
            (12, SettingsRefused, "by page"),
            (32, SettingsRefused, r"no such place as \[ldap\] base"),
            (34, SettingsRefused, "no distinguished name"),
            (50, SettingsRefused, "may not read"),
            (51, Unreachable, "busy"),
            (1, Unreachable, "result 1"),
        ],
    )
    def test_a_refusal_after_entries_gives_no_entries(
        self, opener: SimpleBind, serve: Start, code: int, error: type[MailbotError], words: str
    ) -> None:
        session = self.session(opener, serve, together(ANNA, done(code)))
        given = []

        def read() -> None:
            given.extend(session.search(PEOPLE))

        told(error, read, words)
        assert given == []

    def test_a_base_in_another_domain(self, opener: SimpleBind, serve: Start) -> None:
        elsewhere = done(10, referral=b"ldap://elders.example/OU=Anna,DC=elders,DC=example")
        session = self.session(opener, serve, elsewhere)
        told(SettingsRefused, lambda: list(session.search(PEOPLE)), "another domain")

    def test_the_first_of_very_many_values_are_not_lost(self, opener: SimpleBind, serve: Start) -> None:
        many = entry(b"CN=Anna," + BASE.encode(), {b"publicDelegates;range=0-1": [b"CN=Bert", b"CN=Chris"]})
        session = self.session(opener, serve, together(many, done()))
        [found] = session.search(PEOPLE)
        assert found.values == {"publicdelegates": (b"CN=Bert", b"CN=Chris")}

    def test_references_to_other_partitions_are_left_out(self, opener: SimpleBind, serve: Start) -> None:
        other = reference(b"ldap://ad.voorbeeld.example/CN=Configuration,DC=ad,DC=voorbeeld,DC=example")
        session = self.session(opener, serve, together(ANNA, other, done()))
        assert len(list(session.search(PEOPLE))) == 1
        assert isinstance(session, Ldap3Session) and session.references == 1


def directory(opener: SimpleBind, *servers: str, deadline: float = 5) -> LdapDirectory:
    clock = SetClock(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    return LdapDirectory(opener, servers, BASE, frozenset(), clock, deadline)


class TestSeveralServers:
    def test_the_next_is_asked_when_one_does_not_answer(self, opener: SimpleBind, serve: Start) -> None:
        second = Speaker(bind=bound(), search=done(32))
        told(
            SettingsRefused, directory(opener, f"ldaps://127.0.0.1:{free_port()}", serve(second)).read, "base"
        )
        assert second.asked[:2] == ["bind", "search"]

    def test_none_answers(self, hasty: SimpleBind, serve: Start, serve_plain: Start) -> None:
        three = (f"ldaps://127.0.0.1:{free_port()}", serve(Speaker()), f"ldaps:{serve_plain(silent)}")
        text = told(Unreachable, directory(hasty, *three).read, "none of the 3 directory servers")
        assert "nothing listens" in text and "in time" in text

    def test_no_further_one_is_asked_when_the_time_is_up(self, hasty: SimpleBind, serve: Start) -> None:
        silent_one, next_one = Speaker(bind=bound()), Speaker(bind=bound())
        one = directory(hasty, serve(silent_one), serve(next_one), deadline=0.1)
        told(Unreachable, one.read, r"given up after 0.1 seconds; see \[ldap\] deadline_seconds")
        assert next_one.asked == []


def test_ldap3_says_nothing_in_the_log(
    hasty: SimpleBind, serve: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = hasty(serve(Speaker(bind=bound(), search=together(ANNA, done()))))
    assert len(list(session.search(PEOPLE))) == 1
    session.close()
    assert [record for record in caplog.records if record.name.startswith("ldap3")] == []
