"""What reading Exchange costs: `python -m tests.bench.bench_exchange [--quick] [--json]`.

Three clients, each in a process of its own on one core, ask the same server on the other for the same fixed
payload (payload.toml): the usual script (usual.py), mailbot's road and judge (ours.py; its whole job with the
database is a second line), and a hand-made lower bound (lower.py) that sends exactly the road's requests and
must read exactly its values, or there is no figure at all. The last two sweep twice: what a folder sync does
not show as new is not searched again. Figures are medians of interleaved rounds; ratios
are taken inside each round first, because the machine's mood changes between rounds.

Exit code 1 when a target is missed or a yardstick is bent, 2 when the clients did not do the same.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import settings
from tests.bench.measure import Task, pin
from tests.bench.payload import load
from tests.bench.targets import UNCONDITIONAL, Ratios, Unconditional, kind, missed

ROOT = Path(__file__).parents[2]
CLIENT_CORE, SERVER_CORE = 0, 1
WORKERS = 32


@dataclass(frozen=True, slots=True)
class Size:
    """How many rounds, at which latencies in milliseconds, over how many mailboxes."""

    rounds: int = 3
    latencies: tuple[int, ...] = (0, 20, 50)
    usual: int = 50
    ours: int = 500


QUICK = Size(latencies=(0,), usual=20, ours=200)


@dataclass(frozen=True, slots=True)
class Client:
    """A client and how it is run. One connection at a time is measured without latency only."""

    name: str
    module: str
    connections: int
    arguments: tuple[str, ...] = ()


USUAL = Client("usual script", "usual", 1)
OURS, LOWER = Client("ours", "ours", 1), Client("lower bound", "lower", 1)
OURS_32 = Client(f"ours, {WORKERS} workers", "ours", WORKERS)
LOWER_32 = Client(f"lower bound, {WORKERS} connections", "lower", WORKERS)
JOB = Client(f"ours, whole job, {WORKERS} workers", "ours", WORKERS, ("job",))
CLIENTS = (USUAL, OURS, LOWER, OURS_32, LOWER_32, JOB)
AGAIN = " (later sweep)"
"""Behind the name of a client whose second sweep it is: that one knows how far the first had read."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run, or the medians of several: per mailbox, but for the peak."""

    cpu_ms: float
    per_second: float
    peak_mb: float
    kilobytes: float
    requests: float


class Different(Exception):
    """The clients did not do the same, so that no ratio means anything."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of one client."""

    figures: Figures
    counts: Mapping[str, int]
    values: Mapping[str, Any]
    mailboxes: int

    @property
    def shares(self) -> dict[str, float]:
        """Requests per mailbox, by what they ask."""
        return {what: count / self.mailboxes for what, count in self.counts.items()}


def cores() -> bool:
    """Whether client and server can have a core each."""
    return hasattr(os, "sched_getaffinity") and {CLIENT_CORE, SERVER_CORE} <= os.sched_getaffinity(0)


@contextmanager
def server() -> Iterator[str]:
    """The bench's server, in a process of its own. Gives its endpoint."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=(lambda: pin(SERVER_CORE)) if cores() else None,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/EWS/Exchange.asmx"
        finally:
            process.stdin.close()
            process.wait(timeout=20)


def run(client: Client, endpoint: str, mailboxes: int, folder: Path) -> list[Ran]:
    """Its sweeps. Raises Different when the client failed or asked what the server has no answer for."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        where = settings.write(Path(own), load(), endpoint, mailboxes, client.connections)
        settings.tell_asked(where, load())
        core = CLIENT_CORE if cores() else None
        task = Task(endpoint, mailboxes, client.connections, str(where), core)
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                f"tests.bench.{client.module}",
                json.dumps(asdict(task)),
                *client.arguments,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode != 0:
        raise Different(f"{client.name} failed:\n{ended.stderr}")
    return [_ran(client, said, mailboxes) for said in json.loads(ended.stdout)]


def _ran(client: Client, said: Mapping[str, Any], mailboxes: int) -> Ran:
    if "no answer" in said["counts"]:
        raise Different(f"{client.name} asked what the bench's server has no answer for")
    figures = Figures(
        1000 * said["cpu"] / mailboxes,
        mailboxes / said["seconds"],
        said["peak_mb"],
        said["bytes"] / mailboxes / 1000,
        sum(said["counts"].values()) / mailboxes,
    )
    return Ran(figures, said["counts"], said["values"], mailboxes)


def compare(ours: Ran, lower: Ran) -> None:
    """Raises Different unless both sent the same requests and read the same values."""
    if ours.counts != lower.counts:
        odd = {
            what: (ours.counts.get(what, 0), lower.counts.get(what, 0))
            for what in ours.counts.keys() | lower.counts.keys()
            if ours.counts.get(what, 0) != lower.counts.get(what, 0)
        }
        raise Different(f"ours and the lower bound sent different requests (ours, lower): {odd}")
    if ours.values != lower.values:
        odd_ones = [address for address, value in ours.values.items() if lower.values.get(address) != value]
        raise Different(f"ours and the lower bound read different values in {len(odd_ones)} mailboxes")


def one_round(
    endpoint: str, latency: int, size: Size, folder: Path, before: Sequence[Mapping[str, Ran]]
) -> dict[str, Ran]:
    """Each client once. `before` are earlier rounds at this latency: with any the usual script, which waits
    for a minute and more, is run in the first of them only."""
    place = endpoint.removesuffix("/EWS/Exchange.asmx")
    with urllib.request.urlopen(f"{place}/latency/{latency}"):
        pass
    found: dict[str, Ran] = {}
    for client in CLIENTS:
        if latency and client in (OURS, LOWER):
            continue
        if latency and client is USUAL and before:
            found[client.name] = before[0][client.name]
            continue
        mailboxes = size.usual if client is USUAL else size.ours
        sweeps = run(client, endpoint, mailboxes, folder)
        found.update(zip((client.name, client.name + AGAIN), sweeps, strict=False))
    for again in ("", AGAIN):
        if not latency:
            compare(found[OURS.name + again], found[LOWER.name + again])
        compare(found[OURS_32.name + again], found[LOWER_32.name + again])
    return found


def summary(rounds: Sequence[Mapping[str, Ran]]) -> dict[str, Figures]:
    """Medians by client."""
    return {
        name: Figures(
            **{
                field: median(getattr(ran[name].figures, field) for ran in rounds)
                for field in ("cpu_ms", "per_second", "peak_mb", "kilobytes", "requests")
            }
        )
        for name in rounds[0]
    }


def ratios(rounds: Sequence[Mapping[str, Ran]], ours: Client, lower: Client, again: str = "") -> Ratios:
    """Medians of the ratios of processor time inside each round."""

    def ratio(above: str, below: str) -> float:
        return median(ran[above].figures.cpu_ms / ran[below].figures.cpu_ms for ran in rounds)

    above, below = ours.name + again, lower.name + again
    return Ratios(ratio(USUAL.name, above), ratio(above, below), ratio(USUAL.name, below))


def main() -> int:
    parser = argparse.ArgumentParser(description="What reading Exchange costs.")
    parser.add_argument("--quick", action="store_true", help="without latency only, and fewer mailboxes")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    by_latency: dict[int, list[dict[str, Ran]]] = {latency: [] for latency in size.latencies}
    try:
        with server() as endpoint, tempfile.TemporaryDirectory() as folder:
            for _ in range(size.rounds):
                for latency in size.latencies:
                    before = by_latency[latency]
                    before.append(one_round(endpoint, latency, size, Path(folder), before))
    except Different as error:
        sys.stderr.write(f"{error}\n")
        return 2
    still = by_latency[0]
    one = ratios(still, OURS, LOWER)
    many = {
        f"32 at a time, {latency} ms{again}": ratios(rounds, OURS_32, LOWER_32, again)
        for latency, rounds in by_latency.items()
        for again in ("", AGAIN)
    }
    many[f"one at a time, 0 ms{AGAIN}"] = ratios(still, OURS, LOWER, AGAIN)
    first, later = (still[-1][OURS.name + again].shares for again in ("", AGAIN))
    asked = Unconditional.of(first, later)
    wrong = missed(one, asked)
    if options.json:
        said = {
            "figures": {
                latency: {name: asdict(figures) for name, figures in summary(rounds).items()}
                for latency, rounds in by_latency.items()
            },
            "ratios": asdict(one),
            "other_ratios": {name: asdict(found) for name, found in many.items()},
            "requests": {name: dict(sorted(ran.shares.items())) for name, ran in still[-1].items()},
            "unconditional": asdict(asked),
            "missed": wrong,
        }
        json.dump(said, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        show(by_latency, {"one at a time, 0 ms": one, **many}, first, later, wrong)
    return 1 if wrong else 0


def show(
    by_latency: Mapping[int, Sequence[Mapping[str, Ran]]],
    found: Mapping[str, Ratios],
    first: Mapping[str, float],
    later: Mapping[str, float],
    wrong: Sequence[str],
) -> None:
    lines = [f"{'':43}{'CPU ms':>8}{'mbx/s':>8}{'peak MB':>9}{'kB':>8}{'requests':>10}   per mailbox"]
    for latency, rounds in by_latency.items():
        lines.append(f"{latency} ms, medians of {len(rounds)} rounds")
        for name, f in summary(rounds).items():
            memory = f"{f.peak_mb:9.0f}{f.kilobytes:8.1f}"
            lines.append(f"  {name:41}{f.cpu_ms:8.2f}{f.per_second:8.1f}{memory}{f.requests:10.2f}")
    lines += ["", f"{'processor time':43}{'usual/ours':>12}{'ours/lower':>12}{'usual/lower':>13}"]
    lines += [
        f"  {name:41}{r.usual_ours:12.1f}{r.ours_lower:12.1f}{r.usual_lower:13.0f}"
        for name, r in found.items()
    ]
    lines.append(
        f"  {'targets, of the first line':41}{'>= 25':>12}{'<= 8':>12}{'120-350':>13}   (stretch 60 and 4)"
    )
    lines += ["", "requests per mailbox, ours, one worker:    first   later"]
    for what in sorted(first.keys() | later.keys(), key=lambda what: -first.get(what, 0)):
        shares = first.get(what, 0.0), later.get(what, 0.0)
        lines.append(f"  {kind(what, max(shares)):39}{shares[0]:8.3f}{shares[1]:8.3f}  {what}")
    asked = Unconditional.of(first, later)
    lines += [
        f"{asked.every:6.3f}  of every mailbox, bulk shared out (target <= {UNCONDITIONAL:.0f})",
        f"{asked.first:6.3f}  of who is drawn by a decision, at the first sweep",
        f"{asked.later:6.3f}  of who is drawn by a decision, at later sweeps (target <= {UNCONDITIONAL:.0f})",
    ]
    lines += ["", *(wrong or ["all targets met"])]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
