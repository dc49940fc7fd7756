"""Whoever is settings-only is asked and judged like anybody whom no sample drew: nobody tells them apart."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailbot.casefiles import organisation
from mailbot.casefiles.runner import Case
from mailbot.engine import judge
from mailbot.engine.judge import OUTSIDE_SAMPLE, ActiveRule, Candidate
from mailbot.model.facts import MailboxFacts
from mailbot.model.needs import DataClass
from mailbot.model.verdicts import Judgement
from mailbot.policy.decisions import Decision
from tests.rules.cases import all_cases
from tests.unit.engine.deciding import deciding

CASES = all_cases()
ON_SETTINGS = [case for case in CASES if case.rule.data_class <= DataClass.TRAFFIC and case.decision is None]


def under_a_decision(case: Case) -> ActiveRule:
    """The case's rule with a decision in force that day, also where the rule looks no deeper than settings:
    it might ask for headings as well."""
    start = case.calendar.today - timedelta(days=7)
    made = deciding(sample_percent=50, date=start, start=start, end=start + timedelta(days=60))
    return replace(case.active, decision=case.active.decision or made)


def drawn_and_settings_only(case: Case, of: Decision | None) -> Candidate:
    person = replace(case.candidate.person, settings_only=True)
    return replace(case.candidate, key=organisation.key(of, True), person=person)


def not_drawn(case: Case, of: Decision | None) -> Candidate:
    return replace(case.candidate, key=organisation.key(of, False))


def swept(case: Case, active: ActiveRule, who: Candidate) -> tuple[MailboxFacts, list[Judgement]]:
    """All that a sweep asks about this person, and what it makes of it."""
    found, wanted = MailboxFacts(case.as_swept().guid), judge.needs([active])
    while wanted:
        found = found.with_values({need: case.answer(need) for need in wanted})
        follow_up = judge.follow_up([active], who, found, case.calendar)
        wanted = tuple(need for need in follow_up if need not in found.values)
    return found, list(judge.judge([active], who, found, case.calendar))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_asked_and_what_is_said_are_those_of_somebody_not_drawn(case: Case) -> None:
    active = under_a_decision(case)
    only = swept(case, active, drawn_and_settings_only(case, active.decision))
    assert only == swept(case, active, not_drawn(case, active.decision))
    facts, (judgement,) = only
    assert all(need.data_class <= DataClass.TRAFFIC for need in facts.values)
    if case.rule.data_class > DataClass.TRAFFIC:
        assert judgement.verdict == OUTSIDE_SAMPLE


@pytest.mark.parametrize("case", ON_SETTINGS, ids=lambda case: case.id)
def test_rules_on_settings_see_no_difference(case: Case) -> None:
    """Quota, delegates and absence are judged as of everybody."""
    only = replace(case.candidate, person=replace(case.candidate.person, settings_only=True))
    facts = case.everything()
    assert judge.judge([case.active], only, facts, case.calendar) == judge.judge(
        [case.active], case.candidate, facts, case.calendar
    )


def test_some_stories_are_about_rules_that_look_deeper() -> None:
    assert {case.rule.data_class > DataClass.TRAFFIC for case in CASES} == {True, False}
    assert len(ON_SETTINGS) > 100
