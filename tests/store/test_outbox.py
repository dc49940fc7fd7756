"""A letter is ordered once, moves from state to state by one process only, and waits for its hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.model.errors import Busy
from mailbot.model.ids import LetterId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState
from mailbot.ports import Work
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

HOUR = timedelta(hours=1)
WAITING, CLAIMED, DRAFTED, SENT = (
    LetterState.WAITING,
    LetterState.CLAIMED,
    LetterState.DRAFTED,
    LetterState.SENT,
)


def put(work: Work, story: Story, *orders: LetterOrder) -> None:
    for order in orders:
        assert work.order(story.store.letter_id(order.key), order, story.now)


def keys(work: Work, story: Story, at: timedelta, limit: int = 10) -> list[str]:
    return [letter.order.key for letter in work.letters_due(story.now + at, limit)]


def test_a_second_order_with_the_same_key_is_the_same_letter(store: SqlStore, story: Story) -> None:
    order = story.order(1)
    with store.begin() as work:
        assert work.order(store.letter_id(order.key), order, story.now)
        assert not work.order(store.letter_id(order.key), replace(order, shown={"size_bytes": 7}), story.now)
        assert [letter.order for letter in work.letters_of(story.person(1))] == [order]


def test_a_letter_goes_from_its_first_moment_to_its_last_and_then_expires(
    store: SqlStore, story: Story
) -> None:
    order = story.order(1, not_before=story.now + HOUR, not_after=story.now + 2 * HOUR)
    instant = timedelta(microseconds=1)
    with store.begin() as work:
        put(work, story, order)
        assert keys(work, story, HOUR - instant) == []
        assert keys(work, story, HOUR) == [order.key]
        assert keys(work, story, 2 * HOUR) == [order.key]
        assert keys(work, story, 2 * HOUR + instant) == []
        assert work.expire(story.now + 2 * HOUR) == 0
        assert work.expire(story.now + 2 * HOUR + instant) == 1
        assert work.letters_of(story.person(1))[0].state is LetterState.EXPIRED


def test_the_most_pressing_letters_come_first_and_unfinished_ones_last_whatever_their_hour(
    store: SqlStore, story: Story
) -> None:
    later = story.order(1, not_after=story.now + 4 * HOUR)
    sooner = story.order(2, not_after=story.now + 3 * HOUR)
    drafted = story.order(3, not_after=story.now + 2 * HOUR)
    claimed = story.order(4, not_after=story.now + 5 * HOUR)
    with store.begin() as work:
        put(work, story, later, sooner, drafted, claimed)
        work.move(store.letter_id(claimed.key), WAITING, CLAIMED, story.now)
        for from_, to in ((WAITING, CLAIMED), (CLAIMED, DRAFTED)):
            work.move(store.letter_id(drafted.key), from_, to, story.now)
        assert keys(work, story, HOUR) == [sooner.key, later.key, drafted.key, claimed.key]
        assert keys(work, story, HOUR, limit=3) == [sooner.key, later.key, drafted.key]
        assert keys(work, story, 10 * HOUR) == [drafted.key, claimed.key]
        assert work.expire(story.now + 10 * HOUR) == 2, "what may have left does not expire"


def test_a_letter_that_was_seen_makes_room_for_the_next(store: SqlStore, story: Story) -> None:
    """A letter that fails every time stays due: within one delivery it comes once."""
    orders = [story.order(number, not_after=story.now + number * HOUR) for number in range(1, 6)]
    first, second, third, fourth, stuck = (store.letter_id(order.key) for order in orders)
    with store.begin() as work:
        put(work, story, *orders)
        work.move(stuck, WAITING, CLAIMED, story.now)
        batches, seen = [], list[LetterId]()
        while due := [letter.id for letter in work.letters_due(story.now, 2, seen)]:
            batches.append(due)
            seen += due
        assert batches == [[first, second], [third, fourth], [stuck]]
        assert [letter.id for letter in work.letters_due(story.now, 2, [third, first])] == [second, fourth]


def test_a_delivery_may_have_seen_more_letters_than_a_statement_takes_values(
    store: SqlStore, story: Story
) -> None:
    """PostgreSQL's protocol takes 65,535 values with a statement, SQLite 32,766 unless built for more."""
    seen = {LetterId(f"seen {number}") for number in range(70_000)}
    with store.begin() as work:
        put(work, story, story.order(1), story.order(2))
        found = work.letters_due(story.now, 10, seen | {store.letter_id(story.order(1).key)})
        assert [letter.order.key for letter in found] == [story.order(2).key]


def test_a_move_from_a_state_that_was_left_is_refused(store: SqlStore, story: Story) -> None:
    letter = store.letter_id(story.order(1).key)
    with store.begin() as work:
        put(work, story, story.order(1))
        work.move(letter, WAITING, CLAIMED, story.now)
    with store.begin() as work, pytest.raises(Busy, match="not waiting"):
        work.move(letter, WAITING, CLAIMED, story.now)
    with store.begin() as work, pytest.raises(Busy):
        work.move(store.letter_id("never ordered"), WAITING, CLAIMED, story.now)


def test_the_draft_is_kept_until_the_letter_is_at_an_end(store: SqlStore, story: Story) -> None:
    letter = store.letter_id(story.order(1).key)
    drafts = []
    with store.begin() as work:
        put(work, story, story.order(1))
        work.move(letter, WAITING, CLAIMED, story.now)
        for from_, to, draft in (
            (CLAIMED, DRAFTED, "AAMk"),
            (DRAFTED, LetterState.IN_DOUBT, None),
            (LetterState.IN_DOUBT, SENT, None),
        ):
            work.move(letter, from_, to, story.now + HOUR, draft)
            kept = work.letter(letter)
            assert kept is not None
            assert (kept.state, kept.changed) == (to, story.now + HOUR)
            drafts.append(kept.draft)
    assert drafts == ["AAMk", "AAMk", None]


def send(work: Work, story: Story, key: str, at: timedelta) -> None:
    letter = story.store.letter_id(key)
    for from_, to in ((WAITING, CLAIMED), (CLAIMED, DRAFTED), (DRAFTED, SENT)):
        work.move(letter, from_, to, story.now + at)


def test_sent_letters_are_tidied_oldest_first(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        orders = [story.order(number) for number in (1, 2, 3, 4)]
        put(work, story, *orders)
        for number, order in enumerate(orders[:3]):
            send(work, story, order.key, (3 - number) * HOUR)
        third, second, first = (store.letter_id(order.key) for order in orders[:3])
        assert work.untidy(10) == [first, second, third]
        assert work.untidy(1) == [first]
        work.tidied(first)
        assert work.untidy(10) == [second, third]
        kept = work.letter(first)
        assert kept is not None
        assert kept.changed == story.now + HOUR, "tidying does not change when it left"


def test_the_copy_of_a_letter_that_came_back_is_removed_as_well(store: SqlStore, story: Story) -> None:
    letter = store.letter_id(story.order(1).key)
    with store.begin() as work:
        put(work, story, story.order(1))
        send(work, story, story.order(1).key, HOUR)
        work.move(letter, SENT, LetterState.BOUNCED, story.now + 2 * HOUR)
        assert work.untidy(10) == [letter]
        work.tidied(letter)
        assert work.untidy(10) == []


def test_a_letter_that_the_post_puts_off_waits_for_its_next_try(store: SqlStore, story: Story) -> None:
    order = story.order(1)
    letter = store.letter_id(order.key)
    with store.begin() as work:
        put(work, story, order)
        for attempt, pause in ((1, HOUR), (2, 3 * HOUR)):
            work.move(letter, WAITING, CLAIMED, story.now)
            work.move(letter, CLAIMED, DRAFTED, story.now, "AAMk")
            assert work.postpone(letter, DRAFTED, story.now + pause, story.now) == attempt
            kept = work.letter(letter)
            assert kept is not None
            assert (kept.state, kept.attempts, kept.draft) == (WAITING, attempt, None)
            assert kept.order == replace(order, not_before=story.now + pause)
            assert keys(work, story, pause - timedelta(seconds=1)) == []
            assert keys(work, story, pause) == [order.key]


def test_only_who_has_the_letter_can_put_it_off(store: SqlStore, story: Story) -> None:
    letter = store.letter_id(story.order(1).key)
    with store.begin() as work:
        put(work, story, story.order(1))
    with store.begin() as work, pytest.raises(Busy):
        work.postpone(letter, DRAFTED, story.now + HOUR, story.now)
    with store.begin() as work:
        kept = work.letter(letter)
        assert kept is not None
        assert (kept.attempts, kept.order) == (0, story.order(1))


def test_letters_in_doubt_are_those_that_came_so_since(store: SqlStore, story: Story) -> None:
    orders = [story.order(number) for number in (1, 2, 3)]
    with store.begin() as work:
        put(work, story, *orders)
        for number, order in enumerate(orders[:2]):
            work.move(store.letter_id(order.key), WAITING, LetterState.IN_DOUBT, story.now - number * HOUR)
        assert [x.order.key for x in work.letters_in_doubt(story.now - HOUR)] == [
            orders[1].key,
            orders[0].key,
        ]
        assert [x.order.key for x in work.letters_in_doubt(story.now)] == [orders[0].key]


def test_letters_are_found_by_many_ids_at_once(store: SqlStore, story: Story) -> None:
    """Ids come from copies and bounces in a mailbox: most are of nobody any more."""
    ids = [store.letter_id(str(number)) for number in range(1200)]
    with store.begin() as work:
        put(work, story, story.order(1), story.order(2))
        wanted = [store.letter_id(story.order(n).key) for n in (1, 2)]
        found = work.letter_with([*ids, *wanted, wanted[0]])
        assert {letter_id: letter.order for letter_id, letter in found.items()} == {
            wanted[0]: story.order(1),
            wanted[1]: story.order(2),
        }
        assert work.letter_with([]) == {}


def test_a_letter_is_known_by_its_key(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        put(work, story, story.order(1))
        assert work.ordered("1: first nudge")
        assert not work.ordered("1: second nudge")


def test_a_weekly_letter_counts_while_under_way_and_for_a_week_after_it_left(
    store: SqlStore, story: Story
) -> None:
    waiting, recent, old, free, expired, doubt, aside = (story.order(number) for number in range(1, 8))
    with store.begin() as work:
        put(work, story, waiting, recent, old, replace(free, weekly=False), expired, doubt, aside)
        send(work, story, recent.key, 2 * HOUR)
        send(work, story, old.key, 1 * HOUR)
        send(work, story, free.key, 2 * HOUR)
        work.move(store.letter_id(expired.key), WAITING, LetterState.EXPIRED, story.now + 3 * HOUR)
        work.move(store.letter_id(doubt.key), WAITING, LetterState.IN_DOUBT, story.now)
        work.move(store.letter_id(aside.key), WAITING, LetterState.SET_ASIDE, story.now)
        nudged = {waiting.person, recent.person, doubt.person, aside.person}
        assert work.nudged_since(story.now + 2 * HOUR, story.now) == nudged


def test_a_letter_in_doubt_does_not_count_for_ever(store: SqlStore, story: Story) -> None:
    """Nobody ever said what became of it; if it arrived, that was then. One that was set aside never did."""
    doubt, aside = story.order(1), story.order(2)
    with store.begin() as work:
        put(work, story, doubt, aside)
        work.move(store.letter_id(doubt.key), WAITING, LetterState.IN_DOUBT, story.now + HOUR)
        work.move(store.letter_id(aside.key), WAITING, LetterState.SET_ASIDE, story.now + HOUR)
        later = story.now + 9 * HOUR
        assert work.nudged_since(later, story.now + HOUR) == {doubt.person, aside.person}
        assert work.nudged_since(later, story.now + 2 * HOUR) == {aside.person}


@pytest.mark.parametrize("end", [LetterState.REFUSED, LetterState.BOUNCED])
def test_a_letter_that_failed_for_good_counts_as_tried_for_a_week(
    store: SqlStore, story: Story, end: LetterState
) -> None:
    """Without it the same letter would be made and fail again on every day."""
    recent, old = story.order(1), story.order(2)
    with store.begin() as work:
        put(work, story, recent, old)
        for order, at in ((recent, 2 * HOUR), (old, 1 * HOUR)):
            work.move(store.letter_id(order.key), WAITING, end, story.now + at)
        assert work.nudged_since(story.now + 2 * HOUR, story.now) == {recent.person}


def test_a_test_letter_stays_one_and_does_not_take_the_readers_turn(store: SqlStore, story: Story) -> None:
    waiting, sent, refused = (story.order(number, test=True) for number in (1, 2, 3))
    both = story.order(3, "the real one")
    with store.begin() as work:
        put(work, story, waiting, sent, refused)
        send(work, story, sent.key, HOUR)
        work.move(store.letter_id(refused.key), WAITING, LetterState.REFUSED, story.now + HOUR)
        assert [letter.order for letter in work.letters_of(waiting.person)] == [waiting]
        assert work.nudged_since(story.now, story.now) == frozenset()
        put(work, story, both)
        assert work.nudged_since(story.now, story.now) == {both.person}


def test_letters_are_counted_by_kind_and_state(store: SqlStore, story: Story) -> None:
    digest = story.order(4, kind=LetterKind.DIGEST, topic="digest")
    with store.begin() as work:
        assert work.letter_counts() == {}
        put(work, story, story.order(1), story.order(2), story.order(3), digest)
        send(work, story, story.order(3).key, HOUR)
        assert work.letter_counts() == {
            (LetterKind.NUDGE, WAITING): 2,
            (LetterKind.NUDGE, SENT): 1,
            (LetterKind.DIGEST, WAITING): 1,
        }


def test_the_next_letter_is_the_first_waiting_one_that_is_not_due_yet(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        assert work.next_letter(story.now) is None
        put(work, story, *(story.order(hour, not_before=story.now + hour * HOUR) for hour in (0, 1, 2, 3)))
        send(work, story, story.order(1).key, timedelta(0))
        assert work.next_letter(story.now) == story.now + 2 * HOUR
        assert work.next_letter(story.now + 2 * HOUR) == story.now + 3 * HOUR
        assert work.next_letter(story.now + 3 * HOUR) is None


def test_an_unknown_letter_is_none(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        assert work.letter(store.letter_id("x")) is None


def test_letters_are_found_by_what_their_id_says(store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    story.open_finding(2)
    wanted = store.letter_id("1: first nudge")
    with store.begin() as work:
        assert [letter.id for letter in work.letters_that(lambda id_: id_ == wanted)] == [wanted]
        assert {letter.id for letter in work.letters_that(lambda _id: True)} == {
            wanted,
            store.letter_id("2: first nudge"),
        }
        assert work.letters_that(lambda _id: False) == []
