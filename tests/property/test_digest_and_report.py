"""Nobody finds out from a digest and the monthly report together who does something wrong.

Somebody of the directie who leads a team has both, of the same sweep. This attacker knows more than most: who
was judged, and the own outcome. He lists every way in which digest and report can have come about, by the
number of deviating people in his team, in the rest of his department and in the rest of the organisation,
and keeps those that give the papers in his hands. In each of the three somebody must be left who may be
without deviation. Another attacker does not know who was judged; for him it must stay possible of everybody
that they were, and do not deviate.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import product

import pytest

from mailbot.engine.beside_digests import beside_digests
from mailbot.engine.figures.cells import Circle
from mailbot.engine.figures.digests import figures_for
from mailbot.engine.figures.encoding import encode
from mailbot.engine.figures.words import FLOOR, Level
from mailbot.engine.group_figures import group_figures
from mailbot.engine.monthly import monthly_figures
from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome

QUOTA = RuleId("quota")
MONDAY = date(2026, 11, 2)
READER = PersonKey("reader")

Sizes = tuple[int, int, int]
"""People in the team, in the rest of the department and in the rest of the organisation; the reader is one
more, of the department."""
Counts = tuple[tuple[int, int], ...]
"""For each of these, how many were judged and how many of them deviate."""
Papers = tuple[object, object]
Made = Callable[[Counts, Outcome], Papers]


def papers(counts: Counts, own: Outcome, *, departments: bool = False, lowered: bool = True) -> Papers:
    """Digest and report, by the code that makes them."""
    outcomes: dict[PersonKey, Outcome] = {}
    groups = []
    for place, (judged, deviating) in enumerate(counts):
        people = [PersonKey(f"{place}.{n}") for n in range(judged)]
        groups.append(frozenset(people))
        outcomes |= {
            p: Outcome.DEVIATION if n < deviating else Outcome.COMPLIANT for n, p in enumerate(people)
        }
    team, rest, _ = groups
    circles = [
        Circle(Level.TEAM, team),
        Circle(Level.DEPARTMENT, team | rest),
        Circle(Level.ORGANISATION, frozenset(outcomes)),
    ]
    digest = figures_for(READER, circles, {QUOTA: outcomes}, Coverage(99, 99), FLOOR, "unit")
    everybody = {**outcomes, READER: own}
    units = dict.fromkeys([*team, *rest, READER], "own") | dict.fromkeys(groups[2], "other")
    kept: Sequence[GroupFigure] = group_figures({QUOTA: everybody}, units if departments else {}, {}, {})
    if lowered:
        kept = [beside_digests(figure, everybody, [(READER, circles)]) for figure in kept]
    report = monthly_figures(
        MONDAY.replace(day=1), date(2026, 12, 1), {MONDAY: (Coverage(99, 99), kept)}, [QUOTA], _office_day
    )
    said = [(point.share, rule.departments) for rule in report.rules for point in rule.points if point.share]
    return tuple(sorted(encode(digest).items())), tuple(said)


def _office_day(day: date) -> bool:
    return day.weekday() < 5


def known(sizes: Sizes) -> Iterator[Counts]:
    """Every history of people who were all judged."""
    for deviating in product(*(range(size + 1) for size in sizes)):
        yield tuple(zip(sizes, deviating, strict=True))


def unknown(sizes: Sizes) -> Iterator[Counts]:
    """Every history in which anybody may have been left out, or not be judged."""
    of_each = [[(judged, n) for judged in range(size + 1) for n in range(judged + 1)] for size in sizes]
    yield from product(*of_each)


def found(sizes: Sizes, histories: Iterator[Counts], own: Outcome, made: Made = papers) -> set[int]:
    """The parts of the organisation (0 the team) in which some papers show of everybody that they deviate, or
    were not counted: nobody there can have been judged without deviation."""
    spared: dict[Papers, set[int]] = {}
    for counts in histories:
        free = {place for place, (judged, deviating) in enumerate(counts) if judged > deviating}
        spared.setdefault(made(counts, own), set()).update(free)
    people = {place for place, size in enumerate(sizes) if size}
    return {place for free in spared.values() for place in people - free}


OWN = (Outcome.COMPLIANT, Outcome.DEVIATION)


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize(
    "sizes", [(8, 1, 6), (9, 0, 2), (12, 3, 1), (6, 5, 5), (7, 6, 9), (40, 0, 24), (46, 3, 12), (7, 0, 45)]
)
def test_digest_and_report_together_show_of_nobody_that_he_deviates(sizes: Sizes, own: Outcome) -> None:
    assert found(sizes, known(sizes), own) == set()


@pytest.mark.parametrize("sizes", [(5, 1, 5), (6, 0, 4), (5, 5, 1), (9, 0, 1)])
def test_nor_whether_somebody_was_counted(sizes: Sizes) -> None:
    assert found(sizes, unknown(sizes), Outcome.COMPLIANT) == set()


# Each protection by itself: without it somebody is found.


def test_a_department_in_the_report_beside_the_team_in_a_digest_shows_the_colleague() -> None:
    """Nobody of the team of eight, a few of the ten of the department: it is the one of another team."""
    sizes = (8, 1, 12)

    def with_departments(counts: Counts, own: Outcome) -> Papers:
        return papers(counts, own, departments=True)

    assert found(sizes, known(sizes), Outcome.COMPLIANT) == set()
    assert 1 in found(sizes, known(sizes), Outcome.COMPLIANT, with_departments)


def test_a_true_share_beside_a_team_that_does_well_shows_all_others() -> None:
    """Nobody of 40, and 2 in 5 of 65: these are the 24 others."""
    sizes = (40, 0, 24)

    def as_found(counts: Counts, own: Outcome) -> Papers:
        return papers(counts, own, lowered=False)

    assert found(sizes, known(sizes), Outcome.COMPLIANT) == set()
    assert 2 in found(sizes, known(sizes), Outcome.COMPLIANT, as_found)
