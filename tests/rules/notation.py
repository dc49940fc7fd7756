"""How the case files write times, stretches, sizes and replies, and the values that these stand for."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.directory.work_days import parse_work_days
from mailbot.model.mailbox import (
    AbsenceList,
    Audience,
    Interval,
    ReplyRule,
    ReplyRules,
    ReplySetting,
    ReplyState,
    Size,
)
from mailbot.model.needs import Absences
from mailbot.model.worktime import ClosedDays, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")
WINDOW = Absences()

_WHOLE_DAY = len("2026-11-27")
_STRETCH = re.compile(r"(?P<start>[\d: -]*?) *\.\. *(?P<end>[\d: -]*?)(?: +(?P<zone>[A-Z]\w+/\w+))?")
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) (?P<unit>bytes|MiB|GiB)( (?P<sign>[+-]) (?P<odd>\d+) bytes?)?")
_UNITS = {"bytes": 1, "MiB": 2**20, "GiB": 2**30}
_TEXTS = {"both": (True, True), "inside": (True, False), "outside": (False, True), "none": (False, False)}
_CONDITION = "only for some mail: "

Lines = Mapping[str, Any]


def moment(text: str, zone: ZoneInfo = ZONE, days_later: int = 0) -> datetime:
    """`2026-11-24 13:00`, or `2026-11-24` for the midnight that begins it, by the clocks of `zone`."""
    local = (
        datetime.fromisoformat(text) if " " in text else datetime.combine(date.fromisoformat(text), time(0))
    )
    return (local + timedelta(days=days_later)).replace(tzinfo=zone).astimezone(UTC)


def edges(text: str) -> tuple[datetime | None, datetime | None]:
    """`2026-11-24 13:00 .. 2026-11-27`: a day without a time is a whole day; a side may stay empty."""
    found = _STRETCH.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} does not read like 2026-11-24 .. 2026-11-27")
    zone = ZoneInfo(found["zone"]) if found["zone"] else ZONE
    start, end = found["start"], found["end"]
    return (
        moment(start, zone) if start else None,
        moment(end, zone, days_later=int(len(end) == _WHOLE_DAY)) if end else None,
    )


def stretch(text: str) -> Interval:
    start, end = edges(text)
    if start is None or end is None:
        raise ValueError(f"{text!r} has no begin or no end")
    return Interval(start, end)


def size(lines: Lines) -> Size:
    found = _SIZE.fullmatch(lines["size"])
    if not found:
        raise ValueError("a size reads like 5 GiB, 4.5 GiB or 5 GiB + 1 byte")
    odd = int(found["odd"] or 0) * (-1 if found["sign"] == "-" else 1)
    return Size(round(float(found["number"]) * _UNITS[found["unit"]]) + odd, folders=12)


def away(lines: Lines) -> AbsenceList:
    """As Exchange answers: the entries that touch the window which a sweep at `now` asks for."""
    now = moment(lines["now"])
    window = Interval(now - WINDOW.back, now + WINDOW.ahead)
    entries = sorted(stretch(text) for text in lines["away"])
    return AbsenceList(tuple(e for e in entries if e.end > window.start and e.start < window.end), window)


def outlook_hours(lines: Lines) -> WorkPattern:
    return parse_work_days(lines["outlook_hours"]) if lines["outlook_hours"] else WorkPattern({})


def reply(lines: Lines) -> ReplySetting:
    inside, outside = _TEXTS[lines.get("reply_texts", "both")]
    audience = Audience(lines.get("reply_to_outside", "all"))
    match lines["reply"]:
        case "off":
            return ReplySetting(ReplyState.DISABLED, None, audience, inside, outside)
        case "on":
            return ReplySetting(ReplyState.ENABLED, None, audience, inside, outside)
        case "scheduled, no dates":
            return ReplySetting(ReplyState.SCHEDULED, None, audience, inside, outside)
        case text if text.startswith("off, was "):
            period = stretch(text.removeprefix("off, was "))
            return ReplySetting(ReplyState.DISABLED, period, audience, inside, outside)
        case text:
            return ReplySetting(ReplyState.SCHEDULED, stretch(text), audience, inside, outside)


def reply_rules(lines: Lines) -> ReplyRules:
    rules = []
    for text in lines["reply_rules"]:
        when = text.removeprefix(_CONDITION)
        period = (None, None) if when == "always" else edges(when)
        rules.append(ReplyRule(period, conditional=when != text))
    return ReplyRules(tuple(rules), lines.get("hidden_rules", 0))


def closed_days(lines: Lines) -> ClosedDays:
    days = [date.fromisoformat(day) for day in lines.get("holidays", ())]
    years = {year: frozenset(d for d in days if d.year == year) for year in lines.get("settled_years", ())}
    if lost := [day.isoformat() for day in days if day.year not in years]:
        raise ValueError(f"holidays outside the settled years: {lost}")
    return ClosedDays(years)
