"""Which rules write to nobody because nobody decided about them, and who hears of that."""

from collections.abc import Iterator

import pytest

from mailbot.jobs import staging
from mailbot.jobs.staging import UNDECIDED
from mailbot.model.ids import RuleId
from mailbot.policy.stages import Stage
from mailbot.store.sql import SqlStore
from tests.unit.jobs.braked_house import QUOTA, Braked, at_stage, braked


@pytest.fixture
def here() -> Iterator[Braked]:
    store = SqlStore("sqlite://", bytes(range(32)))
    yield braked(store)
    store.close()


@pytest.mark.parametrize("stage", Stage)
def test_whatever_was_decided_nobody_needs_to_hear_of_it(here: Braked, stage: Stage) -> None:
    here.changes(stages=(at_stage(stage),))
    staging.tell(here.house)
    assert here.operator.messages == []


def test_a_rule_without_a_decision_is_told_once_until_there_is_one(here: Braked) -> None:
    here.changes(stages=())
    for _ in range(3):
        staging.tell(here.house)
    assert "quota (observe: the rule is not in stages.toml)" in here.operator.open[UNDECIDED]
    here.changes(stages=(at_stage(Stage.OBSERVE),))
    staging.tell(here.house)
    assert here.operator.messages == [UNDECIDED, f"{UNDECIDED} is over"]


def test_letters_of_no_rule_go_to_everyone_and_those_of_a_rule_that_is_off_to_nobody(here: Braked) -> None:
    """A digest has no stage; a rule whose norm is gone has nothing to say any more."""
    here.changes(stages=(at_stage(Stage.PILOT),))
    assert here.house.stage_of("digest") is Stage.EVERYONE
    assert here.house.stage_of(QUOTA) is Stage.PILOT
    assert here.house.stage_of(RuleId("delegates")) is Stage.OBSERVE


def test_another_stage_makes_other_terms_for_a_plan(here: Braked) -> None:
    before = here.house.terms_hash()
    here.changes(stages=(at_stage(Stage.PILOT),))
    assert here.house.terms_hash() != before
