"""A process that lives long, or reads much, and tells what it costs: one line of JSON at a time.

Arguments: `year` WEEKS or `bulk` MAILBOXES. The town runs in a process of its own; logs are counted, not
kept.
"""

import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailbot import wiring
from mailbot.jobs.sweep import sweep
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure
from mailbot.service.run import Service, Timetable
from tests.acceptance.municipality import AMSTERDAM, MONDAY, write_settings

REPO = Path(__file__).parents[2]
TOWN_OF_THE_YEAR = 120
DAY = ((2, 0), (6, 0), (8, 30), (10, 5), (15, 5))
"""When the service looks what is due, and delivers."""

BASE_AFTER = 50
"""Mailboxes after which everything that is needed for reading is in memory."""


class Counted:
    """A stream for the log that keeps counts of warnings and errors by event."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.startswith("{") and (told := json.loads(line))["level"] == "error":
                self.errors[f"{told['event']} {told.get('error', '')} {told.get('where', '')}".strip()] += 1
            elif line.startswith("Traceback"):
                self.errors["traceback"] += 1
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


class FastClock(SetClock):
    def monotonic(self) -> float:
        return self.now().timestamp()


@dataclass(frozen=True, slots=True)
class Around:
    """Settings that point at a town elsewhere, and a line to it."""

    settings: Path
    clock: FastClock
    process: "subprocess.Popen[str]"

    def go(self, moment: datetime) -> None:
        self.clock.set(moment)

    def night(self, moment: datetime) -> None:
        """The town's own clock moves on and its files are published anew."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(moment.isoformat() + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@contextmanager
def surroundings(mailboxes: int) -> Iterator[Around]:
    with tempfile.TemporaryDirectory() as temporary:
        files, settings = Path(temporary) / "files", Path(temporary) / "settings"
        files.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.town_process", str(files), str(mailboxes)],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            write_settings(settings, process.stdout.readline().strip(), files)
            toml = settings / "mailbot.toml"
            text = toml.read_text(encoding="utf-8")
            for name in ("directory.ldf", "access.csv"):
                assert f'"{name}"' in text
                text = text.replace(f'"{name}"', f"'{files / name}'")
            toml.write_text(text, encoding="utf-8")
            yield Around(settings, FastClock(MONDAY - timedelta(hours=4)), process)
        finally:
            process.communicate()


def memory(what: str = "VmRSS") -> float:
    """MB of this process: now (VmRSS), or the most since `forget_peak` (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(what)


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def tell(**figures: Any) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def year(weeks: int, log: Counted) -> None:
    """Every day its turns and deliveries, in one process."""
    with ExitStack() as stack:
        around = stack.enter_context(surroundings(TOWN_OF_THE_YEAR))
        house = stack.enter_context(wiring.opened(around.settings, {}, clock=around.clock, owner="year"))
        service = Service(house, Timetable(*wiring.schedules(around.settings, {})), threading.Event())
        for day in range(7 * weeks):
            local = MONDAY.astimezone(AMSTERDAM) + timedelta(days=day)
            for hour, minute in DAY:
                around.go(local.replace(hour=hour, minute=minute))
                if (hour, minute) == DAY[0]:
                    around.night(local.replace(hour=hour, minute=minute))
                service.tick_slots()
                service.tick_delivery()
            if day % 7 == 6:
                with house.store.begin() as work:
                    slots = work.slots(Job.SWEEP, local.date() - timedelta(days=6))
                    letters = sum(work.letter_counts().values())
                gc.collect()
                tell(
                    week=day // 7 + 1,
                    rss=memory(),
                    files=len(list(Path("/proc/self/fd").iterdir())),
                    threads=threading.active_count(),
                    database=sum(file.stat().st_size for file in around.settings.glob("mailbot.db*")),
                    letters=letters,
                    complete=sum(row.result == "complete" for row in slots),
                    errors=dict(log.errors),
                )


def bulk(mailboxes: int, log: Counted) -> None:
    """One sweep, from the first mailbox to the plan."""
    base = 0.0

    def progress(done: int, _all: int) -> None:
        nonlocal base
        if done == BASE_AFTER:
            gc.collect()
            base = memory()
            forget_peak()

    with surroundings(mailboxes) as around:
        around.clock.set(MONDAY)
        with wiring.opened(around.settings, {}, clock=around.clock, owner="bulk") as house:
            began = time.monotonic()
            report = sweep(house, Slot(Job.SWEEP, house.today(), "06:00"), progress=progress)
            assert report is not None
            tell(
                mailboxes=mailboxes,
                read=report.figures.coverage.read,
                base=base,
                peak=memory("VmHWM"),
                seconds=time.monotonic() - began,
                errors=dict(log.errors),
            )


if __name__ == "__main__":
    log = Counted()
    sys.stderr = log
    configure(None)
    {"year": year, "bulk": bulk}[sys.argv[1]](int(sys.argv[2]), log)
