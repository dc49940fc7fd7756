"""One line of the people file as typed values. Every wrong cell becomes a problem of its own."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from mailbot.directory.columns import Place, shape
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.ids import Address, ObjectGuid, object_guid
from mailbot.model.work_days import parse_work_days
from mailbot.model.worktime import WorkPattern

T = TypeVar("T")

OPEN = date(9999, 12, 31)
"""How personnel systems write "no end"."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_YEARS = range(1950, 2100)
_NOT_TEXT = ("Cc", "Cs", "Zl", "Zp")
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Account:
    """The columns that are the same on every line of one person. None is "the file does not say"."""

    guid: ObjectGuid = field(repr=False)
    name: str = field(repr=False)
    address: Address
    language: Language
    groups: frozenset[str]
    enabled: bool | None
    recipient_type: RecipientType | None
    hold: bool | None
    person_key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contract:
    """One appointment. `ends` None is an open end."""

    number: int | None
    starts: date | None
    ends: date | None
    manager_key: str | None = field(repr=False)
    unit: OrgUnit | None
    roster: WorkPattern | None

    def runs_on(self, day: date) -> bool:
        return (self.starts or date.min) <= day <= (self.ends or date.max)


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    account: Account
    contract: Contract
    leave: Leave | None


class Cells:
    """The cells of one line. `sound` tells whether every one of them could be read so far."""

    def __init__(self, line: int, cells: Mapping[str, str], place: Place) -> None:
        self.line = line
        self.sound = True
        self._cells = cells
        self._place = place

    def text(self, column: str) -> str:
        return self._cells[column]

    def refuse(self, column: str, expected: str, mend: str, found: str | None = None) -> None:
        self.sound = False
        told = shape(self._cells[column]) if found is None else found
        self._place.add(self.line, column, expected, told, mend)

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

    def needed(self, column: str, make: Callable[[str], T], expected: str, mend: str) -> T | None:
        """The same, for a column that may not be empty."""
        if not self._cells[column]:
            self.refuse(column, expected, mend)
        return self.read(column, make, expected, mend)


def parse_row(line: int, raw: Mapping[str, str], place: Place, language: Language) -> Row | None:
    """The line as a row, or None after noting every problem in it. `language` is that of an empty cell."""
    cells = Cells(line, {column: text.strip() for column, text in raw.items()}, place)
    for column in raw:
        text = cells.text(column)
        if len(text) > _LONGEST or any(unicodedata.category(c) in _NOT_TEXT for c in text):
            cells.refuse(
                column,
                f"one line of at most {_LONGEST} characters",
                "remove line breaks and control characters",
                f"{len(text)} characters, or a line break in them",
            )
    if not cells.sound:
        return None
    account, contract, leave = _account(cells, language), _contract(cells), _leave(cells)
    if not cells.sound or account is None:
        return None
    return Row(line, account, contract, leave)


def _account(cells: Cells, default: Language) -> Account | None:
    guid = cells.needed(
        "object_guid", object_guid, "the directory's objectGUID", "export objectGUID, not a number or name"
    )
    name = cells.needed("display_name", str, "a name to address the person by", "fill in the display name")
    address = cells.needed("mail", Address, "an e-mail address", "fill in the primary SMTP address")
    language = cells.read("language", Language, "nl, en or nothing", "fill in the language for letters")
    groups = frozenset(g for part in cells.text("pilot_group").split(",") if (g := part.strip()))
    enabled = cells.read("enabled", _yes_no, "ja, nee or nothing", "ja: the account can sign in")
    kind = cells.read(
        "recipient_type",
        RecipientType,
        f"nothing or one of {', '.join(RecipientType)}",
        "translate msExchRecipientTypeDetails in the export",
    )
    hold = cells.read("hold", _yes_no, "ja, nee or nothing", "ja: the mailbox is on litigation hold")
    if guid is None or name is None or address is None:
        return None
    key = cells.text("person_key") or None
    return Account(guid, name, address, language or default, groups, enabled, kind, hold, key)


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
            roster = parse_work_days(cells.text("werkdagen"))
        except ValueError as error:
            cells.refuse(
                "werkdagen", "weekdays such as ma 08:30-17:00,di 8,do", "correct the days", str(error)
            )
    manager = cells.text("manager_key") or None
    if manager and manager == cells.text("person_key"):
        cells.refuse(
            "manager_key",
            "somebody else's person_key",
            "fill in the manager, or leave it empty for the highest",
            "the person's own key",
        )
    return Contract(number, starts, ends, manager, OrgUnit(code, name) if code and name else None, roster)


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
    day = cells.read(column, _date, "a date such as 2026-11-21", "write year-month-day")
    if day == OPEN and or_open:
        return None
    if day is not None and day.year not in _YEARS:
        cells.refuse(column, f"a year from {_YEARS[0]} to {_YEARS[-1]}", "correct the year", "another year")
    return day


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError("not a date")
    return date.fromisoformat(text)


def _yes_no(text: str) -> bool:
    if text not in ("ja", "nee"):
        raise ValueError("neither ja nor nee")
    return text == "ja"


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise ValueError("not a whole number from 1 on")
    return int(text)
