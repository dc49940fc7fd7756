"""Everything that can go wrong with one question makes that one fact unknown, and nothing else.

Each fault of the simulator strikes each question of one mailbox; all other facts must equal what is read
without any fault.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailbot.exchange.ews import in_bulk
from mailbot.model.facts import Known, Reason
from mailbot.model.needs import Need
from mailbot.ports import Exchange
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from mailbot.simulator.mailboxes import InboxRule, Mailbox, Reply
from tests.contract.conftest import OpenRoad
from tests.contract.moments import Hurry
from tests.contract.roads import (
    ABSENCES,
    EVERYTHING,
    HOURS,
    KITS,
    NOW,
    REPLY,
    RULES,
    SIZE,
    Kit,
    Terms,
    asked,
    listen,
    read,
    reason,
    staff,
    values,
)

FITTING = {
    FaultKind.BUSY_503: Reason.THROTTLED,
    FaultKind.SERVER_BUSY: Reason.THROTTLED,
    FaultKind.INTERNAL_BUSY: Reason.THROTTLED,
    FaultKind.FORBIDDEN_403: Reason.ACCESS_DENIED,
    FaultKind.SLOW: Reason.TIMED_OUT,
    FaultKind.HANG: Reason.TIMED_OUT,
    FaultKind.DROP_BEFORE: Reason.CONNECTION_LOST,
    FaultKind.DROP_AFTER: Reason.CONNECTION_LOST,
    FaultKind.DROP_MIDWAY: Reason.CONNECTION_LOST,
    FaultKind.BROKEN_XML: Reason.ANSWER_BROKEN,
    FaultKind.HTML_PAGE: Reason.ANSWER_BROKEN,
    FaultKind.NO_OPERATION: Reason.OPERATION_MISSING,
    FaultKind.UNEXPECTED: Reason.OPERATION_MISSING,
    FaultKind.PLAIN_500: Reason.SERVER_FAILED,
    FaultKind.CODE: Reason.ACCESS_DENIED,
    FaultKind.SOAP_CODE: Reason.ACCESS_DENIED,
    FaultKind.VALUE_MISSING: Reason.VALUE_MISSING,
}
ELSEWHERE = {FaultKind.UNAUTHORIZED}
"""Proven with the sign-in: a 401 is no matter of one fact."""

DAWDLING = (FaultKind.HANG, FaultKind.SLOW)
THROTTLING = [kind for kind, why in FITTING.items() if why is Reason.THROTTLED]

CODES = {
    "ErrorServerBusy": Reason.THROTTLED,
    "ErrorInternalServerTransientError": Reason.SERVER_FAILED,
    "ErrorTimeoutExpired": Reason.TIMED_OUT,
    "ErrorImpersonationDenied": Reason.ACCESS_DENIED,
    "ErrorCannotFindUser": Reason.MAILBOX_MISSING,
    "ErrorMailboxMoveInProgress": Reason.MAILBOX_MOVED,
    "ErrorAccountDisabled": Reason.MAILBOX_DISABLED,
    "ErrorInvalidRequest": Reason.OPERATION_MISSING,
    "ErrorSchemaValidation": Reason.OPERATION_MISSING,
    "ErrorNobodyEverSawThisOne": Reason.SERVER_FAILED,
    "Zie het verslag van de heer De Vries": Reason.ANSWER_BROKEN,
}
"""Response codes, whether or not the EWS client has a class for them."""


@pytest.fixture(scope="module")
def here() -> Iterator[SimulatorServer]:
    """One server for all faults, with people who have something to read."""
    town = Town.build(seed=1, mailboxes=12, now=NOW, stories=())
    for mailbox in staff(town):
        mailbox.reply = Reply("Enabled", internal="Weg", external="Away")
        mailbox.rules = [InboxRule("Weg", replies=True)]
    with SimulatorServer(town) as server:
        yield server


@pytest.fixture
def server(here: SimulatorServer) -> Iterator[SimulatorServer]:
    here.log.clear()
    yield here
    here.faults.clear()


@pytest.fixture
def people(server: SimulatorServer) -> list[Mailbox]:
    return staff(server.town)[:5]


@pytest.fixture(scope="module")
def faultless(here: SimulatorServer) -> dict[str, dict[str, Any]]:
    """What is read when nothing goes wrong."""
    road = KITS[0].exchange(here, Terms())
    try:
        found = {guid: values(facts) for guid, facts in read(road, staff(here.town)[:5]).items()}
    finally:
        road.close()
    assert not [value for told in found.values() for value in told.values() if isinstance(value, Reason)]
    return found


@pytest.fixture
def road(open_road: OpenRoad) -> Exchange:
    return open_road()


def changes(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> dict[tuple[str, str], Any]:
    """(mailbox, need) -> what is told now, where that is not what was told before."""
    assert before.keys() == after.keys()
    return {
        (guid, name): after[guid].get(name)
        for guid in before
        for name in before[guid]
        if after[guid].get(name) != before[guid][name]
    }


def test_every_kind_of_fault_is_proven() -> None:
    assert set(FITTING) | ELSEWHERE == set(FaultKind)


@pytest.mark.parametrize(
    ("need", "kind"),
    [
        pytest.param(need, kind, id=f"{need.name}-{kind}")
        for need in (SIZE, REPLY, RULES)
        for kind in FITTING
        if not (need is RULES and kind is FaultKind.VALUE_MISSING)  # no rules in an answer are no rules
    ],
)
def test_one_question_about_one_mailbox(
    open_road: OpenRoad,
    server: SimulatorServer,
    kit: Kit,
    people: list[Mailbox],
    faultless: dict[str, dict[str, Any]],
    need: Need[Any],
    kind: FaultKind,
    hurry: Hurry,
) -> None:
    road = open_road()
    unlucky = people[3]
    if kind in DAWDLING:
        hurry(kit.operations[need], unlucky)
    server.faults.add(
        Fault(kind, kit.operations[need], unlucky.address, seconds=_seconds(kind), code=_code(kind))
    )
    after = {guid: values(facts) for guid, facts in read(road, people).items()}
    assert changes(faultless, after) == {(unlucky.guid, need.name): FITTING[kind]}
    assert server.faults.struck() >= 1


@pytest.mark.parametrize("kind", [kind for kind in FITTING if kind is not FaultKind.VALUE_MISSING])
def test_the_question_about_many_mailboxes(
    open_road: OpenRoad,
    server: SimulatorServer,
    kit: Kit,
    people: list[Mailbox],
    faultless: dict[str, dict[str, Any]],
    kind: FaultKind,
    hurry: Hurry,
) -> None:
    """Whoever spoils the batch is found and stands alone; throttling is nobody's in particular, and the
    whole batch is told so."""
    road = open_road()
    unlucky = people[3]
    if kind in DAWDLING:
        hurry(kit.operations[ABSENCES], unlucky)
    aimed_at = None if kind is FaultKind.INTERNAL_BUSY else unlucky.address
    server.faults.add(
        Fault(kind, kit.operations[ABSENCES], aimed_at, seconds=_seconds(kind), code=_code(kind))
    )
    after = {guid: values(facts) for guid, facts in read(road, people).items()}
    changed = changes(faultless, after)
    assert {name for _, name in changed} == {ABSENCES.name, HOURS.name}
    assert set(changed.values()) == {FITTING[kind]}
    hit = {guid for guid, _ in changed}
    assert unlucky.guid in hit if kind in THROTTLING else hit == {unlucky.guid}


def _seconds(kind: FaultKind) -> float:
    return 600 if kind is FaultKind.SLOW else 0.02 if kind is FaultKind.SERVER_BUSY else 0


def _code(kind: FaultKind) -> str:
    return "ErrorAccessDenied" if kind in (FaultKind.CODE, FaultKind.SOAP_CODE) else ""


@pytest.mark.parametrize("kind", [FaultKind.CODE, FaultKind.SOAP_CODE])
@pytest.mark.parametrize(("code", "why"), CODES.items())
def test_response_codes_in_messages_and_in_faults(
    road: Exchange, server: SimulatorServer, people: list[Mailbox], kind: FaultKind, code: str, why: Reason
) -> None:
    server.faults.add(Fault(kind, "FindFolder", code=code))
    assert reason(read(road, people[:1], [SIZE])[people[0].guid], SIZE) is why


@pytest.mark.parametrize("kind", [FaultKind.NO_OPERATION, FaultKind.UNEXPECTED, FaultKind.PLAIN_500])
@pytest.mark.parametrize("need", [SIZE, ABSENCES, REPLY, RULES], ids=lambda need: need.name)
def test_a_server_that_lacks_an_operation_lacks_that_fact_of_everybody(
    road: Exchange, server: SimulatorServer, kit: Kit, people: list[Mailbox], need: Need[Any], kind: FaultKind
) -> None:
    server.faults.add(Fault(kind, kit.operations[need]))
    for found in read(road, people).values():
        lacking = {other for other in EVERYTHING if kit.operations[other] == kit.operations[need]}
        assert {reason(found, other) for other in lacking} == {FITTING[kind]}
        assert all(isinstance(found.get(other), Known) for other in EVERYTHING if other not in lacking)


def test_looking_for_one_culprit_ends_where_everybody_fails(
    open_road: OpenRoad, server: SimulatorServer
) -> None:
    """A server that is down is not asked about each mailbox in turn, and not again for each batch."""
    town = Town.build(seed=1, mailboxes=120, now=NOW, stories=())
    with SimulatorServer(town) as down:
        road = open_road(down, workers=1)
        road.sign_in()
        down.log.clear()
        down.faults.add(Fault(FaultKind.PLAIN_500, "GetUserAvailability"))
        facts = read(road, staff(town), [ABSENCES])
        assert {reason(found, ABSENCES) for found in facts.values()} == {Reason.SERVER_FAILED}
        batches = 3
        assert len(asked(down, "GetUserAvailability")) <= batches * in_bulk.TRIES + in_bulk.SPLITS


def test_two_bad_mailboxes_of_fifty_are_both_found(open_road: OpenRoad) -> None:
    town = Town.build(seed=1, mailboxes=60, now=NOW, stories=())
    people = staff(town)[:50]
    bad = [people[7], people[41]]
    with SimulatorServer(town) as server:
        road = open_road(server, workers=1)
        for mailbox in bad:
            server.faults.add(Fault(FaultKind.HTML_PAGE, "GetUserAvailability", mailbox.address))
        facts = read(road, people, [ABSENCES])
    unknown = {guid for guid, found in facts.items() if not found.was_read}
    assert unknown == {mailbox.guid for mailbox in bad}


@pytest.mark.parametrize(
    "kind", [FaultKind.BUSY_503, FaultKind.DROP_BEFORE, FaultKind.DROP_MIDWAY, FaultKind.PLAIN_500]
)
def test_a_hitch_that_passes_is_not_noticed(
    road: Exchange,
    server: SimulatorServer,
    people: list[Mailbox],
    faultless: dict[str, dict[str, Any]],
    kind: FaultKind,
) -> None:
    server.faults.add(*(Fault(kind, operation, count=1) for operation in ("FindFolder", "GetInboxRules")))
    after = {guid: values(facts) for guid, facts in read(road, people).items()}
    assert changes(faultless, after) == {}
    assert server.faults.struck() == 2


def test_a_hitch_of_one_mailbox_in_a_batch_passes_too(
    road: Exchange, server: SimulatorServer, people: list[Mailbox], faultless: dict[str, dict[str, Any]]
) -> None:
    """Exchange answers so for a calendar that it could not reach in time. Only that one is asked again."""
    road.sign_in()
    server.log.clear()
    unlucky = people[2]
    server.faults.add(
        Fault(FaultKind.CODE, "GetUserAvailability", unlucky.address, count=1, code="ErrorADUnavailable")
    )
    after = {guid: values(facts) for guid, facts in read(road, people).items()}
    assert changes(faultless, after) == {}
    about = [boxes for boxes in asked(server, "GetUserAvailability") if unlucky.address in boxes]
    assert about[1:] == [(unlucky.address,)]


def test_what_is_no_passing_trouble_is_asked_once(
    road: Exchange, server: SimulatorServer, people: list[Mailbox], hurry: Hurry
) -> None:
    road.sign_in()
    for kind in (FaultKind.FORBIDDEN_403, FaultKind.BROKEN_XML, FaultKind.NO_OPERATION, FaultKind.HANG):
        server.faults.clear()
        server.log.clear()
        server.faults.add(Fault(kind, "FindFolder"))
        if kind is FaultKind.HANG:
            hurry("FindFolder")
        read(road, people[:1], [SIZE])
        assert len(asked(server, "FindFolder")) == 1, kind


class TestThrottling:
    def test_a_server_that_throttles_for_ever_ends_the_run_all_the_same(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.SERVER_BUSY, seconds=0.01))
        facts = read(road, people)
        assert {why for found in facts.values() for why in values(found).values()} == {Reason.THROTTLED}

    def test_the_time_that_the_endpoint_asks_for_is_kept_by_all(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        people: list[Mailbox],
        heard: Callable[[], list[tuple[float, bytes]]],
    ) -> None:
        """Retry-After, in seconds."""
        server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", nth=2, count=1, seconds=1))
        facts = read(open_road(workers=1), people[:3], [SIZE])
        assert all(found.was_read for found in facts.values())
        _probe, _first, throttled, after, _last = (moment for moment, _ in heard())
        assert after - throttled >= 0.95

    def test_the_time_that_a_mailbox_asks_for_is_kept_by_who_comes_back_to_it(
        self,
        open_road: OpenRoad,
        server: SimulatorServer,
        people: list[Mailbox],
        heard: Callable[[], list[tuple[float, bytes]]],
    ) -> None:
        """BackOffMilliseconds."""
        unlucky = people[1]
        server.faults.add(Fault(FaultKind.SERVER_BUSY, "FindFolder", unlucky.address, count=1, seconds=0.6))
        facts = read(open_road(workers=1), people[:3], [SIZE])
        assert all(found.was_read for found in facts.values())
        visits = [(moment, content) for moment, content in heard() if b"FindFolder" in content]
        about = [moment for moment, content in visits if unlucky.address.encode() in content]
        assert about[1] - about[0] >= 0.6 * 0.95

    @pytest.mark.usefixtures("rests_fly")
    def test_a_rest_that_outlasts_the_time_of_a_mailbox_costs_nobody_a_fact(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Not one request is made in it, and the time of a mailbox counts while it is worked on."""
        server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", count=1, seconds=3000))
        road = open_road(workers=1, run_deadline=10_000)
        facts = read(road, people, [SIZE])
        assert all(found.was_read for found in facts.values())
        assert len(asked(server, "FindFolder")) == 1 + len(people)

    def test_a_rest_that_outlasts_the_run_ends_it_at_once(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Who was asked was throttled; the others were not visited. Nobody sits out an hour for nothing: the
        run would have gone on for another ten minutes."""
        server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", nth=2, seconds=3000))
        facts = read(open_road(workers=1, run_deadline=600), people, [SIZE])
        told = [values(found)["mailbox size"] for found in facts.values()]
        assert sum(not isinstance(value, Reason) for value in told) == 1
        assert told.count(Reason.THROTTLED) == 1
        assert told.count(Reason.NOT_VISITED) == len(people) - 2
        assert len(asked(server, "FindFolder")) == 2

    def test_all_workers_of_all_runs_rest(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.BUSY_503, "FindFolder", count=1, seconds=3000))
        read(open_road(workers=1), people[:1], [SIZE])
        server.log.clear()
        facts = read(open_road(workers=4), people[:4], [SIZE, REPLY])
        assert {why for found in facts.values() for why in values(found).values()} == {Reason.NOT_VISITED}
        assert server.access_log() == []

    @pytest.fixture
    def heard(self, server: SimulatorServer) -> Iterator[Callable[[], list[tuple[float, bytes]]]]:
        """Which requests reached the server, and when, in seconds."""
        requests: list[tuple[float, bytes]] = []
        listen(server, lambda content: requests.append((time.monotonic(), content)))
        yield lambda: requests
        del server.answer_ews


class TestPartsOfABatch:
    @pytest.mark.usefixtures("rests_fly")
    def test_a_rest_does_not_count_against_their_time(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """A quarter of a request's time is theirs, and the rest is longer than that. What was found before
        it is not asked again."""
        unlucky = people[3]
        server.faults.add(
            Fault(FaultKind.SERVER_BUSY, "GetUserAvailability", nth=4, count=1, seconds=3000),
            Fault(FaultKind.HTML_PAGE, "GetUserAvailability", unlucky.address),
        )
        road = open_road(workers=1, run_deadline=10_000)
        road.sign_in()
        server.log.clear()
        facts = read(road, people, [ABSENCES])
        unknown = {guid: reason(found, ABSENCES) for guid, found in facts.items() if not found.was_read}
        assert unknown == {unlucky.guid: Reason.ANSWER_BROKEN}
        batches = asked(server, "GetUserAvailability")
        assert batches[2] == batches[3], "the part that was refused comes again, and nothing before it"
        assert len(batches) == len(set(batches)) + 1

    @pytest.mark.parametrize("place", [0, 20, 49])
    def test_a_calendar_that_hangs_costs_nobody_else_an_answer_when_time_is_over(
        self, open_road: OpenRoad, hurry: Hurry, place: int
    ) -> None:
        """Parts that there was no time for are asked in the next step, each of them once."""
        town = Town.build(seed=1, mailboxes=60, now=NOW, stories=())
        people = staff(town)[:50]
        with SimulatorServer(town) as server:
            server.faults.add(Fault(FaultKind.HANG, "GetUserAvailability", people[place].address))
            hurry("GetUserAvailability", people[place], alone=True)
            road = open_road(server, workers=1, request_deadline=12, mailbox_deadline=16, run_deadline=10_000)
            facts = read(road, people, [ABSENCES])
        unknown = {guid: reason(found, ABSENCES) for guid, found in facts.items() if not found.was_read}
        assert unknown == {people[place].guid: Reason.TIMED_OUT}
        parts = asked(server, "GetUserAvailability")
        assert len(parts) == len(set(parts))
        assert len(parts) < in_bulk.SPLITS
