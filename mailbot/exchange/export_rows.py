"""Reading the nightly export of Exchange: the whole file, or everything that is wrong with it.

UTF-8, cells separated by `;`, fixed columns, one line per mailbox. A cell that cannot be read spoils the
whole file: a list of who has access that misses somebody would make a finding of a guess.
"""

import csv
import io
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from mailbot.config.problems import Problem
from mailbot.config.textfile import read_text
from mailbot.model.ids import Address, ObjectGuid, object_guid

COLUMNS = (
    "object_guid",
    "primary_smtp",
    "recipient_type",
    "full_access",
    "send_as",
    "forwarding",
    "hold",
    "quota_bytes",
    "exported_at",
)
NAMELESS = "?"
"""How the export writes a trustee that has no address."""

LARGEST = 64 * 1024 * 1024
"""Bytes. Ten times what the largest municipality's export takes; more is another file."""

AGAIN = "run export-access.ps1 again"

UNLIMITED = "unlimited"

_TYPE = re.compile(r"[A-Za-z]{1,64}")
_QUOTA = re.compile(rf"[0-9]{{1,18}}|{UNLIMITED}")
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})")

_FIELD_LIMIT = threading.Lock()


@dataclass(frozen=True, slots=True, repr=False)
class MailboxRow:
    """What is kept of one line. `nameless` counts trustees with full access that have no address; `quota` is
    in bytes, None for unlimited."""

    guid: ObjectGuid
    address: Address
    full_access: frozenset[Address]
    nameless: int
    forwards: bool
    hold: bool
    quota: int | None
    exported_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class AccessExport:
    """A whole export. `held` tells for an address on which mailboxes it has full access or send-as;
    `oldest` and `newest` are the times of its lines."""

    rows: Mapping[ObjectGuid, MailboxRow]
    by_address: Mapping[Address, ObjectGuid]
    held: Mapping[Address, frozenset[ObjectGuid]]
    oldest: datetime
    newest: datetime


def read_export(file: Path) -> tuple[AccessExport | None, list[Problem]]:
    """The export, or every problem of the file. Raises FileNotFoundError when there is none."""
    shown = file.name
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        raise
    except OSError:
        size = 0  # what is wrong with it shows when it is read
    if size > LARGEST:
        mend = "let exchange.access_export name the file that export-access.ps1 writes"
        return None, [Problem(shown, "the file", "at most 64 MiB", f"{size // 1024**2} MiB", mend)]
    text, problems = read_text(file, shown)
    if text is None:
        return None, problems
    with _long_cells():
        return _Reading(shown).read(text)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let a cell be as long as a whole file may be: thousands of trustees stand in one cell.

    The limit of the csv module holds for the whole process. It is raised only, for as long as the reading
    takes and by one reader at a time, and put back; whoever else reads CSV meanwhile is refused nothing.
    """
    with _FIELD_LIMIT:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, LARGEST))
        try:
            yield
        finally:
            csv.field_size_limit(before)


class _Reading:
    """One pass over the text; collects problems and sound lines."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._problems: list[Problem] = []
        self._rows: dict[ObjectGuid, MailboxRow] = {}
        self._held: dict[Address, set[ObjectGuid]] = {}
        self._by_address: dict[Address, ObjectGuid] = {}
        self._line = 1

    def read(self, text: str) -> tuple[AccessExport | None, list[Problem]]:
        lines = self._lines(text)
        header = next(lines, None)
        if header is None:
            if not self._problems:
                self._refuse(None, "a header line and one line per mailbox", "an empty file")
        elif tuple(header) != COLUMNS:
            found = "columns separated by commas" if "," in header[0] else "other columns"
            self._refuse(None, f"the header {';'.join(COLUMNS)}", found)
        else:
            self._body(lines)
        if self._problems:
            return None, self._problems
        times = [row.exported_at for row in self._rows.values()]
        return AccessExport(
            MappingProxyType(self._rows),
            MappingProxyType(self._by_address),
            MappingProxyType({address: frozenset(found) for address, found in self._held.items()}),
            min(times),
            max(times),
        ), []

    def _body(self, lines: Iterator[list[str]]) -> None:
        for cells in lines:
            if len(cells) == len(COLUMNS):
                self._row(dict(zip(COLUMNS, cells, strict=True)))
            else:
                self._refuse(None, f"{len(COLUMNS)} cells, as in the header", f"{len(cells)} cells")
        if not self._rows and not self._problems:
            self._refuse(None, "at least one mailbox", "only a header")

    def _row(self, cells: Mapping[str, str]) -> None:
        before = len(self._problems)
        guid = self._guid(cells["object_guid"])
        address = self._own_address(cells["primary_smtp"])
        if not _TYPE.fullmatch(cells["recipient_type"]):
            self._refuse("recipient_type", "one word, such as UserMailbox", "something else")
        full_access, nameless = self._trustees("full_access", cells)
        send_as, _ = self._trustees("send_as", cells)
        forwards = self._switch("forwarding", cells)
        hold = self._switch("hold", cells)
        if not _QUOTA.fullmatch(cells["quota_bytes"]):
            self._refuse("quota_bytes", "a whole number of bytes or unlimited", "something else")
        exported_at = self._time(cells["exported_at"])
        if len(self._problems) > before or guid is None or address is None or exported_at is None:
            return
        quota = None if cells["quota_bytes"] == UNLIMITED else int(cells["quota_bytes"])
        self._rows[guid] = MailboxRow(
            guid, address, full_access, nameless, forwards, hold, quota, exported_at
        )
        self._by_address[address] = guid
        for trustee in full_access | send_as:
            self._held.setdefault(trustee, set()).add(guid)

    def _guid(self, text: str) -> ObjectGuid | None:
        try:
            guid = object_guid(text)
        except ValueError:
            self._refuse("object_guid", "a GUID", "something else")
            return None
        if guid in self._rows:
            self._refuse("object_guid", "every mailbox once", "a mailbox of an earlier line")
        return guid

    def _own_address(self, text: str) -> Address | None:
        try:
            address = Address(text)
        except ValueError:
            self._refuse("primary_smtp", "an e-mail address", "something else")
            return None
        if address in self._by_address:
            self._refuse("primary_smtp", "every address once", "the address of an earlier line")
        return address

    def _trustees(self, column: str, cells: Mapping[str, str]) -> tuple[frozenset[Address], int]:
        """Addresses in a cell, and how many trustees in it have none."""
        parts = [part.strip() for part in cells[column].split(",")] if cells[column].strip() else []
        found: set[Address] = set()
        for number, part in enumerate(parts, start=1):
            try:
                found |= set() if part == NAMELESS else {Address(part)}
            except ValueError:
                wrong = f"something else at place {number}"
                self._refuse(column, f"addresses joined by commas, {NAMELESS} for one without", wrong)
        return frozenset(found), parts.count(NAMELESS)

    def _switch(self, column: str, cells: Mapping[str, str]) -> bool:
        if cells[column] not in ("true", "false"):
            self._refuse(column, "true or false", "something else")
        return cells[column] == "true"

    def _time(self, text: str) -> datetime | None:
        try:
            moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
        except ValueError:
            moment = None
        if moment is None:
            expected = "a moment with its offset, such as 2026-11-21T03:00:00+01:00"
            self._refuse("exported_at", expected, "something else")
            return None
        return moment.astimezone(UTC)

    def _lines(self, text: str) -> Iterator[list[str]]:
        """The lines with cells in them. Ends at one that is no CSV, which is a problem of its own."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
        while True:
            self._line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                found = "a quote or a line end in the wrong place"
                self._refuse(None, "cells separated by ;, with quotes only around whole cells", found)
                return
            if cells:
                yield cells

    def _refuse(self, column: str | None, expected: str, found: str) -> None:
        where = f"line {self._line}, column {column}" if column else f"line {self._line}"
        self._problems.append(Problem(self._shown, where, expected, found, AGAIN))
