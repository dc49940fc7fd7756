"""A real process, really killed: at every point of a delivery by SMTP through a real mail server.

Whatever the moment, no letter arrives twice, and of every letter that did not provably arrive once the
administrator is told, once.
"""

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mailbot import wiring
from mailbot.model.clock import SetClock
from mailbot.model.letters import LetterState
from tests.acceptance.by_smtp import posts_through
from tests.acceptance.crash_driver import FIVE_PAST_TEN
from tests.acceptance.killing import Driver, driving
from tests.acceptance.municipality import Municipality, municipality
from tests.contract.mail_server import MailServer, mail_server

STORIES = ("plain-over", "portugal")
SENDER = "postbushulp@voorbeeld.example"
SIDES = ("before", "after")
UNKNOWN = {
    *(f"{side} {step}" for side in SIDES for step in ("commit", "MAIL", "RCPT", "DATA", "text")),
    "before final dot",
}
"""Where a process may die so that nobody can tell from outside whether its letter left."""


@dataclass
class Office:
    """A town that was swept, with letters waiting, and the mail server by which they leave."""

    here: Municipality
    server: MailServer
    driver: Driver
    folder: Path

    def morning(self, name: str) -> Path:
        """The settings and the store as they were after the sweep; nothing has arrived anywhere."""
        self.server.fresh()
        mailbox = self.here.town.mailbox(SENDER)
        assert mailbox is not None
        mailbox.items.clear()
        return shutil.copytree(self.here.settings, self.folder / name)

    def delivers(self, settings: Path, kill_at: int | None = None) -> dict[str, Any]:
        """Run the deliveries of the day; when the server has nothing left to hand on, tell how they ended."""
        ended = self.driver.run(settings, kill_at, "deliveries")
        self.server.settled()
        return ended

    def arrived(self) -> Counter[str]:
        """Letters by reader: how often the server handed one to somebody else than ourselves."""
        mails = (mail for mail in self.server.door.passed)
        return Counter(to for mail in mails for to in mail.to if to != SENDER)

    def outcome(self, settings: Path) -> "Outcome":
        clock = SetClock(FIVE_PAST_TEN)
        with wiring.opened(settings, {}, clock=clock, owner="reader") as house:
            people = house.directory.people().by_guid
            addresses = {house.store.person_key(guid): p.address.value for guid, p in people.items()}
            left_over = house.post().left_over()
            with house.store.begin() as work:
                letters = work.letters_that(lambda _id: True)
                return Outcome(
                    {addresses[letter.order.person]: letter.state for letter in letters},
                    [code for code in work.problems() if code.startswith("letter_in_doubt_")],
                    left_over,
                )


@dataclass(frozen=True)
class Outcome:
    """What the store says in the end: letters by reader, problems, and copies that nobody removed."""

    states: dict[str, LetterState]
    doubts: list[str]
    left_over: int


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("smtp")
    with (
        municipality(folder, mailboxes=6, stories=STORIES) as here,
        mail_server(here.server) as server,
        driving() as driver,
    ):
        posts_through(here, server)
        assert driver.run(here.settings, None, "sweeps")["code"] == 0
        yield Office(here, server, driver, folder)


def test_killed_at_every_point(office: Office) -> None:
    """As many points as there are: the process is killed one point later each time, until it gets through.
    How many they are differs: a copy may have come when it is looked for, or not yet."""
    settings = office.morning("whole")
    assert [office.delivers(settings)["code"] for _ in range(2)] == [0, 0]
    letters = office.arrived()
    assert len(letters) >= 2, "the whole run must send letters, or this test proves nothing"
    assert office.outcome(settings) == Outcome(dict.fromkeys(letters, LetterState.SENT), [], 0)

    wrong: dict[str, Any] = {}
    killed: Counter[str] = Counter()
    in_doubt: set[str] = set()
    for number in count(1):
        settings = office.morning(str(number))
        died = office.delivers(settings, number)
        point = f"{number}: {died['points'][-1]}"
        codes = [office.delivers(settings)["code"] for _ in range(2)]
        arrived, found = office.arrived(), office.outcome(settings)
        lost = {reader for reader in letters if not arrived[reader]}
        doubtful = {reader for reader, state in found.states.items() if state is LetterState.IN_DOUBT}
        sent = {reader for reader, state in found.states.items() if state is LetterState.SENT}
        if codes != [0, 0] or max(arrived.values()) > 1 or found.left_over:
            wrong[point] = (codes, arrived, found)
        if doubtful != lost or doubtful | sent != letters.keys() or len(found.doubts) != len(doubtful):
            wrong[point] = (arrived, found)
        shutil.rmtree(settings)
        if died["signal"] != signal.SIGKILL:
            assert died["code"] == 0
            break
        killed[died["points"][-1]] += 1
        in_doubt |= {died["points"][-1]} if doubtful else set()
    assert wrong == {}
    for step in ("MAIL", "DATA", "text", "final dot", "answer"):
        assert killed[f"before {step}"] == killed[f"after {step}"] == len(letters), f"{step} has no point"
    assert killed["before RCPT"] == killed["after RCPT"] == 2 * len(letters), "the reader, and the copy"
    # The run that got through can have been a shorter one: then nobody was killed at its last points.
    reached = killed + Counter(died["points"])
    for step in ("connect", "QUIT", "DeleteItem"):
        assert reached[f"before {step}"] + reached[f"after {step}"] > 0, f"{step} has no point"
    assert min(killed["before commit"], killed["after commit"]) > 30
    assert in_doubt <= UNKNOWN, "once the final dot is out, the copy tells"


def test_a_copy_that_comes_late_settles_the_doubt(office: Office) -> None:
    """The process dies before it hears that its letter was taken; the copy stands in a queue meanwhile."""
    settings = office.morning("whole-late")
    points = office.delivers(settings)["points"]
    letters = office.arrived()
    number = points.index("after final dot") + 1
    settings = office.morning("late")
    office.server.door.defer(SENDER, times=10_000)
    office.driver.run(settings, number, "deliveries")
    assert office.driver.run(settings, None, "deliveries")["code"] == 0
    doubtful = office.outcome(settings)
    assert (Counter(doubtful.states.values()), len(doubtful.doubts)) == (
        Counter({LetterState.IN_DOUBT: 1, LetterState.SENT: len(letters) - 1}),
        1,
    )
    office.server.door.accept(SENDER)
    office.server.settled()
    assert office.delivers(settings)["code"] == 0
    assert office.outcome(settings) == Outcome(dict.fromkeys(letters, LetterState.SENT), [], 0)
    assert set(office.arrived().values()) == {1}, "nothing came twice"
