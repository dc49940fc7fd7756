"""Who answers for a waiver hears before it ends, once; where no letter can tell them, the operator does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from mailbot.engine.recipients import Mode
from mailbot.jobs.waivers import order_waiver_letters, tell_of_waivers
from mailbot.model.employment import Leave
from mailbot.model.facts import Known
from mailbot.model.ids import Address
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.organisation import Standing
from mailbot.model.people import People, Person
from mailbot.model.restrictions import Restriction
from mailbot.policy.waivers import Waiver
from mailbot.store.sql import SqlStore
from tests.unit.jobs.braked_house import MONDAY, Braked, Told, braked, person

TODAY = date(2026, 11, 23)
OWNER, COLLEAGUE, MAILBOX = person(1), person(2), person(3)
TEAM = Address("burgerzaken@voorbeeld.example")


class Remembering(Told):
    """The operator as the store knows it: problems that are open stay known from one sweep to the next."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__()
        self._store = store

    def problem(self, code: str, text: str) -> None:
        super().problem(code, text)
        with self._store.begin() as work:
            work.set_problem(code, MONDAY)

    def solved(self, code: str) -> None:
        super().solved(code)
        with self._store.begin() as work:
            work.set_problem(code, None)


@pytest.fixture
def here() -> Iterator[Braked]:
    store = SqlStore("sqlite://", bytes(range(32)))
    made = braked(store)
    operator = Remembering(store)
    yield replace(made, operator=operator, house=replace(made.house, operator=cast(Any, operator)))
    store.close()


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


IN_TWO_WEEKS = days(14)


def waiver(
    until: date = IN_TWO_WEEKS, of: Address = TEAM, by: Address = OWNER.address, **more: Any
) -> Waiver:
    return Waiver.model_validate(
        {
            "owner": "teamleider Burgerzaken",
            "owner_address": by.value,
            "reason": "archief",
            "rule": "quota",
            "address": of.value,
            "from": date(2026, 3, 1),
            "until": until,
        }
        | more
    )


def people(*persons: Person) -> People:
    """With the team's mailbox, which is nobody's own and left out of the population."""
    known = {one.address: Standing.ACTIVE for one in persons} | {TEAM: Standing.NO_PERSON}
    return People({one.guid: one for one in persons}, frozenset(), MONDAY, colleagues=known)


EVERYBODY = people(OWNER, COLLEAGUE, MAILBOX)


def orders(here: Braked, *waivers: Waiver, who: People = EVERYBODY) -> int:
    """What a sweep does about waivers; gives how many letters it ordered."""
    here.changes(waivers=waivers)
    with here.house.store.begin() as work:
        done = order_waiver_letters(here.house, work, who, here.clock.now())
    tell_of_waivers(here.house, done)
    return done.ordered


def letters(here: Braked, to: Person = OWNER) -> list[OutboxLetter]:
    with here.house.store.begin() as work:
        return work.letters_of(here.house.store.person_key(to.guid))


def moves(here: Braked, letter: OutboxLetter, *states: LetterState) -> None:
    with here.house.store.begin() as work:
        for before, after in zip((letter.state, *states), states, strict=False):
            work.move(letter.id, before, after, here.clock.now())


SENT = (LetterState.CLAIMED, LetterState.DRAFTED, LetterState.SENT)


def sends(here: Braked) -> None:
    (letter,) = (one for one in letters(here) if one.state is LetterState.WAITING)
    moves(here, letter, *SENT)


def goes_to(here: Braked, day: date) -> None:
    here.clock.set(datetime(day.year, day.month, day.day, 5, tzinfo=UTC))


# one letter


def test_fourteen_days_before_the_end_the_owner_gets_one_letter(here: Braked) -> None:
    assert orders(here, waiver(days(15))) == 0
    assert orders(here, waiver()) == 1
    (letter,) = letters(here)
    assert (letter.order.kind, letter.order.topic, letter.order.weekly) == (
        LetterKind.WAIVER,
        "waiver",
        False,
    )
    assert letter.order.shown == {
        "rule": "quota",
        "since": date(2026, 3, 1),
        "until": days(14),
        "named": True,
        "mailbox": TEAM.value,
        "several": False,
        "waivers": 1,
    }
    assert here.operator.messages == []


def test_however_often_a_sweep_comes_by_it_is_made_once(here: Braked) -> None:
    orders(here, waiver())
    for day in (1, 5, 13):
        goes_to(here, days(day))
        assert orders(here, waiver()) == 0
        if day == 1:
            sends(here)
    assert len(letters(here)) == 1
    assert here.operator.open == {}


def test_other_words_for_owner_or_reason_make_no_second_letter(here: Braked) -> None:
    orders(here, waiver())
    assert orders(here, waiver(owner="hoofd Burgerzaken", reason="het archief")) == 0


def test_prolonged_it_is_told_of_before_its_new_end(here: Braked) -> None:
    orders(here, waiver())
    sends(here)
    longer = waiver(days(60))
    assert orders(here, longer) == 0
    goes_to(here, days(46))
    assert orders(here, longer) == 1
    assert [letter.order.shown["until"] for letter in letters(here)] == [days(14), days(60)]


def test_what_was_prolonged_before_the_letter_left_is_not_told(here: Braked) -> None:
    orders(here, waiver())
    orders(here, waiver(days(60)))
    assert [letter.state for letter in letters(here)] == [LetterState.WITHDRAWN]
    assert here.operator.open == {}


def test_several_that_end_in_the_same_days_are_one_letter(here: Braked) -> None:
    other = waiver(days(20), of=MAILBOX.address)
    assert orders(here, waiver(), other, waiver(days(90), rule="delegates")) == 1
    (letter,) = letters(here)
    assert letter.order.shown == {"waivers": 2, "until": days(14), "several": True, "named": False}
    goes_to(here, days(8))
    assert orders(here, waiver(), other) == 0, "the second one was told with the first"


def test_when_one_of_two_is_taken_away_the_letter_is_made_anew(here: Braked) -> None:
    other = waiver(days(20), of=MAILBOX.address)
    orders(here, waiver(), other)
    assert orders(here, waiver()) == 1
    assert {(letter.state, letter.order.shown["waivers"]) for letter in letters(here)} == {
        (LetterState.WITHDRAWN, 2),
        (LetterState.WAITING, 1),
    }


def test_each_owner_gets_a_letter_of_their_own(here: Braked) -> None:
    assert orders(here, waiver(), waiver(of=MAILBOX.address, by=COLLEAGUE.address)) == 2
    assert len(letters(here)) == len(letters(here, COLLEAGUE)) == 1


def test_somebodys_own_mailbox_is_not_named(here: Braked) -> None:
    orders(here, waiver(of=MAILBOX.address))
    (letter,) = letters(here)
    assert MAILBOX.address.value not in repr(dict(letter.order.shown))
    assert letter.order.shown["named"] is False and "mailbox" not in letter.order.shown


def test_no_address_stands_in_the_letters_name(here: Braked) -> None:
    orders(here, waiver())
    (letter,) = letters(here)
    assert "@" not in letter.order.key and "burgerzaken" not in letter.order.key


def test_it_waits_until_the_owner_is_back(here: Braked) -> None:
    away = replace(OWNER, leave=(Leave(days(0), days(4), days(-30)),))
    assert orders(here, waiver(), who=people(away)) == 1
    (letter,) = letters(here)
    assert letter.order.not_before.date() == days(7), "Monday after a week of leave"
    assert letter.order.not_after.date() == days(14)


def test_in_a_test_the_real_letter_is_still_to_come(here: Braked) -> None:
    here.changes(mode=Mode.REDIRECT, redirect_everyone=True, redirect_to=COLLEAGUE.address)
    assert orders(here, waiver()) == 1
    here.changes(mode=Mode.LIVE)
    assert orders(here, waiver()) == 1
    assert sorted(letter.order.test for letter in letters(here)) == [False, True]


# nobody falls through


def unheard(here: Braked) -> list[str]:
    return [text for code, text in here.operator.open.items() if code.startswith("waiver_ends_")]


CLOSED = replace(OWNER, enabled=Known(False, MONDAY))
LEFT = replace(OWNER, ends=days(-1))
ON_LEAVE = replace(OWNER, leave=(Leave(days(0), days(40), days(-30)),))


@pytest.mark.parametrize(
    "who",
    [people(COLLEAGUE), people(CLOSED), people(LEFT), people(ON_LEAVE)],
    ids=["no mailbox, or excluded", "account closed", "left", "on leave until after the end"],
)
def test_where_no_letter_can_tell_the_owner_the_operator_hears(here: Braked, who: People) -> None:
    assert orders(here, waiver(days(90), rule="delegates"), waiver(), who=who) == 0
    (text,) = unheard(here)
    assert "Waiver 2 of waivers.toml ends on 2026-12-07" in text
    assert "@" not in text and "teamleider" not in text


def test_whoever_is_paused_reads_as_nobody(here: Braked) -> None:
    with here.house.store.begin() as work:
        work.restrict(OWNER.guid, Restriction.PAUSED, here.clock.now())
    assert orders(here, waiver()) == 0
    assert len(unheard(here)) == 1


@pytest.mark.parametrize(
    "states",
    [(LetterState.EXPIRED,), (*SENT, LetterState.BOUNCED), (LetterState.CLAIMED, LetterState.REFUSED)],
    ids=["expired", "came back", "refused"],
)
def test_a_letter_that_did_not_arrive_is_told_to_the_operator(
    here: Braked, states: tuple[LetterState, ...]
) -> None:
    orders(here, waiver())
    (letter,) = letters(here)
    moves(here, letter, *states)
    assert orders(here, waiver()) == 0
    assert len(unheard(here)) == 1


def test_so_is_one_that_still_waits_when_the_end_is_near(here: Braked) -> None:
    """The owner is new, or left in peace after an objection: the letter waits for its time, not for ever."""
    orders(here, waiver())
    goes_to(here, days(10))
    orders(here, waiver())
    assert unheard(here) == []
    goes_to(here, days(11))
    orders(here, waiver())
    assert len(unheard(here)) == 1
    sends(here)
    orders(here, waiver())
    assert unheard(here) == []


def test_while_letters_are_off_the_operator_hears(here: Braked) -> None:
    here.changes(mode=Mode.OFF)
    assert orders(here, waiver()) == 0
    assert len(unheard(here)) == 1


def test_the_operator_hears_of_each_once_and_when_it_is_over(here: Braked) -> None:
    who = people(COLLEAGUE)
    for day in (0, 1, 2):
        goes_to(here, days(day))
        orders(here, waiver(), who=who)
    assert len(here.operator.messages) == 1
    goes_to(here, days(15))
    orders(here, waiver(), who=who)
    assert unheard(here) == []
