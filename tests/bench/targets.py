"""What the bench holds its figures against."""

from collections.abc import Mapping
from dataclasses import dataclass

UNCONDITIONAL = 5.0
BELOW_USUAL, ABOVE_LOWER = 25.0, 8.0
YARDSTICK = 120.0, 350.0
BULK, EVERY, DRAWN = "bulk", "every mailbox", "under a decision"
HEADINGS = ("SyncFolderItems", "FindItem", "GetItem")
"""What asks about mail: only of who is drawn by a decision. The bench draws everybody."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Of processor time per mailbox: usual script / ours, ours / lower bound, usual script / lower bound."""

    usual_ours: float
    ours_lower: float
    usual_lower: float


def kind(what: str, share: float) -> str:
    """Whether a request is sent for many mailboxes at once, of who is drawn by a decision only, of every
    mailbox, or of some by what others showed."""
    if "Availability" in what:
        return BULK
    if what.startswith(HEADINGS):
        return DRAWN if share > 0.999 else f"{DRAWN}, conditional"
    return EVERY if share > 0.999 else "conditional"


@dataclass(frozen=True, slots=True)
class Unconditional:
    """Requests per mailbox that cannot be avoided: of every mailbox, and of who is drawn by a decision at the
    first sweep and at later ones. Those for many at once are shared out."""

    every: float
    first: float
    later: float

    @classmethod
    def of(cls, first: Mapping[str, float], later: Mapping[str, float]) -> "Unconditional":
        """By what was asked per mailbox at both sweeps."""

        def total(asked: Mapping[str, float], *kinds: str) -> float:
            return sum(share for what, share in asked.items() if kind(what, share) in kinds)

        return cls(
            total(first, BULK, EVERY), total(first, BULK, EVERY, DRAWN), total(later, BULK, EVERY, DRAWN)
        )


def missed(ratios: Ratios, asked: Unconditional) -> list[str]:
    """A sentence for each target that is not met, and one when a yardstick is bent."""
    wrong = []
    least, most = YARDSTICK
    if ratios.usual_lower < least:
        wrong.append(
            f"The usual script costs only {ratios.usual_lower:.0f} times the lower bound (at least "
            f"{least:.0f}): the lower bound became slow, or the usual script does less than it used to."
        )
    if ratios.usual_lower > most:
        wrong.append(
            f"The usual script costs {ratios.usual_lower:.0f} times the lower bound (at most {most:.0f}): "
            "the usual script became slow, or the lower bound does less than it used to."
        )
    if max(asked.every, asked.later) > UNCONDITIONAL:
        wrong.append(
            f"{asked.every:.2f} unconditional requests per mailbox, {asked.later:.2f} under a decision at "
            f"later sweeps; {UNCONDITIONAL:.0f} at most."
        )
    if ratios.usual_ours < BELOW_USUAL:
        wrong.append(
            f"Ours is {ratios.usual_ours:.1f} times below the usual script; {BELOW_USUAL:.0f} at least."
        )
    if ratios.ours_lower > ABOVE_LOWER:
        wrong.append(f"Ours is {ratios.ours_lower:.1f} times the lower bound; {ABOVE_LOWER:.0f} at most.")
    return wrong
