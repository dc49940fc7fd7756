"""The machine's clock is put back under a running service: after a start in the wrong zone, by NTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from mailbot.model.clock import SystemClock
from mailbot.service.run import TICK_SECONDS, _follow_the_clock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def scheduler() -> Iterator[BackgroundScheduler]:
    """One job that was to run a tick after noon; nothing runs it here."""
    made = BackgroundScheduler(timezone="UTC")
    made.start(paused=True)
    made.add_job(
        print, IntervalTrigger(seconds=TICK_SECONDS), next_run_time=NOON + timedelta(seconds=TICK_SECONDS)
    )
    yield made
    made.shutdown()


def test_it_does_not_sleep_until_the_old_time_comes_again(
    scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = NOON - timedelta(hours=1)
    monkeypatch.setattr(SystemClock, "now", lambda _: earlier)
    _follow_the_clock(scheduler)
    (job,) = scheduler.get_jobs()
    assert job.next_run_time == earlier, "at once: the status file would look alive, and nothing be done"


def test_a_clock_that_walks_moves_no_turn(
    scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in (NOON, NOON + timedelta(seconds=5), NOON - timedelta(seconds=5)):
        monkeypatch.setattr(SystemClock, "now", lambda _, now=moment: now)
        _follow_the_clock(scheduler)
        (job,) = scheduler.get_jobs()
        assert job.next_run_time == NOON + timedelta(seconds=TICK_SECONDS)
