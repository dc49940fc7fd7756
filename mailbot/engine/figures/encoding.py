"""The contents of a digest, and how they travel as the flat values of a letter order. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from mailbot.engine.figures.words import FLOOR, Direction, Extent, Figure, Level, Reach, Word, directed
from mailbot.model.ids import RuleId
from mailbot.model.verdicts import Shown

COVERAGE, TIP, AT_LEAST, UNIT, WHOLE = "coverage", "tip", "at_least", "unit", "whole"


@dataclass(frozen=True, slots=True)
class DigestFigures:
    """The contents of one digest, apart from the agenda, which is looked up when it is sent.

    `reach` is told to readers of figures only. `at_least` is the number of people that every figure rests on;
    `unit` is the code of the department that figures of that level are about. `whole` tells that every rule
    that was looked at has its figure here.
    """

    reach: Reach | None = None
    figures: Mapping[RuleId, Figure] = field(default_factory=dict)
    tip: str | None = None
    at_least: int = FLOOR
    unit: str | None = None
    whole: bool = False

    def after(self, before: "DigestFigures") -> "DigestFigures":
        """With directions, given what the same reader got a week before. None where in one of the weeks part
        of the mailboxes was not read: then a share moves because other people are in it."""
        if not (self.nearly_all_read and before.nearly_all_read):
            return self
        return replace(self, figures={rule: self._directed(rule, before) for rule in self.figures})

    def _directed(self, rule: RuleId, before: "DigestFigures") -> Figure:
        figure = self.figures[rule]
        if figure.level is Level.DEPARTMENT and self.unit != before.unit:
            return figure
        return directed(figure, before.figures.get(rule))

    @property
    def nearly_all_read(self) -> bool:
        return self.reach is not None and self.reach.extent is Extent.NEARLY_ALL

    @property
    def all_well(self) -> Level | None:
        """Where one line may say that all is well: nearly everybody was read, and of every rule it is
        known at one and the same level that nobody deviates. None where that cannot be said."""
        levels = {figure.level for figure in self.figures.values()}
        quiet = self.whole and all(figure.word is Word.NONE for figure in self.figures.values())
        if not self.nearly_all_read or not quiet or len(levels) != 1:
            return None
        return levels.pop()


def worth_saying(figures: Mapping[RuleId, Figure], leavers: int) -> bool:
    """Whether a digest tells its reader anything; where all is well, a manager is left in peace."""
    return leavers > 0 or any(figure.word is not Word.NONE for figure in figures.values())


def tip_of_the_week(names: Iterable[str], day: date) -> str | None:
    """Another tip every week, the same one for everybody; None when there are none."""
    ordered = sorted(set(names))
    return ordered[(day.toordinal() - 1) // 7 % len(ordered)] if ordered else None


def encode(digest: DigestFigures) -> dict[str, Shown]:
    """As flat values for a letter order: `coverage`, `quota.word`, `quota.level`, `tip` and so on.

    Raises ValueError for a rule whose name would be read back as something else.
    """
    shown: dict[str, Shown] = {AT_LEAST: digest.at_least}
    if digest.reach is not None:
        shown[COVERAGE] = digest.reach.extent.value
        if digest.reach.tenths is not None:
            shown[f"{COVERAGE}.tenths"] = digest.reach.tenths
    for rule, figure in digest.figures.items():
        if rule == COVERAGE or "." in rule:
            raise ValueError(f"a rule cannot be called {rule}")
        shown[f"{rule}.level"] = figure.level.value
        shown[f"{rule}.word"] = figure.word.value
        if figure.tenths is not None:
            shown[f"{rule}.tenths"] = figure.tenths
        if figure.direction is not None:
            shown[f"{rule}.direction"] = figure.direction.value
    for name, value in ((TIP, digest.tip), (UNIT, digest.unit)):
        if value is not None:
            shown[name] = value
    if digest.whole:
        shown[WHOLE] = True
    return shown


def decode(shown: Mapping[str, Shown]) -> DigestFigures:
    """The reverse of `encode`, rules in alphabetical order. Raises ValueError for anything else."""
    extent = _text(shown, COVERAGE)
    rules = sorted(name.removesuffix(".word") for name in shown if name.endswith(".word"))
    return DigestFigures(
        None if extent is None else Reach(Extent(extent), _number(shown, f"{COVERAGE}.tenths")),
        {RuleId(rule): _figure(shown, rule) for rule in rules},
        _text(shown, TIP),
        _number(shown, AT_LEAST) or FLOOR,
        _text(shown, UNIT),
        shown.get(WHOLE) is True,
    )


def _figure(shown: Mapping[str, Shown], rule: str) -> Figure:
    went = _text(shown, f"{rule}.direction")
    return Figure(
        Level(str(shown.get(f"{rule}.level"))),
        Word(str(shown[f"{rule}.word"])),
        _number(shown, f"{rule}.tenths"),
        None if went is None else Direction(went),
    )


def _number(shown: Mapping[str, Shown], name: str) -> int | None:
    value = shown.get(name)
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise ValueError(f"no number: {name}")
    return value


def _text(shown: Mapping[str, Shown], name: str) -> str | None:
    value = shown.get(name)
    if not isinstance(value, str | None):
        raise ValueError(f"no text: {name}")
    return value
