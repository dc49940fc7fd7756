"""The store on SQLAlchemy Core: opens a database, brings it up to date and checks that the key fits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert, inspect, select, text

from mailbot.model.errors import KeyRefused, SettingsRefused, Unreachable
from mailbot.model.ids import LetterId, ObjectGuid, PersonKey
from mailbot.store.connect import discreet, make_engine, truncate_log
from mailbot.store.figures import Figures
from mailbot.store.house import House
from mailbot.store.judgements import Judgements
from mailbot.store.keys import ADVICE, Keys
from mailbot.store.people import People
from mailbot.store.plans import Plans
from mailbot.store.renames import Renames
from mailbot.store.schema import HEAD, house
from mailbot.store.slots import Slots
from mailbot.store.telling import Telling

DEADLINE = 30.0
KEY_CHECK = "key_check"
MIGRATION_LOCK = 6245_1226
"""Any number of our own: PostgreSQL's name for "a mailbot is migrating this database"."""


class SqlWork(Slots, Judgements, Telling, Plans, Renames, Figures, People, House):
    """One transaction with everything that a job may do in it."""


class SqlStore:
    """The memory of one installation, for any number of threads and processes.

    `url` is `sqlite:///FILE` or `postgresql+psycopg://...`; `sqlite://` lives in memory and dies with the
    store. `key` is what `keys.read_key_file` gives. No wait takes longer than `deadline` seconds.
    Raises KeyRefused, Unreachable, and SettingsRefused for a database of another kind or of a newer
    mailbot.
    """

    def __init__(self, url: str, key: bytes, deadline: float = DEADLINE) -> None:
        self._keys = Keys(key)
        self._deadline = deadline
        self._engine = make_engine(url, deadline)
        self._turn = threading.Lock()
        try:
            with self._transaction() as connection:
                self._prepare(connection)
        except BaseException:
            self._engine.dispose()
            raise

    @contextmanager
    def begin(self) -> Iterator[SqlWork]:
        """Never begin a transaction inside another one in the same thread: it would wait for itself."""
        with self._transaction() as connection:
            work = SqlWork(connection, self._keys)
            yield work
            work.flush()
        if work.erased:
            truncate_log(self._engine)

    def person_key(self, guid: ObjectGuid) -> PersonKey:
        return self._keys.person_key(guid)

    def letter_id(self, key: str) -> LetterId:
        return self._keys.letter_id(key)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with discreet(self._engine.url), self._queue(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """SQLite lets one writer in and has no queue: without this one, a busy thread starves the others."""
        if self._engine.dialect.name != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=self._deadline):
            raise Unreachable("The database was held by another thread for too long.")
        try:
            yield
        finally:
            self._turn.release()

    def _prepare(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        at = _revision(connection)
        if at != HEAD:
            # Alembic is slow to import and needed once per release.
            from mailbot.store import migrate

            if at is not None and not migrate.known(at):
                raise SettingsRefused(
                    "database: it was written by a newer mailbot; install that version again"
                )
            migrate.upgrade(connection)
        self._check_key(connection, fresh=at is None)

    def _check_key(self, connection: Connection, fresh: bool) -> None:
        ours = self._keys.check()
        if fresh:
            values = {"name": KEY_CHECK, "value": ours}
            connection.execute(insert(house), values)
            SqlWork(connection, self._keys).begin_log()
        kept = connection.scalar(select(house.c.value).where(house.c.name == KEY_CHECK))
        if kept != ours:
            raise KeyRefused(f"The key does not belong to this database. {ADVICE}")


def _revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
