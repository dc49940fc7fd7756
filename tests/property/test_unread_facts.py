"""What was not read is never guessed: every subset of failing facts, over every story of the case files."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine import judge, plan
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import FindingId, PersonKey
from mailbot.model.plan import Case, PlanStep
from mailbot.model.verdicts import Kind, Outcome
from mailbot.rules.out_of_office import NO_ROSTER
from tests.rules.cases import RuleCase, all_cases

CASES = all_cases()
LIMITS = plan.Limits(cap=100, hours=plan.LetterHours(), priority={})
PERSON = PersonKey("0" * 64)


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All of them but the empty one."""
    return chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))


def steps(case: RuleCase, findings: tuple[Finding, ...] = ()) -> tuple[PlanStep, ...]:
    judgement = case.judgement()
    about = Case(PERSON, judgement.rule, judgement.kind, judgement.verdict, findings)
    return plan.make_steps([about], case.calendar, LIMITS, lambda _person: None, ())


def untold(case: RuleCase) -> Finding:
    """A finding of yesterday that nobody was told of yet, about the event that the story is about."""
    yesterday = case.calendar.now - timedelta(days=1)
    occurrence = case.verdict().occurrence or case.block
    rule = case.active.rule
    return Finding(
        FindingId("f1"), PERSON, rule.id, rule.kind, FindingState.OPEN, 1, yesterday, yesterday, occurrence
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_failing_facts_leave_the_verdict_as_it_is_or_unknown(case: RuleCase) -> None:
    whole = case.verdict()
    for names in subsets(case.facts):
        for reason in (Reason.SERVER_FAILED, Reason.ACCESS_DENIED, Reason.NOT_ASKED):
            verdict = case.failing(dict.fromkeys(names, reason)).verdict()
            assert verdict.outcome is Outcome.UNKNOWN or verdict == whole, names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_decides_by_what_a_sweep_asks_for(case: RuleCase) -> None:
    [on_everything] = judge.judge([case.active], case.person, case.everything(), case.calendar)
    assert case.verdict() == on_everything.verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_when_all_fails_nothing_is_said_and_nothing_changes(case: RuleCase) -> None:
    blind = case.failing(dict.fromkeys(case.facts, Reason.NOT_VISITED))
    assert blind.verdict().outcome is Outcome.UNKNOWN
    assert steps(blind) == ()


@given(
    case=st.sampled_from(CASES),
    failures=st.dictionaries(
        st.sampled_from(sorted({name for case in CASES for name in case.facts})),
        st.sampled_from(sorted(set(Reason) - set(NO_ROSTER), key=lambda reason: reason.code)),
        min_size=1,
    ),
)
def test_facts_may_fail_for_different_reasons(case: RuleCase, failures: dict[str, Reason]) -> None:
    verdict = case.failing(failures).verdict()
    if verdict.outcome is not Outcome.UNKNOWN:
        assert verdict == case.verdict()
    elif case.outcome is not Outcome.UNKNOWN:
        assert verdict.reason in failures.values(), "the gap is reported under one of its causes"


@given(case=st.sampled_from([case for case in CASES if case.active.rule.id == "out_of_office"]))
def test_without_any_source_of_working_days_nobody_is_called_away(case: RuleCase) -> None:
    missing = case.failing(dict.fromkeys(("roster", "outlook_hours"), Reason.WORK_PATTERN_MISSING))
    assert missing.verdict().outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)


@given(case=st.sampled_from(CASES), data=st.data())
def test_no_letter_and_no_change_comes_of_an_unknown_verdict(case: RuleCase, data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(case.facts), min_size=1))
    failing = case.failing(dict.fromkeys(names, Reason.TIMED_OUT))
    known = untold(case)
    for findings in ((), (known,), (replace(known, state=FindingState.TOLD, letters=1),)):
        for step in steps(failing, findings) if failing.verdict().outcome is Outcome.UNKNOWN else ():
            assert step.letter is None
            assert step.transition is not None and step.transition.to is FindingState.LAPSED
            assert known.kind is Kind.EVENT and known.occurrence is not None
            assert known.occurrence.end <= case.calendar.now, "only the clock ends an event nobody could read"
