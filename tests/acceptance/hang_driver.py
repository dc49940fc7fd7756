"""`mailbot run` in a process of its own, in which reading one mailbox never comes back: not from the network,
where the watchdog would cut it, but in the thread itself.

Arguments: settings folder, start moment (ISO), address of the mailbox. Time flies for that thread alone, so
that nobody waits long for the road to give it up.
"""

import sys
import threading
from datetime import datetime
from typing import Any
from unittest.mock import patch

from mailbot import cli, wiring
from mailbot.exchange.ews import answers
from mailbot.exchange.ews.workers import Worker
from mailbot.model.needs import MailboxSize
from tests.acceptance.service_driver import OffsetClock

LONG_AGO = 400.0
"""How much faster: eight minutes of patience are over in little more than a second."""


def hang_at(address: str) -> None:
    size, hangs, hung = answers.READERS[MailboxSize], Worker.hangs, set[threading.Thread]()

    def stuck(asking: answers.Asking, need: MailboxSize) -> Any:
        if asking.box.primary_smtp_address == address:
            hung.add(threading.current_thread())
            threading.Event().wait()
        return size(asking, need)

    def hasty(worker: Worker, patience: float) -> bool:
        return hangs(worker, patience / (LONG_AGO if worker.thread in hung else 1))

    patch.dict(answers.READERS, {MailboxSize: stuck}).start()  # type: ignore[arg-type]
    patch.object(Worker, "hangs", hasty).start()


if __name__ == "__main__":
    folder, moment, address = sys.argv[1:]
    hang_at(address)
    clock = OffsetClock(datetime.fromisoformat(moment))
    patch.object(wiring, "SystemClock", lambda: clock).start()
    sys.argv = ["mailbot", "run", "--settings", folder]
    cli.main()
