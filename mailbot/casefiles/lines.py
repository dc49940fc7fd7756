"""How one fact is written in a case file: the name of its line, and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mailbot.model.needs import Need

Lines = Mapping[str, Any]
"""The lines of a case: those of [base] with the case's own laid over them."""


@dataclass(frozen=True, slots=True)
class FactLine:
    """`read` gives the value that answers `need`; it raises ValueError, in words for whoever wrote the file,
    when the line cannot be understood."""

    name: str
    need: type[Need[Any]]
    read: Callable[[Lines, Any], Any]
