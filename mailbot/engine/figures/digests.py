"""What the figures of one reader are in one week, given all that the reader got before. Pure."""

from collections.abc import Collection, Mapping, Sequence

from mailbot.engine.figures.cells import Circle, cells
from mailbot.engine.figures.encoding import DigestFigures
from mailbot.engine.figures.words import Level, reach
from mailbot.model.figures import Coverage
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome


def figures_for(
    reader: PersonKey,
    circles: Sequence[Circle],
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    coverage: Coverage,
    at_least: int,
    unit: str | None = None,
    earlier: Collection[DigestFigures] = (),
    last_week: DigestFigures | None = None,
) -> DigestFigures:
    """`outcomes` by rule, of everybody who is neither left out, paused nor waived. `earlier` are all digests
    that the reader may have kept, that of `last_week` among them, where there was one."""
    found = cells(reader, circles, outcomes, at_least, _levels(earlier))
    made = DigestFigures(
        reach(coverage),
        {rule: cell.figure for rule, cell in found.items()},
        at_least=at_least,
        unit=unit,
        whole=found.keys() == outcomes.keys(),
    )
    return made if last_week is None else made.after(last_week)


def _levels(earlier: Collection[DigestFigures]) -> dict[RuleId, set[Level]]:
    found: dict[RuleId, set[Level]] = {}
    for digest in earlier:
        for rule, figure in digest.figures.items():
            found.setdefault(rule, set()).add(figure.level)
    return found
