"""Where people come from: the sources, what each is asked for, and how each one is."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    DIRECTORY = "directory"  # Active Directory, or an export of it
    PERSONNEL = "personnel"  # the personnel system's feed


class Attribute(StrEnum):
    """What a person is made of. Each comes from one source, by a written order of trust."""

    ADDRESS = "address"
    ACCOUNT = "account"  # open or closed
    KIND = "kind"  # of mailbox
    HOLD = "hold"
    FORWARDING = "forwarding"
    QUOTA = "quota"
    DELEGATES = "delegates"
    STARTS = "starts"
    ENDS = "ends"
    MANAGER = "manager"
    UNIT = "unit"
    ROSTER = "roster"
    LEAVE = "leave"


class Trouble(StrEnum):
    """What keeps a source from being used as it is now; the last good state of it is used instead."""

    REFUSED = "refused"  # it has errors
    EMPTY = "empty"  # it names nobody
    MANY_LEAVERS = "many_leavers"  # more people leave on one day than leave on a day
    OLD = "old"  # nothing new came for too long


@dataclass(frozen=True, slots=True)
class SourceState:
    """`as_of` is when what is used now was delivered or read; None when there is nothing. `says` tells
    everything that is wrong, for the administrator; it names nobody."""

    source: Source
    as_of: datetime | None
    trouble: Trouble | None = None
    says: str = field(default="", repr=False)
