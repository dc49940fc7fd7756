"""A thread that never comes back, as in a library that waits for something without a deadline: no socket to
cut. It costs the mailbox that it hangs on, and the process that must be started again for it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mailbot.exchange.ews import workers
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Known, Reason
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenPost, OpenRoad
from tests.contract.moments import Hang, Hurry
from tests.contract.roads import ABSENCES, HOURS, NOW, REPLY, SIZE, nothing_more, read, reason, target, values
from tests.contract.test_post import letter
from tests.contract.wires import dawdling, listening, silent


def about(mailbox: Mailbox) -> Callable[[Any], bool]:
    return lambda box: bool(box.primary_smtp_address == mailbox.address)


def test_it_costs_the_mailbox_that_it_hangs_on_and_no_other(
    open_road: OpenRoad, people: list[Mailbox], somebody: Mailbox, hang: Hang
) -> None:
    """Also where one worker has all mailboxes of a chunk in hand: the other one takes them over."""
    hang("find_folders", about(somebody))
    road = open_road(workers=2)
    facts = read(road, people, [SIZE, ABSENCES])
    assert reason(facts[somebody.guid], SIZE) is Reason.TIMED_OUT
    assert isinstance(facts[somebody.guid].get(ABSENCES), Known), "what it told before is kept"
    assert [guid for guid, found in facts.items() if Reason.TIMED_OUT in values(found).values()] == [
        somebody.guid
    ]


def test_the_road_says_so_as_soon_as_that_mailbox_is_answered(
    open_road: OpenRoad, people: list[Mailbox], somebody: Mailbox, hang: Hang
) -> None:
    """And not before, so that its answer is recorded first; then the process may end."""
    hang("find_folders", about(somebody))
    road = open_road(workers=2)
    hung = {
        facts.guid: road.hung() for facts in road.read([target(m) for m in people], [SIZE], nothing_more, NOW)
    }
    assert next(guid for guid, after in hung.items() if after) == somebody.guid
    assert road.hung()


def test_a_road_on_which_all_went_well_says_nothing(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], hurry: Hurry
) -> None:
    """A server that is silent is no thread that hangs: its connection is cut at the deadline."""
    server.faults.add(Fault(FaultKind.HANG, "FindFolder", people[1].address))
    hurry("FindFolder", people[1])
    road = open_road(workers=2)
    assert reason(read(road, people[:3], [SIZE])[people[1].guid], SIZE) is Reason.TIMED_OUT
    assert not road.hung()


def test_where_all_hang_the_rest_is_not_visited(
    open_road: OpenRoad, people: list[Mailbox], hang: Hang
) -> None:
    hang("find_folders", lambda _box: True)
    road = open_road(workers=2)
    told = [reason(found, SIZE) for found in read(road, people, [SIZE]).values()]
    assert told.count(Reason.TIMED_OUT) == 2
    assert told.count(Reason.NOT_VISITED) == len(people) - 2


def test_a_question_about_many_that_hangs_costs_their_calendars_only(
    open_road: OpenRoad, people: list[Mailbox], hang: Hang
) -> None:
    road = open_road(workers=2)
    road.sign_in()
    first = threading.Lock()
    hang("availability", lambda _line: first.acquire(blocking=False))
    facts = read(road, people, [SIZE, ABSENCES, HOURS])
    assert all(isinstance(found.get(SIZE), Known) for found in facts.values())
    lost = [guid for guid, found in facts.items() if not isinstance(found.get(ABSENCES), Known)]
    chunk = 6  # twelve mailboxes, two workers
    assert len(lost) == chunk
    assert {reason(facts[guid], ABSENCES) for guid in lost} == {Reason.TIMED_OUT}


@pytest.mark.usefixtures("rests_fly")
def test_who_waits_for_a_busy_mailbox_does_not_hang(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor who waits for a busy endpoint, however long."""
    monkeypatch.setattr(workers, "LOOK", 0.05)
    server.faults.add(
        Fault(FaultKind.SERVER_BUSY, "GetUserOofSettings", people[0].address, count=1, seconds=3000),
        Fault(FaultKind.BUSY_503, "FindFolder", nth=2, count=1, seconds=3000),
    )
    road = open_road(workers=1, run_deadline=10_000)
    assert all(
        isinstance(found.get(need), Known)
        for found in read(road, people[:3], [SIZE, REPLY]).values()
        for need in (SIZE, REPLY)
    )
    assert not road.hung()


def test_one_that_comes_back_after_all_changes_nothing(
    open_road: OpenRoad, people: list[Mailbox], somebody: Mailbox, hang: Hang
) -> None:
    """Its mailbox was answered meanwhile, and is answered once."""
    late = hang("find_folders", about(somebody))
    answered = []
    for facts in open_road(workers=2).read([target(m) for m in people], [SIZE], nothing_more, NOW):
        answered.append(facts.guid)
        if facts.guid == somebody.guid:
            late.set()
            time.sleep(0.2)
    assert sorted(answered) == sorted(mailbox.guid for mailbox in people)


@pytest.mark.parametrize("serve_", [silent, dawdling(b"HTTP/1.1 200 OK\r\n", b"X-Slow: yes\r\n")])
def test_sign_in_and_post_are_watched_too(
    open_road: OpenRoad, open_post: OpenPost, server: SimulatorServer, serve_: Any
) -> None:
    """Servers that are silent or dawdle for ever: both give up at their deadline, and say so."""
    with listening(serve_) as port:
        where = {"endpoint": f"http://127.0.0.1:{port}/EWS/Exchange.asmx", "request_deadline": 0.6}
        with pytest.raises(Unreachable, match="deadline"):
            open_road(**where).sign_in()
        post = open_post(**where)
        with pytest.raises(Unreachable, match="deadline"):
            post.prepare(letter(server.town))
        with pytest.raises(Unreachable, match="deadline"):
            post.left_over()
