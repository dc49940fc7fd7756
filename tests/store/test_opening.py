"""Opening a database: migrations, the key, deadlines, and errors that give nothing away."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, insert, select, text

from mailbot.model.errors import KeyRefused, SettingsRefused, Unreachable
from mailbot.model.findings import FindingState, TopicLetters
from mailbot.model.ids import PersonKey, PlanId, RuleId
from mailbot.ports import Store, Work
from mailbot.store import migrate
from mailbot.store.connect import DatabaseRefused
from mailbot.store.keys import Keys
from mailbot.store.schema import HEAD, metadata, visited
from mailbot.store.sql import KEY_CHECK, SqlStore, SqlWork

if TYPE_CHECKING:
    from tests.store.conftest import Story

KEY = bytes(range(32))
_store: type[Store] = SqlStore
_work: type[Work] = SqlWork


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    engine = create_engine(empty_database)
    yield engine
    engine.dispose()


def test_the_store_has_all_that_the_port_names() -> None:
    for protocol, made in ((Store, SqlStore), (Work, SqlWork)):
        names = {name for name in vars(protocol) if not name.startswith("_")}
        assert names <= set(dir(made))


def test_migrations_make_exactly_the_tables_of_the_code(empty_database: str, empty: Engine) -> None:
    SqlStore(empty_database, KEY).close()
    with empty.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def old_database(empty: Engine, version: str, rows: dict[str, list[dict[str, object]]]) -> None:
    """A database as an earlier mailbot left it, with rows of that time. Times are written as UTC."""
    settings = migrate.config()
    with empty.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, version)
        connection.execute(text("SET TIME ZONE 'UTC'") if connection.dialect.name != "sqlite" else select(1))
        key = {"name": KEY_CHECK, "value": Keys(KEY).check()}
        for table, given in {"house": [key], **rows}.items():
            for row in given:
                names = ", ".join(row)
                values = ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608


def test_a_database_of_the_first_version_is_brought_up_to_date(empty_database: str, empty: Engine) -> None:
    """It had no tasks, bookmarks and restrictions yet. What stood in it stays."""
    began = "2026-11-20 06:00:00.000000"
    turn = {"id": "s", "job": "sweep", "day": "2026-11-20", "label": "06:00", "owner": "old"}
    old_database(
        empty,
        "0001",
        {
            "problem": [{"code": "kept", "since": began}],
            "slot": [{**turn, "lease": began, "claimed": began}],
            "visited": [
                {"slot": "s", "person": "p1", "read": True, "at": "2026-11-20 06:01:00.000000"},
                {"slot": "s", "person": "p2", "read": False, "at": "2026-11-20 06:02:00.000000"},
            ],
        },
    )
    SqlStore(empty_database, KEY).close()
    with empty.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == HEAD
        for column, table in (("tasks", "judgement"), ("text", "bookmark"), ("payload", "restriction")):
            assert connection.scalar(text(f"SELECT count({column}) FROM {table}")) == 0  # noqa: S608
        assert connection.scalar(text("SELECT code FROM problem")) == "kept"
        missed = connection.execute(text("SELECT person, missed FROM visited ORDER BY person")).all()
        assert missed == [("p1", None), ("p2", "not_visited")], "why is not known: it had no turn"
        last = "SELECT l.person FROM last_read l JOIN visited v ON v.person = l.person AND v.at = l.at"
        assert connection.execute(text(last)).all() == [("p1",)], "who was read then is not overdue now"


def test_what_was_told_before_the_ladder_counts_on_it(empty_database: str, empty: Engine) -> None:
    """Else everybody would get three letters more, the first one tomorrow."""
    opened, nudged, again = (f"2026-11-{day} 06:00:00.000000" for day in ("02", "03", "20"))
    finding = {"rule": "quota", "kind": "state", "version": 2, "letters": 1, "opened": opened}
    letter = {"shown": "{}", "weekly": True, "not_before": opened, "not_after": nudged, "ordered": opened}
    letters = [
        ("l1", "nudge", "quota", "p1", "sent", False, nudged),
        ("l2", "nudge", "quota", "p1", "sent", False, again),
        ("l3", "nudge", "signature", "p1", "sent", False, nudged),
        ("l4", "nudge", "quota", "p2", "waiting", False, nudged),
        ("l5", "nudge", "quota", "p2", "sent", True, nudged),
        ("l6", "digest", "digest", "p2", "sent", False, nudged),
    ]
    names = ("id", "kind", "topic", "person", "state", "test", "changed")
    old_database(
        empty,
        "0004",
        {
            "finding": [
                {**finding, "id": "f1", "person": "p1", "state": "told", "changed": again},
                {**finding, "id": "f2", "person": "p2", "state": "open", "changed": opened},
            ],
            "finding_history": [{"id": 1, "finding": "f1", "at": opened, "to_state": "open"}],
            "letter": [
                {**letter, "key": f"key of {row[0]}", **dict(zip(names, row, strict=True))} for row in letters
            ],
            "plan": [
                {
                    "id": "p", "slot": "s", "made": opened, "mode": "live", "policy": "1",
                    "state": "stored", "changed": opened,
                },
            ],
            "figure": [
                {
                    "period": "2026-11-01", "cell": "c", "rule": "quota", "judged": 5, "deviating": 1,
                    "made": opened,
                },
            ],
        },
    )  # fmt: skip
    store = SqlStore(empty_database, KEY)
    p1, p2 = PersonKey("p1"), PersonKey("p2")
    told = datetime(2026, 11, 20, 6, tzinfo=UTC)
    with store.begin() as work:
        assert [(f.state, f.steps, f.told) for f in work.findings_of(p1)] == [(FindingState.TOLD, 1, told)]
        assert [(f.state, f.steps, f.told) for f in work.findings_of(p2)] == [(FindingState.OPEN, 0, None)]
        assert work.topics(told) == {
            (p1, RuleId("quota")): TopicLetters(2, told + timedelta(days=90)),
            (p1, RuleId("signature")): TopicLetters(1, told + timedelta(days=90 - 17)),
        }
        assert work.plan(PlanId("p")) is not None
        assert work.measured(date(2026, 1, 1), date(2026, 12, 31)) == {}
        before = work.topics(told)
        for sent in work.letters_of(p1):
            work.told(sent, told + timedelta(days=200), told)
        assert work.topics(told) == before, "letters of before count already"
    store.close()


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    assert ScriptDirectory.from_config(migrate.config()).get_current_head() == HEAD


def test_upgrading_twice_is_harmless(empty_database: str, empty: Engine) -> None:
    first = SqlStore(empty_database, KEY)
    with first.begin() as work:
        work.set_note("here", "before")
    first.close()
    with empty.begin() as connection:
        migrate.upgrade(connection)
    second = SqlStore(empty_database, KEY)
    with second.begin() as work:
        assert work.note("here") == "before"
    second.close()


def test_processes_that_start_at_the_same_moment_all_get_in(empty_database: str) -> None:
    """Three processes wait for one sign and then open the same empty database."""
    code = (
        "import sys; from datetime import datetime; from mailbot.store.sql import SqlStore\n"
        "from mailbot.store import migrate\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        f"store = SqlStore({empty_database!r}, bytes(range(32)))\n"
        "with store.begin() as work:\n"
        "    work.set_problem(sys.argv[1], datetime.fromisoformat('2026-03-02T07:00Z'))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"process {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=300)
    assert [process.returncode for process in running] == [0, 0, 0]
    store = SqlStore(empty_database, KEY)
    with store.begin() as work:
        assert set(work.problems()) == {"process 0", "process 1", "process 2"}
    store.close()


def test_another_key_is_refused_with_advice(store: SqlStore, database: str) -> None:
    with pytest.raises(KeyRefused, match=r"does not belong.*Restore the key"):
        SqlStore(database, bytes(32))


def test_a_database_without_its_key_check_takes_no_new_key(
    store: SqlStore, database: str, raw: Engine
) -> None:
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM house"))
    with pytest.raises(KeyRefused):
        SqlStore(database, KEY)


def test_a_database_of_a_newer_mailbot_is_refused(store: SqlStore, database: str, raw: Engine) -> None:
    with raw.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsRefused, match="newer mailbot"):
        SqlStore(database, KEY)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "no url at all", "sqlite+aiosqlite:///x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsRefused, match="expected sqlite"):
        SqlStore(url, KEY)


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as refusal:
        SqlStore(f"postgresql+psycopg://postgres:hush@/x?host={tmp_path}", KEY, deadline=2)
    assert "hush" not in str(refusal.value)


def test_a_folder_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No such file"):
        SqlStore(f"sqlite:///{tmp_path}/nowhere/store.db", KEY)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("Geachte heer, hierbij de notulen. " * 100)
    with pytest.raises(DatabaseRefused, match="NOTADB") as refusal:
        SqlStore(f"sqlite:///{path}", KEY)
    assert "notulen" not in str(refusal.value)


def test_a_locked_database_is_unreachable_after_the_deadline(
    store: SqlStore, story: Story, database: str, raw: Engine
) -> None:
    """Another program holds everything; opening and working both give up instead of hanging."""
    impatient = SqlStore(database, KEY, deadline=1.5)
    with raw.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("LOCK TABLE house IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(Unreachable), impatient.begin() as work:
            work.set_stopped(True, story.now)
        with pytest.raises(Unreachable):
            SqlStore(database, KEY, deadline=1.5)
    with impatient.begin() as work:
        assert not work.stopped()
    impatient.close()


def test_an_error_leaves_nothing_behind(store: SqlStore, story: Story) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as work:
        work.set_note("half", "done")
        work.audit(story.now, "bot", "half", {})
        raise ZeroDivisionError
    with store.begin() as work:
        assert work.note("half") is None
        assert work.audit_rows() == []


def test_errors_of_the_database_name_no_values(store: SqlStore, story: Story) -> None:
    """PostgreSQL's own text would say: Key (slot, person)=(..., Willemijn) already exists."""
    row = {"slot": story.sweep.id, "person": "Willemijn", "read": True, "at": story.now}
    with store.begin() as work:
        story.claim(work)
        work.connection.execute(insert(visited), row)
    with pytest.raises(DatabaseRefused) as refusal, store.begin() as work:
        work.connection.execute(insert(visited), row)
    assert "Willemijn" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_the_database_file_is_closed_to_others(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/store.db", KEY)
    with store.begin():
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["store.db", "store.db-wal", "store.db-shm"], 0)
    store.close()


def test_sqlite_is_set_up_to_lose_nothing_and_to_keep_nothing(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/store.db", KEY)
    expected = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "secure_delete": 1}
    with store.begin() as work:
        found = {name: work.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    assert found == expected
    store.close()


def test_a_store_in_memory_serves_several_threads() -> None:
    store = SqlStore("sqlite://", KEY)

    def note(number: int) -> None:
        with store.begin() as work:
            work.set_note(str(number), "written")
            time.sleep(0.001)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(note, range(20)))
    with store.begin() as work:
        assert all(work.note(str(number)) == "written" for number in range(20))
    store.close()
