"""The personnel system's feed: CSV files that it drops into a folder, taken as a whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailbot.directory.hr.disk import Disk
from mailbot.directory.hr.drops import QUIET, Found, Listing, content, listed, look, young
from mailbot.directory.hr.kept import Kept
from mailbot.directory.hr.ledger import Ledger, Reading, people_of
from mailbot.directory.hr.text import AUTO, ENCODINGS, SEPARATORS
from mailbot.model.clock import Clock
from mailbot.model.employment import Employment
from mailbot.model.errors import SettingsRefused
from mailbot.model.sources import SourceState, Trouble


class HrFeed:
    """Personnel, as its newest good feed tells it.

    `encoding` and `separator` are in the words of the settings (ENCODINGS, `auto` or SEPARATORS); ValueError
    for others. A feed older than `max_age` is told as old, and used. Days are judged in `zone`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        encoding: str = AUTO,
        separator: str = AUTO,
        max_age: timedelta,
        clock: Clock,
        zone: ZoneInfo,
        disk: Disk | None = None,
    ) -> None:
        if encoding not in ENCODINGS or separator not in (AUTO, *SEPARATORS):
            raise ValueError("an encoding or separator that feeds are not read by")
        self._folder = folder
        self._reading = Reading(encoding, separator, zone)
        self._max_age = max_age
        self._clock = clock
        self._kept = Kept(folder, clock, disk or Disk())

    def read(self) -> tuple[tuple[Employment, ...], SourceState]:
        """Pick up what came, and give everybody of the newest good feed.

        Raises SettingsRefused, with all that is wrong, when there is no good feed at all; Busy when another
        process picks up for too long. Drops that cannot be picked up, on a full disk say, wait; the state
        tells it.
        """
        now = self._clock.now()
        signs = _Signs()
        ledger = None
        self._look_for_folder()
        try:
            self._kept.prepare()
            with self._kept.locked():
                self._kept.tidy(now)
                self._pick_up(now, signs)
                ledger = self._kept.load()
        except OSError as error:
            signs.wrong.append(_words(error))
        with _refusing():
            ledger = ledger or self._kept.load()
            signs.damage(self._kept)
        state = self._state(ledger, now, signs)
        if ledger.accepted is None:
            raise SettingsRefused(f"{self._folder}: {state.says}")
        with _refusing():
            return people_of(ledger.accepted, now, self._reading), state

    def examine(self) -> SourceState:
        """What `read` would tell now. Nothing is moved or changed, and nothing raised."""
        now = self._clock.now()
        signs = _Signs()
        ledger = Ledger()
        try:
            self._look_for_folder()
            there = self._kept.check()
            ledger = self._kept.load()
            signs.damage(self._kept)
            for folder in (self._folder, self._kept.folder)[: 2 if there else 1]:
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            waiting = self._kept.taken() if there else []
            signs.seen(listing := listed(self._folder, now))
            for found in sorted(waiting + listing.ready, key=lambda one: one.written):
                drop = None if young(found, now) or not _readable(found, signs) else content(found)
                if drop is not None:
                    ledger = ledger.followed_by(drop, self._reading, now)
        except OSError as error:
            signs.wrong.append(_words(error))
        except SettingsRefused as error:
            signs.wrong.append(str(error))
        return self._state(ledger, now, signs)

    def accept(self) -> SourceState:
        """An administrator lets the held feed through; it is used from now on.

        Raises SettingsRefused when nothing is held, when it names nobody, or when it cannot be kept; Busy as
        `read`.
        """
        now = self._clock.now()
        self._look_for_folder()
        with _refusing():
            self._kept.prepare()
            with self._kept.locked():
                ledger = self._kept.load()
                held = ledger.held
                if held is None:
                    raise SettingsRefused("No personnel feed is held: there is nothing to accept.")
                if held.trouble is Trouble.EMPTY:
                    raise SettingsRefused(
                        "The held feed names nobody, and is not accepted. To do without personnel, take "
                        "hr_folder out of the settings."
                    )
                if held.data is None:
                    raise SettingsRefused("The held feed was deleted after 14 days: let it be written again.")
                people_of(held, now, self._reading)
                after = ledger.with_held_accepted()
                self._kept.save(ledger, after, now)
        return self._state(after, now, _Signs())

    def tidy(self, now: datetime) -> None:
        """Delete held and refused feeds that are older than 14 days. Every `read` does so too."""
        self._look_for_folder()
        with _refusing():
            self._kept.prepare()
            with self._kept.locked():
                self._kept.tidy(now)

    def _pick_up(self, now: datetime, signs: "_Signs") -> None:
        """Take what is complete, and judge it and what a crash left taken, oldest first. Raises OSError."""
        signs.seen(listing := listed(self._folder, now))
        for found in listing.ready:
            if _readable(found, signs):
                self._kept.take(found)
        for found in self._kept.taken():
            drop = None if young(found, now) else content(found)
            if drop is not None:
                before = self._kept.load()
                self._kept.save(before, before.followed_by(drop, self._reading, now), now)
                self._kept.done(found)

    def _state(self, ledger: Ledger, now: datetime, signs: "_Signs") -> SourceState:
        state = ledger.state(now, self._max_age, self._reading.zone)
        ask = signs.wrong or state.trouble or state.as_of is None
        says = [*signs.wrong, state.says, *(signs.notes if ask else ())]
        return replace(
            state,
            trouble=state.trouble or (Trouble.REFUSED if signs.wrong else None),
            says="\n\n".join(filter(None, says)),
        )

    def _look_for_folder(self) -> None:
        if not self._folder.is_dir():
            raise SettingsRefused(
                f"{self._folder} is no folder that can be seen. Make it, let personnel's system write to it, "
                "and give mailbot's account read and write rights; or correct people.hr_folder."
            )


@dataclass(slots=True)
class _Signs:
    """`wrong` keeps feeds from coming in; `notes` only explain."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def damage(self, kept: Kept) -> None:
        if kept.damaged():
            self.wrong.append(
                "kept/accepted.csv is not what was accepted, and is not used: let it be written again."
            )

    def seen(self, listing: Listing) -> None:
        if listing.young:
            self.notes.append(
                f"Waiting: {listing.young}, changed within {QUIET.seconds} seconds, not whole or dated "
                "ahead; look again in a minute."
            )
        if listing.odd:
            self.notes.append(f"Left alone: {listing.odd} called *.csv, links or folders and no plain files.")


def _readable(found: Found, signs: _Signs) -> bool:
    if os.access(found.path, os.R_OK):
        return True
    if look(found.path) is not None:
        signs.wrong.append("A drop cannot be read: give mailbot's account read rights on it.")
    return False


@contextmanager
def _refusing() -> Iterator[None]:
    """Turns what the machine refuses, and what cannot be read any more, into a refusal with words."""
    try:
        yield
    except OSError as error:
        raise SettingsRefused(_words(error)) from None
    except ValueError as error:
        raise SettingsRefused(str(error)) from None


def _words(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk with the personnel folder is full: make room. What was dropped is kept until then."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            "mailbot may not read or may not write in the personnel folder: give its account both rights "
            "there, and in kept/ inside it."
        )
    if error.errno == errno.EXDEV:
        return "kept/ is on another disk than the personnel folder: it has to be a plain folder inside it."
    return f"The personnel folder cannot be used: {os.strerror(error.errno or 0)}."
