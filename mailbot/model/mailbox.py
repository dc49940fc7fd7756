"""The values that the roads answer with: numbers, switches and times, never words of a person."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from mailbot.model.ids import Address


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a mailbox: `total` bytes in `folders` folders."""

    total: int
    folders: int


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of time [start, end), brought to UTC. An empty or reversed one, or one without a zone, cannot
    be made. Times of one zone compare by their clocks, which an hour that comes twice would confuse."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs aware times")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")


@dataclass(frozen=True, slots=True)
class AbsenceList:
    """Away blocks as Exchange publishes them, sorted by start, and the window that was asked for."""

    blocks: tuple[Interval, ...]
    window: Interval


class ReplyState(StrEnum):
    DISABLED = "disabled"
    ENABLED = "enabled"
    SCHEDULED = "scheduled"


class Audience(StrEnum):
    """Who outside the organisation gets the reply."""

    NONE = "none"
    KNOWN = "known"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ReplySetting:
    """The automatic reply. `period` counts only in state SCHEDULED; servers fill it in other states too."""

    state: ReplyState
    period: Interval | None
    audience: Audience
    internal_text: bool
    external_text: bool


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """An enabled inbox rule that sends a reply from the server. `period` is its own date condition."""

    period: tuple[datetime | None, datetime | None]
    conditional: bool


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """Reply rules of an inbox. `hidden` counts rules whose actions the server does not show."""

    rules: tuple[ReplyRule, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class AccessList:
    """Who else may read. `grants` are addresses with at least reading rights, groups among them.

    `everyone` tells that Default or Anonymous may read; `unresolved` counts entries with reading rights
    that the server shows without an address, `orphans` those of accounts that it says are gone.
    """

    grants: frozenset[Address] = field(repr=False)
    everyone: bool = False
    unresolved: int = 0
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """Members of a group, nested groups flattened. `group` is False when the address is no group.

    `complete` is False when a part of it cannot be listed: hidden, dynamic, nested too deep.
    """

    group: bool
    members: frozenset[Address] = field(default=frozenset(), repr=False)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class SignatureSetting:
    """The signature of Outlook on the web. `features` are what its redactor saw in the text."""

    auto_add: bool
    present: bool
    features: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SignatureSample:
    """Of messages that can be judged: how many were, and how many of them carry no signature."""

    assessed: int
    lacking: int


@dataclass(frozen=True, slots=True)
class LeaverReply:
    """The automatic reply of somebody who left: its setting, and what its redactor saw in its texts.

    `inside` and `outside` are the features of the two texts; empty for an empty text.
    """

    setting: ReplySetting
    inside: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ForwardRules:
    """Enabled inbox rules that send mail on, and rules whose actions the server does not show."""

    forwards: int
    hidden: int
