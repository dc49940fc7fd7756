"""What is made of a process that misbehaves, or says why it failed: never half an answer, never a name."""

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.directory.entry import Entry
from mailbot.directory.ldap import deadline, kerberos_trouble
from mailbot.directory.ldap.kerberos import KerberosBind
from mailbot.directory.ldap.kerberos_child import Failure
from mailbot.directory.ldap.session import Scope, Search
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import SystemClock
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused, Unreachable

URL = "ldap://dc1.ad.voorbeeld.example"
"""Kerberos seals here by itself, so nobody but the process asks this server anything."""

EVERYBODY = Search("OU=Medewerkers,DC=ad,DC=voorbeeld,DC=example", "(objectClass=user)", ("cn",))
Bind = Callable[..., KerberosBind]


def b64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@pytest.fixture
def bind() -> Bind:
    def terms(child: tuple[str, ...], each: float = 20.0) -> KerberosBind:
        clock = SystemClock()
        breaker = Breaker(clock, lambda: None, lambda _: None)
        account, keytab = "svc-mailbot@AD.VOORBEELD.EXAMPLE", Path("svc.keytab")
        return KerberosBind(account, keytab, clock, breaker, each=each, child=child)

    return terms


SIGNED_IN = '{"signed_in": true}'
ANNA = json.dumps({"dn": "CN=Anna", "values": {"cn": [b64("Anna")]}})
HALF = ANNA[: len(ANNA) // 2]
NO_BASE64 = json.dumps({"dn": "CN=Anna", "values": {"cn": ["Anna!"]}})


def saying(*lines: str, then: str = "time.sleep(60)") -> tuple[str, ...]:
    """A process that takes whatever it is asked and says this."""
    said = "\n".join(lines)
    program = (
        f"import sys, time; sys.stdin.readline(); sys.stdout.write({said!r}); sys.stdout.flush(); {then}"
    )
    return (sys.executable, "-P", "-c", program)


def test_a_refusal_that_cannot_be_written_down_is_remembered_all_the_same(bind: Bind) -> None:
    """Else this reading tells of the wrong trouble, and the next brings the account nearer to its lock."""

    def full(_text: str | None) -> None:
        raise Unreachable("the database takes nothing")

    refusing = bind(saying('{"failed": "sign_in", "code": 49}', ""))
    held = replace(refusing, breaker=Breaker(refusing.clock, lambda: None, full))
    with pytest.raises(SignInRefused, match="refused the ticket"):
        held(URL)
    with pytest.raises(SignInRefused, match="less than 30 minutes"):
        replace(held, child=("/nergens/python",))(URL)


class TestAProcessThatMisbehaves:
    @pytest.mark.parametrize(
        "child",
        [
            saying("", then="pass"),
            saying("geen JSON", ""),
            saying("[1]", ""),
            saying("[" * 100_000, ""),
            saying("\\xff\\xfe", ""),
            saying('{"end": true}', ""),
            saying('{"failed": "onbekend", "code": 1}', ""),
            saying('{"failed": "kerberos"}', ""),
            saying('{"failed": "sign_in", "code": "svc-mailbot"}', ""),
            (sys.executable, "-P", "-c", "raise SystemExit(3)"),
            ("/nergens/python",),
        ],
    )
    def test_an_odd_first_answer_is_no_sign_in(self, bind: Bind, child: tuple[str, ...]) -> None:
        with pytest.raises(Unreachable) as caught:
            bind(child=child)(URL)
        assert "svc-mailbot" not in str(caught.value)

    @pytest.mark.parametrize(
        "child",
        [
            saying(SIGNED_IN, ANNA, "", then="pass"),
            saying(SIGNED_IN, ANNA, HALF, then="pass"),
            saying(SIGNED_IN, ANNA, HALF + "}", ""),
            saying(SIGNED_IN, ANNA, SIGNED_IN, ""),
            saying(SIGNED_IN, NO_BASE64, ""),
            saying(SIGNED_IN, '{"dn": "CN=Anna", "values": [1]}', ""),
            saying(SIGNED_IN, '{"dn": "CN=Anna"}', ""),
            saying(SIGNED_IN, ANNA, '{"failed": "search", "code": -1}', ""),
            saying(SIGNED_IN, ANNA, '{"failed": "search", "code": 51}', ""),
            saying(SIGNED_IN, ANNA, '{"failed": "garbled", "code": 0}', ""),
        ],
    )
    def test_a_page_that_does_not_end_well_gives_nobody(self, bind: Bind, child: tuple[str, ...]) -> None:
        session = bind(child=child)(URL)
        found: list[Entry] = []
        with pytest.raises(Unreachable):
            found.extend(session.search(EVERYBODY))
        assert found == []
        session.close()

    def test_one_that_says_nothing_more_is_ended(self, bind: Bind) -> None:
        session = bind(child=saying(SIGNED_IN, ANNA, ""), each=0.3)(URL)
        with pytest.raises(Unreachable, match="not answer in time"):
            list(session.search(EVERYBODY))
        assert not Path(f"/proc/{session.pid}").exists()

    def test_one_that_never_ends_its_line_is_ended(self, bind: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deadline, "MOST", 1_000_000)
        endless = saying(SIGNED_IN, "", then="[sys.stdout.write('x' * 65536) for _ in iter(int, 1)]")
        session = bind(child=endless)(URL)
        with pytest.raises(Unreachable):
            list(session.search(EVERYBODY))
        assert not Path(f"/proc/{session.pid}").exists()


class TestAProcessThatAnswers:
    def test_all_pages_come_in_order(self, bind: Bind) -> None:
        bert = ANNA.replace("CN=Anna", "CN=Bert")
        child = saying(SIGNED_IN, ANNA, '{"page": true}', bert, '{"end": true}', "")
        found = list(bind(child)(URL).search(EVERYBODY))
        assert [entry.dn for entry in found] == ["CN=Anna", "CN=Bert"]
        assert found[0].values == {"cn": (b"Anna",)}

    def test_an_attribute_without_values_is_not_there(self, bind: Bind) -> None:
        nothing = '{"dn": "CN=Anna", "values": {"CN": [], "Mail": ["YQ=="]}}'
        (found,) = bind(saying(SIGNED_IN, nothing, '{"end": true}', ""))(URL).search(EVERYBODY)
        assert found == Entry("CN=Anna", {"mail": (b"a",)})

    def test_what_it_is_told(self, bind: Bind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing of the environment but where Kerberos has its settings, and no password."""
        for name in ("HTTPS_PROXY", "LDAPURI", "KRB5CCNAME", "KRB5_CLIENT_KTNAME", "MAILBOT_KEY"):
            monkeypatch.setenv(name, "of-somebody-else")
        monkeypatch.setenv("KRB5_CONFIG", "/etc/krb5.conf")
        note = (
            "import json, os, sys; ask = lambda: json.loads(sys.stdin.readline()); first = ask(); "
            f"print({SIGNED_IN!r}, flush=True); told = [first, ask(), dict(os.environ), os.getcwd()]; "
            f"open({str(tmp_path / 'told')!r}, 'w').write(json.dumps(told)); print('{{\"end\": true}}')"
        )
        session = bind((sys.executable, "-P", "-c", note))(URL)
        assert list(session.search(Search("", "(objectClass=*)", ("cn",), Scope.BASE))) == []
        terms, question, environment, folder = json.loads((tmp_path / "told").read_text())
        assert terms["sealed"] and not terms["starttls"] and terms["host"] == "dc1.ad.voorbeeld.example"
        assert question["page"] == 0 and not question["subtree"]
        assert "of-somebody-else" not in str(environment)
        assert environment["KRB5_CONFIG"] == "/etc/krb5.conf"
        assert folder == "/"


class TestWhatHasFailed:
    @pytest.mark.parametrize(
        ("failure", "code", "kind", "told"),
        [
            (Failure.KERBEROS, -1765328360, SignInRefused, "old key"),
            (Failure.KERBEROS, -1765328366, SignInRefused, "disabled or locked"),
            (Failure.KERBEROS, -1765328378, SignInRefused, "does not know the account"),
            (Failure.KERBEROS, -1765328203, SettingsRefused, "keytab_file"),
            (Failure.KERBEROS, 13, SettingsRefused, "keytab_file"),
            (Failure.KERBEROS, -1765328347, Unreachable, "clocks"),
            (Failure.KERBEROS, -1765328228, Unreachable, "no server of the realm"),
            (Failure.KERBEROS, -1, Unreachable, "number -1"),
            (Failure.SIGN_IN, 49, SignInRefused, "refused the ticket"),
            (Failure.SIGN_IN, 8, SettingsRefused, "encrypted in another way"),
            (Failure.SIGN_IN, 53, SettingsRefused, "encrypted in another way"),
            (Failure.SIGN_IN, -1, Unreachable, "failed or was cut"),
            (Failure.SIGN_IN, -5, Unreachable, "not answer in time"),
            (Failure.SIGN_IN, 51, Unreachable, "51"),
            (Failure.SEARCH, 32, SettingsRefused, "no such place"),
            (Failure.SEARCH, 50, SettingsRefused, "may not read"),
            (Failure.SEARCH, 4, Unreachable, "limit of entries"),
            (Failure.SEARCH, -5, Unreachable, "not answer in time"),
            (Failure.GARBLED, 0, Unreachable, "no LDAP"),
            (Failure.MISSING, 0, SettingsRefused, "ldap-kerberos"),
        ],
    )
    def test_it_is_told_in_words_and_only_a_judged_account_is_refused(
        self, failure: Failure, code: int, kind: type[MailbotError], told: str
    ) -> None:
        error = kerberos_trouble.of(failure, code)
        assert type(error) is kind and told in str(error)
