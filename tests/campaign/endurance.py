"""Endurance: a year of the service in one process, and a sweep of ten thousand mailboxes.

The measured process is a child of its own (`long_run`), and so is its town.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.campaign.ledger import Ledger

REPO = Path(__file__).parents[2]
SETTLED = 4
"""Weeks after which caches are full and every job had its turn."""

YEAR_GROWTH = 8.0
"""MB that the process may have grown between the fourth week and the last: pages that the allocator keeps,
and nothing that grows with the number of days. A leak of one sweep's facts would be seen in two weeks."""

BULK_GROWTH = 50.0
"""MB above the base, however many mailboxes."""

KEPT_WEEKS = 14
"""Findings and letters are kept for thirteen weeks: from then on the database holds as much as it ever will,
apart from the audit log."""

AUDIT_GROWTH = 32 * 1024
"""Bytes a week that the audit log and the history of turns may add: some thirty rows, kept two years."""


def year(seed: int, folder: Path, short: bool) -> Ledger:
    """No chance in it: the seed changes nothing."""
    weeks = 6 if short else 52
    ledger = Ledger(
        f"year: {weeks} weeks in one process",
        f"make campaign ARGS='year{' --short' if short else ''}'",
        ("week", "MB", "open files", "threads", "database (kB)", "letters kept", "complete sweeps"),
    )
    told = list(_told("year", weeks))
    ledger.check(len(told) == weeks, "the process ended early")
    shown = {1, SETTLED, *range(13, weeks, 13), weeks}
    for row in told:
        if row["week"] in shown:
            ledger.row(
                row["week"],
                f"{row['rss']:.1f}",
                row["files"],
                row["threads"],
                row["database"] // 1024,
                row["letters"],
                row["complete"],
            )
        ledger.check(row["complete"] == 7, f"week {row['week']}: {row['complete']} complete sweeps")
    if len(told) < weeks:
        return ledger
    settled, last = told[SETTLED - 1], told[-1]
    grown = last["rss"] - settled["rss"]
    ledger.note(f"memory grew by {grown:.1f} MB after week {SETTLED}; at most {YEAR_GROWTH:.0f}")
    ledger.check(grown <= YEAR_GROWTH, f"memory grew by {grown:.1f} MB")
    for name in ("files", "threads"):
        ledger.check(last[name] <= settled[name], f"{name}: {settled[name]} became {last[name]}")
    if weeks > KEPT_WEEKS:
        full = told[KEPT_WEEKS - 1]
        room = full["database"] + AUDIT_GROWTH * (weeks - KEPT_WEEKS)
        ledger.check(last["database"] <= room, f"the database grew to {last['database']} bytes")
    for event, times in last["errors"].items():
        ledger.check(False, f"logged {times} times: {event}")
    return ledger


def bulk(seed: int, folder: Path, short: bool) -> Ledger:
    """No chance in it either."""
    mailboxes = 500 if short else 10_000
    ledger = Ledger(
        f"bulk: one sweep of {mailboxes} mailboxes",
        f"make campaign ARGS='bulk{' --short' if short else ''}'",
        ("mailboxes", "read", "base (MB)", "peak (MB)", "above base", "seconds"),
    )
    for told in _told("bulk", mailboxes):
        above = told["peak"] - told["base"]
        ledger.row(
            mailboxes,
            told["read"],
            f"{told['base']:.1f}",
            f"{told['peak']:.1f}",
            f"{above:.1f}",
            round(told["seconds"]),
        )
        ledger.check(told["base"] > 0, "the base was not measured")
        ledger.check(above <= BULK_GROWTH, f"{above:.1f} MB above the base; at most {BULK_GROWTH:.0f}")
        ledger.check(told["read"] >= mailboxes * 0.98, f"only {told['read']} were read")
        for event, times in told["errors"].items():
            ledger.check(False, f"logged {times} times: {event}")
    ledger.check(bool(ledger.rows), "the process ended early")
    return ledger


def _told(*arguments: object) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.campaign.long_run", *map(str, arguments)],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)
    process.wait()
