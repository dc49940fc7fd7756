"""A fork server whose children do one job of the house and are killed (SIGKILL) after a given time.

Reads one JSON command a line: {"settings": folder, "job": name, "now": moment, "after": seconds or null};
forks, so that imports are paid once; answers one JSON line: {"signal": number or 0, "code": exit code,
"seconds": how long the child lived}.
"""

import json
import os
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailbot import wiring
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.sweep import sweep
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def do(settings: Path, job: str, now: datetime) -> None:
    """The slots are those of the day, whenever they are taken up. Sweeps and digests belong to this process
    alone, a delivery to whoever delivers."""
    owner = "campaign" if job == "deliver" else None
    with wiring.opened(settings, {}, clock=SetClock(now), owner=owner) as house:
        match job:
            case "sweep":
                sweep(house, Slot(Job.SWEEP, house.today(), "06:00"))
            case "digest":
                digest(house, Slot(Job.DIGEST, house.today(), "08:30"))
            case "deliver":
                deliver(house)


def run(command: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            do(Path(command["settings"]), command["job"], datetime.fromisoformat(command["now"]))
            status = 0
        except BaseException as error:  # noqa: BLE001 - the child must end, whatever happened
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            status = 1
        os._exit(status)
    killer = None
    if command["after"] is not None:
        killer = threading.Timer(command["after"], os.kill, (child, signal.SIGKILL))
        killer.start()
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # the number stays taken while a kill is on its way
    if killer is not None:
        killer.cancel()
        killer.join()
    _, status = os.waitpid(child, 0)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    configure(None)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()
