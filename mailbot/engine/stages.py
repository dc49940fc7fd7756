"""At which stage a rule is today, and why. Pure.

A rule that nobody looked at as it is now sends nothing: it observes until somebody decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailbot.engine.judge import ActiveRule
from mailbot.model.ids import RuleId
from mailbot.policy.stages import RuleStage, Stage, terms_of


class Doubt(StrEnum):
    """Why a rule observes although nobody chose that it should."""

    MISSING = "missing"  # stages.toml does not name it
    CHANGED = "changed"  # it is another rule, or has other parameters, than the one that was looked at


@dataclass(frozen=True, slots=True)
class Standing:
    """`terms` are those of the rule as it is now. `next` is what begins on a later day, if anything does."""

    rule: RuleId
    stage: Stage
    terms: str
    doubt: Doubt | None = None
    since: date | None = None
    next: RuleStage | None = None

    @property
    def says(self) -> str:
        """The stage for the administrator, with why it is not the one that somebody chose."""
        says = self.stage.value
        if self.since is not None:
            says += f", since {self.since.isoformat()}"
        match self.doubt:
            case Doubt.MISSING:
                says += ": the rule is not in stages.toml"
            case Doubt.CHANGED:
                says += ": the rule, or a parameter of its norm, changed since stages.toml was written"
        if self.next is not None:
            says += f"; {self.next.stage} from {self.next.begins.isoformat()} on"
        return says


def stage_of(active: ActiveRule, stages: Iterable[RuleStage], today: date) -> Standing:
    """The newest stage that has begun counts, if its terms fit; else the rule observes."""
    terms = terms_of(active.rule, active.norm)
    named = sorted((s for s in stages if s.name == active.rule.id), key=lambda stage: stage.begins)
    begun = [stage for stage in named if stage.begins <= today]
    later = next((stage for stage in named if stage.begins > today), None)
    if not named:
        return Standing(active.rule.id, Stage.OBSERVE, terms, Doubt.MISSING)
    if not begun:
        return Standing(active.rule.id, Stage.OBSERVE, terms, next=later)
    now = begun[-1]
    if now.terms != terms:
        return Standing(active.rule.id, Stage.OBSERVE, terms, Doubt.CHANGED, next=later)
    return Standing(active.rule.id, now.stage, terms, None, now.since, later)
