"""The file `statements.toml`: signed statements about what no program can read."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from mailbot.model.statements import Claim, Statement
from mailbot.policy.typed import Day, Line, Typed, refusal
from mailbot.policy.waivers import year_after


class StatementEntry(Typed):
    """One [[statement]]. It holds up to and including `review_by`, at most a year after `signed`."""

    claim: Annotated[Claim, Field(description="what is stated")]
    signed_by: Annotated[Line, Field(description="the function that answers for it")]
    signed: Annotated[Day, Field(description="the day on which it was signed")]
    review_by: Annotated[Day, Field(description="the last day on which it holds, at most a year later")]

    @model_validator(mode="after")
    def _period(self) -> "StatementEntry":
        if not self.signed <= self.review_by <= year_after(self.signed):
            raise refusal(
                "`review_by` within a year after `signed`",
                f"let it be reviewed on {year_after(self.signed).isoformat()} or earlier",
                _days(self.signed, self.review_by),
            )
        return self


class StatementsFile(Typed):
    """Any number of [[statement]] tables, each claim once."""

    statements: Annotated[tuple[StatementEntry, ...], Field(alias="statement")] = ()

    @model_validator(mode="after")
    def _once(self) -> "StatementsFile":
        claims = [entry.claim for entry in self.statements]
        for claim in claims:
            if claims.count(claim) > 1:
                raise refusal("every claim once", f"remove one of the two statements {claim.value}")
        if {Claim.SERVER_SIGNATURES, Claim.NO_SERVER_SIGNATURES} <= set(claims):
            raise refusal(
                "server_signatures or no_server_signatures", "remove the one that is not true", "both"
            )
        return self

    def value(self) -> tuple[Statement, ...]:
        return tuple(Statement(e.claim, e.signed_by, e.signed, e.review_by) for e in self.statements)


def _days(first: date, last: date) -> str:
    return f"{first.isoformat()} to {last.isoformat()}"
