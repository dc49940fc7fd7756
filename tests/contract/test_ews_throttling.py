"""A busy mailbox keeps nobody else waiting; a busy endpoint is left in peace by all.

Counts and order only: what it costs in time is measured by tests/bench/bench_throttling.py.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailbot.exchange import throttling
from mailbot.exchange.ews import calls, free_busy, visit, workers
from mailbot.exchange.throttling import MANY, Budget, budget_of
from mailbot.model.facts import Known, MailboxFacts, Reason
from mailbot.ports import Target
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.roads import (
    ABSENCES,
    EVERYTHING,
    NOW,
    REPLY,
    RULES,
    SIZE,
    asked,
    read,
    reason,
    staff,
    target,
    values,
    workers_alive,
)
from tests.contract.test_post import letter

WORKERS = 32
IN_ITS_NAME = ("FindFolder", "GetUserOofSettings", "GetInboxRules")
"""Operations of these tests that are asked in the name of the mailbox."""


@pytest.fixture(scope="module")
def crowd() -> Iterator[SimulatorServer]:
    with SimulatorServer(Town.build(seed=1, mailboxes=200, now=NOW, stories=())) as server:
        yield server


@pytest.fixture
def busy_town(crowd: SimulatorServer) -> Iterator[SimulatorServer]:
    crowd.log.clear()
    yield crowd
    crowd.faults.clear()


def budget(server: SimulatorServer) -> Budget:
    return budget_of(server.endpoint)


def whole(facts: MailboxFacts) -> bool:
    return all(isinstance(facts.get(need), Known) for need in EVERYTHING)


def order(server: SimulatorServer, operation: str) -> list[str]:
    return [boxes[0] for boxes in asked(server, operation)]


class TestOneBusyMailbox:
    @pytest.mark.usefixtures("rests_fly")
    def test_it_is_put_aside_with_what_it_told_and_the_others_come_first(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """One worker: it goes on with everybody else, and asks only what is missing when it comes back."""
        unlucky = people[1]
        server.faults.add(
            Fault(FaultKind.SERVER_BUSY, "GetUserOofSettings", unlucky.address, count=1, seconds=3000)
        )
        facts = read(open_road(workers=1, run_deadline=10_000), people)
        assert all(whole(found) for found in facts.values())
        replies = order(server, "GetUserOofSettings")
        assert replies.count(unlucky.address) == 2
        assert replies[-1] == unlucky.address
        assert order(server, "FindFolder").count(unlucky.address) == 1, "its size was known already"

    def test_the_endpoint_is_not_told(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", people[1].address))
        read(open_road(workers=4), people)
        assert budget(server).limit == 4
        assert budget(server).rest(ours=True) == 0

    def test_busy_for_ever_is_throttled_and_asked_a_few_times(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Of its other questions each is tried once: it has had its chances."""
        unlucky = people[1]
        for operation in IN_ITS_NAME:
            server.faults.add(Fault(FaultKind.SERVER_BUSY, operation, unlucky.address))
        facts = read(open_road(workers=2), people)
        told = {need: reason(facts[unlucky.guid], need) for need in (SIZE, REPLY, RULES)}
        assert told == dict.fromkeys((SIZE, REPLY, RULES), Reason.THROTTLED)
        assert isinstance(facts[unlucky.guid].get(ABSENCES), Known)
        tries = [order(server, operation).count(unlucky.address) for operation in IN_ITS_NAME]
        assert tries == [visit.BUSY_TRIES, 1, 1]
        assert all(whole(found) for guid, found in facts.items() if guid != unlucky.guid)

    def test_one_in_a_batch_is_asked_again_alone_and_later(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        road = open_road(workers=1)
        road.sign_in()
        server.log.clear()
        unlucky = people[1]
        server.faults.add(
            Fault(FaultKind.CODE, "GetUserAvailability", unlucky.address, count=1, code="ErrorServerBusy")
        )
        facts = read(road, people)
        assert all(whole(found) for found in facts.values())
        about = [boxes for boxes in asked(server, "GetUserAvailability") if unlucky.address in boxes]
        assert len(about[0]) > 1
        assert about[1:] == [(unlucky.address,)]
        assert budget(server).rest(ours=True) == 0

    @pytest.mark.usefixtures("rests_fly")
    def test_its_rest_is_no_time_that_was_spent_on_it(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        unlucky = people[1]
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", unlucky.address, count=2, seconds=1500))
        facts = read(open_road(workers=1, run_deadline=10_000), people[:3])
        assert whole(facts[unlucky.guid])

    def test_a_question_that_was_not_asked_for_a_rest_is_asked_after_it(
        self,
        open_road: OpenRoad,
        serve: Callable[..., SimulatorServer],
        people: list[Mailbox],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Also of a mailbox that was busy so often that another question of it was given up: this one has
        had no chance. The rest begins just before it, as when somebody else was told to."""
        server, unlucky = serve(may_impersonate=True), people[1]
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", unlucky.address))
        absences, told = calls.availability, []

        def after_a_rest_began(*given: Any) -> Any:
            if not told and given[1] == [unlucky.address]:
                told.append(unlucky)
                budget(server).back_off(0.3, ours=True)
            return absences(*given)

        road = open_road(server, workers=1)
        road.sign_in()
        monkeypatch.setattr(calls, "availability", after_a_rest_began)
        server.faults.add(
            Fault(FaultKind.CODE, "GetUserAvailability", unlucky.address, count=1, code="ErrorServerBusy")
        )
        found = read(road, people, [SIZE, ABSENCES])[unlucky.guid]
        assert told
        assert reason(found, SIZE) is Reason.THROTTLED
        assert isinstance(found.get(ABSENCES), Known)

    def test_a_rest_beyond_the_end_of_the_run_is_not_sat_out(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """It keeps what it told, and the run ends when all others are read."""
        unlucky = people[1]
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "GetUserOofSettings", unlucky.address, seconds=3000))
        facts = read(open_road(workers=2, run_deadline=600), people)
        told = values(facts[unlucky.guid])
        assert told["automatic reply"] is told["inbox rules"] is Reason.THROTTLED
        assert isinstance(facts[unlucky.guid].get(SIZE), Known)
        assert all(whole(found) for guid, found in facts.items() if guid != unlucky.guid)

    def test_who_waits_when_the_run_is_stopped_keeps_nobody(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", people[0].address, seconds=3000))
        road = open_road(workers=2, run_deadline=10_000)
        answers = road.read(_targets(people[:2]), [SIZE], lambda _facts: (), NOW)
        assert next(answers).guid == people[1].guid
        road.close()
        [waiting] = [reason(found, SIZE) for found in answers]
        assert waiting in (Reason.THROTTLED, Reason.NOT_VISITED), "by whether it had been told to wait yet"
        assert workers_alive() == []


class TestBusyInOurOwnName:
    @pytest.mark.usefixtures("rests_fly")
    def test_what_is_asked_in_the_name_of_mailboxes_goes_on(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Free/busy is asked again when our account has rested; all mailboxes are sized before."""
        road = open_road(workers=1, run_deadline=10_000)
        road.sign_in()
        server.log.clear()
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "GetUserAvailability", count=1, seconds=3000))
        facts = read(road, people)
        assert all(whole(found) for found in facts.values())
        operations = [line.operation for line in server.access_log()]
        last_batch = len(operations) - 1 - operations[::-1].index("GetUserAvailability")
        assert operations[:last_batch].count("FindFolder") == len(people)
        assert budget(server).limit == 4, "the endpoint itself was not busy"

    def test_the_next_batches_are_asked_before_they_are_needed(
        self, open_road: OpenRoad, busy_town: SimulatorServer
    ) -> None:
        """So that a rest of our account comes while there is other work. Not all at once: what they tell is
        kept in memory until its mailbox has its turn."""
        people = staff(busy_town.town)
        road = open_road(busy_town, workers=1)
        road.sign_in()
        busy_town.log.clear()
        facts = read(road, people, [SIZE, ABSENCES])
        assert all(found.was_read for found in facts.values())
        operations = [line.operation for line in busy_town.access_log()]
        batches = math.ceil(len(people) / free_busy.BATCH)
        assert operations[:batches] == ["GetUserAvailability"] * batches
        assert operations[batches:] == ["FindFolder"] * len(people)

    def test_no_more_of_them_than_are_soon_needed(
        self, open_road: OpenRoad, busy_town: SimulatorServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workers, "BEFOREHAND", 60)
        road = open_road(busy_town, workers=1)
        road.sign_in()
        busy_town.log.clear()
        read(road, staff(busy_town.town), [SIZE, ABSENCES])
        operations = [line.operation for line in busy_town.access_log()]
        assert operations[:3] == ["GetUserAvailability", "GetUserAvailability", "FindFolder"]
        assert operations.index("GetUserAvailability", 2) == 2 + 2 * free_busy.BATCH - 60 + 1

    def test_with_full_access_all_is_asked_in_our_own_name(
        self,
        open_road: OpenRoad,
        serve: Callable[..., SimulatorServer],
        people: list[Mailbox],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(throttling, "GOOD", 1000)  # nothing raises the limit again in this short read
        server = serve(may_impersonate=False, full_access=True)
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", people[1].address, count=1))
        facts = read(open_road(server, impersonate=False, workers=4), people)
        assert all(whole(found) for found in facts.values())
        assert budget(server).limit == 2


class TestBusyEndpoint:
    @pytest.mark.parametrize("kind", ["http_503", "ErrorExceededConnectionCount"])
    def test_fewer_ask_at_a_time_at_once_and_more_again_after_good_answers(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], kind: str
    ) -> None:
        fault = FaultKind.BUSY_503 if kind == "http_503" else FaultKind.SOAP_CODE
        server.faults.add(Fault(fault, "FindFolder", nth=3, count=1, code=kind))
        road = open_road(workers=8)
        facts = read(road, people)
        assert all(whole(found) for found in facts.values())
        lowered = budget(server).limit
        assert 4 <= lowered < 8
        for _ in range(8):
            read(road, people)
        assert budget(server).limit == 8

    def test_many_different_busy_mailboxes_are_the_endpoints_trouble(
        self, open_road: OpenRoad, busy_town: SimulatorServer
    ) -> None:
        """Each of them alone would rest by itself; together they make everybody rest."""
        people = staff(busy_town.town)[: 2 * MANY]
        for mailbox in people[:MANY]:
            busy_town.faults.add(
                Fault(FaultKind.SERVER_BUSY, "FindFolder", mailbox.address, count=1, seconds=1)
            )
        facts = read(open_road(busy_town, workers=8), people, [SIZE])
        assert all(found.was_read for found in facts.values())
        assert 4 <= budget(busy_town).limit < 8

    def test_the_post_shares_the_places(
        self, open_road: OpenRoad, open_post: OpenPost, server: SimulatorServer, town: Town
    ) -> None:
        open_road(workers=8)
        server.faults.add(Fault(FaultKind.BUSY_503, "FindItem", count=1))
        assert open_post().left_over() == 0
        assert budget(server).limit == 4
        assert open_post().prepare(letter(town))


class TestOneInTen:
    """Ten percent busy, thirty-two workers: the sweep ends, and nobody waits for another's rest."""

    def test_of_the_mailboxes(self, open_road: OpenRoad, busy_town: SimulatorServer) -> None:
        """The rest that a tenth of the mailboxes asks for outlasts the visits of all the others."""
        people = staff(busy_town.town)
        struck = people[::10]
        for mailbox in struck:
            for operation in IN_ITS_NAME:
                busy_town.faults.add(
                    Fault(FaultKind.SERVER_BUSY, operation, mailbox.address, count=2, seconds=3000)
                )
        answered: list[str] = []
        road = open_road(busy_town, workers=WORKERS, run_deadline=10_000)
        for found in road.read(_targets(people), EVERYTHING, lambda _facts: (), NOW):
            answered.append(found.guid)
            assert whole(found)
            if len(answered) == len(people) - len(struck):
                road.close()
                break
        waited_for = {mailbox.guid for mailbox in struck} & set(answered)
        assert not waited_for
        assert budget(busy_town).limit == WORKERS
        assert workers_alive() == []

    def test_of_the_mailboxes_until_they_have_time(
        self, open_road: OpenRoad, busy_town: SimulatorServer
    ) -> None:
        people = staff(busy_town.town)
        struck = {mailbox.guid for mailbox in people[::10]}
        for mailbox in people[::10]:
            busy_town.faults.add(
                Fault(FaultKind.SERVER_BUSY, None, mailbox.address, count=3, seconds=0.1),
            )
        facts = read(open_road(busy_town, workers=WORKERS), people)
        assert all(whole(found) for found in facts.values()), "three busy answers are lived through"
        assert busy_town.faults.struck() == 3 * len(struck)
        assert workers_alive() == []

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_of_the_answers(self, open_road: OpenRoad, busy_town: SimulatorServer, seed: int) -> None:
        """Every mailbox is read in full, or throttled where the dice fell so four times in a row."""
        people = staff(busy_town.town)
        road = open_road(busy_town, workers=WORKERS)
        road.sign_in()
        busy_town.log.clear()
        busy_town.faults.add(Fault(FaultKind.SERVER_BUSY, share=0.1, seed=seed, seconds=0.05))
        facts = read(road, people)
        log = busy_town.access_log()
        struck = {box for line in log if line.fault for box in line.mailboxes}
        assert 0.05 < busy_town.faults.struck() / len(log) < 0.15
        for mailbox in people:
            told = set(map(_plain, values(facts[mailbox.guid]).values()))
            assert told <= {"known", Reason.THROTTLED}
            assert told == {"known"} or mailbox.address in struck
        assert sum(whole(found) for found in facts.values()) >= len(people) - 2
        assert budget(busy_town).limit == WORKERS, "nobody took it for trouble of the endpoint"


def _plain(value: Any) -> Any:
    return value if isinstance(value, Reason) else "known"


def _targets(people: list[Mailbox]) -> list[Target]:
    return [target(mailbox) for mailbox in people]


def test_a_refused_request_counts_from_when_it_was_sent(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from when it began to wait for its place: then the limit had not been lowered yet for those before
    it, and it would count as one of them."""
    placed: dict[int, float] = {}
    since_placed: list[bool] = []
    enter, back_off = Budget.enter, Budget.back_off

    def entering(*args: Any, **more: Any) -> object | None:
        place = enter(*args, **more)
        placed[threading.get_ident()] = time.monotonic()
        return place

    def backing_off(here: Budget, seconds: float, *, ours: bool = False, since: float | None = None) -> None:
        assert since is not None
        since_placed.append(since >= placed[threading.get_ident()])
        back_off(here, seconds, ours=ours, since=since)

    monkeypatch.setattr(Budget, "enter", entering)
    monkeypatch.setattr(Budget, "back_off", backing_off)
    server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", count=3, seconds=0.1))
    read(open_road(workers=3), people, [SIZE])
    assert since_placed == [True] * 3
