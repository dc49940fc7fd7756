"""LDIF files of entries (RFC 2849, content records), as `ldifde` and `ldapsearch -LLL` write them.

A file is taken as a whole or not at all. What is wrong with it is told by line; no value is quoted.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbot.config.problems import Problem
from mailbot.directory.entry import Entry

MOST_PROBLEMS = 50
"""Problems of one file that are told; the rest are most often the same ones again."""

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)((?:;[^;:\s]+)*):([:<]?) *(.*)", re.DOTALL)
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"v\0", "utf-16-le"))

_REST = "export the file again, with the script of deploy/directory or with ldifde"


@dataclass(frozen=True, slots=True)
class Ldif:
    """`comments` are without their sign and outer blanks, in the order of the file."""

    entries: tuple[Entry, ...] = field(repr=False)
    comments: tuple[str, ...] = field(repr=False)


def parse_ldif(data: bytes, shown: str) -> tuple[Ldif | None, list[Problem]]:
    """All entries of the file, or what is wrong with it. `shown` is its name in problems."""
    text, problem = _decoded(data, shown)
    if text is None:
        return None, [problem] if problem else []
    reader = _Reader(shown)
    reader.read(text)
    if reader.problems:
        return None, reader.problems[:MOST_PROBLEMS]
    return Ldif(tuple(reader.entries), tuple(reader.comments)), []


def _decoded(data: bytes, shown: str) -> tuple[str | None, Problem | None]:
    encoding = next((name for start, name in _WIDE if data.startswith(start)), "utf-8-sig")
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
    found = "half a character" if encoding != "utf-8-sig" else "another encoding, such as Windows-1252"
    return None, Problem(shown, f"line {line}", "UTF-8, or UTF-16 as `ldifde -u` writes it", found, _REST)


class _Reader:
    def __init__(self, shown: str) -> None:
        self.entries: list[Entry] = []
        self.comments: list[str] = []
        self.problems: list[Problem] = []
        self._shown = shown

    def read(self, text: str) -> None:
        records = 0
        for record in self._records(text):
            if len(self.problems) >= MOST_PROBLEMS:
                return
            if records == 0 and record[0][1].lower().startswith("version:"):
                self._version(*record[0])
                record = record[1:]
            if record:
                records += 1
                self._record(record)
        if not records and not self.problems:
            self._refuse(1, "at least one entry", "none", _REST)

    def _records(self, text: str) -> Iterator[list[tuple[int, str]]]:
        """Lines put together again, with the number of their first one, up to each blank line."""
        record: list[tuple[int, list[str]]] = []
        comment: list[str] | None = None
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.removesuffix("\r")
            if line.startswith(" "):
                if comment is not None:
                    comment.append(line[1:])
                elif record:
                    record[-1][1].append(line[1:])
                else:
                    self._refuse(
                        number, "an entry that begins with `dn:`", "a line that begins with a blank", _REST
                    )
                continue
            self._note(comment)
            comment = None
            if line.startswith("#"):
                comment = [line[1:]]
            elif line:
                record.append((number, [line]))
            elif record:
                yield [(first, "".join(parts)) for first, parts in record]
                record = []
        self._note(comment)
        if record:
            yield [(first, "".join(parts)) for first, parts in record]

    def _note(self, comment: list[str] | None) -> None:
        if comment is not None:
            self.comments.append("".join(comment).strip())

    def _version(self, number: int, line: str) -> None:
        if line.partition(":")[2].strip() != "1":
            self._refuse(number, "`version: 1`", "another version of LDIF", _REST)

    def _record(self, lines: list[tuple[int, str]]) -> None:
        number, first = lines[0]
        found = self._line(number, first)
        if found is None:
            return
        name, value = found
        if name != "dn":
            self._refuse(
                number,
                "an entry that begins with `dn:`",
                "another line",
                f"{_REST}; ldapsearch needs -LLL",
            )
            return
        try:
            dn = value.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(number, "a name in UTF-8", "other octets", _REST)
            return
        values: dict[str, list[bytes]] = {}
        for number, line in lines[1:]:
            attribute = self._line(number, line)
            if attribute is None:
                continue
            name, value = attribute
            if name == "changetype":
                if value.strip().lower() != b"add":
                    self._refuse(number, "entries as they are", "a change to an entry", _REST)
            elif name in ("dn", "control"):
                self._refuse(number, "a blank line before the next entry", f"a line `{name}:`", _REST)
            else:
                values.setdefault(name, []).append(value)
        self.entries.append(Entry(dn, {name: tuple(found) for name, found in values.items()}))

    def _line(self, number: int, line: str) -> tuple[str, bytes] | None:
        """The attribute in lower case, without options, and its value; None after noting what is wrong."""
        found = _LINE.fullmatch(line)
        if found is None:
            self._refuse(number, "an attribute, a colon and a value", "a line without them", _REST)
            return None
        name, options, kind, value = found.groups()
        if not self._sound_options(number, options):
            return None
        if kind == "<":
            self._refuse(number, "the value itself", "the place of another file", _REST)
            return None
        if kind == ":":
            try:
                return name.lower(), base64.b64decode(value.rstrip(" ").encode("ascii"), validate=True)
            except (binascii.Error, UnicodeEncodeError):
                self._refuse(number, "a value in base64", "something else, or half a value", _REST)
                return None
        if "\r" in value or "\0" in value:
            self._refuse(number, "a line of text", "control characters in it", _REST)
            return None
        return name.lower(), value.encode("utf-8")

    def _sound_options(self, number: int, options: str) -> bool:
        for option in options.lower().split(";")[1:]:
            if option.startswith("range="):
                self._refuse(
                    number,
                    "all values of an attribute",
                    "a part of them: the server gives no more than 1500 at a time",
                    "spread the group's members over groups inside it, or read the directory over LDAP",
                )
                return False
            if option != "binary":
                self._refuse(number, "no option but `;binary`", "another option of an attribute", _REST)
                return False
        return True

    def _refuse(self, number: int, expected: str, found: str, mend: str) -> None:
        self.problems.append(Problem(self._shown, f"line {number}", expected, found, mend))
