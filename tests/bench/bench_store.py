"""What the store costs: `python tests/bench/bench_store.py [DATABASE_URL]`.

Records 1,000 mailboxes with 10 verdicts each, one transaction per mailbox as the sweep does, and the same
rows by the bare driver. CPU time of this process; the ratio is what can be compared between machines. For
PostgreSQL give the URL of an empty database.
"""

import sqlite3
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mailbot.model.ids import ObjectGuid, RuleId
from mailbot.model.slots import Job, Slot
from mailbot.model.verdicts import Judgement, Kind, compliant, deviation
from mailbot.store.sql import SqlStore

MAILBOXES = 1_000
RULES = 10
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
SLOT = Slot(Job.SWEEP, date(2026, 3, 2), "06:00")


def judgements() -> list[Judgement]:
    """One deviation in ten."""
    verdicts = [deviation("over_limit", size_bytes=6_000_000_000), *[compliant("within_limit")] * (RULES - 1)]
    return [
        Judgement(RuleId(f"rule_{number}"), Kind.STATE, verdict) for number, verdict in enumerate(verdicts)
    ]


def store_seconds(url: str) -> tuple[float, float]:
    """CPU and wall seconds for all mailboxes, after 50 to warm up."""
    store = SqlStore(url, bytes(32))
    people = [store.person_key(ObjectGuid(str(number))) for number in range(MAILBOXES + 50)]
    verdicts = judgements()
    with store.begin() as work:
        work.claim(SLOT, "bench", NOW, NOW + timedelta(hours=1))
    cpu = wall = 0.0
    for number, person in enumerate(people):
        if number == 50:
            cpu, wall = time.process_time(), time.perf_counter()
        with store.begin() as work:
            work.record(SLOT.id, person, None, verdicts, NOW)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    store.close()
    return spent


def bare_seconds(path: Path) -> float:
    """CPU seconds of the sqlite3 module alone for rows of the same shape."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    columns = "slot, person, rule, kind, outcome, why, reason, detail, at"
    connection.execute(f"CREATE TABLE judgement ({columns}, UNIQUE (slot, person, rule))")
    insert = f"INSERT INTO judgement ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
    cpu = time.process_time()
    for number in range(MAILBOXES):
        connection.execute("BEGIN IMMEDIATE")
        rows = [
            (
                SLOT.id,
                f"{number:064d}",
                f"rule_{rule}",
                "state",
                "compliant",
                "within_limit",
                None,
                None,
                "2026",
            )
            for rule in range(RULES)
        ]
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
    spent = time.process_time() - cpu
    connection.close()
    return spent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/store.db"
        cpu, wall = store_seconds(url)
        bare = bare_seconds(Path(folder) / "bare.db")
    rows = MAILBOXES * RULES
    sys.stdout.write(
        f"{rows / wall:,.0f} rows/s; CPU {cpu / rows * 1e6:.0f} us a row, {cpu / MAILBOXES * 1e3:.2f} ms a "
        f"mailbox; {cpu / bare:.1f} times the bare sqlite3 module ({bare / rows * 1e6:.0f} us a row)\n"
    )


if __name__ == "__main__":
    main()
