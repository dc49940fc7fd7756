"""Where letters go: nowhere, to one test address, to the pilot groups, to everybody. And how many."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.jobs.digest import digest
from mailbot.model.slots import Job
from tests.acceptance.desk import GIB, Desk, small_town

PILOT_GROUP = "postbushulp-pilot"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Delivery is off, as it is shipped."""
    with small_town(tmp_path, "off") as here:
        yield here


def pilot(desk: Desk) -> set[str]:
    return {person.address for person in desk.here.town.residents if PILOT_GROUP in person.groups}


def redirect(desk: Desk) -> str:
    """All letters to one mailbox, which is nobody's own."""
    address = next(p.address for p in desk.here.town.residents if p.recipient_type == "shared")
    desk.here.change(
        ('mode = "off"', 'mode = "redirect"'),
        ('# redirect_to = "testpostbus@voorbeeld.example"', f'redirect_to = "{address}"'),
    )
    return address


def a_morning(desk: Desk, day: int = 23) -> int:
    """Sweep, digests and letters of one morning; gives the letters that left."""
    desk.goes_to_day(day)
    desk.types("sweep")
    sent = 0
    for hour, minute in ((8, 31), (10, 5)):
        desk.goes_to_day(day, hour, minute)
        with desk.here.opened() as house:
            digest(house, desk.here.slot(Job.DIGEST))
        sent += desk.delivers().sent
    return sent


# off


def test_off_is_how_it_is_shipped_and_nothing_leaves(desk: Desk) -> None:
    assert a_morning(desk) == 0
    assert desk.readers() == set()
    assert desk.letters() == {}
    assert desk.findings()[("quota", "open")] == 8, "findings are kept: counts show what would be sent"
    held = {row["step"] for row in desk.shows("sweep")["steps"]}
    assert held == {"keep (mode_off)"}


def test_a_finding_of_the_quiet_weeks_is_told_once_delivery_opens(desk: Desk) -> None:
    a_morning(desk)
    desk.here.change(('mode = "off"', 'mode = "live"'))
    a_morning(desk, 24)
    assert len(desk.staff_got("plain-over")) == 1
    assert desk.staff_got("portugal") == [], "an absence letter belongs to its own day"


# redirect


def test_on_the_simulator_every_letter_goes_to_the_test_address(desk: Desk) -> None:
    address = redirect(desk)
    sent = a_morning(desk)
    assert sent > 10
    assert desk.readers() == {address}
    assert len(desk.got(address)) == sent


def test_a_redirected_letter_names_nobody(desk: Desk) -> None:
    """Whoever reads the test mailbox has no business with these people: no name, address or mailbox."""
    address = redirect(desk)
    a_morning(desk)
    mails = desk.got(address)
    assert {"Test: De ruimte in je postbus", "Test: Weekoverzicht van de postbushulp"} <= {
        mail.subject for mail in mails
    }
    people = [p for p in desk.here.town.residents if p.recipient_type != "shared"]
    for mail in mails:
        assert "test" in re.sub("<[^>]+>", " ", mail.body).lower()
        everything = " ".join((mail.subject, mail.body, *mail.headers.values()))
        assert not [p.name for p in people if p.name in everything or p.address in everything]
    mailbox = desk.here.town.mailbox(address)
    assert mailbox is not None
    addressed = {to for item in mailbox.items.values() if item.arrived for to in item.to}
    assert {to for to, _ in addressed} == {address}
    assert {name for _, name in addressed} <= {"", address}, "not even as the name of the addressee"


def test_on_a_real_exchange_only_letters_of_pilot_people_are_redirected(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = redirect(desk)
    monkeypatch.setattr("mailbot.config.settings.Exchange.on_this_machine", False)
    shown = desk.shows("sweep")
    steps = {(row["rule"], row["step"]): row["count"] for row in shown["steps"]}
    told = sum(count for (_, step), count in steps.items() if step == "open+nudge")
    deviating = {"portugal", "in-english", "both-rules"} | {
        s for s in desk.here.town.staged() if "over" in s and s != "over-account-closed"
    }
    in_pilot = {story for story in deviating if desk.resident(story).address in pilot(desk)}
    assert in_pilot == {"plain-over", "over-kept-by-policy", "both-rules"}
    assert told == 4, "both-rules gets two"
    assert steps[("quota", "open (not_in_pilot)")] > 0
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == told
    assert desk.readers() == {address}


def test_redirect_without_an_address_does_not_start(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "redirect"'))
    said = desk.refused("sweep")
    assert "delivery.redirect_to" in said
    assert "an address, because mode is `redirect`" in said


# pilot


def test_pilot_writes_to_the_named_groups_and_to_nobody_else(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "pilot"'))
    assert a_morning(desk) > 0
    assert desk.readers()
    assert desk.readers() <= pilot(desk)


def test_other_groups_can_be_the_pilot(desk: Desk) -> None:
    desk.here.change(
        ('mode = "off"', 'mode = "pilot"'), (f'pilot_groups = ["{PILOT_GROUP}"]', 'pilot_groups = ["proef"]')
    )
    chosen = desk.resident("over-in-english")
    desk.exports(
        [replace(p, groups=("proef",)) if p.guid == chosen.guid else p for p in desk.here.town.residents]
    )
    a_morning(desk)
    assert desk.readers() == {chosen.address}


# live


@pytest.mark.parametrize("words", [("sweep",), ("sweep", "--dry-run"), ("run",)])
def test_live_refuses_to_start_while_a_gate_is_closed(desk: Desk, words: tuple[str, ...]) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    (desk.here.settings / "gates.toml").unlink()
    said = desk.types(*words)
    assert (said.code, said.out) == (4, "")
    assert "mode live refuses to start while gates are closed: G0, G1, G2, G3, G4" in said.err
    assert desk.here.server.access_log() == [], "nobody was asked anything"


def test_live_writes_to_everybody_who_deviates(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    a_morning(desk)
    deviating = {s for s in desk.here.town.staged() if "over" in s} | {"portugal", "in-english", "both-rules"}
    for story in deviating - {"over-account-closed"}:
        assert desk.staff_got(story), story
    quiet = set(desk.here.town.staged()) - deviating
    assert not [story for story in quiet if desk.staff_got(story)]


def test_a_closed_account_gets_no_letter(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    a_morning(desk)
    assert desk.staff_got("over-account-closed") == []
    steps = {row["step"]: row["count"] for row in desk.shows("sweep")["steps"]}
    assert steps == {"keep (account_closed)": 1}


def test_an_account_that_closes_before_the_letter_leaves_gets_none(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    desk.types("sweep")
    closed = desk.resident("plain-over")
    desk.exports(
        [replace(p, enabled=False) if p.guid == closed.guid else p for p in desk.here.town.residents]
    )
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    assert desk.got(closed.address) == []


# the mode changes between plan and delivery


@pytest.mark.parametrize(("mode", "leave"), [("off", False), ("pilot", True)])
def test_the_mode_at_the_moment_of_delivery_counts(desk: Desk, mode: str, leave: bool) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    desk.types("sweep")
    desk.here.change(('mode = "live"', f'mode = "{mode}"'))
    desk.goes_to_day(23, 10, 5)
    assert bool(desk.delivers().sent) is leave
    assert desk.readers() <= pilot(desk)
    desk.here.change((f'mode = "{mode}"', 'mode = "live"'))
    desk.goes_to_day(23, 10, 20)
    desk.delivers()
    assert desk.staff_got("over-in-english"), "what was held back waited"


def test_letters_that_must_wait_do_not_stand_in_the_way_of_those_that_may_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More letters are held back than a delivery takes up at a time: the pilot's come after them all."""
    monkeypatch.setattr("mailbot.jobs.deliver.BATCH", 2)
    desk.here.change(('mode = "off"', 'mode = "live"'))
    desk.types("sweep")
    desk.here.change(('mode = "live"', 'mode = "pilot"'))
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == 4
    assert desk.readers() == {
        desk.resident(story).address for story in ("plain-over", "over-kept-by-policy", "both-rules")
    }


def test_a_letter_for_its_reader_waits_while_only_test_letters_leave(desk: Desk) -> None:
    """Sent to the test address it would count as told, and its reader would never hear of it."""
    desk.here.change(('mode = "off"', 'mode = "live"'))
    desk.types("sweep")
    desk.here.change(('mode = "live"', 'mode = "off"'))
    redirect(desk)
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == 0
    desk.here.change(('mode = "redirect"', 'mode = "live"'))
    desk.goes_to_day(23, 10, 20)
    assert desk.delivers().sent == 10
    assert desk.staff_got("plain-over")


def test_a_test_letter_never_reaches_the_person_it_is_about(desk: Desk) -> None:
    """Ordered as a test, then delivery goes live: what arrives is a letter of one's own, of a later sweep."""
    redirect(desk)
    desk.types("sweep")
    desk.here.change(('mode = "redirect"', 'mode = "live"'))
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == 0
    assert desk.readers() == set()
    a_morning(desk, 24)
    (mail,) = desk.staff_got("plain-over")
    assert mail.subject == "De ruimte in je postbus"


# how many


def test_no_run_makes_more_letters_than_its_cap(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'), ("cap_per_run = 200", "cap_per_run = 4"))
    shown = desk.shows_with_log("sweep")
    assert "letters_capped" in desk.shows("findings")["problems"], "the administrator hears of it"
    steps = {(row["rule"], row["step"]): row["count"] for row in shown["steps"]}
    assert steps == {
        ("out_of_office", "open+nudge"): 3,
        ("quota", "open+nudge"): 1,
        ("quota", "open (cap)"): 6,
        ("quota", "open (account_closed)"): 1,
    }
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == 4
    assert a_morning(desk, 24) >= 4, "the next sweep goes on with those who wait"
    assert a_morning(desk, 25) == 1
    assert a_morning(desk, 26) == 0, "one is away since Tuesday, as the calendar tells, and waits"


def test_two_letters_on_one_topic_are_two_weeks_apart(desk: Desk) -> None:
    """Mended on Tuesday, full again on Thursday: told on Monday at half past eight, so not before that time
    two weeks later."""
    desk.here.change(('mode = "off"', 'mode = "live"'))
    a_morning(desk, 23)
    desk.resizes("plain-over", GIB)
    a_morning(desk, 24)
    desk.resizes("plain-over", 6 * GIB)
    desk.goes_to_day(26)
    assert {"rule": "quota", "step": "open (too_soon)", "count": 1} in desk.shows("sweep")["steps"]
    a_morning(desk, 27)
    assert len(desk.staff_got("plain-over")) == 1
    for day, letters in ((7, 1), (8, 2)):
        desk.goes_to_day(day, 6, month=12)
        desk.types("sweep")
        desk.goes_to_day(day, 10, 5, month=12)
        desk.delivers()
        assert len(desk.staff_got("plain-over")) == letters


def test_the_absence_letter_comes_beside_the_weekly_one(desk: Desk) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    a_morning(desk)
    assert {mail.subject for mail in desk.staff_got("both-rules")} == {
        "Je automatische antwoord",
        "De ruimte in je postbus",
    }


# under hold


@pytest.mark.parametrize("story", ["over-under-hold", "over-kept-by-policy"])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_whose_mail_must_be_kept_is_never_told_to_delete(desk: Desk, story: str, language: str) -> None:
    desk.here.change(('mode = "off"', 'mode = "live"'))
    person = desk.resident(story)
    desk.exports(
        [replace(p, language=language) if p.guid == person.guid else p for p in desk.here.town.residents]
    )
    a_morning(desk)
    (mail,) = desk.got(person.address)
    assert not re.search(r"verwijder|wis |wissen|gooi|opruim|delet|remov|trash|clean", mail.body, re.I)
    help_by = {"nl": "de servicedesk, telefoon", "en": "the service desk, telephone"}[language]
    assert f"{help_by} 14\u00a00123" in mail.body, "whom to ask for help"
    assert "bewaarplicht" not in mail.body.lower(), "the reason is not mailbot's to tell"
    ordinary = desk.staff_got("plain-over")[0]
    assert "Verwijder" in ordinary.body, "everybody else is told how to make room"
