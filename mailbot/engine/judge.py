"""Applies rules to one mailbox. What a rule needs and does not know becomes the verdict *unknown*."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
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

    def on(self, day: date) -> bool:
        """Whether it may look at anybody on that day: a decision can end in the middle of a sweep."""
        if self.rule.data_class <= DataClass.TRAFFIC:
            return True
        return self.decision is not None and self.decision.start <= day <= self.decision.end

    def decided(self, candidate: "Candidate", day: date) -> Decision | None:
        """The decision that is in force that day and drew this person into its sample. Whoever is
        settings-only is drawn by none, so that nobody can tell them from others who are not."""
        decision = self.decision
        if decision is None or not decision.start <= day <= decision.end or candidate.person.settings_only:
            return None
        return decision if in_sample(decision, candidate.key) else None

    def open_to(self, candidate: "Candidate", day: date) -> bool:
        """Whether it may look at this person: everybody, or those whom its decision's sample drew."""
        return self.rule.data_class <= DataClass.TRAFFIC or self.decided(candidate, day) is not None

    def deepest(self, candidate: "Candidate", day: date) -> DataClass:
        """The deepest data about this person that may be asked for on behalf of this rule."""
        decision = self.decided(candidate, day)
        return min(decision.data_class, DEEPEST_POSSIBLE) if decision else DataClass.TRAFFIC


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom the rules look at, by the key that decides about samples, in which organisation."""

    key: PersonKey
    person: Person
    organisation: Organisation

    def subject(self, active: ActiveRule, facts: MailboxFacts, day: date) -> Subject:
        decision = active.decided(self, day)
        return Subject(self.person, facts, self.organisation, decision.start if decision else None)


OUTSIDE_SAMPLE = not_applicable("outside_sample")


def needs(rules: Collection[ActiveRule]) -> tuple[Need[Any], ...]:
    """What is asked of every mailbox, each question once. Never more than sizes and settings: deeper
    questions are asked of people in a sample only, as a follow-up."""
    asked = (need for active in rules for need in active.rule.needs)
    return tuple(dict.fromkeys(need for need in asked if need.data_class <= DataClass.TRAFFIC))


def follow_up(
    rules: Collection[ActiveRule],
    candidate: Candidate,
    facts: MailboxFacts,
    calendar: WorkCalendar,
    day: date | None = None,
) -> tuple[Need[Any], ...]:
    """What the rules want to know next, as far as it may be asked: of the kinds that the rule declares, and
    no deeper than a decision in force on `day` allows about this person. `day` is today by the clock, which
    may be later than the calendar's: a sweep can run past midnight. A rule that lacks a fact wants nothing.
    """
    day = day or calendar.today
    wanted: dict[Need[Any], None] = {}
    for active in rules:
        if not active.open_to(candidate, day):
            continue
        subject = candidate.subject(active, facts, day)
        more = _asked(active, partial(active.rule.more, subject, active.norm, calendar))
        if not isinstance(more, Reason):
            deep = (need for need in active.rule.needs if need.data_class > DataClass.TRAFFIC)
            deepest = active.deepest(candidate, day)
            declared = (need for need in more if isinstance(need, (*active.rule.follow_ups, *asked(active))))
            wanted.update(dict.fromkeys(n for n in (*deep, *declared) if n.data_class <= deepest))
    return tuple(wanted)


def asked(active: ActiveRule) -> tuple[type[Need[Any]], ...]:
    """Kinds of questions that the rule asks of everybody, and may ask again with other parameters."""
    return tuple(type(need) for need in active.rule.needs)


def judge(
    rules: Collection[ActiveRule],
    candidate: Candidate,
    facts: MailboxFacts,
    calendar: WorkCalendar,
    day: date | None = None,
) -> Sequence[Judgement]:
    """One judgement per rule, in the order of the rules. `day` as in `follow_up`."""
    day = day or calendar.today
    return [
        Judgement(active.rule.id, active.rule.kind, _verdict(active, candidate, facts, calendar, day))
        for active in rules
    ]


def _verdict(
    active: ActiveRule, candidate: Candidate, facts: MailboxFacts, calendar: WorkCalendar, day: date
) -> Verdict:
    if not active.open_to(candidate, day):
        return OUTSIDE_SAMPLE
    subject = candidate.subject(active, facts, day)
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
