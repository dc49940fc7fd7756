"""`mailbot run` in a process of its own, in which reading one mailbox never comes back: not from the network,
where the watchdog would cut it, but in the thread itself.

Arguments: settings folder, start moment (ISO), address of the mailbox. The deadlines are a second, so that
nobody waits long for the road to give the thread up.
"""

import sys
import threading
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from mailbot import cli, wiring
from mailbot.exchange.ews import answers, connection, visit
from mailbot.model.needs import MailboxSize
from tests.acceptance.service_driver import OffsetClock


def hang_at(address: str) -> None:
    size = answers.READERS[MailboxSize]

    def stuck(asking: answers.Asking, need: MailboxSize) -> Any:
        if asking.box.primary_smtp_address == address:
            threading.Event().wait()
        return size(asking, need)

    patch.dict(answers.READERS, {MailboxSize: stuck}).start()  # type: ignore[arg-type]


def hurry() -> None:
    limits, server = visit.Limits, connection.Server

    def short_limits(*args: Any, **kwargs: Any) -> visit.Limits:
        return replace(limits(*args, **kwargs), mailbox_deadline=1.0)

    def short_server(*args: Any, **kwargs: Any) -> connection.Server:
        return replace(server(*args, **kwargs), request_deadline=1.0)

    patch.object(visit, "Limits", short_limits).start()
    patch.object(connection, "Server", short_server).start()


if __name__ == "__main__":
    folder, moment, address = sys.argv[1:]
    hurry()
    hang_at(address)
    clock = OffsetClock(datetime.fromisoformat(moment))
    patch.object(wiring, "SystemClock", lambda: clock).start()
    sys.argv = ["mailbot", "run", "--settings", folder]
    cli.main()
