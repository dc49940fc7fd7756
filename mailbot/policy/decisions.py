"""Decisions: permission to look at headings or content for a while, by sample, signed by two.

Fields: the regulations of Dutch municipalities (Assen 7, Huizen 9, Groningen 5) and the six tests of
Barbulescu (European Court of Human Rights, 61496/08).
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mailbot.model.ids import RuleId
from mailbot.model.needs import DataClass
from mailbot.policy.packs import require_known_rule
from mailbot.policy.typed import Day, Line, Typed, refusal

LONGEST = timedelta(weeks=13)
LARGEST_SAMPLE = 99
"""Percent of the population that one decision may look at; the regulations ask for a sample, so never all."""


class Decision(Typed):
    """One decision. It is never edited and never renewed by itself: a new one is a new record.

    It cannot be about one person: no field names whom to look at. `population` says in words about which
    people it is, and the sample alone decides who of them. `start` and `end` are its first and last day.
    """

    id: Annotated[Line, Field(description="your reference; a new decision has a new one")]
    decider: Annotated[Line, Field(repr=False, description="name of the one who decided")]
    function: Annotated[Line, Field(description="function that makes this person competent")]
    authority: Annotated[Line, Field(description="the article or mandate that gives the power to decide")]
    date: Annotated[Day, Field(description="the day of the decision")]
    purpose: Annotated[Line, Field(description="the purpose, with its letter in the regulation")]
    weighty_reason: Annotated[Line, Field(description="why it cannot wait or be left alone")]
    less_intrusive_means: Annotated[Line, Field(description="which milder means were tried or weighed")]
    checks: Annotated[tuple[RuleId, ...], Field(description="the rules that may look this deep")]
    data_class: Annotated[DataClass, Field(ge=DataClass.HEADING, description="2 headings, 3 content")]
    population: Annotated[Line, Field(description="which people, as a group, in words")]
    sample_percent: Annotated[
        int, Field(strict=True, ge=1, le=LARGEST_SAMPLE, description="share of them that is looked at")
    ]
    start: Annotated[Day, Field(description="the first day")]
    end: Annotated[Day, Field(description="the last day, at most 13 weeks in all")]
    who_sees_what: Annotated[Line, Field(description="who sees what of the results")]
    works_council: Annotated[Line, Field(description="reference of the works council's consent")]
    ap_field: Annotated[Line, Field(description="what was asked of or told to the supervisory authority")]
    fg_advice: Annotated[Line, Field(description="what the privacy officer advised, and when")]
    second_signer: Annotated[Line, Field(repr=False, description="name of the second one who signed")]

    @field_validator("checks")
    @classmethod
    def _known(cls, value: tuple[RuleId, ...]) -> tuple[RuleId, ...]:
        if not value:
            raise refusal("at least one rule", "name the rules that the decision is about", "none")
        if len(set(value)) != len(value):
            raise refusal("every rule once", "remove one of the two")
        return tuple(RuleId(require_known_rule(rule)) for rule in value)

    @field_validator("population")
    @classmethod
    def _group(cls, value: str) -> str:
        if "@" in value:
            raise refusal(
                "a group of people in words",
                "name the group; a decision is never about one person",
                "a text with an address in it",
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Decision":
        if self.end < self.start:
            raise refusal("`end` on or after `start`", "correct the dates", "reversed dates")
        if self.end - self.start >= LONGEST:
            raise refusal("a period of at most 13 weeks", "let it end sooner, and decide again then")
        if self.start < self.date:
            raise refusal("`start` on or after `date`", "nothing is looked at before it was decided")
        if _same_name(self.second_signer, self.decider):
            raise refusal("a second signer", "let somebody else sign as well", "the decider twice")
        return self


def _same_name(one: str, other: str) -> bool:
    """Whether two texts are one name, whatever their case, points and spaces."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalpha())
