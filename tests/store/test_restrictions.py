"""A pause acts at once and keeps what was there; settings-only takes away what looked deeper."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select

from mailbot.model.errors import KeyRefused, PlanRefused
from mailbot.model.facts import Reason
from mailbot.model.findings import FindingState
from mailbot.model.ids import ObjectGuid, RuleId
from mailbot.model.letters import LetterKind, LetterState
from mailbot.model.needs import MailboxSize, SentLabels
from mailbot.model.reading import Reading
from mailbot.model.restrictions import Restriction
from mailbot.model.verdicts import Judgement, Kind, deviation, not_applicable
from mailbot.store.keys import Keys
from mailbot.store.schema import restriction
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

GUID = ObjectGuid("6f9619ff-8b86-4d01-b42d-00c04fc964ff")
KEYS, OTHER = Keys(bytes(range(32))), Keys(bytes(range(1, 33)))
PAUSED, SETTINGS_ONLY = Restriction.PAUSED, Restriction.SETTINGS_ONLY
LABELLED = RuleId("confidential_external")


def judged(rule: str = "quota") -> Judgement:
    return Judgement(RuleId(rule), Kind.STATE, deviation("over_limit", size_bytes=6))


def restrict(store: SqlStore, story: Story, number: int, kind: Restriction) -> None:
    with store.begin() as work:
        work.restrict(story.guid(number), kind, story.now)


# how it is kept


@pytest.mark.parametrize("kind", Restriction)
def test_a_sealed_restriction_opens_with_its_own_key_only(kind: Restriction) -> None:
    sealed = KEYS.seal_restriction(GUID, kind)
    assert KEYS.open_restriction(sealed) == (GUID, kind)
    assert GUID.encode() not in sealed
    assert kind.value.encode() not in sealed
    assert KEYS.seal_restriction(GUID, kind) != sealed, "equal people must not show as equal rows"
    for keys, spoiled in ((OTHER, sealed), (KEYS, sealed[:-1] + bytes([sealed[-1] ^ 1])), (KEYS, sealed[:5])):
        with pytest.raises(KeyRefused):
            keys.open_restriction(spoiled)


def test_neither_the_length_nor_the_tag_tells_the_kind() -> None:
    assert len({len(KEYS.seal_restriction(GUID, kind)) for kind in Restriction}) == 1
    person = KEYS.person_key(GUID)
    tags = {KEYS.exclusion_tag(person), *(KEYS.restriction_tag(person, kind) for kind in Restriction)}
    assert len(tags) == 3, "nor that rows of two tables, or of two kinds, are of one person"
    assert not any(kind.value in tag or person in tag for kind in Restriction for tag in tags)


def test_restrictions_are_kept_encrypted_and_can_be_lifted(
    store: SqlStore, story: Story, raw: Engine
) -> None:
    for number, kind in ((1, PAUSED), (2, SETTINGS_ONLY), (1, PAUSED)):
        restrict(store, story, number, kind)
    with raw.connect() as connection:
        rows = connection.execute(select(restriction)).all()
    assert len(rows) == 2
    assert set(restriction.c.keys()) == {"tag", "payload", "made"}, "no reason is kept"
    with store.begin() as work:
        assert work.restrictions() == {story.guid(1): PAUSED, story.guid(2): SETTINGS_ONLY}
        assert not work.unrestrict(story.guid(1), SETTINGS_ONLY)
        assert work.unrestrict(story.guid(1), PAUSED)
        assert not work.unrestrict(story.guid(1), PAUSED)
        assert work.restrictions() == {story.guid(2): SETTINGS_ONLY}


def test_after_a_pause_settings_only_goes_on(store: SqlStore, story: Story) -> None:
    """Else an objection that was settled would open to all rules whom only some may look at."""
    for kind in (SETTINGS_ONLY, PAUSED):
        restrict(store, story, 1, kind)
    with store.begin() as work:
        assert work.restrictions() == {story.guid(1): PAUSED}
        work.unrestrict(story.guid(1), PAUSED)
        assert work.restrictions() == {story.guid(1): SETTINGS_ONLY}


def test_an_exclusion_takes_the_place_of_both(store: SqlStore, story: Story) -> None:
    for kind in Restriction:
        restrict(store, story, 1, kind)
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
        assert work.restrictions() == {}
        work.restrict(story.guid(1), PAUSED, story.now)
        assert work.restrictions() == {}, "of who is excluded nothing is kept, a pause neither"


# a pause


def test_a_pause_withdraws_letters_that_wait_but_no_notice(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    story.open_finding(2)
    with store.begin() as work:
        notice = story.order(1, "notice", kind=LetterKind.NOTICE, topic="explain")
        work.order(store.letter_id("notice"), notice, story.now)
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        states = {letter.order.kind: letter.state for letter in work.letters_of(story.person(1))}
        assert states == {
            LetterKind.NUDGE: LetterState.WITHDRAWN,
            LetterKind.NOTICE: LetterState.WAITING,
        }
        assert [letter.state for letter in work.letters_of(story.person(2))] == [LetterState.WAITING]


def test_what_is_known_of_who_is_paused_stays_and_is_in_no_count(store: SqlStore, story: Story) -> None:
    for number in (1, 2):
        story.open_finding(number)
        with store.begin() as work:
            work.record(story.claim(work), story.person(number), None, [judged()], story.now)
            work.set_bookmark(story.person(number), SentLabels.name, "page 1", story.now)
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        assert [f.state for f in work.findings_of(story.person(1))] == [FindingState.OPEN]
        assert work.judgements_of(story.sweep.id, story.person(1)) == [judged()]
        assert work.bookmark(story.person(1), SentLabels.name, story.now) == "page 1"
        assert work.finding_counts() == {(RuleId("quota"), FindingState.OPEN): 1}
        assert work.letter_counts() == {(LetterKind.NUDGE, LetterState.WAITING): 1}
        present = [story.person(1), story.person(2)]
        assert work.forget_absent(present, story.now) == 0


def test_of_who_is_paused_nothing_new_is_kept(store: SqlStore, story: Story) -> None:
    """A sweep read the mailbox before the pause and comes to write it down after it."""
    with store.begin() as work:
        slot = story.claim(work)
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        for number in (1, 2):
            work.record(slot, story.person(number), None, [judged()], story.now)
            work.note_failed(story.person(number), story.now)
            work.set_bookmark(story.person(number), SentLabels.name, "page 2", story.now)
            work.set_bookmark(story.person(number), MailboxSize.name, "page 2", story.now)
        assert work.judged(slot) == {story.person(2)}
        assert work.judgements_of(slot, story.person(1)) == []
        assert work.failed().keys() == {story.person(2)}
        assert work.reading_of(story.person(1), timedelta(weeks=13)) == Reading()
        assert not work.order(store.letter_id("a"), story.order(1), story.now)
        assert work.order(store.letter_id("b"), story.order(2), story.now)
        notice = story.order(1, "notice", kind=LetterKind.NOTICE)
        assert work.order(store.letter_id("c"), notice, story.now), "a look is told in a pause as well"


def test_a_mailbox_that_could_not_be_read_is_not_noted_either(store: SqlStore, story: Story) -> None:
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        work.record(story.claim(work), story.person(1), Reason.ACCESS_DENIED, [], story.now)
        assert (work.judged(story.sweep.id), work.failed(), work.last_read()) == (frozenset(), {}, {})


def test_a_plan_that_was_made_before_does_nothing_about_who_is_paused(store: SqlStore, story: Story) -> None:
    steps = [story.step(n, story.transition(n), story.order(n)) for n in (1, 2)]
    with store.begin() as work:
        work.save_plan(story.plan(*steps))
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        stored = work.plan(story.plan().id)
        assert stored is not None
        assert stored[0].steps == (steps[1],)
    with pytest.raises(PlanRefused, match="left out since"), store.begin() as work:
        work.change(story.plan(*steps), 0, story.now)


def test_when_the_pause_ends_everything_goes_on(store: SqlStore, story: Story) -> None:
    before = story.open_finding(1)
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        work.unrestrict(story.guid(1), PAUSED)
        nudge = story.order(1, "second nudge", finding=before.id)
        work.change(story.plan(story.step(1, None, nudge, before)), 0, story.now)
        waiting = [x.order.key for x in work.letters_of(story.person(1)) if x.state is LetterState.WAITING]
        assert waiting == ["1: second nudge"]
        work.record(story.claim(work), story.person(1), None, [judged()], story.now)
        assert work.judged(story.sweep.id) == {story.person(1)}


def test_a_pause_deletes_no_row_that_retention_would_not(store: SqlStore, story: Story) -> None:
    """What was kept ends in its own time, and the restriction itself only when it is lifted."""
    story.open_finding(1)
    restrict(store, story, 1, PAUSED)
    with store.begin() as work:
        assert work.purge(story.now + timedelta(weeks=14))["finding"] == 1
        assert work.restrictions() == {story.guid(1): PAUSED}


# settings only


def test_settings_only_deletes_marks_of_deeper_questions_and_takes_no_new_one(
    store: SqlStore, story: Story
) -> None:
    def keep_both() -> None:
        with store.begin() as work:
            for number in (1, 2):
                for need in (SentLabels.name, MailboxSize.name):
                    work.set_bookmark(story.person(number), need, "page", story.now)

    def marks(number: int) -> list[str]:
        with store.begin() as work:
            reading = work.reading_of(story.person(number), timedelta(weeks=13))
        return [mark.need for mark in reading.marks]

    keep_both()
    restrict(store, story, 1, SETTINGS_ONLY)
    assert marks(1) == [MailboxSize.name]
    keep_both()
    assert marks(1) == [MailboxSize.name]
    assert marks(2) == sorted([SentLabels.name, MailboxSize.name])


def test_of_a_rule_that_looks_deeper_what_it_saw_of_one_person_goes(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        slot = story.claim(work)
        for number in (1, 2):
            work.record(slot, story.person(number), None, [judged(), judged(LABELLED)], story.now)
            for topic in ("quota", LABELLED):
                order = story.order(number, topic, topic=topic)
                work.order(store.letter_id(order.key), order, story.now)
    restrict(store, story, 1, SETTINGS_ONLY)
    with store.begin() as work:
        instead = not_applicable("outside_sample")
        assert work.end_rule_for(LABELLED, story.person(1), instead) == 2
        assert work.judgements_of(slot, story.person(1)) == [
            Judgement(LABELLED, Kind.STATE, instead),
            judged(),
        ], "a verdict that is missing would tell who is left out"
        assert work.end_rule_for(LABELLED, story.person(1), instead) == 0
        assert [letter.order.topic for letter in work.letters_of(story.person(1))] == ["quota"]
        assert len(work.judgements_of(slot, story.person(2))) == 2
        assert len(work.letters_of(story.person(2))) == 2


def test_settings_only_leaves_what_is_about_settings(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    restrict(store, story, 1, SETTINGS_ONLY)
    with store.begin() as work:
        assert [letter.state for letter in work.letters_of(story.person(1))] == [LetterState.WAITING]
        assert work.finding_counts() == {(RuleId("quota"), FindingState.OPEN): 1}
        assert work.order(store.letter_id("b"), story.order(1, "another"), story.now)


def test_what_was_deleted_is_not_left_behind_in_the_file(store: SqlStore, story: Story, raw: Engine) -> None:
    """SQLite would keep deleted bytes in its log; PostgreSQL's vacuum is its operator's."""
    if raw.dialect.name != "sqlite":
        return
    with store.begin() as work:
        work.set_bookmark(story.person(1), SentLabels.name, "page", story.now)
    restrict(store, story, 1, SETTINGS_ONLY)
    assert raw.url.database is not None
    for file in (raw.url.database, f"{raw.url.database}-wal"):
        assert story.person(1).encode() not in Path(file).read_bytes()
