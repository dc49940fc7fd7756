"""The cao's holidays by year, as Dutch municipalities know them, and what local closing days change."""

from datetime import date, time
from pathlib import Path

import pytest

from mailbot.config.calendar import read_calendar
from mailbot.config.problems import Problem
from mailbot.config.shipped import shipped_settings
from mailbot.model.worktime import ClosedDays

CAO = 'base = { also_free = ["Bevrijdingsdag"], not_free = ["Goede vrijdag"] }\n'
# Good Friday, Easter Monday, King's Day, Liberation Day, Ascension, Whit Monday: checked by hand per year.
TABLE = {
    2026: ("2026-04-03", "2026-04-06", "2026-04-27", "2026-05-05", "2026-05-14", "2026-05-25"),
    2027: ("2027-03-26", "2027-03-29", "2027-04-27", "2027-05-05", "2027-05-06", "2027-05-17"),
    2028: ("2028-04-14", "2028-04-17", "2028-04-27", "2028-05-05", "2028-05-25", "2028-06-05"),
    2029: ("2029-03-30", "2029-04-02", "2029-04-27", "2029-05-05", "2029-05-10", "2029-05-21"),
    2030: ("2030-04-19", "2030-04-22", "2030-04-27", "2030-05-05", "2030-05-30", "2030-06-10"),
    2031: ("2031-04-11", "2031-04-14", "2031-04-26", "2031-05-05", "2031-05-22", "2031-06-02"),
}


def read(tmp_path: Path, text: str) -> tuple[ClosedDays | None, list[Problem]]:
    file = tmp_path / "calendar.toml"
    file.write_text(text, encoding="utf-8")
    return read_calendar(file, "calendar.toml")


def closed_days(tmp_path: Path, text: str) -> ClosedDays:
    closed, problems = read(tmp_path, text)
    assert closed is not None, problems
    return closed


@pytest.mark.parametrize("year", sorted(TABLE))
def test_holidays_of_the_cao(tmp_path: Path, year: int) -> None:
    closed = closed_days(tmp_path, f"{CAO}[years.{year}]\n")
    good_friday, *free = (date.fromisoformat(day) for day in TABLE[year])
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    assert not closed.closed(good_friday)
    working_days = {day for day in closed.years[year] if day.weekday() < 5}
    assert working_days == {day for day in (*fixed, *free) if day.weekday() < 5}


@pytest.mark.parametrize("year", sorted(TABLE))
def test_holidays_of_the_cao_count_on_saturdays_and_sundays_too(tmp_path: Path, year: int) -> None:
    """Whoever works on Saturdays is free on King's Day of 2030 and 2031. Beside the table there are
    the Sundays of Easter and Pentecost alone."""
    closed = closed_days(tmp_path, f"{CAO}[years.{year}]\n")
    _, easter_monday, *_, whit_monday = free = [date.fromisoformat(day) for day in TABLE[year]]
    fixed = {date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)}
    sundays = {monday.replace(day=monday.day - 1) for monday in (easter_monday, whit_monday)}
    assert closed.years[year] == fixed | set(free[1:]) | sundays
    assert date(year, 5, 5) in closed.years[year]


def test_kings_day_of_2031_is_on_the_saturday_before(tmp_path: Path) -> None:
    closed = closed_days(tmp_path, f"{CAO}[years.2031]\n")
    assert closed.closed(date(2031, 4, 26))
    assert not closed.closed(date(2031, 4, 27)), "a Sunday"


def test_only_settled_years_are_known(tmp_path: Path) -> None:
    closed = closed_days(tmp_path, f"{CAO}[years.2027]\n")
    assert not closed.covers(2026)
    with pytest.raises(KeyError):
        closed.closed(date(2026, 12, 25))


def test_the_shipped_calendar_settles_three_years_with_their_bridge_days() -> None:
    closed, problems = read_calendar(shipped_settings() / "calendar.toml", "calendar.toml")
    assert problems == [] and closed is not None
    assert sorted(closed.years) == [2026, 2027, 2028]
    for bridge in (date(2026, 5, 15), date(2027, 5, 7), date(2028, 5, 26)):
        assert closed.closed(bridge)
        assert not closed.closed(bridge.replace(month=7))


def test_local_days_are_added_and_worked_holidays_taken_away(tmp_path: Path) -> None:
    text = f"{CAO}[years.2026]\nclosed = [2026-08-28]\nopen = [2026-04-27]\n"
    closed = closed_days(tmp_path, text)
    assert closed.closed(date(2026, 8, 28))
    assert not closed.closed(date(2026, 4, 27))


def test_days_that_close_early(tmp_path: Path) -> None:
    text = f"{CAO}[years.2026]\nearly = [2026-12-24 12:00:00, 2026-12-31 15:30:00]\n[years.2027]\n"
    closed = closed_days(tmp_path, text)
    assert closed.early == {date(2026, 12, 24): time(12), date(2026, 12, 31): time(15, 30)}
    assert not closed.closed(date(2026, 12, 24))


def test_without_the_cao_the_national_list_holds(tmp_path: Path) -> None:
    closed = closed_days(tmp_path, "[years.2026]\n")
    assert closed.closed(date(2026, 4, 3))
    assert not closed.closed(date(2026, 5, 5))


def test_two_holidays_on_one_day_stay_free_when_one_of_them_is_worked(tmp_path: Path) -> None:
    """In 2016 Ascension Day fell on 5 May."""
    closed = closed_days(tmp_path, '[base]\nnot_free = ["Bevrijdingsdag"]\n[years.2016]\n')
    assert closed.closed(date(2016, 5, 5))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "years"),
        ("[years]\n", "years"),
        ("[years.26]\n", "years"),
        ("[years.2026]\nclosed = [2027-01-04]\n", "years.2026.closed"),
        ("[years.2026]\nopen = [2026-05-05]\n", "years.2026.open"),
        ("[years.2026]\nclosed = ['2026-05-15']\n", "years.2026.closed 1"),
        ("[years.2026]\nfree = []\n", "years.2026.free"),
        ("[years.2026]\nearly = [2027-12-24 12:00:00]\n", "years.2026.early"),
        ("[years.2026]\nearly = [2026-12-25 12:00:00]\n", "years.2026.early"),
        ("[years.2026]\nearly = [2026-12-24 00:00:00]\n", "years.2026.early"),
        ("[years.2026]\nearly = [2026-12-24 12:00:00Z]\n", "years.2026.early"),
        ("[years.2026]\nearly = [2026-12-24 12:00:00, 2026-12-24 15:00:00]\n", "years.2026.early"),
        ("[years.2026]\nearly = [2026-12-24]\n", "years.2026.early 1"),
        ("[years.2026]\nearly = ['2026-12-24 12:00']\n", "years.2026.early 1"),
        ("[base]\nnot_free = ['Goede Vrijdag']\n[years.2026]\n[years.2027]\n", "base.not_free"),
    ],
)
def test_mistakes_are_told_by_their_key(tmp_path: Path, text: str, where: str) -> None:
    closed, problems = read(tmp_path, text)
    assert closed is None
    assert [problem.where for problem in problems] == [where]
