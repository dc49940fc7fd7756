"""From bytes to the lines of a feed: which encoding, which separator, and on which line a record begins.

Nothing is guessed away: bytes that do not fit are an error, never a replacement character. An accent that is
read wrongly would let an excluded department through, for departments are excluded by name.
"""

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterator

from mailbot.directory.hr.columns import COLUMNS, known
from mailbot.directory.hr.places import Place

AUTO = "auto"
ENCODINGS = (AUTO, "utf-8", "windows-1252", "utf-16")
SEPARATORS = {";": ";", ",": ",", "tab": "\t", "|": "|"}
"""Names of separators in settings, in the order in which they are tried."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_TWO_BYTES = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
"""An accented letter in UTF-8. In Windows-1252 it is a capital with an accent before a sign: no word has
that."""

_EXPORT = "export as CSV in UTF-8 (no workbook), or tell the encoding in people.hr_encoding"


def decoded(data: bytes, encoding: str, place: Place) -> tuple[str, str] | None:
    """The text without a byte order mark, and the encoding it was in; None after noting what is wrong.

    `encoding` is one of ENCODINGS. `auto` takes a byte order mark at its word, tells UTF-16 without one by
    its zeros, and else tries UTF-8, then Windows-1252, each strictly.
    """
    marked = _marked(data)
    if marked == "utf-32" or (encoding not in (AUTO, marked) and marked is not None):
        place.add(1, None, _called(encoding), f"the byte order mark of {marked.upper()}", _EXPORT)
        return None
    if encoding == AUTO:
        encoding = marked or _guessed(data)
    text = _wide_text(data, place) if encoding == "utf-16" else _narrow_text(data, encoding, place)
    if text is None:
        return None
    if "\0" in text:
        line = _line(text[: text.index("\0")])
        place.add(line, None, _called(encoding), "a NUL, as in UTF-16 and in what is no text", _EXPORT)
        return None
    return text.removeprefix("\ufeff"), encoding


def _wide_text(data: bytes, place: Place) -> str | None:
    """UTF-16 by its mark, else by where the zero of the first letter stands. Windows' is the little one."""
    big = data.startswith(BOM_UTF16_BE) or (not data.startswith(BOM_UTF16_LE) and data[:1] == b"\0")
    return _strict(data, "utf-16-be" if big else "utf-16-le", "utf-16", place)


def _narrow_text(data: bytes, encoding: str, place: Place) -> str | None:
    """A NUL is left for later: a file full of them is no text, whatever else is wrong with it."""
    if b"\0" in data:
        return data.decode("latin-1")
    mixed = _TWO_BYTES.search(data) if encoding == "windows-1252" else None
    if mixed is None:
        return _strict(data, encoding, encoding, place)
    found = "accents as in UTF-8" if _is_utf8(data) else "accents in two encodings"
    line = _line(data[: mixed.start()].decode("latin-1"))
    place.add(line, None, "Windows-1252 throughout", found, "export the file again, as UTF-8 throughout")
    return None


def _strict(data: bytes, codec: str, encoding: str, place: Place) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(codec, errors="replace")
        place.add(_line(before), None, _called(encoding), "bytes that are not", _EXPORT)
        return None


def _marked(data: bytes) -> str | None:
    """The encoding that a byte order mark tells."""
    if data.startswith(BOM_UTF8):
        return "utf-8"
    if data.startswith((BOM_UTF32_LE, BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else None


def _guessed(data: bytes) -> str:
    if len(data) >= 2 and (data[0] == 0) != (data[1] == 0):
        return "utf-16"
    return "utf-8" if _is_utf8(data) else "windows-1252"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _called(encoding: str) -> str:
    return "UTF-8, Windows-1252 or UTF-16" if encoding == AUTO else encoding.upper()


def _line(before: str) -> int:
    """The number of the line that follows this text, as editors count."""
    return len(_LINE_END.findall(before)) + 1


def separated(text: str, separator: str, place: Place) -> str | None:
    """The character between cells: the one told, or that by which the header names most columns of the
    contract. None after noting that the header names some by another one than the one told."""
    found = {name: known(_first(text, char)) for name, char in SEPARATORS.items()}
    best = max(SEPARATORS, key=found.__getitem__)
    if separator == AUTO:
        return SEPARATORS[best]
    if found[best] > found[separator]:
        expected = f"columns separated by {separator}, as people.hr_separator tells"
        place.add(1, None, expected, f"columns separated by {best}", "change one of the two")
        return None
    return SEPARATORS[separator]


def _first(text: str, separator: str) -> list[str]:
    """The cells of the first line that has any."""
    start = text.lstrip("\r\n")[: 100 * len(COLUMNS)]
    return next(csv.reader(io.StringIO(start, newline=""), delimiter=separator), [])


def records(text: str, separator: str, place: Place) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of their first line; blank lines are passed over. Ends at a line that is no
    CSV, which it notes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            place.add(
                line,
                None,
                "cells with quotes only around whole ones",
                "quotes that do not match, or a cell that is far too long",
                "export the file again; lines after this one were not checked",
            )
            return
        if cells:
            yield line, cells
