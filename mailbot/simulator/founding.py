"""Founding gemeente Voorbeeld: teams and their managers, staged people, the crowd, and who is excluded."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from mailbot.model.ids import ObjectGuid
from mailbot.simulator import canaries, crowd, directory, names
from mailbot.simulator.calendars import all_day
from mailbot.simulator.cast import (
    COVERED,
    CROWD,
    EXCLUDED_ADDRESSES,
    EXCLUDED_GROUPS,
    FUNCTIONAL,
    PILOT_GROUP,
)
from mailbot.simulator.circles import Circles, look_after, look_after_as_told
from mailbot.simulator.furnishing import furnish, plant_messages, plant_tree, working_year
from mailbot.simulator.mailboxes import Folders, Group, Mailbox, Right
from mailbot.simulator.outgoing import CALIBRATION, send, send_samples
from mailbot.simulator.residents import Account, Beside, Contract, Records, Resident, Unit
from mailbot.simulator.stories import (
    GIB,
    MATE_1,
    MATE_2,
    MIB,
    NOBODY,
    SELF,
    SIGNED,
    SIGNED_PLAIN,
    STAGED_NOW,
    Sent,
    Story,
)
from mailbot.simulator.stories_confidential import CONTACTS, DOSSIER, LABEL
from mailbot.simulator.weeks import FULL_TIME

if TYPE_CHECKING:
    from mailbot.simulator.town import Town

_NAMESPACE = uuid.UUID("6f1d2b1e-0f4e-5b7a-9c55-1f3b0a6d2c11")
_SHARED_NAMES = ("Postbus", "Balie", "Team", "Meldingen", "Loket")
_RESOURCES = (
    ("Vergaderzaal De Linde", "room"),
    ("Vergaderzaal De Eik", "room"),
    ("Dienstauto 1", "equipment"),
    ("Journaal", "system"),
)
_TEAM_SIZE = 10
_COMMITTEE = "or-commissie-vgwm"
"""A group within the works council; two of its members belong to the council through it alone."""
_CALIBRATION = f"{CALIBRATION}@{names.DOMAIN}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody works."""

    unit: Unit
    manager_key: str


class Founder:
    def __init__(self, town: "Town", seed: int, population: int, stories: Sequence[Story]) -> None:
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
        shared_stories = [s for s in self._stories if s.recipient_type in ("shared", "remote_shared")]
        leading = [story for story in self._stories if story.leads]
        people = [s for s in self._stories if s not in shared_stories and not s.leads]
        shared = max(0, self._population // 25 - len(shared_stories))
        staff = self._population - shared - len(shared_stories)
        teams = max(1, round(staff / (_TEAM_SIZE + 1)))
        heads = min(len(names.DEPARTMENTS), max(1, teams // 3))
        if staff < len(people) + teams + heads:
            raise ValueError(f"{self._population} mailboxes are too few for {len(self._stories)} stories")
        self._functional(self._town.sender, "Postbushulp", listed=False)
        send_samples(self._functional(_CALIBRATION, "Calibratie", listed=False), self._town.clock.now())
        places = self._managers(teams, heads, leading)
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
        self._led_as_told()
        self._without_mailbox(places[0])
        self._account("svc-scan", "Scanner balie", mailbox=True)
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

    def _managers(self, teams: int, heads: int, leading: Sequence[Story]) -> list[_Place]:
        """Department heads and, under them, the managers of the teams: those of the stories lead the last
        ones. Gives the teams."""
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
            place = _Place(unit, departments[number % heads].manager_key)
            if number >= teams - len(leading):
                self._staged(leading[number - teams], place, key)
            else:
                self._of_the_crowd(place, key=key, away=False)
            places.append(_Place(unit, key))
        return places

    def _led_as_told(self) -> None:
        """Managers that stories name."""
        people = self._town.residents
        keys = {story.id: resident.person_key for resident, story in self._told()}
        for number, resident in enumerate(people):
            story = self._town.story(resident.guid)
            if story is not None and story.manager:
                words = {NOBODY: "", SELF: resident.person_key, **keys}
                people[number] = replace(resident, manager_key=words[story.manager])

    def _told(self) -> Iterator[tuple[Resident, Story]]:
        for resident in self._town.residents:
            if (story := self._town.story(resident.guid)) is not None:
                yield resident, story

    def _without_mailbox(self, place: _Place) -> None:
        """Staff of the outdoor service. Where other clashes of the sources are staged, personnel has an
        address of one of them that no mailbox carries."""
        clashes = any(story.conflicts for story in self._stories)
        lost = f"aaltje.plantsoen@{names.DOMAIN}" if clashes else ""
        for name, mail in (("Jelmer Buiten", ""), ("Aaltje Plantsoen", lost)):
            guid = self._guid(f"outdoor/{name}")
            worker = Resident(guid, name, "", person_key=self._key(), records=Records(mail=mail))
            contracts = (Contract(date(2012, 4, 1)),)
            worker = replace(worker, contracts=contracts, manager_key=place.manager_key, unit=place.unit)
            self._town.outdoor_staff.append(worker)

    def _account(self, login: str, name: str, number: str = "", *, mailbox: bool) -> None:
        """An account that is no person. What lies in its mailbox would tempt a rule."""
        address = f"{login}@{names.DOMAIN}" if mailbox else ""
        key = f"account/{login}"
        if mailbox:
            self._town.add(None, self._tempting(key, name, address), None)
        guid = self._guid(key)
        self._town.accounts.append(Account(guid, name, login, address, number))

    def _staged(self, story: Story, place: _Place, key: str = "") -> None:
        shared = story.recipient_type in ("shared", "remote_shared")
        address = names.mail_address(story.name)
        ordinary = story.size - story.deep - story.private
        mailbox = self._mailbox(f"story/{story.id}", story.name, address, ordinary)
        furnish(mailbox, story, Random(f"{self._seed}/{story.id}/rooms"))
        key = key or story.key
        resident = self._resident(mailbox, place, Contract(date(2018, 3, 1), story.leaves_on), key)
        resident = replace(
            resident,
            contracts=story.contracts or resident.contracts,
            language=story.language,
            enabled=story.enabled,
            recipient_type=story.recipient_type,
            hold=story.hold,
            workdays=story.roster.with_times() if story.roster else "",
            leave=story.leave,
            groups=(*resident.groups, *story.member_of),
            records=story.records,
        )
        if shared:
            resident = replace(resident, person_key="", contracts=(), manager_key="", workdays="")
        if story.records.beside is not None:
            login = f"adm-{directory.login(address)}"[:20]
            self._account(
                login,
                f"{story.name} (beheer)",
                resident.person_key,
                mailbox=story.records.beside is Beside.WITH_MAILBOX,
            )
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
                if group == "ondernemingsraad" and number <= 2:
                    resident = replace(resident, records=Records(through=_COMMITTEE))
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
        guid = self._guid(key)
        mailbox = Mailbox(guid, address, name, Folders(guid, "folder"), hours=FULL_TIME)
        plant_tree(mailbox.folders, Random(f"{self._seed}/{key}"), size)
        plant_messages(mailbox, self._town.clock.now())
        return mailbox

    def _guid(self, key: str) -> ObjectGuid:
        return ObjectGuid(str(uuid.uuid5(_NAMESPACE, f"{self._seed}/{key}")))

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
