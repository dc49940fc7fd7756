"""Which hours a person works on which weekday: as the column `werkdagen` writes them, joined, assumed."""

import re
from collections.abc import Iterable
from datetime import time
from itertools import pairwise

from mailbot.model.worktime import Hours, WorkPattern

WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
STARTS = time(8, 30)
FULL_DAY = Hours(STARTS, time(17, 0))
BREAK_OVER_HOURS = 5.5
LONGEST_HOURS = 12.0
ASSUMED_WEEK = WorkPattern(dict.fromkeys(range(5), (FULL_DAY,)))
"""Monday to Friday 08:30-17:00: for who has no working days anywhere. Whoever is told so hears of it."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_HOURS = re.compile(r"\d{1,2}(\.\d{1,2})?")


def parse_work_days(text: str) -> WorkPattern:
    """`ma 08:30-17:00,di 8,do` and the like; several spans of one day are joined by `+`.

    `ma` alone is 08:30-17:00; `ma 8` is 8 hours from 08:30 on, with half an hour's unpaid break when it is
    more than 5.5 hours. Raises ValueError whose text quotes nothing.
    """
    days: dict[int, tuple[Hours, ...]] = {}
    for item in text.split(","):
        name, _, rest = item.strip().partition(" ")
        if name not in WEEKDAYS:
            raise ValueError("a part does not start with ma, di, wo, do, vr, za or zo")
        weekday = WEEKDAYS.index(name)
        if weekday in days:
            raise ValueError("a weekday stands there twice")
        days[weekday] = _hours(rest.strip())
    return WorkPattern(dict(sorted(days.items())))


def _hours(text: str) -> tuple[Hours, ...]:
    if not text:
        return (FULL_DAY,)
    if _HOURS.fullmatch(text):
        return (_from_start(float(text)),)
    spans = sorted(_span(part.strip()) for part in text.split("+"))
    for earlier, later in pairwise(spans):
        if earlier.end == time(0) or later.start < earlier.end:
            raise ValueError("two spans of one day overlap")
    return tuple(spans)


def _from_start(hours: float) -> Hours:
    if not 0 < hours <= LONGEST_HOURS:
        raise ValueError("a day has more than 0 and at most 12 hours")
    present = hours + (0.5 if hours > BREAK_OVER_HOURS else 0)
    minutes = STARTS.hour * 60 + STARTS.minute + max(1, round(present * 60))
    return Hours(STARTS, time(minutes // 60, minutes % 60))


def _span(text: str) -> Hours:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("hours are neither a number nor a span such as 08:30-17:00")
    end_hour, end_minute = int(found[3]), int(found[4])
    if end_hour == 24 and end_minute:
        raise ValueError("a day ends at 24:00")
    start, end = time(int(found[1]), int(found[2])), time(end_hour % 24, end_minute)
    if end_hour != 24 and end <= start:
        raise ValueError("a span ends before it starts")
    return Hours(start, end)


def union(patterns: list[WorkPattern]) -> WorkPattern:
    """The hours of several contracts together, without overlaps."""
    days: dict[int, tuple[Hours, ...]] = {}
    for weekday in range(7):
        spans = [span for pattern in patterns for span in pattern.days.get(weekday, ())]
        if spans:
            days[weekday] = joined(spans)
    return WorkPattern(days)


def joined(spans: Iterable[Hours]) -> tuple[Hours, ...]:
    """The hours of one day, at least one, in order and without overlaps."""
    first, *others = sorted(spans)
    merged = [first]
    for span in others:
        last = merged[-1]
        if last.end == time(0):
            break
        if span.start <= last.end:
            end = time(0) if span.end == time(0) else max(last.end, span.end)
            merged[-1] = Hours(last.start, end)
        else:
            merged.append(span)
    return tuple(merged)
