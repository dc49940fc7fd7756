"""No table holds a mail address, a name, a subject or an objectGUID, whatever happened to the people."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, LargeBinary, MetaData, select

from mailbot.model.accounts import Language
from mailbot.model.facts import Reason, Unknown
from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterState
from mailbot.model.people import Person
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import SlotResult
from mailbot.model.verdicts import Judgement, Kind, deviation, unknown
from mailbot.store.columns import Json
from mailbot.store.schema import metadata
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

GUID = ObjectGuid("c0ffee00-1111-4222-8333-444455556666")
OTHER = ObjectGuid("c0ffee00-1111-4222-8333-777788889999")
THIRD = ObjectGuid("c0ffee00-1111-4222-8333-101112131415")
NAME = "Willemijn Kanarie"
ADDRESS = "willemijn.kanarie@voorbeeld.example"
MAIL_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.-]+")

FREE_TEXT = {
    "house.name", "house.value", "slot.id", "slot.label", "slot.owner", "slot.counts",
    "visited.slot", "visited.person", "visited.missed", "last_read.person", "bookmark.person",
    "bookmark.need", "bookmark.text", "judgement.slot", "judgement.person", "judgement.rule",
    "judgement.why", "judgement.reason", "judgement.detail", "judgement.tasks", "finding.id",
    "finding.person",
    "finding.rule", "finding_history.finding", "plan.id", "plan.slot", "plan.mode", "plan.policy",
    "plan_step.plan", "plan_step.person", "plan_step.step", "letter.id", "letter.key",
    "letter.topic", "letter.person", "letter.finding", "letter.shown", "letter.draft", "exclusion.tag",
    "exclusion.guid", "restriction.tag", "restriction.payload", "disclosure.person",
    "audit.actor", "audit.action", "audit.detail", "audit.salt",
    "audit.commitment", "audit.previous", "audit.hash", "problem.code", "figure.cell", "figure.rule",
    "topic_letter.person", "topic_letter.rule", "rest.person",
}  # fmt: skip
"""Every column that could take a text. A new one is added here by somebody who asked what it may hold."""


def somebody(guid: ObjectGuid) -> Person:
    return Person(
        guid,
        Address(ADDRESS),
        NAME,
        Language.NL,
        Unknown(Reason.NOT_ASKED),
        Unknown(Reason.NOT_ASKED),
        Unknown(Reason.NOT_ASKED),
        Unknown(Reason.NOT_ASKED),
    )


def test_every_text_column_is_known(store: SqlStore) -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary | Json) or type(column.type).__name__ == "Text"
    }
    assert found == FREE_TEXT


def live_through_everything(story: Story) -> None:
    """A sweep, a plan, a letter in every state, a look, an exclusion, a pause: all by way of the port."""
    store, kept, gone = story.store, somebody(GUID), somebody(OTHER)
    with store.begin() as work:
        slot = story.claim(work)
        for number, person in enumerate((kept, gone)):
            key = store.person_key(person.guid)
            over = Judgement(story.transition(1).rule, Kind.STATE, deviation("over_limit", size_bytes=6))
            work.record(slot, key, None, [over], story.now)
            shown = {"size_bytes": 6, "day": date(2026, 3, 2)}
            order = story.order(number, person=key, shown=shown)
            step = story.step(number, story.transition(number), order)
            plan = story.plan(step, name=f"plan {number}")
            work.save_plan(plan)
            work.change(plan, 0, story.now)
            work.set_bookmark(key, "labelled mail", f"{person.guid} {ADDRESS}", story.now)
            work.disclose(key, story.now, date(2026, 3, 9))
            work.audit(story.now, "beheer", "explain", {"person": key})
            work.move(store.letter_id(order.key), LetterState.WAITING, LetterState.CLAIMED, story.now)
            work.move(
                store.letter_id(order.key), LetterState.CLAIMED, LetterState.DRAFTED, story.now, "AAMkAD"
            )
            [letter] = work.letters_of(key)
            work.told(letter, story.now + timedelta(days=90), story.now)
            work.rest(key, story.now + timedelta(days=14))
        figure = GroupFigure("unit/afdeling", story.transition(1).rule, 10, 2)
        work.measure(story.sweep.day, Coverage(12, 11), [figure], story.now)
        missing = Judgement(story.transition(1).rule, Kind.STATE, unknown(Reason.MAILBOX_MISSING))
        work.record(slot, story.person(3), Reason.MAILBOX_MISSING, [missing], story.now)
        work.finish(slot, story.now, SlotResult.PARTIAL, {"read": 2, "population": 3})
        work.set_note("breaker", "2026-03-02T07:00:00+00:00")
        work.set_problem("sign_in", story.now)
        work.set_stopped(True, story.now)
        for kind in Restriction:
            work.restrict(THIRD, kind, story.now)
        work.exclude(gone.guid, store.person_key(gone.guid), story.now + timedelta(hours=1))


def test_no_column_holds_who_somebody_is(store: SqlStore, story: Story, raw: Engine, tmp_path: Path) -> None:
    live_through_everything(story)
    tables = MetaData()
    tables.reflect(raw)
    filled = set()
    dump = b""
    with raw.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(select(table)):
                filled.add(table.name)
                dump += b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
    assert filled == {table.name for table in metadata.sorted_tables} | {"alembic_version"}
    assert_unknown(dump)
    for file in tmp_path.iterdir():
        assert_unknown(file.read_bytes())


def assert_unknown(dump: bytes) -> None:
    assert not MAIL_ADDRESS.search(dump)
    guids = (GUID, OTHER, THIRD)
    for canary in (*NAME.lower().split(), *guids, *(guid.replace("-", "") for guid in guids)):
        assert canary.encode() not in dump.lower()
