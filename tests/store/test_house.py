"""What the house remembers about itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story


def test_the_stop_switch_survives_a_restart(store: SqlStore, story: Story, database: str) -> None:
    with store.begin() as work:
        assert not work.stopped()
        for _ in range(2):
            work.set_stopped(True, story.now)
    again = SqlStore(database, story.key)
    with again.begin() as work:
        assert work.stopped()
        work.set_stopped(False, story.now)
        assert not work.stopped()
    again.close()


def test_notes_are_replaced_and_taken_away(store: SqlStore) -> None:
    with store.begin() as work:
        assert work.note("breaker") is None
        for value in ("shut", "open"):
            work.set_note("breaker", value)
        assert work.note("breaker") == "open"
        work.set_note("breaker", None)
        assert work.note("breaker") is None


def test_a_note_cannot_touch_what_the_store_keeps_there_itself(
    store: SqlStore, story: Story, database: str
) -> None:
    with store.begin() as work:
        for name in ("stopped", "key_check", "audit"):
            work.set_note(name, "mine")
        assert not work.stopped()
        assert work.audit_intact()
    SqlStore(database, story.key).close()


def test_a_problem_opens_once_and_closes_once(store: SqlStore, story: Story) -> None:
    later = story.now + timedelta(hours=1)
    with store.begin() as work:
        assert work.set_problem("sign_in", later)
        assert work.set_problem("disk", story.now)
        assert not work.set_problem("sign_in", later + timedelta(hours=1))
        assert list(work.problems().items()) == [("disk", story.now), ("sign_in", later)]
        assert work.set_problem("sign_in", None)
        assert not work.set_problem("sign_in", None)
        assert list(work.problems()) == ["disk"]
