"""A disk that is full is told as such: nobody looks at night for a program that holds the database."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, exc
from sqlalchemy.engine import make_url

from mailbot.model.clock import SystemClock
from mailbot.model.errors import Unreachable
from mailbot.store.connect import discreet
from mailbot.store.sql import SqlStore


def test_a_full_disk(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'mailbot.db'}", bytes(range(32)))

    @event.listens_for(store._engine, "connect")
    def full(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as large as it is, and not a page more

    store._engine.dispose()
    now = SystemClock().now()
    with pytest.raises(Unreachable, match=r"SQLITE_FULL.*Is its disk full"), store.begin() as work:
        for number in range(2000):
            work.set_note(f"note {number}", "x" * 1000)
    with store.begin() as work:
        assert not work.stopped(), "what fits is still answered"
        assert work.note("note 0") is None, "half of it is nothing"
        work.set_stopped(True, now)
    store.close()


class _Disk(Exception):
    sqlstate = "53100"


def test_the_disk_of_postgresql() -> None:
    with (
        pytest.raises(Unreachable, match="Is its disk full"),
        discreet(make_url("postgresql://host/mailbot")),
    ):
        raise exc.OperationalError("statement", {}, _Disk())
