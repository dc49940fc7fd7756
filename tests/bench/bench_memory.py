"""How memory grows with the municipality: `python -m tests.bench.bench_memory [MAILBOXES]`.

The whole sweep with its SQLite database over 10,000 mailboxes of the bench's server. The base is the memory
of the process when everything is imported and opened and the first 50 mailboxes are read; its peak may lie
50 MB above that. Exit code 1 when it lies higher.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from mailbot.jobs.sweep import sweep
from mailbot.model.slots import Job, Slot
from mailbot.reports.logs import configure
from tests.bench import settings
from tests.bench.bench_exchange import cores, server
from tests.bench.measure import Task, peak_memory, pin
from tests.bench.payload import load

ROOT = Path(__file__).parents[2]
MOST_MB = 50.0
FIRST = 50
WORKERS = 8


def swept(task: Task) -> None:
    """In a process of its own: prints the base and the peak at each thousand mailboxes."""
    pin(task.core)
    configure(None)
    peaks: dict[int, float] = {}

    def progress(done: int, _all: int) -> None:
        if done == FIRST or (done and done % 1000 == 0):
            peaks[done] = peak_memory()

    with settings.opened(Path(task.folder), load()) as house:
        report = sweep(house, Slot(Job.SWEEP, house.today(), "bench"), progress=progress)
    if report is None or report.figures.coverage.read != task.mailboxes:
        sys.exit("the sweep did not read every mailbox")
    json.dump({"peaks": peaks, "end": peak_memory()}, sys.stdout)


def main(mailboxes: int) -> int:
    with server() as endpoint, tempfile.TemporaryDirectory() as folder:
        where = settings.write(Path(folder), load(), endpoint, mailboxes, WORKERS)
        task = Task(endpoint, mailboxes, WORKERS, str(where), 0 if cores() else None)
        ended = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_memory", "--sweep", json.dumps(asdict(task))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    said = json.loads(ended.stdout)
    peaks = {int(done): peak for done, peak in said["peaks"].items()}
    base = peaks[FIRST]
    lines = [f"base {base:.0f} MB, when {FIRST} of {mailboxes} mailboxes were read"]
    lines += [f"{done:6} mailboxes: {peak - base:+6.1f} MB" for done, peak in peaks.items() if done != FIRST]
    above = said["end"] - base
    lines.append(f"after the plan:   {above:+6.1f} MB (at most {MOST_MB:.0f})")
    lines.append(f"{1000 * above / mailboxes:.1f} MB per 1,000 mailboxes")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(above > MOST_MB)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sweep"]:
        swept(Task(**json.loads(sys.argv[2])))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
