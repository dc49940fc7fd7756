"""Evidence for the gates: what was decided by whom on which day, as the organisation wrote it down.

A section that is missing means that this evidence is not there yet; that is no error, its gate stays shut.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from mailbot.policy.typed import Day, Line, Sha256, Typed, refusal


class Dpia(Typed):
    """G0. The data protection impact assessment, with the advice of the privacy officer (FG)."""

    id: Annotated[Line, Field(description="your reference of the DPIA")]
    date: Annotated[Day, Field(description="the day it was adopted")]
    fg_advice: Annotated[Line, Field(description="what the privacy officer advised")]


class WorksCouncil(Typed):
    """G1. Consent of the works council (OR), WOR 27(1)(k) and (l), to exactly this policy."""

    id: Annotated[Line, Field(description="your reference of the consent")]
    date: Annotated[Day, Field(description="the day of the consent")]
    policy_hash: Annotated[Sha256, Field(description="the hash of the pack, as `mailbot doctor` prints it")]


class StaffNotice(Typed):
    """G2. The notice to all staff: the day it was sent, and the SHA-256 of its text."""

    date: Annotated[Day, Field(description="the day on which all staff were told")]
    text_hash: Annotated[Sha256, Field(description="SHA-256 of the text that was sent")]


class Population(StrEnum):
    ALL = "all"
    SAMPLE = "sample"


class Mandate(Typed):
    """G3. The decision of the competent person. `ground` says why all, or why this sample.

    It holds until `revoked`, the first day on which it holds no more.
    """

    decider: Annotated[Line, Field(repr=False, description="name of the one who decided")]
    function: Annotated[Line, Field(description="function that makes this person competent")]
    purpose: Annotated[Line, Field(description="what the checks are for")]
    population: Annotated[Population, Field(description="all, or sample")]
    sample_percent: Annotated[int, Field(strict=True, ge=1, le=99)] | None = None
    ground: Annotated[Line, Field(description="why all, or why this sample")]
    date: Annotated[Day, Field(description="the day of the decision")]
    revoked: Annotated[Day | None, Field(description="the first day on which it holds no more")] = None

    @model_validator(mode="after")
    def _consistent(self) -> "Mandate":
        if (self.population is Population.SAMPLE) != (self.sample_percent is not None):
            raise refusal(
                "sample_percent with population `sample`, and only then",
                "add sample_percent from 1 to 99, or remove it for population `all`",
            )
        if self.revoked is not None and self.revoked < self.date:
            raise refusal("`revoked` on or after `date`", "correct the dates", "reversed dates")
        return self


class Register(Typed):
    """G4. The entry in the register of processing activities (AVG 30)."""

    id: Annotated[Line, Field(description="your reference of the entry")]


class Evidence(Typed):
    """The file `gates.toml`. G5, a pack that is in force, is computed and has no section."""

    dpia: Dpia | None = None
    works_council: WorksCouncil | None = None
    staff_notice: StaffNotice | None = None
    mandate: Mandate | None = None
    register_entry: Annotated[Register | None, Field(alias="register")] = None
