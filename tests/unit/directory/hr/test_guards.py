"""Feeds without an error that are still not to be believed."""

from datetime import date, timedelta

import pytest

from mailbot.directory.hr.guards import doubt
from mailbot.model.employment import Employment
from mailbot.model.sources import Trouble

TODAY = date(2026, 11, 21)


def people(
    count: int, *, starts: date | None = None, ends: date | None = None, first: int = 0
) -> list[Employment]:
    return [Employment(key=str(first + n), starts=starts, ends=ends) for n in range(count)]


def trouble(before: list[Employment] | None, after: list[Employment]) -> Trouble | None:
    found = doubt(before, after, TODAY)
    return found.trouble if found else None


def test_a_feed_of_nobody_is_held_even_when_it_is_the_first() -> None:
    assert trouble(None, []) is Trouble.EMPTY
    assert trouble(people(3), []) is Trouble.EMPTY


def test_the_first_feed_has_nothing_to_be_compared_with() -> None:
    assert trouble(None, people(100, ends=TODAY)) is None


@pytest.mark.parametrize(("gone", "held"), [(0, False), (5, False), (6, True), (99, True)])
def test_who_is_missing_leaves_today(gone: int, held: bool) -> None:
    assert trouble(people(100), people(100)[gone:]) is (Trouble.MANY_LEAVERS if held else None)


@pytest.mark.parametrize(
    ("staff", "gone", "held"), [(3, 2, False), (10, 2, False), (10, 3, True), (40, 2, False)]
)
def test_in_a_small_house_two_may_always_leave(staff: int, gone: int, held: bool) -> None:
    assert trouble(people(staff), people(staff)[gone:]) is (Trouble.MANY_LEAVERS if held else None)


@pytest.mark.parametrize("day", [TODAY - timedelta(40), TODAY, TODAY + timedelta(200)])
def test_a_last_day_counts_on_that_day_past_or_future(day: date) -> None:
    found = doubt(people(100), people(6, ends=day) + people(94, first=6), TODAY)
    assert found is not None and found.trouble is Trouble.MANY_LEAVERS
    assert day.isoformat() in found.says and "6 of 100" in found.says


def test_a_last_day_that_comes_nearer_counts_and_one_that_goes_further_does_not() -> None:
    before = people(100, ends=date(2027, 6, 30))
    assert trouble(before, people(100, ends=date(2026, 12, 31))) is Trouble.MANY_LEAVERS
    assert trouble(before, people(100, ends=date(2027, 12, 31))) is None


def test_ends_that_are_withdrawn_undo() -> None:
    assert trouble(people(100, ends=TODAY), people(100)) is None


def test_ends_that_were_known_already_are_no_news() -> None:
    """Twenty summer contracts end on one day, accepted long ago; one more person leaves that day."""
    before = people(20, ends=date(2026, 12, 31)) + people(80, first=20)
    after = people(21, ends=date(2026, 12, 31)) + people(79, first=21)
    assert trouble(before, after) is None


def test_three_weeks_of_silence_are_three_weeks_of_leavers_each_on_a_day_of_its_own() -> None:
    before = people(100)
    after = [Employment(key=str(n), ends=TODAY - timedelta(n)) for n in range(21)] + people(79, first=21)
    assert trouble(before, after) is None


@pytest.mark.parametrize(("gone", "held"), [(5, False), (6, True), (100, True)])
def test_who_left_long_ago_by_the_wrong_column_counts_although_everybody_has_another_day(
    gone: int, held: bool
) -> None:
    """The last good feed came yesterday and knew nothing of it."""
    left = [Employment(key=str(n), ends=date(2015, 1, 1) + timedelta(7 * n)) for n in range(gone)]
    found = doubt(people(100), left + people(100 - gone, first=gone), TODAY, TODAY - timedelta(1))
    assert (found is not None) is held
    if found is not None:
        assert found.trouble is Trouble.MANY_LEAVERS and f"{gone} of 100" in found.says


def test_leavers_of_the_silence_itself_are_not_late() -> None:
    after = [Employment(key=str(n), ends=TODAY - timedelta(n)) for n in range(21)] + people(79, first=21)
    assert doubt(people(100), after, TODAY, TODAY - timedelta(21)) is None


def test_who_had_left_or_has_not_begun_does_not_count() -> None:
    serving = people(100)
    left = people(50, ends=TODAY - timedelta(1), first=100)
    coming = people(50, starts=TODAY + timedelta(1), first=200)
    assert trouble(serving + left + coming, serving) is None


def test_they_are_not_counted_among_those_in_service_either() -> None:
    left = people(900, ends=TODAY - timedelta(1), first=100)
    assert trouble(people(100) + left, people(94) + left) is Trouble.MANY_LEAVERS


def test_everybody_beginning_next_year_is_everybody_leaving() -> None:
    """Two date columns that were mixed up."""
    assert trouble(people(100), people(100, starts=date(2027, 1, 1))) is Trouble.MANY_LEAVERS


def test_newcomers_are_no_reason_for_doubt() -> None:
    assert trouble(people(10), people(500)) is None


def test_nobody_is_named() -> None:
    before = [Employment(key=f"geheim-{n}") for n in range(10)]
    found = doubt(before, before[5:], TODAY)
    assert found is not None and "geheim" not in repr(found)
    assert "5 of them are missing" in found.says


def test_what_was_accepted_earlier_today_counts_with_it() -> None:
    """Four at nine and three at ten are seven of a hundred today, though each file alone would pass."""
    assert doubt(people(96), people(93), TODAY) is None
    found = doubt(people(96), people(93), TODAY, earlier={TODAY: 4})
    assert found is not None and "By the feeds of that day 7 of 100" in found.says
    assert doubt(people(96), people(93), TODAY, earlier={TODAY - timedelta(1): 4}) is None
