"""When lost connections are the endpoint's trouble, and how long everybody leaves it alone then."""

import time

import pytest

from mailbot.exchange.ews import outage as module
from mailbot.exchange.ews.outage import DIFFERENT, FIRST_REST, LONGEST_REST, Outage
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

SAID = {
    Reason.THROTTLED: "ErrorServerBusy",
    Reason.SERVER_FAILED: "ErrorInternalServerError",
    Reason.ACCESS_DENIED: "ErrorAccessDenied",
}
"""With which code EWS itself says so."""


def ask(outage: Outage, mailbox: str, reason: Reason | None = None, code: str = "") -> None:
    """One request that is answered, or meets this trouble."""
    try:
        with outage.asking(mailbox):
            if reason is not None:
                raise EwsTrouble(reason, code or SAID.get(reason, "somehow"))
    except EwsTrouble as met:
        assert met.reason is reason


def lose(outage: Outage, *mailboxes: str) -> None:
    for mailbox in mailboxes:
        ask(outage, mailbox, Reason.CONNECTION_LOST)


@pytest.fixture
def asked() -> Outage:
    """The question is raised, and nobody has looked yet."""
    outage = Outage()
    lose(outage, *map(str, range(DIFFERENT)))
    return outage


@pytest.fixture
def away(asked: Outage) -> Outage:
    lose(asked, "the look")
    return asked


def test_different_mailboxes_in_a_row_raise_the_question_and_somebody_looks_at_once(asked: Outage) -> None:
    assert asked.away
    assert asked.looks == 1
    assert asked.rest() == 0


def test_after_a_look_in_vain_nobody_asks_for_a_while(away: Outage) -> None:
    assert away.looks == 2
    assert 0 < away.rest() <= FIRST_REST


def test_who_lost_their_connection_while_somebody_is_there_raise_it_no_more(asked: Outage) -> None:
    """The trouble is their own, however often it comes. Others still raise the question."""
    ask(asked, "the look")
    lose(asked, *map(str, range(DIFFERENT)), "one", "two")
    assert not asked.away
    lose(asked, "three")
    assert asked.away


def test_until_they_are_answered(asked: Outage) -> None:
    ask(asked, "the look")
    for mailbox in map(str, range(DIFFERENT)):
        ask(asked, mailbox)
    lose(asked, *map(str, range(DIFFERENT)))
    assert asked.away


def test_an_answer_that_was_on_its_way_tells_nothing_about_them() -> None:
    """It was sent before the server went away, perhaps: the next losses raise the question anew."""
    outage = Outage()
    with outage.asking("slow"):
        lose(outage, *map(str, range(DIFFERENT)))
    assert not outage.away
    lose(outage, *map(str, range(DIFFERENT)))
    assert outage.away


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


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.SERVER_FAILED, "http_500"),
        (Reason.THROTTLED, "http_503"),
        (Reason.ANSWER_BROKEN, "xml"),
        (Reason.OPERATION_MISSING, "http_404"),
    ],
)
def test_nor_does_a_page_of_something_in_front(
    away: Outage, reason: Reason, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.monotonic() + 2 * FIRST_REST
    monkeypatch.setattr(time, "monotonic", lambda: later)
    ask(away, "scout", reason, code)
    assert away.rest() > FIRST_REST


@pytest.mark.parametrize("reason", [None, Reason.THROTTLED, Reason.SIGN_IN_REFUSED])
def test_any_answer_of_ews_ends_it(away: Outage, reason: Reason | None) -> None:
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
    for number in range(10):
        lose(outage, f"scout {number}")
        rests.append(outage.rest())
        moment[0] += outage.rest()
    assert rests == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(rests) == LONGEST_REST


def test_the_next_outage_begins_with_a_short_rest(away: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_REST", 0.5)
    ask(away, "somebody")
    lose(away, *map(str, range(DIFFERENT)), "the look")
    assert 0 < away.rest() <= 0.5
