"""Which files in the folder are drops, and which of them are complete."""

import os
import re
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailbot.directory.hr.ledger import AHEAD, LARGEST, Drop

QUIET = timedelta(seconds=60)
"""So long nobody wrote to a file before it counts as complete: SFTP and robocopy write under the last
name."""

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,80}")
_TAKEN = re.compile(r"taken\.(\d{6})\..+")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it looked when the folder was listed."""

    path: Path
    inode: int
    size: int
    written: int  # nanoseconds since 1970

    @property
    def delivered(self) -> datetime:
        return datetime.fromtimestamp(self.written // 1000 / 1_000_000, UTC)


@dataclass(slots=True)
class Listing:
    """`ready` is oldest first. `young` may still be written to; `odd` are links, folders and other things
    that are called *.csv and never opened."""

    ready: list[Found] = field(default_factory=list)
    young: int = 0
    odd: int = 0


def listed(folder: Path, now: datetime) -> Listing:
    """What lies in the folder. Raises OSError when it cannot be listed."""
    listing = Listing()
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        if not name.lower().endswith(".csv") or name.startswith((".", "~")):
            continue
        found = look(folder / name)
        if found is None:
            listing.odd += 1
        elif young(found, now):
            listing.young += 1
        else:
            listing.ready.append(found)
    listing.ready.sort(key=lambda one: (one.written, one.path.name))
    return listing


def young(found: Found, now: datetime) -> bool:
    """Whether somebody may still be writing to it: robocopy dates a file 1980 until it is whole. A date
    somewhat ahead is waited for; one further ahead is no reason to wait: such a drop is refused."""
    return found.delivered.year < 1990 or -AHEAD <= now - found.delivered < QUIET


def look(path: Path) -> Found | None:
    """The file as it is now; None when it is gone, or is no plain file."""
    try:
        told = path.lstat()
    except FileNotFoundError:
        return None
    return _found(path, told) if stat.S_ISREG(told.st_mode) else None


def content(found: Found) -> Drop | None:
    """What is in the file, or None when it is no longer the file that was found: then it is for the next
    time.

    Raises OSError when it cannot be read.
    """
    handle = os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if _found(found.path, os.fstat(file.fileno())) != found:
            return None
        data = file.read(min(found.size, LARGEST) + 1)
        same = _found(found.path, os.fstat(file.fileno())) == found
    return Drop(given_name(found.path), found.delivered, data) if same else None


def taken_name(name: str, number: int) -> str:
    """What a drop is called once it was taken. Whoever writes files also chooses their names, so only plain
    ones are kept; the rest becomes feed.csv."""
    return f"taken.{number:06d}.{name if _PLAIN.fullmatch(name) else 'feed.csv'}"


def taken_number(path: Path) -> int | None:
    told = _TAKEN.fullmatch(path.name)
    return int(told[1]) if told else None


def given_name(path: Path) -> str:
    """What a drop was called, as far as its name is plain."""
    return taken_name(path.name, 0)[13:] if taken_number(path) is None else path.name[13:]


def _found(path: Path, told: os.stat_result) -> Found:
    return Found(path, told.st_ino, told.st_size, told.st_mtime_ns)
