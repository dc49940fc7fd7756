"""What a rule says of one mailbox: exactly one of five outcomes, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from mailbot.model.facts import Reason
from mailbot.model.ids import RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.tasks import Task

Shown = int | str | bool | date
"""A value that a letter may show its reader. Never part of an identity, never logged."""


class Outcome(StrEnum):
    COMPLIANT = "compliant"
    DEVIATION = "deviation"
    TIP = "tip"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """A *state* lasts until it is mended; an *event* happens, is told once and lapses."""

    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` is the rule's own stable code; `occurrence` says which event an event rule speaks of; `tasks`
    are for the administrator, whatever the outcome."""

    outcome: Outcome
    why: str
    shown: Mapping[str, Shown] = field(default_factory=dict, repr=False)
    occurrence: Interval | None = None
    reason: Reason | None = None
    tasks: frozenset[Task] = frozenset()

    def with_tasks(self, *tasks: Task) -> "Verdict":
        return replace(self, tasks=self.tasks | frozenset(tasks))

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.UNKNOWN) != (self.reason is not None):
            raise ValueError("an unknown verdict, and no other, has a reason")


def compliant(why: str, occurrence: Interval | None = None) -> Verdict:
    return Verdict(Outcome.COMPLIANT, why, occurrence=occurrence)


def deviation(why: str, occurrence: Interval | None = None, **shown: Shown) -> Verdict:
    return Verdict(Outcome.DEVIATION, why, MappingProxyType(shown), occurrence)


def tip(why: str, occurrence: Interval | None = None, **shown: Shown) -> Verdict:
    return Verdict(Outcome.TIP, why, MappingProxyType(shown), occurrence)


def not_applicable(why: str, occurrence: Interval | None = None) -> Verdict:
    """`occurrence` is an event of which there is nothing to be said, but of which others may have to know."""
    return Verdict(Outcome.NOT_APPLICABLE, why, occurrence=occurrence)


def unknown(reason: Reason) -> Verdict:
    return Verdict(Outcome.UNKNOWN, reason.code, reason=reason)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict with the rule that gave it, as the sweep passes it on."""

    rule: RuleId
    kind: Kind
    verdict: Verdict
