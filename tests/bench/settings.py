"""A settings folder of gemeente Voorbeeld for the bench's server, with as many people as it has mailboxes."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from mailbot import wiring
from mailbot.cli import demo_settings
from mailbot.config.shipped import shipped_settings
from mailbot.engine import judge
from mailbot.jobs.house import House
from mailbot.model.clock import SetClock
from mailbot.model.facts import Known, MailboxFacts
from mailbot.model.mailbox import AccessList
from mailbot.model.needs import Absences, InboxAccess, PrivateFolderAccess, SentLabels
from mailbot.simulator import directory, ldif, personnel
from mailbot.store.keys import create_key_file
from tests.bench.payload import Payload

PERSONNEL = ";".join(personnel.COLUMNS)
EXPORT = "object_guid;primary_smtp;recipient_type;full_access;send_as;forwarding;hold;quota_bytes;exported_at"


def guid(number: int) -> str:
    return f"5f0c1a52-8f0b-4c3a-9d57-{number:012d}"


def account(number: int, address: str) -> ldif.Entry:
    octets = uuid.UUID(guid(number)).bytes_le
    return ldif.Entry(
        f"CN=Medewerker {number},{directory.STAFF}",
        (
            ("objectClass", "top"),
            ("objectClass", "user"),
            ("objectGUID", octets),
            ("sAMAccountName", f"m{number}"),
            ("displayName", "Een Medewerker"),
            ("mail", address),
            ("proxyAddresses", f"SMTP:{address}"),
            ("department", "Burgerzaken"),
            ("employeeID", str(number + 1)),
            ("userAccountControl", "512"),
            ("accountExpires", "0"),
            ("preferredLanguage", "nl-NL"),
            ("msExchRecipientTypeDetails", "1"),
            ("msExchMailboxGuid", octets),
        ),
    )


def write(folder: Path, payload: Payload, endpoint: str, mailboxes: int, workers: int) -> Path:
    """The settings as an administrator would complete them. Gives the folder."""
    town = folder / "town"
    town.mkdir(parents=True)
    staff = [
        f"{number + 1};{payload.address(number)};2015-03-01;;1;;100;Burgerzaken;ma,di,wo,do,vr;;;"
        for number in range(mailboxes)
    ]
    exported_at = payload.now.replace(hour=2).isoformat()
    export = [
        f"{guid(number)};{payload.address(number)};UserMailbox;;;false;false;unlimited;{exported_at}"
        for number in range(mailboxes)
    ]
    export_ldf = town / "directory.ldf"
    entries = (account(number, payload.address(number)) for number in range(mailboxes))
    export_ldf.write_text(ldif.export(entries, directory.ATTRIBUTES), encoding="ascii", newline="")
    drop = town / "hr" / "personeel.csv"
    drop.parent.mkdir()
    drop.write_text("\n".join([PERSONNEL, *staff, ""]), encoding="utf-8")
    for file in (export_ldf, drop):
        os.utime(file, (payload.now.timestamp() - 600,) * 2)
    (town / "access.csv").write_text("\n".join([EXPORT, *export, ""]), encoding="utf-8")
    (town / "accepted_domains.txt").write_text(f"{payload.domain}\n", encoding="utf-8")
    settings = folder / "settings"
    shutil.copytree(shipped_settings(), settings)
    demo_settings.complete(settings, endpoint, town)
    toml = settings / "mailbot.toml"
    text = toml.read_text(encoding="utf-8")
    for old, new in (('auth = "ntlm" ', 'auth = "basic"'), ("workers = 4 ", f"workers = {workers}")):
        if old not in text:
            raise ValueError(f"the shipped mailbot.toml has no {old!r}")
        text = text.replace(old, new)
    toml.write_text(text, encoding="utf-8")
    create_key_file(settings / "mailbot.key")
    return settings


@contextmanager
def opened(folder: Path, payload: Payload) -> Iterator[House]:
    """The house as a service opens it, with headings of everybody: a decision draws 99% at most, and the
    lower bound could not know who is left out."""
    everybody = demo_settings.decision().model_copy(update={"sample_percent": 100})
    with wiring.opened(
        folder, {}, clock=SetClock(payload.now), owner="bench", decisions=(everybody,)
    ) as house:
        yield house


def tell_asked(folder: Path, payload: Payload) -> None:
    """Write what the rules search for into asked.json, for the lower bound: it knows no rules."""
    with opened(folder, payload) as house:
        calendar = house.calendar()
        rules = house.rules(calendar.today)
        people = house.directory.people()
        person = next(iter(people.by_guid.values()))
        organisation = house.organisation(people)
        candidate = judge.Candidate(house.store.person_key(person.guid), person, organisation)
        readers = frozenset(one.address for one in list(people.by_guid.values())[1:3])
        facts = MailboxFacts(person.guid, {InboxAccess(): Known(AccessList(readers), calendar.now)})
        wanted = judge.follow_up(rules, candidate, facts, calendar)
        absences = next(need for need in judge.needs(rules) if isinstance(need, Absences))
        labels = next(need for need in wanted if isinstance(need, SentLabels))
        private = next(need for need in wanted if isinstance(need, PrivateFolderAccess))
    said = {
        "window": [-absences.back / timedelta(days=1), absences.ahead / timedelta(days=1)],
        "words": private.words,
        "fragments": labels.redactor.search.fragments,
        "without": labels.redactor.search.without,
        "headers": labels.redactor.headers,
        "since": labels.since.isoformat(),
    }
    (folder / "asked.json").write_text(json.dumps(said), encoding="utf-8")
