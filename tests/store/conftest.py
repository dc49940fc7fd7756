"""Databases for the store's tests: every test runs on SQLite and on a PostgreSQL of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, create_engine, text

from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import FindingId, ObjectGuid, PersonKey, PlanId, RuleId, SlotId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Plan, PlanStep
from mailbot.model.slots import Job, Slot
from mailbot.model.verdicts import Kind
from mailbot.ports import Work
from mailbot.store.sql import SqlStore

KEY = bytes(range(32))
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
QUOTA = RuleId("quota")
SWEEP = Slot(Job.SWEEP, date(2026, 3, 2), "06:00")


@dataclass(frozen=True)
class PostgresServer:
    """A server on a socket in its own folder; it listens on no port."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"


def missing(component: str, reason: str) -> NoReturn:
    """Skip, or fail where the component is required."""
    if component in os.environ.get("MAILBOT_REQUIRE", "").split(","):
        pytest.fail(f"{component} is required: {reason}")
    pytest.skip(f"{component}: {reason}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(programs[-1]) if programs else shutil.which("initdb")
    if found is None:
        missing("postgres", "PostgreSQL's server programs are not installed")
    programs_folder = Path(found).parent
    folder = Path(tempfile.mkdtemp(prefix="mailbot-pg-", dir="/tmp"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "log"
    control = [str(programs_folder / "pg_ctl"), "-D", str(data), "-s", "-w"]
    subprocess.run(
        [programs_folder / "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", data],
        check=True, cwd="/tmp", stdout=subprocess.DEVNULL, **other,
    )  # fmt: skip
    switches = f"-k {folder} -c listen_addresses='' -c fsync=off -c timezone=America/New_York"
    subprocess.run([*control, "-l", str(log), "-o", switches, "start"], check=True, cwd="/tmp", **other)
    try:
        yield PostgresServer(folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd="/tmp", **other)
        shutil.rmtree(folder)


def run_on(server: PostgresServer, statement: str) -> None:
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """A migrated database to copy from, so that not every test migrates one."""
    run_on(postgres, "CREATE DATABASE template_mailbot")
    SqlStore(postgres.url("template_mailbot"), KEY).close()
    return "template_mailbot"


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that nobody has used yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    yield from new_database(request, "template1")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that belongs to KEY."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    yield from new_database(request, request.getfixturevalue("template"))


def new_database(request: pytest.FixtureRequest, source: str) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    run_on(server, f"CREATE DATABASE {name} TEMPLATE {source}")
    yield server.url(name)
    run_on(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(database: str) -> Iterator[SqlStore]:
    opened = SqlStore(database, KEY, deadline=20)
    yield opened
    opened.close()


@pytest.fixture
def raw(database: str, store: SqlStore) -> Iterator[Engine]:
    """The database as somebody sees it who goes round the store."""
    engine = create_engine(database)
    yield engine
    engine.dispose()


class Story:
    """The municipality's people and what befalls them, in as few words as a test needs."""

    now = NOW
    sweep = SWEEP
    key = KEY

    def __init__(self, store: SqlStore) -> None:
        self.store = store

    def guid(self, number: int) -> ObjectGuid:
        return ObjectGuid(f"00000000-0000-4000-8000-{number:012d}")

    def person(self, number: int) -> PersonKey:
        return self.store.person_key(self.guid(number))

    def order(self, number: int, key: str = "first nudge", **changes: Any) -> LetterOrder:
        values: dict[str, Any] = {
            "key": f"{number}: {key}",
            "kind": LetterKind.NUDGE,
            "topic": "quota",
            "person": self.person(number),
            "shown": {"size_bytes": 6_000_000_000, "day": date(2026, 3, 2), "hold": True, "unit": "GB"},
            "not_before": NOW,
            "not_after": NOW + timedelta(hours=5),
        }
        return LetterOrder(**(values | changes))

    def transition(
        self,
        number: int,
        to: FindingState = FindingState.OPEN,
        base: int = 0,
        occurrence: Interval | None = None,
    ) -> Transition:
        kind = Kind.EVENT if occurrence else Kind.STATE
        return Transition(FindingId(f"f{number}"), self.person(number), QUOTA, kind, base, to, occurrence)

    def step(
        self,
        number: int,
        transition: Transition | None = None,
        letter: LetterOrder | None = None,
        finding: Finding | None = None,
    ) -> PlanStep:
        return PlanStep(self.person(number), QUOTA, finding, transition, letter)

    def plan(self, *steps: PlanStep, name: str = "p1", made: datetime = NOW) -> Plan:
        return Plan(PlanId(name), SWEEP.id, made, "live", "policy-1", steps)

    def claim(self, work: Work, slot: Slot = SWEEP, now: datetime = NOW) -> SlotId:
        work.claim(slot, "sweeper", now, now + timedelta(minutes=10))
        return slot.id

    def open_finding(self, number: int, letter: bool = True, now: datetime = NOW) -> Finding:
        """An open finding of person `number`, with its first nudge waiting."""
        order = self.order(number, finding=FindingId(f"f{number}")) if letter else None
        with self.store.begin() as work:
            work.change(self.plan(self.step(number, self.transition(number), order)), 0, now)
            return work.findings_of(self.person(number))[-1]


@pytest.fixture
def story(store: SqlStore) -> Story:
    return Story(store)
