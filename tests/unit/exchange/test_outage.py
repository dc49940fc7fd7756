"""When lost connections are the endpoint's trouble, and how long everybody leaves it alone then."""

import time

import pytest

from mailbot.exchange.ews import outage as module
from mailbot.exchange.ews.outage import DIFFERENT, FIRST_REST, LONGEST_REST, Outage
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason


def ask(outage: Outage, mailbox: str, reason: Reason | None = None) -> None:
    """One request that is answered, or meets this trouble."""
    try:
        with outage.asking(mailbox):
            if reason is not None:
                raise EwsTrouble(reason, "somehow")
    except EwsTrouble as met:
        assert met.reason is reason


def lose(outage: Outage, *mailboxes: str) -> None:
    for mailbox in mailboxes:
        ask(outage, mailbox, Reason.CONNECTION_LOST)


@pytest.fixture
def away() -> Outage:
    outage = Outage()
    lose(outage, *map(str, range(DIFFERENT)))
    return outage


def test_different_mailboxes_in_a_row_tell_that_nobody_is_there(away: Outage) -> None:
    assert away.away
    assert 0 < away.rest() <= FIRST_REST


def test_fewer_do_not() -> None:
    outage = Outage()
    lose(outage, *map(str, range(DIFFERENT - 1)))
    assert not outage.away
    assert outage.rest() == 0


def test_nor_does_the_same_one_over_and_over() -> None:
    outage = Outage()
    lose(outage, *["always the same"] * 50)
    assert not outage.away


@pytest.mark.parametrize("reason", [None, Reason.THROTTLED, Reason.SERVER_FAILED, Reason.ACCESS_DENIED])
def test_an_answer_in_between_begins_the_row_anew(reason: Reason | None) -> None:
    """Whatever it says: somebody was there to say it."""
    outage = Outage()
    lose(outage, "one", "two")
    ask(outage, "three", reason)
    lose(outage, "four", "five")
    assert not outage.away


def test_silence_is_no_answer_and_no_lost_connection() -> None:
    outage = Outage()
    lose(outage, "one", "two")
    ask(outage, "three", Reason.TIMED_OUT)
    assert not outage.away
    lose(outage, "four")
    assert outage.away


def test_silence_does_not_end_it(away: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.monotonic() + 2 * FIRST_REST
    monkeypatch.setattr(time, "monotonic", lambda: later)
    ask(away, "scout", Reason.TIMED_OUT)
    assert away.rest() > FIRST_REST


@pytest.mark.parametrize("reason", [None, Reason.THROTTLED, Reason.SIGN_IN_REFUSED])
def test_any_answer_ends_it(away: Outage, reason: Reason | None) -> None:
    ask(away, "somebody", reason)
    assert not away.away
    assert away.rest() == 0


def test_what_was_on_its_way_when_it_began_is_no_news(away: Outage) -> None:
    before = away.rest()
    lose(away, *map(str, range(32)))
    assert away.rest() <= before


def test_each_look_in_vain_doubles_the_rest_up_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    outage, rests = Outage(), []
    lose(outage, "one", "two")
    for number in range(9):
        lose(outage, f"scout {number}")
        rests.append(outage.rest())
        moment[0] += outage.rest()
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(rests) == LONGEST_REST


def test_the_next_outage_begins_with_a_short_rest(away: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_REST", 0.5)
    ask(away, "somebody")
    lose(away, *map(str, range(DIFFERENT)))
    assert 0 < away.rest() <= 0.5
