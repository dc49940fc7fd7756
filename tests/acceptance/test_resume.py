"""A sweep of 1,000 mailboxes in a process that is killed (SIGKILL) again and again goes on after the last
finished mailbox: nothing of what was finished is asked again, and it ends as if nothing had happened."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.model.slots import Job, SlotResult
from mailbot.simulator.access import Access
from tests.acceptance.municipality import Municipality, municipality
from tests.acceptance.test_crash import Driver, arrived, state

SEED = 4
KILLS = 3
MAILBOXES = 1000
OWN = "postbushulp@voorbeeld.example"


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.close()


def finished(here: Municipality) -> set[str]:
    """Addresses of the mailboxes whose verdicts are on disk."""
    with here.opened("reader") as house, house.store.begin() as work:
        newest = work.newest(Job.SWEEP)
        assert newest is not None
        done = work.judged(newest.slot.id)
    with here.opened("reader") as house:
        people = house.directory.people().by_guid
        return {p.address.value for guid, p in people.items() if house.store.person_key(guid) in done}


def asked(lines: list[Access]) -> set[str]:
    """Mailboxes that any request was about; the service's own is asked at every sign-in and for letters."""
    return {mailbox for line in lines for mailbox in line.mailboxes} - {OWN}


def newest_line(here: Municipality) -> str:
    with here.opened("reader") as house, house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        assert newest is not None
        assert newest[0].result is SlotResult.COMPLETE
        return str(newest[1]["why"])


def test_a_killed_sweep_goes_on_after_the_last_finished_mailbox(driver: Driver, tmp_path: Path) -> None:
    with municipality(tmp_path / "whole", MAILBOXES) as here:
        whole = driver.run(here.settings, None)
        assert (whole["signal"], whole["code"]) == (0, 0)
        expected, letters = state(here), sorted(arrived(here).values())
        population = expected["sweep"]["population"]
        assert newest_line(here).startswith(f"{expected['sweep']['read']:,} of {population:,} mailboxes read")
        assert letters, "the whole run must send letters, or this test proves nothing"

    points = random.Random(SEED).sample(range(100, 2 * population // (KILLS + 1)), KILLS)
    with municipality(tmp_path / "killed", MAILBOXES) as here:
        done: set[str] = set()
        for point in points:
            before = len(here.server.access_log())
            assert driver.run(here.settings, point)["signal"] == signal.SIGKILL
            assert not done & asked(here.server.access_log()[before:]), f"asked again before point {point}"
            assert done < finished(here), f"nothing was finished before point {point}"
            done = finished(here)
        assert len(done) < population, "the last kill left nothing to do"
        before = len(here.server.access_log())
        last = driver.run(here.settings, None)
        assert (last["signal"], last["code"]) == (0, 0)
        rest = here.server.access_log()[before:]
        assert not done & asked(rest)
        assert state(here) == expected
        assert sorted(arrived(here).values()) == letters
        assert newest_line(here).endswith(
            f"resumed: {len(done):,} of {population:,} were done by an earlier process"
        )
