"""A finding is a deviation with a life. Its identity never contains a measured value."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.verdicts import Kind


class FindingState(StrEnum):
    OPEN = "open"
    TOLD = "told"
    REMINDED = "reminded"
    RESOLVED = "resolved"
    WAIVED = "waived"
    LAPSED = "lapsed"

    @property
    def live(self) -> bool:
        """Whether there is something to mend, whoever said to leave it."""
        return self not in (FindingState.RESOLVED, FindingState.LAPSED)


@dataclass(frozen=True, slots=True)
class Finding:
    """`version` counts changes, so that a plan can tell whether what it rests on still stands.

    `letters` is how many letters were ever made for it, `pending` whether one of them is still under way,
    in doubt or set aside. `steps` is how many were delivered, `told` when the newest of these was: what a
    deadline counts from. `occurrence` is set for events only.
    """

    id: FindingId
    person: PersonKey
    rule: RuleId
    kind: Kind
    state: FindingState
    version: int
    opened: datetime
    changed: datetime
    occurrence: Interval | None = None
    letters: int = 0
    pending: bool = False
    steps: int = 0
    told: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of one finding's life. `base_version` 0 means that the finding is made by it."""

    finding: FindingId
    person: PersonKey
    rule: RuleId
    kind: Kind
    base_version: int
    to: FindingState
    occurrence: Interval | None = None


@dataclass(frozen=True, slots=True)
class FindingChange:
    """One row of a finding's history; `before` is None where it was opened."""

    finding: FindingId
    at: datetime
    before: FindingState | None
    after: FindingState


@dataclass(frozen=True, slots=True)
class TopicLetters:
    """How many letters on one topic a person got with no long silence between them, and when the silence
    after the newest of them is over: then all of them are forgotten."""

    letters: int
    until: datetime
