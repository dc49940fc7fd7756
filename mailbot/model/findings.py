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
        return self in (FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED)


@dataclass(frozen=True, slots=True)
class Finding:
    """`version` counts changes, so that a plan can tell whether what it rests on still stands.

    `letters` is how many letters were ever made for it, `pending` whether one of them is still under way
    or in doubt. `occurrence` is set for events only.
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
