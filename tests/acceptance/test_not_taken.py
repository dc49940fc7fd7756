"""Letters that a mail server does not take: the administrator can see whose mailbox to look at."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mailbot.jobs.courier import PAUSES
from mailbot.jobs.deliver import deliver
from mailbot.jobs.house import House
from mailbot.jobs.lookup import settle
from mailbot.jobs.restriction import pause
from mailbot.jobs.sweep import sweep
from mailbot.jobs.tasks import open_tasks, whose
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import Address
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LetterState, Mail
from mailbot.model.tasks import Task
from mailbot.ports import PostDeferred, PostRefused
from tests.acceptance.municipality import Municipality
from tests.acceptance.test_put_off import MINUTE, failing, here, weekly

__all__ = ["here"]
NOT_TAKEN = Task.LETTERS_NOT_TAKEN


def readers(house: House) -> list[Address]:
    """Whom the task names; the count beside it is the same."""
    found = [person.address for person in whose(house, NOT_TAKEN, "a test looks", "tester")]
    assert open_tasks(house)[1].get(NOT_TAKEN, 0) == len(found)
    return found


@pytest.fixture
def house(here: Municipality) -> Iterator[House]:
    with here.opened() as opened:
        yield opened


def address(house: House, key: str) -> Address:
    (found,) = (p for p in house.directory.people().by_guid.values() if house.store.person_key(p.guid) == key)
    return found.address


def test_a_reader_whose_letter_was_refused_is_named_while_they_rest(here: Municipality, house: House) -> None:
    letter = weekly(house)
    assert readers(house) == []
    with failing(lambda: letter, PostRefused("550 5.1.1")):
        deliver(house)
    assert readers(house) == [address(house, letter.order.person)]
    here.goes_to(here.clock.now() + timedelta(days=15))
    sweep(house, here.slot())
    assert readers(house) == [], "the next letter is tried"


def test_one_whose_letter_is_set_aside_until_somebody_looked(here: Municipality, house: House) -> None:
    letter = weekly(house)
    with failing(lambda: letter, PostDeferred("451 4.3.0")):
        deliver(house)
        for wait in PAUSES:
            assert readers(house) == [], "it is tried again"
            here.goes_to(here.clock.now() + wait + MINUTE)
            deliver(house)
    assert readers(house) == [address(house, letter.order.person)]
    settle(house, letter_code(letter.id), False, "tester")
    assert readers(house) == []


def test_nobody_who_is_paused(here: Municipality, house: House) -> None:
    letter = weekly(house)
    with failing(lambda: letter, PostRefused("550 5.1.1")):
        deliver(house)
    pause(house, address(house, letter.order.person), "tester")
    assert readers(house) == []


def test_nobody_whose_letter_had_no_text(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault of a mailbox; its reader does not rest either."""
    monkeypatch.setattr("mailbot.jobs.courier.render", without_text)
    deliver(house)
    with house.store.begin() as work:
        assert {state for _, state in work.letter_counts()} == {LetterState.REFUSED}
    assert readers(house) == []


def without_text(*_: object) -> Mail:
    raise LetterRefused("a placeholder that nobody fills")
