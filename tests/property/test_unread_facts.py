"""What was not read is never guessed: every subset of failing facts, over every story of the case files."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.runner import Case as Story
from mailbot.engine import plan
from mailbot.engine.judge import OUTSIDE_SAMPLE
from mailbot.engine.ladder import Recipient
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import FindingId, PersonKey
from mailbot.model.plan import Case, PlanStep
from mailbot.model.verdicts import Kind, Outcome, Verdict, unknown
from mailbot.rules.out_of_office import NO_ROSTER
from tests.rules.cases import all_cases

CASES = all_cases()
MOST = 128
"""Subsets of one story that are tried."""
LIMITS = plan.Limits(cap=100, hours=plan.LetterHours(), priority={})
PERSON = PersonKey("0" * 64)
NO_SOURCE = {*NO_ROSTER, Reason.EXPORT_MISSING}
"""These say that an organisation does not have the source at all; a rule may do without one by design."""


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All but the empty one; of a story with many facts all singles and pairs, and others drawn by lot."""
    if 2 ** len(names) <= MOST:
        yield from chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))
        return
    yield from chain(combinations(names, 1), combinations(names, 2), [names])
    lot = Random(len(names))
    for _ in range(MOST // 2):
        yield tuple(name for name in names if lot.random() < 0.5)


def steps(case: Story, findings: tuple[Finding, ...] = ()) -> tuple[PlanStep, ...]:
    about = Case(PERSON, case.rule.id, case.rule.kind, case.verdict(), findings)
    reader = {PERSON: Recipient(case.candidate.person)}
    return plan.make_steps([about], case.calendar, LIMITS, lambda _person, _rule: None, (), reader)


def same(one: Verdict, other: Verdict) -> bool:
    """All but the tasks: of these there may be fewer."""
    return replace(one, tasks=frozenset()) == replace(other, tasks=frozenset())


def untold(case: Story) -> Finding:
    """A finding of yesterday that nobody was told of yet, about the event that the story is about."""
    yesterday = case.calendar.now - timedelta(days=1)
    occurrence = case.verdict().occurrence or case.expected.block
    rule = case.rule
    return Finding(
        FindingId("f1"), PERSON, rule.id, rule.kind, FindingState.OPEN, 1, yesterday, yesterday, occurrence
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_failing_facts_leave_the_verdict_as_it_is_or_unknown(case: Story) -> None:
    whole = case.verdict()
    for names in subsets(case.fact_names):
        for reason in (Reason.SERVER_FAILED, Reason.ACCESS_DENIED, Reason.NOT_ASKED):
            verdict = case.failing(dict.fromkeys(names, reason)).verdict()
            assert verdict.outcome is Outcome.UNKNOWN or same(verdict, whole), names
            assert verdict.tasks <= whole.tasks, "what was not read gives nobody work"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_decides_by_what_a_sweep_asks_for(case: Story) -> None:
    assert case.verdict() == case.judged(case.everything())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_when_all_fails_nothing_is_said_and_nothing_changes(case: Story) -> None:
    blind = case.failing(dict.fromkeys(case.fact_names, Reason.NOT_VISITED))
    drawn = case.active.open_to(case.candidate, case.calendar.today)
    assert blind.verdict() == (unknown(Reason.NOT_VISITED) if drawn else OUTSIDE_SAMPLE)
    assert steps(blind) == ()


@given(
    case=st.sampled_from(CASES),
    failures=st.dictionaries(
        st.sampled_from(sorted({name for case in CASES for name in case.fact_names})),
        st.sampled_from(sorted(set(Reason) - NO_SOURCE, key=lambda reason: reason.code)),
        min_size=1,
    ),
)
def test_facts_may_fail_for_different_reasons(case: Story, failures: dict[str, Reason]) -> None:
    verdict = case.failing(failures).verdict()
    if verdict.outcome is not Outcome.UNKNOWN:
        assert same(verdict, case.verdict())
    elif case.expected.outcome is not Outcome.UNKNOWN:
        assert verdict.reason in failures.values(), "the gap is reported under one of its causes"


@given(case=st.sampled_from([case for case in CASES if case.rule.id == "out_of_office"]))
def test_without_any_source_of_working_days_nobody_is_called_away(case: Story) -> None:
    missing = case.failing(dict.fromkeys(("roster", "outlook_hours"), Reason.WORK_PATTERN_MISSING))
    assert missing.verdict().outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)


@given(case=st.sampled_from(CASES), data=st.data())
def test_no_letter_and_no_change_comes_of_an_unknown_verdict(case: Story, data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(case.fact_names), min_size=1))
    failing = case.failing(dict.fromkeys(names, Reason.TIMED_OUT))
    known = untold(case)
    for findings in ((), (known,), (replace(known, state=FindingState.TOLD, letters=1),)):
        for step in steps(failing, findings) if failing.verdict().outcome is Outcome.UNKNOWN else ():
            assert step.letter is None
            assert step.transition is not None and step.transition.to is FindingState.LAPSED
            assert known.kind is Kind.EVENT and known.occurrence is not None
            assert known.occurrence.end <= case.calendar.now, "only the clock ends an event nobody could read"
