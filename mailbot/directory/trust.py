"""Whose word counts for what, where several sources tell of a person. See deploy/directory/merging.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from mailbot.model.sources import Attribute, Source

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Order:
    """Sources from the most to the least trusted; one that does not stand here is never believed."""

    sources: tuple[Source, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Word(Generic[T_co]):
    """What one source said."""

    source: Source
    value: T_co


_DIRECTORY = (Source.DIRECTORY,)
_PERSONNEL = (Source.PERSONNEL,)
_BOTH = (Source.PERSONNEL, Source.DIRECTORY)

TRUST: Mapping[Attribute, Order] = MappingProxyType(
    {
        Attribute.ADDRESS: Order(_DIRECTORY, "Exchange delivers by it; what personnel writes may be old."),
        Attribute.ACCOUNT: Order(_DIRECTORY, "Only the directory opens and closes accounts."),
        Attribute.KIND: Order(_DIRECTORY, "Exchange itself keeps it."),
        Attribute.HOLD: Order(_DIRECTORY, "Exchange itself keeps it."),
        Attribute.FORWARDING: Order(_DIRECTORY, "Exchange itself keeps it."),
        Attribute.QUOTA: Order(_DIRECTORY, "Exchange itself keeps it, with the database's as the default."),
        Attribute.DELEGATES: Order(_DIRECTORY, "Exchange itself keeps it."),
        Attribute.STARTS: Order(_PERSONNEL, "The directory knows accounts, not contracts."),
        Attribute.ENDS: Order(
            _BOTH, "Contracts decide; of people whom personnel does not know, the account's last day does."
        ),
        Attribute.MANAGER: Order(
            _BOTH, "Personnel records changes on the day they take effect; the directory follows."
        ),
        Attribute.UNIT: Order(_BOTH, "Personnel owns the organisation chart; the directory copies a name."),
        Attribute.ROSTER: Order(_PERSONNEL, "Working days are agreed in the contract."),
        Attribute.LEAVE: Order(_PERSONNEL, "Leave is approved there, without its kind."),
    }
)


def trusted(attribute: Attribute, said: Mapping[Source, T]) -> Word[T] | None:
    """The word of the most trusted source that said anything; None when no trusted source did."""
    for source in TRUST[attribute].sources:
        if source in said:
            return Word(source, said[source])
    return None
