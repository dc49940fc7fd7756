"""A mailbox of 400,000 sent items: caught up with over many visits, in a process that stays small.

The measured process is a child of its own, and so is its server. Arguments of the child that serves: number
of items. It prints its endpoint and ends when its input is closed. Of the child that reads: that endpoint. It
prints one line of JSON per visit.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mailbot.exchange.ews.connection import Server
from mailbot.exchange.ews.road import EwsRoad
from mailbot.exchange.ews.visit import Limits
from mailbot.model.clock import SetClock
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.needs import SentLabels
from mailbot.ports import Target
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.mailboxes import Past
from tests.campaign.ledger import Ledger, say
from tests.campaign.long_run import forget_peak, memory
from tests.contract.roads import ACCOUNT, AMSTERDAM, NOW, PASSWORD, Memory, staff
from tests.contract.test_ews_incremental import Numbers, Shelf

REPO = Path(__file__).parents[2]
FULL, SHORT = 400_000, 40_000
EVERY = timedelta(minutes=15)
"""Between two mails: some 1,400 of them are in view, one or two with a label."""

GROWTH = 16.0
"""MB that the reading process may take at its peak above what it held after a visit to somebody ordinary."""

SINCE = date(2026, 11, 9)


def large(seed: int, folder: Path, short: bool) -> Ledger:
    """No chance in it: the seed changes nothing."""
    count = SHORT if short else FULL
    ledger = Ledger(
        f"large: a folder of {count} sent items",
        f"make campaign ARGS='large{' --short' if short else ''}'",
        ("visit", "sync pages", "searches", "labelled mails", "base (MB)", "peak (MB)", "seconds"),
    )
    told = list(_told(count))
    for number, row in enumerate(told):
        if number in (0, 1) or number >= len(told) - 2:
            ledger.row(number + 1, *(row[name] for name in ("pages", "searches", "found")),
                       f"{row['base']:.1f}", f"{row['peak']:.1f}", f"{row['seconds']:.1f}")  # fmt: skip
        ledger.check(row["found"] == told[0]["found"] > 0, f"visit {number + 1}: {row['found']} found")
    pages = sum(row["pages"] for row in told[:-1])
    ledger.check(pages == -(-count // 512), f"{pages} pages for {count} items")
    ledger.check(bool(told) and told[-1]["pages"] == 1, "it was not caught up with")
    ledger.check(bool(told) and told[-1]["searches"] == 0, "the last visit searched, and nothing was new")
    if told:
        grown = told[-1]["peak"] - told[-1]["base"]
        ledger.note(
            f"{pages} pages in {len(told) - 1} visits; {grown:.1f} MB above the base, at most {GROWTH:.0f}"
        )
        ledger.check(grown <= GROWTH, f"memory grew by {grown:.1f} MB")
    return ledger


def _told(count: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.campaign.large_mailbox"]
    with subprocess.Popen(
        [*command, "serve", str(count)], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdin is not None and serving.stdout is not None
        endpoint = serving.stdout.readline().strip()
        try:
            with subprocess.Popen(
                [*command, "read", endpoint], cwd=REPO, stdout=subprocess.PIPE, text=True
            ) as reading:
                assert reading.stdout is not None
                yield from map(json.loads, reading.stdout)
        finally:
            serving.stdin.close()


def _town() -> Town:
    return Town.build(seed=1, mailboxes=12, now=NOW, stories=())


def serve(count: int) -> None:
    town = _town()
    somebody = staff(town)[4]
    folder = somebody.folders.by_name["sentitems"].id
    first = NOW - EVERY * count
    somebody.past = Past(
        somebody.address, folder, somebody.guid, count, first, EVERY, "a@elders.example", labelled=1000
    )
    with SimulatorServer(town) as server:
        say(server.endpoint)
        sys.stdin.read()


def read(endpoint: str) -> None:
    town, shelf, clock = _town(), Shelf(), SetClock(NOW)
    ordinary, large = (Target(box.guid, Address(box.address)) for box in staff(town)[3:5])
    server = Server(endpoint=endpoint, auth="basic", username=ACCOUNT, password=PASSWORD, impersonate=True)
    road = EwsRoad(
        server, Limits(workers=1), AMSTERDAM, clock, Memory().breaker(clock), Address(town.sender),
        bookmarks=shelf,
    )  # fmt: skip
    need = SentLabels(SINCE, Numbers())

    def visit(target: Target) -> int:
        [facts] = road.read([target], [need], lambda _facts: (), NOW)
        fact = facts.get(need)
        return len(fact.value) if isinstance(fact, Known) else -1

    visit(ordinary)
    base = memory()
    forget_peak()
    pages = 1
    while pages:
        before, began = dict(road.requests()), time.monotonic()
        found = visit(large)
        asked = {name: count - before.get(name, 0) for name, count in road.requests().items()}
        row = {
            "pages": asked.get("SyncFolderItems", 0),
            "searches": asked.get("FindItem", 0),
            "found": found,
            "base": base,
            "peak": memory("VmHWM"),
            "seconds": time.monotonic() - began,
        }
        say(json.dumps(row))
        done = caught_up(shelf, large.guid)
        pages = 0 if done and not row["searches"] and row["pages"] == 1 else row["pages"]
    road.close()


def caught_up(shelf: Shelf, guid: ObjectGuid) -> bool:
    text = shelf.recall(guid, SentLabels.name)
    return text is not None and bool(json.loads(text)["caught_up"])


if __name__ == "__main__":
    {"serve": lambda: serve(int(sys.argv[2])), "read": lambda: read(sys.argv[2])}[sys.argv[1]]()
