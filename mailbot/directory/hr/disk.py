"""The four things that happen to files here. Each is whole or not at all, also when the power fails in
between."""

import contextlib
import os
from datetime import datetime
from pathlib import Path


class Disk:
    """All raise OSError. Tests put one in its place that stops half-way."""

    def write(self, file: Path, data: bytes, written: datetime) -> None:
        """A new file of mode 600, on disk, dated `written` (aware)."""
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(file, flags, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            hand_over(out.fileno(), file.parent)
            nanoseconds = round(written.timestamp() * 1_000_000) * 1000
            os.utime(out.fileno(), ns=(nanoseconds, nanoseconds))
            os.fsync(out.fileno())

    def replace(self, new: Path, old: Path) -> None:
        new.replace(old)
        self._settle(old.parent)

    def move(self, file: Path, to: Path) -> None:
        """Within one file system."""
        file.rename(to)
        self._settle(to.parent)

    def remove(self, file: Path) -> None:
        file.unlink(missing_ok=True)

    def _settle(self, folder: Path) -> None:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(here)
        finally:
            os.close(here)


def hand_over(handle: int, folder: Path) -> None:
    """A file that root makes for a command goes to the account of the service, whose folder it is in."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
