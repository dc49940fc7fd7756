"""The audit log shows every change that somebody makes to it behind the bot's back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, delete, insert, select, text

from mailbot.store.schema import audit
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

YEAR = timedelta(days=365)


def log(store: SqlStore, story: Story, *actions: str, ago: timedelta = timedelta(0)) -> None:
    for action in actions:
        with store.begin() as work:
            work.audit(story.now - ago, "bot", action, {"letters": 3, "by": "plan"})


def intact(store: SqlStore) -> bool:
    with store.begin() as work:
        return work.audit_intact()


def test_rows_come_back_newest_first(store: SqlStore, story: Story) -> None:
    log(store, story, "sweep", "deliver", "digest")
    with store.begin() as work:
        work.audit(story.now, "beheer", "stop", {})
        detail = {"letters": 3, "by": "plan"}
        assert work.audit_rows(3) == [
            (story.now, "beheer", "stop", {}),
            (story.now, "bot", "digest", detail),
            (story.now, "bot", "deliver", detail),
        ]
        assert len(work.audit_rows()) == 4


def test_an_untouched_log_is_intact_at_every_length(store: SqlStore, story: Story) -> None:
    assert intact(store)
    for _ in range(3):
        log(store, story, "sweep")
        assert intact(store)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor = 'somebody' WHERE seq = 2",
        "UPDATE audit SET action = 'nothing' WHERE seq = 4",
        "UPDATE audit SET detail = '{\"letters\":2}' WHERE seq = 1",
        "UPDATE audit SET commitment = 'x' WHERE seq = 2",
        "UPDATE audit SET salt = 'x' WHERE seq = 2",
        "UPDATE audit SET hash = 'x' WHERE seq = 4",
        "UPDATE audit SET previous = 'x' WHERE seq = 1",
        "UPDATE audit SET seq = 9 WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit",
        "DELETE FROM house WHERE name = 'audit'",
        "UPDATE house SET value = '1:4:é:ü' WHERE name = 'audit'",
        "UPDATE house SET value = '1:3:x:y' WHERE name = 'audit'",
        "UPDATE house SET value = 'rubbish' WHERE name = 'audit'",
    ],
)
def test_a_change_from_outside_is_seen_and_stays_seen(
    store: SqlStore, story: Story, raw: Engine, tampering: str
) -> None:
    log(store, story, "sweep", "deliver", "digest", "retain")
    with raw.begin() as connection:
        connection.exec_driver_sql(tampering)
    assert not intact(store)
    log(store, story, "sweep", "deliver")
    assert not intact(store), "going on does not heal it"


def test_the_tail_and_its_anchor_cannot_be_cut_off_together(
    store: SqlStore, story: Story, raw: Engine
) -> None:
    log(store, story, "sweep", "deliver", "digest")
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 3"))
        connection.execute(text("DELETE FROM house WHERE name = 'audit'"))
    assert not intact(store)
    log(store, story, "sweep")
    assert not intact(store)


def test_a_row_of_another_history_does_not_fit(store: SqlStore, story: Story, raw: Engine) -> None:
    """Somebody puts back a backup, lets the bot go on, and slips in a true row of before."""
    log(store, story, "sweep", "deliver")
    with raw.begin() as connection:
        anchor = connection.execute(text("SELECT value FROM house WHERE name = 'audit'")).scalar_one()
    log(store, story, "stop")
    with raw.begin() as connection:
        old = dict(connection.execute(select(audit).where(audit.c.seq == 3)).one()._mapping)
        connection.execute(delete(audit).where(audit.c.seq == 3))
        connection.execute(text("UPDATE house SET value = :v WHERE name = 'audit'"), {"v": anchor})
    log(store, story, "live", "deliver")
    assert intact(store)
    with raw.begin() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 3))
        connection.execute(insert(audit), old)
    assert not intact(store)


def test_forgetting_old_rows_keeps_the_chain(store: SqlStore, story: Story) -> None:
    log(store, story, "first", "second", ago=3 * YEAR)
    log(store, story, "third")
    with store.begin() as work:
        assert work.purge(story.now) == {"audit": 2}
        assert work.purge(story.now) == {}
    assert intact(store)
    log(store, story, "fourth")
    assert intact(store)


def test_forgetting_all_rows_keeps_the_chain(store: SqlStore, story: Story) -> None:
    log(store, story, "first", "second", ago=3 * YEAR)
    with store.begin() as work:
        work.purge(story.now)
        assert work.audit_rows() == []
    assert intact(store)
    log(store, story, "third")
    assert intact(store)


def test_a_clock_that_ran_backwards_makes_no_hole(store: SqlStore, story: Story) -> None:
    log(store, story, "in time")
    log(store, story, "from the past", ago=3 * YEAR)
    with store.begin() as work:
        assert work.purge(story.now) == {}
    assert intact(store)


def test_the_log_is_written_with_its_transaction_or_not_at_all(store: SqlStore, story: Story) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as work:
        work.audit(story.now, "bot", "sweep", {})
        assert len(work.audit_rows()) == 1
        raise ZeroDivisionError
    with store.begin() as work:
        assert work.audit_rows() == []
    assert intact(store)


def test_a_naive_time_is_refused(store: SqlStore, story: Story) -> None:
    with store.begin() as work, pytest.raises(ValueError, match="aware"):
        work.audit(story.now.replace(tzinfo=None), "bot", "sweep", {})
