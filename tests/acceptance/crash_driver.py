"""Runs jobs in a process that is killed (SIGKILL): by itself at one counted point, or after a given time.

A point stands before and after every commit, every server call that writes and every step of a conversation
with a mail server. Reads one JSON command a line: {"settings": folder, "job": name, "kill_at": number or
null, "now": moment or null, "after": seconds or null}; forks, so that imports are paid once; answers one JSON
line: {"signal": number or 0, "code": exit code, "points": [names], "error": text, "seconds": lifetime}.
"""

import importlib
import json
import os
import signal
import sys
import threading
import time
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
SIX = datetime(2026, 11, 23, 6, 0, tzinfo=AMSTERDAM)
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


WRONG = "! "
"""Before what a job that failed says, after its points."""


class Points:
    """Counts points; at `kill_at` (1 is the first) the process ends as if the power went. Each is told as it
    is passed: nobody knows when somebody else kills the process."""

    def __init__(self, kill_at: int | None, tell: Callable[[str], None]) -> None:
        self._passed = 0
        self._kill_at = kill_at
        self._tell = tell

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        self._pass(f"before {name}")
        value = call()
        self._pass(f"after {name}")
        return value

    def _pass(self, name: str) -> None:
        self._passed += 1
        self._tell(name)
        if self._passed == self._kill_at:
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


def one_sweep(house: House, _clock: SetClock) -> None:
    """The slot is that of the day, whenever it is taken up; so is that of the digests."""
    sweep(house, Slot(Job.SWEEP, house.today(), "06:00"))


def one_digest(house: House, _clock: SetClock) -> None:
    digest(house, Slot(Job.DIGEST, house.today(), "08:30"))


def one_delivery(house: House, _clock: SetClock) -> None:
    deliver(house)


def sweeps(house: House, clock: SetClock) -> None:
    """Sweep at 06:00 and digests at 08:30."""
    one_sweep(house, clock)
    clock.set(HALF_PAST_EIGHT)
    one_digest(house, clock)


def deliveries(house: House, clock: SetClock) -> None:
    """Letters at 08:30 and 10:05."""
    for moment in (HALF_PAST_EIGHT, FIVE_PAST_TEN):
        clock.set(moment)
        deliver(house)


def monday(house: House, clock: SetClock) -> None:
    sweeps(house, clock)
    deliveries(house, clock)


OWNER = "crash test"
JOBS: dict[str, tuple[Callable[[House, SetClock], None], str | None]] = {
    "monday": (monday, OWNER),
    "sweeps": (sweeps, OWNER),
    "deliveries": (deliveries, OWNER),
    "sweep": (one_sweep, None),
    "digest": (one_digest, None),
    "deliver": (one_delivery, OWNER),
}
"""What is run, and under which name: without one a turn belongs to its process alone, and nobody takes it up
before its lease is over."""


def work(settings: Path, job: str, now: datetime) -> None:
    run_job, owner = JOBS[job]
    clock = SetClock(now)
    with wiring.opened(settings, {}, clock=clock, owner=owner) as house:
        run_job(house, clock)


def run(settings: Path, job: str, kill_at: int | None, now: datetime, after: float | None) -> dict[str, Any]:
    """Run a job in a child process and tell how it ended."""
    began = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)

        def tell(name: str) -> None:
            os.write(writer, " ".join(name.split()).encode() + b"\n")

        wrap(Points(kill_at, tell))
        try:
            work(settings, job, now)
            status = 0
        except BaseException as error:  # noqa: BLE001 - the child must end, whatever happened
            tell(f"{WRONG}{type(error).__name__}: {error!s:.300}")
            status = 1
        os._exit(status)
    os.close(writer)
    killer = threading.Timer(after, os.kill, (child, signal.SIGKILL)) if after is not None else None
    if killer is not None:
        killer.start()
    with os.fdopen(reader) as passed:
        points = passed.read().splitlines()
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # the number stays taken while a kill is on its way
    if killer is not None:
        killer.cancel()
        killer.join()
    _, status = os.waitpid(child, 0)
    error = [line.removeprefix(WRONG) for line in points if line.startswith(WRONG)]
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "points": points[: len(points) - len(error)],
        "error": "".join(error),
        "seconds": time.monotonic() - began,
    }


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
        folder = Path(command["settings"])
        if not prepared:
            prepare(folder)
            prepared = True
        now = datetime.fromisoformat(command["now"]) if command["now"] else SIX
        answer = run(folder, command["job"], command["kill_at"], now, command["after"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
