"""When letters leave, and when they do not: hours, gates, modes, and what a broken-off delivery left."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from mailbot.jobs.deliver import deliver
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import Unreachable
from mailbot.model.ids import ObjectGuid
from mailbot.model.letters import LetterState
from mailbot.simulator import Fault, FaultKind
from mailbot.simulator.calendars import all_day
from tests.acceptance.desk import GIB, Desk, nobody_opens, small_town
from tests.acceptance.municipality import Municipality, municipality


def states(house: House) -> Counter[LetterState]:
    with house.store.begin() as work:
        found: Counter[LetterState] = Counter()
        for (_kind, state), number in work.letter_counts().items():
            found[state] += number
    return found


def swept(here: Municipality, house: House) -> int:
    """The Monday sweep; how many letters it ordered."""
    sweep(house, here.slot())
    waiting = states(house)[LetterState.WAITING]
    assert waiting > 10
    return waiting


def test_no_letter_leaves_before_or_after_office_hours(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        swept(voorbeeld, house)
        for hour in (7, 8, 17, 22):
            voorbeeld.at(hour, 5 if hour != 8 else 25)
            assert deliver(house).sent == 0
    assert voorbeeld.letters() == 0


@pytest.mark.parametrize(
    ("kept", "begins", "at_most"),
    [("weekly", (16, 57), 5), ("urgent", (15, 0), 2)],
    ids=["the office closes at five", "letters about an absence leave until three"],
)
def test_a_delivery_that_takes_its_time_ends_with_the_hours(
    tmp_path: Path, kept: str, begins: tuple[int, int], at_most: int
) -> None:
    """Where a mail server takes one letter a minute; one that it has in hand is not called back."""
    with small_town(tmp_path) as desk:
        desk.here.change(("per_minute = 120", "per_minute = 1"))
        desk.types("sweep")
        with desk.here.opened() as house:
            with house.store.begin() as work:
                for letter in work.letters_that(lambda _: True):
                    if letter.order.weekly != (kept == "weekly"):
                        work.move(letter.id, LetterState.WAITING, LetterState.WITHDRAWN, house.clock.now())
            waiting = states(house)[LetterState.WAITING]
            desk.goes_to_day(23, *begins)
            sent = deliver(house).sent
            assert 1 <= sent <= at_most < waiting
            assert states(house)[LetterState.WAITING] == waiting - sent


def test_what_waits_over_the_night_leaves_in_the_morning_and_nothing_on_saturday(
    voorbeeld: Municipality,
) -> None:
    with voorbeeld.opened() as house:
        swept(voorbeeld, house)
        voorbeeld.at(3, day=24)
        assert deliver(house).sent == 0, "letters about sizes may wait for days, but never come at night"
        voorbeeld.at(14, day=28)
        assert deliver(house).sent == 0, "a Saturday"
        voorbeeld.at(9, day=30)
        assert deliver(house).sent > 0


def test_a_closed_gate_stops_letters_that_were_ordered_already(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        ordered = swept(voorbeeld, house)
    gates = voorbeeld.settings / "gates.toml"
    filled = gates.read_text(encoding="utf-8")
    gates.write_text((voorbeeld.settings / "gates.empty.toml").read_text(encoding="utf-8"), encoding="utf-8")
    voorbeeld.change(('mode = "live"', 'mode = "pilot"'))
    voorbeeld.at(10, 5)
    with voorbeeld.opened() as house:
        assert deliver(house).sent == 0
        assert states(house)[LetterState.WAITING] == ordered
        with house.store.begin() as work:
            assert "delivery_gates_closed" in work.problems()
    gates.write_text(filled, encoding="utf-8")
    voorbeeld.change(('mode = "pilot"', 'mode = "live"'))
    with voorbeeld.opened() as house:
        assert deliver(house).sent == ordered
        with house.store.begin() as work:
            assert "delivery_gates_closed" not in work.problems()


def broken_off(here: Municipality, house: House) -> None:
    """A delivery in which Exchange loses every send: some letters are drafted, none has left."""
    swept(here, house)
    here.at(10, 5)
    here.server.faults.add(Fault(FaultKind.DROP_BEFORE, operation="SendItem"))
    with pytest.raises(Unreachable):
        deliver(house)
    here.server.faults.clear()
    assert states(house)[LetterState.DRAFTED] == 3
    assert here.letters() == 0


def test_a_letter_under_way_is_not_sent_when_the_mode_is_off_now(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        broken_off(voorbeeld, house)
    voorbeeld.change(('mode = "live"', 'mode = "off"'))
    with voorbeeld.opened() as house:
        assert deliver(house).sent == 0
        assert states(house)[LetterState.DRAFTED] == 0
        assert house.post().left_over() == 0, "a draft with somebody's name does not stay behind"
    assert voorbeeld.letters() == 0


def test_an_absence_letter_under_way_does_not_arrive_during_the_absence(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        broken_off(voorbeeld, house)
        voorbeeld.at(9, day=26)
        deliver(house)
        found = states(house)
    assert found[LetterState.EXPIRED] > 0
    assert found[LetterState.DRAFTED] == 0
    for mails in voorbeeld.server.delivered().values():
        assert not [mail for mail in mails if mail.subject == "Je automatische antwoord"]


def test_nobody_is_asked_for_what_was_in_order_at_the_last_look(tmp_path: Path) -> None:
    """A letter waits; then the reader mends it. A dry run sees that, as does a sweep whose plan is held."""
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        desk.types("sweep")
        desk.resizes("plain-over", GIB)
        desk.goes_to_day(23, 8)
        dry = desk.shows("sweep", "--dry-run")
        desk.goes_to_day(23, 9)
        assert desk.delivers().sent == 0 and desk.letters() == {("nudge", "waiting"): 1}

        desk.types("plan", "run", dry["plan"])
        assert desk.letters() == {("nudge", "withdrawn"): 1}


def test_a_letter_that_is_true_again_leaves(tmp_path: Path) -> None:
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        desk.types("sweep")
        for hour, size in ((7, GIB), (8, 6 * GIB)):
            desk.resizes("plain-over", size)
            desk.goes_to_day(23, hour)
            desk.types("sweep", "--dry-run")
        desk.goes_to_day(23, 9)
        assert desk.delivers().sent == 1


def test_a_look_that_failed_says_nothing_against_a_letter(tmp_path: Path) -> None:
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        desk.types("sweep")
        here.server.faults.add(*nobody_opens())
        desk.goes_to_day(23, 8)
        assert desk.shows_with_log("sweep", "--dry-run", code=12)["mailboxes"]["read"] == 0
        desk.goes_to_day(23, 9)
        assert desk.delivers().sent == 1


def test_on_the_first_day_of_an_absence_that_only_the_calendar_tells_of_no_letter_is_made(
    tmp_path: Path,
) -> None:
    """The sweep is at six; the calendar counts the absence from half past eight."""
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        mailbox = here.town.mailbox(desk.resident("plain-over").address)
        assert mailbox is not None
        mailbox.calendar.append(all_day("Verlof", date(2026, 11, 23), date(2026, 11, 27)))
        steps = {(row["rule"], row["step"]) for row in desk.shows("sweep")["steps"]}
        assert steps == {("quota", "open (away)")}


@pytest.mark.parametrize("until", [date(2026, 11, 27), date(2026, 12, 18)], ids=["four days", "weeks"])
def test_what_waited_reaches_nobody_who_is_away_by_the_calendar_alone(tmp_path: Path, until: date) -> None:
    """Ordered on Monday, when nothing left; on Tuesday its reader is away, which personnel does not know."""
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        desk.types("sweep")
        mailbox = here.town.mailbox(desk.resident("plain-over").address)
        assert mailbox is not None
        mailbox.calendar.append(all_day("Verlof", date(2026, 11, 24), until))
        desk.goes_to_day(24)
        desk.types("sweep")
        desk.goes_to_day(24, 9)
        assert desk.delivers().sent == 0 and desk.letters()[("nudge", "waiting")] == 1


def test_a_broken_off_delivery_is_made_up_for_once(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        broken_off(voorbeeld, house)
        ordered = sum(states(house).values())
        assert deliver(house).sent == ordered
        assert deliver(house).sent == 0
        assert house.post().left_over() == 0
    assert voorbeeld.letters() == ordered


def test_one_letter_that_always_fails_holds_up_no_other(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        ordered = swept(voorbeeld, house)
        voorbeeld.at(10, 5)
        fault = Fault(FaultKind.CODE, operation="SendItem", nth=1, count=1, code="ErrorX")
        voorbeeld.server.faults.add(fault)
        first = deliver(house).sent
        assert first == ordered - 1
        assert deliver(house).sent == 0, "it waits for a quarter of an hour"
        voorbeeld.at(10, 25)
        assert deliver(house).sent == 1


def test_an_exchange_that_answers_nobody_is_told_and_not_called_complete(voorbeeld: Municipality) -> None:
    voorbeeld.server.faults.add(*nobody_opens())
    with voorbeeld.opened() as house:
        report = sweep(house, voorbeeld.slot())
        assert report is not None
        assert report.result.value == "partial"
        with house.store.begin() as work:
            assert "sweep_partial" in work.problems()
        voorbeeld.server.faults.clear()
        voorbeeld.at(7)
        again = sweep(house, voorbeeld.slot())
        assert again is not None
        assert again.result.value == "complete"
        with house.store.begin() as work:
            assert "sweep_partial" not in work.problems()


def test_a_shared_private_folder_is_told_once_to_its_owner_alone(voorbeeld: Municipality) -> None:
    """It is a tip: no finding is made of it, and the next day nobody hears of it again."""
    hint = "Deel je een map met een vertrouwelijke naam?"

    def told() -> list[str]:
        everybody = voorbeeld.server.delivered().items()
        return [address for address, mails in everybody for mail in mails if mail.subject == hint]

    with voorbeeld.opened() as house:
        for day in (23, 24, 25):
            voorbeeld.at(6, 0, day)
            sweep(house, voorbeeld.slot())
            voorbeeld.at(10, 5, day)
            deliver(house)
        with house.store.begin() as work:
            findings = [finding for finding in work.living() if finding.rule == "delegates"]
        keys = {house.store.person_key(guid) for guid in tipped(voorbeeld)}
    assert sorted(told()) == sorted(tipped(voorbeeld).values())
    assert not keys & {finding.person for finding in findings}


def tipped(here: Municipality) -> dict[ObjectGuid, str]:
    """Addresses of the staged people who share a private folder."""
    owners = [guid for guid, by_rule in here.town.expected().items() if by_rule["delegates"] == "tip"]
    return {r.guid: r.address for r in here.town.residents if r.guid in owners}
