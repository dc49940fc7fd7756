"""Signing in: a wrong password is tried once, and then nobody tries for half an hour, restarts included."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import requests

from mailbot.exchange.ews.connection import LineProtocol, credentials_sent
from mailbot.exchange.ews.door import AT_ONCE, Door
from mailbot.exchange.ews.trouble import EARLIER, RESTING, EwsTrouble
from mailbot.model.clock import SetClock
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import Reason
from mailbot.model.mailbox import Size
from mailbot.ports import Exchange
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.roads import (
    ABSENCES,
    EVERYTHING,
    NOW,
    PASSWORD,
    REPLY,
    SIZE,
    Memory,
    asked,
    listen,
    nothing_more,
    one,
    read,
    reason,
    rewrite,
    target,
    values,
)
from tests.contract.test_post import letter


def refusals(server: SimulatorServer) -> int:
    """Finished and refused sign-ins: what locks an account."""
    return sum(line.refused for line in server.access_log())


def another_password(server: SimulatorServer) -> None:
    """The administrator changed it: from now on ours is refused, after a moment."""
    accounts = server._accounts
    accounts._password = "tomorrow's"
    if accounts._store.exists():
        accounts._store.write_text(accounts._store.read_text().replace(PASSWORD, "tomorrow's"))
    check = accounts.check_basic

    def slowly(credentials: str) -> Any:
        time.sleep(0.05)
        return check(credentials)

    accounts.check_basic = slowly  # type: ignore[method-assign]


@pytest.fixture(params=["basic", "ntlm"])
def auth(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestRightPassword:
    def test_it_is_let_in_and_reads(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], auth: str
    ) -> None:
        road = open_road(auth=auth)
        road.sign_in()
        assert all(found.was_read for found in read(road, people, [SIZE]).values())
        assert refusals(server) == 0

    def test_the_401_that_ntlm_begins_with_is_no_refusal(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        memory = Memory()
        road = open_road(auth="ntlm", memory=memory, workers=2)
        read(road, people, [SIZE])
        assert len([line for line in server.access_log() if line.status == 401]) == 2 * 3
        assert memory.text is None

    def test_ntlm_signs_a_connection_in_once(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        road = open_road(auth="ntlm", workers=1)
        road.sign_in()
        read(road, people, EVERYTHING)
        assert server.log.counts()["(sign-in)"] == 2 * 2, "two rounds for the probe, two for the worker"

    def test_a_connection_that_is_worn_out_is_signed_in_anew(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        people: list[Mailbox],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(LineProtocol, "MAX_SESSION_USAGE_COUNT", 5)
        facts = read(open_road(auth="ntlm", workers=1), people, [SIZE])
        assert all(found.was_read for found in facts.values())
        assert server.log.counts()["(sign-in)"] > 2 * 2

    def test_one_probe_goes_before_all_workers(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        read(open_road(workers=4), people, [SIZE])
        first, *rest = server.access_log()
        assert first.mailboxes == (server.town.sender,)
        assert len(rest) == len(people)


class TestWrongPassword:
    def test_it_is_tried_once_however_many_workers_and_mailboxes(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], auth: str
    ) -> None:
        memory = Memory()
        road = open_road(auth=auth, password="yesterday's", workers=4, memory=memory)
        with pytest.raises(SignInRefused):
            road.sign_in()
        facts = read(road, people)
        assert {r for found in facts.values() for r in values(found).values()} == {Reason.SIGN_IN_REFUSED}
        assert refusals(server) == 1
        assert memory.text is not None

    def test_also_when_nobody_probed_first(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], auth: str
    ) -> None:
        road = open_road(auth=auth, password="yesterday's", workers=4)
        facts = read(road, people, [SIZE])
        assert {reason(found, SIZE) for found in facts.values()} == {Reason.SIGN_IN_REFUSED}
        opened = list(road.reachable([target(mailbox) for mailbox in people]))
        assert {why for _, why in opened} == {Reason.SIGN_IN_REFUSED}
        assert refusals(server) == 1

    def test_a_new_process_remembers_and_does_not_try(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        memory = Memory()
        with pytest.raises(SignInRefused):
            open_road(password="yesterday's", memory=memory).sign_in()
        server.log.clear()
        again = open_road(memory=memory)
        with pytest.raises(SignInRefused, match="mailbot doctor"):
            again.sign_in()
        assert reason(read(again, people, [SIZE])[people[0].guid], SIZE) is Reason.SIGN_IN_REFUSED
        assert server.access_log() == []

    def test_the_post_and_the_road_have_one_try_together(
        self, open_road: OpenRoad, open_post: OpenPost, server: SimulatorServer
    ) -> None:
        memory = Memory()
        post = open_post(password="yesterday's", memory=memory)
        for _ in range(2):
            with pytest.raises(SignInRefused):
                post.prepare(letter(server.town))
            with pytest.raises(SignInRefused):
                post.left_over()
        with pytest.raises(SignInRefused):
            open_road(password="yesterday's", memory=memory).sign_in()
        assert refusals(server) == 1

    def test_a_road_that_was_let_in_before_hears_of_a_refusal_elsewhere(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """The password changed, and the post met it first."""
        memory = Memory()
        road = open_road(memory=memory)
        road.sign_in()
        memory.remember(NOW.isoformat())
        server.log.clear()
        assert reason(read(road, people, [SIZE])[people[0].guid], SIZE) is Reason.SIGN_IN_REFUSED
        assert server.access_log() == []

    def test_after_half_an_hour_one_more_try(self, open_road: OpenRoad, server: SimulatorServer) -> None:
        memory, clock = Memory(), SetClock(NOW)
        wrong = open_road(password="yesterday's", memory=memory, clock=clock)
        for minutes, tries in ((0, 1), (29, 1), (31, 2), (60, 2), (62, 3)):
            clock.set(NOW + timedelta(minutes=minutes))
            with pytest.raises(SignInRefused):
                wrong.sign_in()
            assert refusals(server) == tries, f"after {minutes} minutes"

    def test_a_clock_that_was_set_back_costs_half_an_hour_and_no_more(self, open_road: OpenRoad) -> None:
        clock = SetClock(NOW)
        memory = Memory((NOW + timedelta(days=400)).isoformat())
        road = open_road(memory=memory, clock=clock)
        with pytest.raises(SignInRefused):
            road.sign_in()
        clock.set(NOW + timedelta(minutes=31))
        road.sign_in()

    def test_the_doctor_forgets_it_and_a_right_password_is_let_in(self, open_road: OpenRoad) -> None:
        memory = Memory()
        with pytest.raises(SignInRefused):
            open_road(password="yesterday's", memory=memory).sign_in()
        memory.remember(None)
        open_road(memory=memory).sign_in()
        assert memory.text is None

    def test_a_success_closes_the_breaker(self, open_road: OpenRoad) -> None:
        memory = Memory((NOW - timedelta(hours=2)).isoformat())
        open_road(memory=memory).sign_in()
        assert memory.text is None


class TestPasswordChangedMidway:
    def test_it_ends_signing_in_for_the_whole_run(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], auth: str
    ) -> None:
        memory = Memory()
        road = open_road(auth=auth, workers=1, memory=memory)
        road.sign_in()
        server.faults.add(Fault(FaultKind.UNAUTHORIZED, "FindFolder", nth=4))
        facts = read(road, people, [SIZE])
        assert len([found for found in facts.values() if found.was_read]) == 3
        assert {reason(f, SIZE) for f in facts.values() if not f.was_read} == {Reason.SIGN_IN_REFUSED}
        assert server.faults.struck() == 1 if auth == "basic" else 2
        assert memory.text is not None
        server.log.clear()
        assert reason(read(road, people, [SIZE])[people[0].guid], SIZE) is Reason.SIGN_IN_REFUSED
        assert server.access_log() == []

    def test_of_several_workers_none_asks_after_the_refusal_was_heard(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.UNAUTHORIZED, "FindFolder"))
        facts = read(open_road(workers=4), people, [SIZE])
        assert {reason(found, SIZE) for found in facts.values()} == {Reason.SIGN_IN_REFUSED}
        assert len(asked(server, "FindFolder")) <= 4, "at most what was on its way already"

    @pytest.mark.parametrize(("auth", "workers", "most"), [("basic", 4, 4), ("ntlm", 8, AT_ONCE)])
    def test_no_more_are_refused_than_were_signing_in(
        self,
        open_road: OpenRoad,
        open_post: OpenPost,
        server: SimulatorServer,
        people: list[Mailbox],
        auth: str,
        workers: int,
        most: int,
    ) -> None:
        """A domain controller takes a moment to say no; meanwhile others send the same password."""
        memory = Memory()
        road = open_road(auth=auth, workers=workers, memory=memory)
        road.sign_in()
        another_password(server)
        facts = read(road, people, [SIZE])
        assert {reason(found, SIZE) for found in facts.values()} == {Reason.SIGN_IN_REFUSED}
        before = refusals(server)
        assert 1 <= before <= most
        read(road, people, [SIZE])
        with pytest.raises(SignInRefused):
            open_post(auth=auth, memory=memory).left_over()
        assert refusals(server) == before

    def test_a_second_read_of_the_same_road_ends_with_the_first(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        road = open_road(workers=1)
        road.sign_in()
        targets = [target(mailbox) for mailbox in people]
        held, asked_one = threading.Event(), threading.Event()

        def hold(content: bytes) -> None:
            if b"FindFolder" in content and not asked_one.is_set():
                asked_one.set()
                assert held.wait(60)

        listen(server, hold)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(lambda: list(road.read(targets, [SIZE], nothing_more, NOW)))
            assert asked_one.wait(60)
            another_password(server)
            list(road.read(targets, [SIZE], nothing_more, NOW))
            assert refusals(server) == 1
            held.set()
            assert len(first.result()) == len(people)
        assert refusals(server) == 1, "the worker of the first had an answer, and asked no more"

    def test_who_waits_to_try_hears_that_another_was_refused(
        self, open_road: OpenRoad, server: SimulatorServer
    ) -> None:
        another_password(server)
        road = open_road(memory=Memory())

        def told(_: int) -> bool:
            with pytest.raises(SignInRefused):
                road.sign_in()
            return True

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(told, range(4)))
        assert refusals(server) == 1


class TestDoor:
    """One for all who sign in to an endpoint."""

    def test_who_was_stopped_stays_so_when_others_may_try_again(self) -> None:
        door = Door()
        before = door.try_again(lambda: None)
        door.refuse(before, lambda: None)
        after = door.try_again(lambda: None)
        assert (before.is_set(), after.is_set()) == (True, False)
        assert door.refused is after

    def test_nobody_tries_again_before_the_breaker_lets_him(self) -> None:
        door, memory = Door(), Memory()
        breaker = memory.breaker(SetClock(NOW))
        refused = door.try_again(breaker.check)
        door.refuse(refused, breaker.refused)
        with pytest.raises(SignInRefused):
            door.try_again(breaker.check)
        assert door.refused is refused

    def test_a_refusal_stops_who_waits_to_sign_in(self) -> None:
        door = Door()
        refused = door.refused
        with ExitStack() as inside:
            for _ in range(AT_ONCE):
                inside.enter_context(door.signing_in(refused, 5))
            with pytest.raises(EwsTrouble, match=RESTING), door.signing_in(refused, 0.01):
                pass
            door.refuse(refused, lambda: None)
        with pytest.raises(EwsTrouble, match=EARLIER), door.signing_in(refused, 5):
            pass


class TestOtherDoors:
    """What is not a refused account is not treated as one."""

    @pytest.mark.parametrize(
        "kind",
        [
            FaultKind.FORBIDDEN_403,
            FaultKind.HTML_PAGE,
            FaultKind.PLAIN_500,
            FaultKind.BROKEN_XML,
            FaultKind.DROP_BEFORE,
            FaultKind.HANG,
        ],
    )
    def test_an_answer_that_is_not_ews_is_unreachable(
        self, open_road: OpenRoad, server: SimulatorServer, kind: FaultKind
    ) -> None:
        memory = Memory()
        server.faults.add(Fault(kind))
        road = open_road(request_deadline=0.4, mailbox_deadline=1, memory=memory)
        with pytest.raises(Unreachable):
            road.sign_in()
        assert memory.text is None

    def test_a_wrong_path_on_the_right_server(self, open_road: OpenRoad, server: SimulatorServer) -> None:
        with pytest.raises(Unreachable, match="http_404"):
            open_road(endpoint=server.base_url + "/owa/").sign_in()

    def test_a_port_where_nobody_listens(self, open_road: OpenRoad, server: SimulatorServer) -> None:
        endpoint = server.endpoint
        server.stop()
        with pytest.raises(Unreachable):
            open_road(endpoint=endpoint).sign_in()

    def test_a_server_that_offers_no_method_of_ours_refuses_nobody(
        self, open_road: OpenRoad, serve: Callable[..., SimulatorServer]
    ) -> None:
        memory = Memory()
        basic_only = serve(methods=("basic",))
        with pytest.raises(Unreachable, match="http_401"):
            open_road(basic_only, auth="ntlm", memory=memory).sign_in()
        assert memory.text is None

    @pytest.mark.parametrize("kind", [FaultKind.BUSY_503, FaultKind.DROP_BEFORE, FaultKind.PLAIN_500])
    def test_one_hitch_does_not_cost_the_sweep(
        self, open_road: OpenRoad, server: SimulatorServer, kind: FaultKind
    ) -> None:
        server.faults.add(Fault(kind, count=1))
        open_road().sign_in()

    def test_a_server_without_free_busy_has_let_us_in_all_the_same(
        self, open_road: OpenRoad, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        server.faults.add(Fault(FaultKind.NO_OPERATION, "GetUserAvailability"))
        road = open_road()
        road.sign_in()
        found = read(road, [somebody], [SIZE, ABSENCES])[somebody.guid]
        assert reason(found, ABSENCES) is Reason.OPERATION_MISSING
        assert found.was_read

    def test_a_proxy_that_wants_its_own_password_in_the_middle_of_a_run(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], somebody: Mailbox
    ) -> None:
        """HTML with status 403 for one mailbox: that mailbox, and nothing about our account."""
        memory = Memory()
        server.faults.add(Fault(FaultKind.FORBIDDEN_403, "FindFolder", somebody.address))
        facts = read(open_road(memory=memory), people, [SIZE])
        assert [guid for guid, found in facts.items() if not found.was_read] == [somebody.guid]
        assert reason(facts[somebody.guid], SIZE) is Reason.ACCESS_DENIED
        assert memory.text is None


class TestRights:
    """Impersonation and full access read the same; without the right, each mailbox says so."""

    def test_full_access_reads_what_impersonation_reads(
        self, open_road: OpenRoad, serve: Callable[..., SimulatorServer], people: list[Mailbox]
    ) -> None:
        by_role = read(open_road(serve()), people)
        by_right = read(open_road(serve(may_impersonate=False, full_access=True), impersonate=False), people)
        assert {guid: values(f) for guid, f in by_right.items()} == {
            guid: values(f) for guid, f in by_role.items()
        }

    def test_impersonation_names_the_mailbox_and_full_access_names_nobody(
        self, open_road: OpenRoad, serve: Callable[..., SimulatorServer], somebody: Mailbox
    ) -> None:
        role, right = serve(), serve(full_access=True)
        one(open_road(role), somebody, REPLY)
        one(open_road(right, impersonate=False), somebody, REPLY)
        assert [
            [line.impersonated for line in server.access_log() if line.operation == "GetUserOofSettings"]
            for server in (role, right)
        ] == [[somebody.address], [None]]

    def test_without_the_right_only_free_busy_is_left(
        self, open_road: OpenRoad, serve: Callable[..., SimulatorServer], people: list[Mailbox]
    ) -> None:
        for found in read(open_road(serve(may_impersonate=False)), people).values():
            told = values(found)
            assert {told[name] for name in ("mailbox size", "automatic reply", "inbox rules")} == {
                Reason.ACCESS_DENIED
            }
            assert not isinstance(told["absences"], Reason)

    def test_a_mailbox_out_of_scope_stays_closed(
        self, open_road: OpenRoad, serve: Callable[..., SimulatorServer], somebody: Mailbox
    ) -> None:
        road = open_road(serve(), impersonate=False)
        assert one(road, somebody, SIZE) is Reason.ACCESS_DENIED


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Basic dXNlcjpwYXNz", True),
        ("Bearer token", True),
        ("NTLM TlRMTVNTUAABAAAA", False),
        ("NTLM TlRMTVNTUAADAAAA", True),
        ("Negotiate TlRMTVNTUAABAAAA", False),
        ("Negotiate TlRMTVNTUAADAAAA", True),
        ("Negotiate YIIDFQYGKwYBBQUC", True),
        ("Negotiate", False),
        ("NTLM", False),
        ("", False),
    ],
)
def test_what_counts_as_credentials_that_were_shown(header: str, sent: bool) -> None:
    """A 401 after these is a refusal; before them it is an invitation."""
    response = requests.Response()
    response.request = requests.Request("POST", "http://127.0.0.1/", {"Authorization": header}).prepare()
    assert credentials_sent(response) is sent


def test_an_answer_in_the_name_of_another_version_changes_nothing(
    road: Exchange, server: SimulatorServer, people: list[Mailbox]
) -> None:
    """A front end may report another build than the server behind it."""
    rewrite(server, 'MajorVersion="15" MinorVersion="2"', 'MajorVersion="8" MinorVersion="0"')
    sizes = [values(found)["mailbox size"] for found in read(road, people, [SIZE]).values()]
    assert all(isinstance(size, Size) for size in sizes)
