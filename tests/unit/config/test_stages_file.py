"""stages.toml in a settings folder: a new one decides nothing, a wrong one starts nothing."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailbot.config.init import shipped_packs, write_initial
from mailbot.config.load import collect, load, read_packs, read_stages
from mailbot.config.shipped import shipped_settings
from mailbot.config.stages import all_observing, lines_of
from mailbot.engine.judge import ActiveRule
from mailbot.engine.stages import Doubt, stage_of
from mailbot.model.ids import RuleId
from mailbot.policy.packs import Norm
from mailbot.policy.stages import Stage, StagesFile
from mailbot.rules import Tells, registry
from tests.unit.config.conftest import ANSWERS

Change = Callable[[str, str, str], None]
TERMS = "0" * 64


@pytest.mark.parametrize("pack", shipped_packs())
def test_in_a_new_folder_every_rule_of_the_chosen_pack_observes(tmp_path: Path, pack: str) -> None:
    write_initial(tmp_path, replace(ANSWERS, pack=pack))
    stages, problems = read_stages(tmp_path)
    (found,) = read_packs(tmp_path)[0].values()
    assert problems == []
    for norm in found.norms:
        if norm.rule is not None and norm.built:
            rule = registry()[norm.rule]
            standing = stage_of(ActiveRule(rule, norm.parameters), stages, date(2026, 11, 23))
            nobody_reads = Doubt.MISSING if rule.tells is Tells.ADMINISTRATOR else None
            assert (standing.stage, standing.doubt) == (Stage.OBSERVE, nobody_reads)
    text = (tmp_path / "stages.toml").read_text(encoding="utf-8")
    assert "decided_by" not in tomllib.loads(text), "what Voorbeeld decided is nobody else's decision"
    assert not (tmp_path / "stages.empty.toml").exists()


def test_what_is_in_a_new_folder_is_explained_there(folder: Path) -> None:
    text = (folder / "stages.toml").read_text(encoding="utf-8")
    assert text.startswith((shipped_settings() / "stages.empty.toml").read_text(encoding="utf-8"))
    assert all(stage.value in text for stage in Stage)


def test_a_norm_that_takes_over_later_observes_as_well() -> None:
    pack = read_packs(shipped_settings())[0]["voorbeeld"]
    (norm,) = (norm for norm in pack.norms if norm.rule == "quota")
    later = norm.model_copy(
        update={
            "id": "voorbeeld-3b",
            "valid_from": date(2027, 1, 1),
            "parameters": norm.parameters.model_copy(update={"tip_percent": 80}),
        }
    )
    both: tuple[Norm, ...] = (later, norm.model_copy(update={"valid_to": date(2026, 12, 31)}))
    stages = StagesFile.model_validate(
        tomllib.loads(all_observing(pack.model_copy(update={"norms": both})))
    ).rules
    assert [entry.since for entry in stages] == [None, date(2027, 1, 1)]
    for norm_then, day in ((norm, date(2026, 12, 31)), (later, date(2027, 1, 1))):
        active = ActiveRule(registry()[RuleId("quota")], norm_then.parameters)
        assert stage_of(active, stages, day).doubt is None


def test_the_lines_that_are_printed_can_be_read_again(folder: Path) -> None:
    decider = 'hoofd "I&A" \\ ëén'
    lines = lines_of(RuleId("quota"), Stage.PILOT, TERMS, date(2026, 11, 23), decider)
    with (folder / "stages.toml").open("a", encoding="utf-8") as file:
        file.write(lines)
    *_, entry = load(folder, {}).stages
    assert (entry.stage, entry.terms, entry.since) == (Stage.PILOT, TERMS, date(2026, 11, 23))
    assert entry.decided_by == decider


def test_without_the_file_every_rule_observes(folder: Path) -> None:
    (folder / "stages.toml").unlink()
    found = load(folder, {})
    (norm, *_) = (norm for norm in found.pack.norms if norm.rule == "quota")
    active = ActiveRule(registry()[RuleId("quota")], norm.parameters)
    assert stage_of(active, found.stages, date(2026, 11, 23)).stage is Stage.OBSERVE


def test_what_is_wrong_in_it_is_told_with_everything_else(folder: Path, change: Change) -> None:
    change("calendar.toml", "closed = []", "closed = [2027-05-15]")
    change("stages.toml", 'name = "delegates"', 'name = "delegate"')
    change("stages.toml", 'stage = "observe"', 'stage = "watch"')
    found, problems = collect(folder, {})
    assert found is None
    files = [problem.file for problem in problems]
    assert files.count("stages.toml") == 2, problems
    assert "calendar.toml" in files


def test_a_mistake_says_which_rule_it_is_about_and_how_to_mend_it(folder: Path) -> None:
    (folder / "stages.toml").write_text(f'[[rule]]\nname = "quota"\nstage = "pilot"\nterms = "{TERMS}"\n')
    (problem,) = collect(folder, {})[1]
    assert (problem.file, problem.where) == ("stages.toml", "rule 1")
    assert problem.expected == "`since` and `decided_by` beside the stage pilot"
