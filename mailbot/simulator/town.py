"""Gemeente Voorbeeld: a fictional municipality grown from a seed, with its staged people among the crowd."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from mailbot.model.clock import SetClock
from mailbot.model.ids import ObjectGuid
from mailbot.simulator import canaries, directory, files, ldif, names, personnel
from mailbot.simulator.cast import (
    EXCLUDED_ADDRESSES,
    EXCLUDED_GROUPS,
    EXCLUDED_TYPES,
    PILOT_GROUP,
    SENDER,
    STORIES,
)
from mailbot.simulator.founding import Founder
from mailbot.simulator.mailboxes import Group, Item, Mailbox, Trouble
from mailbot.simulator.residents import Account, Resident
from mailbot.simulator.stories import STAGED_NOW, Story

__all__ = ["EXCLUDED_ADDRESSES", "EXCLUDED_GROUPS", "EXCLUDED_TYPES", "PILOT_GROUP", "STORIES", "Town"]


class Town:
    """People, their mailboxes and the clock. `mailboxes` maps addresses to mailboxes, staff or not.

    `outside` collects what was sent to addresses that have no mailbox here. `groups` are distribution
    groups by address, `contacts` maps addresses in the town's own address list to those outside behind them.
    `accounts` stand in the directory and are no people; `outdoor_staff` have no mailbox: only personnel knows
    them.
    """

    def __init__(self, now: datetime) -> None:
        self.clock = SetClock(now)
        self.domains = frozenset({names.DOMAIN, names.SECOND_DOMAIN})
        self.sender = SENDER
        self.residents: list[Resident] = []
        self.mailboxes: dict[str, Mailbox] = {}
        self.outside: list[tuple[str, Item]] = []
        self.groups: dict[str, Group] = {}
        self.contacts: dict[str, str] = {}
        self.accounts: list[Account] = []
        self.outdoor_staff: list[Resident] = []
        self._by_guid: dict[str, Mailbox] = {}
        self._expected: dict[ObjectGuid, Mapping[str, str]] = {}
        self._stories: dict[ObjectGuid, Story] = {}
        self._excluded: list[str] = []

    @classmethod
    def build(
        cls,
        seed: int = 1,
        mailboxes: int = 250,
        now: datetime = STAGED_NOW,
        stories: Sequence[Story] = STORIES,
    ) -> "Town":
        """A town whose population, staged people included and excluded people not, is `mailboxes`.

        The verdicts of staged people hold at `stories.STAGED_NOW` only. Raises ValueError when the town is
        too small for its stories and their managers.
        """
        town = cls(now)
        Founder(town, seed, mailboxes, stories).build()
        return town

    def expected(self) -> dict[ObjectGuid, dict[str, str]]:
        """Rule -> verdict of everybody in the population."""
        return {guid: dict(verdicts) for guid, verdicts in self._expected.items()}

    def story(self, guid: ObjectGuid) -> Story | None:
        """The story of a staged person."""
        return self._stories.get(guid)

    def staged(self) -> Mapping[str, ObjectGuid]:
        """The staged people by the id of their story."""
        return {story.id: guid for guid, story in self._stories.items()}

    def excluded(self) -> list[str]:
        """Addresses of the people and mailboxes that are excluded; they stand in the directory."""
        return list(self._excluded)

    def canaries(self) -> frozenset[str]:
        """Words in mailboxes that may be seen nowhere else."""
        return canaries.ALL

    def conflicts(self) -> dict[str, int]:
        """How often the two sources clash, by the code of the clash (`model.conflicts.Clash`)."""
        staged = Counter(clash for story in self._stories.values() for clash in story.conflicts)
        lost = sum(bool(resident.records.mail) for resident in self.outdoor_staff)
        return dict(staged + Counter(no_mailbox=lost))

    def entries(self) -> list[ldif.Entry]:
        """Everything that an export of the directory holds."""
        return list(directory.entries(self.residents, self._by_guid, self.accounts))

    def directory_ldf(self) -> str:
        return ldif.export(self.entries(), directory.ATTRIBUTES)

    def drops(self) -> tuple[personnel.Drop, personnel.Drop]:
        """What personnel brought three days ago and today."""
        return personnel.drops([*self.residents, *self.outdoor_staff], self.clock.now())

    def access_csv(self) -> str:
        """The nightly export as it was made in the last night before the town's clock."""
        return files.access_csv(self._exported(), self.clock.now().astimezone(STAGED_NOW.tzinfo))

    def _exported(self) -> Iterator[tuple[Mailbox, Resident | None]]:
        residents = {resident.guid: resident for resident in self.residents}
        for mailbox in self.mailboxes.values():
            story = self._stories.get(mailbox.guid)
            if mailbox.trouble is not Trouble.ELSEWHERE and (story is None or story.exported):
                yield mailbox, residents.get(mailbox.guid)

    def write_files(self, folder: Path) -> None:
        """Write what personnel, directory and Exchange export, and the accepted domains, into an existing
        folder. Files are as old as the town's clock says."""
        now = self.clock.now()
        (folder / personnel.FOLDER).mkdir(exist_ok=True)
        personnel.write(self.drops(), folder / personnel.FOLDER, now)
        part = folder / f"{files.DIRECTORY_FILE}.part"
        part.write_bytes(self.directory_ldf().encode("ascii"))
        os.utime(part, (now.timestamp(),) * 2)
        part.replace(folder / files.DIRECTORY_FILE)
        (folder / files.ACCESS_FILE).write_text(self.access_csv(), encoding="utf-8")
        domains = "".join(f"{domain}\n" for domain in sorted(self.domains))
        (folder / files.DOMAINS_FILE).write_text(domains, encoding="utf-8")

    def mailbox(self, address: str | None) -> Mailbox | None:
        return self.mailboxes.get(address) if address else None

    def by_guid(self, guid: str) -> Mailbox | None:
        return self._by_guid.get(guid)

    def add(
        self,
        resident: Resident | None,
        mailbox: Mailbox,
        expected: Mapping[str, str] | None,
        story: Story | None = None,
    ) -> None:
        """Settle a mailbox. Without `expected` its holder is excluded; without resident it is in no file."""
        self.mailboxes[mailbox.address] = mailbox
        self._by_guid[mailbox.guid] = mailbox
        if resident is None:
            return
        self.residents.append(resident)
        if expected is None:
            self._excluded.append(mailbox.address)
        else:
            self._expected[mailbox.guid] = expected
        if story is not None:
            self._stories[mailbox.guid] = story
