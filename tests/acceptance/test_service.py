"""The service: takes its turns by itself, ends cleanly when asked, and decides about turns it missed."""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailbot import wiring
from mailbot.jobs.house import House
from mailbot.model.clock import SetClock
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.service import run as service_run
from mailbot.service.run import Service, Timetable
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.municipality import MONDAY, Municipality, municipality

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
REPO = Path(__file__).parents[2]


def start(here: Municipality, moment: datetime) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.service_driver", str(here.settings), moment.isoformat()],
        cwd=REPO,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(true: Callable[[], bool], seconds: float = 200.0) -> bool:
    """Wait for something that another process does; False when it never comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def swept(here: Municipality) -> list[str]:
    """Mailboxes whose size was asked for, in order, pages and repeats included."""
    asked = [line for line in here.server.access_log() if line.operation == "FindFolder"]
    return [line.mailboxes[0] for line in asked if any("0xe08" in name for name in line.properties)]


def test_a_service_that_is_asked_to_end_does_so_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with municipality(tmp_path) as here:
        here.server.faults.add(Fault(FaultKind.SLOW, operation="FindFolder", seconds=0.2))
        first = start(here, MONDAY + timedelta(minutes=1))
        assert until(lambda: len(swept(here)) > 30), "the service began to sweep by itself"
        first.send_signal(signal.SIGTERM)
        _, log = first.communicate(timeout=200)
        assert first.returncode == 0, log
        assert '"service ended"' in log
        seen_by_first = len(set(swept(here)))
        assert seen_by_first < 250, "the sweep was still under way"

        here.server.faults.clear()
        second = start(here, MONDAY + timedelta(minutes=2))
        with wiring.opened(here.settings, {}, clock=here.clock, owner="reader") as house:

            def finished() -> bool:
                with house.store.begin() as work:
                    return any(row.finished for row in work.slots(Job.SWEEP, MONDAY.date()))

            assert until(finished)
            second.send_signal(signal.SIGTERM)
            second.communicate(timeout=200)
            with house.store.begin() as work:
                newest = work.last_counts(Job.SWEEP)
        assert newest is not None
        assert newest[1]["population"] == 250
        again = [address for address, times in Counter(swept(here)).items() if times > 1]
        workers_under_way, paged = 4 * 5, 2
        assert len(again) <= workers_under_way + paged, "only what was under way is read again"


@pytest.mark.parametrize("operation", ["GetUserAvailability", "FindFolder"])
def test_a_call_that_hangs_does_not_hold_up_the_end(tmp_path: Path, operation: str) -> None:
    """Sign-in or sweep: Exchange took the request and stays silent for longer than a service may take. It
    does not wait for the deadline of that request, which is five minutes here."""
    with municipality(tmp_path) as here:
        here.change(
            ("request_deadline_seconds = 60 ", "request_deadline_seconds = 300 "),
            ("mailbox_deadline_seconds = 180 ", "mailbox_deadline_seconds = 1800 "),
        )
        here.server.faults.add(Fault(FaultKind.HANG, operation=operation))
        process = start(here, MONDAY + timedelta(minutes=1))
        assert until(lambda: here.server.faults.struck() > 0)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=200)
        assert process.returncode == 0, log


def test_the_command_run_starts_and_ends(tmp_path: Path) -> None:
    with municipality(tmp_path) as here:
        process = subprocess.Popen(
            [sys.executable, "-m", "mailbot", "run", "--settings", str(here.settings)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "service started" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=200)
        assert process.returncode == 0


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """Jobs that only note their turn, for walking through weeks."""
    taken: list[Slot] = []

    def take(house: House, slot: Slot) -> None:
        now = house.clock.now()
        with house.store.begin() as work:
            assert work.claim(slot, house.owner, now, now + timedelta(minutes=5)) is Claim.NEW
            work.finish(slot.id, now, SlotResult.COMPLETE, {})
        taken.append(slot)

    monkeypatch.setattr(service_run, "RUNNERS", dict.fromkeys(service_run.RUNNERS, take))
    return taken


def service(here: Municipality, house: House) -> Service:
    return Service(house, Timetable(*wiring.schedules(here.settings, {})), threading.Event())


def walk(clock: SetClock, until_moment: datetime, step: timedelta, tick: Callable[[], None]) -> None:
    while clock.now() < until_moment:
        tick()
        clock.set(clock.now() + step)


def test_every_turn_comes_once_over_both_clock_changes(voorbeeld: Municipality, turns: list[Slot]) -> None:
    """25 October 2026 has 25 hours and 28 March 2027 has 23; neither doubles nor swallows a turn."""
    for first, last in ((23, 27), (26, 30)):
        turns.clear()
        month = (2026, 10) if first == 23 else (2027, 3)
        voorbeeld.clock.set(datetime(*month, first, 0, 30, tzinfo=AMSTERDAM))
        with voorbeeld.opened() as house:
            ticking = service(voorbeeld, house)
            walk(
                voorbeeld.clock,
                datetime(*month, last, 23, 0, tzinfo=AMSTERDAM),
                timedelta(minutes=23),
                ticking.tick_slots,
            )
        taken = Counter(turns)
        assert set(taken.values()) == {1}
        sweeps = [slot.day.day for slot in turns if slot.job is Job.SWEEP]
        assert sweeps == list(range(first, last + 1))
        digests = [slot.day for slot in turns if slot.job is Job.DIGEST]
        assert all(day.weekday() == 0 for day in digests)


def test_after_three_weeks_asleep_one_turn_makes_up_and_the_rest_is_said(
    voorbeeld: Municipality, turns: list[Slot]
) -> None:
    with voorbeeld.opened() as house:
        ticking = service(voorbeeld, house)
        voorbeeld.clock.set(MONDAY + timedelta(minutes=5))
        ticking.tick_slots()
        turns.clear()
        voorbeeld.clock.set(MONDAY + timedelta(days=21, hours=3))  # Monday 14 December, 09:00
        ticking.tick_slots()
        ticking.tick_slots()
        assert [(slot.job, slot.day.isoformat()) for slot in turns] == [
            (Job.RETAIN, "2026-12-14"),
            (Job.SWEEP, "2026-12-14"),
            (Job.DIGEST, "2026-12-14"),
        ]
        with house.store.begin() as work:
            rows = work.slots(Job.SWEEP, MONDAY.date())
            problems = work.problems()
        skipped = [row.slot.day for row in rows if row.result is SlotResult.SKIPPED]
        assert len(skipped) == 20, "each missed day was decided on"
        assert "sweep_skipped" in problems


def test_a_failing_job_is_told_once_and_the_service_goes_on(voorbeeld: Municipality) -> None:
    voorbeeld.server.faults.add(Fault(FaultKind.PLAIN_500))
    with voorbeeld.opened() as house:
        ticking = service(voorbeeld, house)
        ticking.tick_slots()
        asked = len(voorbeeld.server.access_log())
        ticking.tick_slots()
        assert len(voorbeeld.server.access_log()) == asked, "it pauses before it tries again"
        with house.store.begin() as work:
            assert "sweep_failed" in work.problems()
        voorbeeld.server.faults.clear()
        fresh = service(voorbeeld, house)
        fresh.tick_slots()
        with house.store.begin() as work:
            assert "sweep_failed" not in work.problems()
            assert any(row.finished for row in work.slots(Job.SWEEP, MONDAY.date()))
