"""Every table says how long it keeps its rows, and really lets go of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, Table, insert, inspect, select

from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterKind, LetterState
from mailbot.model.plan import PlanState
from mailbot.model.slots import Job
from mailbot.model.verdicts import Kind, Outcome
from mailbot.store.columns import Moment
from mailbot.store.schema import DataKind, Limit, metadata, retention
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

WEEK = timedelta(weeks=1)
INSTANT = timedelta(microseconds=1)

LIMITS = {
    "house": set(),
    "problem": set(),
    "exclusion": set(),
    "restriction": set(),
    "slot": {("claimed", 26 * WEEK)},
    "visited": {("at", 2 * WEEK)},
    "judgement": {("at", 2 * WEEK)},
    "last_read": {("at", 13 * WEEK), ("failed", 13 * WEEK)},
    "bookmark": {("at", 3 * WEEK)},
    "finding": {("changed", 13 * WEEK), ("opened", 26 * WEEK)},
    "finding_history": {("at", 13 * WEEK)},
    "plan": {("changed", 13 * WEEK)},
    "plan_step": {("made", 13 * WEEK)},
    "letter": {("changed", 13 * WEEK), ("ordered", 26 * WEEK)},
    "disclosure": {("told", 13 * WEEK), ("at", 26 * WEEK)},
    "audit": {("at", timedelta(days=730))},
    "topic_letter": {("until", timedelta(0))},
    "rest": {("until", timedelta(0))},
    "measured_day": {("made", timedelta(days=730))},
    "figure": {("made", timedelta(days=730))},
}
"""Written out again from practice 2.3, so that a limit in the code cannot drift unseen."""

PARENT_DAY = date(2026, 3, 1)

CASES = [(table, limit) for table in metadata.sorted_tables for limit in retention(table).limits]


def test_every_table_of_the_database_declares_its_retention(store: SqlStore, raw: Engine) -> None:
    tables = set(inspect(raw).get_table_names()) - {"alembic_version"}
    declared = {
        table.name: {(limit.clock, limit.after) for limit in retention(table).limits}
        for table in metadata.sorted_tables
    }
    assert tables == set(declared)
    assert declared == LIMITS


def test_every_limit_names_a_clock_of_its_own_table() -> None:
    for table, limit in CASES:
        assert isinstance(table.c[limit.clock].type, Moment), f"{table.name}.{limit.clock}"


def test_what_has_no_limit_says_what_ends_it_and_is_not_about_a_pseudonym() -> None:
    for table in metadata.sorted_tables:
        declared = retention(table)
        if not declared.limits:
            assert declared.ends != "nothing"
            assert declared.kind in (DataKind.HOUSE, DataKind.EXCLUSION)
        if "person" in table.c:
            assert declared.kind is DataKind.PERSON
            assert declared.limits


def row(table: Table, at: datetime) -> dict[str, Any]:
    """A row of which every clock shows `at`."""
    values: dict[str, dict[str, Any]] = {
        "slot": {"id": "s", "job": Job.SWEEP, "day": at.date(), "label": "06:00", "owner": "o"},
        "visited": {"slot": "parent", "person": "p", "read": True},
        "last_read": {"person": "p"},
        "bookmark": {"person": "p", "need": "n", "text": b"sealed"},
        "judgement": {
            "slot": "parent", "person": "p", "rule": "quota", "kind": Kind.STATE,
            "outcome": Outcome.COMPLIANT, "why": "within_limit",
        },
        "finding": {
            "id": "f", "person": "p", "rule": "quota", "kind": Kind.STATE,
            "state": FindingState.OPEN, "version": 1, "letters": 0,
        },
        "finding_history": {"finding": "parent", "from_state": None, "to_state": FindingState.OPEN},
        "plan": {"id": "p", "slot": "s", "mode": "live", "policy": "1", "state": PlanState.RUN},
        "plan_step": {"plan": "parent", "position": 0, "person": "p", "step": {}},
        "letter": {
            "id": "l", "key": "k", "kind": LetterKind.NUDGE, "topic": "quota", "person": "p", "shown": {},
            "weekly": True, "state": LetterState.SENT, "tidy": True,
        },
        "disclosure": {"person": "p", "due": date(2026, 3, 9)},
        "audit": {
            "seq": 1, "actor": "bot", "action": "sweep", "commitment": "c", "previous": "", "hash": "h",
        },
        "topic_letter": {"person": "p", "rule": "quota", "number": 1},
        "rest": {"person": "p"},
        "measured_day": {"day": at.date(), "population": 12, "read": 11},
        "figure": {
            "period": PARENT_DAY, "cell": "c", "rule": "quota", "judged": 10, "deviating": 1, "waived": 0,
            "unknown": 0,
        },
    }  # fmt: skip
    clocks = {
        c.name: at for c in table.c if isinstance(c.type, Moment) and not c.name.startswith("occurrence")
    }
    return {**clocks, **values[table.name]}


def add_parents(connection: Any, now: datetime) -> None:
    tables = metadata.tables
    parents = {
        "slot": {"id": "parent", "label": "parent"},
        "finding": {"id": "parent"},
        "plan": {"id": "parent"},
        "measured_day": {"day": PARENT_DAY},
    }
    for name, changes in parents.items():
        connection.execute(insert(tables[name]), {**row(tables[name], now), **changes})


@pytest.mark.parametrize(("table", "limit"), CASES, ids=[f"{t.name}.{lim.clock}" for t, lim in CASES])
def test_a_row_goes_when_its_limit_is_over_and_not_before(
    store: SqlStore, story: Story, table: Table, limit: Limit
) -> None:
    """Only the clock of this limit runs: all others of the row show the present."""
    kept = limit.after
    for age, deleted in ((kept, 0), (kept + INSTANT, 1)):
        with store.begin() as work:
            connection = work.connection
            for other in reversed(metadata.sorted_tables):
                if other.name != "house":
                    connection.execute(other.delete())
            add_parents(connection, story.now)
            connection.execute(insert(table), {**row(table, story.now), limit.clock: story.now - age})
            before = len(connection.execute(select(table)).all())
            assert work.purge(story.now) == ({table.name: 1} if deleted else {})
            assert len(connection.execute(select(table)).all()) == before - deleted


def test_a_look_that_was_not_told_yet_waits_for_it(store: SqlStore, story: Story) -> None:
    """The clock starts when the person has heard of it; an empty clock deletes nothing."""
    with store.begin() as work:
        work.disclose(story.person(1), story.now - 20 * WEEK, date(2026, 3, 9))
        assert work.purge(story.now) == {}
        assert work.purge(story.now + 7 * WEEK) == {"disclosure": 1}


def test_a_finding_takes_its_history_along_and_leaves_its_letter(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work:
        letter = store.letter_id("1: first nudge")
        work.move(letter, LetterState.WAITING, LetterState.IN_DOUBT, story.now + WEEK)
        assert work.purge(story.now + 13 * WEEK + INSTANT)["finding"] == 1
        assert work.findings_of(story.person(1)) == []
        kept = work.letter(letter)
        assert kept is not None
        assert kept.order.finding is None


def test_a_turn_that_is_long_past_does_not_count_any_more(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        story.claim(work)
        work.purge(story.now + 27 * WEEK)
        assert work.slots(Job.SWEEP, story.sweep.day) == []


def test_a_policy_can_keep_data_about_people_for_less(store: SqlStore, story: Story) -> None:
    """A pack with 4 weeks: the finding goes after 4, the audit row that is about no finding stays."""
    story.open_finding(1)
    with store.begin() as work:
        work.audit(story.now, "mailbot", "sweep", {})
        later = story.now + 4 * WEEK + INSTANT
        assert "finding" not in work.purge(later)
        assert work.purge(later, 4 * WEEK)["finding"] == 1
        assert len(work.audit_rows()) == 1


def test_a_finding_that_keeps_changing_is_kept_for_twice_as_long_as_one_that_does_not(
    store: SqlStore, story: Story
) -> None:
    """The policy counts from the last change; the ceiling is there for what never comes to rest."""
    story.open_finding(1, letter=False)
    with store.begin() as work:
        for version, week in ((1, 12), (2, 24)):
            reminded = story.transition(1, FindingState.REMINDED, version)
            work.change(story.plan(story.step(1, reminded)), 0, story.now + week * WEEK)
            assert "finding" not in work.purge(story.now + week * WEEK, 13 * WEEK)
        assert "finding" not in work.purge(story.now + 26 * WEEK, 13 * WEEK)
        assert work.purge(story.now + 26 * WEEK + INSTANT, 13 * WEEK)["finding"] == 1


def test_what_is_said_to_be_kept_is_what_forgetting_keeps(store: SqlStore) -> None:
    """As told to a person: each limit of each table with a person in it, and of the audit log."""
    with store.begin() as work:
        told = {(k.table, k.clock): (k.after, k.shortened) for k in work.keeping(4 * WEEK)}
    people = [t for t in metadata.sorted_tables if retention(t).kind in (DataKind.PERSON, DataKind.AUDIT)]
    assert told.keys() == {(t.name, limit.clock) for t in people for limit in retention(t).limits}
    assert told[("finding", "changed")] == (4 * WEEK, True)
    assert told[("finding", "opened")] == (8 * WEEK, True)
    assert told[("judgement", "at")] == (2 * WEEK, False)
    assert told[("topic_letter", "until")] == (timedelta(0), False), "silence ends when it ends"
    assert told[("audit", "at")] == (timedelta(days=730), False)


def test_a_policy_cannot_keep_data_about_people_for_longer(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    with store.begin() as work:
        assert work.purge(story.now + 13 * WEEK + INSTANT, 52 * WEEK)["finding"] == 1


def test_a_policy_that_keeps_less_does_not_touch_what_is_about_the_work_alone(
    store: SqlStore, story: Story
) -> None:
    with store.begin() as work:
        story.claim(work)
        work.save_plan(story.plan(story.step(1, story.transition(1))))
        assert work.purge(story.now + 4 * WEEK + INSTANT, 4 * WEEK) == {"plan_step": 1}
        assert work.plan(story.plan().id) == (story.plan(), PlanState.STORED)
