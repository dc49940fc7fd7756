"""The month of a leaver's reply, on the days where months and years differ."""

from datetime import UTC, date, datetime

import pytest

from mailbot.casefiles.notation import ZONE
from mailbot.model.facts import FactUnknown, Reason
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.rules.leaver import Leaver, Stage, last_reply_day, stage

MONTH = Leaver(reply_max_months=1)
CHRISTMAS = {2026: frozenset({date(2026, 12, 25), date(2026, 12, 26)}), 2027: frozenset({date(2027, 1, 1)})}


def at(day: str, clock: str = "06:00", years: dict[int, frozenset[date]] = CHRISTMAS) -> WorkCalendar:
    moment = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZONE).astimezone(UTC)
    return WorkCalendar(moment, ZONE, ClosedDays(years))


@pytest.mark.parametrize(
    ("ends", "months", "until"),
    [
        ("2026-11-15", 1, "2026-12-15"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2027-01-29", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-01-30", 1, "2028-02-29"),
        ("2028-02-29", 1, "2028-03-29"),
        ("2027-02-28", 1, "2027-03-28"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-10-31", 2, "2026-12-31"),
        ("2026-12-31", 2, "2027-02-28"),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last_one(ends: str, months: int, until: str) -> None:
    assert last_reply_day(date.fromisoformat(ends), months) == date.fromisoformat(until)


@pytest.mark.parametrize(
    ("now", "clock", "expected"),
    [
        ("2026-11-15", "23:59", Stage.NOT_LEAVING),
        ("2026-11-16", "00:00", Stage.REPLY),
        ("2026-12-15", "23:59", Stage.REPLY),
        ("2026-12-16", "00:00", Stage.GRACE),
        ("2026-12-16", "23:59", Stage.GRACE),
        ("2026-12-17", "00:00", Stage.REMOVAL),
    ],
)
def test_days_begin_and_end_by_dutch_clocks(now: str, clock: str, expected: Stage) -> None:
    assert stage(date(2026, 11, 15), MONTH, at(now, clock)) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-24", Stage.REPLY),
        ("2026-12-25", Stage.GRACE),
        ("2026-12-27", Stage.GRACE),
        ("2026-12-28", Stage.GRACE),
        ("2026-12-29", Stage.REMOVAL),
    ],
)
def test_the_working_day_after_christmas_is_a_monday(now: str, expected: Stage) -> None:
    assert stage(date(2026, 11, 24), MONTH, at(now)) is expected


def test_without_a_calendar_nobody_guesses_what_a_working_day_is() -> None:
    with pytest.raises(FactUnknown) as missing:
        stage(date(2026, 11, 15), MONTH, at("2026-12-16", years={}))
    assert missing.value.reason is Reason.CALENDAR_YEAR_MISSING


@pytest.mark.parametrize("now", ["2026-11-16", "2026-12-15", "2026-12-30", "2028-06-01"])
def test_and_on_most_days_nobody_needs_one(now: str) -> None:
    settled = at(now, years={year: frozenset() for year in (2026, 2027, 2028)})
    ends = date(2026, 11, 15)
    assert stage(ends, MONTH, at(now, years={})) is stage(ends, MONTH, settled)


def test_who_has_no_last_day_does_not_leave() -> None:
    assert stage(None, MONTH, at("2026-11-16")) is Stage.NOT_LEAVING
