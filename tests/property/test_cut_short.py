"""Reading a mailbox is cut short anywhere, over every story of the case files: what was not asked any more is
unknown for the reason of the cut, and nothing else is said of it."""

from collections.abc import Iterator

import pytest

from mailbot.casefiles.runner import Case
from mailbot.engine import judge
from mailbot.jobs.ending import filled_up
from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.needs import Need
from mailbot.model.verdicts import Outcome
from tests.rules.cases import all_cases

CUT = Reason.NOT_VISITED


def follow_up(case: Case, facts: MailboxFacts) -> tuple[Need[object], ...]:
    return judge.follow_up([case.active], case.candidate, facts, case.calendar)


def cut_short(case: Case) -> Iterator[MailboxFacts]:
    """As a road leaves them: what it was asked in the same step is unknown, and it asks for nothing more."""
    order = list(case.as_swept().values)
    for answered in range(len(order)):
        facts = MailboxFacts(case.as_swept().guid)
        wanted: tuple[Need[object], ...] = judge.needs([case.active])
        while not set(order[:answered]) < set(facts.values) and wanted:
            facts = facts.with_values(
                {need: case.answer(need) if need in order[:answered] else Unknown(CUT) for need in wanted}
            )
            if Unknown(CUT) in facts.values.values():
                break
            wanted = tuple(need for need in follow_up(case, facts) if need not in facts.values)
        yield facts


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_what_was_not_asked_any_more_is_unknown_for_the_reason_of_the_cut(case: Case) -> None:
    """What was read stays. Nothing is said of a question that no rule asks of these answers."""
    for facts in cut_short(case):
        filled = filled_up(facts, CUT, lambda found: follow_up(case, found))
        assert facts.values.items() <= filled.values.items()
        added = {need: fact for need, fact in filled.values.items() if need not in facts.values}
        assert set(added.values()) <= {Unknown(CUT)}
        for need in added:
            without = MailboxFacts(filled.guid, {n: f for n, f in filled.values.items() if n != need})
            assert need in follow_up(case, without)


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_it_changes_no_verdict_but_the_reason_why_nothing_is_known(case: Case) -> None:
    """`not_asked` would blame mailbot's maker, and send nobody back to the mailbox."""
    own = {*case.unknown.values(), case.verdict().reason, CUT}
    for facts in cut_short(case):
        before = case.judged(facts)
        after = case.judged(filled_up(facts, CUT, lambda found: follow_up(case, found)))
        if before.reason is Reason.NOT_ASKED:
            assert after.outcome is Outcome.UNKNOWN
            assert after.reason in own
        else:
            assert after == before


def test_some_stories_are_cut_before_a_question_that_follows_from_another() -> None:
    """Else nothing is ever filled up here, and the law above says nothing."""
    gained = [
        len(filled_up(facts, CUT, lambda found, case=case: follow_up(case, found)).values) > len(facts.values)
        for case in all_cases()
        for facts in cut_short(case)
    ]
    assert sum(gained) > 10
