"""What comes into the service mailbox, as far as mailbot looks at it: class and headers, never a text."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class IncomingKind(StrEnum):
    BOUNCE = "bounce"  # a letter came back for good: its server gave up
    DELAY = "delay"  # the server is still trying
    AUTOMATIC = "automatic"  # an automatic reply, a receipt: ignored
    COPY = "copy"  # of a letter of ours: the proof that it left
    OTHER = "other"  # written by somebody: left for people, unread


@dataclass(frozen=True, slots=True)
class Incoming:
    """One item. `reference` is the server's own, opaque to us; `received` when it came in; `about` the
    Message-ID of the letter of ours that it is about, None where it names none; `status` as in "5.1.1"
    (RFC 3463), empty where unknown."""

    reference: str = field(repr=False)
    kind: IncomingKind
    received: datetime
    about: str | None = None
    status: str = ""
