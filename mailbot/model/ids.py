"""Typed identities. A person is an Exchange object; HR rows are only joined to it."""

import re
import uuid
from dataclasses import dataclass, field
from typing import NewType

ObjectGuid = NewType("ObjectGuid", str)
"""The directory's objectGUID in canonical lower case: who a mailbox belongs to, through every rename."""

PersonKey = NewType("PersonKey", str)
"""HMAC-SHA256(key of the installation, objectGUID) in hex: the only name of a person in the store."""

RuleId = NewType("RuleId", str)
SlotId = NewType("SlotId", str)
PlanId = NewType("PlanId", str)
FindingId = NewType("FindingId", str)
LetterId = NewType("LetterId", str)

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def object_guid(text: str) -> ObjectGuid:
    """The canonical form of a GUID as directories print it.

    Raises ValueError when `text` is no GUID or the nil GUID, which exports use for "none".
    """
    value = uuid.UUID(text.strip().strip("{}"))
    if value.int == 0:
        raise ValueError("the nil GUID names nobody")
    return ObjectGuid(str(value))


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An SMTP address in lower case. It prints masked, so that it cannot slip into a log by accident."""

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        """Normalise, or raise ValueError when the text is no plain SMTP address."""
        text = self.value.strip().rstrip(".").lower()
        if not _ADDRESS.fullmatch(text) or len(text) > 254:
            raise ValueError("not an e-mail address")
        object.__setattr__(self, "value", text)

    @property
    def domain(self) -> str:
        return self.value.rpartition("@")[2]

    def __repr__(self) -> str:
        return "Address(***)"

    __str__ = __repr__
