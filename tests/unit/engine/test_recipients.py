"""Who may get a letter, by mode of delivery and stage of the rule."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailbot.engine.recipients import Mode, held
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import Person
from mailbot.model.plan import Held
from mailbot.policy.stages import Stage

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PILOT = {"pilot-burgerzaken"}
COLLEAGUE = Person(
    ObjectGuid("11111111-2222-3333-4444-555555555555"),
    Address("kim.de.wit@voorbeeld.example"),
    "Kim de Wit",
    Language.NL,
    Known(True, NOW),
    Known(RecipientType.USER, NOW),
    Known(False, NOW),
    Unknown(Reason.WORK_PATTERN_MISSING),
)
IN_PILOT = replace(COLLEAGUE, groups=frozenset({"pilot-burgerzaken", "team-4"}))


@pytest.mark.parametrize(
    ("mode", "colleague", "in_pilot"),
    [
        (Mode.OFF, Held.MODE_OFF, Held.MODE_OFF),
        (Mode.REDIRECT, Held.NOT_IN_PILOT, None),
        (Mode.PILOT, Held.NOT_IN_PILOT, None),
        (Mode.LIVE, None, None),
    ],
)
def test_the_mode_decides(mode: Mode, colleague: Held | None, in_pilot: Held | None) -> None:
    assert held(COLLEAGUE, mode, PILOT, TODAY) is colleague
    assert held(IN_PILOT, mode, PILOT, TODAY) is in_pilot


@pytest.mark.parametrize("mode", [Mode.REDIRECT, Mode.PILOT])
def test_without_a_named_group_nobody_is_in_the_pilot(mode: Mode) -> None:
    assert held(IN_PILOT, mode, (), TODAY) is Held.NOT_IN_PILOT


def test_on_the_simulator_all_letters_are_redirected() -> None:
    assert held(COLLEAGUE, Mode.REDIRECT, (), TODAY, everyone=True) is None


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.PILOT])
def test_everyone_widens_no_other_mode(mode: Mode) -> None:
    assert held(COLLEAGUE, mode, PILOT, TODAY, everyone=True) is held(COLLEAGUE, mode, PILOT, TODAY)


@pytest.mark.parametrize("mode", [Mode.REDIRECT, Mode.PILOT, Mode.LIVE])
def test_a_closed_account_gets_no_letter(mode: Mode) -> None:
    assert held(replace(IN_PILOT, enabled=Known(False, NOW)), mode, PILOT, TODAY) is Held.ACCOUNT_CLOSED


def test_an_account_whose_state_is_unknown_still_gets_its_letter() -> None:
    """A letter to somebody who left is lost; keeping letters from everybody would hide the feed's fault."""
    unknown = replace(IN_PILOT, enabled=Unknown(Reason.NOT_IN_SOURCES))
    assert held(unknown, Mode.LIVE, PILOT, TODAY) is None


def test_after_the_last_day_of_service_there_are_no_letters() -> None:
    assert held(replace(COLLEAGUE, ends=TODAY), Mode.LIVE, PILOT, TODAY) is None
    assert held(replace(COLLEAGUE, ends=date(2026, 11, 19)), Mode.LIVE, PILOT, TODAY) is Held.LEFT


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("person", [COLLEAGUE, IN_PILOT])
def test_a_rule_that_observes_writes_to_nobody_in_any_mode(mode: Mode, person: Person) -> None:
    assert held(person, mode, PILOT, TODAY, everyone=True, stage=Stage.OBSERVE) is Held.OBSERVING


@pytest.mark.parametrize(
    ("mode", "colleague", "in_pilot"),
    [
        (Mode.OFF, Held.MODE_OFF, Held.MODE_OFF),
        (Mode.REDIRECT, Held.NOT_IN_PILOT, None),
        (Mode.PILOT, Held.NOT_IN_PILOT, None),
        (Mode.LIVE, Held.NOT_IN_PILOT, None),
    ],
)
def test_of_mode_and_stage_the_narrower_one_counts(
    mode: Mode, colleague: Held | None, in_pilot: Held | None
) -> None:
    assert held(COLLEAGUE, mode, PILOT, TODAY, stage=Stage.PILOT) is colleague
    assert held(IN_PILOT, mode, PILOT, TODAY, stage=Stage.PILOT) is in_pilot


def test_redirecting_everyone_widens_no_stage() -> None:
    assert held(COLLEAGUE, Mode.REDIRECT, PILOT, TODAY, everyone=True) is None
    assert held(COLLEAGUE, Mode.REDIRECT, PILOT, TODAY, True, Stage.PILOT) is Held.NOT_IN_PILOT


@pytest.mark.parametrize("mode", Mode)
def test_what_a_rule_would_have_sent_is_not_more_than_it_could_send(mode: Mode) -> None:
    """A closed account is not counted among those who would have got a letter."""
    closed = replace(IN_PILOT, enabled=Known(False, NOW))
    left = replace(IN_PILOT, ends=date(2026, 11, 19))
    assert held(closed, mode, PILOT, TODAY, stage=Stage.OBSERVE) is Held.ACCOUNT_CLOSED
    assert held(left, mode, PILOT, TODAY, stage=Stage.OBSERVE) is Held.LEFT
