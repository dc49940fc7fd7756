"""How a sweep ended and why, in one line: the first one of every report about it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailbot.model.facts import MailboxFacts, Reason, Unknown
from mailbot.model.figures import Coverage
from mailbot.model.needs import EXPORTED
from mailbot.model.slots import SlotResult, SlotRow
from mailbot.ports import FollowUp

READ_PERCENT = 90
"""A sweep that reads less than this share is partial: so many cannot each have a fault of their own."""

NO_TURN: Mapping[Reason, str] = {
    Reason.NOT_VISITED: "not visited in the time of the run",
    Reason.THROTTLED: "throttled",
}
"""In words, why a mailbox had no turn. It comes first in the next sweep."""

CUT_SHORT = (Reason.SIGN_IN_REFUSED, *NO_TURN, Reason.TIMED_OUT)
"""Why reading a mailbox was not brought to its end, whatever it had answered until then."""

ROUNDS = 4
"""Questions that follow from one another, as many as a road asks."""


@dataclass(frozen=True, slots=True)
class Ending:
    """`missed` counts the mailboxes that were not read by why; `earlier` those that a process had dealt with
    that ended before the sweep did. `hangs` counts workers that hung, where they were too many to start
    again for."""

    coverage: Coverage
    missed: Mapping[Reason, int] = field(default_factory=dict)
    earlier: int = 0
    hangs: int = 0

    @property
    def result(self) -> SlotResult:
        """Complete: every mailbox had its turn, few enough did not answer, and no worker had to be left."""
        few = 100 * self.coverage.read < READ_PERCENT * self.coverage.population
        return SlotResult.PARTIAL if few or self._no_turn or self.hangs else SlotResult.COMPLETE

    @property
    def why(self) -> str:
        """As "812 of 1,000 mailboxes read; 150 not visited in the time of the run, 38 throttled"."""
        parts = [f"{self.coverage.read:,} of {self.coverage.population:,} mailboxes read"]
        own = sorted(
            self.missed.keys() - NO_TURN.keys(), key=lambda reason: (-self.missed[reason], reason.code)
        )
        causes = [
            f"{self.missed[reason]:,} {NO_TURN[reason]}" for reason in NO_TURN if self.missed.get(reason)
        ]
        causes += [f"{self.missed[reason]:,} {reason.code.replace('_', ' ')}" for reason in own]
        if causes:
            parts.append(", ".join(causes))
        if self._no_turn:
            parts.append("who had no turn comes first next time")
        if self.hangs:
            parts.append(f"{self.hangs:,} times a worker hung")
        if self.earlier:
            parts.append(
                f"resumed: {self.earlier:,} of {self.coverage.population:,} were done by an earlier process"
            )
        return "; ".join(parts)

    @property
    def line(self) -> str:
        return f"{self.result}: {self.why}"

    @property
    def _no_turn(self) -> int:
        return sum(self.missed.get(reason, 0) for reason in NO_TURN)


def broken_off(cause: str, done: int, population: int | None = None) -> str:
    """Why a run ended before its sweep did: that is aborted so far, not over, and taken up again."""
    return f"{cause}; {_of(done, population)} mailboxes are done, the next start goes on from there"


def given_up(cause: str, done: int, population: int | None = None) -> str:
    """The same of a sweep that was not taken up again in time, and is over."""
    of = _of(done, population)
    return (
        f"{cause}; {of} mailboxes were done when its time was over; no letter follows from it, and whoever "
        "was not read comes first next time"
    )


def _of(done: int, population: int | None) -> str:
    return f"{done:,}" if population is None else f"{done:,} of {population:,}"


def standing(row: SlotRow, done: int, now: datetime) -> tuple[str, str]:
    """How a turn stands at `now`, over or not: one word and why. `done` mailboxes are recorded in it."""
    why = str(row.counts.get("why", ""))
    if row.result is not None:
        return row.result.value, why
    if row.lease > now:
        return "under way", f"{done:,} mailboxes are done"
    return SlotResult.ABORTED.value, why or broken_off("the process was killed", done)


def missed(facts: MailboxFacts) -> Reason | None:
    """Why a mailbox does not count as read; None when it does.

    It counts when it answered something and was not cut short. The nightly export is no answer of its own.
    """
    unread = Counter(
        fact.reason
        for need, fact in facts.values.items()
        if isinstance(fact, Unknown) and not isinstance(need, EXPORTED)
    )
    for reason in CUT_SHORT:
        if unread[reason]:
            return reason
    if facts.was_read:
        return None
    return unread.most_common(1)[0][0] if unread else Reason.NOT_VISITED


def filled_up(facts: MailboxFacts, reason: Reason, follow_up: FollowUp) -> MailboxFacts:
    """With all that the rules would have asked next, had it not been cut short: unknown, for that reason."""
    for _ in range(ROUNDS):
        more = [need for need in follow_up(facts) if need not in facts.values]
        if not more:
            break
        facts = facts.with_values(dict.fromkeys(more, Unknown(reason)))
    return facts
