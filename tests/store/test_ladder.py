"""Silence on a topic ends at once for all its letters; whoever rests, rests for as long as anybody asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Engine, select

from mailbot.model.findings import TopicLetters
from mailbot.model.ids import RuleId
from mailbot.model.restrictions import Restriction
from mailbot.ports import Work
from mailbot.store.schema import topic_letter
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
SILENCE = timedelta(days=90)
QUOTA, SIGNATURE = RuleId("quota"), RuleId("signature")


def tell(story: Story, work: Work, number: int, day: int, topic: str = "quota") -> None:
    """A letter to person `number` on a day of the story arrives."""
    order, at = story.order(number, f"{topic} {day}", topic=topic), story.now + day * DAY
    letter = story.store.letter_id(order.key)
    work.order(letter, order, at)
    kept = work.letter(letter)
    assert kept is not None
    work.told(kept, at + SILENCE, at)


def test_letters_count_by_person_and_topic_and_end_together(store: SqlStore, story: Story) -> None:
    one, two = story.person(1), story.person(2)
    with store.begin() as work:
        for number, day, topic in ((1, 0, "quota"), (1, 20, "quota"), (1, 5, "signature"), (2, 3, "quota")):
            tell(story, work, number, day, topic)
        end = story.now + 20 * DAY + SILENCE
        assert work.topics(story.now + 21 * DAY) == {
            (one, QUOTA): TopicLetters(2, end),
            (one, SIGNATURE): TopicLetters(1, story.now + 5 * DAY + SILENCE),
            (two, QUOTA): TopicLetters(1, story.now + 3 * DAY + SILENCE),
        }
        assert work.topics_of(two, story.now) == {QUOTA: TopicLetters(1, story.now + 3 * DAY + SILENCE)}
        assert work.topics(end - INSTANT) == {(one, QUOTA): TopicLetters(2, end)}
        assert work.topics(end) == {}


def test_after_the_silence_a_topic_begins_again_whether_or_not_it_was_purged(
    store: SqlStore, story: Story, raw: Engine
) -> None:
    """Retention runs once a day: a row that is only not deleted yet must not count."""
    with store.begin() as work:
        for number, purged in ((1, True), (2, False)):
            tell(story, work, number, 0)
            tell(story, work, number, 30)
            if purged:
                assert work.purge(story.now + 121 * DAY)["topic_letter"] == 2
            tell(story, work, number, 121)
            kept = work.topics_of(story.person(number), story.now + 121 * DAY)
            assert kept == {QUOTA: TopicLetters(1, story.now + 121 * DAY + SILENCE)}
    with raw.connect() as connection:
        assert len(connection.execute(select(topic_letter.c.number)).all()) == 2


def test_of_silence_only_who_what_and_until_when_is_kept() -> None:
    assert set(topic_letter.c.keys()) == {"person", "rule", "number", "until"}


def test_the_longest_rest_holds(store: SqlStore, story: Story) -> None:
    one, two = story.person(1), story.person(2)
    with store.begin() as work:
        for person, days in ((one, 7), (one, 14), (two, 14), (two, 7)):
            work.rest(person, story.now + days * DAY)
        end = story.now + 14 * DAY
        assert work.resting(story.now) == {one: end, two: end}
        assert work.resting(end - INSTANT) == {one: end, two: end}
        assert work.resting(end) == {}
        assert work.purge(end + INSTANT) == {"rest": 2}


def test_of_who_is_excluded_no_rest_is_kept_and_of_who_is_paused_it_is(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        work.exclude(story.guid(1), story.person(1), story.now)
        work.restrict(story.guid(2), Restriction.PAUSED, story.now)
        for number in (1, 2):
            work.rest(story.person(number), story.now + DAY)
        assert work.resting(story.now).keys() == {story.person(2)}
