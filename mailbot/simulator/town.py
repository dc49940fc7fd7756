"""Gemeente Voorbeeld: a fictional municipality grown from a seed, with its staged people among the crowd."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from types import MappingProxyType

from mailbot.model.clock import SetClock
from mailbot.model.ids import ObjectGuid
from mailbot.simulator import canaries, crowd, files, names
from mailbot.simulator.calendars import all_day
from mailbot.simulator.circles import Circles, look_after, look_after_as_told
from mailbot.simulator.furnishing import furnish, plant_messages, plant_tree, working_year
from mailbot.simulator.mailboxes import Folders, Group, Item, Mailbox, Right, Trouble
from mailbot.simulator.outgoing import CALIBRATION, send, send_samples
from mailbot.simulator.residents import Contract, Resident, Unit
from mailbot.simulator.stories import (
    COMPLIANT,
    GIB,
    MATE_1,
    MATE_2,
    MIB,
    NOT_APPLICABLE,
    RULES,
    SIGNED,
    SIGNED_PLAIN,
    STAGED_NOW,
    Sent,
    Story,
)
from mailbot.simulator.stories_absence import ABSENCE_STORIES
from mailbot.simulator.stories_confidential import CONFIDENTIAL_STORIES, CONTACTS, DOSSIER, LABEL
from mailbot.simulator.stories_delegates import DELEGATES_STORIES
from mailbot.simulator.stories_leaver import LEAVER_STORIES
from mailbot.simulator.stories_quota import QUOTA_STORIES
from mailbot.simulator.stories_reply import REPLY_STORIES, RULE_STORIES
from mailbot.simulator.stories_signature import SIGNATURE_STORIES
from mailbot.simulator.weeks import FULL_TIME

_NAMESPACE = uuid.UUID("6f1d2b1e-0f4e-5b7a-9c55-1f3b0a6d2c11")
SENDER = f"postbushulp@{names.DOMAIN}"
PILOT_GROUP = "postbushulp-pilot"

EXCLUDED_GROUPS = ("ondernemingsraad", "vertrouwenspersonen", "griffie")
EXCLUDED_ADDRESSES = tuple(
    f"{local}@{names.DOMAIN}" for local in ("fg", "klachten", "vertrouwenspersoon", "wmo")
)
EXCLUDED_TYPES = ("room", "equipment", "system")
"""Whoever is excluded in gemeente Voorbeeld: by group, by functional address, by kind of mailbox."""

CROWD = MappingProxyType(
    {
        "quota": COMPLIANT,
        "out_of_office": NOT_APPLICABLE,
        "delegates": COMPLIANT,
        "signature": COMPLIANT,
        "confidential_external": NOT_APPLICABLE,
        "leaver": NOT_APPLICABLE,
    }
)
COVERED = MappingProxyType({**CROWD, "out_of_office": COMPLIANT})
FUNCTIONAL = MappingProxyType(dict.fromkeys(RULES, NOT_APPLICABLE))
"""What unstaged mailboxes must lead to: nobody of the crowd is over a limit, away without a reply, without
colleagues or signature, or a sender of labelled mail to the outside."""

STORIES = (
    *QUOTA_STORIES,
    *ABSENCE_STORIES,
    *REPLY_STORIES,
    *RULE_STORIES,
    *DELEGATES_STORIES,
    *SIGNATURE_STORIES,
    *CONFIDENTIAL_STORIES,
    *LEAVER_STORIES,
)

_SHARED_NAMES = ("Postbus", "Balie", "Team", "Meldingen", "Loket")
_RESOURCES = (
    ("Vergaderzaal De Linde", "room"),
    ("Vergaderzaal De Eik", "room"),
    ("Dienstauto 1", "equipment"),
    ("Journaal", "system"),
)
_TEAM_SIZE = 10
_CALIBRATION = f"{CALIBRATION}@{names.DOMAIN}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody works."""

    unit: Unit
    manager_key: str


class Town:
    """People, their mailboxes and the clock. `mailboxes` maps addresses to mailboxes, staff or not.

    `outside` collects what was sent to addresses that have no mailbox here. `groups` are distribution
    groups by address, `contacts` maps addresses in the town's own address list to those outside behind them.
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
        """Write the people file, the nightly export and the accepted domains into an existing folder."""
        (folder / files.PEOPLE_FILE).write_text(self.people_csv(), encoding="utf-8")
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


class _Builder:
    def __init__(self, town: Town, seed: int, population: int, stories: Sequence[Story]) -> None:
        self._town = town
        self._seed = seed
        self._stories = stories
        self._population = population
        self._random = Random(seed)
        self._today = town.clock.now().astimezone(STAGED_NOW.tzinfo).date()
        self._staff_number = 100_200
        self._circles = Circles(self._today)
        self._looked_at: set[str] = set()
        taken = {names.mail_address(story.name) for story in stories}
        taken |= {self._town.sender, _CALIBRATION, *EXCLUDED_ADDRESSES}
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
        send_samples(self._functional(_CALIBRATION, "Calibratie", listed=False), self._town.clock.now())
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
        self._town.contacts.update(CONTACTS)
        for resident in self._town.residents:
            if resident.address in self._looked_at:
                self._circles.add(resident)
        for resident in self._town.residents:
            if resident.address in self._looked_at and resident.person_key:
                self._acquaint(resident)

    def _acquaint(self, resident: Resident) -> None:
        """What somebody shares with colleagues: rights on the inbox, a signature, mail to each other."""
        mailbox, story = self._town.mailboxes[resident.address], self._town.story(resident.guid)
        resolve = partial(self._circles.resolve, resident=resident)
        groups: tuple[Group, ...]
        if story is not None:
            groups = look_after_as_told(mailbox, resident, story, self._circles)
            send(mailbox, story.sent, resolve)
        else:
            random = Random(f"{self._seed}/{resident.address}/colleagues")
            groups = look_after(mailbox, resident, self._circles, random)
            mailbox.owa = SIGNED_PLAIN if random.random() < 0.2 else SIGNED
            if random.random() < 0.3:
                sent = self._town.clock.now() - timedelta(days=4)
                send(mailbox, (Sent(LABEL, (MATE_1, MATE_2), at=sent, attachments=(DOSSIER,)),), resolve)
        self._town.groups.update({group.address: group for group in groups})

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
        resident = self._resident(mailbox, place, Contract(date(2018, 3, 1), story.leaves_on))
        resident = replace(
            resident,
            contracts=story.contracts or resident.contracts,
            language=story.language,
            enabled=story.enabled,
            recipient_type=story.recipient_type,
            hold=story.hold,
            workdays=story.roster.with_times() if story.roster else "",
            leave=story.leave,
        )
        if shared:
            resident = replace(resident, person_key="", contracts=(), manager_key="", workdays="")
        self._looked_at.add(address)
        self._town.add(resident, mailbox, story.expected, story)

    def _of_the_crowd(self, place: _Place, *, key: str = "", away: bool = True) -> None:
        name = next(self._names)
        random = Random(f"{self._seed}/{name}")
        size = int(random.triangular(0.2, 4.4, 1.2) * GIB)
        mailbox = self._mailbox(f"crowd/{name}", name, names.mail_address(name), size)
        mailbox.calendar += working_year(random, self._today)
        roster = crowd.roster(random)
        mailbox.hours = roster if random.random() < 0.4 else FULL_TIME
        covered, leave = crowd.plan_absence(mailbox, roster, random, self._today) if away else (False, ())
        resident = replace(
            self._resident(mailbox, place, Contract(date(random.randint(1995, 2025), 5, 1)), key),
            language="en" if random.random() < 0.04 else "nl",
            workdays=crowd.written(roster, random),
            leave=leave,
        )
        if random.random() < 0.06:
            resident = replace(resident, contracts=crowd.several_contracts(random, self._today))
        self._looked_at.add(resident.address)
        self._town.add(resident, mailbox, COVERED if covered else CROWD)

    def _functional(
        self, address: str, name: str, *, place: _Place | None = None, listed: bool = True
    ) -> Mailbox:
        mailbox = self._mailbox(f"functional/{address}", name, address, 900 * MIB)
        mailbox.full_access = True
        resident = None
        if listed:
            unit = place.unit if place else None
            resident = Resident(mailbox.guid, name, address, recipient_type="shared", unit=unit)
        self._town.add(resident, mailbox, FUNCTIONAL)
        return mailbox

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
                left = date(2026, 10, 31) if group == "vertrouwenspersonen" else None
                resident = self._resident(mailbox, place, Contract(date(2017, 9, 1), left))
                if group == "ondernemingsraad":
                    self._circles.council = resident.address
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
        mailbox.rights[mailbox.folders.by_name["inbox"].id] = [Right("Default")]
        mailbox.forwards_to = canaries.CORRESPONDENT
        sent = self._town.clock.now() - timedelta(days=4)
        send(mailbox, (Sent(LABEL, (canaries.CORRESPONDENT,), at=sent, attachments=(DOSSIER,)),), tuple)
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
