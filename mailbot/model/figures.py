"""Figures about groups: what was read, and how many mailboxes got which verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailbot.model.ids import RuleId
from mailbot.model.verdicts import Outcome


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one sweep: mailboxes in the population and mailboxes that answered."""

    population: int
    read: int


ORGANISATION = "organisation"
"""The group of everybody; a department is `unit/<code>`."""


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """Of one rule and one group: people judged, how many of them deviate, how many more have a waiver, and of
    how many more the rule could tell nothing. Whoever has a waiver is in none of the other three."""

    group: str
    rule: RuleId
    judged: int
    deviating: int
    waived: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class SweepFigures:
    """Counts of a whole sweep: five outcomes per rule, unknowns by reason code, requests by operation."""

    coverage: Coverage
    verdicts: Mapping[RuleId, Mapping[Outcome, int]]
    unknowns: Mapping[tuple[RuleId, str], int]
    requests: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
