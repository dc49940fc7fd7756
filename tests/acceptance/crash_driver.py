"""Runs the Monday job in a process that kills itself (SIGKILL) at one counted point.

A point stands before and after every commit and every server call that writes. Reads one JSON command a
line: {"settings": folder, "kill_at": number or null}; forks, so that imports are paid once; answers one JSON
line: {"signal": number or 0, "points": [names]} with all points that the run passed.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy.engine.default as sqlalchemy_default

from mailbot import wiring
from mailbot.exchange.ews import calls
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.sweep import sweep
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WRITES = ("CreateItem", "SendItem", "DeleteItem")


class Points:
    """Counts points; at `kill_at` (1 is the first) the process ends as if the power went."""

    def __init__(self, kill_at: int | None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        self._pass(f"before {name}")
        value = call()
        self._pass(f"after {name}")
        return value

    def _pass(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(points: Points) -> None:
    do_commit = sqlalchemy_default.DefaultDialect.do_commit
    ask = calls._ask

    def committing(self: Any, connection: Any) -> None:
        points.around("commit", lambda: do_commit(self, connection))

    def asking(service: Any, line: Any, payload: Any, deadline: float) -> Any:
        name = service.SERVICE_NAME
        if name not in WRITES:
            return ask(service, line, payload, deadline)
        return points.around(name, lambda: ask(service, line, payload, deadline))

    sqlalchemy_default.DefaultDialect.do_commit = committing  # type: ignore[method-assign]
    calls._ask = asking


def monday(settings: Path) -> None:
    """Sweep at 06:00, digests at 08:30, letters at 08:30 and 10:05; the same slots whenever it is run."""
    clock = SetClock(datetime(2026, 11, 23, 6, 0, tzinfo=AMSTERDAM))
    with wiring.opened(settings, {}, clock=clock, owner="crash test") as house:
        today = house.today()
        sweep(house, Slot(Job.SWEEP, today, "06:00"))
        clock.set(datetime(2026, 11, 23, 8, 30, tzinfo=AMSTERDAM))
        digest(house, Slot(Job.DIGEST, today, "08:30"))
        deliver(house)
        clock.set(datetime(2026, 11, 23, 10, 5, tzinfo=AMSTERDAM))
        deliver(house)


def run(settings: Path, kill_at: int | None) -> dict[str, Any]:
    """Run `monday` in a child process and tell how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        points = Points(kill_at)
        wrap(points)
        try:
            monday(settings)
            status = 0
        except BaseException as error:  # noqa: BLE001 - the child must end, whatever happened
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            status = 1
        with os.fdopen(writer, "w") as out:
            json.dump(points.names, out)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    return {"signal": died, "code": code, "points": json.loads(text) if text else []}


if __name__ == "__main__":
    configure(None)
    for line in sys.stdin:
        command = json.loads(line)
        answer = run(Path(command["settings"]), command["kill_at"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
