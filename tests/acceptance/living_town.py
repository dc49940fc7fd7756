"""A small Voorbeeld in which people live: they let things slip, mend them, ignore us, object, join and leave.

Chance decides, from a seed. What was delivered to whom is taken from the mailboxes of the simulator; what it
was about from the outbox.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
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
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import Address
from mailbot.model.letters import LetterKind
from mailbot.model.slots import Job, Slot
from mailbot.simulator.calendars import all_day
from mailbot.simulator.mailboxes import Mailbox, Reply
from mailbot.simulator.residents import ApprovedLeave, Contract, Resident
from mailbot.simulator.stories import GIB, scheduled
from tests.acceptance.municipality import AMSTERDAM, MONDAY, Municipality, municipality

TOPICS = ("quota", "delegates", "signature")


class Temper(StrEnum):
    """What somebody does with a letter."""

    MENDS = "mends"  # within some days
    RELAPSES = "relapses"  # mends, and lets it slip again soon
    IGNORES = "ignores"
    OBJECTS = "objects"  # asks to be left alone for some weeks, then goes on ignoring
    LEAVES = "leaves"  # gets a last day of service some weeks after the first letter


@dataclass(frozen=True, slots=True)
class Received:
    """One letter in somebody's inbox."""

    at: datetime
    topic: str
    kind: LetterKind


@dataclass
class Someone:
    """One resident, and how they are."""

    address: str
    temper: Temper
    to_mend: dict[str, date] = field(default_factory=dict)
    saved: dict[str, object] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    paused: list[tuple[date, date]] = field(default_factory=list)

    @property
    def slipped(self) -> set[str]:
        return set(self.saved)


class LivingTown:
    """Weeks of a municipality, one office day after the other."""

    def __init__(self, here: Municipality, seed: int) -> None:
        self.here = here
        self.random = Random(seed)
        staff = [r for r in here.town.residents if self._ordinary(r)]
        leading = {r.manager_key for r in here.town.residents}
        self.people = {
            resident.guid: Someone(resident.address, self._temper(resident, leading)) for resident in staff
        }
        self._seen: set[str] = set()

    def _ordinary(self, resident: Resident) -> bool:
        excluded = set(self.here.town.excluded())
        return bool(resident.person_key) and resident.address not in excluded

    def _temper(self, resident: Resident, leading: set[str]) -> Temper:
        tempers = list(Temper)
        if resident.person_key in leading:  # a manager who leaves takes the team's digests along
            tempers.remove(Temper.LEAVES)
        return self.random.choice(tempers)

    def live(self, weeks: int) -> None:
        """Every day at its hours: people, sweep, digests, letters, forgetting."""
        for day in range(7 * weeks):
            local = MONDAY.astimezone(AMSTERDAM) + timedelta(days=day)
            if local.weekday() < 5:
                self._day(local.date(), first=day == 0)

    def _day(self, today: date, first: bool) -> None:
        here = self.here
        here.goes_to(_at(today, time(5, 45)))
        if not first:
            self._people_do(today)
            here.publishes()
        with here.opened() as house:
            here.goes_to(_at(today, time(6)))
            retain(house, here.slot(Job.RETAIN))
            sweep(house, Slot(Job.SWEEP, today, "06:00"))
            for clock in (time(8, 30), time(10, 5)):
                here.goes_to(_at(today, clock))
                if clock == time(8, 30) and today.weekday() == 0:
                    digest(house, Slot(Job.DIGEST, today, "08:30"))
                deliver(house)
            self._receive(house)

    def _receive(self, house: House) -> None:
        """What came in since, by Message-ID: twice the same letter would be two entries."""
        ours: dict[str, Received] = {}
        with house.store.begin() as work:
            for guid in self.people:
                for letter in work.letters_of(house.store.person_key(guid)):
                    if letter.changed is not None:
                        order = letter.order
                        mail = house.message_id(letter.id)
                        ours[mail] = Received(letter.changed, order.topic, order.kind)
        for address, mails in self.here.server.delivered().items():
            for someone in self.people.values():
                if someone.address != address:
                    continue
                for number, mail in enumerate(mails):
                    key = f"{address}/{number}"
                    if mail.sender == self.here.town.sender and key not in self._seen:
                        self._seen.add(key)
                        known = ours[mail.message_id]
                        someone.received.append(replace(known, at=mail.when))
                        self._react(someone, known, mail.when.astimezone(AMSTERDAM).date())

    # what people do

    def _react(self, someone: Someone, letter: Received, today: date) -> None:
        if letter.kind not in (LetterKind.NUDGE, LetterKind.REMINDER):
            return
        match someone.temper:
            case Temper.MENDS | Temper.RELAPSES:
                someone.to_mend[letter.topic] = today + timedelta(days=self.random.randint(1, 9))
            case Temper.OBJECTS if not someone.paused:
                last = today + timedelta(days=self.random.randint(10, 40))
                someone.paused.append((today, last))
                with self.here.opened() as house:
                    pause(house, Address(someone.address), "test")
            case Temper.LEAVES:
                last = today + timedelta(days=self.random.randint(20, 60))
                self._change(someone, lambda r: r if r.contracts[-1].ends else _until(r, last))

    def _people_do(self, today: date) -> None:
        for someone in self.people.values():
            mailbox = self.here.town.mailboxes[someone.address]
            if any(timedelta(0) <= today - last < timedelta(days=3) for _, last in someone.paused):
                with self.here.opened() as house:
                    resume(house, Address(someone.address), "test")
            for topic, day in list(someone.to_mend.items()):
                if day <= today:
                    del someone.to_mend[topic]
                    self._mend(someone, mailbox, topic)
            often = 0.02 if someone.temper is Temper.RELAPSES else 0.006
            for topic in TOPICS:
                if topic not in someone.slipped and self.random.random() < often:
                    self._slip(someone, mailbox, topic)
            if self.random.random() < 0.008:
                self._plan_leave(someone, mailbox, today)

    def _slip(self, someone: Someone, mailbox: Mailbox, topic: str) -> None:
        inbox = mailbox.folders.by_name["inbox"]
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

    def _mend(self, someone: Someone, mailbox: Mailbox, topic: str) -> None:
        inbox = mailbox.folders.by_name["inbox"]
        if topic == "out_of_office":
            coming = [e for e in mailbox.calendar if e.subject == "Verlof"]
            if coming:
                start = datetime.combine(coming[-1].start.date() - timedelta(days=1), time(12), AMSTERDAM)
                mailbox.reply = scheduled(start, start + timedelta(days=40))
        elif topic in someone.saved:
            before = someone.saved.pop(topic)
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
