"""Letters that came back: whose they are, since when any could have, and what they told."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mailbot.model.ids import LetterId
from mailbot.model.letters import LetterState
from mailbot.model.restrictions import Restriction
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PATH = (LetterState.WAITING, LetterState.CLAIMED, LetterState.DRAFTED, LetterState.SENT, LetterState.BOUNCED)


def sent(
    store: SqlStore, story: Story, number: int, at: timedelta, back: timedelta | None = None, **changes: Any
) -> LetterId:
    """A letter to person `number` that leaves at one time and comes back at another, or does not."""
    order = story.order(number, f"letter at {at}", **changes)
    letter = store.letter_id(order.key)
    with store.begin() as work:
        assert work.order(letter, order, story.now)
        for before, after in pairwise(PATH if back is not None else PATH[:-1]):
            moment = back if after is LetterState.BOUNCED and back is not None else at
            work.move(letter, before, after, story.now + moment)
    return letter


def returned(store: SqlStore, story: Story, now: timedelta) -> list[int]:
    """Numbers of the people whose letters came back, of the first nine."""
    with store.begin() as work:
        keys = work.came_back(story.now + now)
    return [number for number in range(9) if story.person(number) in keys]


class TestWhoseLettersCameBack:
    def test_a_letter_that_stayed_away_is_nobodys(self, store: SqlStore, story: Story) -> None:
        sent(store, story, 1, HOUR)
        sent(store, story, 2, HOUR, back=2 * HOUR)
        assert returned(store, story, DAY) == [2]

    def test_everybody_once(self, store: SqlStore, story: Story) -> None:
        for hour in (1, 3):
            sent(store, story, 2, hour * HOUR, back=(hour + 1) * HOUR)
        with store.begin() as work:
            assert work.came_back(story.now + DAY) == [story.person(2)]

    def test_a_later_letter_that_counts_as_arrived_ends_it(self, store: SqlStore, story: Story) -> None:
        sent(store, story, 2, HOUR, back=2 * HOUR)
        sent(store, story, 2, 5 * HOUR)
        assert returned(store, story, 5 * HOUR) == [2]
        assert returned(store, story, 6 * HOUR) == []

    def test_an_earlier_letter_and_one_to_somebody_else_do_not(self, store: SqlStore, story: Story) -> None:
        sent(store, story, 2, HOUR)
        sent(store, story, 2, 2 * HOUR, back=3 * HOUR)
        sent(store, story, 3, 5 * HOUR)
        assert returned(store, story, DAY) == [2]

    def test_test_letters_do_not_count_either_way(self, store: SqlStore, story: Story) -> None:
        sent(store, story, 1, HOUR, back=2 * HOUR, test=True)
        sent(store, story, 2, HOUR, back=2 * HOUR)
        sent(store, story, 2, 5 * HOUR, test=True)
        assert returned(store, story, DAY) == [2]

    def test_of_who_is_paused_nothing_is_told(self, store: SqlStore, story: Story) -> None:
        for number in (1, 2):
            sent(store, story, number, HOUR, back=2 * HOUR)
        with store.begin() as work:
            work.restrict(story.guid(1), Restriction.PAUSED, story.now)
        assert returned(store, story, DAY) == [2]


class TestWhenTheFirstLetterLeft:
    def test_of_all_that_left_since_a_moment(self, store: SqlStore, story: Story) -> None:
        for number in (1, 2, 3):
            sent(store, story, number, number * HOUR)
        with store.begin() as work:
            assert work.first_left(story.now) == story.now + HOUR
            assert work.first_left(story.now + 2 * HOUR) == story.now + 2 * HOUR
            assert work.first_left(story.now + 4 * HOUR) is None

    def test_one_that_came_back_had_left(self, store: SqlStore, story: Story) -> None:
        sent(store, story, 1, HOUR, back=2 * HOUR)
        with store.begin() as work:
            assert work.first_left(story.now) == story.now + 2 * HOUR

    def test_one_that_waits_did_not(self, store: SqlStore, story: Story) -> None:
        story.open_finding(1)
        with store.begin() as work:
            assert work.first_left(story.now - DAY) is None


def test_what_a_letter_told_that_came_back_is_owed_again(store: SqlStore, story: Story) -> None:
    """And nothing that another letter told, or another person."""
    with store.begin() as work:
        looks = [work.disclose(story.person(number), story.now, story.now.date()) for number in (1, 1, 2)]
        work.disclosed(looks[:1], story.now + HOUR)
        work.disclosed(looks[1:], story.now + 2 * HOUR)
        work.disclosure_lost(story.person(1), story.now + 2 * HOUR)
        assert [one.id for one in work.undisclosed()] == [looks[1]]
