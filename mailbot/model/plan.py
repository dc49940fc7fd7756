"""The plan of a sweep as a value: which findings change and which letters follow from that."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailbot.model.findings import Finding, Transition
from mailbot.model.ids import PersonKey, PlanId, RuleId, SlotId
from mailbot.model.letters import LetterOrder
from mailbot.model.verdicts import Kind, Verdict


class Held(StrEnum):
    """Why a letter that a rule called for is not made now. The next sweep looks again."""

    MODE_OFF = "mode_off"
    NOT_IN_PILOT = "not_in_pilot"
    STOPPED = "stopped"
    ONE_A_WEEK = "one_a_week"
    CAP = "cap"
    TOO_LATE_TODAY = "too_late_today"
    ACCOUNT_CLOSED = "account_closed"
    LEFT = "left"  # the last day of service has passed
    TESTED = "tested"  # in mode redirect: its test letter went already
    OBSERVING = "observing"  # the rule's stage sends nothing yet; this is what it would have sent
    TOO_SOON = "too_soon"  # on this topic the last letter is not long enough ago
    SILENT = "silent"  # on this topic there were as many letters as there may be
    AWAY = "away"  # on leave, or only just back
    FIRST_DAYS = "first_days"  # of employment
    LAST_DAYS = "last_days"  # of employment
    RESTING = "resting"  # a pause is only just over, or a letter came back


class PlanState(StrEnum):
    STORED = "stored"  # of a dry run: nothing was done
    HELD = "held"  # the brake holds it until a human decides
    RUN = "run"
    REJECTED = "rejected"
    REFUSED = "refused"  # overtaken by what happened since


@dataclass(frozen=True, slots=True)
class PlanSize:
    """What the brake looks at, in numbers. `letters` are all that the plan would send, those that the cap
    holds back included, `reminders` those among them that follow a letter which arrived; `opened` new
    findings; by rule how many deviate of how many judged."""

    letters: int
    opened: int
    deviating: Mapping[RuleId, int] = field(default_factory=dict)
    judged: Mapping[RuleId, int] = field(default_factory=dict)
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One finding and what happens to it. `transition` is None when only a letter is due."""

    person: PersonKey
    rule: RuleId
    finding: Finding | None
    transition: Transition | None
    letter: LetterOrder | None
    held: Held | None = None

    @property
    def name(self) -> str:
        """The step's word in counts: what changes, then what is sent or held back."""
        change = f"{self.transition.to}" if self.transition else "keep"
        if self.letter:
            return f"{change}+{self.letter.kind}"
        return f"{change} ({self.held})" if self.held else change


@dataclass(frozen=True, slots=True)
class Plan:
    """`made` is aware. `mode` and `policy` (a hash of all terms) are what it was made under: other ones
    refuse it."""

    id: PlanId
    slot: SlotId
    made: datetime
    mode: str
    policy: str
    steps: tuple[PlanStep, ...] = field(repr=False)

    def counts(self) -> Mapping[tuple[RuleId, str], int]:
        """Number of steps by rule and step name; the only thing of a plan that anybody prints."""
        return Counter((step.rule, step.name) for step in self.steps)

    @property
    def letters(self) -> int:
        return sum(step.letter is not None for step in self.steps)


@dataclass(frozen=True, slots=True)
class Case:
    """What the plan rests on for one person and rule: today's verdict and the findings that are alive.
    `waived` tells that somebody answerable said, for today, to leave it."""

    person: PersonKey
    rule: RuleId
    kind: Kind
    verdict: Verdict
    findings: tuple[Finding, ...]
    waived: bool = False
