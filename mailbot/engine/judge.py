"""Applies rules to one mailbox. What a rule needs and does not know becomes the verdict *unknown*."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog

from mailbot.model.facts import FactUnknown, MailboxFacts, Reason
from mailbot.model.needs import Need
from mailbot.model.people import Person
from mailbot.model.verdicts import Judgement, Kind, Outcome, Verdict, unknown
from mailbot.model.worktime import WorkCalendar
from mailbot.rules import Parameters, Rule, Subject

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with the parameters that the pack's norm gives it."""

    rule: Rule
    norm: Parameters


def needs(rules: Collection[ActiveRule]) -> tuple[Need[Any], ...]:
    """What is asked of every mailbox, each question once."""
    return tuple(dict.fromkeys(need for active in rules for need in active.rule.needs))


def follow_up(
    rules: Collection[ActiveRule], person: Person, facts: MailboxFacts, calendar: WorkCalendar
) -> tuple[Need[Any], ...]:
    """What the rules want to know next. A rule that lacks a fact for saying so wants nothing more."""
    wanted: dict[Need[Any], None] = {}
    subject = Subject(person, facts)
    for active in rules:
        more = _asked(active, partial(active.rule.more, subject, active.norm, calendar))
        if not isinstance(more, Reason):
            wanted.update(dict.fromkeys(more))
    return tuple(wanted)


def judge(
    rules: Collection[ActiveRule], person: Person, facts: MailboxFacts, calendar: WorkCalendar
) -> Sequence[Judgement]:
    """One judgement per rule, in the order of the rules."""
    subject = Subject(person, facts)
    return [
        Judgement(active.rule.id, active.rule.kind, _verdict(active, subject, calendar)) for active in rules
    ]


def _verdict(active: ActiveRule, subject: Subject, calendar: WorkCalendar) -> Verdict:
    verdict = _asked(active, partial(active.rule.judge, subject, active.norm, calendar))
    if isinstance(verdict, Reason):
        return unknown(verdict)
    if verdict.outcome is Outcome.DEVIATION and active.rule.kind is Kind.EVENT and verdict.occurrence is None:
        log.error("event without occurrence", rule=active.rule.id)
        return unknown(Reason.RULE_FAILED)
    return verdict


def _asked(active: ActiveRule, question: Callable[[], T]) -> T | Reason:
    """What the rule says, or why it cannot say anything."""
    try:
        return question()
    except FactUnknown as missing:
        return missing.reason
    except Exception as error:  # noqa: BLE001 - the place "per rule": a broken rule judges nobody
        log.error("rule failed", rule=active.rule.id, error=type(error).__name__)
        return Reason.RULE_FAILED
