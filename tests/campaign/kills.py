"""Kills: sweep, digest and deliveries of a thousand mailboxes in processes that are killed at any moment.

Fixed points are the business of the acceptance tests; here the moments are drawn. Each job is started again
until it ends by itself. Then every verdict equals that of an undisturbed run, and every letter of that run
has arrived exactly once.
"""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from mailbot.model.ids import ObjectGuid, SlotId
from mailbot.model.letters import LetterState
from mailbot.model.slots import Job, Slot
from tests.acceptance.desk import SMALL_CAST
from tests.acceptance.municipality import MONDAY, Municipality, municipality
from tests.campaign.ledger import Ledger

REPO = Path(__file__).parents[2]
SENDER = "postbushulp@voorbeeld.example"
JOBS = (("sweep", 6, 0), ("digest", 8, 30), ("deliver", 8, 31), ("deliver", 10, 5))
LEASE = timedelta(minutes=5)
"""How long the turn of a dead process is held; whoever comes next waits that long on the clock. A delivery is
taken up at once by a process of the same name: its lease would eat up the hours of letters."""

START = 0.8
"""Seconds that a process may need before it does anything at all: many die in them. The next ones may live a
little longer, so that every job comes to an end."""

MOST_TRIES = 200
HEADS = ("job", "alone (s)", "kills", "longest life (s)", "processes")


class Fork:
    """The process that forks, kills and reports."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.victim"],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, settings: Path, job: str, now: datetime, after: float | None) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = {"settings": str(settings), "job": job, "now": now.isoformat(), "after": after}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def forking() -> Iterator[Fork]:
    fork = Fork()
    try:
        yield fork
    finally:
        fork.close()


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
        if any(mail.sender == SENDER for mail in mails)
    }


def message_ids(here: Municipality) -> Counter[str]:
    return Counter(
        mail.message_id
        for mails in here.server.delivered().values()
        for mail in mails
        if mail.sender == SENDER
    )


def moment(hour: int, minute: int) -> datetime:
    return MONDAY.replace(hour=hour, minute=minute)


def kills(seed: int, folder: Path, short: bool) -> Ledger:
    """One round under `seed`; the jobs of a Monday."""
    mailboxes, cast = (80, SMALL_CAST) if short else (1000, None)
    random = Random(seed)
    ledger = Ledger(
        f"kills, seed {seed}: a Monday of {mailboxes} mailboxes",
        f"make campaign ARGS='kills --seed {seed} --rounds 1{' --short' if short else ''}'",
        HEADS,
    )
    alone: list[float] = []
    with forking() as fork:
        with municipality(folder / "whole", mailboxes, stories=cast) as here:
            for job, hour, minute in JOBS:
                here.town.clock.set(moment(hour, minute))
                ended = fork.run(here.settings, job, moment(hour, minute), None)
                ledger.check((ended["signal"], ended["code"]) == (0, 0), f"{job} fails when left alone")
                alone.append(ended["seconds"])
            expected, state, letters = outcomes(here), kept(here), arrived(here)
        ledger.check(len(expected) >= mailboxes, "the undisturbed run judged nobody")
        ledger.check(sum(n.total() for n in letters.values()) >= 5, "the undisturbed run sent no letters")
        with municipality(folder / "killed", mailboxes, stories=cast) as here:
            now = MONDAY
            for (job, hour, minute), seconds in zip(JOBS, alone, strict=True):
                now = max(now, moment(hour, minute))
                now = _survive(fork, here, ledger, random, job, now, seconds)
            _compare(ledger, here, expected, state, letters)
    return ledger


def _survive(
    fork: Fork, here: Municipality, ledger: Ledger, random: Random, job: str, now: datetime, alone: float
) -> datetime:
    """Start a job again and again until it ends by itself; each process lives a drawn time. Gives the time
    at which it ended."""
    kills, longest = 0, 0.0
    for tries in range(1, MOST_TRIES + 1):
        here.town.clock.set(now)
        after = random.uniform(0, START + alone / 4) + 0.06 * kills
        ended = fork.run(here.settings, job, now, after)
        longest = max(longest, ended["seconds"])
        if ended["signal"] == signal.SIGKILL:
            kills += 1
            now += timedelta(seconds=1) + (timedelta() if job == "deliver" else LEASE)
            continue
        ledger.check(ended["code"] == 0, f"{job} failed after {kills} kills")
        ledger.row(job, f"{alone:.1f}", kills, f"{longest:.1f}", tries)
        return now
    ledger.check(False, f"{job} did not end within {MOST_TRIES} processes")
    return now


def _compare(
    ledger: Ledger,
    here: Municipality,
    expected: dict[tuple[ObjectGuid, str], tuple[str, str]],
    state: dict[str, Any],
    letters: dict[str, Counter[str]],
) -> None:
    found = outcomes(here)
    wrong = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
    for guid, rule in sorted(wrong):
        ledger.check(
            False, f"{rule} is {found.get((guid, rule))}, undisturbed it is {expected.get((guid, rule))}"
        )
    after = kept(here)
    doubtful = sum(n for (_, letter), n in after["letters"].items() if letter is LetterState.IN_DOUBT)
    ledger.check(doubtful == 0, f"{doubtful} letters in doubt")
    ledger.check(after == state, f"the store says {after}, undisturbed {state}")
    twice = [message for message, n in message_ids(here).items() if n != 1]
    ledger.check(not twice, f"{len(twice)} letters came more than once")
    for address in letters.keys() | (came := arrived(here)).keys():
        ledger.check(letters.get(address) == came.get(address), f"other letters to {address}")
    ledger.note(f"{len(expected)} verdicts, {message_ids(here).total()} letters")
