"""A rule asks for no more than it needs, and only when it needs it."""

from typing import Any

import pytest

from mailbot.casefiles.runner import Case
from mailbot.model.facts import Unknown
from mailbot.model.needs import AutomaticReply, DataClass, InboxReplyRules, Need
from mailbot.model.verdicts import Outcome
from tests.rules.cases import all_cases

CASES = all_cases()
ABSENCES = [case for case in CASES if case.rule.id == "out_of_office"]
NOT_AWAY_FOR_LONG = [
    case for case in ABSENCES if case.expected.why in ("no_long_absence", "not_a_user_mailbox")
]
DECIDED_BY_RULES = {"no_reply_set", "reply_rule_set", "rules_hidden", "reply_rule_conditional"}


def asked(case: Case) -> set[Need[Any]]:
    return set(case.as_swept().values)


def story(case: Case) -> str:
    return case.story


@pytest.mark.parametrize("case", CASES, ids=story)
def test_a_sweep_asks_everybody_what_the_rule_declares(case: Case) -> None:
    everybody = {need for need in case.rule.needs if need.data_class <= DataClass.TRAFFIC}
    assert everybody <= asked(case)


@pytest.mark.parametrize("case", CASES, ids=story)
def test_nothing_deep_is_asked_without_a_decision_that_is_in_force(case: Case) -> None:
    """And content never, whatever was decided."""
    deepest = max((need.data_class for need in asked(case)), default=DataClass.TRAFFIC)
    in_force = case.decision is not None and case.active.open_to(case.candidate, case.calendar.today)
    assert deepest <= (DataClass.HEADING if in_force else DataClass.TRAFFIC)


@pytest.mark.parametrize("case", NOT_AWAY_FOR_LONG, ids=story)
def test_nobody_looks_at_the_reply_of_who_is_not_away_for_long(case: Case) -> None:
    assert asked(case) == set(case.rule.needs)


@pytest.mark.parametrize("case", ABSENCES, ids=story)
def test_inbox_rules_are_looked_at_only_when_they_decide(case: Case) -> None:
    """On the due day, when the automatic reply is known and does not cover the absence."""
    rules = case.answer(InboxReplyRules())
    could_not_be_read = isinstance(rules, Unknown) and case.expected.outcome is Outcome.UNKNOWN
    they_decide = case.expected.why in DECIDED_BY_RULES or could_not_be_read
    assert (InboxReplyRules() in asked(case)) is they_decide


def test_all_of_it_happens_in_some_story() -> None:
    steps = {(AutomaticReply() in asked(case), InboxReplyRules() in asked(case)) for case in ABSENCES}
    assert steps == {(False, False), (True, False), (True, True)}
