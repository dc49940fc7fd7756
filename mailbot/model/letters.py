"""Letters: what is ordered, what is rendered, and where each one stands on its way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from mailbot.model.accounts import Language
from mailbot.model.arrangements import Via
from mailbot.model.ids import Address, FindingId, LetterId, PersonKey
from mailbot.model.verdicts import Shown


class LetterKind(StrEnum):
    NUDGE = "nudge"
    REMINDER = "reminder"
    THANKS = "thanks"
    HINT = "hint"  # a tip, told once to the person alone
    DIGEST = "digest"
    TASK = "task"
    NOTICE = "notice"
    WAIVER = "waiver"  # to who answers for a waiver that ends soon


LAST = "last"
"""What a letter shows, beside the values of its rule, when its topic rests after it."""


@dataclass(frozen=True, slots=True)
class LetterOrder:
    """A letter to be made: the topic (rule id, `digest` or `explain`), what it shows and when it may go.

    `key` names the letter for ever ("finding 7, first nudge"): a second order with the same key is the
    same letter. Outside [not_before, not_after] it is not sent; after that it has expired. `weekly` tells
    whether it counts for the one letter per person per week. `test` marks a letter made in mode redirect:
    it goes to the test address or nowhere, and tells the person it is about nothing.
    """

    key: str
    kind: LetterKind
    topic: str
    person: PersonKey
    shown: Mapping[str, Shown] = field(repr=False)
    not_before: datetime
    not_after: datetime
    finding: FindingId | None = None
    weekly: bool = True
    test: bool = False


class LetterState(StrEnum):
    """waiting -> claimed -> drafted -> sent; the others are ends or wait for a human."""

    WAITING = "waiting"
    CLAIMED = "claimed"  # about to make the draft; nothing can have been sent
    DRAFTED = "drafted"  # the draft is on the server; from here on a send may have happened
    SENT = "sent"
    IN_DOUBT = "in_doubt"  # neither draft nor sent copy found: never sent again by itself
    WITHDRAWN = "withdrawn"  # what it spoke of was mended before it left
    EXPIRED = "expired"  # its time passed before it could leave
    REFUSED = "refused"  # the server refused it for good
    BOUNCED = "bounced"  # it left, and came back for good: nobody was told
    SET_ASIDE = "set_aside"  # tried too often without an answer; a human looks at it

    @property
    def under_way(self) -> bool:
        return self in (LetterState.WAITING, LetterState.CLAIMED, LetterState.DRAFTED, LetterState.IN_DOUBT)

    @property
    def unsettled(self) -> bool:
        """Whether it may still arrive, or somebody has to look at it first."""
        return self.under_way or self is LetterState.SET_ASIDE


@dataclass(frozen=True, slots=True)
class OutboxLetter:
    """One row of the outbox. `draft` is the server's own reference to the draft, opaque to us; `attempts`
    counts the times that the post put it off."""

    id: LetterId
    order: LetterOrder
    state: LetterState
    draft: str | None = field(default=None, repr=False)
    changed: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Somebody looked at one person's state by command. That person hears of it by `due`."""

    id: int
    person: PersonKey
    at: datetime
    due: date


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One leaver in the digest of who runs the departure: name, last day, and as what the reader does."""

    name: str = field(repr=False)
    last_day: date
    via: Via = Via.MANAGER


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who reads a letter, looked up at the moment of sending."""

    name: str = field(repr=False)
    address: Address
    language: Language


@dataclass(frozen=True, slots=True)
class Letter:
    """All that the renderer may use. `hold` is True unless a hold is known to be absent: then nothing may
    tell the reader to delete. `looked_at` are the days on which somebody looked by `explain`. `agenda`
    belongs to digests. `redirected_for` is True when the letter goes to the test address instead."""

    id: LetterId
    kind: LetterKind
    topic: str
    to: Addressee
    shown: Mapping[str, Shown] = field(repr=False)
    hold: bool
    day: date
    looked_at: tuple[date, ...] = ()
    agenda: tuple[AgendaLine, ...] = field(default=(), repr=False)
    redirected: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered letter. `key` is found again on the server after a crash; `message_id` is stable."""

    key: LetterId
    message_id: str
    sender: Address
    sender_name: str
    to: Address
    to_name: str = field(repr=False)
    subject: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    headers: Mapping[str, str]
    date: datetime
    kind: LetterKind | None = None


class Whereabouts(StrEnum):
    """Where a crash left a letter on the server."""

    DRAFTS = "drafts"
    SENT = "sent"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Trace:
    where: Whereabouts
    draft: str | None = field(default=None, repr=False)
