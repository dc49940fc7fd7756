"""The administrator's desk: what somebody types, what comes back, and what arrived in people's inboxes.

Commands go through the real entry point, `mailbot.cli.main`, in this process; only the clock is the
municipality's own, and every command takes a second of it. Where the process itself matters, a test starts
one.
"""

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailbot import cli, wiring
from mailbot.jobs.deliver import DeliveryReport, deliver
from mailbot.model.clock import SystemClock
from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.simulator import Delivered, Fault, FaultKind
from mailbot.simulator.residents import Resident
from tests.acceptance.municipality import AMSTERDAM, Municipality, municipality

SMALL_CAST = (
    "plain-over",
    "many-folders-over",
    "just-under-limit",
    "over-under-hold",
    "over-kept-by-policy",
    "over-in-english",
    "over-account-closed",
    "leaver-over",
    "size-missing",
    "denied",
    "portugal",
    "in-english",
    "both-rules",
)
"""People enough for most stories, in a municipality of `SMALL` mailboxes that is swept in a moment."""

SMALL = 40
GIB = 1024**3
SENDER = "postbushulp@voorbeeld.example"
ADMINISTRATOR = "b.eheerder"


@dataclass(frozen=True)
class Typed:
    """What a command gave back: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def typed(here: Municipality | None, *words: str, keys: str = "") -> Typed:
    """Type `mailbot` with these words; `keys` is what is typed at its questions."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    clock = here.clock if here is not None else None
    with (
        patch.object(sys, "argv", ["mailbot", *words]),
        patch.object(sys, "stdin", io.StringIO(keys)),
        patch.dict(os.environ, {"LOGNAME": ADMINISTRATOR, "COLUMNS": "100"}),
        patch.object(wiring, "SystemClock", (lambda: clock) if clock else SystemClock),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    if clock is not None:
        clock.sleep(1)
    return Typed(code, out.getvalue(), err.getvalue())


@contextmanager
def small_town(folder: Path, mode: str = "live") -> Iterator["Desk"]:
    """The desk of a small Voorbeeld, on Monday morning."""
    with municipality(folder, SMALL, mode, stories=SMALL_CAST) as here:
        yield Desk(here)


@dataclass(frozen=True)
class Desk:
    """An administrator of one municipality."""

    here: Municipality

    def types(self, *words: str) -> Typed:
        return typed(self.here, *words, "--settings", str(self.here.settings))

    def shows(self, *words: str) -> Any:
        """The value of a command's --json; the command must succeed and say nothing else."""
        done = self.types(*words, "--json")
        assert (done.code, done.err) == (0, ""), done.err
        return done.json()

    def shows_with_log(self, *words: str, code: int = 0) -> Any:
        """As `shows`, for a command that also has something to warn of: in the log and by its exit code."""
        done = self.types(*words, "--json")
        assert done.code == code, done.err
        return done.json()

    def refused(self, *words: str) -> str:
        """What a command says when it fails in an orderly way: one message, nothing on standard output."""
        done = self.types(*words)
        assert done.code != 0, done.out
        assert done.out == ""
        assert "Traceback" not in done.err
        return done.err

    def goes_to(self, moment: datetime) -> None:
        """Move both clocks, mailbot's and the municipality's."""
        self.here.goes_to(moment)

    def goes_to_day(self, day: int, hour: int = 6, minute: int = 0, month: int = 11) -> None:
        """A local time on a day of 2026."""
        self.goes_to(datetime(2026, month, day, hour, minute, tzinfo=AMSTERDAM))

    def delivers(self) -> DeliveryReport:
        """One delivery as the service makes them, every quarter of an hour."""
        with self.here.opened() as house:
            return deliver(house)

    def findings(self) -> dict[tuple[str, str], int]:
        return {(row["rule"], row["state"]): row["count"] for row in self.shows("findings")["findings"]}

    def letters(self) -> dict[tuple[str, str], int]:
        return {(row["kind"], row["state"]): row["count"] for row in self.shows("findings")["letters"]}

    def audit(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Actor, action and detail, newest first."""
        with self.here.opened() as house, house.store.begin() as work:
            return [(actor, action, dict(detail)) for _, actor, action, detail in work.audit_rows(200)]

    # the people of the municipality

    def resident(self, story: str) -> Resident:
        return self.resident_with(self.here.town.staged()[story])

    def resident_with(self, guid: ObjectGuid) -> Resident:
        return next(person for person in self.here.town.residents if person.guid == guid)

    def key(self, story: str) -> PersonKey:
        with self.here.opened() as house:
            return house.store.person_key(self.resident(story).guid)

    def got(self, address: str) -> list[Delivered]:
        """Mailbot's letters to one address, oldest first."""
        return [mail for mail in self.here.server.inbox_of(address) if mail.sender == SENDER]

    def staff_got(self, story: str) -> list[Delivered]:
        return self.got(self.resident(story).address)

    def readers(self) -> set[str]:
        """Addresses that mailbot's letters arrived at."""
        return {address for address in self.here.server.delivered() if self.got(address)}

    # the municipality changes

    def resizes(self, story: str, total: int) -> None:
        """The person tidies up, or the mailbox fills: it now holds `total` bytes."""
        mailbox = self.here.town.mailbox(self.resident(story).address)
        assert mailbox is not None
        for folder in mailbox.folders.by_id.values():
            folder.size = 0
        mailbox.folders.by_name["inbox"].size = total

    def exports(self, people: Sequence[Resident]) -> None:
        """Directory and personnel export anew."""
        self.here.town.residents[:] = people
        self.here.publishes()


def tables(here: Municipality) -> dict[str, int]:
    """Rows per table of the database, read without mailbot's own code."""
    import sqlite3

    with sqlite3.connect(f"file:{here.settings / 'mailbot.db'}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608


def nobody_opens() -> list[Fault]:
    """An Exchange that answers, and lets nobody's mailbox be opened."""
    operations = ("FindFolder", "GetFolder", "GetDelegate", "GetUserConfiguration", "GetUserOofSettings")
    denied = [Fault(FaultKind.SOAP_CODE, name, code="ErrorImpersonateUserDenied") for name in operations]
    return [*denied, Fault(FaultKind.CODE, "GetUserAvailability", code="ErrorNoFreeBusyAccess", nth=2)]
