"""A small Voorbeeld in which people live: they begin, let things slip, mend them, ignore us, object, leave.

Chance decides, from a seed. What came to whom is taken from the mailboxes of the simulator, and whose mailbox
was opened from its access log. Mailbot's own store is asked nothing.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random

from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.house import House
from mailbot.jobs.restriction import pause, resume
from mailbot.jobs.retain import retain
from mailbot.jobs.rights import exclude
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterKind
from mailbot.model.slots import Job, Slot
from mailbot.simulator.calendars import all_day
from mailbot.simulator.furnishing import plant_tree
from mailbot.simulator.mailboxes import Folders, Mailbox, Reply, Right
from mailbot.simulator.names import mail_address
from mailbot.simulator.residents import ApprovedLeave, Contract, Resident
from mailbot.simulator.stories import GIB, SIGNED, scheduled
from mailbot.simulator.weeks import FULL_TIME
from tests.acceptance.arrived import headings, what_it_is
from tests.acceptance.municipality import AMSTERDAM, MONDAY, Municipality, municipality

TOPICS = ("quota", "delegates", "signature")


class Temper(StrEnum):
    """What somebody does with a letter."""

    MENDS = "mends"  # within some days
    RELAPSES = "relapses"  # mends, and lets it slip again soon
    IGNORES = "ignores"
    OBJECTS = "objects"  # is left alone until that is decided: for good, or ignores us from then on
    LEAVES = "leaves"  # gets a last day of service some weeks after the first letter


NEWCOMERS = (
    ("Nieuw van Begin", date(2027, 1, 11), "ma,di,wo,do,vr", Temper.IGNORES),
    ("Tweede Starter", date(2027, 2, 3), "ma,di,do", Temper.MENDS),
    ("Derde Verse", date(2027, 3, 1), "ma,di,wo,do,vr", Temper.RELAPSES),
)
"""Name, first day, working days and temper of who begins in week 8, 11 and 15, with something to mend on all
topics. Their accounts are made `AHEAD` of it."""

AHEAD = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Received:
    """One letter in somebody's inbox. `slipped` is what its reader had to mend when it came."""

    at: datetime
    topic: str
    kind: LetterKind
    slipped: frozenset[str] = frozenset()

    @property
    def day(self) -> date:
        return self.at.astimezone(AMSTERDAM).date()


@dataclass
class Objection:
    """`upheld` leaves somebody out for good from the moment on at which it is decided: `ended`."""

    made: datetime
    upheld: bool
    due: date
    ended: datetime | None = None

    def leaves_out(self, moment: datetime) -> bool:
        """Whether somebody is in no count at that moment."""
        return self.made <= moment and (self.upheld or self.ended is None or moment < self.ended)


@dataclass
class Someone:
    """One resident, and how they are. `begins` is the first day of who joined, `leaving` the day on which the
    last day was known. `deeds` are what slipped (True) and was mended (False), and when."""

    address: str
    temper: Temper
    begins: date | None = None
    leaving: date | None = None
    objection: Objection | None = None
    to_mend: dict[str, date] = field(default_factory=dict)
    saved: dict[str, object] = field(default_factory=dict)
    deeds: list[tuple[date, str, bool]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    @property
    def slipped(self) -> frozenset[str]:
        return frozenset(self.saved)

    def slipped_on(self, topic: str, day: date) -> bool:
        """In the morning, before anybody looked."""
        return next(
            (slip for when, what, slip in reversed(self.deeds) if what == topic and when <= day), False
        )

    def left_out(self, moment: datetime) -> bool:
        return self.objection is not None and self.objection.leaves_out(moment)


@dataclass(frozen=True, slots=True)
class Swept:
    """One sweep: how many people it says it covered, and judged by each rule; whose mailboxes the server was
    asked about. `there` are all whom the municipality has that day, apart from those it excludes itself."""

    at: datetime
    population: int
    judged: Mapping[str, int]
    there: frozenset[str]
    opened: frozenset[str]


class LivingTown:
    """Weeks of a municipality, one office day after the other."""

    def __init__(self, here: Municipality, seed: int) -> None:
        self.here = here
        self.random = Random(seed)
        self.excluded = frozenset(here.town.excluded())
        staff = [r for r in here.town.residents if self._ordinary(r)]
        leading = {r.manager_key for r in here.town.residents}
        self.people = {
            resident.guid: Someone(
                resident.address,
                self._temper(resident, leading),
                leaving=date.min if resident.contracts[-1].ends else None,
            )
            for resident in staff
        }
        self._team = next(r for r in staff if r.person_key not in leading)
        self.swept: list[Swept] = []
        self._headings = headings(here.settings / "letters")
        self._seen: dict[str, int] = defaultdict(int)
        self._objections = 0

    def _ordinary(self, resident: Resident) -> bool:
        return bool(resident.person_key) and resident.address not in self.excluded

    def _temper(self, resident: Resident, leading: set[str]) -> Temper:
        tempers = list(Temper)
        if resident.person_key in leading:  # a manager who leaves takes the team's digests along
            tempers.remove(Temper.LEAVES)
        return self.random.choice(tempers)

    def live(self, weeks: int) -> None:
        """Every day at its hours: people, forgetting, sweep, digests, letters. One house, like a service."""
        with self.here.opened() as house:
            for day in range(7 * weeks):
                local = MONDAY.astimezone(AMSTERDAM) + timedelta(days=day)
                if local.weekday() < 5:
                    self._day(house, local.date(), first=day == 0)

    def _day(self, house: House, today: date, first: bool) -> None:
        here = self.here
        here.goes_to(_at(today, time(5, 45)))
        if not first:
            self._people_do(house, today)
            self._newcomers(today)
            here.publishes()
        here.goes_to(_at(today, time(6)))
        retain(house, here.slot(Job.RETAIN))
        self._sweep(house, today)
        for clock in (time(8, 30), time(10, 5)):
            here.goes_to(_at(today, clock))
            if clock == time(8, 30) and today.weekday() == 0:
                digest(house, Slot(Job.DIGEST, today, "08:30"))
            deliver(house)
            self._receive(house)

    def _sweep(self, house: House, today: date) -> None:
        here = self.here
        here.server.log.clear()
        report = sweep(house, Slot(Job.SWEEP, today, "06:00"))
        assert report is not None
        self.swept.append(
            Swept(
                here.clock.now(),
                report.figures.coverage.population,
                {rule: sum(by.values()) for rule, by in report.figures.verdicts.items()},
                frozenset(r.address for r in here.town.residents) - self.excluded,
                frozenset(address for line in here.server.access_log() for address in line.mailboxes),
            )
        )

    def _receive(self, house: House) -> None:
        """What came in since: twice the same letter would be two entries."""
        for someone in self.people.values():
            mails = self.here.server.inbox_of(someone.address)
            before, self._seen[someone.address] = self._seen[someone.address], len(mails)
            for mail in mails[before:]:
                if mail.sender == self.here.town.sender:
                    letter = Received(mail.when, *what_it_is(mail, self._headings), someone.slipped)
                    someone.received.append(letter)
                    self._react(house, someone, letter)

    # what people do

    def _react(self, house: House, someone: Someone, letter: Received) -> None:
        if letter.kind not in (LetterKind.NUDGE, LetterKind.REMINDER):
            return
        match someone.temper:
            case Temper.MENDS | Temper.RELAPSES:
                someone.to_mend[letter.topic] = letter.day + timedelta(days=self.random.randint(1, 9))
            case Temper.OBJECTS if someone.objection is None:
                due = letter.day + timedelta(days=self.random.randint(10, 40))
                someone.objection = Objection(letter.at, self._objections % 2 == 1, due)
                self._objections += 1
                pause(house, Address(someone.address), "test")
            case Temper.LEAVES if someone.leaving is None:
                last = letter.day + timedelta(days=self.random.randint(20, 60))
                someone.leaving = letter.day + timedelta(days=1)
                self._change(someone, lambda r: _until(r, last))

    def _people_do(self, house: House, today: date) -> None:
        for someone in self.people.values():
            mailbox = self.here.town.mailboxes[someone.address]
            self._decide(house, someone, today)
            for topic, day in list(someone.to_mend.items()):
                if day <= today:
                    del someone.to_mend[topic]
                    self._mend(someone, mailbox, topic, today)
            often = 0.02 if someone.temper is Temper.RELAPSES else 0.006
            for topic in TOPICS:
                if topic not in someone.slipped and self.random.random() < often:
                    self._slip(someone, mailbox, topic, today)
            if self.random.random() < 0.008:
                self._plan_leave(someone, mailbox, today)

    def _decide(self, house: House, someone: Someone, today: date) -> None:
        """On the objection that is due, if there is one."""
        objection = someone.objection
        if objection is not None and objection.ended is None and objection.due <= today:
            objection.ended = self.here.clock.now()
            (exclude if objection.upheld else resume)(house, Address(someone.address), "test")

    def _newcomers(self, today: date) -> None:
        """They get a mailbox and an account; nobody told them yet what is agreed here."""
        for number, (name, begins, days, temper) in enumerate(NEWCOMERS, start=1):
            guid = ObjectGuid(str(uuid.UUID(int=number)))
            if guid in self.people or today < begins - AHEAD:
                continue
            mailbox = Mailbox(guid, mail_address(name), name, Folders(guid, "folder"), hours=FULL_TIME)
            plant_tree(mailbox.folders, Random(number), GIB)
            mailbox.owa = SIGNED
            colleagues = [r.address for r in self.here.town.residents if self._ordinary(r)][:2]
            mailbox.rights[mailbox.folders.by_name["inbox"].id] = [Right(mate) for mate in colleagues]
            resident = replace(
                self._team,
                guid=guid,
                name=name,
                address=mailbox.address,
                person_key=f"90000{number}",
                contracts=(Contract(begins),),
                workdays=days,
                leave=(),
            )
            self.here.town.add(resident, mailbox, {})
            self.people[guid] = someone = Someone(mailbox.address, temper, begins)
            for topic in TOPICS:
                self._slip(someone, mailbox, topic, today)

    def _slip(self, someone: Someone, mailbox: Mailbox, topic: str, today: date) -> None:
        inbox = mailbox.folders.by_name["inbox"]
        someone.deeds.append((today, topic, True))
        match topic:
            case "quota":
                someone.saved[topic] = inbox.size
                inbox.size = (inbox.size or 0) + 6 * GIB
            case "delegates":
                someone.saved[topic] = mailbox.rights.get(inbox.id, [])
                mailbox.rights[inbox.id] = []
            case "signature":
                someone.saved[topic] = mailbox.owa
                mailbox.owa = None

    def _mend(self, someone: Someone, mailbox: Mailbox, topic: str, today: date) -> None:
        inbox = mailbox.folders.by_name["inbox"]
        if topic == "out_of_office":
            coming = [e for e in mailbox.calendar if e.subject == "Verlof"]
            if coming:
                start = datetime.combine(coming[-1].start.date() - timedelta(days=1), time(12), AMSTERDAM)
                mailbox.reply = scheduled(start, start + timedelta(days=40))
        elif topic in someone.saved:
            before = someone.saved.pop(topic)
            someone.deeds.append((today, topic, False))
            match topic:
                case "quota":
                    inbox.size = before  # type: ignore[assignment]
                case "delegates":
                    mailbox.rights[inbox.id] = before  # type: ignore[assignment]
                case "signature":
                    mailbox.owa = before  # type: ignore[assignment]

    def _plan_leave(self, someone: Someone, mailbox: Mailbox, today: date) -> None:
        first = today + timedelta(days=7 * self.random.randint(1, 3) - today.weekday())
        last = first + timedelta(days=self.random.choice((4, 11, 18)))
        mailbox.calendar.append(all_day("Verlof", first, last))
        mailbox.reply = Reply()
        self._change(
            someone,
            lambda r: replace(r, leave=(*r.leave, ApprovedLeave(first, last, today - timedelta(days=1)))),
        )

    def _change(self, someone: Someone, change: Callable[[Resident], Resident]) -> None:
        residents = self.here.town.residents
        for number, resident in enumerate(residents):
            if resident.address == someone.address:
                residents[number] = change(resident)

    def resident(self, someone: Someone) -> Resident:
        return next(r for r in self.here.town.residents if r.address == someone.address)


def _until(resident: Resident, last: date) -> Resident:
    newest = resident.contracts[-1]
    return replace(
        resident, contracts=(*resident.contracts[:-1], Contract(newest.starts, last, newest.number))
    )


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, AMSTERDAM)


@contextmanager
def living_town(folder: Path, mailboxes: int, seed: int) -> Iterator[LivingTown]:
    with municipality(folder, mailboxes=mailboxes, stories=()) as here:
        yield LivingTown(here, seed)


def by_topic(received: list[Received]) -> dict[str, list[Received]]:
    found: dict[str, list[Received]] = defaultdict(list)
    for letter in received:
        found[letter.topic].append(letter)
    return found
