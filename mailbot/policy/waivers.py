"""Waivers: for one mailbox and one rule, for a while, somebody answerable said "leave it"."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mailbot.model.ids import Address, RuleId
from mailbot.policy.packs import require_known_rule
from mailbot.policy.typed import Day, Line, Typed, refusal

ONE_DAY = timedelta(days=1)


class Waiver(Typed):
    """`owner` is the function that answers for it, `owner_address` the mailbox that hears when it ends;
    `until` is its last day, at most a year after `from`."""

    owner: Annotated[Line, Field(description="the function that answers for it")]
    owner_address: Annotated[
        Address, Field(repr=False, description="the mailbox of that function, which hears before it ends")
    ]
    reason: Annotated[Line, Field(repr=False, description="why this mailbox is left alone")]
    rule: Annotated[RuleId, Field(description="the rule that is waived")]
    address: Annotated[Address, Field(repr=False, description="primary SMTP address of the mailbox")]
    first: Annotated[Day, Field(alias="from", description="the first day")]
    until: Annotated[Day, Field(description="the last day, at most 12 months later")]

    @field_validator("rule")
    @classmethod
    def _known(cls, value: RuleId) -> RuleId:
        return RuleId(require_known_rule(value, "use one of these names"))

    @field_validator("address", "owner_address", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        try:
            return Address(value) if isinstance(value, str) else value
        except ValueError:
            raise refusal("an e-mail address", "write the mailbox's primary SMTP address") from None

    @model_validator(mode="after")
    def _period(self) -> "Waiver":
        if self.until < self.first:
            raise refusal("`until` on or after `from`", "correct the dates", "reversed dates")
        if self.until > year_after(self.first):
            raise refusal(
                "a period of at most 12 months",
                f"let it end on {year_after(self.first).isoformat()} or earlier, and decide again then",
                f"{self.first.isoformat()} to {self.until.isoformat()}",
            )
        return self

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.until

    def goes_on_in(self, other: "Waiver") -> bool:
        """Whether the other one takes over on the day after this one's last."""
        return self._like(other) and self.until < other.until and other.first <= self.until + ONE_DAY

    def doubles(self, other: "Waiver") -> bool:
        """Whether both hold for one mailbox and one rule on some day."""
        return self._like(other) and self.first <= other.until and other.first <= self.until

    def _like(self, other: "Waiver") -> bool:
        return self.rule == other.rule and self.address == other.address


class Waivers(Typed):
    """The file `waivers.toml`: any number of [[waiver]] tables. Whether two are about the same days is looked
    at where the file is read, beside all else that is wrong in it."""

    waivers: Annotated[tuple[Waiver, ...], Field(alias="waiver")] = ()


def year_after(day: date) -> date:
    """The same day a year later; 28 February after 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
