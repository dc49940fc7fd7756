"""What all sections of mailbot.toml share."""

from typing import Any

from pydantic import ConfigDict, Field

from mailbot.policy.typed import Typed


def number(low: int, high: int, description: str) -> Any:
    """A whole number with bounds; the description says why these."""
    return Field(strict=True, ge=low, le=high, description=description)


class Section(Typed):
    """Defaults are validated too: some are wrong beside another key's value."""

    model_config = ConfigDict(arbitrary_types_allowed=True, validate_default=True)
