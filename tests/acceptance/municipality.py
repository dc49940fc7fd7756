"""Gemeente Voorbeeld for a test: its simulator in this process, and a settings folder that points at it."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mailbot import wiring
from mailbot.cli import demo, demo_settings
from mailbot.config.shipped import shipped_settings
from mailbot.jobs.house import House
from mailbot.model.clock import SetClock
from mailbot.model.slots import Job, Slot
from mailbot.policy.decisions import Decision
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.town import STORIES
from mailbot.store.keys import create_key_file

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=AMSTERDAM)


@dataclass
class Municipality:
    """A running simulator, its settings folder, and the clock by which mailbot lives there."""

    town: Town
    server: SimulatorServer
    settings: Path
    clock: SetClock
    files: Path

    def change(self, *replacements: tuple[str, str]) -> None:
        """Edit mailbot.toml as an administrator would. Every old text must be there."""
        file = self.settings / "mailbot.toml"
        text = file.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, f"mailbot.toml has no {old!r}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def at(self, hour: int, minute: int = 0, day: int | None = None) -> datetime:
        """Move the clock to a local time, on a day of November 2026 or today. Gives the moment."""
        local = self.clock.now().astimezone(AMSTERDAM)
        moment = local.replace(hour=hour, minute=minute, second=0, day=day or local.day)
        self.goes_to(moment)
        return moment

    def goes_to(self, moment: datetime) -> None:
        """Time passes; the directory is exported as often as it should be."""
        self.clock.set(moment)
        self.town.clock.set(moment)
        export = self.settings / "directory.ldf"
        if export.exists():
            os.utime(export, (moment.timestamp(),) * 2)

    def publishes(self) -> None:
        """The town writes its files anew, and they are brought to where mailbot looks for them."""
        self.town.write_files(self.files)
        demo_settings.publish(self.files, self.settings)

    @contextmanager
    def opened(self, owner: str = "test", decisions: Sequence[Decision] = ()) -> Iterator[House]:
        """`decisions` open headings; without one the rule about labelled mail is off."""
        with wiring.opened(
            self.settings, {}, clock=self.clock, owner=owner, decisions=tuple(decisions)
        ) as house:
            yield house

    def calibrated(self) -> None:
        """Calibrate secure mail from the town's test mails, as the demo does."""
        demo.calibrate_voorbeeld(self.settings, self.clock)

    def slot(self, job: Job = Job.SWEEP) -> Slot:
        now = self.clock.now().astimezone(AMSTERDAM)
        return Slot(job, now.date(), f"{now:%H%M%S}")

    def letters(self) -> int:
        """Letters that arrived in anybody's inbox."""
        return sum(
            len([mail for mail in mails if mail.sender == "postbushulp@voorbeeld.example"])
            for mails in self.server.delivered().values()
        )


@contextmanager
def municipality(
    folder: Path,
    mailboxes: int = 250,
    mode: str = "live",
    journal: Path | None = None,
    stories: Sequence[str] | None = None,
) -> Iterator[Municipality]:
    """Voorbeeld with `mailboxes` mailboxes, on Monday 23 November 2026 at six in the morning.

    `stories` are the ids of the only staged people, for a town that is smaller than all stories need.
    """
    cast = STORIES if stories is None else [story for story in STORIES if story.id in stories]
    assert stories is None or len(cast) == len(stories), "a story that does not exist"
    town = Town.build(seed=1, mailboxes=mailboxes, now=MONDAY, stories=cast)
    with SimulatorServer(town, journal=journal) as server:
        settings = folder / "settings"
        files = folder / "municipality"
        files.mkdir(parents=True)
        town.write_files(files)
        write_settings(settings, server.endpoint, files, mode)
        yield Municipality(town, server, settings, SetClock(MONDAY), files)


def write_settings(settings: Path, endpoint: str, files: Path, mode: str = "live") -> None:
    """The shipped settings as an administrator would complete them for this endpoint."""
    shutil.copytree(shipped_settings(), settings)
    demo_settings.complete(settings, endpoint, files, mode)
    toml = settings / "mailbot.toml"
    text = toml.read_text(encoding="utf-8")
    for old, new in (('auth = "ntlm" ', 'auth = "basic"'), ("cap_per_run = 5000", "cap_per_run = 200")):
        assert old in text, f"the shipped mailbot.toml has no {old!r}"
        text = text.replace(old, new)
    toml.write_text(text, encoding="utf-8")
    create_key_file(settings / "mailbot.key")
