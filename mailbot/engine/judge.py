"""Applies rules to one mailbox. What a rule needs and does not know becomes the verdict *unknown*."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog

from mailbot.engine.gates import DEEPEST_POSSIBLE, in_sample
from mailbot.model.facts import FactUnknown, MailboxFacts, Reason
from mailbot.model.ids import PersonKey
from mailbot.model.needs import DataClass, Need
from mailbot.model.organisation import Organisation
from mailbot.model.people import Person
from mailbot.model.verdicts import Judgement, Kind, Outcome, Verdict, not_applicable, unknown
from mailbot.model.worktime import WorkCalendar
from mailbot.policy.decisions import Decision
from mailbot.rules import Parameters, Rule, Subject

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with the parameters that the pack's norm gives it. `decision` is the one under which it runs;
    a rule that looks no deeper than sizes and settings needs none."""

    rule: Rule
    norm: Parameters
    decision: Decision | None = None

    def open_to(self, person: PersonKey) -> bool:
        """Whether it may look at this person: everybody, or those whom its decision's sample drew."""
        if self.rule.data_class <= DataClass.TRAFFIC:
            return True
        return self.decision is not None and in_sample(self.decision, person)

    @property
    def deepest(self) -> DataClass:
        """The deepest data that may be asked for on behalf of this rule."""
        if self.decision is None:
            return DataClass.TRAFFIC
        return min(self.decision.data_class, DEEPEST_POSSIBLE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom the rules look at, by the key that decides about samples, in which organisation."""

    key: PersonKey
    person: Person
    organisation: Organisation

    def subject(self, active: ActiveRule, facts: MailboxFacts) -> Subject:
        start = active.decision.start if active.decision else None
        return Subject(self.person, facts, self.organisation, start)


OUTSIDE_SAMPLE = not_applicable("outside_sample")


def needs(rules: Collection[ActiveRule]) -> tuple[Need[Any], ...]:
    """What is asked of every mailbox, each question once. Never more than sizes and settings: deeper
    questions are asked of people in a sample only, as a follow-up."""
    asked = (need for active in rules for need in active.rule.needs)
    return tuple(dict.fromkeys(need for need in asked if need.data_class <= DataClass.TRAFFIC))


def follow_up(
    rules: Collection[ActiveRule], candidate: Candidate, facts: MailboxFacts, calendar: WorkCalendar
) -> tuple[Need[Any], ...]:
    """What the rules want to know next, as far as it may be asked: of the kinds that the rule declares,
    and no deeper than its decision allows. A rule that lacks a fact wants nothing more; one whose sample did not draw the person is not asked."""
    wanted: dict[Need[Any], None] = {}
    for active in rules:
        if not active.open_to(candidate.key):
            continue
        subject = candidate.subject(active, facts)
        more = _asked(active, partial(active.rule.more, subject, active.norm, calendar))
        if not isinstance(more, Reason):
            deep = (need for need in active.rule.needs if need.data_class > DataClass.TRAFFIC)
            declared = (need for need in more if isinstance(need, (*active.rule.follow_ups, *asked(active))))
            wanted.update(dict.fromkeys(n for n in (*deep, *declared) if n.data_class <= active.deepest))
    return tuple(wanted)


def asked(active: ActiveRule) -> tuple[type[Need[Any]], ...]:
    """Kinds of questions that the rule asks of everybody, and may ask again with other parameters."""
    return tuple(type(need) for need in active.rule.needs)


def judge(
    rules: Collection[ActiveRule], candidate: Candidate, facts: MailboxFacts, calendar: WorkCalendar
) -> Sequence[Judgement]:
    """One judgement per rule, in the order of the rules."""
    return [
        Judgement(active.rule.id, active.rule.kind, _verdict(active, candidate, facts, calendar))
        for active in rules
    ]


def _verdict(
    active: ActiveRule, candidate: Candidate, facts: MailboxFacts, calendar: WorkCalendar
) -> Verdict:
    if not active.open_to(candidate.key):
        return OUTSIDE_SAMPLE
    subject = candidate.subject(active, facts)
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
