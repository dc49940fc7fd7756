"""The brake: holds a plan whose findings or letters jump, until a human has looked. Pure.

A cap hides a jump: it lets through as many letters every day, right or wrong. So the brake looks at what a
plan would send if there were no cap.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import median_high
from types import MappingProxyType

from mailbot.engine.figures.cells import JUDGED
from mailbot.model.findings import FindingState
from mailbot.model.ids import RuleId
from mailbot.model.plan import Held, PlanSize, PlanStep
from mailbot.model.verdicts import Outcome

USUAL_FROM = 5
"""Earlier plans from which there is such a thing as usual."""

USUAL_OF = 20
"""Earlier plans that tell what is usual, the newest ones."""

GROWTH_PERCENT = 10
"""By how much a plan may exceed one that a human let through: no two days are quite the same."""

_NONE: Mapping[RuleId, int] = MappingProxyType({})

ONLY_LATER = frozenset({Held.CAP, Held.ONE_A_WEEK})
"""Letters that are due and wait for others. They count at once: a jump that shows only when its letters
leave, spread over days and weeks, would look like the usual by then."""


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """A plan is held with more than `letters` letters or `opened` new findings, when more than
    `share_percent` of the people judged by one rule deviate, or with more than `times` as many letters or new
    findings as usual. Below `least` of either nothing is a jump. What is usual goes by letters that are no
    reminders: those come two weeks after a busy day, of which a human or the brake thought well."""

    letters: int = 500
    opened: int = 1000
    share_percent: int = 60
    times: int = 3
    least: int = 50


class Jump(StrEnum):
    """What jumped, against what."""

    LETTERS = "letters"
    OPENED = "opened"
    SHARE = "share"
    LETTERS_TREND = "letters_trend"
    OPENED_TREND = "opened_trend"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One reason to hold a plan. `found` and `limit` count letters or findings; of a share they are percents,
    and `deviating` of `judged` people are behind it. `usual` is what a trend was held against."""

    jump: Jump
    found: int
    limit: int
    rule: RuleId | None = None
    usual: int | None = None
    deviating: int = 0
    judged: int = 0

    @property
    def says(self) -> str:
        """What jumped, by how much, against which limit. It names nobody."""
        match self.jump:
            case Jump.LETTERS:
                return f"{self.found:,} letters are due; the limit is {self.limit:,} (letters)"
            case Jump.OPENED:
                return f"{self.found:,} new findings; the limit is {self.limit:,} (opened)"
            case Jump.SHARE:
                return (
                    f"rule {self.rule}: {self.deviating:,} of {self.judged:,} people judged deviate, "
                    f"{self.found} %; the limit is {self.limit} % (share_percent)"
                )
            case Jump.LETTERS_TREND:
                return self._trend("letters are due, reminders not counted")
            case Jump.OPENED_TREND:
                return self._trend("new findings")

    def _trend(self, what: str) -> str:
        return (
            f"{self.found:,} {what}; usual are {self.usual:,}, and the limit is {self.limit:,} (times, least)"
        )


def size_of(
    steps: Iterable[PlanStep],
    tally: Mapping[RuleId, Mapping[Outcome, int]],
    observing: Collection[RuleId] = (),
    forgotten: Mapping[RuleId, int] = _NONE,
) -> PlanSize:
    """How large a plan is. `tally` counts people by rule and outcome. Of rules that only observe nothing
    counts: nobody hears of what they find, and looking at it is what they observe for. `forgotten` are living
    findings that retention deleted: as many as that are not new when they are found again."""
    letters, reminders, found = 0, 0, Counter[RuleId]()
    for step in steps:
        due = step.letter is not None or step.held in ONLY_LATER
        letters += due
        reminders += due and _reminds(step)
        found[step.rule] += step.rule not in observing and _opens(step)
    opened = sum(max(0, number - forgotten.get(rule, 0)) for rule, number in found.items())
    told = {rule: counts for rule, counts in tally.items() if rule not in observing}
    judged = {rule: sum(counts.get(outcome, 0) for outcome in JUDGED) for rule, counts in told.items()}
    deviating = {rule: counts.get(Outcome.DEVIATION, 0) for rule, counts in told.items()}
    return PlanSize(letters, opened, deviating, judged, reminders)


def _reminds(step: PlanStep) -> bool:
    """Of a letter that is due, whether its reader was told of the same before."""
    told = step.finding is not None and step.finding.state in (FindingState.TOLD, FindingState.REMINDED)
    return told and step.transition is None


def _opens(step: PlanStep) -> bool:
    change = step.transition
    return step.finding is None and change is not None and change.to is FindingState.OPEN


def alarms(
    size: PlanSize,
    earlier: Sequence[PlanSize],
    limits: BrakeLimits,
    let_through: Sequence[PlanSize] = (),
) -> tuple[Alarm, ...]:
    """Every reason to hold a plan of this size; none when it may be carried out.

    `earlier` are the plans that were carried out, oldest first. `let_through` are those among them that a
    human looked at and ran: what is hardly larger than one of these is no jump, whatever the limits say.
    """
    found = [
        *_too_many(Jump.LETTERS, size.letters, limits.letters, [seen.letters for seen in let_through]),
        *_too_many(Jump.OPENED, size.opened, limits.opened, [seen.opened for seen in let_through]),
    ]
    for rule in sorted(size.judged):
        found += _share(rule, size, limits, let_through)
    usual = earlier[-USUAL_OF:]
    if len(usual) >= USUAL_FROM:
        found += _trend(
            Jump.LETTERS_TREND,
            _first(size),
            [_first(e) for e in usual],
            limits,
            [_first(e) for e in let_through],
        )
        found += _trend(
            Jump.OPENED_TREND, size.opened, [e.opened for e in usual], limits, [e.opened for e in let_through]
        )
    return tuple(found)


def _too_many(jump: Jump, found: int, limit: int, let_through: Collection[int]) -> list[Alarm]:
    limit = max(limit, _grown(let_through))
    return [Alarm(jump, found, limit)] if found > limit else []


def _share(
    rule: RuleId, size: PlanSize, limits: BrakeLimits, let_through: Collection[PlanSize]
) -> list[Alarm]:
    deviating, judged = size.deviating.get(rule, 0), size.judged[rule]
    if judged < limits.least:
        return []
    seen = [_percent(e.deviating.get(rule, 0), e.judged.get(rule, 0)) for e in let_through]
    limit = max(limits.share_percent, _grown(seen))
    if 100 * deviating <= limit * judged:
        return []
    found = _percent(deviating, judged)
    return [Alarm(Jump.SHARE, found, limit, rule, deviating=deviating, judged=judged)]


def _trend(
    jump: Jump, found: int, earlier: Collection[int], limits: BrakeLimits, let_through: Collection[int]
) -> list[Alarm]:
    usual = median_high(earlier)
    limit = max(limits.times * usual, limits.least, _grown(let_through))
    return [Alarm(jump, found, limit, usual=usual)] if found > limit else []


def _first(size: PlanSize) -> int:
    return size.letters - size.reminders


def _percent(part: int, whole: int) -> int:
    """Rounded up, so that what exceeds a limit never reads as the limit itself."""
    return ceil(100 * part / whole) if whole else 0


def _grown(let_through: Collection[int]) -> int:
    """Up to where the largest of these is still the same thing."""
    return max(let_through, default=0) * (100 + GROWTH_PERCENT) // 100
