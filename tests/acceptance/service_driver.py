"""The real service in a process of its own, whose clock starts at a given moment and then runs on.

Arguments: settings folder, start moment (ISO). Logs to standard error like the command does.
"""

import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from mailbot import wiring
from mailbot.model.clock import SystemClock
from mailbot.reports.logs import configure
from mailbot.service.run import Service, Timetable


class OffsetClock(SystemClock):
    """The machine's clock, moved."""

    def __init__(self, start: datetime) -> None:
        self._offset: timedelta = start - super().now()

    def now(self) -> datetime:
        return super().now() + self._offset


if __name__ == "__main__":
    configure(None, verbose=True)
    folder = Path(sys.argv[1])
    stop = threading.Event()
    clock = OffsetClock(datetime.fromisoformat(sys.argv[2]))
    with wiring.opened(folder, {}, clock=clock, halting=stop.is_set) as house:
        Service(house, Timetable(*wiring.schedules(folder, {})), stop).run()
