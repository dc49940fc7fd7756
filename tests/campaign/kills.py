"""Kills: sweep, digest and deliveries of a thousand mailboxes in processes that are killed at any moment.

All points in turn are the business of the acceptance tests; here the moments are drawn: by the clock, or
among the points. Each job is started again until it ends by itself. Then every verdict equals that of an
undisturbed run. Over EWS every letter of that run has arrived exactly once; over SMTP, through a real
Postfix, none has arrived twice, and those that did not arrive are those that the administrator hears of, one
problem each.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from mailbot.model.ids import ObjectGuid, SlotId
from mailbot.model.letters import LetterState
from mailbot.model.slots import Job, Slot
from tests.acceptance.by_smtp import posts_through
from tests.acceptance.desk import SENDER, SMALL_CAST
from tests.acceptance.killing import Driver, driving
from tests.acceptance.municipality import MONDAY, Municipality, municipality
from tests.campaign.ledger import Ledger
from tests.contract.mail_server import absent, mail_server, required

JOBS = (("sweep", 6, 0), ("digest", 8, 30), ("deliver", 8, 31), ("deliver", 10, 5))
LEASE = timedelta(minutes=5)
"""How long the turn of a dead process is held; whoever comes next waits that long on the clock. A delivery is
taken up at once by a process of the same name: its lease would eat up the hours of letters."""

START = 0.4
"""Seconds that a process may need before it does anything at all: some die in them. None lives much longer
than a quarter of the job takes; the next ones a little longer, so that every job comes to an end."""

MOST_TRIES = 200
LATE = 1000
"""How often copies of letters are put off while a process lives of which they are to come late."""

LONG = 600
"""Seconds for which the mail server keeps them."""

HEADS = ("job", "alone (s)", "kills", "longest life (s)", "processes")


@dataclass(frozen=True, slots=True)
class Office:
    """A municipality, how to wait until its mail has come where it goes, and how to make copies of letters
    come late; None where a letter needs none, and so is never in doubt."""

    here: Municipality
    settled: Callable[[], None]
    delay: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Alone:
    """How a job ended that nobody disturbed."""

    job: str
    begins: datetime
    seconds: float
    points: tuple[str, ...]

    def draw(self, random: Random) -> int:
        """A point in the first quarter, each kind as likely: most of them are commits."""
        early = self.points[: len(self.points) // 4 + 4]
        kind = random.choice(sorted(set(early)))
        return random.choice([number for number, name in enumerate(early, start=1) if name == kind])


Opening = Callable[[Path, int, Sequence[str] | None], AbstractContextManager[Office]]


@contextmanager
def over_ews(folder: Path, mailboxes: int, cast: Sequence[str] | None) -> Iterator[Office]:
    """What is sent has arrived."""
    with municipality(folder, mailboxes, stories=cast) as here:
        yield Office(here, lambda: None)


@contextmanager
def over_smtp(folder: Path, mailboxes: int, cast: Sequence[str] | None) -> Iterator[Office]:
    with (
        municipality(folder, mailboxes, stories=cast) as here,
        mail_server(here.server, gives_up=LONG) as server,
    ):
        posts_through(here, server)
        yield Office(here, server.settled, lambda times: server.door.defer(SENDER, times))


def outcomes(here: Municipality) -> dict[tuple[ObjectGuid, str], tuple[str, str]]:
    """Every verdict of the day's sweep, with its reason."""
    slot: SlotId = Slot(Job.SWEEP, MONDAY.date(), "06:00").id
    with here.opened() as house:
        keyed = {guid: house.store.person_key(guid) for guid in house.directory.people().by_guid}
        with house.store.begin() as work:
            return {
                (guid, judged.rule): (judged.verdict.outcome, str(judged.verdict.reason))
                for guid, key in keyed.items()
                for judged in work.judgements_of(slot, key)
            }


def kept(here: Municipality) -> dict[str, Any]:
    """What the store says of findings, letters and people read, in counts."""
    slot = Slot(Job.SWEEP, MONDAY.date(), "06:00").id
    with here.opened() as house, house.store.begin() as work:
        return {
            "findings": dict(work.finding_counts()),
            "letters": dict(work.letter_counts()),
            "read": work.read_count(slot),
            "untidy": len(work.untidy(10)),
        }


def arrived(here: Municipality) -> dict[str, Counter[str]]:
    """Our letters by address; Message-IDs differ from town to town, subjects do not."""
    return {
        address: Counter(mail.subject for mail in mails if mail.sender == SENDER)
        for address, mails in here.server.delivered().items()
        if address != SENDER and any(mail.sender == SENDER for mail in mails)
    }


def message_ids(here: Municipality) -> Counter[str]:
    return Counter(
        mail.message_id
        for address, mails in here.server.delivered().items()
        for mail in mails
        if address != SENDER and mail.sender == SENDER
    )


def moment(hour: int, minute: int) -> datetime:
    return MONDAY.replace(hour=hour, minute=minute)


def kills(seed: int, folder: Path, short: bool) -> Ledger:
    """One round under `seed` over EWS; the jobs of a Monday."""
    mailboxes = 80 if short else 1000
    ledger = _ledger("kills", f"a Monday of {mailboxes} mailboxes", seed, short)
    with driving() as driver:
        _round(driver, ledger, Random(seed), folder, mailboxes, short, over_ews)
    return ledger


def kills_smtp(seed: int, folder: Path, short: bool) -> Ledger:
    """One round under `seed` over SMTP. Without a mail server nothing is done, which is wrong where it is
    required."""
    mailboxes = 60 if short else 400
    ledger = _ledger("kills-smtp", f"a Monday of {mailboxes} mailboxes, by SMTP", seed, short)
    if reason := absent():
        ledger.skipped = f"there is no Postfix: {reason}"
        ledger.check(not required(), f"postfix is required: {reason}")
        return ledger
    with driving() as driver:
        _round(driver, ledger, Random(seed), folder, mailboxes, short, over_smtp)
    return ledger


def _ledger(name: str, what: str, seed: int, short: bool) -> Ledger:
    again = f"make campaign ARGS='{name} --seed {seed} --rounds 1{' --short' if short else ''}'"
    return Ledger(f"{name}, seed {seed}: {what}", again, HEADS)


def _round(
    driver: Driver,
    ledger: Ledger,
    random: Random,
    folder: Path,
    mailboxes: int,
    short: bool,
    opening: Opening,
) -> None:
    cast = SMALL_CAST if short else None
    alone: list[Alone] = []
    with opening(folder / "whole", mailboxes, cast) as office:
        here = office.here
        for job, hour, minute in JOBS:
            begins = moment(hour, minute)
            here.town.clock.set(begins)
            ended = driver.run(here.settings, None, job, now=begins)
            ledger.check((ended["signal"], ended["code"]) == (0, 0), f"{job} fails alone: {ended['error']}")
            alone.append(Alone(job, begins, ended["seconds"], tuple(ended["points"])))
        _settle(driver, office, ledger, begins)
        expected, state, letters = outcomes(here), kept(here), arrived(here)
    ledger.check(len(expected) >= mailboxes, "the undisturbed run judged nobody")
    ledger.check(sum(n.total() for n in letters.values()) >= 5, "the undisturbed run sent no letters")
    with opening(folder / "killed", mailboxes, cast) as office:
        now, points = MONDAY, Counter[str]()
        for one in alone:
            now = _survive(driver, office, ledger, random, one, max(now, one.begins), points)
        _settle(driver, office, ledger, now)
        _compare(ledger, office, expected, state, letters)
    struck = ", ".join(f"{point} {n}" for point, n in sorted(points.items()))
    ledger.note(f"killed after passing: {struck}")


def _survive(
    driver: Driver,
    office: Office,
    ledger: Ledger,
    random: Random,
    alone: Alone,
    now: datetime,
    points: Counter[str],
) -> datetime:
    """Start a job again and again until it ends by itself; each process lives for a drawn time, or up to a
    drawn point. Gives the time at which it ended; `points` counts those that killed processes passed last."""
    kills, longest, job = 0, 0.0, alone.job
    for tries in range(1, MOST_TRIES + 1):
        office.here.town.clock.set(now)
        if office.delay is not None:
            office.delay(random.choice((0, LATE)))
        after = random.uniform(0, START + alone.seconds / 4) + 0.06 * kills
        how: dict[str, Any] = random.choice(({"after": after}, {"kill_at": alone.draw(random)}))
        ended = driver.run(office.here.settings, job=job, now=now, **how)
        longest = max(longest, ended["seconds"])
        if ended["signal"] == signal.SIGKILL:
            kills += 1
            points[ended["points"][-1] if ended["points"] else "nothing"] += 1
            now += timedelta(seconds=1) + (timedelta() if job == "deliver" else LEASE)
            continue
        ledger.check(ended["code"] == 0, f"{job} failed after {kills} kills: {ended['error']}")
        ledger.row(job, f"{alone.seconds:.1f}", kills, f"{longest:.1f}", tries)
        return now
    ledger.check(False, f"{job} did not end within {MOST_TRIES} processes")
    return now


def _settle(driver: Driver, office: Office, ledger: Ledger, now: datetime) -> None:
    """A copy can stand in a queue when it is looked for; the next delivery finds it."""
    if office.delay is not None:
        office.delay(0)
    office.settled()
    now += timedelta(minutes=15)
    office.here.town.clock.set(now)
    ended = driver.run(office.here.settings, None, "deliver", now=now)
    ledger.check((ended["signal"], ended["code"]) == (0, 0), f"the next delivery fails: {ended['error']}")


def _compare(
    ledger: Ledger,
    office: Office,
    expected: dict[tuple[ObjectGuid, str], tuple[str, str]],
    state: dict[str, Any],
    letters: dict[str, Counter[str]],
) -> None:
    here = office.here
    found = outcomes(here)
    wrong = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
    for guid, rule in sorted(wrong):
        ledger.check(
            False, f"{rule} is {found.get((guid, rule))}, undisturbed it is {expected.get((guid, rule))}"
        )
    twice = [message for message, n in message_ids(here).items() if n != 1]
    ledger.check(not twice, f"{len(twice)} letters came more than once")
    came, lost = arrived(here), _lost(ledger, here)
    ledger.check(office.delay is not None or not lost, f"{lost.total()} letters in doubt")
    for address in letters.keys() | came.keys():
        missing = letters.get(address, Counter()) - came.get(address, Counter())
        ledger.check(missing.total() == lost[address], f"{missing.total()} letters to {address} did not come")
        more = came.get(address, Counter()) - letters.get(address, Counter())
        ledger.check(not more, f"other letters to {address}")
    after = kept(here)
    if not lost:
        ledger.check(after == state, f"the store says {after}, undisturbed {state}")
    ledger.note(f"{len(expected)} verdicts, {message_ids(here).total()} letters, {lost.total()} in doubt")


def _lost(ledger: Ledger, here: Municipality) -> Counter[str]:
    """Letters in doubt, by their readers: each is told, and none has come."""
    came = message_ids(here)
    with here.opened() as house:
        people = house.directory.people().by_guid
        addresses = {house.store.person_key(guid): person.address.value for guid, person in people.items()}
        with house.store.begin() as work:
            all_, problems = work.letters_that(lambda _id: True), work.problems()
        for letter in all_:
            times = came[house.message_id(letter.id)]
            right = {LetterState.SENT: 1, LetterState.IN_DOUBT: 0}.get(letter.state)
            ledger.check(
                right is None or times == right, f"a letter that is {letter.state} came {times} times"
            )
        left_over = house.post().left_over()
    doubtful = Counter(addresses[x.order.person] for x in all_ if x.state is LetterState.IN_DOUBT)
    told = [code for code in problems if code.startswith("letter_in_doubt_")]
    ledger.check(len(told) == doubtful.total(), f"{len(told)} problems tell of {doubtful.total()} in doubt")
    ledger.check(not left_over, f"{left_over} copies are left in the service mailbox")
    return doubtful
