"""Figures that are kept are of groups to hide in; who belonged to a circle is forgotten in time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select

from mailbot.model.figures import ORGANISATION, Coverage, GroupFigure
from mailbot.model.ids import RuleId
from mailbot.store.schema import figure
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

MONDAY, TUESDAY, FRIDAY = (date(2026, 3, day) for day in (2, 3, 6))
QUOTA, SIGNATURE = RuleId("quota"), RuleId("signature")


def test_figures_come_back_by_day_and_a_day_without_a_sweep_is_missing(store: SqlStore, story: Story) -> None:
    monday = [GroupFigure(ORGANISATION, QUOTA, 40, 8, 1, 3), GroupFigure("unit/belastingen", QUOTA, 10, 0)]
    friday = [GroupFigure(ORGANISATION, SIGNATURE, 41, 41, 0)]
    with store.begin() as work:
        work.measure(FRIDAY, Coverage(50, 49), friday, story.now)
        work.measure(MONDAY, Coverage(50, 44), monday, story.now)
        work.measure(TUESDAY, Coverage(50, 0), [], story.now)
        assert work.measured(MONDAY, TUESDAY) == {
            MONDAY: (Coverage(50, 44), monday),
            TUESDAY: (Coverage(50, 0), []),
        }
        assert list(work.measured(date(2026, 1, 1), date(2026, 12, 31))) == [MONDAY, TUESDAY, FRIDAY]
        assert work.measured(date(2026, 3, 7), date(2026, 3, 9)) == {}


def test_a_second_sweep_of_a_day_takes_the_place_of_the_first(store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        for group in ("unit/belastingen", ORGANISATION):
            work.measure(MONDAY, Coverage(20, 20), [GroupFigure(group, QUOTA, 20, 3)], story.now)
        assert work.measured(MONDAY, MONDAY)[MONDAY][1] == [GroupFigure(ORGANISATION, QUOTA, 20, 3)]


@pytest.mark.parametrize(
    ("judged", "deviating", "waived"),
    [(9, 0, 0), (0, 0, 0), (-1, 0, 0), (10, 11, 0), (10, -1, 0), (10, 1, -1)],
)
def test_a_group_that_is_too_small_is_refused_and_with_it_all_others(
    store: SqlStore, story: Story, judged: int, deviating: int, waived: int
) -> None:
    large = GroupFigure(ORGANISATION, QUOTA, 40, 8)
    small = GroupFigure("unit/griffie", QUOTA, judged, deviating, waived)
    with store.begin() as work:
        work.measure(MONDAY, Coverage(50, 44), [large], story.now)
    with store.begin() as work:
        with pytest.raises(ValueError, match="10 people judged") as refusal:
            work.measure(MONDAY, Coverage(50, 50), [large, small], story.now)
        assert "griffie" not in str(refusal.value)
        assert work.measured(MONDAY, MONDAY) == {MONDAY: (Coverage(50, 44), [large])}


def test_a_figure_names_nobody_and_goes_with_its_day(store: SqlStore, story: Story, raw: Engine) -> None:
    counts = {"judged", "deviating", "waived", "unknown"}
    assert set(figure.c.keys()) == {"period", "cell", "rule", "made"} | counts
    with store.begin() as work:
        work.measure(MONDAY, Coverage(50, 44), [GroupFigure(ORGANISATION, QUOTA, 40, 8)], story.now)
        work.purge(story.now + timedelta(days=731))
        assert work.measured(MONDAY, MONDAY) == {}
    with raw.connect() as connection:
        assert connection.execute(select(figure)).all() == []
