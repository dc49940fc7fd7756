"""A letter in doubt waits for a human, who settles it by the code that stands on it."""

import sqlite3
from dataclasses import replace

import pytest

from mailbot.jobs.deliver import deliver
from mailbot.jobs.lookup import NotInDoubt, settle
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import Unreachable
from mailbot.model.findings import FindingState
from mailbot.model.ids import RuleId
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LetterState, OutboxLetter
from mailbot.rules import registry
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.municipality import Municipality
from tests.acceptance.staged import bring


def in_doubt(here: Municipality) -> list[OutboxLetter]:
    """Three letters whose sends got no answer, after which somebody emptied the service mailbox."""
    sender = here.town.mailbox("postbushulp@voorbeeld.example")
    assert sender is not None
    with here.opened() as house:
        sweep(house, here.slot())
        here.at(10, 5)
        here.server.faults.add(Fault(FaultKind.DROP_BEFORE, operation="SendItem"))
        with pytest.raises(Unreachable):
            deliver(house)
        here.server.faults.clear()
        sender.items.clear()
        deliver(house)
        with house.store.begin() as work:
            doubtful = [x for x in work.letters_that(lambda _id: True) if x.state is LetterState.IN_DOUBT]
            assert sum(code.startswith("letter_in_doubt_") for code in work.problems()) == len(doubtful)
    assert len(doubtful) == 3
    return doubtful


def test_one_arrived_and_one_was_lost(voorbeeld: Municipality) -> None:
    arrived, lost, _ = in_doubt(voorbeeld)
    with voorbeeld.opened() as house:
        settle(house, letter_code(arrived.id), True, "tester")
        settle(house, letter_code(lost.id), False, "tester")
        with house.store.begin() as work:
            states = {row.id: row.state for row in work.letters_that(lambda _id: True)}
            findings = {f.id: f for f in work.living()}
            problems = [code for code in work.problems() if code.startswith("letter_in_doubt_")]
        assert states[arrived.id] is LetterState.SENT
        assert states[lost.id] is LetterState.EXPIRED
        assert findings[arrived.order.finding].state is FindingState.TOLD
        assert findings[lost.order.finding].state is FindingState.OPEN
        assert len(problems) == 1, "only the third still waits for somebody"
        with pytest.raises(NotInDoubt):
            settle(house, letter_code(lost.id), True, "tester")


def test_what_was_lost_is_written_again_by_the_next_sweep(voorbeeld: Municipality) -> None:
    _, lost, _ = in_doubt(voorbeeld)
    with voorbeeld.opened() as house:
        settle(house, letter_code(lost.id), False, "tester")
        voorbeeld.at(11)
        sweep(house, voorbeeld.slot())
        with house.store.begin() as work:
            again = [x for x in work.letters_that(lambda _id: True) if x.order.finding == lost.order.finding]
    assert sorted(x.state for x in again) == [LetterState.EXPIRED, LetterState.WAITING]


def test_of_a_letter_that_is_kept_no_more_nobody_is_asked_what_became_of_it(voorbeeld: Municipality) -> None:
    """Its code names nothing then: the problem could never be closed."""
    gone, *_ = in_doubt(voorbeeld)
    with voorbeeld.opened() as house:
        people = house.directory.people().by_guid
        guid = next(guid for guid in people if house.store.person_key(guid) == gone.order.person)
        with house.store.begin() as work:
            work.exclude(guid, gone.order.person, house.clock.now())
        deliver(house)
        with house.store.begin() as work:
            open_ = [code for code in work.problems() if code.startswith("letter_in_doubt_")]
    assert len(open_) == 2


def test_a_letter_of_before_an_update_goes_by_the_stage_of_its_rule_as_it_is_called_now(
    voorbeeld: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update came between the sweep and the delivery: a rule that observes now sends nothing."""
    with voorbeeld.opened() as house:
        sweep(house, voorbeeld.slot())
    with sqlite3.connect(voorbeeld.settings / "mailbot.db") as database:
        moved = database.execute("UPDATE letter SET topic = 'size' WHERE topic = 'quota'").rowcount
        database.execute("UPDATE finding SET rule = 'size' WHERE rule = 'quota'")
    assert moved
    rules = registry()
    renamed = {
        **rules,
        RuleId("quota"): replace(rules[RuleId("quota")], formerly=frozenset({RuleId("size")})),
    }
    monkeypatch.setattr("mailbot.jobs.renaming.registry", lambda: renamed)
    bring(voorbeeld.settings, quota="observe")
    voorbeeld.at(10, 5)
    with voorbeeld.opened() as house:
        deliver(house)
        with house.store.begin() as work:
            about = [x for x in work.letters_that(lambda _id: True) if x.order.topic in ("quota", "size")]
    assert {(x.order.topic, x.state) for x in about} == {("quota", LetterState.WAITING)}
