"""The column `werkdagen`, as personnel departments write it."""

from datetime import time

import pytest

from mailbot.model.work_days import joined, parse_work_days, union
from mailbot.model.worktime import Hours

OFFICE = (Hours(time(8, 30), time(17)),)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("ma,di", {0: OFFICE, 1: OFFICE}),
        ("ma 8, wo 4", {0: OFFICE, 2: (Hours(time(8, 30), time(12, 30)),)}),
        ("vr 5.5", {4: (Hours(time(8, 30), time(14)),)}),
        ("vr 5.6", {4: (Hours(time(8, 30), time(14, 36)),)}),
        ("do 08:30-12:30", {3: (Hours(time(8, 30), time(12, 30)),)}),
        (
            "do 13:00-17:00+08:30-12:00",
            {3: (Hours(time(8, 30), time(12)), Hours(time(13), time(17)))},
        ),
        ("za 22:00-24:00,zo 00:00-06:00", {5: (Hours(time(22), time(0)),), 6: (Hours(time(0), time(6)),)}),
        ("vr,ma", {0: OFFICE, 4: OFFICE}),
    ],
)
def test_what_can_be_written(text: str, days: dict[int, tuple[Hours, ...]]) -> None:
    assert parse_work_days(text).days == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maandag",
        "ma,",
        "ma,ma",
        "mo 8",
        "ma 0",
        "ma 13",
        "ma acht",
        "ma 8,5",
        "ma -4",
        "ma 17:00-08:30",
        "ma 08:30-08:30",
        "ma 8:30-17:00",
        "ma 08:30-24:30",
        "ma 08:30-25:00",
        "ma 08:30-12:30+12:00-17:00",
        "ma 20:00-24:00+22:00-23:00",
        "ma 08:30-12:30+",
    ],
)
def test_what_cannot(text: str) -> None:
    with pytest.raises(ValueError):
        parse_work_days(text)


def test_a_refusal_quotes_nothing() -> None:
    with pytest.raises(ValueError) as refused:
        parse_work_days("Sjoukje 8")
    assert "Sjoukje" not in str(refused.value)


def test_two_contracts_add_up() -> None:
    both = union([parse_work_days("ma,di 08:30-12:30"), parse_work_days("di 12:00-17:00,wo 4")])
    assert both.days == {0: OFFICE, 1: OFFICE, 2: (Hours(time(8, 30), time(12, 30)),)}


def test_a_shift_until_midnight_swallows_what_lies_in_it() -> None:
    both = union([parse_work_days("ma 18:00-24:00"), parse_work_days("ma 20:00-22:00")])
    assert both.days == {0: (Hours(time(18), time(0)),)}


@pytest.mark.parametrize(
    ("spans", "day"),
    [
        (["13:00-17:00", "08:30-12:00"], ["08:30-12:00", "13:00-17:00"]),
        (["08:30-12:30", "12:00-17:00"], ["08:30-17:00"]),
        (["08:30-12:00", "12:00-17:00"], ["08:30-17:00"]),
        (["08:30-17:00", "09:00-10:00"], ["08:30-17:00"]),
        (["18:00-24:00", "20:00-22:00", "08:00-09:00"], ["08:00-09:00", "18:00-24:00"]),
    ],
)
def test_hours_of_one_day_are_joined(spans: list[str], day: list[str]) -> None:
    def hours(text: str) -> Hours:
        (span,) = parse_work_days(f"ma {text}").days[0]
        return span

    assert joined(map(hours, spans)) == tuple(map(hours, day))
