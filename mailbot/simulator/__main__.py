"""The simulator as a child process: `python -m mailbot.simulator --folder DIR`.

Writes what directory, personnel and Exchange export, and the accepted domains, into DIR, prints one line of
JSON, then serves until SIGTERM, SIGINT or, with --watch-stdin, until its parent closes the pipe.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mailbot.simulator.server import ACCOUNT_NAMES, DEMO_PASSWORD, SimulatorServer
from mailbot.simulator.stories import STAGED_NOW
from mailbot.simulator.town import Town

FEWEST_MAILBOXES = 250
"""The staged stories need nearly as many, with teams around them; the demo asks for the same."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.mailboxes < FEWEST_MAILBOXES:
        parser.error(f"--mailboxes: the town's stories need at least {FEWEST_MAILBOXES} mailboxes")
    now = datetime.fromisoformat(options.now)
    if now.tzinfo is None:
        raise SystemExit("--now needs an offset, such as 2026-11-23T06:00:00+01:00")
    password = DEMO_PASSWORD
    if options.password_file is not None:
        password = options.password_file.read_text(encoding="utf-8").strip()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    town = Town.build(options.seed, options.mailboxes, now)
    options.folder.mkdir(parents=True, exist_ok=True)
    town.write_files(options.folder)
    with SimulatorServer(
        town, options.journal, password=password, latency_ms=options.latency_ms, port=options.port
    ) as server:
        ready = {
            "endpoint": server.endpoint,
            "control": server.control,
            "username": ACCOUNT_NAMES[0],
            "sender": town.sender,
            "folder": str(options.folder),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        if options.watch_stdin:
            threading.Thread(target=_until_closed, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _until_closed(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a reader that still waits must not block the exit
        pass
    stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mailbot.simulator")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mailboxes", type=int, default=FEWEST_MAILBOXES)
    parser.add_argument("--now", default=STAGED_NOW.isoformat(), help="the town's time, with offset")
    parser.add_argument("--folder", type=Path, required=True, help="where the files are written")
    parser.add_argument("--journal", type=Path, help="keeps what changed over a restart")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--latency-ms", type=int, default=0, help="added to every answer")
    parser.add_argument("--password-file", type=Path, help="password of the service account, one line")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input closes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
