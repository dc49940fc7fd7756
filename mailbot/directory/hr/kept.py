"""The folder `kept/` inside the drop folder: what mailbot took out of it, and what became of that.

`accepted.csv` is the feed in use, `held.csv` and `refused.csv` the newest that are not; beside each a small
`.json` tells when it was delivered, its digest and what was wrong. `taken.*.csv` are drops that were not
judged yet. Only this account may look: mode 700, files 600.

Whenever the power fails, a drop is still there as `taken.*` or it is in its place. Content and note are both
written under other names, moved into their places one after the other, and only then the drop is taken away.
A content goes with the note that has its digest, in its place or about to be moved there; one without is not
used.
"""

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from mailbot.directory.hr.disk import Disk, hand_over
from mailbot.directory.hr.drops import Found, look, taken_name, taken_number
from mailbot.directory.hr.ledger import Copy, Ledger, digest
from mailbot.model.clock import Clock
from mailbot.model.errors import Busy, SettingsRefused
from mailbot.model.sources import Trouble

LOCK_SECONDS = 30.0
KEEP_UNUSED = timedelta(days=14)
LOOKS = 3


class Part(StrEnum):
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


class Kept:
    def __init__(self, drops: Path, clock: Clock, disk: Disk) -> None:
        self.folder = drops / "kept"
        self._clock = clock
        self._disk = disk

    def prepare(self) -> None:
        """Make the folder, or see that it is ours alone. Raises SettingsRefused and OSError."""
        told = self.check()
        if told is None:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        elif stat.S_IMODE(told.st_mode) != 0o700:
            self.folder.chmod(0o700)

    def check(self) -> os.stat_result | None:
        """Whether the folder is a folder of our own, or we are root, who works for its owner; None when it is
        not there. Raises as `prepare`."""
        try:
            told = self.folder.lstat()
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(told.st_mode):
            raise SettingsRefused(
                f"{self.folder} is no folder. mailbot keeps feeds there: remove it, and look who made it."
            )
        if os.geteuid() not in (told.st_uid, 0):
            raise SettingsRefused(
                f"{self.folder} belongs to another account. Run mailbot as the account of its service, "
                "or remove that folder when it was made by mistake."
            )
        return told

    @contextmanager
    def locked(self, seconds: float | None = None) -> Iterator[None]:
        """Nobody else picks up meanwhile. The lock goes with the process that holds it.

        Raises Busy when another one keeps it for so long, and OSError when the folder cannot be written to.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self.folder / "lock", flags, 0o600)
        try:
            hand_over(handle, self.folder)
            limit = LOCK_SECONDS if seconds is None else seconds
            deadline = self._clock.monotonic() + limit
            while not _lock(handle):
                if self._clock.monotonic() >= deadline:
                    raise Busy(
                        f"Another mailbot has been reading {self.folder.parent} for {limit:.0f} seconds. "
                        "Try again; when that does not help, see which process has kept/lock open."
                    )
                time.sleep(0.05)
            yield
        finally:
            os.close(handle)

    def take(self, found: Found) -> Found | None:
        """Move a drop here; None when it is gone or no plain file any more. Raises OSError."""
        last = max((taken_number(path) or 0 for path in self._entries()), default=0)
        place = self.folder / taken_name(found.path.name, last + 1)
        try:
            self._disk.move(found.path, place)
        except FileNotFoundError:
            return None
        return look(place)

    def taken(self) -> list[Found]:
        """Drops that were moved here and not judged yet, oldest first. Raises OSError."""
        found = [look(path) for path in self._entries() if taken_number(path) is not None]
        return sorted((one for one in found if one is not None), key=lambda one: (one.written, one.path.name))

    def done(self, found: Found) -> None:
        self._disk.remove(found.path)

    def load(self) -> Ledger:
        """What is kept now. Raises OSError when it cannot be read."""
        return Ledger(self._copy(Part.ACCEPTED), self._copy(Part.HELD), self._copy(Part.REFUSED))

    def save(self, before: Ledger, after: Ledger, now: datetime) -> None:
        """Keep what changed, the feed in use first. Raises OSError; what was not written stays as it was."""
        for part, old, new in (
            (Part.ACCEPTED, before.accepted, after.accepted),
            (Part.HELD, before.held, after.held),
            (Part.REFUSED, before.refused, after.refused),
        ):
            if new is None and old is not None:
                self._forget(part)
            elif new is not None and new is not old:
                self._keep(part, new, new.delivered if part is Part.ACCEPTED else now)

    def tidy(self, now: datetime) -> None:
        """Delete contents that are not used and are older than 14 days, and what a crash left
        half-written."""
        for part in Part:
            self._settle(part)
        for part in (Part.HELD, Part.REFUSED):
            content = self._file(part)
            told, orphan = look(content), self._copy(part) is None
            if told is not None and (orphan or now - told.delivered > KEEP_UNUSED):
                self._disk.remove(content)
        for path in self._entries():
            if path.name.endswith(".new"):
                self._disk.remove(path)

    def _keep(self, part: Part, copy: Copy, dated: datetime) -> None:
        content, note = self._file(part), self._note(part)
        fresh, told = _fresh(content), _fresh(note)
        if copy.data is not None:
            self._disk.write(fresh, copy.data, dated)
        self._disk.write(told, _written(copy), dated)
        if copy.data is not None:
            self._disk.replace(fresh, content)
        else:
            self._disk.remove(content)
        self._disk.replace(told, note)

    def _forget(self, part: Part) -> None:
        self._disk.remove(self._note(part))
        self._disk.remove(self._file(part))

    def damaged(self) -> bool:
        """Whether there is a feed to use that is not the one that was accepted. Raises OSError."""
        return self._file(Part.ACCEPTED).exists() and self._copy(Part.ACCEPTED) is None

    def _copy(self, part: Part) -> Copy | None:
        """A content with the note that belongs to it. A feed in use without one is none; of the others the
        note alone says what was wrong. Who looks without the lock may look while both are moved: then
        again."""
        note = self._note(part)
        for _ in range(LOOKS):
            data = _bytes(self._file(part))
            notes = [_read(_bytes(file) or b"") for file in (note, _fresh(note))]
            for told in notes:
                if data is not None and told is not None and told.sha256 == digest(data):
                    return replace(told, data=data)
            if data is None:
                break
        return None if part is Part.ACCEPTED else notes[0]

    def _settle(self, part: Part) -> None:
        """Finish what was broken off between moving a content into its place and moving its note."""
        note = self._note(part)
        told = _read(_bytes(_fresh(note)) or b"")
        data = _bytes(self._file(part))
        if told is not None and data is not None and told.sha256 == digest(data):
            self._disk.replace(_fresh(note), note)

    def _entries(self) -> list[Path]:
        with os.scandir(self.folder) as entries:
            return [self.folder / entry.name for entry in entries]

    def _file(self, part: Part) -> Path:
        return self.folder / f"{part}.csv"

    def _note(self, part: Part) -> Path:
        return self.folder / f"{part}.json"


def _fresh(file: Path) -> Path:
    """Where it is written before it is moved into its place."""
    return file.with_name(f"{file.name}.new")


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(copy: Copy) -> bytes:
    told = {
        "delivered_at": copy.delivered.astimezone(UTC).isoformat(),
        "sha256": copy.sha256,
        "rows": copy.rows,
        "encoding": copy.encoding,
        "separator": copy.separator,
        "trouble": copy.trouble,
        "says": copy.says,
        "counted": copy.counted.isoformat() if copy.counted else None,
        "left": {day.isoformat(): people for day, people in sorted(copy.left.items())},
    }
    return (json.dumps(told, indent=1) + "\n").encode()


def _read(data: bytes) -> Copy | None:
    """None when it is not what `_written` writes."""
    try:
        told = json.loads(data)
        trouble = told["trouble"]
        return Copy(
            delivered=datetime.fromisoformat(told["delivered_at"]).astimezone(UTC),
            sha256=told["sha256"],
            rows=int(told["rows"]),
            encoding=told["encoding"],
            separator=told["separator"],
            trouble=None if trouble is None else Trouble(trouble),
            says=told["says"],
            counted=date.fromisoformat(told["counted"]) if told["counted"] else None,
            left={date.fromisoformat(day): int(people) for day, people in told["left"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
