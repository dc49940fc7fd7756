"""Kerberos with a real KDC: tickets from a keytab, bound to the connection, and refused in plain words."""

import dataclasses
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailbot.exchange.ews import kerberos
from mailbot.exchange.ews.kerberos import Keytab, tickets_of
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import Reason
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.kerberos_front import Front, standing
from tests.contract.kerberos_realm import ACCOUNT, REALM, Realm, needed
from tests.contract.roads import NOW, REPLY, SIZE, Memory, nothing_more, read, reason, target
from tests.contract.wires import Authority, authority
from tests.free_ports import free_port

LET_IN = f"let in {ACCOUNT}"
SignIn = Callable[..., Exchange]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours") / "ca", "gemeente Voorbeeld")


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    needed()
    made = Realm(tmp_path_factory.mktemp("realm"), free_port())
    made.make()
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def in_the_realm(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process belongs to the realm, and has forgotten all tickets."""
    monkeypatch.setenv("KRB5_CONFIG", str(realm.krb5_conf))
    tickets_of.cache_clear()


@pytest.fixture
def front(server: SimulatorServer, realm: Realm, ours: Authority) -> Iterator[Front]:
    with standing(Front(server, realm.service_keytab, ours.chain_file)) as front:
        yield front


@pytest.fixture
def sign_in(front: Front, open_road: OpenRoad, realm: Realm, ours: Authority) -> SignIn:
    """A road to the front with a keytab."""

    def start(**terms: object) -> Exchange:
        terms = {"auth": "kerberos", "password": "", "keytab": realm.keytab, **terms}
        return open_road(endpoint=front.endpoint, ca_file=ours.ca_file, **terms)

    return start


@pytest.fixture
def unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a client that knows nothing of channel bindings."""
    monkeypatch.setattr(kerberos.KerberosAuth, "_binding", lambda _self: None)


class TestLetIn:
    def test_it_signs_in_and_reads_without_a_password(
        self, sign_in: SignIn, front: Front, people: list[Mailbox]
    ) -> None:
        road = sign_in()
        road.sign_in()
        assert all(found.was_read for found in read(road, people, [SIZE]).values())
        assert set(front.seen) == {"asked", LET_IN}

    def test_a_letter_goes_the_same_way(
        self, front: Front, open_post: OpenPost, realm: Realm, ours: Authority
    ) -> None:
        post = open_post(auth="kerberos", keytab=realm.keytab, endpoint=front.endpoint, ca_file=ours.ca_file)
        assert post.left_over() == 0
        assert LET_IN in front.seen

    def test_one_ticket_does_for_all_connections(
        self, sign_in: SignIn, realm: Realm, people: list[Mailbox]
    ) -> None:
        before = realm.logged("AS_REQ")
        road = sign_in(workers=4)
        road.sign_in()
        read(road, people, [SIZE])
        assert realm.logged("AS_REQ") - before == 2, "asked, told that a proof is needed, and asked with it"

    def test_a_connection_that_stays_signed_in_shows_its_ticket_once(
        self, sign_in: SignIn, front: Front, people: list[Mailbox]
    ) -> None:
        read(sign_in(workers=1), people, [SIZE])
        assert front.seen == ["asked", LET_IN] * 2, "the probe and the worker"

    def test_a_server_that_wants_one_each_time_is_not_made_to_ask_each_time(
        self, sign_in: SignIn, front: Front, people: list[Mailbox]
    ) -> None:
        front.every_request = True
        facts = read(sign_in(workers=1), people, [SIZE])
        assert all(found.was_read for found in facts.values())
        assert front.seen.count("asked") == 3, "the probe, the worker, and once more before it knew"
        assert front.seen.count(LET_IN) > len(people)

    def test_nothing_of_it_is_logged(
        self, sign_in: SignIn, people: list[Mailbox], caplog: pytest.LogCaptureFixture, realm: Realm
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            read(sign_in(), people, [SIZE])
        for secret in ("Negotiate YI", "svc-mailbot", REALM):
            assert secret not in caplog.text

    def test_the_environment_names_neither_keytab_nor_tickets(
        self, sign_in: SignIn, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("KRB5CCNAME", "KRB5_CLIENT_KTNAME", "KRB5_KTNAME"):
            monkeypatch.setenv(name, f"FILE:{tmp_path}/of-somebody-else")
        sign_in().sign_in()
        assert LET_IN in front.seen
        assert list(tmp_path.glob("of-somebody-else*")) == []


class TestExtendedProtection:
    def test_a_ticket_that_is_not_bound_is_refused_where_that_is_required(
        self, sign_in: SignIn, front: Front, unbound: None
    ) -> None:
        memory = Memory()
        with pytest.raises(SignInRefused, match="Extended Protection"):
            sign_in(memory=memory).sign_in()
        assert front.seen == ["asked", "unbound"], "shown once, not again"
        assert memory.text is not None

    def test_it_is_let_in_where_nobody_requires_it(
        self, sign_in: SignIn, front: Front, unbound: None
    ) -> None:
        front.wanted = False
        sign_in().sign_in()

    def test_who_encrypts_anew_on_the_way_makes_it_worthless(
        self, sign_in: SignIn, front: Front, tmp_path: Path
    ) -> None:
        """A load balancer with a certificate of its own: the ticket is bound to that one."""
        front.chain_file = authority(tmp_path / "behind", "gemeente Voorbeeld").chain_file
        with pytest.raises(SignInRefused, match="encrypts anew"):
            sign_in().sign_in()
        assert front.seen == ["asked", "BadChannelBindingsError"]


class TestTheServer:
    def test_one_that_does_not_prove_itself_is_not_believed(self, sign_in: SignIn, front: Front) -> None:
        front.proves = False
        memory = Memory()
        with pytest.raises(Unreachable, match="without proving"):
            sign_in(memory=memory).sign_in()
        assert memory.text is None

    def test_one_that_takes_no_tickets_is_shown_none(self, sign_in: SignIn, front: Front) -> None:
        front.offers = 'NTLM, Basic realm="Negotiate"'
        memory = Memory()
        with pytest.raises(Unreachable, match="offers no Negotiate"):
            sign_in(memory=memory).sign_in()
        assert set(front.seen) == {"asked"}
        assert memory.text is None

    def test_one_that_the_domain_does_not_know(self, sign_in: SignIn, front: Front, realm: Realm) -> None:
        keytab = dataclasses.replace(realm.keytab, service_host="owa.voorbeeld.example")
        with pytest.raises(Unreachable, match="Register the SPN"):
            sign_in(keytab=keytab).sign_in()
        assert set(front.seen) == {"asked"}

    def test_one_that_refuses_a_ticket_that_came_beforehand_gets_no_other(
        self, sign_in: SignIn, front: Front, people: list[Mailbox], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front.every_request = True
        memory = Memory()
        road = sign_in(workers=1, memory=memory)
        answers = road.read([target(mailbox) for mailbox in people], [SIZE, REPLY], nothing_more, NOW)
        next(answers)
        next(answers)
        monkeypatch.setattr(kerberos.KerberosAuth, "_binding", lambda _self: None)
        list(answers)
        assert front.seen.count("unbound") == 1
        assert memory.text is not None


class TestTheAccount:
    """What the KDC refuses opens the breaker: accounts lock there as they do in Exchange."""

    @pytest.fixture
    def old_key(self, realm: Realm, tmp_path: Path) -> Iterator[Keytab]:
        """A keytab from before the password was changed."""
        old = tmp_path / "old.keytab"
        old.write_bytes(realm.keytab.file.read_bytes())
        realm.admin("cpw -randkey svc-mailbot")
        realm.keytab.file.unlink()
        realm.admin(f"ktadd -k {realm.keytab.file} -norandkey svc-mailbot")
        return dataclasses.replace(realm.keytab, file=old)

    def test_an_old_key_is_tried_once_and_not_by_every_worker(
        self, sign_in: SignIn, front: Front, realm: Realm, people: list[Mailbox], old_key: Keytab
    ) -> None:
        memory = Memory()
        before = realm.logged("PREAUTH_FAILED")
        road = sign_in(keytab=old_key, memory=memory, workers=4)
        with pytest.raises(SignInRefused, match="Make a new one"):
            road.sign_in()
        facts = read(road, people, [SIZE])
        assert {reason(found, SIZE) for found in facts.values()} == {Reason.SIGN_IN_REFUSED}
        assert realm.logged("PREAUTH_FAILED") - before == 1
        assert front.seen == ["asked"], "the server never saw a ticket"
        assert memory.text is not None

    @pytest.mark.parametrize(
        ("change", "back", "says"),
        [
            ("-expire 2020-01-01", "-expire never", "has expired in the domain"),
            ("-pwexpire 2020-01-01", "-pwexpire never", "password of the account has expired"),
            ("-allow_tix", "+allow_tix", "disabled or locked"),
        ],
    )
    def test_an_account_that_may_not_come_in(
        self, sign_in: SignIn, realm: Realm, change: str, back: str, says: str
    ) -> None:
        memory = Memory()
        realm.admin(f"modprinc {change} svc-mailbot")
        try:
            with pytest.raises(SignInRefused, match=says):
                sign_in(memory=memory).sign_in()
        finally:
            realm.admin(f"modprinc {back} svc-mailbot")
        assert memory.text is not None

    def test_an_account_that_is_gone(self, sign_in: SignIn, realm: Realm) -> None:
        keytab = realm.folder / "leaver.keytab"
        realm.admin("addprinc -randkey svc-leaver")
        realm.admin(f"ktadd -k {keytab} -norandkey svc-leaver")
        realm.admin("delprinc -force svc-leaver")
        with pytest.raises(SignInRefused, match="knows no account of this name"):
            sign_in(keytab=Keytab(keytab, f"svc-leaver@{REALM}")).sign_in()

    @pytest.mark.parametrize("principal", [f"somebody@{REALM}", "svc-mailbot@ELDERS.EXAMPLE"])
    def test_a_name_that_the_keytab_does_not_hold(
        self, sign_in: SignIn, realm: Realm, principal: str
    ) -> None:
        memory = Memory()
        before = realm.logged("AS_REQ")
        with pytest.raises(Unreachable, match="holds no key for this account"):
            sign_in(keytab=dataclasses.replace(realm.keytab, principal=principal), memory=memory).sign_in()
        assert realm.logged("AS_REQ") == before, "nobody was asked"
        assert memory.text is None

    def test_a_keytab_that_is_gone(self, sign_in: SignIn, realm: Realm, tmp_path: Path) -> None:
        with pytest.raises(Unreachable, match="keytab"):
            sign_in(keytab=dataclasses.replace(realm.keytab, file=tmp_path / "gone")).sign_in()


class TestTheDomainController:
    @pytest.fixture
    def alone(self, realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
        """A realm for one test, of which the KDC can be stopped."""
        made = Realm(tmp_path, free_port())
        made.make()
        monkeypatch.setenv("KRB5_CONFIG", str(made.krb5_conf))
        yield made
        made.stop()

    def test_one_that_does_not_answer_is_no_refusal(
        self, alone: Realm, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, front: Front
    ) -> None:
        memory = Memory()
        road = sign_in(keytab=alone.keytab, memory=memory)
        with pytest.raises(Unreachable, match="no domain controller"):
            road.sign_in()
        assert memory.text is None
        front.service_keytab = alone.service_keytab
        alone.start()
        with pytest.raises(Unreachable, match="no domain controller"):
            road.sign_in()  # every worker would wait for a dead one anew, so its silence is remembered
        tickets_of.cache_clear()
        road.sign_in()

    def test_clocks_that_differ(self, alone: Realm, sign_in: SignIn) -> None:
        memory = Memory()
        alone.start(clock="+2h")
        with pytest.raises(Unreachable, match="clocks"):
            sign_in(keytab=alone.keytab, memory=memory).sign_in()
        assert memory.text is None

    def test_a_ticket_is_renewed_at_half_its_life(
        self, alone: Realm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone.start()
        now = [1000.0]
        monkeypatch.setattr(kerberos.time, "monotonic", lambda: now[0])
        tickets = tickets_of(alone.keytab)
        first = tickets.held()
        life = first.plain.lifetime
        now[0] += life / 2 - 60
        assert tickets.held() is first
        now[0] += 120
        assert tickets.held() is not first

    def test_a_ticket_that_still_lasts_is_used_while_no_other_can_be_had(
        self, alone: Realm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kerberos, "QUIET", 0.0)
        alone.start()
        tickets = tickets_of(alone.keytab)
        first = tickets.held()
        alone.stop()
        for _ in range(3):
            tickets._renew_at = 0.0  # past half its life a new one is wanted, in vain
            assert tickets.held() is first
        monkeypatch.setattr(kerberos, "_lasts", lambda _held: False)
        with pytest.raises(EwsTrouble, match="kdc_unreachable"):
            tickets.held()

    def test_a_key_that_is_changed_while_a_ticket_lasts_is_not_tried_again_and_again(
        self, alone: Realm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone.start()
        tickets = tickets_of(alone.keytab)
        first = tickets.held()
        alone.admin("cpw -randkey svc-mailbot")
        tickets._renew_at = 0.0
        for _ in range(20):
            assert tickets.held() is first
        assert alone.logged("PREAUTH_FAILED") == 1, "at half its life"
        monkeypatch.setattr(kerberos, "_lasts", lambda _held: False)
        for _ in range(3):
            with pytest.raises(EwsTrouble, match="keytab_refused"):
                tickets.held()
        assert alone.logged("PREAUTH_FAILED") == 1, "told from memory: the sign-in breaker takes it from here"

    def test_one_that_stays_silent_for_long_is_asked_once_by_all_who_wait(
        self, realm: Realm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Longer than its silence counts: that begins with its end. Who waited in vain does not wait on."""
        now, gave_up = [1000.0], threading.Semaphore(0)
        monkeypatch.setattr(kerberos, "QUIET", 0.2)
        monkeypatch.setattr(kerberos.time, "monotonic", lambda: now[0])
        tickets, asked = kerberos.Tickets(realm.keytab), []
        monkeypatch.setattr(kerberos, "trouble_of", lambda _: EwsTrouble(Reason.CONNECTION_LOST, "silent"))

        def silent() -> kerberos.Held:
            asked.append(1)
            for _ in range(7):
                assert gave_up.acquire(timeout=60)
            now[0] += 1
            raise kerberos.libraries().exceptions.GSSError(0, 0)

        def told(_: int) -> str:
            code = trouble_in(tickets).code
            gave_up.release()
            return code

        monkeypatch.setattr(tickets, "_acquire", silent)
        with ThreadPoolExecutor(8) as pool:
            codes = Counter(pool.map(told, range(8)))
        assert codes == {"silent": 1, "kdc_unreachable": 7}
        assert told(8) == "silent"
        assert asked == [1]

    def test_a_ticket_that_lasts_is_had_while_another_is_asked_for(
        self, alone: Realm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone.start()
        tickets = tickets_of(alone.keytab)
        first = tickets.held()
        begun, answered = threading.Event(), threading.Event()
        acquire = tickets._acquire

        def slowly() -> kerberos.Held:
            begun.set()
            assert answered.wait(60)
            return acquire()

        monkeypatch.setattr(tickets, "_acquire", slowly)
        tickets._renew_at = 0.0
        with ThreadPoolExecutor(1) as pool:
            renewed = pool.submit(tickets.held)
            assert begun.wait(60)
            assert tickets.held() is first
            answered.set()
            assert renewed.result() is not first

    def test_short_tickets_are_replaced_before_they_end(
        self, alone: Realm, sign_in: SignIn, front: Front, people: list[Mailbox]
    ) -> None:
        """Two seconds each: longer than that, the sweep goes on with new ones."""
        alone.admin("modprinc -maxlife 2sec svc-mailbot")
        alone.start()
        front.service_keytab, front.every_request = alone.service_keytab, True
        road = sign_in(keytab=alone.keytab, workers=1)
        before = alone.logged("ISSUE")
        while alone.logged("ISSUE") < before + 6:  # each a ticket for the account and one for the service
            assert all(found.was_read for found in read(road, people, [SIZE]).values())


def trouble_in(tickets: kerberos.Tickets) -> EwsTrouble:
    with pytest.raises(EwsTrouble) as told:
        tickets.held()
    return told.value


def test_trouble_is_told_by_number_alone() -> None:
    class Error(Exception):
        min_code = 2**32 - 1765328360

    trouble = kerberos.trouble_of(Error("svc-mailbot@VOORBEELD.EXAMPLE"))
    assert isinstance(trouble, EwsTrouble)
    assert (trouble.reason, trouble.code) == (Reason.SIGN_IN_REFUSED, "keytab_refused")
    assert "svc-mailbot" not in str(trouble)
