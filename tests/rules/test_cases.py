"""Every story of the case files, each a test of its own."""

from collections import Counter
from pathlib import Path

import pytest

from mailbot.casefiles.reader import load
from mailbot.casefiles.runner import Case, run
from mailbot.model.facts import Reason
from mailbot.model.verdicts import Outcome
from mailbot.rules import registry
from tests.rules.cases import all_cases, case_files

ENOUGH = {
    "quota": 25,
    "out_of_office": 45,
    "delegates": 40,
    "signature": 40,
    "confidential_external": 40,
    "leaver": 40,
}
"""Cases that a rule has at least; a rule that is not named here has at least 20."""


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_the_rule_says_what_the_story_expects(case: Case) -> None:
    assert run(case).differences == ()


def test_every_rule_has_its_case_file_and_every_case_file_its_rule() -> None:
    assert {file.stem for file in case_files()} == set(registry())


@pytest.mark.parametrize("file", case_files(), ids=lambda file: file.stem)
def test_the_stories_of_a_rule_show_all_that_it_says_it_can_say_and_no_more(file: Path) -> None:
    cases = load(file)
    shown = {case.expected.outcome for case in cases}
    assert shown == set(cases[0].rule.says)
    assert shown - {Outcome.TIP} == set(Outcome) - {Outcome.TIP}, "only a tip is not for every norm"


@pytest.mark.parametrize("file", case_files(), ids=lambda file: file.stem)
def test_the_stories_of_a_rule_are_many_and_go_to_the_edge(file: Path) -> None:
    cases = load(file)
    outcomes = Counter(case.expected.outcome for case in cases)
    assert outcomes[Outcome.UNKNOWN] >= 3
    assert sum(case.near_miss for case in cases) >= 3
    assert len(cases) >= ENOUGH.get(file.stem, 20)
    assert len({case.story for case in cases}) == len(cases), "every story is told once"


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_no_outcome_is_missing_in_the_table_of_its_rule(case: Case) -> None:
    """Also with any one of the facts of the story unread."""
    verdicts = [
        case.verdict(),
        *(case.failing({name: Reason.NOT_VISITED}).verdict() for name in case.fact_names),
    ]
    assert {verdict.outcome for verdict in verdicts} <= set(case.rule.says)
