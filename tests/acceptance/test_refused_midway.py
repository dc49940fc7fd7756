"""Exchange refuses the service account in the middle of a sweep: nobody is judged by that, nobody tries again
for half an hour, and then the same turn goes on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from mailbot import wiring
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import SignInRefused
from mailbot.model.slots import Job, Slot, SlotResult, SlotRow
from mailbot.reports.status import StatusFile
from mailbot.service import run as service_run
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.municipality import MONDAY, Municipality
from tests.acceptance.test_hung_worker import letters_after_delivery, verdicts
from tests.acceptance.test_service import service

SLOT = Slot(Job.SWEEP, MONDAY.date(), "06:00")
MINUTE = timedelta(minutes=1)
TICK = 5 * MINUTE


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as desk, patch.object(service_run, "REFUSED_PAUSE_SECONDS", 0.0):
        desk.here.change(("workers = 4 ", "workers = 1 "))  # others would be refused at the same moment
        yield desk


def goes_to(here: Municipality, moment: datetime) -> None:
    here.goes_to(moment)


def turn(here: Municipality, slot: Slot = SLOT) -> SlotRow:
    with here.opened("reader") as house, house.store.begin() as work:
        return next(row for row in work.slots(Job.SWEEP, slot.day) if row.slot == slot)


def problems(here: Municipality) -> dict[str, str]:
    status = StatusFile(here.settings / "status.json", here.clock).read()
    return {code: problem.text for code, problem in status.problems.items()}


def ticks(here: Municipality, house: House, until: datetime) -> list[datetime]:
    """The service lives until then; the moments at which it asked the server anything."""
    ticking, asked = service(here, house), []
    while here.clock.now() < until:
        before = len(here.server.access_log())
        ticking.tick_slots()
        if len(here.server.access_log()) > before:
            asked.append(here.clock.now())
        goes_to(here, here.clock.now() + TICK)
    return asked


def test_the_turn_goes_on_half_an_hour_later_as_if_nothing_had_happened(desk: Desk, tmp_path: Path) -> None:
    with small_town(tmp_path / "calm") as calm:
        with calm.here.opened() as house:
            assert sweep(house, SLOT) is not None
        expected, letters = verdicts(calm.here), letters_after_delivery(calm.here)

    here, begun = desk.here, MONDAY + MINUTE
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, operation="FindFolder", nth=20, count=1))
    goes_to(here, begun)
    with here.opened() as house:
        asked = ticks(here, house, begun + TICK)
        assert asked == [begun]
        row = turn(here)
        assert row.result is None
        assert row.lease <= here.clock.now(), "anybody may take it up"
        why = str(row.counts["why"])
        assert why.startswith("sign-in was refused on the way; ")
        assert why.endswith(" of 40 mailboxes are done, the next start goes on from there")
        assert problems(here) == {
            "sweep_failed": f"aborted: {why}, in 30 minutes at the earliest, or after: mailbot doctor"
        }
        shown = desk.shows("findings")["sweep"]
        assert (shown["result"], shown["why"]) == ("aborted", why)

        goes_to(here, begun + TICK)
        asked = ticks(here, house, begun + 2 * timedelta(hours=1))
        assert asked == [begun + 30 * MINUTE], "not before the account is safe, and once is enough"
        row = turn(here)
        assert row.result is SlotResult.COMPLETE
        assert " were done by an earlier process" in row.counts["why"]
        assert problems(here) == {}
    assert verdicts(here) == expected
    assert sorted(letters_after_delivery(here).values()) == sorted(letters.values())


def test_a_turn_whose_time_is_over_is_aborted_and_nothing_follows_from_it(desk: Desk) -> None:
    """Monday was complete. On Tuesday the password ends in the middle, and is right again on Wednesday."""
    here = desk.here
    goes_to(here, MONDAY + MINUTE)
    with here.opened() as house:
        ticks(here, house, MONDAY + TICK)
    monday, letters = verdicts(here), desk.letters()
    assert letters
    tuesday, wednesday = MONDAY + timedelta(days=1, minutes=1), MONDAY + timedelta(days=2, minutes=1)
    slot = Slot(Job.SWEEP, tuesday.date(), "06:00")

    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, nth=60))
    goes_to(here, tuesday)
    with here.opened() as house:
        asked = ticks(here, house, tuesday + timedelta(hours=7, minutes=55))
        assert len(asked) == 16
        assert all(later - earlier >= 30 * MINUTE for earlier, later in pairwise(asked))
        assert here.server.faults.struck() == len(asked), "one refused sign-in each time"
        assert turn(here, slot).result is None
        ticks(here, house, tuesday + timedelta(hours=9))
    row = turn(here, slot)
    assert row.result is SlotResult.ABORTED
    assert row.counts["why"].startswith("sign-in was refused")
    assert 0 < row.counts["read"] < row.counts["population"] == 40
    assert row.counts["letters"] == 0
    told = problems(here)
    assert told.keys() == {"sweep_aborted", "digest_skipped"}
    assert told["sweep_aborted"] == f"The sweep is aborted: {row.counts['why']}: {slot.id}"
    assert verdicts(here) == monday, "the verdicts of the sweep before stand"
    assert desk.letters() == letters
    with here.opened() as house, house.store.begin() as work:
        assert work.judged(slot.id) == frozenset()
        read = {key for key, at in work.last_read().items() if at >= tuesday}
    assert len(read) == row.counts["read"], "of whom it read is kept that they were"

    here.server.faults.clear()
    goes_to(here, wednesday)
    with here.opened() as house:
        ticks(here, house, wednesday + TICK)
    assert turn(here, Slot(Job.SWEEP, wednesday.date(), "06:00")).result is SlotResult.COMPLETE
    assert problems(here).keys() == {"digest_skipped"}


def test_a_turn_that_is_still_open_when_the_next_one_is_due_is_aborted_first(desk: Desk) -> None:
    here, tuesday = desk.here, MONDAY + timedelta(days=1, minutes=1)
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, operation="FindFolder", nth=20, count=1))
    goes_to(here, MONDAY + MINUTE)
    with here.opened() as house:
        ticks(here, house, MONDAY + TICK)
        goes_to(here, tuesday)
        ticks(here, house, tuesday + TICK)
    assert turn(here).result is SlotResult.ABORTED
    assert turn(here, Slot(Job.SWEEP, tuesday.date(), "06:00")).result is SlotResult.COMPLETE
    assert "sweep_aborted" not in problems(here), "the next one made up for it"


def test_a_turn_in_which_a_process_was_killed_is_not_called_skipped(desk: Desk) -> None:
    """It left no word, but its verdicts are there to be counted."""
    here = desk.here
    goes_to(here, MONDAY + MINUTE)
    with here.opened("killed") as house:
        people = list(house.directory.people().by_guid)[:3]
        with house.store.begin() as work:
            now = here.clock.now()
            work.claim(SLOT, house.owner, now, now + 5 * MINUTE)
            for guid in people:
                work.record(SLOT.id, house.store.person_key(guid), None, [], now)
            work.set_note("first_run", MONDAY.isoformat())
    goes_to(here, MONDAY + timedelta(hours=9))
    with here.opened() as house:
        ticks(here, house, MONDAY + timedelta(hours=9) + TICK)
    row = turn(here)
    assert row.result is SlotResult.ABORTED
    assert row.counts["why"].startswith(
        "the process was killed; 3 mailboxes were done when its time was over"
    )
    assert (row.counts["read"], row.counts["population"]) == (3, None)


def test_so_is_a_turn_of_another_job(desk: Desk) -> None:
    here, slot = desk.here, Slot(Job.DIGEST, MONDAY.date(), "08:30")
    goes_to(here, MONDAY + timedelta(hours=3))
    with here.opened("killed") as house, house.store.begin() as work:
        work.claim(slot, house.owner, here.clock.now(), here.clock.now())
    goes_to(here, MONDAY + timedelta(hours=11))
    with here.opened() as house:
        ticks(here, house, MONDAY + timedelta(hours=11) + TICK)
        with house.store.begin() as work:
            (row,) = work.slots(Job.DIGEST, slot.day)
    assert row.result is SlotResult.ABORTED
    assert row.counts == {"why": "the process was killed; begun, and not ended in time"}
    assert "digest_aborted" in problems(here)


def test_by_hand_the_same_command_goes_on(desk: Desk) -> None:
    here = desk.here
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, operation="FindFolder", nth=20, count=1))
    said = desk.types("sweep")
    assert said.code == SignInRefused.exit_code == 6
    (line,) = (line for line in said.err.splitlines() if line.startswith("mailbot: "))
    assert line.startswith("mailbot: aborted: sign-in was refused on the way; ")
    assert line.endswith(
        " of 40 mailboxes are done, the next start goes on from there, in 30 minutes at the earliest, or "
        "after: mailbot doctor"
    )
    first = desk.shows("findings")["sweep"]
    assert first["result"] == "aborted"
    done = int(first["why"].split("; ")[1].split()[0])

    before = len(here.server.access_log())
    said = desk.types("sweep")
    assert said.code == 6
    assert f"mailbot: aborted: sign-in was refused; {done} of 40 mailboxes are done" in said.err
    assert "less than 30 minutes ago" in said.err
    assert len(here.server.access_log()) == before, "the account is safe from impatience"
    assert desk.shows("findings")["sweep"]["slot"] == first["slot"]

    goes_to(here, here.clock.now() + 31 * MINUTE)
    said = desk.types("sweep")
    assert said.code == 0
    assert said.out.splitlines()[0].endswith(f"resumed: {done} of 40 were done by an earlier process")
    assert desk.shows("findings")["sweep"]["slot"] == first["slot"]


def test_one_mailbox_that_is_always_refused_does_not_break_off_every_sweep(desk: Desk) -> None:
    """It comes last at the second try. Refused there again, it is the mailbox that is refused, and done."""
    here = desk.here
    address = desk.resident("just-under-limit").address
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, mailbox=address, operation="FindFolder"))
    goes_to(here, MONDAY + MINUTE)
    with here.opened() as house:
        asked = ticks(here, house, MONDAY + timedelta(hours=3))
    row = turn(here)
    assert row.result is SlotResult.COMPLETE
    assert row.counts["why"].startswith("39 of 40 mailboxes read; 1 sign in refused; resumed: ")
    assert len(asked) <= 3
    assert here.server.faults.struck() == 2
    unread = {
        who for who, by in verdicts(here).items() if "sign_in_refused" in {why for _, why in by.values()}
    }
    assert unread == {address}


def test_a_closed_run_that_is_refused_is_taken_up_as_well(desk: Desk) -> None:
    here = desk.here
    (here.settings / "gates.toml").unlink()
    here.change(('mode = "live"', 'mode = "off"'))
    here.server.faults.add(Fault(FaultKind.UNAUTHORIZED, count=1))
    assert desk.types("sweep").code == 6
    first = desk.shows("findings")["sweep"]
    assert (first["result"], first["why"].split(";")[0]) == ("aborted", "sign-in was refused")
    goes_to(here, here.clock.now() + 31 * MINUTE)
    with wiring.opened(here.settings, {}, clock=here.clock) as house:
        assert not house.gates_open()
    assert desk.types("sweep").code == 4
    again = desk.shows("findings")["sweep"]
    assert (again["slot"], again["result"]) == (first["slot"], "closed")
