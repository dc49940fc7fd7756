"""What is under way in a run: visits of mailboxes, and questions about many mailboxes at once.

Both can be put aside half done, with all that they found, and taken up again by another worker.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.exchange.ews import free_busy
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.mailbox import Interval
from mailbot.model.needs import Need
from mailbot.ports import FollowUp, Target


@dataclass(frozen=True, slots=True)
class Errand:
    """What a run wants to know of every mailbox. `opening` asks first whether it can be opened at all."""

    asked: tuple[Need[Any], ...]
    follow_up: FollowUp
    now: datetime
    opening: bool = False

    @property
    def in_bulk(self) -> tuple[Need[Any], ...]:
        return tuple(need for need in self.asked if free_busy.answers(need))


@dataclass(slots=True)
class Search:
    """A window that some mailboxes are asked for: `parts` are left to ask, the last one first, `found` is
    what the others answered and `anybody` whether one did. `whole` tells that it was not taken apart yet,
    `splits` how many requests more may be spent on finding who spoils it."""

    parts: list[list[Target]]
    splits: int
    whole: bool = True
    found: dict[Target, free_busy.Answer] = field(default_factory=dict)
    anybody: bool = False


@dataclass(frozen=True, slots=True)
class Knock:
    """A look whether anybody is there, with a question about nobody in the sweep."""


class Bulk:
    """Free/busy questions about some mailboxes, window by window. `pieces` are the windows that are left.

    `tries` and `cut_off` count busy answers and lost connections in a row, `aside` is which of them it waits
    for. `search` is how far the present window has come that was refused as a whole.
    `busy` are mailboxes that had no time, with when (monotonic) they may be asked again: they have no facts
    here and are asked alone. `lost` is why nothing was found about anybody. Whoever visits one of the
    mailboxes reads the facts when `answered` is set; `waiting` are visits that have nothing else to do.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        needs: Collection[Need[Any]],
        now: datetime,
        zone: ZoneInfo,
        at: datetime,
    ) -> None:
        self.targets = targets
        self.needs = tuple(needs)
        self.asker = free_busy.Asker(self.needs, now, zone, at)
        self.pieces: list[Interval] = list(self.asker.pieces())
        self.tries = 0
        self.cut_off = 0
        self.aside = Reason.THROTTLED
        self.rest_until = 0.0
        self.search: Search | None = None
        self.busy: dict[Target, float] = {}
        self.lost: Reason | None = None
        self.answered = False
        self.waiting: list[Visit] = []

    def give_up(self, trouble: EwsTrouble) -> None:
        """Whoever was asked about last has no answer; the others are asked about all the same."""
        if self.search is not None and self.search.parts:
            self.search.found.update(dict.fromkeys(self.search.parts.pop(), trouble))
        self.tries = 0

    def facts(self, target: Target) -> free_busy.Facts:
        if self.lost is not None:
            return dict.fromkeys(self.needs, Unknown(self.lost))
        if target in self.busy:
            return {}
        broken: free_busy.Facts = dict.fromkeys(self.needs, Unknown(Reason.ANSWER_BROKEN))
        return {**broken, **self.asker.found.get(target, {})}


@dataclass(slots=True, eq=False)
class Visit:
    """How far the visit of one mailbox has come.

    `wanted` is what the present round asks, `whole` a reason that holds for all of it; `busy` and `cut_off`
    count busy answers and lost connections in a row; `rest_until` (monotonic) is when it may go on; `spent`
    are the seconds of work on it, without those of waiting. `aside` is why it waits, None when it does not.
    """

    target: Target
    errand: Errand
    wanted: list[Need[Any]]
    found: free_busy.Facts = field(default_factory=dict)
    opening: Reason | None = None
    opened: bool = False
    whole: Reason | None = None
    bulk: Bulk | None = None
    round: int = 1
    busy: int = 0
    cut_off: int = 0
    rest_until: float = 0.0
    spent: float = 0.0
    aside: Reason | None = None
    done: bool = False

    @classmethod
    def of(cls, target: Target, errand: Errand, bulk: Bulk | None = None) -> "Visit":
        return cls(target, errand, list(errand.asked), bulk=bulk, opened=not errand.opening)

    def rests(self) -> bool:
        return time.monotonic() < self.rest_until

    def facts(self) -> MailboxFacts:
        """What was found so far."""
        return MailboxFacts(self.target.guid, dict(self.found))

    def closed(self, reason: Reason) -> "Visit":
        """The visit as it ends here: what was not found has this reason. The visit itself is left alone,
        for a thread that hangs may still be at work on it."""
        unknown: Mapping[Need[Any], Unknown] = dict.fromkeys(
            [*self.errand.asked, *self.wanted], Unknown(reason)
        )
        return Visit(
            self.target,
            self.errand,
            [],
            {**unknown, **self.found},
            opening=self.opening if self.opened else reason,
            opened=True,
            done=True,
        )
