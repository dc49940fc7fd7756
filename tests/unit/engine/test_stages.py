"""At which stage a rule is: one that nobody looked at as it is now writes to nobody."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailbot.engine.judge import ActiveRule
from mailbot.engine.stages import Doubt, stage_of
from mailbot.model.ids import RuleId
from mailbot.policy.stages import RuleStage, Stage, terms_of
from mailbot.rules import registry

RULE = registry()[RuleId("quota")]
NORM = RULE.parameters.model_validate({"limit_bytes": 5 * 1024**3, "tip_percent": 90})
QUOTA = ActiveRule(RULE, NORM)
CHANGED = replace(QUOTA, norm=NORM.model_copy(update={"tip_percent": 80}))
TODAY = date(2026, 11, 23)


def entry(stage: Stage, since: date | None = TODAY, of: ActiveRule = QUOTA) -> RuleStage:
    return RuleStage(
        name=of.rule.id, stage=stage, terms=terms_of(of.rule, of.norm), since=since, decided_by="teamleider"
    )


@pytest.mark.parametrize("stage", Stage)
def test_a_rule_is_where_it_was_brought(stage: Stage) -> None:
    found = stage_of(QUOTA, [entry(stage)], TODAY)
    assert (found.stage, found.doubt, found.since) == (stage, None, TODAY)
    assert found.says == f"{stage}, since 2026-11-23"


def test_one_that_is_not_in_the_file_observes() -> None:
    found = stage_of(QUOTA, [], TODAY)
    assert (found.stage, found.doubt) == (Stage.OBSERVE, Doubt.MISSING)
    assert found.says == "observe: the rule is not in stages.toml"


@pytest.mark.parametrize("stage", Stage)
def test_one_that_changed_observes_until_somebody_decides_again(stage: Stage) -> None:
    found = stage_of(CHANGED, [entry(stage)], TODAY)
    assert (found.stage, found.doubt) == (Stage.OBSERVE, Doubt.CHANGED)
    assert "changed since stages.toml was written" in found.says
    decided = stage_of(
        CHANGED, [entry(stage), entry(stage, TODAY + timedelta(1), CHANGED)], TODAY + timedelta(1)
    )
    assert (decided.stage, decided.doubt) == (stage, None)


def test_a_later_edition_of_a_rule_observes() -> None:
    later = replace(QUOTA, rule=replace(RULE, edition=2))
    assert stage_of(later, [entry(Stage.EVERYONE)], TODAY).doubt is Doubt.CHANGED


def test_a_stage_that_begins_tomorrow_is_not_there_today() -> None:
    found = stage_of(QUOTA, [entry(Stage.PILOT, TODAY + timedelta(days=1))], TODAY)
    assert (found.stage, found.doubt) == (Stage.OBSERVE, None), "somebody did decide"
    assert found.says == "observe; pilot from 2026-11-24 on"


def test_until_it_begins_the_stage_before_it_holds() -> None:
    stages = [entry(Stage.EVERYONE, date(2026, 12, 1)), entry(Stage.PILOT, date(2026, 11, 1))]
    assert stage_of(QUOTA, stages, date(2026, 11, 30)).stage is Stage.PILOT
    assert stage_of(QUOTA, stages, date(2026, 12, 1)).stage is Stage.EVERYONE


def test_the_newest_counts_also_when_it_leads_back() -> None:
    stages = [entry(Stage.EVERYONE, date(2026, 11, 1)), entry(Stage.OBSERVE, TODAY)]
    assert stage_of(QUOTA, stages, TODAY).stage is Stage.OBSERVE


def test_an_older_table_that_fits_again_does_not_come_back_by_itself() -> None:
    """Numbers that went back to what they were: the newest decision was about others."""
    stages = [entry(Stage.EVERYONE, date(2026, 11, 1)), entry(Stage.PILOT, TODAY, CHANGED)]
    assert stage_of(QUOTA, stages, TODAY).doubt is Doubt.CHANGED


def test_another_rules_stage_is_nothing_to_it() -> None:
    other = entry(Stage.EVERYONE).model_copy(update={"name": RuleId("delegates")})
    assert stage_of(QUOTA, [other], TODAY).doubt is Doubt.MISSING
