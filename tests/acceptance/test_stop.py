"""`mailbot stop`: the brake that ends all sending at once, in every mode, whatever else is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.exchange.ews_post import EwsPost
from mailbot.jobs.digest import digest
from mailbot.model.letters import Mail
from mailbot.model.slots import Job
from tests.acceptance.desk import ADMINISTRATOR, Desk, small_town
from tests.acceptance.municipality import municipality

LETTERS = 10
"""Letters of the small cast on its Monday, digests apart."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def ordered(desk: Desk) -> None:
    """Ten letters in the outbox, their hour come."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: str, letter: int, act: Callable[[], object]) -> None:
    """Somebody does `act` when the post is about to take this step of the n-th letter."""
    original = getattr(EwsPost, step)
    count = 0

    def watched(post: EwsPost, argument: Mail | str) -> object:
        nonlocal count
        count += 1
        if count == letter:
            act()
        return original(post, argument)

    monkeypatch.setattr(EwsPost, step, watched)


@pytest.mark.parametrize("mode", ["live", "pilot", "redirect"])
def test_nothing_leaves_after_a_stop_in_any_mode(desk: Desk, mode: str) -> None:
    desk.here.change(('mode = "live"', f'mode = "{mode}"'), ("# redirect_to = ", "redirect_to = "))
    ordered(desk)
    said = desk.types("stop")
    assert (said.code, said.out) == (0, "All sending is stopped. To lift: mailbot stop --lift\n")
    assert desk.delivers().sent == 0
    assert desk.here.server.delivered() == {}
    assert desk.shows("findings")["stopped"] is True

    assert desk.types("stop", "--lift").out == "Sending is open again.\n"
    assert desk.delivers().sent > 0, "nothing was lost"
    assert desk.shows("findings")["stopped"] is False


def test_a_stop_in_the_middle_of_a_delivery_ends_it_at_that_letter(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(desk)
    meanwhile(monkeypatch, "prepare", 4, lambda: desk.types("stop"))
    assert desk.delivers().sent == 3
    assert desk.here.letters() == 3
    assert desk.delivers().sent == 0
    desk.types("stop", "--lift")
    assert desk.delivers().sent == LETTERS - 3
    assert desk.here.letters() == LETTERS, "each once, none lost"
    assert desk.letters() == {("nudge", "sent"): LETTERS}


def test_a_letter_on_its_way_out_when_the_stop_comes_is_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchange has been told to send it already; that cannot be called back, the next one can."""
    ordered(desk)
    meanwhile(monkeypatch, "dispatch", 4, lambda: desk.types("stop"))
    assert desk.delivers().sent == 4
    assert desk.here.letters() == 4
    assert desk.letters() == {("nudge", "sent"): 4, ("nudge", "waiting"): LETTERS - 4}


@pytest.mark.parametrize("state", ["claimed", "drafted"])
def test_a_letter_that_a_stop_caught_halfway_obeys_the_mode_it_wakes_up_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Stopped because letters went astray; then delivery is switched off, and only then the stop lifted."""
    ordered(desk)
    if state == "drafted":
        monkeypatch.setattr(EwsPost, "dispatch", lambda _post, _draft: dies_stopped(desk))
    else:
        meanwhile(monkeypatch, "prepare", 1, lambda: desk.types("stop"))
    try:
        desk.delivers()
    except ConnectionError:
        assert state == "drafted"
    monkeypatch.undo()
    desk.here.change(('mode = "live"', 'mode = "off"'))
    desk.types("stop", "--lift")
    desk.goes_to_day(23, 10, 30)
    desk.delivers()
    assert desk.here.letters() == 0, "mode off: nothing leaves"


def test_a_letter_that_a_stop_caught_halfway_is_not_sent_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Soon away?" makes no sense to somebody who has been away for two days."""
    with municipality(tmp_path, 30, stories=["portugal"]) as here:
        desk = Desk(here)
        ordered(desk)
        monkeypatch.setattr(EwsPost, "dispatch", lambda _post, _draft: dies_stopped(desk))
        with pytest.raises(ConnectionError):
            desk.delivers()
        monkeypatch.undo()
        desk.goes_to_day(26, 10, 5)
        desk.types("stop", "--lift")
        assert desk.delivers().sent == 0
        assert desk.staff_got("portugal") == []
        assert desk.letters() == {("nudge", "expired"): 1}


def dies_stopped(desk: Desk) -> None:
    desk.types("stop")
    raise ConnectionError("the process dies before Exchange hears of it")


def test_a_sweep_while_stopped_keeps_its_findings_and_orders_nothing(desk: Desk) -> None:
    desk.types("stop")
    shown = desk.shows("sweep")
    assert {row["step"] for row in shown["steps"]} == {"open (stopped)"}
    assert sum(row["count"] for row in shown["steps"]) == LETTERS + 1
    desk.types("stop", "--lift")
    desk.goes_to_day(23, 7)
    shown = desk.shows("sweep")
    assert sum(row["count"] for row in shown["steps"] if row["step"] == "keep+nudge") == LETTERS


def test_a_stop_on_monday_morning_does_not_lose_the_digests_of_the_week(desk: Desk) -> None:
    desk.types("sweep")
    desk.goes_to_day(23, 8, 29)
    desk.types("stop")
    desk.goes_to_day(23, 8, 31)
    with desk.here.opened() as house:
        digests = digest(house, desk.here.slot(Job.DIGEST))
    assert digests
    assert desk.delivers().sent == 0
    desk.goes_to_day(23, 9, 30)
    desk.types("stop", "--lift")
    desk.delivers()
    assert desk.letters()[("digest", "sent")] == digests


def test_both_ways_stand_in_the_audit_log_with_a_name(desk: Desk) -> None:
    desk.types("stop")
    desk.types("stop", "--lift")
    assert [(actor, action) for actor, action, _ in desk.audit()[:2]] == [
        (ADMINISTRATOR, "stop_lifted"),
        (ADMINISTRATOR, "stop"),
    ]


# the brake works in a house where nothing else does


def test_it_works_in_mode_live_with_a_closed_gate(desk: Desk) -> None:
    (desk.here.settings / "gates.toml").unlink()
    assert desk.types("sweep").code == 4
    assert desk.types("stop").code == 0


def test_it_works_with_a_broken_people_file_and_without_the_password_of_exchange(desk: Desk) -> None:
    ordered(desk)
    (desk.here.settings / "directory.ldf").write_text("no: directory\n")
    (desk.here.settings / "exchange.password").unlink()
    desk.here.change(('mode = "live"', 'mode = "lief"'))
    assert desk.types("findings").code == 2
    assert desk.types("stop").code == 0
    desk.here.change(('mode = "lief"', 'mode = "live"'))
    desk.here.publishes()
    (desk.here.settings / "exchange.password").write_text("demo-only")
    (desk.here.settings / "exchange.password").chmod(0o600)
    assert desk.delivers().sent == 0


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (('url = "sqlite:///mailbot.db"', 'url = "oracle://x"'), 2, "store.url"),
        (('key_file = "mailbot.key"', 'key_file = "gone.key"'), 3, "There is no key file"),
    ],
)
def test_only_the_store_itself_can_be_in_its_way(
    desk: Desk, change: tuple[str, str], code: int, says: str
) -> None:
    desk.here.change(change)
    said = desk.types("stop")
    assert (said.code, said.out) == (code, "")
    assert says in said.err


def test_an_excluded_person_has_no_letter_waiting_behind_the_stop(desk: Desk) -> None:
    ordered(desk)
    desk.types("stop")
    desk.types("people", "exclude", desk.resident("plain-over").address)
    desk.types("stop", "--lift")
    assert desk.delivers().sent == LETTERS - 1
    assert desk.staff_got("plain-over") == []


def test_who_left_the_people_file_has_no_letter_either(desk: Desk) -> None:
    ordered(desk)
    gone = desk.resident("plain-over")
    desk.types("stop")
    desk.exports([replace(p) for p in desk.here.town.residents if p.guid != gone.guid])
    desk.types("stop", "--lift")
    desk.delivers()
    assert desk.got(gone.address) == []
    assert desk.letters()[("nudge", "withdrawn")] == 1
