"""One line of the feed as typed values. Every wrong cell becomes a problem of its own."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TypeVar

from mailbot.directory.hr.places import Place, shape
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.ids import Address
from mailbot.model.work_days import parse_work_days
from mailbot.model.worktime import WorkPattern

T = TypeVar("T")

OPEN = date(9999, 12, 31)
"""How personnel systems write "no end"."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1950, 2100)
_NOT_TEXT = ("Cc", "Cs", "Zl", "Zp")
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Contract:
    """One appointment. `starts` None is not said; `ends` None is an open end."""

    number: int | None
    starts: date | None
    ends: date | None
    manager_key: str | None = field(repr=False)
    unit: OrgUnit | None = field(repr=False)
    roster: WorkPattern | None

    def runs_on(self, day: date) -> bool:
        return (self.starts or date.min) <= day <= (self.ends or date.max)


@dataclass(frozen=True, slots=True)
class Row:
    """`key` is person_key as it is written: text, with its leading zeros."""

    line: int
    key: str = field(repr=False)
    address: Address | None = field(repr=False)
    contract: Contract
    leave: Leave | None


class Cells:
    """The cells of one line. `sound` tells whether every one of them could be read so far."""

    def __init__(self, line: int, cells: Mapping[str, str], place: Place) -> None:
        self.sound = True
        self._line = line
        self._cells = cells
        self._place = place

    def text(self, column: str) -> str:
        return self._cells[column]

    def refuse(self, column: str, expected: str, mend: str, found: str | None = None) -> None:
        self.sound = False
        told = shape(self._cells[column]) if found is None else found
        self._place.add(self._line, column, expected, told, mend)

    def read(self, column: str, make: Callable[[str], T], expected: str, mend: str) -> T | None:
        """The cell through `make`, or None: for an empty cell, and for one that `make` refuses."""
        text = self._cells[column]
        if not text:
            return None
        try:
            return make(text)
        except ValueError:
            self.refuse(column, expected, mend)
            return None


def parse_row(line: int, raw: Mapping[str, str], place: Place) -> Row | None:
    """The line as a row, or None after noting every problem in it."""
    cells = Cells(line, {column: text.strip() for column, text in raw.items()}, place)
    for column in raw:
        if not _is_line(cells.text(column)):
            cells.refuse(
                column,
                f"one line of at most {_LONGEST} characters",
                "remove line breaks and control characters",
                f"{len(cells.text(column))} characters, or a line break or control character in them",
            )
    if not cells.sound:
        return None
    key = _key(cells, "person_key")
    if not cells.text("person_key"):
        cells.refuse("person_key", "the person's number in personnel", "fill it in on every line")
    address = cells.read("mail", Address, "an e-mail address or nothing", "correct it, or leave it empty")
    contract, leave = _contract(cells), _leave(cells)
    if not cells.sound or key is None:
        return None
    return Row(line, key, address, contract, leave)


def _is_line(text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    return text.isprintable() or not any(unicodedata.category(c) in _NOT_TEXT for c in text)


def _key(cells: Cells, column: str) -> str | None:
    """A key is compared as it stands, so it holds nothing that cannot be seen."""
    return cells.read(column, _visible, "a number or code", "remove characters that cannot be seen")


def _contract(cells: Cells) -> Contract:
    number = cells.read(
        "contract_volgnr",
        _count,
        "a whole number from 1 on, or nothing",
        "number a person's contracts 1, 2, 3",
    )
    starts = _day(cells, "dienst_in")
    ends = _day(cells, "dienst_uit", or_open=True)
    if starts and ends and ends < starts:
        cells.refuse(
            "dienst_uit", "a last day on or after dienst_in", "correct the two dates", "reversed dates"
        )
    code, name = cells.text("org_code"), cells.text("org_naam")
    if bool(code) != bool(name):
        cells.refuse(
            "org_naam" if code else "org_code",
            "org_code and org_naam together",
            "fill in both, or neither",
            "one of the two",
        )
    roster = None
    if cells.text("werkdagen"):
        try:
            roster = _roster(cells.text("werkdagen"))
        except ValueError as error:
            cells.refuse(
                "werkdagen", "weekdays such as ma 08:30-17:00,di 8,do", "correct the days", str(error)
            )
    unit = OrgUnit(code, name) if code and name else None
    return Contract(number, starts, ends, _key(cells, "manager_key"), unit, roster)


def _leave(cells: Cells) -> Leave | None:
    columns = ("verlof_van", "verlof_tot", "verlof_goedgekeurd_op")
    first, last, approved = (_day(cells, column) for column in columns)
    for column in columns:
        if not cells.text(column) and any(cells.text(other) for other in columns):
            cells.refuse(
                column, "all three leave columns or none", "fill in first day, last day and day of approval"
            )
    if first and last and last < first:
        cells.refuse(
            "verlof_tot", "a last day on or after verlof_van", "correct the two dates", "reversed dates"
        )
    return Leave(first, last, approved) if first and last and approved else None


def _day(cells: Cells, column: str, *, or_open: bool = False) -> date | None:
    day = cells.read(column, _date, "a date such as 2026-11-21", "write year-month-day, a day that exists")
    if day == OPEN and or_open:
        return None
    if day is not None and day.year not in _YEARS:
        cells.refuse(
            column, f"a year from {_YEARS[0]} to {_YEARS[-1]}", "correct the year", "a year out of reach"
        )
        return None
    return day


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError("not a date")
    return date.fromisoformat(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise ValueError("not a whole number from 1 on")
    return int(text)


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValueError("characters that cannot be seen")
    return text


@lru_cache(maxsize=1024)
def _roster(text: str) -> WorkPattern:
    return parse_work_days(text)
