"""The directory from a file: an LDIF export that the administrator's own machine writes.

Where mailbot may not sign in to a domain controller, `ldifde` can write what it needs: mailboxes, databases
and the groups of the settings. The script of deploy/directory does so, and ends the file with a mark.
"""

import os
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailbot.config.problems import Problem, report
from mailbot.directory import ad_values
from mailbot.directory.attributes import DATABASE, GROUP, is_a, read_directory
from mailbot.directory.entry import Entry
from mailbot.directory.ldif import Ldif, parse_ldif
from mailbot.directory.membership import members
from mailbot.directory.names import FoldedDn, fold_dn
from mailbot.model.accounts import Directory
from mailbot.model.clock import Clock
from mailbot.model.errors import SettingsRefused, Unreachable
from mailbot.model.ids import ObjectGuid

LARGEST = 256 * 1024 * 1024
"""Octets of a file, at most: fifty times what 10,000 mailboxes need."""

AHEAD = timedelta(days=1)
"""A file that is dated further into the future comes from a clock that is wrong: it would never grow old."""

TRIES = 3
PAUSE_SECONDS = 2.0

_MAILBOT = re.compile(r"mailbot(\s|$)", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"attributes:(.*)", re.IGNORECASE | re.DOTALL)
_END = re.compile(r"end: (\d{1,9}) entries", re.IGNORECASE)
_NEEDED = (("objectGUID",), ("proxyAddresses", "mail"), ("msExchMailboxGuid", "msExchRecipientTypeDetails"))
_AGAIN = "let the export run again, with the script of deploy/directory"


class ExportedDirectory:
    """`groups` are the names that the settings give to groups. A file older than `max_age` is not taken for
    what the directory says today; None lets any age pass."""

    def __init__(
        self, file: Path, groups: Collection[str], clock: Clock, max_age: timedelta | None = None
    ) -> None:
        self._file = file
        self._groups = tuple(groups)
        self._clock = clock
        self._max_age = max_age

    def read(self) -> Directory:
        """All that the file says, as old as the file is. Raises SettingsRefused with everything that is wrong
        with it, Unreachable when it is too old, or dated ahead: a newer one may come. Then nothing of it is
        used."""
        found = self._content()
        if isinstance(found, Problem):
            raise _refused([found])
        data, written = found
        read_at = min(written, self._clock.now())
        self._check_age(read_at)
        ldif, problems = parse_ldif(data, self._file.name)
        if ldif is None:
            raise _refused(problems)
        asked = _asked(ldif)
        problems = [*self._truncated(ldif, data), *self._missing(ldif, asked)]
        if problems:
            raise _refused(problems)
        self._check_clock(written)
        directory = read_directory(ldif.entries, asked, self._members(ldif), read_at)
        if not directory.accounts:
            raise _refused([self._problem("at least one mailbox that can be used", "none", _AGAIN)])
        return directory

    def _members(self, ldif: Ldif) -> Mapping[ObjectGuid, frozenset[str]]:
        try:
            return members(_groups(ldif), self._groups, _holders(ldif.entries))
        except ad_values.Unusable:
            expected = "groups with names and members that are text"
            raise _refused([self._problem(expected, "other octets in one of them", _AGAIN)]) from None

    def _content(self) -> tuple[bytes, datetime] | Problem:
        """The file and when it was written. One that changes under the reader's eyes is read again."""
        for attempt in range(TRIES):
            if attempt:
                self._clock.sleep(PAUSE_SECONDS)
            try:
                with self._file.open("rb") as stream:
                    before = os.fstat(stream.fileno())
                    if before.st_size > LARGEST:
                        return self._problem(
                            f"a file of at most {LARGEST // 1024 // 1024} MB",
                            "a larger one",
                            "export only what the script of deploy/directory asks for",
                        )
                    data = stream.read(LARGEST + 1)
                    after = os.fstat(stream.fileno())
            except OSError:
                return self._problem(
                    "a readable file",
                    f"no file that can be read at {self._file}",
                    "let the export write it, and give mailbot the right to read it",
                )
            if (
                (before.st_size, before.st_mtime_ns)
                == (after.st_size, after.st_mtime_ns)
                == (
                    len(data),
                    before.st_mtime_ns,
                )
            ):
                return data, datetime.fromtimestamp(after.st_mtime, UTC)
        return self._problem(
            "a file that is complete",
            "one that is being written",
            "write another file and rename it at the end",
        )

    def _check_age(self, written: datetime) -> None:
        age = self._clock.now() - written
        if self._max_age is not None and age > self._max_age:
            raise Unreachable(
                f"The export of the directory is {age // timedelta(hours=1)} hours old, and at most "
                f"{self._max_age // timedelta(hours=1)} are allowed: people come and go meanwhile. "
                "See why the export does not run on its schedule."
            )

    def _check_clock(self, written: datetime) -> None:
        if self._max_age is not None and written - self._clock.now() > AHEAD:
            raise Unreachable(
                "The export of the directory is dated more than a day ahead: its age cannot be told. Compare "
                "the clocks of the two machines (both need NTP), and let the export run again."
            )

    def _truncated(self, ldif: Ldif, data: bytes) -> list[Problem]:
        """A file that mailbot's own script wrote ends with a mark; any other at least with a whole line."""
        if any(_MAILBOT.match(comment) for comment in ldif.comments):
            mark = _END.fullmatch(ldif.comments[-1])
            if mark and int(mark[1]) == len(ldif.entries):
                return []
            expected = "a last line `# end: N entries` with the number of entries in the file"
            found = "another number of entries" if mark else "no such line"
            return [self._problem(expected, f"{found}: the file is not whole", _AGAIN)]
        if data.endswith((b"\n", b"\n\0", b"\0\n")):
            return []
        return [self._problem("a line break at the end of the file", "half a line", _AGAIN)]

    def _missing(self, ldif: Ldif, asked: frozenset[str]) -> list[Problem]:
        """Attributes without which nobody can be told from anybody, or nobody left out who should be."""
        problems = [
            self._problem(f"the attribute {' or '.join(names)}", "no entry that has it", "export it too")
            for names in _NEEDED
            if asked.isdisjoint(name.lower() for name in names)
        ]
        if "member" not in asked and _groups(ldif):
            found = "groups without members"
            problems.append(self._problem("the attribute member of groups", found, "export it too"))
        return problems

    def _problem(self, expected: str, found: str, mend: str) -> Problem:
        return Problem(self._file.name, "the file", expected, found, mend)


def _refused(problems: Collection[Problem]) -> SettingsRefused:
    return SettingsRefused(report(problems, "in the directory export; nothing of it is used"))


def _groups(ldif: Ldif) -> list[Entry]:
    return [entry for entry in ldif.entries if is_a(entry, GROUP)]


def _asked(ldif: Ldif) -> frozenset[str]:
    """What was asked for, in lower case: by the comment that says so, else what is seen. A limit seen only on
    mailboxes or only on databases does not show that the others have none."""
    seen = {name for entry in ldif.entries for name in entry.values}
    for comment in ldif.comments:
        told = _ATTRIBUTES.fullmatch(comment)
        if told:
            return frozenset(seen | set(told[1].lower().split()))
    for databases in (True, False):
        those = [entry for entry in ldif.entries if is_a(entry, DATABASE) is databases]
        if not any("mdboverhardquotalimit" in entry.values for entry in those):
            seen.discard("mdboverhardquotalimit")
    return frozenset(seen)


def _holders(entries: Collection[Entry]) -> dict[FoldedDn, ObjectGuid]:
    holders = {}
    for entry in entries:
        try:
            holders[fold_dn(entry.dn)] = ad_values.guid(entry.values.get("objectguid", ()))
        except ad_values.Unusable:
            continue
    return holders
