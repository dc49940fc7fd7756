"""Policy packs: the norms of one municipality with their source, validity and parameters.

No norm in the pack means that the rule is off. Every article has a rule or a written reason why not.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from mailbot.model.ids import RuleId
from mailbot.policy.typed import Day, Line, Typed, refusal
from mailbot.rules import Parameters, registry

SHORTEST_KEPT_WEEKS = 6
"""Shorter, and somebody would be told again of an absence that was told of already."""

LONGEST_KEPT_WEEKS = 13
"""Weeks that a finding or letter is kept after its last change at most; a pack can only be shorter. Half of
what the strictest regulation read so far allows (Assen 11.1: six months)."""

SMALLEST_GROUP = 5
"""Fewest persons judged behind a figure that a manager sees; a pack can only raise it."""


class NormClass(StrEnum):
    """What a norm asks to be looked at."""

    METADATA = "M"  # sizes, settings, dates, permissions
    HEADING = "M+"  # subject, recipients or headers; only under a decision
    CONTENT = "C"  # body or attachments
    BINDS_BOT = "B"  # privacy, retention, rights: a duty of mailbot itself
    LIFECYCLE = "L"  # an action in the life of an account
    OUT_OF_REACH = "X"  # nothing that a mailbox shows
    INFORMATION = "I"  # a definition, no duty

    @property
    def checkable(self) -> bool:
        return self in (NormClass.METADATA, NormClass.HEADING, NormClass.CONTENT, NormClass.LIFECYCLE)


def require_known_rule(rule: str, mend: str = "use one of these names, or leave the rule out") -> str:
    """The same text, or a refusal that lists the rules there are."""
    if RuleId(rule) not in registry():
        names = ", ".join(sorted(registry()))
        raise refusal(f"one of the rules {names}", mend)
    return rule


class Norm(Typed):
    """One article, in our own words.

    `rule` is the rule that judges it, with its typed `parameters`. Several articles may name one rule; one of
    them carries the parameters, the others are grounds.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z0-9.+-]+$")]
    article: Line
    classes: Annotated[tuple[NormClass, ...], Field(alias="class")]
    text_nl: Line
    text_en: Line
    rule: RuleId | None = None
    parameters: Any = None
    why_no_rule: Line | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    @field_validator("rule")
    @classmethod
    def _known(cls, value: RuleId | None) -> RuleId | None:
        return None if value is None else RuleId(require_known_rule(value))

    @field_validator("parameters")
    @classmethod
    def _typed(cls, value: Any, info: ValidationInfo) -> Parameters | dict[str, Any] | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise refusal("a table of parameters", "write [norm.parameters] with one key per line")
        model = cls.model_of("parameters", info.data)
        if model is None:
            return value
        typed = model.model_validate_json(json.dumps(value, default=str))
        if not isinstance(typed, Parameters):
            raise TypeError("a rule's parameters are a Parameters model")
        return typed

    @classmethod
    def model_of(cls, key: str, values: Any) -> type[BaseModel] | None:
        """The model behind a key whose type depends on the norm's other keys."""
        found = registry().get(values.get("rule")) if key == "parameters" else None
        return found.parameters if found else None

    @model_validator(mode="after")
    def _consistent(self) -> "Norm":
        if not self.classes:
            raise refusal("at least one class", "choose from M, M+, C, B, L, X and I", "an empty list")
        if self.rule is None and self.why_no_rule is None:
            raise refusal(
                "a rule, or `why_no_rule` with the reason",
                "write why mailbot does not check this article",
                "neither",
            )
        if self.rule is not None and self.why_no_rule is not None:
            raise refusal("a rule or `why_no_rule`", "remove one of them", "both")
        if self.rule is None and self.parameters is not None:
            raise refusal("parameters only beside a rule", "remove the parameters", "parameters, no rule")
        if self.rule is not None and not any(c.checkable for c in self.classes):
            raise refusal(
                "a rule only on a norm of class M, M+, C or L",
                "correct the class, or give `why_no_rule` in place of the rule",
                ", ".join(self.classes),
            )
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("valid_to on or after valid_from", "correct the dates", "reversed dates")
        return self

    @property
    def built(self) -> bool:
        """Whether this norm switches its rule on: it is the one that carries the parameters."""
        return isinstance(self.parameters, Parameters)

    def in_force(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Source(Typed):
    """Where the norms come from: name of the regulation, day of adoption, who adopted it, publication."""

    regulation: Line
    adopted: Day
    adopted_by: Line
    published: Line


class Rights(Typed):
    """Days in which a request is answered. The law's month is the most; a regulation can only be quicker."""

    access_days: Annotated[int, Field(strict=True, ge=1, le=30)]
    rectify_days: Annotated[int, Field(strict=True, ge=1, le=30)]
    addressee: Line
    source: Line


class Retention(Typed):
    """Weeks that a finding or letter is kept after its last change."""

    individual_weeks: Annotated[int, Field(strict=True, ge=SHORTEST_KEPT_WEEKS, le=LONGEST_KEPT_WEEKS)]
    source: Line


class Audience(StrEnum):
    """Who may see figures of groups, apart from those who keep mailbot running."""

    MANAGERS = "managers"  # of their team or, where that is too small, of a larger group; the directie too
    DIRECTIE = "directie"  # in the monthly report alone
    NONE = "none"


class TeamFigures(Typed):
    """Who gets figures about groups of people, under which article, and from how many persons judged."""

    shown_to: Annotated[Audience, Field(description="who may see figures of groups")]
    at_least: Annotated[int, Field(strict=True, ge=SMALLEST_GROUP, le=1000)] = SMALLEST_GROUP
    source: Line


class Pack(Typed):
    """The policy of one municipality. `valid_to` is the last day in force; `owner` keeps the text current.

    `warning_article` is the article on formal warnings: every letter says that it is not one.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
    title: Line
    municipality: Line
    owner: Line
    valid_from: Day
    valid_to: Day | None = None
    lapsed_because: Line | None = None
    warning_article: Line | None = None
    source: Source
    rights: Rights
    retention: Retention
    team_figures: TeamFigures
    norms: Annotated[tuple[Norm, ...], Field(alias="norm")]

    @model_validator(mode="after")
    def _consistent(self) -> "Pack":
        if self.valid_to and self.valid_to < self.valid_from:
            raise refusal("valid_to on or after valid_from", "correct the dates", "reversed dates")
        if self.lapsed_because and self.valid_to is None:
            raise refusal("valid_to beside lapsed_because", "add the last day in force", "no valid_to")
        if not self.norms:
            raise refusal("at least one norm", "add a [[norm]] for every article", "none")
        seen: set[str] = set()
        for norm in self.norms:
            if norm.id in seen:
                raise refusal("every norm id once", f"give one of the two norms {norm.id} another id")
            seen.add(norm.id)
        for rule in sorted({norm.rule for norm in self.norms if norm.rule}):
            self._parameters_once(rule)
        return self

    def _parameters_once(self, rule: RuleId) -> None:
        carriers = [n for n in self.norms if n.rule == rule and n.parameters is not None]
        if not carriers:
            raise refusal(
                f"one norm with the parameters of {rule}",
                "add [norm.parameters] to one of the norms that name this rule",
                "none",
            )
        for first, second in _pairs(carriers):
            if (first.valid_from or date.min) <= (second.valid_to or date.max) and (
                second.valid_from or date.min
            ) <= (first.valid_to or date.max):
                raise refusal(
                    f"one norm at a time with the parameters of {rule}",
                    f"let {first.id} end before {second.id} begins, or keep the parameters in one of them",
                    f"{first.id} and {second.id} on the same days",
                )

    def inactive_because(self, today: date) -> str | None:
        """Why nothing of this pack is in force, for people to read; None when it is in force."""
        if today < self.valid_from:
            return f"{self.title} is in force from {self.valid_from.isoformat()} on, not yet today"
        if self.valid_to is not None and today > self.valid_to:
            reason = f": {self.lapsed_because}" if self.lapsed_because else ""
            return f"{self.title} was in force until {self.valid_to.isoformat()}{reason}"
        return None

    def norms_in_force(self, today: date) -> tuple[Norm, ...]:
        """All norms that hold today, with and without a rule."""
        if self.inactive_because(today) is not None:
            return ()
        return tuple(norm for norm in self.norms if norm.in_force(today))

    def active_norms(self, today: date) -> tuple[Norm, ...]:
        """The norms that switch a rule on today, one per rule, each with typed parameters."""
        return tuple(norm for norm in self.norms_in_force(today) if norm.built)


def _pairs(norms: list[Norm]) -> Iterator[tuple[Norm, Norm]]:
    for index, first in enumerate(norms):
        for second in norms[index + 1 :]:
            yield first, second


def policy_hash(pack: Pack) -> str:
    """SHA-256 over what the pack says, in hex: the thing that the works council consented to.

    Layout, comments and order of keys do not change it. Neither does a new version of mailbot, because
    only what the file itself sets is counted.
    """
    said = pack.model_dump(mode="json", by_alias=True, exclude_unset=True)
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
