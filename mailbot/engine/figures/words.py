"""What may be said of a group of people: words, and tenths where the group is large enough. Pure.

Every word is true of the numbers, leaves several numbers possible, and depends on nothing but them.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from mailbot.model.figures import Coverage

FLOOR = 5
"""People judged in a cell, at least. In code, because no setting may go below it."""

FEW_FROM = 10
"""People judged from which "fewer than 3" may be said; in a smaller cell it points at somebody."""

TENTHS_FROM = 40
"""People from which a share may be told; below it, rounding gives the count away."""

SMALL_SHARES_FROM = 60
"""People judged from which a share that rounds to 1 in 10 or less may be told. "Some" says already that
there are at least 3; in a smaller cell only one or two counts would fit such a share."""

CLEAR_STEP = 2
"""Tenths between two weeks from which a direction is told. So much is never the work of one or two people who
joined or left: in a group of 40 they move a share by half a tenth."""


class Level(StrEnum):
    TEAM = "team"
    DEPARTMENT = "department"
    ORGANISATION = "organisation"


class Word(StrEnum):
    """How many of a cell deviate, as far as it may be told."""

    NONE = "none"
    FEW = "few"  # 1 or 2
    SOME = "some"  # at least 3, and at least 3 do not
    MOST = "most"  # at most 2 do not


class Direction(StrEnum):
    MORE = "more"
    FEWER = "fewer"


class Extent(StrEnum):
    """How many of the mailboxes could be read. "All" is none of the words: with it, whoever was not counted
    would be known to be left out."""

    NEARLY_ALL = "nearly_all"  # at least 9 in 10, and all
    TENTHS = "tenths"  # from a half on, in a population that is large enough
    HALF = "half"  # the same, in a smaller one
    LESS = "less"


_LEAST_TENTHS = {Extent.NEARLY_ALL: 10, Extent.HALF: 5, Extent.LESS: 0}


@dataclass(frozen=True, slots=True)
class Figure:
    """What a reader may see of one rule. `tenths` only when enough people were judged: 1-9, or 0 for fewer
    than 1 in 10. `direction` says nothing that last week's `tenths` beside these do not."""

    level: Level
    word: Word
    tenths: int | None = None
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Coverage in words: `tenths` (5 to 9) beside the word of that name only."""

    extent: Extent
    tenths: int | None = None


def word(deviating: int, judged: int, k: int = FLOOR) -> Word | None:
    """The word for a cell, or None when it may not be shown. Raises ValueError for k below the floor."""
    if k < FLOOR:
        raise ValueError(f"figures need at least {FLOOR} people")
    if judged < k:
        return None
    if deviating == 0:
        return Word.NONE
    if deviating >= judged - 2:
        return Word.MOST
    if deviating >= 3:
        return Word.SOME
    return Word.FEW if judged >= FEW_FROM else None


def tenths(deviating: int, judged: int) -> int | None:
    """The share in tenths, 1 to 9, or 0 for fewer than 1 in 10; None where it would give the count away.

    Never rounded up to 1: that could nearly double what is true.
    """
    if judged < TENTHS_FROM:
        return None
    share = min((20 * deviating + judged) // (2 * judged), 9) if 10 * deviating >= judged else 0
    return share if share > 1 or judged >= SMALL_SHARES_FROM else None


def direction(now: Figure, before: Figure) -> Direction | None:
    """Where a figure went since the one that the reader got last week; None where that is not clear.

    It looks at what was published and at nothing else. Who joined or left in between is not asked: a reader
    who saw a colleague join, and a direction that such a change should have held back, would know that this
    colleague is not counted.
    """
    if now.level is not before.level or now.tenths is None or before.tenths is None:
        return None
    if abs(now.tenths - before.tenths) < CLEAR_STEP:
        return None
    return Direction.MORE if now.tenths > before.tenths else Direction.FEWER


def directed(now: Figure, before: Figure | None) -> Figure:
    """The figure with its direction, where there is one."""
    return now if before is None else replace(now, direction=direction(now, before))


def lesser(one: Reach, other: Reach) -> Reach:
    """The one that tells of less; what holds for both."""
    return min(one, other, key=_tenths_of)


def _tenths_of(found: Reach) -> int:
    return found.tenths if found.tenths is not None else _LEAST_TENTHS[found.extent]


def reach(coverage: Coverage) -> Reach:
    """Coverage without a number of people: a population that does not grow when a known colleague joins
    shows who is left out of it."""
    read, population = coverage.read, coverage.population
    if 10 * read >= 9 * population > 0:
        return Reach(Extent.NEARLY_ALL)
    if 2 * read < population or not population:
        return Reach(Extent.LESS)
    if population < TENTHS_FROM:
        return Reach(Extent.HALF)
    return Reach(Extent.TENTHS, (20 * read + population) // (2 * population))
