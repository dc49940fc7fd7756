"""Connections: one way of speaking to SQLite and PostgreSQL, with deadlines and discreet errors."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import StaticPool

from mailbot.model.clock import SystemClock
from mailbot.model.errors import MailbotError, SettingsRefused, Unreachable

POSTGRES = ("postgresql", "postgresql+psycopg")
SQLITE = ("sqlite", "sqlite+pysqlite")


class DatabaseRefused(MailbotError):
    """The database refused a statement: it is damaged, or mailbot has a fault."""


def make_engine(url: str, deadline: float) -> Engine:
    """An engine on which every wait ends after `deadline` seconds.

    Raises SettingsRefused for a URL of another kind of database, Unreachable when there is no folder to
    keep the file in.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise SettingsRefused("database: expected sqlite:///FILE or postgresql+psycopg://...") from None
    if parsed.drivername in SQLITE:
        return _sqlite(parsed, deadline)
    if parsed.drivername in POSTGRES:
        return _postgres(parsed, deadline)
    raise SettingsRefused(
        f"database: {parsed.drivername} is not supported; expected sqlite:///FILE or postgresql+psycopg://..."
    )


def in_memory(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite" and engine.url.database in (None, "", ":memory:")


def _sqlite(url: URL, deadline: float) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True}
    if url.database in (None, "", ":memory:"):
        options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    else:
        _make_private(Path(str(url.database)))
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin too late and cannot be IMMEDIATE; `begin` below does it.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {int(deadline * 1000)}",
            "foreign_keys = ON",
            # A power cut must not undo "drafted": the letter would leave twice.
            "synchronous = FULL",
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _use_write_ahead_log(connection, deadline)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Readers that turn into writers can deadlock; who begins as a writer only waits its turn.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _use_write_ahead_log(connection: sqlite3.Connection, deadline: float) -> None:
    """SQLite's busy timeout does not cover this switch: two first openers refuse each other at once."""
    clock = SystemClock()
    end = clock.monotonic() + deadline
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or clock.monotonic() >= end:
                raise
            clock.sleep(0.02)


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it and its journal are closed to others from the start."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Unreachable(f"The database file {path} cannot be opened: {error.strerror}.") from None


def _postgres(url: URL, deadline: float) -> Engine:
    milliseconds = int(deadline * 1000)
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=deadline,
            connect_args={
                "connect_timeout": max(2, int(deadline)),
                "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
            },
        )
    except ImportError:
        raise SettingsRefused(
            "store.url: PostgreSQL needs the extra `postgres`, which is not there where mailbot runs. In the "
            "folder of mailbot's source: pip install '.[postgres]'"
        ) from None


NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "53100")
"""Codes of a disk that takes nothing: SQLite's names, and PostgreSQL's disk_full."""


@contextmanager
def discreet(url: URL) -> Iterator[None]:
    """Turn errors of the database into ours. Their texts name codes, never the values of a row."""
    where = url.render_as_string(hide_password=True)
    try:
        yield
    except exc.TimeoutError:
        raise Unreachable(f"The database {where} has no connection free.") from None
    except (exc.OperationalError, exc.InterfaceError) as error:
        if (code := _code(error)).startswith(NO_ROOM):
            raise Unreachable(
                f"The database {where} cannot be written ({code}). Is its disk full, and may this account "
                "write there?"
            ) from None
        raise Unreachable(
            f"The database {where} did not answer in time ({code}). Is it running, reachable and "
            "not held by another program?"
        ) from None
    except exc.DBAPIError as error:
        raise DatabaseRefused(
            f"The database {where} refused a statement ({_code(error)}). Check the disk and restore the "
            "backup if it is damaged; else report a fault in mailbot."
        ) from None


def _code(error: exc.DBAPIError) -> str:
    """The database's own code. Its text only when no statement ran yet, for then it knows no rows."""
    original = error.orig
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    if code:
        return str(code)
    lines = str(original).splitlines() if error.statement is None else []
    return lines[0] if lines else type(original).__name__


def truncate_log(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, so that what was erased is not left behind in it."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
