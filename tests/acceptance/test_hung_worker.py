"""A worker that never comes back costs one mailbox and one restart: the process leaves with an exit code of
its own, and the next one goes on after that mailbox."""

import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailbot.exchange.ews.road import EwsRoad
from mailbot.jobs.deliver import deliver
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import WorkerHung
from mailbot.model.slots import Job, Slot, SlotResult
from mailbot.model.verdicts import Outcome
from mailbot.reports.status import StatusFile
from tests.acceptance.desk import SMALL, SMALL_CAST, Desk, small_town
from tests.acceptance.municipality import MONDAY, Municipality, municipality
from tests.acceptance.test_crash import arrived
from tests.acceptance.test_gates import without
from tests.acceptance.test_service import until

REPO = Path(__file__).parents[2]
SLOT = Slot(Job.SWEEP, MONDAY.date(), "06:00")
STUCK = "just-under-limit"


def start(here: Municipality, moment: datetime) -> "subprocess.Popen[str]":
    stuck = Desk(here).resident(STUCK).address
    return subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.hang_driver", str(here.settings), moment.isoformat(), stuck],
        cwd=REPO,
        stderr=subprocess.PIPE,
        text=True,
    )


def verdicts(here: Municipality) -> dict[str, dict[str, tuple[Outcome, str]]]:
    """What was judged of everybody, and why, by address and rule."""
    with here.opened("reader") as house:
        keys = {
            house.store.person_key(p.guid): p.address.value for p in house.directory.people().by_guid.values()
        }
        with house.store.begin() as work:
            return {
                address: {
                    j.rule: (j.verdict.outcome, j.verdict.reason.code if j.verdict.reason else j.verdict.why)
                    for j in work.judgements_of(SLOT.id, key)
                }
                for key, address in keys.items()
            }


def newest(here: Municipality) -> tuple[SlotResult | None, str]:
    with here.opened("reader") as house, house.store.begin() as work:
        row = work.newest(Job.SWEEP)
        assert row is not None
        return row.result, str(row.counts.get("why"))


def letters_after_delivery(here: Municipality) -> Counter[str]:
    """Our letters by Message-ID, once all that was ordered has left. It is delivered twice."""
    here.at(10, 5)
    with here.opened() as house:
        for _ in range(2):
            deliver(house)
    return arrived(here)


def test_the_process_leaves_and_the_next_one_goes_on_after_the_mailbox(tmp_path: Path) -> None:
    with municipality(tmp_path / "whole", SMALL, stories=SMALL_CAST) as here:
        with here.opened() as house:
            assert sweep(house, SLOT) is not None
        expected, letters = verdicts(here), letters_after_delivery(here)
        assert letters, "without letters nothing could be doubled"

    with municipality(tmp_path / "hung", SMALL, stories=SMALL_CAST) as here:
        here.change(("workers = 4 ", "workers = 1 "))  # others than the hung one would go on meanwhile
        stuck = Desk(here).resident(STUCK).address
        first = start(here, MONDAY + timedelta(minutes=1))
        _, log = first.communicate(timeout=300)
        assert first.returncode == WorkerHung.exit_code == 13, log
        assert log.rstrip().endswith("the next start goes on from there: start mailbot again")
        result, why = newest(here)
        assert result is None
        assert why.startswith("a worker hangs and one mailbox is unknown; ")
        status = StatusFile(here.settings / "status.json", here.clock).read()
        assert list(status.problems) == ["worker_hung"]
        here.at(6, 2)
        shown: dict[str, Any] = Desk(here).shows("findings")
        assert shown["sweep"] == {"slot": SLOT.id, "result": "aborted", "why": why}

        second = start(here, MONDAY + timedelta(minutes=3))
        try:
            assert until(lambda: newest(here)[0] is not None, 300)
        finally:
            second.terminate()
            _, log = second.communicate(timeout=300)
        assert second.returncode == 0, log
        result, why = newest(here)
        assert result is SlotResult.COMPLETE
        assert why.startswith("39 of 40 mailboxes read; 1 timed out; resumed: ")
        found = verdicts(here)
        reasons = {why for outcome, why in found.pop(stuck).values() if outcome is Outcome.UNKNOWN}
        assert reasons == {"timed_out"}
        expected.pop(stuck)
        assert found == expected
        assert Counter(letters_after_delivery(here).values()) == Counter(letters.values())
        assert "worker_hung" not in StatusFile(here.settings / "status.json", here.clock).read().problems


def test_a_closed_run_that_met_a_hung_worker_is_over_and_the_process_leaves_all_the_same(
    tmp_path: Path,
) -> None:
    """It keeps nothing about anybody, so it could not be taken up; but the thread must go."""
    with small_town(tmp_path, "off") as desk:
        without(desk, "dpia")
        with patch.object(EwsRoad, "hung", lambda _road: True):
            said = desk.types("sweep")
        assert said.code == 13
        assert said.err.splitlines()[-1] == (
            "mailbot: closed: gates are closed: G0; 39 of 40 mailboxes can be reached; a worker hangs: start "
            "mailbot again"
        )
        assert desk.shows("findings")["sweep"]["result"] == "closed"
