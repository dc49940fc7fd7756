"""A feed's bytes as people in service: all of them, or every problem."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from mailbot.directory.hr.columns import COLUMNS, check_header
from mailbot.directory.hr.contracts import employments
from mailbot.directory.hr.places import Place
from mailbot.directory.hr.rows import Row, parse_row
from mailbot.directory.hr.text import AUTO, SEPARATORS, decoded, records, separated
from mailbot.model.employment import Employment


@dataclass(frozen=True, slots=True)
class Feed:
    """`encoding` and `separator` are those that it was read by, in the words of the settings."""

    employments: tuple[Employment, ...] = field(repr=False)
    rows: int
    encoding: str
    separator: str


def read_feed(
    data: bytes, file: str, today: date, encoding: str = AUTO, separator: str = AUTO
) -> tuple[Feed | None, Place]:
    """The whole feed, or None and what is wrong with it. `file` is its name in problems; `today` is local and
    decides which contracts run. A file without lines is a feed of nobody."""
    place = Place(file)
    text = decoded(data, encoding, place)
    if text is None:
        return None, place
    if not text[0].strip():
        return Feed((), 0, text[1], separator), place
    char = separated(text[0], separator, place)
    if char is None:
        return None, place
    lines = records(text[0], char, place)
    header = next(lines, None)
    names = check_header(*header, place) if header else None
    if names is None:
        return None, place
    rows = _rows(lines, names, char, place)
    people = employments(rows, today, place)
    if place.count:
        return None, place
    told = next(name for name, one in SEPARATORS.items() if one == char)
    return Feed(people, len(rows), text[1], told), place


def _rows(
    lines: Iterator[tuple[int, list[str]]], names: tuple[str, ...], separator: str, place: Place
) -> list[Row]:
    rows: list[Row] = []
    first_seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        if len(cells) != len(names):
            char = "a tab" if separator == "\t" else separator
            place.add(
                line,
                None,
                f"{len(names)} cells, as in the header",
                f"{len(cells)} cells",
                f"put values with {char} or line breaks in double quotes",
            )
            continue
        if tuple(cell.strip().lower() for cell in cells) == names:
            place.add(
                line,
                None,
                "one header, on the first line",
                "the header again",
                "take it out: several files were put together, or a query wrote it twice",
            )
            continue
        same = first_seen.setdefault(tuple(cells), line)
        if same != line:
            place.add(
                line,
                None,
                "every line once",
                f"the same line as line {same}",
                "remove one of them, and let the export be looked at: it should not write lines twice",
            )
            continue
        told = {name: cell for name, cell in zip(names, cells, strict=True) if name in COLUMNS}
        row = parse_row(line, told, place)
        if row is not None:
            rows.append(row)
    return rows
