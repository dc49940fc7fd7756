"""The file `stages.toml`: how far each rule has come, from observing to writing to everyone.

A stage belongs to exactly the rule that was looked at. Its terms say which one that was: a hash over the
rule's name, its edition and the numbers that the norm gives it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator
from pydantic_core import to_jsonable_python

from mailbot.model.ids import RuleId
from mailbot.policy.packs import require_known_rule
from mailbot.policy.typed import Day, Line, Sha256, Typed, refusal
from mailbot.rules import Parameters, Rule

UNFILLED = "TO FILL IN"
"""What `mailbot rules stage` prints where only people know what belongs there."""


class Stage(StrEnum):
    """Who hears of what a rule finds."""

    OBSERVE = "observe"  # nobody; what it would have sent is counted
    PILOT = "pilot"  # the pilot groups
    EVERYONE = "everyone"  # everybody whom the mode of delivery reaches

    @property
    def needs_decision(self) -> bool:
        return self is not Stage.OBSERVE


class RuleStage(Typed):
    """One [[rule]]: from `since` on the rule is at this stage, as long as it is the one that `terms` says.

    To observe nobody needs to decide anything; every other stage says since when, and which function decided.
    """

    name: Annotated[RuleId, Field(description="the rule")]
    stage: Annotated[Stage, Field(description="who hears of what it finds")]
    terms: Annotated[Sha256, Field(description="which rule that is, as `mailbot rules list` prints it")]
    since: Annotated[Day | None, Field(description="the first day of this stage")] = None
    decided_by: Annotated[Line | None, Field(description="the function that decided")] = None

    @field_validator("name")
    @classmethod
    def _known(cls, value: RuleId) -> RuleId:
        return RuleId(require_known_rule(value))

    @field_validator("decided_by")
    @classmethod
    def _filled_in(cls, value: str | None) -> str | None:
        if value is not None and value.startswith(UNFILLED):
            raise refusal("the function that decided, no name", "fill it in", "nobody yet")
        return value

    @model_validator(mode="after")
    def _decided(self) -> "RuleStage":
        if self.stage.needs_decision and (self.since is None or self.decided_by is None):
            raise refusal(
                f"`since` and `decided_by` beside the stage {self.stage}",
                "add the first day of this stage and the function that decided",
                "not both of them",
            )
        return self

    @property
    def begins(self) -> date:
        return self.since or date.min


class StagesFile(Typed):
    """Any number of [[rule]] tables. A rule may have several, each since another day: the newest that has
    begun counts, and the ones before it tell how the rule came there."""

    rules: Annotated[tuple[RuleStage, ...], Field(alias="rule")] = ()

    @model_validator(mode="after")
    def _once_a_day(self) -> "StagesFile":
        seen: set[tuple[RuleId, date]] = set()
        for entry in self.rules:
            if (entry.name, entry.begins) in seen:
                since = f"since {entry.since.isoformat()}" if entry.since else "without `since`"
                raise refusal(
                    "one stage of a rule for each day on which one begins",
                    "remove one of them, or let one begin on another day",
                    f"{entry.name} twice {since}",
                )
            seen.add((entry.name, entry.begins))
        return self


def terms_of(rule: Rule, parameters: Parameters) -> str:
    """SHA-256 in hex over all that decides how a rule judges: its name, its edition, and every parameter with
    the value it has here, also where the pack leaves it to mailbot."""
    said = {"rule": rule.id, "edition": rule.edition, "parameters": _plain(parameters.model_dump())}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON has it; what has no order gets one."""
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted((_plain(inner) for inner in value), key=repr)
        case _:
            return to_jsonable_python(value)
