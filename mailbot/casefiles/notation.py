"""How case files write moments, stretches, sizes, absences and replies, and the values these stand for."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.casefiles.lines import Lines
from mailbot.model.employment import Leave
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
from mailbot.model.needs import Absences, AutomaticReply, InboxReplyRules, MailboxSize, WorkingHours
from mailbot.model.work_days import parse_work_days
from mailbot.model.worktime import ClosedDays, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")

_WHOLE_DAY = len("2026-11-27")
_STRETCH = re.compile(r"(?P<start>[\d: -]*?) *\.\. *(?P<end>[\d: -]*?)(?: +(?P<zone>[A-Z]\w+/\w+))?")
_SIZE = re.compile(
    r"(?P<number>\d{1,16}(\.\d{1,16})?) (?P<unit>bytes|MiB|GiB)( (?P<sign>[+-]) (?P<odd>\d{1,16}) bytes?)?"
)
_UNITS = {"bytes": 1, "MiB": 2**20, "GiB": 2**30}
_TEXTS = {"both": (True, True), "inside": (True, False), "outside": (False, True), "none": (False, False)}
_CONDITION = "only for some mail: "


def moment(text: str, zone: ZoneInfo = ZONE, days_later: int = 0) -> datetime:
    """`2026-11-24 13:00`, or `2026-11-24` for the midnight that begins it, by the clocks of `zone`.

    Raises ValueError for anything else.
    """
    try:
        local = datetime.fromisoformat(text) if " " in text else _midnight(date.fromisoformat(text))
    except ValueError:
        raise ValueError("a moment reads like 2026-11-24 13:00") from None
    if local.tzinfo is not None:
        raise ValueError("a moment has no offset: it is by Dutch clocks")
    _in_this_century(local)
    return (local + timedelta(days=days_later)).replace(tzinfo=zone).astimezone(UTC)


def _in_this_century(at: date) -> None:
    """Raises ValueError for a year in which nobody's calendar is right any more."""
    if at.year // 100 != 20:
        raise ValueError("a year lies between 2000 and 2099")


def _midnight(at: date) -> datetime:
    return datetime.combine(at, time(0))


def day(value: object) -> date:
    """A day without quotes, or as a text: 2026-11-24. Raises ValueError for anything else."""
    try:
        written = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("a day reads like 2026-11-24") from None
    _in_this_century(written)
    return written


def days(text: str) -> tuple[date, date]:
    """First and last day: `2026-11-01 .. 2027-01-15`. Raises ValueError for anything else."""
    first, dots, last = (part.strip() for part in str(text).partition(".."))
    if not dots:
        raise ValueError("first and last day read like 2026-11-01 .. 2027-01-15")
    return day(first), day(last)


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


def one_of(options: Mapping[str, Any], value: object, line: str = "it") -> Any:
    """What the word stands for. Raises ValueError that lists the words there are."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{line} is one of {', '.join(options)}")
    return options[value]


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it is true or false")
    return value


def size(lines: Lines, _need: MailboxSize) -> Size:
    found = _SIZE.fullmatch(lines["size"])
    if not found:
        raise ValueError("a size reads like 5 GiB, 4.5 GiB or 5 GiB + 1 byte, with 16 digits at most")
    odd = int(found["odd"] or 0) * (-1 if found["sign"] == "-" else 1)
    return Size(round(float(found["number"]) * _UNITS[found["unit"]]) + odd, folders=12)


def away(lines: Lines, need: Absences) -> AbsenceList:
    """As Exchange answers: the entries that touch the window which a sweep at `now` asks for."""
    now = moment(lines["now"])
    window = Interval(now - need.back, now + need.ahead)
    entries = sorted(stretch(text) for text in lines["away"])
    return AbsenceList(tuple(e for e in entries if e.end > window.start and e.start < window.end), window)


def outlook_hours(lines: Lines, _need: WorkingHours) -> WorkPattern:
    return parse_work_days(lines["outlook_hours"]) if lines["outlook_hours"] else WorkPattern({})


def reply_setting(lines: Lines) -> ReplySetting:
    """The lines `reply`, `reply_texts` and `reply_to_outside`."""
    inside, outside = one_of(_TEXTS, lines.get("reply_texts", "both"), "reply_texts")
    audiences = {audience.value: audience for audience in Audience}
    audience = one_of(audiences, lines.get("reply_to_outside", "all"), "reply_to_outside")
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
        case text if ".." in text:
            return ReplySetting(ReplyState.SCHEDULED, stretch(text), audience, inside, outside)
        case _:
            raise ValueError('it is on, off, "scheduled, no dates" or when it runs: 2026-11-24 .. 2026-11-27')


def reply(lines: Lines, _need: AutomaticReply) -> ReplySetting:
    return reply_setting(lines)


def reply_rules(lines: Lines, _need: InboxReplyRules) -> ReplyRules:
    rules = []
    for text in lines["reply_rules"]:
        when = text.removeprefix(_CONDITION)
        period = (None, None) if when == "always" else edges(when)
        rules.append(ReplyRule(period, conditional=when != text))
    return ReplyRules(tuple(rules), lines.get("hidden_rules", 0))


def leave(written: object) -> tuple[Leave, ...]:
    """`2026-11-24 .. 2026-12-11 approved 2026-06-15`, each a text. Raises ValueError for anything else."""
    if not isinstance(written, list):
        raise ValueError("it is a list of texts; [] when there is none")
    return tuple(_approved(str(text)) for text in written)


def _approved(text: str) -> Leave:
    when, told, approved = text.partition(" approved ")
    if not told:
        raise ValueError("leave reads like 2026-11-24 .. 2026-12-11 approved 2026-06-15")
    first, last = days(when)
    if last < first:
        raise ValueError("leave ends after it begins")
    return Leave(first, last, day(approved.strip()))


def closed_days(lines: Lines) -> ClosedDays:
    """The lines `holidays` and `settled_years`."""
    closed = [day(written) for written in lines.get("holidays", ())]
    years = {year: frozenset(d for d in closed if d.year == year) for year in lines.get("settled_years", ())}
    if lost := [one.isoformat() for one in closed if one.year not in years]:
        raise ValueError(f"holidays outside the settled years: {', '.join(lost)}")
    return ClosedDays(years)


def early_closing(lines: Lines) -> Mapping[date, time]:
    """From when all are free, by day: `2026-12-24 12:00`. Raises ValueError for anything else."""
    moments = [moment(written).astimezone(ZONE) for written in lines.get("early_closing", ())]
    if any(at.time() == time(0) for at in moments):
        raise ValueError("an early closing has a time after midnight; a whole day stands in holidays")
    return {at.date(): at.time() for at in moments}
