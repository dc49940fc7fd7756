"""Letters that the post does not take: they wait, hold up no other, and in the end a human looks at them."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from mailbot.exchange.ews_post import EwsPost
from mailbot.jobs.courier import PAUSES, set_aside_code
from mailbot.jobs.deliver import ATTEMPTS, NOES, NOTHING_TAKEN, POST, deliver
from mailbot.jobs.house import House
from mailbot.jobs.lookup import settle
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import Unreachable
from mailbot.model.findings import FindingState
from mailbot.model.ids import LetterId
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LetterKind, LetterOrder, LetterState, OutboxLetter
from mailbot.ports import PostClosed, PostDeferred, PostRefused
from tests.acceptance.desk import small_town
from tests.acceptance.municipality import Municipality

MINUTE = timedelta(minutes=1)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Municipality]:
    """The small town was swept; it is five past ten, and letters wait."""
    with small_town(tmp_path) as desk:
        with desk.here.opened() as house:
            sweep(house, desk.here.slot())
        desk.goes_to_day(23, 10, 5)
        yield desk.here


def letters(house: House) -> dict[LetterId, OutboxLetter]:
    with house.store.begin() as work:
        return {letter.id: letter for letter in work.letters_that(lambda _id: True)}


def weekly(house: House) -> OutboxLetter:
    """One that may wait for days."""
    return next(x for _, x in sorted(letters(house).items()) if x.order.weekly and x.order.finding)


def problems(house: House) -> set[str]:
    with house.store.begin() as work:
        return set(work.problems())


@contextmanager
def failing(of: Callable[[], OutboxLetter | None], error: Exception) -> Iterator[None]:
    """The post fails on this letter alone, or on every one where `of` gives None."""
    only = of()
    with failing_on(None if only is None else {only.id}, error):
        yield


@contextmanager
def failing_on(which: Collection[LetterId] | None, error: Exception) -> Iterator[None]:
    """The post fails on these letters, or on all of them."""
    prepare, dispatch, named = EwsPost.prepare, EwsPost.dispatch, {}

    def prepares(post: EwsPost, mail):  # type: ignore[no-untyped-def]
        draft = prepare(post, mail)
        named[draft] = mail.key
        return draft

    def dispatches(post: EwsPost, draft: str) -> None:
        if which is None or named[draft] in which:
            raise error
        dispatch(post, draft)

    with patch.object(EwsPost, "prepare", prepares), patch.object(EwsPost, "dispatch", dispatches):
        yield


@pytest.mark.parametrize(
    "error", [PostDeferred("451 4.3.0"), Unreachable("no answer")], ids=["put off", "without an answer"]
)
def test_a_letter_that_fails_every_time_is_set_aside_with_one_task(
    here: Municipality, error: Exception
) -> None:
    with here.opened() as house:
        ordered, poison = len(letters(house)), weekly(house)
        with failing(lambda: poison, error):
            assert deliver(house).sent == ordered - 1, "the others leave at once"
            for tries, pause in enumerate(PAUSES, start=1):
                now = letters(house)[poison.id]
                assert (now.state, now.attempts) == (LetterState.WAITING, tries)
                here.clock.set(here.clock.now() + pause - MINUTE)
                assert deliver(house).states == {}, "it is left alone until its pause is over"
                here.goes_to(here.clock.now() + MINUTE)
                if not isinstance(error, PostDeferred):
                    another(here, house, tries)  # else nobody knows whose fault it is
                deliver(house)
        assert letters(house)[poison.id].state is LetterState.SET_ASIDE
        assert [code for code in problems(house) if code.startswith("letter_set_aside_")] == [
            set_aside_code(poison.id)
        ]
        assert house.post().left_over() == 0
        here.goes_to(here.clock.now() + timedelta(days=8))
        assert deliver(house).states == {}, "it is never tried again by itself"
        sweep(house, here.slot())
        assert about(house, poison) == [LetterState.SET_ASIDE], "no new one before somebody looked"
        settle(house, letter_code(poison.id), False, "tester")
        assert set_aside_code(poison.id) not in problems(house)
        here.at(17, 30)
        sweep(house, here.slot())
        assert about(house, poison) == [LetterState.EXPIRED, LetterState.WAITING]


def test_letters_that_left_have_left_although_their_copies_cannot_be_removed(here: Municipality) -> None:
    """Exchange goes away behind them: the delivery is one that went well, and the copies go later."""
    with here.opened() as house:
        ordered = len(letters(house))
        with patch.object(EwsPost, "tidy", side_effect=Unreachable("no answer")):
            report = deliver(house)
        assert (report.sent, report.tidied) == (ordered, 0)
        assert problems(house) <= {"tasks_open"}
        assert deliver(house).tidied == ordered and house.post().left_over() == 0


def about(house: House, letter: OutboxLetter) -> list[LetterState]:
    """The states of all letters about the same finding."""
    return sorted(x.state for x in letters(house).values() if x.order.finding == letter.order.finding)


def another(here: Municipality, house: House, number: int) -> None:
    """A further letter waits, to somebody else."""
    old = next(x for x in letters(house).values() if x.order.weekly and x.state is LetterState.SENT)
    now = here.clock.now()
    order = LetterOrder(
        f"another/{number}",
        old.order.kind,
        old.order.topic,
        old.order.person,
        old.order.shown,
        now,
        now + timedelta(hours=1),
    )
    with house.store.begin() as work:
        assert work.order(house.store.letter_id(order.key), order, now)


def test_a_post_that_takes_nothing_costs_no_letter_a_try(here: Municipality) -> None:
    with here.opened() as house:
        ordered = len(letters(house))
        assert ordered > ATTEMPTS
        with failing(lambda: None, PostClosed("452 4.2.2 to the copy")), pytest.raises(Unreachable):
            deliver(house)
        tried = {(x.state, x.attempts) for x in letters(house).values()}
        assert tried == {(LetterState.WAITING, 0), (LetterState.CLAIMED, 0)}
        assert POST in problems(house)
        assert deliver(house).sent == ordered
        assert POST not in problems(house)


def test_a_post_that_refuses_everybody_is_not_asked_for_ever(
    here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it cost more than one letter at a time, from then on, until it takes one."""
    monkeypatch.setattr("mailbot.jobs.deliver.NOES", 3)
    with here.opened() as house:
        ordered = len(letters(house))
        assert ordered > 4 < NOES
        for refused in (3, 4):
            with (
                failing(lambda: None, PostRefused("550 5.7.54")),
                pytest.raises(Unreachable, match="every letter"),
            ):
                deliver(house)
            states = [x.state for x in letters(house).values()]
            assert states.count(LetterState.REFUSED) == refused
            assert states.count(LetterState.WAITING) == ordered - refused
        assert NOTHING_TAKEN in problems(house)
        with house.store.begin() as work:
            assert len(work.resting(here.clock.now())) <= 2, "it is not the fault of all these readers"
        assert deliver(house).sent > 3
        assert NOTHING_TAKEN not in problems(house)


def test_whom_the_post_refuses_for_good_is_left_in_peace_as_after_a_bounce(here: Municipality) -> None:
    with here.opened() as house:
        refused = weekly(house)
        with failing(lambda: refused, PostRefused("550 5.1.1")):
            deliver(house)
        assert about(house, refused) == [LetterState.REFUSED]
        for days, again in ((8, 0), (15, 1)):
            here.goes_to(here.clock.now().replace(day=23, month=11) + timedelta(days=days))
            sweep(house, here.slot())
            assert about(house, refused).count(LetterState.WAITING) == again


def test_letters_that_only_the_post_can_be_blamed_for_hold_up_no_other(here: Municipality) -> None:
    """A server that hangs up whenever it sees one of these: they were first in the queue, each time."""
    with here.opened() as house:
        with house.store.begin() as work:
            queue = work.letters_due(here.clock.now(), 50)
        poison, others = queue[:ATTEMPTS], len(queue) - ATTEMPTS
        with failing_on({x.id for x in poison}, PostClosed("421 4.4.2")):
            for _ in range(2):
                with pytest.raises(Unreachable):
                    deliver(house)
            now = letters(house)
            assert sum(x.state is LetterState.SENT for x in now.values()) == others
            assert {(now[x.id].state, now[x.id].attempts) for x in poison} == {(LetterState.WAITING, 1)}
            assert deliver(house).states == {}, "they are left alone for now"


def test_a_stop_while_its_draft_is_made_leaves_nothing_behind(here: Municipality) -> None:
    """By SMTP the draft is nowhere but in the process: it must not look like one that may have left."""
    prepare = EwsPost.prepare

    def then_stop(post: EwsPost, mail):  # type: ignore[no-untyped-def]
        draft = prepare(post, mail)
        with other.store.begin() as work:
            work.set_stopped(True, here.clock.now())
        return draft

    with here.opened("other") as other, here.opened() as house:
        with patch.object(EwsPost, "prepare", then_stop):
            assert deliver(house).sent == 0
        assert {x.state for x in letters(house).values()} <= {LetterState.WAITING, LetterState.CLAIMED}
        with house.store.begin() as work:
            work.set_stopped(False, here.clock.now())
        deliver(house)
        assert {x.state for x in letters(house).values()} == {LetterState.SENT}
        assert house.post().left_over() == 0


def test_who_is_left_in_peace_gets_it_later(here: Municipality) -> None:
    with here.opened() as house:
        quiet = weekly(house)
        with house.store.begin() as work:
            work.rest(quiet.order.person, here.clock.now() + timedelta(hours=2))
        ordered = len(letters(house))
        assert deliver(house).sent == ordered - 1
        here.goes_to(here.clock.now() + timedelta(hours=2))
        assert deliver(house).sent == 1


@pytest.mark.parametrize("state", [FindingState.WAIVED, FindingState.RESOLVED])
def test_what_was_waived_or_mended_meanwhile_is_not_told(here: Municipality, state: FindingState) -> None:
    """However that came about: no letter speaks of it."""
    with here.opened() as house:
        needless = weekly(house)
        with sqlite3.connect(here.settings / "mailbot.db") as database:
            database.execute(
                "UPDATE finding SET state = ? WHERE id = ?", (state.value, needless.order.finding)
            )
        ordered = len(letters(house))
        assert deliver(house).sent == ordered - 1
        assert letters(house)[needless.id].state is LetterState.WITHDRAWN


def test_nobody_is_thanked_for_what_deviates_again(here: Municipality) -> None:
    with here.opened() as house:
        about = weekly(house)
        deliver(house)
        now = here.clock.now()
        thanks = LetterOrder(
            "thanks/1",
            LetterKind.THANKS,
            about.order.topic,
            about.order.person,
            {},
            now,
            now + timedelta(days=1),
        )
        with house.store.begin() as work:
            assert work.order(house.store.letter_id(thanks.key), thanks, now)
        deliver(house)
        assert letters(house)[house.store.letter_id(thanks.key)].state is LetterState.WITHDRAWN
