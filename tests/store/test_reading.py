"""How far each mailbox was read and when: kept under the key, and no longer than there is a use for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select, update

from mailbot.model.facts import Reason
from mailbot.model.reading import Mark, Reading
from mailbot.store.schema import BOOKMARK_AGE, QUARTER, bookmark
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

LABELS, SAMPLES = "labelled mail", "test mails"
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def test_a_bookmark_comes_back_as_it_was_until_another_takes_its_place(store: SqlStore, story: Story) -> None:
    """Every question of every mailbox has one of its own; a page of state may be 64 KiB of anything."""
    long = "ünïcode\0" * 8192
    with store.begin() as work:
        assert work.bookmark(story.person(1), LABELS, story.now) is None
        work.set_bookmark(story.person(1), LABELS, "page 1", story.now)
        work.set_bookmark(story.person(1), SAMPLES, "elsewhere", story.now)
        work.set_bookmark(story.person(2), LABELS, "somebody else", story.now)
    with store.begin() as work:
        work.set_bookmark(story.person(1), LABELS, long, story.now + DAY)
    with store.begin() as work:
        now = story.now + DAY
        assert work.bookmark(story.person(1), LABELS, now) == long
        assert work.bookmark(story.person(1), SAMPLES, now) == "elsewhere"
        assert work.bookmark(story.person(2), LABELS, now) == "somebody else"


def test_a_bookmark_of_long_ago_is_none(store: SqlStore, story: Story) -> None:
    """Also on a day on which nothing was forgotten yet. A new page makes it young again."""
    late = story.now + BOOKMARK_AGE
    with store.begin() as work:
        work.set_bookmark(story.person(1), LABELS, "page 1", story.now)
        assert work.bookmark(story.person(1), LABELS, late) == "page 1"
        assert work.bookmark(story.person(1), LABELS, late + INSTANT) is None
        work.set_bookmark(story.person(1), LABELS, "page 2", late)
        assert work.bookmark(story.person(1), LABELS, late + DAY) == "page 2"


def test_of_who_is_excluded_nothing_is_kept(store: SqlStore, story: Story, raw: Engine) -> None:
    with store.begin() as work:
        work.set_bookmark(story.person(1), LABELS, "before", story.now)
        work.exclude(story.guid(1), story.person(1), story.now)
    with store.begin() as work:
        story.claim(work)
        work.set_bookmark(story.person(1), LABELS, "after", story.now)
        work.record(story.sweep.id, story.person(1), None, [], story.now)
        assert work.bookmark(story.person(1), LABELS, story.now) is None
        assert work.last_read() == {}
    with raw.connect() as connection:
        assert connection.execute(select(bookmark)).all() == []


def test_bookmarks_end_with_the_last_rule_that_may_ask(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        for number in (1, 2):
            for need in (LABELS, SAMPLES):
                work.set_bookmark(story.person(number), need, "page", story.now)
        assert work.end_bookmarks({SAMPLES, "mailbox size"}) == 2
        assert work.bookmark(story.person(1), LABELS, story.now) is None
        assert work.bookmark(story.person(1), SAMPLES, story.now) == "page"
        assert work.end_bookmarks({SAMPLES, "mailbox size"}) == 0
        assert work.end_bookmarks([]) == 2


def test_how_a_mailbox_was_read_is_forgotten_with_the_person(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        story.claim(work)
        for number in (1, 2, 3):
            work.record(story.sweep.id, story.person(number), None, [], story.now)
            work.set_bookmark(story.person(number), LABELS, "page", story.now)
        assert work.forget_absent([story.person(2)], story.now) == 0
        assert work.last_read() == {story.person(2): story.now}
        kept = [work.bookmark(story.person(number), LABELS, story.now) for number in (1, 2, 3)]
        assert kept == [None, "page", None]


def test_the_last_time_that_a_mailbox_was_read_is_remembered(store: SqlStore, story: Story) -> None:
    """A visit that read nothing does not count, and takes nothing away."""
    later = story.now + DAY
    with store.begin() as work:
        story.claim(work)
        work.record(story.sweep.id, story.person(1), None, [], story.now)
        work.record(story.sweep.id, story.person(2), Reason.NOT_VISITED, [], story.now)
        work.record(story.sweep.id, story.person(3), None, [], story.now)
        work.record(story.sweep.id, story.person(3), None, [], later)
        assert work.last_read() == {story.person(1): story.now, story.person(3): story.now}
        assert work.missed_counts(story.sweep.id) == {Reason.NOT_VISITED: 1}
        from_tomorrow = type(story.sweep)(story.sweep.job, later.date(), "06:00")
        slot = story.claim(work, from_tomorrow, later)
        work.record(slot, story.person(1), Reason.THROTTLED, [], later)
        work.record(slot, story.person(2), None, [], later)
        assert work.last_read() == {
            story.person(1): story.now,
            story.person(2): later,
            story.person(3): story.now,
        }
        assert work.missed_counts(slot) == {Reason.THROTTLED: 1}


def test_a_mailbox_that_failed_by_its_own_fault_is_remembered_until_it_is_read(
    store: SqlStore, story: Story
) -> None:
    """Whoever had no turn did not fail. When it was read before stays known."""
    reasons = {
        1: Reason.TIMED_OUT,
        2: Reason.ACCESS_DENIED,
        3: Reason.NOT_VISITED,
        4: Reason.THROTTLED,
        5: None,
    }
    later = story.now + DAY
    with store.begin() as work:
        slot = story.claim(work)
        for number, missed in reasons.items():
            work.record(slot, story.person(number), missed, [], story.now)
        assert work.failed() == {story.person(number): story.now for number in (1, 2)}
        slot = story.claim(work, type(story.sweep)(story.sweep.job, later.date(), "06:00"), later)
        work.record(slot, story.person(1), None, [], later)
        work.record(slot, story.person(5), Reason.TIMED_OUT, [], later)
        assert work.failed() == {story.person(2): story.now, story.person(5): later}
        assert work.last_read() == {story.person(1): later, story.person(5): story.now}


def test_a_failure_outside_a_slot_is_noted_unless_the_person_is_excluded(
    store: SqlStore, story: Story
) -> None:
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
        for number in (1, 2):
            work.note_failed(story.person(number), story.now)
        assert work.failed() == {story.person(2): story.now}
        work.forget_absent([story.person(1)], story.now)
        assert work.failed() == {}


def test_it_tells_one_person_what_is_kept_and_until_when(store: SqlStore, story: Story) -> None:
    """Of a table with two clocks the row goes with the first that has run out; so do the policy's weeks."""
    year, short, later = timedelta(days=365), timedelta(days=5), story.now + DAY
    person = story.person(1)
    with store.begin() as work:
        assert work.reading_of(person, year) == Reading()
        slot = story.claim(work)
        work.record(slot, person, None, [], story.now)
        work.note_failed(person, later)
        work.set_bookmark(person, SAMPLES, "page 1", later)
        work.set_bookmark(person, LABELS, "page 1", story.now)
        work.set_bookmark(story.person(2), LABELS, "somebody else", story.now)
        marks = (
            Mark(LABELS, story.now, story.now + BOOKMARK_AGE),
            Mark(SAMPLES, later, later + BOOKMARK_AGE),
        )
        assert work.reading_of(person, year) == Reading(story.now, later, story.now + QUARTER, marks)
        kept = work.reading_of(person, short)
        assert (kept.until, kept.marks[0].until) == (story.now + short, story.now + short)


@pytest.mark.parametrize("personal", [timedelta(days=365), timedelta(days=5)])
def test_what_it_tells_is_kept_until_then_and_no_longer(
    store: SqlStore, story: Story, personal: timedelta
) -> None:
    person = story.person(1)
    with store.begin() as work:
        work.record(story.claim(work), person, None, [], story.now)
        work.set_bookmark(person, LABELS, "page 1", story.now)
        until = work.reading_of(person, personal)
        assert until.until is not None
        work.purge(until.marks[0].until, personal)
        assert work.reading_of(person, personal).marks == until.marks
        work.purge(until.marks[0].until + INSTANT, personal)
        assert work.reading_of(person, personal).marks == ()
        work.purge(until.until, personal)
        assert work.reading_of(person, personal).read == (story.now if personal > BOOKMARK_AGE else None)
        work.purge(until.until + INSTANT, personal)
        assert work.reading_of(person, personal) == Reading()


def test_a_bookmark_says_nothing_without_the_key(store: SqlStore, story: Story, raw: Engine) -> None:
    """What a server gives as state or id can name the mailbox it belongs to."""
    guid = story.guid(1)
    with store.begin() as work:
        work.set_bookmark(story.person(1), LABELS, f"state of {guid}", story.now)
    with raw.connect() as connection:
        sealed = connection.scalar(select(bookmark.c.text))
    assert guid.encode() not in sealed
    assert b"state of" not in sealed


@pytest.mark.parametrize("change", ["moved", "bent", "cut"])
def test_a_bookmark_that_was_changed_from_outside_is_none(
    store: SqlStore, story: Story, raw: Engine, change: str
) -> None:
    """Then everything is read again: a wrong place to go on from would miss mail."""
    with store.begin() as work:
        for number in (1, 2):
            work.set_bookmark(story.person(number), LABELS, f"page {number}", story.now)
    with raw.begin() as connection:
        first, second = (
            connection.scalar(select(bookmark.c.text).where(bookmark.c.person == story.person(number)))
            for number in (1, 2)
        )
        text = {"moved": second, "bent": first[:-1] + bytes([first[-1] ^ 1]), "cut": first[:5]}[change]
        connection.execute(update(bookmark).where(bookmark.c.person == story.person(1)).values(text=text))
    with store.begin() as work:
        assert work.bookmark(story.person(1), LABELS, story.now) is None
        assert work.bookmark(story.person(2), LABELS, story.now) == "page 2"
