"""Sweeps that a process left or died in: what the next one makes of them, and what is said meanwhile."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from mailbot import wiring
from mailbot.exchange.ews.road import EwsRoad
from mailbot.jobs import lease
from mailbot.jobs.house import House
from mailbot.jobs.retain import retain
from mailbot.jobs.sweep import sweep
from mailbot.jobs.turn import LEASE, MANUAL, slot_by_hand
from mailbot.model.errors import Halted, WorkerHung
from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.slots import Claim, Job, Slot, SlotResult, SlotRow
from mailbot.ports import Target
from mailbot.reports.status import StatusFile
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.municipality import Municipality

HOUR = timedelta(hours=1)
AFTER_LEASE = LEASE + timedelta(seconds=1)


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours handles it."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as desk:
        desk.here.change(("workers = 4 ", "workers = 1 "))
        yield desk


def killed(here: Municipality, done: int, label: str | None = None) -> Slot:
    """A process that is killed when it has dealt with so many mailboxes."""

    def dies(count: int, _all: int) -> None:
        if count == done:
            raise Killed

    with here.opened("killed") as house:
        slot = here.slot() if label is None else slot_by_hand(house, label)
        with pytest.raises(Killed):
            sweep(house, slot, progress=dies)
    return slot


def rows(here: Municipality, job: Job = Job.SWEEP) -> dict[str, SlotRow]:
    with here.opened("reader") as house, house.store.begin() as work:
        return {row.slot.id: row for row in work.slots(job, house.today() - timedelta(days=9))}


def problems(here: Municipality) -> set[str]:
    return set(StatusFile(here.settings / "status.json", here.clock).read().problems)


def claimed_by_another(house: House, slot: Slot) -> Claim:
    now = house.clock.now()
    with house.store.begin() as work:
        return work.claim(slot, "another", now, now + LEASE)


# whom it is about


def test_whoever_left_between_two_processes_is_not_counted(desk: Desk) -> None:
    """They were read, and would hide as many who were not."""
    here = desk.here
    slot = killed(here, 38)
    with here.opened() as house:
        people = house.directory.people()
        with house.store.begin() as work:
            done = work.judged(slot.id)
        staff = people.by_guid.keys() - people.managers().keys()
        gone = sorted(guid for guid in staff if house.store.person_key(guid) in done)[:3]
    desk.exports([person for person in here.town.residents if person.guid not in gone])
    here.clock.sleep(AFTER_LEASE.total_seconds())
    with here.opened() as house:
        people_now = len(house.directory.people().by_guid)
        report = sweep(house, slot)
        assert report is not None
        assert (people_now, report.figures.coverage.population) == (37, 37)
        assert report.why == "37 of 37 mailboxes read; resumed: 35 of 37 were done by an earlier process"
        assert {sum(by.values()) for by in report.figures.verdicts.values()} == {37}
        with house.store.begin() as work:
            assert not work.judged(slot.id) & {house.store.person_key(guid) for guid in gone}


# whose it is


def test_a_sweep_that_waits_for_exchange_keeps_its_slot(desk: Desk) -> None:
    """Its clock goes on for hours while no mailbox is recorded."""
    here = desk.here
    original, held = EwsRoad.read, threading.Event()

    def read(road: EwsRoad, *asked: Any) -> Iterator[MailboxFacts]:
        for number, facts in enumerate(original(road, *asked)):
            if number == 5:
                held.wait(120)
            yield facts

    with (
        patch.object(lease, "BEAT_SECONDS", 0.02),
        patch.object(EwsRoad, "read", read),
        here.opened("alive") as house,
        here.opened("another") as other,
    ):
        slot = here.slot()
        thread = threading.Thread(target=sweep, args=(house, slot))
        thread.start()
        try:
            assert until_lease(other, slot)
            for _ in range(10):
                here.clock.sleep(LEASE.total_seconds() / 2)
                assert until_lease(other, slot)
                assert claimed_by_another(other, slot) is Claim.HELD
        finally:
            held.set()
            thread.join(300)
    assert rows(here)[slot.id].result is SlotResult.COMPLETE


def until_lease(house: House, slot: Slot) -> bool:
    """Wait until the lease has been renewed by the clock as it stands now."""
    for _ in range(3000):
        with house.store.begin() as work:
            found = [row for row in work.slots(slot.job, slot.day) if row.slot == slot]
        if found and found[0].lease >= house.clock.now() + LEASE:
            return True
        time.sleep(0.02)
    return False


def test_forgetting_and_a_closed_run_keep_their_slots_too(desk: Desk) -> None:
    """Both are seen to have a thread that renews the lease, and to end it."""
    here = desk.here
    begun: list[str] = []
    original = lease.Lease.start

    def start(kept: lease.Lease) -> None:
        begun.append(kept._slot.job)
        original(kept)

    with patch.object(lease.Lease, "start", start):
        with here.opened() as house:
            retain(house, here.slot(Job.RETAIN))
        (here.settings / "gates.toml").unlink()
        here.change(('mode = "live"', 'mode = "off"'))
        assert desk.types("sweep").code == 4
    assert begun == [Job.RETAIN, Job.SWEEP]
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]


# how it ends


@pytest.fixture
def closed(desk: Desk) -> Desk:
    (desk.here.settings / "gates.toml").unlink()
    desk.here.change(('mode = "live"', 'mode = "off"'))
    return desk


def test_a_closed_run_that_is_refused_on_the_way_is_no_result(closed: Desk) -> None:
    here = closed.here
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, operation="GetFolder", nth=10))
    said = closed.types("sweep")
    assert said.code == 6
    assert "aborted: sign-in was refused on the way; 0 of 40 mailboxes are done" in said.err
    assert problems(here) == {"sweep_aborted"}
    here.server.faults.clear()
    here.clock.sleep(1860)
    assert closed.types("sweep").code == 4
    (row,) = rows(here).values()
    assert row.result is SlotResult.CLOSED
    assert row.counts["reachable"] == 39
    assert problems(here) == set(), "it ended well"


def test_a_closed_run_that_is_asked_to_end_is_no_result(closed: Desk) -> None:
    here = closed.here
    done: list[int] = []
    with (
        wiring.opened(here.settings, {}, clock=here.clock, halting=lambda: len(done) > 4) as house,
        pytest.raises(Halted),
    ):
        sweep(house, here.slot(), progress=lambda count, _all: done.append(count))
    (row,) = rows(here).values()
    assert row.result is None
    assert row.lease <= here.clock.now(), "whoever comes may begin at once"


def cut_off(after: int, reason: Reason) -> Any:
    """A road that reads so many mailboxes and says of the others that they were not, for this reason."""
    original = EwsRoad.read

    def read(
        road: EwsRoad, targets: list[Target], needs: Any, follow_up: Any, now: Any
    ) -> Iterator[MailboxFacts]:
        yield from original(road, targets[:after], needs, follow_up, now)
        for target in targets[after:]:
            yield MailboxFacts(target.guid, {need: Unknown(reason) for need in needs})

    return patch.object(EwsRoad, "read", read)


@pytest.mark.parametrize("reason", [Reason.NOT_VISITED, Reason.THROTTLED, Reason.CONNECTION_LOST])
def test_an_end_while_all_wait_costs_no_mailbox_its_turn(desk: Desk, reason: Reason) -> None:
    here = desk.here
    done: list[int] = []
    with (
        cut_off(7, reason),
        wiring.opened(here.settings, {}, clock=here.clock, halting=lambda: 7 in done) as house,
        pytest.raises(Halted),
    ):
        sweep(house, here.slot(), progress=lambda count, _all: done.append(count))
    (row,) = rows(here).values()
    with here.opened() as house:
        with house.store.begin() as work:
            assert len(work.judged(row.slot.id)) == work.read_count(row.slot.id) == 7
        report = sweep(house, row.slot)
        assert report is not None
        assert report.why == "40 of 40 mailboxes read; resumed: 7 of 40 were done by an earlier process"


def test_a_hang_costs_nobody_else_a_turn(desk: Desk) -> None:
    """All workers hang, so that the road has nobody left who could visit the others."""
    here = desk.here
    with (
        cut_off(0, Reason.NOT_VISITED),
        patch.object(EwsRoad, "hung", lambda _road: True),
        here.opened() as house,
        pytest.raises(WorkerHung),
    ):
        sweep(house, here.slot())
    (row,) = rows(here).values()
    with here.opened() as house, house.store.begin() as work:
        assert work.judged(row.slot.id) == frozenset()


def test_what_hangs_again_and_again_costs_three_processes_and_not_the_sweep(desk: Desk) -> None:
    here = desk.here
    slot = here.slot()
    with patch.object(EwsRoad, "hung", lambda _road: True):
        for hangs in (1, 2):
            with here.opened(f"hangs {hangs}") as house, pytest.raises(WorkerHung):
                sweep(house, slot)
            assert rows(here)[slot.id].counts["hangs"] == hangs
        with here.opened("the third") as house:
            report = sweep(house, slot)
    assert report is not None
    assert report.result is SlotResult.PARTIAL
    assert report.why == (
        "40 of 40 mailboxes read; 3 times a worker hung; resumed: 2 of 40 were done by an earlier process"
    )
    assert problems(here) == {"sweep_partial"}


# sweeps by hand


def test_a_sweep_by_hand_goes_on_after_midnight_and_not_the_next_day(desk: Desk) -> None:
    here = desk.here
    desk.goes_to_day(23, 23, 50)
    first = killed(here, 10, MANUAL)
    desk.goes_to_day(24, 0, 20)
    with here.opened() as house:
        assert slot_by_hand(house, MANUAL) == first
        desk.goes_to_day(24, 8, 0)
        assert slot_by_hand(house, MANUAL) != first


def test_a_sweep_by_hand_that_nobody_goes_on_with_ends_with_the_next_sweep(desk: Desk) -> None:
    here = desk.here
    first = killed(here, 10, MANUAL)
    here.clock.sleep((9 * HOUR).total_seconds())
    assert desk.types("sweep").code == 0
    found = rows(here)
    assert found.pop(first.id).result is SlotResult.ABORTED
    assert [row.result for row in found.values()] == [SlotResult.COMPLETE]
    with here.opened() as house, house.store.begin() as work:
        assert work.judged(first.id) == frozenset()
    run = StatusFile(here.settings / "status.json", here.clock).read().runs["sweep"]
    assert run.result == "complete", "the newest one stands there"


def test_the_operator_is_told_of_a_sweep_by_hand_that_was_refused(desk: Desk) -> None:
    here = desk.here
    fault = Fault(FaultKind.UNAUTHORIZED, operation="FindFolder", nth=20, count=1)
    here.server.faults.add(fault)
    assert desk.types("sweep").code == 6
    assert problems(here) == {"sweep_aborted"}
    here.clock.sleep(1860)
    assert desk.types("sweep").code == 0
    assert problems(here) == set()


# what is said meanwhile


def test_a_dry_run_does_not_hide_how_the_sweep_ended(desk: Desk) -> None:
    here = desk.here
    assert desk.types("findings").out.splitlines()[0] == "No sweep yet."
    assert desk.shows("findings")["sweep"] is None
    slot = killed(here, 10)
    here.clock.sleep(600)
    desk.types("sweep", "--dry-run")
    first, second = desk.types("findings").out.splitlines()[:2]
    assert first.startswith("aborted: the process was killed; 10 mailboxes are done")
    assert second == "complete: 40 of 40 mailboxes read (dry run of 2026-11-23 06:10)"
    shown = desk.shows("findings")
    assert (shown["sweep"]["slot"], shown["sweep"]["result"]) == (slot.id, "aborted")
    assert shown["dry_run"]["result"] == "complete"


def test_a_dry_run_forgets_how_mailboxes_of_people_who_left_were_read(desk: Desk) -> None:
    desk.types("sweep")
    gone = desk.resident("plain-over")
    desk.exports([person for person in desk.here.town.residents if person.guid != gone.guid])
    desk.types("sweep", "--dry-run")
    with desk.here.opened() as house, house.store.begin() as work:
        assert house.store.person_key(gone.guid) not in work.last_read()
        assert work.findings_of(house.store.person_key(gone.guid)), "a dry run ends no finding"


def test_explain_shows_what_a_left_sweep_judged(desk: Desk) -> None:
    here = desk.here
    desk.types("sweep")
    here.clock.sleep(HOUR.total_seconds())
    killed(here, 39)
    with sqlite3.connect(here.settings / "mailbot.db") as database:
        kept = {
            key for (key,) in database.execute("SELECT person FROM visited GROUP BY 1 HAVING count(*) > 1")
        }
    with here.opened() as house:
        people = house.directory.people().by_guid
        address = next(p.address for g, p in people.items() if house.store.person_key(g) in kept)
    shown = desk.shows("explain", address.value, "--reason", "belde zelf over de brief")
    assert {row["rule"]: row["verdict"] for row in shown["left"]} == shown["verdicts"]
    said = desk.types("explain", address.value, "--reason", "belde zelf over de brief").out
    assert "Verdicts of sweeps that are not over" in said
