"""The organisation's calendar: national holidays, the cao's deviations and local closing days.

Only years that have a section in calendar.toml are settled. Every other year is unknown, because "no
calendar" is not "no holidays".
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from mailbot.config.problems import Problem
from mailbot.config.tomlfile import read_model
from mailbot.model.worktime import ClosedDays
from mailbot.policy.typed import Day, Typed, refusal

_YEAR = re.compile(r"20\d\d")

Moment = Annotated[datetime, Field(strict=True)]
"""A TOML date with a time, by local clocks."""


class Base(Typed):
    """Which national holidays count. Names as the `holidays` package spells them in Dutch."""

    also_free: Annotated[tuple[str, ...], Field(description="holidays that the cao adds")] = ()
    not_free: Annotated[tuple[str, ...], Field(description="national holidays that are working days")] = ()


class Year(Typed):
    """One settled year: `closed` are local closing days, `open` holidays on which this organisation works,
    `early` the moments from which all are free for the rest of that day."""

    closed: Annotated[
        tuple[Day, ...], Field(max_length=20, description="local closing days; over 20 is a mistake")
    ] = ()
    open: Annotated[tuple[Day, ...], Field(description="holidays of the list that are worked here")] = ()
    early: Annotated[
        tuple[Moment, ...],
        Field(max_length=20, description="days on which all are free from a time; over 20 is a mistake"),
    ] = ()


class CalendarFile(Typed):
    base: Base = Base()
    years: Annotated[dict[str, Year], Field(description="one section per settled year, such as [years.2026]")]

    @field_validator("years")
    @classmethod
    def _years(cls, years: dict[str, Year]) -> dict[str, Year]:
        if not years:
            raise refusal("at least one settled year", "add a section such as [years.2026]", "none")
        for name in years:
            if not _YEAR.fullmatch(name):
                raise refusal("years from 2000 to 2099", "write sections such as [years.2026]")
        return years


def read_calendar(file: Path, shown: str) -> tuple[ClosedDays | None, list[Problem]]:
    """The closed days of every settled year, or all that is wrong with the file."""
    parsed, problems = read_model(file, shown, CalendarFile)
    if parsed is None:
        return None, problems
    years: dict[int, frozenset[date]] = {}
    early: dict[date, time] = {}
    for name, year in sorted(parsed.years.items()):
        national = dutch_holidays(int(name))
        free = {holiday.day for holiday in national if holiday.free(parsed.base)}
        problems += _unknown_names(shown, parsed.base, {holiday.name for holiday in national})
        problems += _wrong_days(shown, name, year, free)
        years[int(name)] = frozenset((free | set(year.closed)) - set(year.open))
        problems += _wrong_moments(shown, name, year, years[int(name)])
        early |= {at.date(): at.time() for at in year.early}
    return (None, list(dict.fromkeys(problems))) if problems else (ClosedDays(years, early), [])


@dataclass(frozen=True, slots=True)
class Holiday:
    """One name of one day; two holidays can share a day. `public` is the list's own opinion."""

    day: date
    name: str
    public: bool

    def free(self, base: Base) -> bool:
        return self.name not in base.not_free and (self.public or self.name in base.also_free)


def dutch_holidays(year: int) -> list[Holiday]:
    """The public and the optional Dutch holidays of a year."""
    import holidays  # 40 ms that only whoever reads a calendar should pay

    return [
        Holiday(day, name, category == "public")
        for category in ("public", "optional")
        for day, names in holidays.country_holidays(
            "NL", years=year, language="nl", categories=(category,)
        ).items()
        for name in names.split("; ")
    ]


def _wrong_days(shown: str, name: str, year: Year, free: set[date]) -> list[Problem]:
    listed = [("closed", day) for day in year.closed] + [("open", day) for day in year.open]
    wrong = []
    for key, day in listed:
        where = f"years.{name}.{key}"
        if day.year != int(name):
            wrong.append(Problem(shown, where, f"days of {name}", day.isoformat(), "move it to its own year"))
        elif key == "open" and day not in free:
            expected = "days that would be free without it"
            wrong.append(Problem(shown, where, expected, f"{day.isoformat()}, a working day", "remove it"))
    return wrong


def _wrong_moments(shown: str, name: str, year: Year, closed: frozenset[date]) -> list[Problem]:
    where = f"years.{name}.early"
    wrong = []
    days: set[date] = set()
    for at in year.early:
        found = at.isoformat(" ", "minutes")
        if at.tzinfo is not None:
            wrong.append(Problem(shown, where, "local times", found, "take the offset away"))
        elif at.year != int(name):
            wrong.append(Problem(shown, where, f"days of {name}", found, "move it to its own year"))
        elif at.date() in closed:
            wrong.append(Problem(shown, where, "days that are not closed", found, "remove it"))
        elif at.time() == time(0):
            wrong.append(Problem(shown, where, "a time after midnight", found, "list the day under closed"))
        elif at.date() in days:
            wrong.append(Problem(shown, where, "one time a day", f"{found}, a second", "remove one"))
        days.add(at.date())
    return wrong


def _unknown_names(shown: str, base: Base, known: set[str]) -> list[Problem]:
    return [
        Problem(
            shown,
            f"base.{key}",
            "names of Dutch holidays",
            f"name {number}, which is no such holiday",
            f"use one of: {', '.join(sorted(known))}",
        )
        for key, names in (("also_free", base.also_free), ("not_free", base.not_free))
        for number, name in enumerate(names, start=1)
        if name not in known
    ]
