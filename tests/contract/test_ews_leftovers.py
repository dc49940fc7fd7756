"""What a road leaves behind after it is closed: nothing. The service lives for months."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exchangelib.protocol import CachingProtocol

from mailbot.exchange.ews.connection import Line, LineProtocol
from mailbot.model.needs import Need
from mailbot.simulator import Fault, FaultKind, SimulatorServer, Town
from tests.contract.roads import (
    ABSENCES,
    HOURS,
    NOW,
    SIZE,
    EwsKit,
    Kit,
    Terms,
    nothing_more,
    read,
    road_threads,
    target,
    workers_alive,
)


def sockets() -> int:
    """Open sockets of this process."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except FileNotFoundError:  # closed while we looked
            continue
    return count


def settles(value: Callable[[], int], expected: int) -> bool:
    """Whether `value` comes down to `expected`; the server closes its ends in threads of its own."""
    for _ in range(3000):
        if value() <= expected:
            return True
        time.sleep(0.01)
    return False


def connections() -> int:
    gc.collect()
    return sum(isinstance(thing, Line | LineProtocol) for thing in gc.get_objects())


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts sockets in /proc")
def test_three_sweeps_leave_no_thread_socket_or_protocol_behind(kit: Kit) -> None:
    town = Town.build(seed=1, mailboxes=150, now=NOW, stories=())
    mailboxes = [mailbox for mailbox in town.mailboxes.values() if mailbox.address != town.sender]
    needs: tuple[Need[Any], ...] = (SIZE, ABSENCES, HOURS)
    with SimulatorServer(town) as server:
        before_sockets, before_lines = sockets(), connections()
        road = kit.exchange(server, Terms(auth="ntlm", workers=4))
        for _ in range(3):
            assert all(found.was_read for found in read(road, mailboxes, needs).values())
            assert workers_alive() == []
            assert settles(sockets, before_sockets), "connections stayed open between two sweeps"
            assert connections() <= before_lines, "lines stayed in memory between two sweeps"
        road.close()
    assert road_threads() == []
    assert CachingProtocol._protocol_cache == {}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts sockets in /proc")
def test_a_run_full_of_trouble_leaves_nothing_either(no_collector: None) -> None:
    """Not even until the garbage collector comes by: an error must not hold on to its connection."""
    town = Town.build(seed=1, mailboxes=12, now=NOW, stories=())
    mailboxes = [mailbox for mailbox in town.mailboxes.values() if mailbox.address != town.sender]
    with SimulatorServer(town) as server:
        before = sockets()
        kinds = (FaultKind.DROP_MIDWAY, FaultKind.HANG, FaultKind.BROKEN_XML, FaultKind.PLAIN_500)
        server.faults.add(*(Fault(kind, "FindFolder", nth=n + 1, count=4) for n, kind in enumerate(kinds)))
        road = EwsKit().exchange(server, Terms(request_deadline=0.3, mailbox_deadline=1))
        assert len(read(road, mailboxes, [SIZE])) == len(mailboxes)
        answers = road.read([target(mailbox) for mailbox in mailboxes], [SIZE], nothing_more, NOW)
        next(answers)
        del answers
        road.close()
        assert settles(sockets, before)
    assert road_threads() == []
