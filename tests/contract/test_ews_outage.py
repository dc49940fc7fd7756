"""A server that goes away in the middle of a sweep and comes back: it costs no mailbox.

Counts and states only; the rests are made short.
"""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from mailbot.exchange.ews import outage, visit
from mailbot.exchange.throttling import budget_of
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Known, Reason
from mailbot.ports import Target
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.moments import Leap
from tests.contract.roads import (
    ABSENCES,
    EVERYTHING,
    NOW,
    REPLY,
    SIZE,
    asked,
    nothing_more,
    read,
    reason,
    staff,
    target,
    values,
    workers_alive,
)
from tests.contract.wires import listening
from tests.free_ports import free_port

LOST, BACK = "exchange cannot be reached", "exchange answers again"


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "FIRST_REST", 0.05)
    monkeypatch.setattr(outage, "LONGEST_REST", 0.2)


@pytest.fixture
def events() -> Iterator[Callable[[str], int]]:
    """How often something was logged so far."""
    with capture_logs() as logged:
        yield lambda event: sum(line["event"] == event for line in logged)


class Endpoint:
    """A server that can go away, and come back on the same port."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.port = free_port()
        self.server = SimulatorServer(town, port=self.port)
        self.server.start()
        self.is_there = True

    def go(self) -> None:
        self.server.stop()
        self.is_there = False

    def come_back(self) -> None:
        self.server = SimulatorServer(self.town, port=self.port)
        self.server.start()
        self.is_there = True


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    here = Endpoint(Town.build(seed=1, mailboxes=60, now=NOW, stories=()))
    yield here
    if here.is_there:
        here.go()


def targets(people: list[Mailbox]) -> list[Target]:
    return [target(mailbox) for mailbox in people]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 8])
def test_it_costs_no_mailbox(
    open_road: OpenRoad, endpoint: Endpoint, events: Callable[[str], int], workers: int
) -> None:
    """Away until it was looked for in vain a few times: all is read in full, each mailbox once."""
    people = staff(endpoint.town)
    road = open_road(endpoint.server, workers=workers)
    answers = road.read(targets(people), EVERYTHING, nothing_more, NOW)
    found = [next(answers) for _ in range(3)]
    endpoint.go()

    def mend() -> None:
        wait_until(lambda: events(LOST) >= 4)
        endpoint.come_back()

    mending = threading.Thread(target=mend)
    mending.start()
    found += answers
    mending.join()
    assert sorted(facts.guid for facts in found) == sorted(mailbox.guid for mailbox in people)
    assert all(isinstance(facts.get(need), Known) for facts in found for need in EVERYTHING)
    assert events(BACK) >= 1


def test_what_a_mailbox_told_before_is_not_asked_again(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
) -> None:
    server.faults.add(Fault(FaultKind.DROP_BEFORE, "GetUserOofSettings", count=4))
    facts = read(open_road(workers=2), people, [SIZE, REPLY])
    assert all(isinstance(found.get(need), Known) for found in facts.values() for need in (SIZE, REPLY))
    assert len(asked(server, "GetUserOofSettings")) == len(people) + 4
    sized = [boxes[0] for boxes in asked(server, "FindFolder")]
    assert len(sized) == len(set(sized)) == len(people)


def test_one_alone_looks_again_and_at_the_end_of_the_run_they_are_what_they_are(
    open_road: OpenRoad, people: list[Mailbox], events: Callable[[str], int], leap: Leap
) -> None:
    """Those who were begun have lost their connection; the others were not visited. Every second look begins
    one more."""
    lock, at_a_time, most = threading.Lock(), [0], []

    def hang_up(_connection: Any, over: threading.Event) -> None:
        with lock:
            at_a_time[0] += 1
            most.append(at_a_time[0])
        over.wait(0.05)
        with lock:
            at_a_time[0] -= 1

    with listening(hang_up) as port:
        where = f"http://127.0.0.1:{port}/EWS/Exchange.asmx"
        road = open_road(endpoint=where, workers=4, run_deadline=100)

        def end_it() -> None:
            wait_until(lambda: events(LOST) >= 8)
            leap(100)

        ending = threading.Thread(target=end_it)
        ending.start()
        facts = read(road, people, [SIZE])
        ending.join()
    told = [reason(found, SIZE) for found in facts.values()]
    assert set(told) <= {Reason.CONNECTION_LOST, Reason.NOT_VISITED}
    looks = events(LOST) + 1
    assert outage.DIFFERENT <= told.count(Reason.CONNECTION_LOST) <= 2 * outage.DIFFERENT + looks // 2
    assert most[-3:] == [1, 1, 1]


def test_a_run_that_is_stopped_waits_for_nobody_and_neither_do_sign_in_and_post(
    open_road: OpenRoad,
    open_post: OpenPost,
    endpoint: Endpoint,
    events: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outage, "FIRST_REST", 3000)
    monkeypatch.setattr(outage, "LONGEST_REST", 3000)
    people = staff(endpoint.town)
    road = open_road(endpoint.server, workers=4, run_deadline=10_000)
    post = open_post(endpoint.server)
    answers = road.read(targets(people), [SIZE], nothing_more, NOW)
    next(answers)
    endpoint.go()
    found: list[Any] = []
    reading = threading.Thread(target=lambda: found.extend(answers))
    reading.start()
    wait_until(lambda: events(LOST) == 1)
    with pytest.raises(Unreachable):
        road.sign_in()
    with pytest.raises(Unreachable):
        post.left_over()
    road.close()
    reading.join()
    assert len(found) == len(people) - 1
    lost = [facts for facts in found if Reason.CONNECTION_LOST in values(facts).values()]
    assert outage.DIFFERENT <= len(lost) <= 3 * (4 + outage.DIFFERENT), "by who had a turn; not everybody"
    assert len(lost) < len(found)
    assert workers_alive() == []


def test_a_mailbox_whose_connection_alone_is_lost_is_given_up(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], events: Callable[[str], int]
) -> None:
    unlucky = people[3]
    server.faults.add(Fault(FaultKind.DROP_BEFORE, "FindFolder", unlucky.address))
    facts = read(open_road(workers=2), people, [SIZE])
    assert reason(facts[unlucky.guid], SIZE) is Reason.CONNECTION_LOST
    assert sum(isinstance(found.get(SIZE), Known) for found in facts.values()) == len(people) - 1
    assert server.faults.struck() == visit.TRIES + visit.LOST_TRIES - 1
    assert events(LOST) == 0


@pytest.mark.parametrize(("first", "then"), [(502, 502), (504, 504), (502, 500), (502, 404)])
def test_pages_of_a_load_balancer_are_an_outage_too(
    open_road: OpenRoad,
    endpoint: Endpoint,
    events: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    then: int,
) -> None:
    """Whatever it says of a server that is not there, until that answers itself."""
    people, server = staff(endpoint.town), endpoint.server
    answer_ews, away, pages = server.answer_ews, threading.Event(), []

    def answering(account: str, content: bytes) -> Any:
        answer = answer_ews(account, content)
        looked = events(LOST)
        if not away.is_set() or looked >= 4:
            return answer
        pages.append(then if looked else first)
        return dataclasses.replace(answer, status=pages[-1], body=b"<html/>", content_type="text/html")

    monkeypatch.setattr(server, "answer_ews", answering)
    answers = open_road(server, workers=8).read(targets(people), EVERYTHING, nothing_more, NOW)
    found = [next(answers) for _ in range(3)]
    away.set()
    found += answers
    assert sorted(facts.guid for facts in found) == sorted(mailbox.guid for mailbox in people)
    assert all(isinstance(facts.get(need), Known) for facts in found for need in EVERYTHING)
    assert {first, then} == set(pages)


class TestMailboxesWhoseConnectionsAreLostByThemselves:
    """As of mailboxes that make the server drop the connection. A rest for them would end these runs."""

    @pytest.fixture(autouse=True)
    def endless_rests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(outage, "FIRST_REST", 3000)
        monkeypatch.setattr(outage, "LONGEST_REST", 3000)

    @pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_MIDWAY])
    def test_many_of_them_hold_up_nobody(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        people: list[Mailbox],
        events: Callable[[str], int],
        kind: FaultKind,
    ) -> None:
        poisoned = {mailbox.guid: mailbox for mailbox in people[:7]}
        server.faults.add(*(Fault(kind, "FindFolder", one.address) for one in poisoned.values()))
        facts = read(open_road(workers=1), people, [SIZE, REPLY])
        lost = {guid for guid, found in facts.items() if not isinstance(found.get(SIZE), Known)}
        assert lost == set(poisoned)
        assert {reason(facts[guid], SIZE) for guid in lost} == {Reason.CONNECTION_LOST}
        assert all(isinstance(found.get(REPLY), Known) for found in facts.values())
        assert events(LOST) == 0

    def test_nor_when_it_is_only_asked_who_can_be_opened(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        poisoned = people[:4]
        server.faults.add(*(Fault(FaultKind.DROP_BEFORE, "GetFolder", one.address) for one in poisoned))
        opened = dict(open_road(workers=1).reachable(targets(people)))
        assert {who for who, why in opened.items() if why is Reason.CONNECTION_LOST} == set(targets(poisoned))
        assert list(opened.values()).count(None) == len(people) - len(poisoned)

    def test_nor_do_those_whose_own_account_may_not_knock_now(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Our account rests, and somebody else is asked instead."""
        road = open_road(workers=1)
        road.sign_in()
        budget_of(server.endpoint).back_off(3000, ours=True)
        poisoned = people[: outage.DIFFERENT]
        server.faults.add(*(Fault(FaultKind.DROP_BEFORE, "FindFolder", one.address) for one in poisoned))
        facts = read(road, people, [SIZE])
        assert (
            sum(isinstance(found.get(SIZE), Known) for found in facts.values())
            == len(people) - outage.DIFFERENT
        )


def test_where_the_knock_itself_is_never_answered_somebody_else_is_asked(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
) -> None:
    road = open_road(workers=4)
    road.sign_in()
    server.faults.add(
        Fault(FaultKind.DROP_BEFORE, "GetUserAvailability"),
        *(Fault(FaultKind.DROP_BEFORE, "FindFolder", mailbox.address) for mailbox in people[:4]),
    )
    facts = read(road, people, [SIZE, ABSENCES])
    assert sum(isinstance(found.get(SIZE), Known) for found in facts.values()) == len(people) - 4
    assert {reason(found, ABSENCES) for found in facts.values()} == {Reason.CONNECTION_LOST}
