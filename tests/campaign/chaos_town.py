"""The town of the chaos campaign: two houses look at it, people come and go, its server restarts."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from mailbot import wiring
from mailbot.cli import demo, demo_settings
from mailbot.cli.demo_settings import decision
from mailbot.jobs.house import House
from mailbot.model.clock import SetClock
from mailbot.model.ids import ObjectGuid, SlotId
from mailbot.simulator import Fault, SimulatorServer, Town
from mailbot.simulator.faults import Strike
from mailbot.simulator.files import ACCESS_FILE
from tests.acceptance.municipality import AMSTERDAM, write_settings
from tests.campaign.odds import MAILBOX_DEADLINE, REQUEST_DEADLINE

SENDER = "postbushulp@voorbeeld.example"
CALM, STORMY = "calm", "stormy"
SETTINGS = (
    ("workers = 4 ", "workers = 16"),
    ("request_deadline_seconds = 60", f"request_deadline_seconds = {REQUEST_DEADLINE:.0f}"),
    ("mailbox_deadline_seconds = 180", f"mailbox_deadline_seconds = {MAILBOX_DEADLINE:.0f}"),
)
EXPORT_TROUBLES = ("export_stale", "export_missing", "export_broken")


class FastClock(SetClock):
    """Pauses between tries of a job are by this clock too, so that nobody waits for them."""

    def monotonic(self) -> float:
        return self.now().timestamp()


Verdicts = Mapping[ObjectGuid, Mapping[str, tuple[str, str]]]
"""Outcome and reason code (empty without one) by person and rule."""


def verdicts(house: House, slot: SlotId) -> Verdicts:
    """What one sweep said. Everybody in the directory of today is looked up."""
    keyed = {house.store.person_key(guid): guid for guid in house.directory.people().by_guid}
    with house.store.begin() as work:
        return {
            keyed[person]: {
                judged.rule: (
                    judged.verdict.outcome.value,
                    judged.verdict.reason.code if judged.verdict.reason else "",
                )
                for judged in work.judgements_of(slot, person)
            }
            for person in work.judged(slot)
            if person in keyed
        }


@dataclass
class Surroundings:
    """Voorbeeld at `start`, a Monday morning, behind a server that can go away and come back."""

    folder: Path
    random: Random
    mailboxes: int
    start: datetime

    def __post_init__(self) -> None:
        self.clock = FastClock(self.start - timedelta(hours=4))
        self.town = Town.build(seed=1, mailboxes=self.mailboxes, now=self.start)
        self.strangers = list(Town.build(seed=2, mailboxes=40, now=self.start, stories=()).mailboxes.values())
        self.server = SimulatorServer(self.town)
        self.server.start()
        self._gone: list[Strike] = []
        self._joined = 0
        for name, mode in ((CALM, "off"), (STORMY, "live")):
            self._settle(name, mode)

    def close(self) -> None:
        self.server.stop()

    def _settle(self, name: str, mode: str) -> None:
        """Settings as an administrator completes them. One key for both houses: they draw one sample."""
        settings, published = self.folder / name, self.folder / f"{name}-files"
        published.mkdir(parents=True)
        self.town.write_files(published)
        write_settings(settings, self.server.endpoint, published, mode)
        toml = settings / "mailbot.toml"
        text = toml.read_text(encoding="utf-8")
        for old, new in SETTINGS:
            assert old in text, f"mailbot.toml has no {old!r}"
            text = text.replace(old, new)
        toml.write_text(text, encoding="utf-8")
        if name != CALM:
            shutil.copy2(self.folder / CALM / "mailbot.key", settings / "mailbot.key")
        demo.calibrate_voorbeeld(settings, SetClock(self.start))

    @contextmanager
    def house(self, name: str) -> Iterator[House]:
        with wiring.opened(
            self.folder / name, {}, clock=self.clock, owner=f"{name} house", decisions=(decision(50),)
        ) as house:
            yield house

    def go(self, day: int, hour: int, minute: int) -> date:
        """Move all clocks to a local time of the `day`-th day of the week."""
        local = (self.start.astimezone(AMSTERDAM) + timedelta(days=day)).replace(hour=hour, minute=minute)
        self.clock.set(local)
        self.town.clock.set(local)
        return local.date()

    # people

    def publish(self, trouble: str) -> None:
        """The files of the night; `trouble` is what is wrong with the export of the stormy house."""
        for name in (CALM, STORMY):
            published = self.folder / f"{name}-files"
            self.town.write_files(published)
            demo_settings.publish(published, self.folder / name)
        export = self.folder / STORMY / ACCESS_FILE
        text = export.read_text(encoding="utf-8")
        match trouble:
            case "export_missing":
                export.unlink()
            case "export_stale":
                today = self.town.clock.now().astimezone(AMSTERDAM).date()
                export.write_text(
                    text.replace(today.isoformat(), (today - timedelta(days=3)).isoformat()), encoding="utf-8"
                )
            case "export_broken":
                export.write_text(text[: len(text) // 2], encoding="utf-8")

    def somebody(self) -> int:
        """The place in the directory of somebody of the crowd whom nobody reports to."""
        town = self.town
        leading = {resident.manager_key for resident in town.residents}
        special = {*town.staged().values()}
        return self.random.choice(
            [
                number
                for number, resident in enumerate(town.residents)
                if resident.guid not in special
                and resident.address not in town.excluded()
                and resident.person_key
                and resident.person_key not in leading
            ]
        )

    def leave(self) -> None:
        del self.town.residents[self.somebody()]

    def join(self) -> None:
        """Somebody whom nobody here knew, in the team of somebody whom all do."""
        mailbox = self.strangers.pop()
        if self.town.mailbox(mailbox.address) is not None:
            return
        self._joined += 1
        team = self.town.residents[self.somebody()]
        newcomer = replace(
            team,
            guid=mailbox.guid,
            name=mailbox.name,
            address=mailbox.address,
            person_key=f"9{self._joined:05}",
        )
        self.town.add(newcomer, mailbox, {})

    # the server

    def strikes(self) -> list[Strike]:
        """All strikes since `calm_down`, also by servers that were stopped since."""
        return [*self._gone, *self.server.faults.strikes()]

    def calm_down(self) -> None:
        self._gone.clear()
        self.server.faults.clear()
        self.server.log.clear()

    @contextmanager
    def restarting(self, after: float | None, faults: list[Fault]) -> Iterator[None]:
        """While the block lasts the server goes away once, `after` seconds from now; None means it stays."""
        if after is None:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._restart, args=(after, ended, faults), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _restart(self, after: float, ended: threading.Event, faults: list[Fault]) -> None:
        ended.wait(after)
        old = self.server
        port = int(old.base_url.rpartition(":")[2])
        old.stop()
        self._gone += old.faults.strikes()
        new = SimulatorServer(self.town, port=port)
        for line in old.access_log():
            new.log.add(line)
        new.faults.add(*faults)
        new.start()
        self.server = new
