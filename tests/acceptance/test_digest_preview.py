"""Looking at a digest before it leaves: a sample freely, somebody's own only with a reason and on record."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.sweep import sweep
from mailbot.model.letters import LetterKind
from mailbot.model.people import Person
from mailbot.model.slots import Job
from tests.acceptance.desk import Desk
from tests.acceptance.municipality import Municipality, municipality

REASON = "vraag van de leidinggevende zelf"
AROUND = {date(2026, 11, 23) + timedelta(days=n) for n in range(-30, 40)}
"""Last days that are on this week's agenda."""


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Municipality]:
    with municipality(tmp_path, 60, stories=["empty", "leaver-near", "plain-over"]) as here:
        with here.opened() as house:
            Desk(here).goes_to_day(23, 6)
            sweep(house, here.slot())
        yield here


def managers(here: Municipality) -> tuple[Person, Person, Person]:
    """A manager with a leaver in the team, the leaver, and somebody who leads nobody."""
    with here.opened() as house:
        people = house.directory.people()
    teams = people.managers()
    guid, leaver = next((g, p) for g, team in teams.items() for p in team if p.ends in AROUND)
    return people.by_guid[guid], leaver, next(p for g, p in people.by_guid.items() if g not in teams)


def orders(here: Municipality, person: Person) -> list[str]:
    with here.opened() as house, house.store.begin() as work:
        kept = work.letters_of(house.store.person_key(person.guid))
    return [letter.order.topic for letter in kept if letter.order.kind is not LetterKind.NUDGE]


def test_a_sample_is_about_nobody_and_needs_no_reason(village: Municipality, tmp_path: Path) -> None:
    desk = Desk(village)
    said = desk.types("digest", "preview", "--out", str(tmp_path / "look"))
    assert said.code == 0, said.err
    text = (tmp_path / "look" / "digest.txt").read_text()
    page = (tmp_path / "look" / "digest.html").read_text()
    for part in (text, page):
        assert "Dag M. Voorbeeld," in part
        assert "Alle of bijna alle postbussen" in part
        assert "Tip van de week" in part
        assert not [r.name for r in village.town.residents if r.name in part]
    assert "digest_preview" not in [action for _, action, _ in desk.audit()]
    assert "We could reach all or nearly all" in desk.types("digest", "preview", "--language", "en").out


def test_a_sample_has_the_figures_that_the_pack_lets_managers_see(village: Municipality) -> None:
    pack = village.settings / "packs" / "voorbeeld" / "pack.toml"
    pack.write_text(pack.read_text().replace('shown_to = "managers"', 'shown_to = "directie"', 1))
    said = Desk(village).types("digest", "preview")
    assert "Tip van de week" in said.out
    assert "postbussen konden we" not in said.out
    assert "Hoe staat het ervoor?" not in said.out


def test_whoever_looks_at_somebody_s_digest_says_why_and_that_person_hears_of_it(
    village: Municipality,
) -> None:
    desk = Desk(village)
    manager, leaver, _ = managers(village)
    who = ("digest", "preview", "--reader", manager.address.value)
    assert "say why you look" in desk.refused(*who)
    assert orders(village, manager) == []
    said = desk.types(*who, "--reason", REASON)
    assert said.code == 0, said.err
    assert leaver.name in said.out
    assert manager.name in said.out
    assert "This look is logged. The reader is told of it by 2026-11-30." in said.out
    assert orders(village, manager) == ["explain"], "the notice, and no digest"
    looks = [detail for _, action, detail in desk.audit() if action == "digest_preview"]
    assert [look["reason"] for look in looks] == [REASON]
    assert manager.name not in str(looks)


def test_it_is_the_digest_that_comes(village: Municipality) -> None:
    desk = Desk(village)
    manager, _, _ = managers(village)
    said = desk.types("digest", "preview", "--reader", manager.address.value, "--reason", REASON)
    with village.opened() as house:
        desk.goes_to_day(23, 8, 31)
        digest(house, village.slot(Job.DIGEST))
        deliver(house)
    (mail,) = [m for m in desk.got(manager.address.value) if "eekoverzicht" in m.subject]
    middle = said.out.partition("Wie vertrekt of vertrok?")[2].partition("Groeten van")[0]
    for line in filter(None, (part.strip() for row in middle.splitlines() for part in row.split("|"))):
        if not set(line) <= {"-"}:
            assert line in mail.body


def test_who_would_get_none_is_said_and_is_a_look_as_well(village: Municipality) -> None:
    desk = Desk(village)
    _, _, colleague = managers(village)
    told = desk.refused("digest", "preview", "--reader", colleague.address.value, "--reason", REASON)
    assert "would get no digest" in told
    assert orders(village, colleague) == ["explain"]


def test_an_unknown_and_an_excluded_address_read_the_same(village: Municipality) -> None:
    desk = Desk(village)
    excluded = sorted(village.town.excluded())[0]
    said = {
        desk.refused("digest", "preview", "--reader", address, "--reason", REASON)
        for address in (excluded, "niemand@voorbeeld.example")
    }
    assert len(said) == 1


def test_who_changes_its_texts_needs_neither_password_nor_sources(tmp_path: Path) -> None:
    """A new folder, before anything of Exchange or personnel is there; and a wrong text is told."""
    folder = tmp_path / "new"
    answers = {
        "organisation": "gemeente Nieuw",
        "domain": "nieuw.example",
        "pack": "huizen",
        "endpoint": "https://mail.nieuw.example/EWS/Exchange.asmx",
        "username": r"NIEUW\svc",
        "contact": "de servicedesk",
    }
    typed = [word for option, answer in answers.items() for word in (f"--{option}", answer)]
    assert types("init", str(folder), *typed).returncode == 0
    looked = types("digest", "preview", "--settings", str(folder))
    assert looked.returncode == 0, looked.stderr
    assert "gemeente Nieuw" in looked.stdout
    assert not (folder / "mailbot.db").exists()

    file = folder / "letters" / "nl" / "digest.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("{{ ", "{{ un", 1), encoding="utf-8")
    refused = types("digest", "preview", "--settings", str(folder))
    assert refused.returncode == 2
    assert "digest.toml" in refused.stderr


def types(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mailbot", *words], capture_output=True, text=True, timeout=300
    )
