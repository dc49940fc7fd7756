"""Canaries: words planted in mailboxes, and secrets, turn up in no log, table, file, metric or crash text."""

import io
import logging
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from mailbot.cli.demo_settings import PASSWORD
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.rights import check_disclosures, explain
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import MailbotError
from mailbot.model.ids import Address
from mailbot.model.slots import Job
from mailbot.reports.logs import configure
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.municipality import Municipality


def tables(folder: Path) -> str:
    """Everything in the database, as text."""
    with sqlite3.connect(folder / "mailbot.db") as connection:
        return "\n".join(connection.iterdump())


def files(folder: Path) -> str:
    """Everything that mailbot wrote beside its database."""
    written = [folder / "status.json", folder / "mailbot.log"]
    return "\n".join(file.read_text(encoding="utf-8") for file in written if file.exists())


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that any library logs at the most talkative level, together with our own log."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    monkeypatch.setattr(sys, "stderr", heard)
    configure(None, verbose=True)
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


FAULTS = (
    Fault(FaultKind.BROKEN_XML, operation="GetUserOofSettings", nth=3, count=2),
    Fault(FaultKind.UNEXPECTED, operation="FindFolder", nth=20, count=3),
    Fault(FaultKind.HTML_PAGE, operation="FindFolder", nth=40, count=3),
    Fault(FaultKind.SOAP_CODE, operation="GetInboxRules", nth=2, count=1, code="ErrorSchemaValidation"),
    Fault(FaultKind.DROP_MIDWAY, operation="FindFolder", nth=60, count=2),
    Fault(FaultKind.DROP_AFTER, operation="SendItem", nth=2, count=1),
)


def test_nothing_that_was_read_turns_up_anywhere(voorbeeld: Municipality, listening: io.StringIO) -> None:
    canaries = voorbeeld.town.canaries()
    assert len(canaries) >= 4
    voorbeeld.server.faults.add(*FAULTS)
    residents = [person for person in voorbeeld.town.residents if person.address]
    with voorbeeld.opened() as house:
        sweep(house, voorbeeld.slot())
        voorbeeld.at(8, 30)
        digest(house, voorbeeld.slot(Job.DIGEST))
        deliver(house)
        someone = next(iter(house.directory.people().by_guid.values()))
        explain(house, Address(someone.address.value), "helpdesk call 17", "tester")
        voorbeeld.at(10, 5)
        deliver(house)
        check_disclosures(house)
    kept = tables(voorbeeld.settings) + files(voorbeeld.settings)
    said = listening.getvalue()
    assert "sweep finished" in said
    assert "CREATE TABLE" in kept
    for canary in canaries:
        assert canary not in kept
        assert canary not in said
    names = {person.name for person in residents} | {person.address for person in residents}
    assert {name for name in names if name in kept} == set(), "a name or address in the database"
    own_log = "\n".join(line for line in said.splitlines() if line.startswith("{"))
    assert {name for name in names if name in own_log} == set(), "a name or address in our log"
    for secret in (PASSWORD, (voorbeeld.settings / "mailbot.key").read_text().strip()):
        assert secret not in kept
        assert secret not in said


def test_a_crash_tells_where_and_not_what(voorbeeld: Municipality, listening: io.StringIO) -> None:
    """A wrong password is the crash in which secrets show most easily."""
    (voorbeeld.settings / "exchange.password").write_text("kanarie-wachtwoord", encoding="ascii")
    crash = ""
    with voorbeeld.opened() as house:
        try:
            sweep(house, voorbeeld.slot())
        except MailbotError:
            crash = traceback.format_exc()
        shown = repr(house.terms) + repr(house.exchange()) + repr(house.post())
    assert "SignInRefused" in crash
    for text in (crash, shown, listening.getvalue(), tables(voorbeeld.settings), files(voorbeeld.settings)):
        assert "kanarie-wachtwoord" not in text


def test_secrets_print_as_stars(voorbeeld: Municipality) -> None:
    from mailbot import wiring
    from mailbot.wiring import mailboxes

    found = wiring.configuration(voorbeeld.settings, {})
    server = mailboxes.server(found)
    assert PASSWORD not in repr(found) + repr(server) + str(found.secrets)
    assert "***" in repr(found.secrets.exchange_password)
