"""Leaving somebody out: for good, without a reason, and without a trace."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailbot.exchange.ews.road import EwsRoad
from mailbot.jobs.digest import digest
from mailbot.model.errors import Unreachable
from mailbot.model.facts import MailboxFacts
from mailbot.model.slots import Job
from mailbot.simulator import Fault, FaultKind
from tests.acceptance.desk import Desk, small_town, tables


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def stored(desk: Desk) -> bytes:
    """Every byte of the database, its log of changes included."""
    return b"".join(file.read_bytes() for file in desk.here.settings.glob("mailbot.db*"))


def rows_of(desk: Desk, key: str) -> dict[str, int]:
    """Rows about one person, by table."""
    with sqlite3.connect(f"file:{desk.here.settings / 'mailbot.db'}?mode=ro", uri=True) as database:
        found = {}
        for table in tables(desk.here):
            columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
            if "person" in columns:
                query = f"SELECT count(*) FROM {table} WHERE person = ?"  # noqa: S608
                found[table] = database.execute(query, (key,)).fetchone()[0]
    return found


def exclude(desk: Desk, address: str) -> None:
    said = desk.types("people", "exclude", address)
    assert said.code == 0, said.err
    assert said.out.startswith("Done. From now on nothing of this person is read")


def test_everything_that_was_kept_goes(desk: Desk) -> None:
    person = desk.resident("both-rules")
    key = desk.key("both-rules")
    desk.types("sweep", "--dry-run")
    desk.types("sweep")
    desk.types("explain", person.address, "--reason", "vraag van haarzelf")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    before = rows_of(desk, key)
    assert {name for name, rows in before.items() if rows} == {
        "visited",
        "last_read",
        "judgement",
        "finding",
        "plan_step",
        "topic_letter",
        "letter",
        "disclosure",
    }
    assert key.encode() in stored(desk)
    exclude(desk, person.address)
    assert set(rows_of(desk, key).values()) == {0}
    assert key.encode() not in stored(desk), "not in a deleted page, not in the audit log either"
    with desk.here.opened() as house, house.store.begin() as work:
        assert work.audit_intact(), "erasing a person does not break the chain"


def test_the_exclusion_itself_can_be_read_by_nobody_without_the_key(desk: Desk) -> None:
    person = desk.resident("plain-over")
    exclude(desk, person.address)
    assert tables(desk.here)["exclusion"] == 1
    kept = stored(desk)
    for trace in (person.guid, person.guid.replace("-", ""), person.address, person.name):
        assert trace.encode() not in kept
    assert desk.key("plain-over").encode() not in kept
    action = desk.audit()[0]
    assert action[1:] == ("exclude", {}), "that somebody was left out is on record, not who or why"


def test_no_reason_can_even_be_given(desk: Desk) -> None:
    desk.types("findings")
    said = desk.types("people", "exclude", desk.resident("plain-over").address, "--reason", "OR-lid")
    assert said.code == 2
    assert "--reason" in said.err
    assert tables(desk.here)["exclusion"] == 0


def test_from_then_on_exchange_is_asked_nothing_about_them(desk: Desk) -> None:
    person = desk.resident("both-rules").address
    desk.types("sweep")
    desk.here.server.log.clear()
    exclude(desk, person)
    desk.goes_to_day(24)
    shown = desk.shows("sweep")
    desk.goes_to_day(24, 10, 5)
    desk.delivers()
    assert shown["mailboxes"]["population"] == 39
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert person not in touched
    assert touched, "the others were read"
    assert desk.got(person) == []


def test_an_exclusion_outlives_a_new_export_and_another_address(desk: Desk) -> None:
    """It is the directory object that is left out, whatever it is called tomorrow."""
    person = desk.resident("plain-over")
    exclude(desk, person.address)
    married = replace(person, address="getrouwd@voorbeeld.example", name="Andere Naam")
    desk.exports([married if p.guid == person.guid else p for p in desk.here.town.residents])
    assert desk.shows("sweep")["mailboxes"]["population"] == 39


def test_an_exclusion_during_a_sweep_counts_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody objects while mailboxes are being read: no row about them survives the sweep."""
    person, key = desk.resident("plain-over"), desk.key("plain-over")
    original, done = EwsRoad.read, False

    def read(road: EwsRoad, *asked: Any) -> Iterator[MailboxFacts]:
        nonlocal done
        for facts in original(road, *asked):
            if not done:
                done = True
                exclude(desk, person.address)
            yield facts

    monkeypatch.setattr(EwsRoad, "read", read)
    said = desk.types("sweep")
    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == "complete: 39 of 39 mailboxes read", "nor are they counted"
    assert set(rows_of(desk, key).values()) == {0}
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    assert desk.got(person.address) == []


@pytest.fixture
def drafted(desk: Desk) -> str:
    """Whose letter a process left in drafts when it died."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.here.server.faults.add(Fault(FaultKind.DROP_BEFORE, operation="SendItem"))
    with pytest.raises(Unreachable):
        desk.delivers()
    desk.here.server.faults.clear()
    with sqlite3.connect(f"file:{desk.here.settings / 'mailbot.db'}?mode=ro", uri=True) as database:
        keys = {key for (key,) in database.execute("SELECT person FROM letter WHERE state = 'drafted'")}
    story = next(story for story in desk.here.town.staged() if desk.key(story) in keys)
    return desk.resident(story).address


def left_over(desk: Desk) -> int:
    with desk.here.opened() as house:
        return house.post().left_over()


def test_a_letter_that_a_dead_process_left_in_drafts_goes_as_well(desk: Desk, drafted: str) -> None:
    before = left_over(desk)
    exclude(desk, drafted)
    assert left_over(desk) == before - 1
    desk.delivers()
    assert desk.got(drafted) == []
    assert left_over(desk) == 0


def test_copies_that_cannot_be_removed_are_told_and_the_exclusion_stands(desk: Desk, drafted: str) -> None:
    desk.here.server.faults.add(Fault(FaultKind.DROP_BEFORE))
    said = desk.refused("people", "exclude", drafted)
    desk.here.server.faults.clear()
    assert "this person is left out from now on" in said
    assert "remove them there by hand" in said
    assert drafted not in said
    assert tables(desk.here)["exclusion"] == 1


def test_twice_is_as_if_unknown(desk: Desk) -> None:
    exclude(desk, desk.resident("plain-over").address)
    said = desk.types("people", "exclude", desk.resident("plain-over").address)
    assert (said.code, said.out) == (1, "")
    assert said.err == "mailbot: nobody with this address is in the population\n"
    assert tables(desk.here)["exclusion"] == 1


def test_an_excluded_manager_gets_no_digest_and_the_team_is_nobody_elses(desk: Desk) -> None:
    """The manager drops out of the house; the team stays, and nobody takes the manager's place."""
    with desk.here.opened() as house:
        teams = house.directory.people().managers()
        manager = max(teams, key=lambda guid: sum(p.ends is not None for p in teams[guid]))
    address = desk.resident_with(manager).address
    exclude(desk, address)
    desk.types("sweep")
    desk.goes_to_day(23, 8, 31)
    with desk.here.opened() as house:
        assert digest(house, desk.here.slot(Job.DIGEST))
        assert manager not in house.directory.people().managers()
    desk.delivers()
    assert desk.got(address) == []
    leavers = [p.name for p in teams[manager] if p.ends is not None]
    assert leavers, "the story needs a leaver in this team"
    everything = " ".join(m.body for mails in desk.here.server.delivered().values() for m in mails)
    assert not [name for name in leavers if name in everything]


def test_it_works_while_a_gate_is_closed(desk: Desk) -> None:
    (desk.here.settings / "gates.toml").unlink()
    exclude(desk, desk.resident("plain-over").address)
    assert tables(desk.here)["exclusion"] == 1
