"""Attack on the monthly report: an attacker who has the roster, knows who was judged and how all this works.

He lists every way in which the month could have come about, by the number of deviating people in each
group, and keeps those that give the report in his hands. Within a group one person is like the other, so a
count that leaves somebody over leaves anybody over.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.group_figures import FLOOR, group_figures
from mailbot.engine.monthly import MonthlyFigures, monthly_figures
from mailbot.engine.shares import Part, fits, pins, scale, share_of, share_of_whole
from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome

QUOTA = RuleId("quota")
MONDAY = date(2026, 11, 2)
MONTH_OVER = date(2026, 12, 1)

ORGANISATIONS: Sequence[Mapping[str, int]] = (
    {"a": 10, "b": 10},
    {"a": 10, "b": 30},
    {"a": 10, "b": 124},
    {"a": 10, "b": 10, "c": 24},
    {"a": 12, "b": 12, "c": 12, "d": 12},
    {"a": 15, "b": 15, "c": 9},
    {"a": 14, "b": 11, "c": 5, "d": 6},
    {"a": 12, "b": 30, "c": 1},
    {"a": 40, "b": 42},
    {"a": 45, "b": 100},
    {"a": 15, "b": 185},
    {"a": 60, "b": 10, "c": 20},
)


def report_of(sizes: Mapping[str, int], deviating: Sequence[int]) -> MonthlyFigures:
    """From verdicts to the report, by the code that makes it."""
    outcomes: dict[PersonKey, Outcome] = {}
    units: dict[PersonKey, str] = {}
    for (code, size), count in zip(sizes.items(), deviating, strict=True):
        for n in range(size):
            person = PersonKey(f"{code}{n}")
            units[person] = code
            outcomes[person] = Outcome.DEVIATION if n < count else Outcome.COMPLIANT
    figures = group_figures({QUOTA: outcomes}, units, {}, {})
    return reported(figures, len(outcomes))


def reported(figures: Sequence[GroupFigure], population: int) -> MonthlyFigures:
    measured = {MONDAY: (Coverage(population, population), figures)}
    return monthly_figures(
        MONDAY.replace(day=1), MONTH_OVER, measured, [QUOTA], lambda day: day.weekday() < 5
    )


def histories(sizes: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
    return product(*(range(size + 1) for size in sizes.values()))


def spared(told: Mapping[object, list[tuple[int, ...]]], sizes: Mapping[str, int]) -> int:
    """Fewest people of any group who may be without deviation, over all reports; 2 also where that is all
    there are."""
    return min(
        2 if least == 0 else min(2, size - least)
        for possible in told.values()
        for place, size in enumerate(sizes.values())
        for least in [min(counts[place] for counts in possible)]
    )


@pytest.mark.parametrize("sizes", ORGANISATIONS, ids=lambda sizes: "-".join(map(str, sizes.values())))
def test_no_report_shows_of_anybody_that_he_deviates(sizes: Mapping[str, int]) -> None:
    """All histories there are: whatever is published, in every group two people may be without deviation."""
    shown = shown_departments(sizes)
    told: dict[object, list[tuple[int, ...]]] = {}
    for counts in histories(sizes):
        told.setdefault(published(sizes, shown, counts), []).append(counts)
    assert spared(told, sizes) == 2


def shown_departments(sizes: Mapping[str, int]) -> frozenset[str]:
    (rule,) = report_of(sizes, [0] * len(sizes)).rules
    return frozenset(department.code for department in rule.departments)


def published(sizes: Mapping[str, int], shown: frozenset[str], counts: Sequence[int]) -> object:
    """As `report_of`, without the people: so that millions of histories can be tried."""
    found = zip(sizes.items(), counts, strict=True)
    parts = [(size, count) for (code, size), count in found if code in shown]
    whole = share_of_whole(sum(counts), sum(sizes.values()), parts)
    return whole, tuple(share_of(count, size) for size, count in parts)


@given(st.sampled_from([sizes for sizes in ORGANISATIONS if sum(sizes.values()) < 60]), st.data())
def test_what_the_attacker_computes_is_what_the_report_says(
    sizes: Mapping[str, int], data: st.DataObject
) -> None:
    counts = data.draw(st.tuples(*(st.integers(0, size) for size in sizes.values())))
    (rule,) = report_of(sizes, counts).rules
    (share,) = [point.share for point in rule.points if point.share]
    departments = tuple(department.share for department in rule.departments)
    shown = frozenset(department.code for department in rule.departments)
    assert (share, departments) == published(sizes, shown, counts)
    assert shown == shown_departments(sizes), "which departments stand there says nothing about who deviates"


def test_the_attack_would_find_a_share_that_leaves_nobody_over() -> None:
    """Without the lower share beside departments that do well, 124 people would be shown."""
    sizes = {"a": 10, "b": 124}
    told: dict[object, list[tuple[int, ...]]] = {}
    for counts in histories(sizes):
        careless = (share_of(sum(counts), 134), share_of(counts[0], 10))
        told.setdefault(careless, []).append(counts)
    assert spared(told, sizes) == 0


@given(
    st.lists(st.integers(FLOOR, 90), min_size=1, max_size=6),
    st.integers(0, 90).filter(lambda n: n == 0 or n >= FLOOR),
    st.data(),
)
def test_so_it_is_in_organisations_that_are_too_large_to_try_all(
    sizes: list[int], nowhere: int, data: st.DataObject
) -> None:
    """By arithmetic: the share of the whole leaves two people of every group over, given the others."""
    everybody = sum(sizes) + nowhere
    counts = [data.draw(st.integers(0, size)) for size in sizes]
    whole = share_of_whole(
        sum(counts) + data.draw(st.integers(0, nowhere)), everybody, list(zip(sizes, counts, strict=True))
    )
    parts = [Part(size, share_of(count, size)) for size, count in zip(sizes, counts, strict=True)]
    assert not pins(fits(whole, everybody), [*parts, *([Part(nowhere)] if nowhere else [])])
    assert whole in {one.share for one in scale(everybody)}


# who is left out


@given(st.integers(FLOOR, 60), st.integers(1, 5), st.integers(0, 80), st.integers(0, 60))
def test_nothing_shows_who_is_excluded(judged: int, excluded: int, unknown: int, deviating: int) -> None:
    """The attacker has the roster and knows who was judged. Of everybody else the same report can come of an
    organisation in which exactly this one is not excluded, but could not be judged."""

    def report(unknown: int) -> MonthlyFigures:
        outcomes = {
            PersonKey(f"p{n}"): Outcome.DEVIATION if n < deviating else Outcome.COMPLIANT
            for n in range(judged)
        }
        not_judged = {PersonKey(f"u{n}"): Outcome.UNKNOWN for n in range(unknown)}
        return reported(group_figures({QUOTA: outcomes | not_judged}, {}, {}, {}), judged + unknown)

    seen = report(unknown)
    others = unknown + excluded
    assert any(report(possible) == seen for possible in range(1, others + 1))


@given(st.integers(FLOOR, 400), st.booleans())
def test_a_joiner_who_is_not_counted_leaves_no_trace_in_the_coverage(population: int, joins: bool) -> None:
    """The roster grew by one. Whether the population did is in no report: not in a count, not in a rounded
    one that would have had to change by now."""
    outcomes = {PersonKey(f"p{n}"): Outcome.COMPLIANT for n in range(FLOOR)}
    figures = group_figures({QUOTA: outcomes}, {}, {}, {})
    assert reported(figures, population) == reported(figures, population + joins)


@given(st.integers(0, 30), st.integers(0, 4))
def test_over_the_months_only_a_department_that_stood_there_before_stands_there(
    size: int, waiting: int
) -> None:
    """Somebody joins a department of nine: a month goes by before it can be seen at all."""
    shown = []
    for months in (1, 0):
        measured = {}
        for back in range(months, -1, -1):
            day = MONDAY - timedelta(days=30 * back)
            now = size + (1 if back == 0 else 0)
            people = {PersonKey(f"a{n}"): "a" for n in range(now)}
            people |= {PersonKey(f"b{n}"): "b" for n in range(40 + waiting)}
            outcomes = dict.fromkeys(people, Outcome.COMPLIANT)
            measured[day] = (Coverage(99, 99), group_figures({QUOTA: outcomes}, people, {}, {}))
        (rule,) = monthly_figures(
            MONDAY.replace(day=1), MONTH_OVER, measured, [QUOTA], lambda day: day.weekday() < 5
        ).rules
        shown.append({department.code for department in rule.departments})
    with_history, without = shown
    assert ("a" in with_history) == (size >= FLOOR)
    assert ("a" in without) == (size + 1 >= FLOOR)
