"""Every story of the case files, each a test of its own."""

from collections import Counter
from pathlib import Path

import pytest

from mailbot.model.verdicts import Outcome
from mailbot.rules import registry
from tests.rules.cases import CaseError, RuleCase, all_cases, case_files, load

ENOUGH = {"quota": 25, "out_of_office": 45}
"""Cases that a rule has at least; a rule that is not named here has at least 20."""


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_the_rule_says_what_the_story_expects(case: RuleCase) -> None:
    verdict = case.verdict()
    assert (verdict.outcome, verdict.why) == (case.outcome, case.why)
    if case.block is not None:
        assert verdict.occurrence == case.block
    if case.shown is not None:
        assert dict(verdict.shown) == dict(case.shown)


def test_every_rule_has_its_case_file_and_every_case_file_its_rule() -> None:
    assert {file.stem for file in case_files()} == set(registry())


@pytest.mark.parametrize("file", case_files(), ids=lambda file: file.stem)
def test_the_stories_of_a_rule_cover_all_that_it_can_say(file: Path) -> None:
    cases = load(file)
    outcomes = Counter(case.outcome for case in cases)
    optional = set() if file.stem in ENOUGH else {Outcome.TIP}  # not every norm has a tip to give
    assert set(outcomes) | optional == set(Outcome), "all outcomes"
    assert outcomes[Outcome.UNKNOWN] >= 3
    assert sum(case.near_miss for case in cases) >= 3
    assert len(cases) >= ENOUGH.get(file.stem, 20)
    assert len({case.story for case in cases}) == len(cases), "every story is told once"


def _written(folder: Path, case: str) -> Path:
    file = folder / "quota.toml"
    base = 'now = "2026-11-23 06:00"\nmailbox = "user"\nroster = "ma, di"\nsize = "1 GiB"\n'
    norm = "limit_bytes = 5368709120\ntip_percent = 90\n"
    file.write_text(f'[norm]\n{norm}[base]\n{base}[[case]]\nstory = "A story."\n{case}')
    return file


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ('expect = "compliant because within_limit"\nsise = "1 GiB"', "sise"),
        ('expect = "compliant because within_limit"\nsize = "1 gig"', "5 GiB"),
        ('expect = "fine"', "deviation because over_limit"),
        ('expect = "splendid because within_limit"', "splendid"),
        ('expect = "unknown because tired"\nunknown.size = "tired"', "tired"),
        ('expect = "unknown because timed_out"\nunknown.colour = "timed_out"', "colour"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_story(tmp_path: Path, case: str, told: str) -> None:
    with pytest.raises(CaseError, match="A story") as refused:
        load(_written(tmp_path, case))
    assert told in str(refused.value)
