"""Who is excluded leaves no trace; who is looked at hears of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, MetaData, select, text

from mailbot.model.verdicts import Judgement, Kind, deviation
from mailbot.store.schema import exclusion, metadata
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

DUE = date(2026, 3, 9)
QUARTER = timedelta(weeks=13)


def everything(raw: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that the database itself says it has."""
    found = MetaData()
    found.reflect(raw)
    with raw.connect() as connection:
        return {
            table.name: [tuple(r) for r in connection.execute(select(table))] for table in found.sorted_tables
        }


def live_a_little(story: Story, number: int) -> None:
    """Put a person into every table that can hold one."""
    story.open_finding(number)
    with story.store.begin() as work:
        slot = story.claim(work)
        judged = [Judgement(story.transition(1).rule, Kind.STATE, deviation("over_limit", size_bytes=6))]
        work.record(slot, story.person(number), None, judged, story.now)
        steps = story.step(number, story.transition(number), story.order(number))
        work.save_plan(story.plan(steps, name=f"plan {number}"))
        work.set_bookmark(story.person(number), "labelled mail", "page 1", story.now)
        work.disclose(story.person(number), story.now, DUE)
        [nudge] = work.letters_of(story.person(number))
        work.told(nudge, story.now + QUARTER, story.now)
        work.rest(story.person(number), story.now + QUARTER)
        work.audit(story.now, "beheer", "explain", {"person": story.person(number), "reason": "question"})


def test_an_exclusion_erases_every_row_about_the_person_and_no_other(
    store: SqlStore, story: Story, raw: Engine
) -> None:
    live_a_little(story, 1)
    only_the_first = everything(raw)
    live_a_little(story, 2)
    with store.begin() as work:
        work.exclude(story.guid(2), story.person(2), story.now)
    left = everything(raw)
    erasable = {table.name for table in metadata.sorted_tables if "person" in table.c} | {"finding_history"}
    assert erasable == {
        "visited", "judgement", "finding", "finding_history", "letter", "plan_step", "disclosure",
        "last_read", "bookmark", "topic_letter", "rest",
    }  # fmt: skip
    for name in erasable:
        assert only_the_first[name], f"the test puts nobody into {name}"
        assert left[name] == only_the_first[name]
    assert story.person(2) not in str(left)
    assert story.guid(2) not in str(left)


def test_the_audit_log_forgets_the_person_and_stays_whole(store: SqlStore, story: Story) -> None:
    live_a_little(story, 1)
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
        work.audit(story.now, "beheer", "exclude", {"person": story.person(1)})
    with store.begin() as work:
        assert [row[1:] for row in work.audit_rows()] == [
            ("beheer", "exclude", {"erased": True}),
            ("beheer", "explain", {"erased": True}),
        ]
        assert work.audit_intact()


def test_exclusions_are_kept_encrypted_and_can_be_lifted(store: SqlStore, story: Story, raw: Engine) -> None:
    with store.begin() as work:
        assert work.exclusions() == frozenset()
        for number in (1, 2, 1):
            work.exclude(story.guid(number), story.person(number), story.now)
        assert work.exclusions() == {story.guid(1), story.guid(2)}
    with raw.connect() as connection:
        rows = connection.execute(select(exclusion)).all()
    assert len(rows) == 2
    assert set(exclusion.c.keys()) == {"tag", "guid", "made"}, "no reason is kept"
    for row in rows:
        assert b"00000000-0000-4000" not in row.guid
        assert row.tag not in (story.person(1), story.person(2))
    with store.begin() as work:
        assert work.include(story.guid(1))
        assert not work.include(story.guid(1))
        assert work.exclusions() == {story.guid(2)}
        assert work.order(store.letter_id("back"), story.order(1), story.now)


def test_what_was_erased_is_not_left_behind_in_the_file(story: Story, store: SqlStore, raw: Engine) -> None:
    """SQLite would keep deleted bytes in free pages and in its log; PostgreSQL's vacuum is its operator's."""
    if raw.dialect.name != "sqlite":
        return
    live_a_little(story, 1)
    person = story.person(1).encode()
    assert raw.url.database is not None
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
    for file in (raw.url.database, f"{raw.url.database}-wal"):
        assert person not in Path(file).read_bytes()


def test_looks_are_told_of_once(store: SqlStore, story: Story) -> None:
    later = story.now + timedelta(hours=1)
    with store.begin() as work:
        second = work.disclose(story.person(1), later, DUE)
        first = work.disclose(story.person(1), story.now, DUE)
        other = work.disclose(story.person(2), story.now, DUE)
        assert [look.id for look in work.undisclosed(story.person(1))] == [first, second]
        assert {look.id for look in work.undisclosed()} == {first, second, other}
        look = work.undisclosed(story.person(2))[0]
        assert (look.person, look.at, look.due) == (story.person(2), story.now, DUE)
        work.disclosed([first, other], later)
        work.disclosed([], later)
        assert [look.id for look in work.undisclosed()] == [second]


def test_the_number_of_an_erased_look_never_means_somebody_else(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        gone = work.disclose(story.person(1), story.now, DUE)
        work.exclude(story.guid(1), story.person(1), story.now)
        assert work.disclose(story.person(2), story.now, DUE) != gone


def test_a_person_is_found_under_one_key_whatever_asks(store: SqlStore, story: Story, raw: Engine) -> None:
    live_a_little(story, 1)
    with raw.connect() as connection:
        for table in metadata.sorted_tables:
            if "person" in table.c:
                found = connection.scalar(text(f"SELECT DISTINCT person FROM {table.name}"))  # noqa: S608
                assert found == store.person_key(story.guid(1))
