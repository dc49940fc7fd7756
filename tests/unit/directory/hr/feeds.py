"""Feeds for the tests of personnel, and a folder into which they are dropped."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailbot.config.problems import Problem
from mailbot.directory.hr.columns import COLUMNS
from mailbot.directory.hr.content import read_feed
from mailbot.directory.hr.disk import Disk
from mailbot.directory.hr.feed import HrFeed
from mailbot.model.clock import SetClock
from mailbot.model.employment import Employment
from mailbot.model.sources import SourceState

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HEADER = ";".join(COLUMNS)


def row(number: int, **cells: str) -> dict[str, str]:
    """A plain employee whose key and address follow from the number."""
    plain = dict.fromkeys(COLUMNS, "") | {
        "person_key": f"{1000 + number}",
        "mail": f"p{number}@voorbeeld.example",
        "dienst_in": "2015-03-01",
        "contract_volgnr": "1",
        "org_code": "100",
        "org_naam": "Burgerzaken",
        "werkdagen": "ma,di,wo,do,vr",
    }
    return plain | cells


def feed(*rows: dict[str, str]) -> bytes:
    lines = [HEADER, *(";".join(one[column] for column in COLUMNS) for one in rows)]
    return ("\n".join(lines) + "\n").encode()


def staff(count: int, **cells: str) -> list[dict[str, str]]:
    return [row(number, **cells) for number in range(1, count + 1)]


def loaded(
    data: bytes, today: date = TODAY, encoding: str = "auto", separator: str = "auto"
) -> list[Employment]:
    """The people of a feed that has to be good."""
    found, place = read_feed(data, "hr.csv", today, encoding, separator)
    assert found is not None, place.problems
    return list(found.employments)


def problems(data: bytes, encoding: str = "auto", separator: str = "auto") -> list[Problem]:
    """What is wrong with a feed that has to be refused."""
    found, place = read_feed(data, "hr.csv", TODAY, encoding, separator)
    assert found is None
    return place.problems


def places(data: bytes, encoding: str = "auto", separator: str = "auto") -> list[str]:
    return [problem.where for problem in problems(data, encoding, separator)]


@dataclass
class Dropbox:
    """The folder that personnel's system writes to, and a clock that stands still."""

    folder: Path
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    disk: Disk = field(default_factory=Disk)
    encoding: str = "auto"

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def hr(self) -> HrFeed:
        week = timedelta(days=7)
        return HrFeed(
            self.folder,
            encoding=self.encoding,
            max_age=week,
            clock=self.clock,
            zone=AMSTERDAM,
            disk=self.disk,
        )

    def drop(self, data: bytes | Sequence[dict[str, str]], name: str = "", minutes: float = 10) -> Path:
        """A file that was last written so many minutes ago; hr.csv if that is free and no name is given."""
        taken = self.folder / "hr.csv"
        file = self.folder / (name or (f"hr{len(self.files())}.csv" if taken.exists() else taken.name))
        file.write_bytes(data if isinstance(data, bytes) else feed(*data))
        written = self.clock.now().timestamp() - minutes * 60
        os.utime(file, (written, written))
        return file

    def pass_time(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))

    def keys(self) -> list[str]:
        """Who is there after reading."""
        return [person.key for person in self.hr.read()[0]]

    def state(self) -> SourceState:
        return self.hr.read()[1]

    def files(self) -> set[str]:
        """What lies in the folder and in what is kept, without the lock."""
        return {
            str(p.relative_to(self.folder))
            for p in self.folder.rglob("*")
            if p.is_file() and p.name != "lock"
        }
