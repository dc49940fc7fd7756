"""A rule asks for no more than it needs, and only when it needs it."""

from typing import Any

import pytest

from mailbot.model.facts import Unknown
from mailbot.model.needs import AutomaticReply, InboxReplyRules, Need
from mailbot.model.verdicts import Outcome
from tests.rules.cases import RuleCase, all_cases

CASES = all_cases()
ABSENCES = [case for case in CASES if case.active.rule.id == "out_of_office"]
NOT_AWAY_FOR_LONG = [case for case in ABSENCES if case.why in ("no_long_absence", "not_a_user_mailbox")]
DECIDED_BY_RULES = {"no_reply_set", "reply_rule_set", "rules_hidden", "reply_rule_conditional"}


def asked(case: RuleCase) -> set[Need[Any]]:
    return set(case.as_swept().values)


def story(case: RuleCase) -> str:
    return case.story


@pytest.mark.parametrize("case", CASES, ids=story)
def test_a_sweep_asks_what_the_rule_declares_and_nothing_else(case: RuleCase) -> None:
    rule = case.active.rule
    assert set(rule.needs) <= asked(case) <= {*rule.needs, *rule.decisive}


@pytest.mark.parametrize("case", NOT_AWAY_FOR_LONG, ids=story)
def test_nobody_looks_at_the_reply_of_who_is_not_away_for_long(case: RuleCase) -> None:
    assert asked(case) == set(case.active.rule.needs)


@pytest.mark.parametrize("case", ABSENCES, ids=story)
def test_inbox_rules_are_looked_at_only_when_they_decide(case: RuleCase) -> None:
    """On the due day, when the automatic reply is known and does not cover the absence."""
    could_not_be_read = isinstance(case.mailbox["reply_rules"], Unknown) and case.outcome is Outcome.UNKNOWN
    they_decide = case.why in DECIDED_BY_RULES or could_not_be_read
    assert (InboxReplyRules() in asked(case)) is they_decide


def test_all_of_it_happens_in_some_story() -> None:
    steps = {(AutomaticReply() in asked(case), InboxReplyRules() in asked(case)) for case in ABSENCES}
    assert steps == {(False, False), (True, False), (True, True)}
