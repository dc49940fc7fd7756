"""What ten percent of busy answers cost those who are not struck, at 32 workers.

    python tests/bench/bench_throttling.py [MAILBOXES] [LATENCY_MS]

The simulator runs as a process of its own. Rounds with and without faults take turns; each figure is the
median of three rounds. `boxes`: a tenth of the mailboxes is busy three times.
`answers`: a tenth of all answers is busy, drawn at random, those about many mailboxes too.

Two figures are about the mailboxes that no fault struck in a question about them alone. `rate` compares what
was done in the same time: while the round without faults answered all of them, which share did this round
answer? It has to be at least `LEAST`. `last` is how long it took there until the last of them was
answered, by how long it took here: in a short run that is one rest more or less.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from mailbot.engine.breaker import Breaker
from mailbot.exchange.ews.connection import Server
from mailbot.exchange.ews.road import EwsRoad
from mailbot.exchange.ews.visit import Limits
from mailbot.exchange.throttling import budget_of
from mailbot.model.clock import SetClock
from mailbot.model.facts import Known
from mailbot.model.ids import Address
from mailbot.model.needs import Absences, AutomaticReply, InboxReplyRules, MailboxSize, Need, WorkingHours
from mailbot.ports import Target
from mailbot.reports.logs import configure
from mailbot.simulator.town import Town

ROUNDS, WORKERS, LEAST = 3, 32, 0.8
REST = 1.0
"""Seconds of rest that a busy answer asks for."""

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
NEEDS: tuple[Need[Any], ...] = (
    MailboxSize(),
    Absences(),
    WorkingHours(),
    AutomaticReply(),
    InboxReplyRules(),
)
Faults = Callable[[list[Target], int], list[dict[str, Any]]]


@dataclass(frozen=True)
class Round:
    """When each mailbox was answered, in seconds; which ones were struck; how many were read in full."""

    at: dict[str, float]
    struck: frozenset[str]
    whole: int

    def answered(self, guids: frozenset[str], until: float) -> int:
        return sum(self.at[guid] <= until for guid in guids)

    def last(self, guids: frozenset[str]) -> float:
        """When the last of them was answered."""
        return max(self.at[guid] for guid in guids)


def no_faults(_targets: list[Target], _seed: int) -> list[dict[str, Any]]:
    return []


def of_boxes(targets: list[Target], _seed: int) -> list[dict[str, Any]]:
    return [_busy(operation="FindFolder", mailbox=target.address.value, count=3) for target in targets[::10]]


def of_answers(_targets: list[Target], seed: int) -> list[dict[str, Any]]:
    return [_busy(share=0.1, seed=seed)]


def _busy(**terms: Any) -> dict[str, Any]:
    return {"kind": "server_busy", "seconds": REST, **terms}


@contextmanager
def simulator(mailboxes: int, latency: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Endpoint and control page."""
    command = [sys.executable, "-m", "mailbot.simulator", "--mailboxes", str(mailboxes), "--seed", "1"]
    process = subprocess.Popen(
        [*command, "--now", NOW.isoformat(), "--latency-ms", str(latency), "--folder", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield ready["endpoint"], ready["control"]
    finally:
        process.terminate()
        process.wait(timeout=20)


def one_round(
    endpoint: str, control: str, town: Town, faults: list[dict[str, Any]], targets: list[Target]
) -> Round:
    budget_of.cache_clear()
    server = Server(endpoint, "basic", "VOORBEELD\\svc-mailbot", "demo-only", impersonate=True)
    breaker = Breaker(SetClock(NOW), lambda: None, lambda _text: None)
    zone = ZoneInfo("Europe/Amsterdam")
    road = EwsRoad(server, Limits(WORKERS), zone, SetClock(NOW), breaker, Address(town.sender))
    try:
        road.sign_in()
        requests.delete(f"{control}/log", timeout=30).raise_for_status()
        requests.delete(f"{control}/faults", timeout=30).raise_for_status()
        requests.post(f"{control}/faults", json=faults, timeout=30).raise_for_status()
        at: dict[str, float] = {}
        begun, whole = time.perf_counter(), 0
        for facts in road.read(targets, NEEDS, lambda _facts: (), NOW):
            at[facts.guid] = time.perf_counter() - begun
            whole += all(isinstance(facts.get(need), Known) for need in NEEDS)
    finally:
        road.close()
    log = requests.get(f"{control}/log", timeout=60).json()
    boxes = {line["mailboxes"][0] for line in log if line["fault"] and len(line["mailboxes"]) == 1}
    return Round(at, frozenset(t.guid for t in targets if t.address.value in boxes), whole)


def bench(mailboxes: int, latency: int) -> bool:
    """Whether those who are not struck keep at least `LEAST` of their rate, as the median of all rounds."""
    town = Town.build(seed=1, mailboxes=mailboxes, now=NOW)
    left_out = town.excluded()
    targets = [
        Target(mailbox.guid, Address(mailbox.address))
        for resident in town.residents
        if resident.recipient_type == "user" and resident.address not in left_out
        for mailbox in [town.mailbox(resident.address)]
        if mailbox is not None
    ]
    kinds: dict[str, Faults] = {"none": no_faults, "boxes": of_boxes, "answers": of_answers}
    rounds: dict[str, list[Round]] = {name: [] for name in kinds}
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(mailboxes, latency, Path(folder)) as (to, control),
    ):
        one_round(to, control, town, [], targets)  # nobody's: everything is imported and warm after it
        for number in range(ROUNDS):
            for name, faults in kinds.items():
                rounds[name].append(one_round(to, control, town, faults(targets, number), targets))
    say(f"{len(targets)} mailboxes, {WORKERS} workers, {latency} ms, a rest of {REST:.0f} s; {ROUNDS} rounds")
    say(f"{'busy':>8} {'struck':>7} {'in full':>8} {'all/s':>7} {'rate of the others':>19} {'last':>5}")
    kept = True
    for name, found in rounds.items():
        rates, lasts = [], []
        for without, this in zip(rounds["none"], found, strict=True):
            others = frozenset(this.at) - this.struck
            until = without.last(others)
            rates.append(this.answered(others, until) / len(others))
            lasts.append(until / this.last(others))
        every = statistics.median(len(one.at) / max(one.at.values()) for one in found)
        rate, struck = statistics.median(rates), statistics.median(len(one.struck) for one in found)
        whole, last = min(one.whole for one in found), statistics.median(lasts)
        say(f"{name:>8} {struck:7.0f} {whole:8} {every:7.1f} {rate:19.2f} {last:5.2f}")
        kept = kept and rate >= LEAST
    return kept


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    configure(None)
    kept = bench(
        int(sys.argv[1]) if len(sys.argv) > 1 else 1500, int(sys.argv[2]) if len(sys.argv) > 2 else 30
    )
    sys.exit(0 if kept else 1)
