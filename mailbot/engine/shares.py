"""How large a share of a group deviates, as coarsely as practice 2.6 asks, alone and beside its parts. Pure.

A reader is taken to know who was judged, and how this works. Of every group that a share tells something of,
at least two people must be able not to deviate, in some way in which it all could have come about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mailbot.engine.figures.words import Word, word
from mailbot.engine.group_figures import FLOOR

PERCENT_FROM = 40
"""People judged from which a percentage is told; below it, rounding gives the count away."""

STEP = 5
"""Percentages are rounded to this."""

LEAST_COUNTS = 2
"""Counts that fit every share that is told, but for "nobody"."""

SPARED = 2


@dataclass(frozen=True, slots=True)
class Share:
    """`percent` beside the word "some" only, in a group that is large enough: about so many in a hundred, a
    multiple of 5; 0 stands for fewer than 5, and 100 for more than 95."""

    word: Word
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Fits:
    """A share, and the counts from `least` to `most` for which it is told."""

    share: Share
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the whole: people judged, and what is told of it; None when that is nothing."""

    judged: int
    share: Share | None = None

    @property
    def most(self) -> int:
        return self.judged if self.share is None else fits(self.share, self.judged).most


@cache
def scale(judged: int) -> tuple[Fits, ...]:
    """All that can be told of a group of this size, from nobody to everybody; every count fits one. Raises
    ValueError for fewer than 10 people."""
    if judged < FLOOR:
        raise ValueError(f"a share needs at least {FLOOR} people")
    told: list[Fits] = []
    for count in range(judged + 1):
        said = word(count, judged, FLOOR)
        assert said is not None
        percent = _nearest(count, judged) if said is Word.SOME and judged >= PERCENT_FROM else None
        share = Share(said, percent)
        if told and told[-1].share == share:
            told[-1] = Fits(share, told[-1].least, count)
        else:
            told.append(Fits(share, count, count))
    some = [index for index, one in enumerate(told) if one.share.percent is not None]
    if some:
        _widen(told, some[-1], some[-1] - 1)
        _widen(told, some[0], some[0] + 1)
    return tuple(told)


def share_of(deviating: int, judged: int) -> Share:
    return _at(deviating, judged).share


def fits(share: Share, judged: int) -> Fits:
    """Raises ValueError for a share that is not told of a group of this size."""
    for one in scale(judged):
        if one.share == share:
            return one
    raise ValueError("no such share of so many people")


def share_of_whole(deviating: int, judged: int, parts: Sequence[tuple[int, int]]) -> Share:
    """What is told of the whole beside `parts` of it, each as judged and deviating; no two overlap.

    Where the parts are told to do well, a high share of the whole can leave nobody else over. Then the next
    lower share is told: there are people enough for that one with whom not everybody deviates, and nobody
    can tell which of the two it was.
    """
    told = [Part(of, share_of(some, of)) for of, some in parts]
    rest = judged - sum(part.judged for part in told)
    everything = [*told, Part(rest)] if rest else told
    one = _at(deviating, judged)
    below = [lower for lower in scale(judged) if lower.least <= one.least and lower.share.word is Word.SOME]
    while one.share.word is Word.SOME and len(below) > 1 and pins(one, everything):
        below.pop()
        one = below[-1]
    return one.share


def pins(whole: Fits, parts: Sequence[Part]) -> bool:
    """Whether the share of the whole leaves fewer than two people of some part who may not deviate."""
    together = sum(part.most for part in parts)
    return any(together - part.most + min(part.most, part.judged - SPARED) < whole.least for part in parts)


def _at(count: int, judged: int) -> Fits:
    return next(one for one in scale(judged) if one.least <= count <= one.most)


def _nearest(count: int, judged: int) -> int:
    """A half goes up."""
    return STEP * ((200 * count + STEP * judged) // (2 * STEP * judged))


def _widen(told: list[Fits], index: int, into: int) -> None:
    """Let a share at the end of the scale that one count only would fit be part of its neighbour."""
    one, other = told[index], told[into]
    if one.most - one.least + 1 >= LEAST_COUNTS or other.share.percent is None:
        return
    told[into] = Fits(other.share, min(one.least, other.least), max(one.most, other.most))
    del told[index]
