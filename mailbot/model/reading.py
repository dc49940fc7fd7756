"""What is kept of how one person's mailbox was read. No value in it says what was found."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the answer to the question `need` was read at `at`: kept until `until`, so that the next sweep
    reads what is new."""

    need: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """When it was last read and when it failed since; None for never. Both are kept until `until`."""

    read: datetime | None = None
    failed: datetime | None = None
    until: datetime | None = None
    marks: tuple[Mark, ...] = ()
