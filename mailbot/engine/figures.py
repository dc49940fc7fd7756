"""Figures about groups that tell nothing about one person (practice 2.6).

A reader gets one cell per rule at most: that of the smallest circle that is large enough. So no two cells of
one reader overlap, and nothing can be found by taking a team from its department.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailbot.model.figures import Coverage
from mailbot.model.ids import ObjectGuid, PersonKey, RuleId
from mailbot.model.people import People
from mailbot.model.verdicts import Outcome, Shown

FLOOR = 5
"""People judged in a cell, at least. In code, because no setting may go below it."""

FEW_FROM = 10
"""People judged from which "fewer than 3" may be said; in a smaller cell it points at somebody."""

TENTHS_FROM = 40
"""People judged from which a share may be told; below it, rounding gives the count away."""

SMALL_SHARES_FROM = 60
"""People judged from which a share that rounds to 1 in 10 or less may be told. "Some" says already that
there are at least 3; in a smaller cell only one or two counts would fit such a share."""

JUDGED = frozenset({Outcome.COMPLIANT, Outcome.DEVIATION, Outcome.TIP})

COVERAGE, TIP, AT_LEAST = "coverage", "tip", "at_least"


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


@dataclass(frozen=True, slots=True)
class Circle:
    """The people around a reader at one level."""

    level: Level
    members: frozenset[PersonKey]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a reader may see of one rule. `tenths` only when enough people were judged: 1-9, or 0 for fewer
    than 1 in 10."""

    level: Level
    word: Word
    tenths: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with the number of people it rests on. `judged` is for our own reports, not for managers:
    with the roster beside it, it tells who was not counted."""

    figure: Figure
    judged: int


@dataclass(frozen=True, slots=True)
class DigestFigures:
    """The contents of one digest, apart from the agenda, which is looked up when it is sent.

    `at_least` is the number of people that every figure rests on.
    """

    coverage: Coverage
    figures: Mapping[RuleId, Figure]
    tip: str | None = None
    at_least: int = FLOOR


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


def cell(
    reader: PersonKey, circles: Sequence[Circle], outcomes: Mapping[PersonKey, Outcome], k: int = FLOOR
) -> Cell | None:
    """The cell of the first circle, from small to large, that may be shown to `reader`.

    The reader is never counted: whoever knows one outcome of a cell knows more than it says. Every circle
    takes in the smaller ones, so that merging is always upward.
    """
    members: frozenset[PersonKey] = frozenset()
    for circle in circles:
        members = (members | circle.members) - {reader}
        judged = [o for person in members if (o := outcomes.get(person)) in JUDGED]
        deviating = judged.count(Outcome.DEVIATION)
        said = word(deviating, len(judged), k)
        if said is not None:
            share = tenths(deviating, len(judged)) if said is Word.SOME else None
            return Cell(Figure(circle.level, said, share), len(judged))
    return None


def cells(
    reader: PersonKey,
    circles: Sequence[Circle],
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    k: int = FLOOR,
) -> dict[RuleId, Cell]:
    """One cell per rule at most. A rule that nothing may be said about is left out."""
    found = {rule: cell(reader, circles, of_rule, k) for rule, of_rule in outcomes.items()}
    return {rule: value for rule, value in found.items() if value is not None}


def circles_of(
    reader: ObjectGuid, people: People, key: Callable[[ObjectGuid], PersonKey]
) -> tuple[Circle, ...]:
    """The circles of a manager: direct reports, own unit, everybody. A manager without unit has no second."""
    persons = people.by_guid.values()
    unit = people.by_guid[reader].unit

    def circle(level: Level, guids: Iterable[ObjectGuid]) -> Circle:
        return Circle(level, frozenset(key(guid) for guid in guids if guid != reader))

    found = [circle(Level.TEAM, (p.guid for p in persons if p.manager == reader))]
    if unit is not None:
        in_unit = (p.guid for p in persons if p.unit is not None and p.unit.code == unit.code)
        found.append(circle(Level.DEPARTMENT, in_unit))
    found.append(circle(Level.ORGANISATION, people.by_guid))
    return tuple(found)


def tip_of_the_week(names: Iterable[str], day: date) -> str | None:
    """Another tip every week, the same one for everybody; None when there are none."""
    ordered = sorted(set(names))
    return ordered[(day.toordinal() - 1) // 7 % len(ordered)] if ordered else None


def worth_saying(figures: Mapping[RuleId, Figure], leavers: int) -> bool:
    """Whether a digest tells its reader anything; where all is well, a manager is left in peace."""
    return leavers > 0 or any(figure.word is not Word.NONE for figure in figures.values())


def encode(digest: DigestFigures) -> dict[str, Shown]:
    """As flat values for a letter order: `coverage.read`, `quota.word`, `quota.level`, `tip` and so on.

    Raises ValueError for a rule whose name would be read back as something else.
    """
    shown: dict[str, Shown] = {
        f"{COVERAGE}.population": digest.coverage.population,
        f"{COVERAGE}.read": digest.coverage.read,
        AT_LEAST: digest.at_least,
    }
    for rule, figure in digest.figures.items():
        if rule == COVERAGE or "." in rule:
            raise ValueError(f"a rule cannot be called {rule}")
        shown[f"{rule}.level"] = figure.level.value
        shown[f"{rule}.word"] = figure.word.value
        if figure.tenths is not None:
            shown[f"{rule}.tenths"] = figure.tenths
    if digest.tip is not None:
        shown[TIP] = digest.tip
    return shown


def decode(shown: Mapping[str, Shown]) -> DigestFigures:
    """The reverse of `encode`, rules in alphabetical order. Raises ValueError for anything else."""

    def number(name: str) -> int:
        value = shown.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"no number: {name}")
        return value

    tip = shown.get(TIP)
    if not isinstance(tip, str | None):
        raise ValueError("the tip is no name")
    rules = sorted(name.removesuffix(".word") for name in shown if name.endswith(".word"))
    figures = {
        RuleId(rule): Figure(
            Level(str(shown.get(f"{rule}.level"))),
            Word(str(shown[f"{rule}.word"])),
            number(f"{rule}.tenths") if f"{rule}.tenths" in shown else None,
        )
        for rule in rules
    }
    coverage = Coverage(number(f"{COVERAGE}.population"), number(f"{COVERAGE}.read"))
    return DigestFigures(coverage, figures, tip, number(AT_LEAST))
