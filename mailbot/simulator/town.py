"""Gemeente Voorbeeld: a fictional municipality grown from a seed, with its staged people among the crowd."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType

from mailbot.model.clock import SetClock
from mailbot.model.ids import ObjectGuid
from mailbot.simulator import canaries, files, names
from mailbot.simulator.calendars import all_day
from mailbot.simulator.furnishing import furnish, plant_messages, plant_tree, working_year
from mailbot.simulator.mailboxes import Folders, Item, Mailbox
from mailbot.simulator.residents import ApprovedLeave, Contract, Resident, Unit
from mailbot.simulator.stories import (
    COMPLIANT,
    GIB,
    MIB,
    NOT_APPLICABLE,
    STAGED_NOW,
    Story,
    scheduled,
)
from mailbot.simulator.stories_absence import ABSENCE_STORIES
from mailbot.simulator.stories_quota import QUOTA_STORIES
from mailbot.simulator.stories_reply import REPLY_STORIES, RULE_STORIES
from mailbot.simulator.weeks import FULL_TIME, Week, joined, week

_NAMESPACE = uuid.UUID("6f1d2b1e-0f4e-5b7a-9c55-1f3b0a6d2c11")
SENDER = f"postbushulp@{names.DOMAIN}"
PILOT_GROUP = "postbushulp-pilot"

EXCLUDED_GROUPS = ("ondernemingsraad", "vertrouwenspersonen", "griffie")
EXCLUDED_ADDRESSES = tuple(
    f"{local}@{names.DOMAIN}" for local in ("fg", "klachten", "vertrouwenspersoon", "wmo")
)
EXCLUDED_TYPES = ("room", "equipment", "system")
"""Whoever is excluded in gemeente Voorbeeld: by group, by functional address, by kind of mailbox."""

CROWD = MappingProxyType({"quota": COMPLIANT, "out_of_office": NOT_APPLICABLE})
COVERED = MappingProxyType({"quota": COMPLIANT, "out_of_office": COMPLIANT})
FUNCTIONAL = MappingProxyType({"quota": NOT_APPLICABLE, "out_of_office": NOT_APPLICABLE})
"""What unstaged mailboxes must lead to: nobody of the crowd is over a limit or away without a reply."""

STORIES = (*QUOTA_STORIES, *ABSENCE_STORIES, *REPLY_STORIES, *RULE_STORIES)

_ROSTERS = (
    (FULL_TIME, 10),
    (week("ma di do vr"), 4),
    (week("ma di wo do", "08:00-12:30", "13:00-17:30"), 3),
    (week("di wo do"), 3),
    (joined(week("ma di do"), week("wo", "08:30-12:30")), 2),
    (week("ma wo vr", "09:00-17:00"), 1),
    (week("do vr"), 1),
)
_SHARED_NAMES = ("Postbus", "Balie", "Team", "Meldingen", "Loket")
_RESOURCES = (
    ("Vergaderzaal De Linde", "room"),
    ("Vergaderzaal De Eik", "room"),
    ("Dienstauto 1", "equipment"),
    ("Journaal", "system"),
)
_TEAM_SIZE = 10


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody works."""

    unit: Unit
    manager_key: str


class Town:
    """People, their mailboxes and the clock. `mailboxes` maps addresses to mailboxes, staff or not.

    `outside` collects what was sent to addresses that have no mailbox here.
    """

    def __init__(self, now: datetime) -> None:
        self.clock = SetClock(now)
        self.domains = frozenset({names.DOMAIN, names.SECOND_DOMAIN})
        self.sender = SENDER
        self.residents: list[Resident] = []
        self.mailboxes: dict[str, Mailbox] = {}
        self.outside: list[tuple[str, Item]] = []
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
        _Builder(town, seed, mailboxes, stories).build()
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
        """Addresses of the people and mailboxes that are excluded; they stand in the people file."""
        return list(self._excluded)

    def canaries(self) -> frozenset[str]:
        """Words in mailboxes that may be seen nowhere else."""
        return canaries.ALL

    def people_csv(self) -> str:
        return files.people_csv(self.residents)

    def write_files(self, folder: Path) -> None:
        """Write the people file and the accepted domains into an existing folder."""
        (folder / files.PEOPLE_FILE).write_text(self.people_csv(), encoding="utf-8")
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


class _Builder:
    def __init__(self, town: Town, seed: int, population: int, stories: Sequence[Story]) -> None:
        self._town = town
        self._seed = seed
        self._stories = stories
        self._population = population
        self._random = Random(seed)
        self._today = town.clock.now().astimezone(STAGED_NOW.tzinfo).date()
        self._staff_number = 100_200
        taken = {names.mail_address(story.name) for story in stories}
        taken |= {self._town.sender, *EXCLUDED_ADDRESSES}
        self._names = names.crowd_names(Random(f"{seed}/names"), taken)

    def build(self) -> None:
        people = [story for story in self._stories if story.recipient_type not in ("shared", "remote_shared")]
        shared_stories = [story for story in self._stories if story not in people]
        shared = max(0, self._population // 25 - len(shared_stories))
        staff = self._population - shared - len(shared_stories)
        teams = max(1, round(staff / (_TEAM_SIZE + 1)))
        heads = min(len(names.DEPARTMENTS), max(1, teams // 3))
        if staff < len(people) + teams + heads:
            raise ValueError(f"{self._population} mailboxes are too few for {len(self._stories)} stories")
        self._functional(self._town.sender, "Postbushulp", listed=False)
        places = self._managers(teams, heads)
        for number, story in enumerate(people):
            self._staged(story, places[number % teams])
        for number in range(staff - teams - heads - len(people)):
            self._of_the_crowd(places[(number + len(people)) % teams])
        for number in range(shared):
            place = places[number % teams]
            name = f"{_SHARED_NAMES[number % len(_SHARED_NAMES)]} {place.unit.name}"
            address = f"{name.split()[0].lower()}.{place.unit.code.lower()}.{number}@{names.DOMAIN}"
            self._functional(address, name, place=place)
        for number, story in enumerate(shared_stories):
            self._staged(story, places[number % teams])
        self._excluded(places)

    def _managers(self, teams: int, heads: int) -> list[_Place]:
        """Department heads and, under them, the managers of the teams. Gives the teams."""
        departments = []
        for number in range(heads):
            code, name = names.DEPARTMENTS[number]
            key = self._key()
            self._of_the_crowd(_Place(Unit(code, name), ""), key=key, away=False)
            departments.append(_Place(Unit(code, name), key))
        places = []
        for number in range(teams):
            code, name = names.TEAMS[number % len(names.TEAMS)]
            if (round_number := number // len(names.TEAMS)) > 0:
                code, name = f"{code}-{round_number + 1}", f"{name} {round_number + 1}"
            unit = Unit(code, name)
            key = self._key()
            head = departments[number % heads]
            self._of_the_crowd(_Place(unit, head.manager_key), key=key, away=False)
            places.append(_Place(unit, key))
        return places

    def _staged(self, story: Story, place: _Place) -> None:
        shared = story.recipient_type in ("shared", "remote_shared")
        address = names.mail_address(story.name)
        ordinary = story.size - story.deep - story.private
        mailbox = self._mailbox(f"story/{story.id}", story.name, address, ordinary)
        furnish(mailbox, story, Random(f"{self._seed}/{story.id}/rooms"))
        ends = story.leaves_on
        resident = self._resident(mailbox, place, Contract(date(2018, 3, 1), ends))
        resident = replace(
            resident,
            language=story.language,
            enabled=story.enabled,
            recipient_type=story.recipient_type,
            hold=story.hold,
            workdays=story.roster.with_times() if story.roster else "",
            leave=story.leave,
        )
        if shared:
            resident = replace(resident, person_key="", contracts=(), manager_key="", workdays="")
        self._town.add(resident, mailbox, story.expected, story)

    def _of_the_crowd(self, place: _Place, *, key: str = "", away: bool = True) -> None:
        name = next(self._names)
        random = Random(f"{self._seed}/{name}")
        size = int(random.triangular(0.2, 4.4, 1.2) * GIB)
        mailbox = self._mailbox(f"crowd/{name}", name, names.mail_address(name), size)
        mailbox.calendar += working_year(random, self._today)
        roster: Week = random.choices([roster for roster, _ in _ROSTERS], [weight for _, weight in _ROSTERS])[
            0
        ]
        mailbox.hours = roster if random.random() < 0.4 else FULL_TIME
        expected: Mapping[str, str] = CROWD
        leave: tuple[ApprovedLeave, ...] = ()
        if away:
            expected, leave = self._plan_absence(mailbox, roster, random)
        writes = [Week.with_times, Week.with_hours]
        if set(roster.days.values()) == set(FULL_TIME.days.values()):
            writes.append(Week.with_days)
        resident = replace(
            self._resident(mailbox, place, Contract(date(random.randint(1995, 2025), 5, 1)), key),
            language="en" if random.random() < 0.04 else "nl",
            workdays=random.choice(writes)(roster),
            leave=leave,
        )
        if random.random() < 0.06:
            resident = replace(resident, contracts=self._several_contracts(random))
        self._town.add(resident, mailbox, expected)

    def _several_contracts(self, random: Random) -> tuple[Contract, ...]:
        """A leaver, or somebody whose temporary contract was followed by another one."""
        first = Contract(date(2024, 2, 1), date(2026, 1, 31), 1)
        if random.random() < 0.5:
            return (first, Contract(date(2026, 2, 1), date.max, 2))
        return (first, Contract(date(2026, 2, 1), self._today + timedelta(days=random.randint(5, 60)), 2))

    def _plan_absence(
        self, mailbox: Mailbox, roster: Week, random: Random
    ) -> tuple[Mapping[str, str], tuple[ApprovedLeave, ...]]:
        """A day or two off, a covered holiday, one that is over, or nothing at all."""
        monday = self._today - timedelta(days=self._today.weekday())
        chance = random.random()
        if chance < 0.20:
            first = monday + timedelta(days=7 * random.randint(1, 3) + random.randint(0, 3))
            mailbox.calendar.append(all_day(f"Vrij {canaries.EVENT}", first, first + timedelta(days=1)))
        elif chance < 0.30 and roster.workdays >= 4:
            first = monday + timedelta(days=7 * random.randint(1, 3))
            last = first + timedelta(days=4)
            mailbox.calendar.append(all_day(f"Vakantie {canaries.EVENT}", first, last))
            start = datetime.combine(first - timedelta(days=2), datetime.min.time(), STAGED_NOW.tzinfo)
            mailbox.reply = scheduled(start, start + timedelta(days=9))
            return COVERED, (ApprovedLeave(first, last, first - timedelta(days=90)),)
        elif chance < 0.36:
            mailbox.calendar.append(
                all_day("Vakantie", monday - timedelta(days=21), monday - timedelta(days=10))
            )
        return CROWD, ()

    def _functional(
        self, address: str, name: str, *, place: _Place | None = None, listed: bool = True
    ) -> None:
        mailbox = self._mailbox(f"functional/{address}", name, address, 900 * MIB)
        mailbox.full_access = True
        resident = None
        if listed:
            unit = place.unit if place else None
            resident = Resident(mailbox.guid, name, address, recipient_type="shared", unit=unit)
        self._town.add(resident, mailbox, FUNCTIONAL)

    def _excluded(self, places: Sequence[_Place]) -> None:
        """People of whom nothing may be touched, with everything that would tempt a rule."""
        number = 0
        for group, size in zip(EXCLUDED_GROUPS, (5, 2, 3), strict=True):
            for _ in range(size):
                name = next(self._names)
                mailbox = self._tempting(f"excluded/{name}", name, names.mail_address(name))
                place = places[number % len(places)]
                number += 1
                if group == "griffie":
                    place = _Place(Unit("GR", "Griffie"), "")
                resident = self._resident(mailbox, place, Contract(date(2017, 9, 1)))
                resident = replace(resident, groups=(group,), workdays=FULL_TIME.with_times())
                self._town.add(resident, mailbox, None)
        for address in EXCLUDED_ADDRESSES:
            name = address.partition("@")[0].capitalize()
            mailbox = self._tempting(f"excluded/{address}", name, address)
            self._town.add(Resident(mailbox.guid, name, address), mailbox, None)
        for name, kind in _RESOURCES:
            address = names.mail_address(name)
            mailbox = self._tempting(f"excluded/{address}", name, address)
            self._town.add(Resident(mailbox.guid, name, address, recipient_type=kind), mailbox, None)

    def _tempting(self, key: str, name: str, address: str) -> Mailbox:
        mailbox = self._mailbox(key, name, address, 6 * GIB)
        tomorrow = self._today + timedelta(days=1)
        mailbox.calendar.append(all_day(canaries.EVENT, tomorrow, tomorrow + timedelta(days=10)))
        return mailbox

    def _mailbox(self, key: str, name: str, address: str, size: int) -> Mailbox:
        guid = ObjectGuid(str(uuid.uuid5(_NAMESPACE, f"{self._seed}/{key}")))
        mailbox = Mailbox(guid, address, name, Folders(guid, "folder"), hours=FULL_TIME)
        plant_tree(mailbox.folders, Random(f"{self._seed}/{key}"), size)
        plant_messages(mailbox, self._town.clock.now())
        return mailbox

    def _resident(self, mailbox: Mailbox, place: _Place, contract: Contract, key: str = "") -> Resident:
        return Resident(
            mailbox.guid,
            mailbox.name,
            mailbox.address,
            person_key=key or self._key(),
            contracts=(contract,),
            manager_key=place.manager_key,
            unit=place.unit,
            groups=(PILOT_GROUP,) if place.unit.code == names.TEAMS[0][0] else (),
        )

    def _key(self) -> str:
        self._staff_number += 1
        return str(self._staff_number)
