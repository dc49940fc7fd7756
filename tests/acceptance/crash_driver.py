"""Runs the jobs of a Monday in a process that kills itself (SIGKILL) at one counted point.

A point stands before and after every commit, every server call that writes and every step of a conversation
with a mail server. Reads one JSON command a line: {"settings": folder, "job": name, "kill_at": number or
null}; forks, so that imports are paid once; answers one JSON
line: {"signal": number or 0, "points": [names]} with all points that the run passed.
"""

import importlib
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
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.letters.submission import Submission
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HALF_PAST_EIGHT = datetime(2026, 11, 23, 8, 30, tzinfo=AMSTERDAM)
FIVE_PAST_TEN = datetime(2026, 11, 23, 10, 5, tzinfo=AMSTERDAM)
WRITES = ("CreateItem", "SendItem", "DeleteItem")
LATE_IMPORTS = (
    "alembic.command",
    "mailbot.exchange.ews.road",
    "mailbot.exchange.ews_post",
    "mailbot.exchange.ews_service_mailbox",
    "mailbot.letters.smtp_post",
    "sqlalchemy.dialects.sqlite",
)
STEPS = {
    "open": "connect",
    "sender": "MAIL",
    "recipient": "RCPT",
    "data": "DATA",
    "body": "text",
    "final_dot": "final dot",
    "answer": "answer",
    "quit": "QUIT",
}
"""Steps of handing in a letter by SMTP, as `Submission` names them and as RFC 5321 does."""


class Points:
    """Counts points; at `kill_at` (1 is the first) the process ends as if the power went."""

    def __init__(self, kill_at: int | None, tell: Callable[[list[str]], None]) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._tell = tell

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        self._pass(f"before {name}")
        value = call()
        self._pass(f"after {name}")
        return value

    def _pass(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._kill_at:
            self._tell(self.names)
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
    for method, name in STEPS.items():
        setattr(Submission, method, stepping(points, name, getattr(Submission, method)))


def stepping(points: Points, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *asked: points.around(name, lambda: step(*asked))


def sweeps(house: House, clock: SetClock) -> None:
    """Sweep at 06:00 and digests at 08:30; the same slots whenever it is run."""
    today = house.today()
    sweep(house, Slot(Job.SWEEP, today, "06:00"))
    clock.set(HALF_PAST_EIGHT)
    digest(house, Slot(Job.DIGEST, today, "08:30"))


def deliveries(house: House, clock: SetClock) -> None:
    """Letters at 08:30 and 10:05."""
    for moment in (HALF_PAST_EIGHT, FIVE_PAST_TEN):
        clock.set(moment)
        deliver(house)


def monday(house: House, clock: SetClock) -> None:
    sweeps(house, clock)
    deliveries(house, clock)


JOBS = {job.__name__: job for job in (monday, sweeps, deliveries)}


def work(settings: Path, job: str) -> None:
    clock = SetClock(datetime(2026, 11, 23, 6, 0, tzinfo=AMSTERDAM))
    with wiring.opened(settings, {}, clock=clock, owner="crash test") as house:
        JOBS[job](house, clock)


def run(settings: Path, job: str, kill_at: int | None) -> dict[str, Any]:
    """Run a job in a child process and tell how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)

        def tell(names: list[str]) -> None:
            with os.fdopen(writer, "w") as out:
                json.dump(names, out)

        points = Points(kill_at, tell)
        wrap(points)
        try:
            work(settings, job)
            status = 0
        except BaseException as error:  # noqa: BLE001 - the child must end, whatever happened
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            status = 1
        tell(points.names)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    return {"signal": died, "code": code, "points": json.loads(text) if text else []}


def prepare(settings: Path) -> None:
    """Import here what every child would import by itself, and read the calendars of all years."""
    for module in LATE_IMPORTS:
        importlib.import_module(module)
    wiring.configuration(settings, {})


if __name__ == "__main__":
    configure(None)
    prepared = False
    for line in sys.stdin:
        command = json.loads(line)
        if not prepared:
            prepare(Path(command["settings"]))
            prepared = True
        answer = run(Path(command["settings"]), command["job"], command["kill_at"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
