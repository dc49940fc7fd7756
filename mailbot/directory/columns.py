"""The columns of the people file, and what is wrong with a header line."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.config.problems import Problem

ACCOUNT = (
    "object_guid",
    "display_name",
    "mail",
    "language",
    "pilot_group",
    "enabled",
    "recipient_type",
    "hold",
    "person_key",
)
CONTRACT = (
    "dienst_in",
    "dienst_uit",
    "contract_volgnr",
    "manager_key",
    "org_code",
    "org_naam",
    "werkdagen",
)
LEAVE = ("verlof_van", "verlof_tot", "verlof_goedgekeurd_op")
COLUMNS = (*ACCOUNT, *CONTRACT, *LEAVE)

_SENSITIVE = re.compile(
    r"ziek|verzuim|sick|illness|medis|medic|zwanger|bevalling|reden|reason"
    r"|(verlof|leave|absen|afwezig).*(soort|type|code|kind)|(soort|type|code|kind).*(verlof|leave|absen|afwezig)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Collects problems of one people file."""

    file: str
    problems: list[Problem]

    def add(self, line: int, column: str | None, expected: str, found: str, mend: str) -> None:
        where = f"line {line}, column {column}" if column else f"line {line}"
        self.problems.append(Problem(self.file, where, expected, found, mend))


def shape(value: str) -> str:
    """What a cell looks like without its content: digits as 9, letters as a."""
    if not value:
        return "nothing"
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:30]))
    masked = re.sub(r"[^\x20-\x7e]", "?", masked)
    return f"a value shaped like {masked}{'...' if len(value) > 30 else ''}"


def check_header(cells: Sequence[str], place: Place) -> tuple[str, ...] | None:
    """The column names in the file's order, or None when rows cannot be read by it.

    An unknown column is told by its number only: a file without a header has people on its first line.
    """
    names = tuple(cell.strip().lower() for cell in cells)
    if not set(names) & set(COLUMNS):
        comma = len(names) == 1 and "," in names[0]
        place.add(
            1,
            None,
            "a header line with the names of the columns, separated by ;",
            "columns separated by commas" if comma else "no known column name",
            "separate columns by ;" if comma else f"begin the file with: {';'.join(COLUMNS)}",
        )
        return None
    before = len(place.problems)
    for number, name in enumerate(names, start=1):
        if _SENSITIVE.search(name):
            place.add(
                1,
                str(number),
                "no column about the kind or reason of absence",
                "a column name that speaks of illness or of a type of leave",
                "remove it from the export: mailbot may not receive it (AVG 9) and has no use for it",
            )
        elif name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.7)
            mend = f"did you mean {near[0]}?" if near else "remove it from the export"
            place.add(1, str(number), "only the columns of the contract", "an unknown column", mend)
        elif name in names[: number - 1]:
            place.add(1, name, "every column once", "the same column twice", "remove one of them")
    for name in COLUMNS:
        if name not in names:
            place.add(1, name, "every column of the contract", "no such column", "add it; cells may be empty")
    return names if len(place.problems) == before else None
