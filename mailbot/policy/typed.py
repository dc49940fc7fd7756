"""What all policy files share: strict models, and refusals that say what was expected and how to mend it."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

Day = Annotated[date, Field(strict=True)]
"""A TOML date, not a text that looks like one."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]
"""One short text."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hex."""


class Typed(BaseModel):
    """A value from a file: immutable, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refusal(expected: str, mend: str, found: str = "") -> PydanticCustomError:
    """The error to raise in a validator; without `found` the value's own shape is told.

    None of the three texts may hold a secret or a person's data.
    """
    return PydanticCustomError(
        "refused", "expected {expected}", {"expected": expected, "mend": mend, "found": found}
    )
