"""What must be readable for a rule to be able to say *deviation*, per road."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mailbot.model.needs import Need
from mailbot.model.statements import Claim


class Road(StrEnum):
    """The protocol over which a mailbox is read."""

    EWS = "ews"
    GRAPH = "graph"


class Basis(StrEnum):
    """What a rule leans on that is neither a mailbox's fact nor a statement."""

    CALIBRATION = "calibration"  # secure_mail.toml, every client marked, not past its review date
    END_DATE = "end_date"  # the last day of service, from personnel or the directory
    ACCOUNT_STATE = "account_state"  # whether the account is open, from the directory
    HOLD = "hold"  # whether the mailbox is on hold, from the directory


Lean = Need[Any] | Claim | Basis


@dataclass(frozen=True, slots=True)
class Decisive:
    """Every group of `requires` must hold; of a group one alternative is enough.

    `never` says why on this road no deviation can be found whatever is readable; empty when one can.
    """

    requires: tuple[tuple[Lean, ...], ...] = ()
    never: str = ""


def everything(*needs: Need[Any]) -> dict[Road, Decisive]:
    """All of these needs, on both roads."""
    decisive = Decisive(tuple((need,) for need in needs))
    return {Road.EWS: decisive, Road.GRAPH: decisive}


def name(lean: Lean) -> str:
    """In words for the administrator."""
    return lean.name if isinstance(lean, Need) else str(lean).replace("_", " ")
