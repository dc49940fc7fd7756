"""The month as it may be told: gaps stay gaps, and no department shows that a month earlier could not."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from mailbot.engine.figures.words import Extent, Word
from mailbot.engine.monthly import (
    DepartmentShare,
    Measured,
    MonthlyFigures,
    looks_back_to,
    month_after,
    monthly_figures,
)
from mailbot.engine.shares import Share
from mailbot.model.figures import ORGANISATION, Coverage, GroupFigure
from mailbot.model.ids import RuleId

QUOTA, DELEGATES = RuleId("quota"), RuleId("delegates")
NOVEMBER = date(2026, 11, 1)
DECEMBER_3 = date(2026, 12, 3)
WHOLE = GroupFigure(ORGANISATION, QUOTA, 120, 30, 2)


def department(code: str, judged: int, deviating: int = 3) -> GroupFigure:
    return GroupFigure(f"unit/{code}", QUOTA, judged, deviating)


def office_day(day: date) -> bool:
    return day.weekday() < 5


def swept(
    first: date, last: date, *figures: GroupFigure, population: int = 130, read: int = 130
) -> dict[date, tuple[Coverage, Sequence[GroupFigure]]]:
    """Every office day from first to last."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {day: (Coverage(population, read), figures) for day in days if office_day(day)}


def told(measured: Measured, today: date = DECEMBER_3, **more: Any) -> MonthlyFigures:
    return monthly_figures(NOVEMBER, today, measured, [QUOTA, DELEGATES], office_day, **more)


def shares(figures: MonthlyFigures, rule: RuleId = QUOTA) -> list[Share | None]:
    """Of the weeks of the month."""
    (found,) = [one for one in figures.rules if one.rule == rule]
    return [point.share for point in found.points if not point.period.whole_month]


def test_a_month_is_told_by_its_weeks_and_the_eleven_months_before() -> None:
    figures = told(swept(date(2025, 11, 1), date(2026, 11, 30), WHOLE))
    (quota,) = figures.rules
    months = [point.period.first for point in quota.points if point.period.whole_month]
    assert (months[0], months[-1], len(months)) == (date(2025, 12, 1), date(2026, 10, 1), 11)
    weeks = [(p.period.first.day, p.period.last.day) for p in quota.points if not p.period.whole_month]
    assert weeks == [(2, 8), (9, 15), (16, 22), (23, 29), (30, 30)], "1 November is a Sunday without a sweep"
    assert {point.share for point in quota.points} == {Share(Word.SOME, 25)}
    assert quota.waivers == 2


def test_a_week_without_a_sweep_is_a_gap_and_no_zero() -> None:
    measured = swept(date(2026, 11, 2), date(2026, 11, 6), WHOLE)
    measured |= swept(date(2026, 11, 16), date(2026, 11, 30), WHOLE)
    figures = told(measured)
    quarter = Share(Word.SOME, 25)
    assert shares(figures) == [quarter, None, quarter, quarter, quarter]
    (quota,) = figures.rules
    assert [p.snapshot is None for p in quota.points if not p.period.whole_month] == [
        *(False, True, False, False, False)
    ]
    assert figures.missed == tuple(date(2026, 11, day) for day in range(9, 14))
    assert len(figures.measured) == 16


def test_a_week_is_shown_by_its_last_good_sweep() -> None:
    """A partial one counts only where there is no other."""
    measured: dict[date, tuple[Coverage, Sequence[GroupFigure]]] = {
        date(2026, 11, 3): (Coverage(130, 129), [WHOLE]),
        date(2026, 11, 4): (Coverage(130, 80), [GroupFigure(ORGANISATION, QUOTA, 70, 0)]),
        date(2026, 11, 10): (Coverage(130, 80), [GroupFigure(ORGANISATION, QUOTA, 70, 0)]),
    }
    figures = told(measured)
    assert shares(figures)[:2] == [Share(Word.SOME, 25), Share(Word.NONE)]
    (quota,) = figures.rules
    snapshots = [point.snapshot for point in quota.points if point.snapshot]
    assert [(one.day.day, one.partial, one.reach.extent) for one in snapshots] == [
        (3, False, Extent.NEARLY_ALL),
        (10, True, Extent.TENTHS),
    ]
    assert figures.partial == (date(2026, 11, 4), date(2026, 11, 10))


def test_a_day_without_figures_gives_way_to_an_earlier_one_that_has_them() -> None:
    """The brake held Friday's plan, so Friday left none."""
    thursday, friday = date(2026, 11, 5), date(2026, 11, 6)
    figures = told(swept(thursday, thursday, WHOLE, read=90) | swept(friday, friday))
    (quota,) = figures.rules
    assert [point.snapshot.day for point in quota.points if point.snapshot] == [thursday]
    assert figures.measured == (thursday, friday)


def test_too_few_people_is_no_gap_and_no_figure() -> None:
    measured: Measured = {
        date(2026, 11, 3): (Coverage(130, 130), [WHOLE]),
        date(2026, 11, 10): (Coverage(130, 12), []),
    }
    (quota,) = told(measured).rules
    with_snapshot = [(p.snapshot is not None, p.share is not None) for p in quota.points if p.snapshot]
    assert with_snapshot == [(True, True), (True, False)]


def test_a_rule_that_was_never_judged_is_not_in_it() -> None:
    assert [rule.rule for rule in told(swept(NOVEMBER, date(2026, 11, 30), WHOLE)).rules] == [QUOTA]


def test_without_sweeps_there_are_no_figures() -> None:
    figures = told({})
    assert figures.empty
    assert figures.rules == ()
    assert len(figures.missed) == 21


def test_figures_of_earlier_months_alone_are_none_of_this_one() -> None:
    assert told(swept(date(2026, 9, 1), date(2026, 9, 30), WHOLE)).empty


def test_a_month_that_goes_on_says_so_and_misses_no_day_that_is_still_to_come() -> None:
    figures = told(swept(NOVEMBER, date(2026, 11, 10), WHOLE), today=date(2026, 11, 11))
    assert not figures.over
    assert figures.missed == (date(2026, 11, 11),)
    with pytest.raises(ValueError, match="not begun"):
        told({}, today=date(2026, 10, 31))


# departments


def departments(measured: Measured, **more: Any) -> tuple[DepartmentShare, ...]:
    (quota,) = [rule for rule in told(measured, **more).rules if rule.rule == QUOTA]
    return quota.departments


def test_departments_stand_beside_the_organisation_as_they_were_at_the_last_snapshot() -> None:
    measured = swept(date(2026, 10, 1), date(2026, 11, 29), WHOLE, department("a", 20), department("b", 45))
    measured[date(2026, 11, 30)] = (Coverage(130, 130), [WHOLE, department("a", 20, 0), department("b", 45)])
    assert departments(measured) == (
        DepartmentShare("a", Share(Word.NONE)),
        DepartmentShare("b", Share(Word.SOME, 10)),
    )


def test_a_department_that_was_too_small_a_month_ago_does_not_show_yet() -> None:
    """With the figures of last month, its tenth member would be one whom a difference tells of."""
    measured = swept(date(2026, 10, 1), date(2026, 10, 31), WHOLE, department("b", 45))
    measured |= swept(NOVEMBER, date(2026, 11, 30), WHOLE, department("a", 10), department("b", 45))
    assert [one.code for one in departments(measured)] == ["b"]
    december = swept(date(2026, 12, 1), date(2026, 12, 31), WHOLE, department("a", 10), department("b", 45))
    next_month = monthly_figures(
        date(2026, 12, 1), date(2027, 1, 2), {**measured, **december}, [QUOTA], office_day
    )
    assert [one.code for one in next_month.rules[0].departments] == ["a", "b"]


def test_a_day_that_shows_nowhere_hides_no_department() -> None:
    """One partial sweep in the middle of a week is no snapshot."""
    measured = swept(date(2026, 10, 1), date(2026, 11, 30), WHOLE, department("a", 20))
    measured[date(2026, 11, 11)] = (Coverage(130, 40), [GroupFigure(ORGANISATION, QUOTA, 40, 10)])
    assert [one.code for one in departments(measured)] == ["a"]


def test_a_pack_that_shows_teams_nothing_shows_the_organisation_alone() -> None:
    measured = swept(date(2026, 10, 1), date(2026, 11, 30), WHOLE, department("a", 20))
    assert departments(measured, departments=False) == ()


def test_a_pack_that_asks_for_more_people_gets_them_from_older_figures_too() -> None:
    """Of 120 people 15 would be left beside a and b: enough for ten, too few for twenty."""
    measured = swept(date(2026, 10, 1), date(2026, 11, 30), WHOLE, department("a", 25), department("b", 80))
    assert [one.code for one in departments(measured)] == ["a", "b"]
    assert [one.code for one in departments(measured, k=20)] == ["b"]
    with pytest.raises(ValueError, match="at least 10"):
        departments(measured, k=9)


# what it never holds


def numbers_in(value: object) -> set[int]:
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int):
        return {value}
    if is_dataclass(value):
        return {n for field in fields(value) for n in numbers_in(getattr(value, field.name))}
    if isinstance(value, Mapping | tuple | list):
        return {n for one in value for n in numbers_in(one)}
    return set()


def test_no_number_of_people_or_mailboxes_is_in_it() -> None:
    """What cannot be read from the value, no page and no file can print."""
    measured = swept(
        date(2026, 10, 1),
        date(2026, 11, 30),
        *(GroupFigure(ORGANISATION, QUOTA, 1237, 619, 2), department("a", 213, 77)),
        population=1303,
        read=1291,
    )
    assert numbers_in(told(measured)) == {50, 35, 2}


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert month_after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert looks_back_to(NOVEMBER) == date(2025, 11, 1)
