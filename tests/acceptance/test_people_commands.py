"""`mailbot people`: how whole the sources are, in counts; one person only with a reason, and told of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot import wiring
from mailbot.jobs.house import House
from mailbot.jobs.people_check import check_people
from mailbot.jobs.sources import KINDS, MENDING, SAYS, tell_of_sources
from mailbot.jobs.tasks import INSTRUCTIONS, whose
from mailbot.model.arrangements import Arrangements, Deputy
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import People
from mailbot.model.sources import Attribute, Source, SourceState, Trouble
from mailbot.model.tasks import Task
from mailbot.simulator.residents import Resident
from tests.acceptance.desk import ADMINISTRATOR, Desk, small_town

REASON = "melding 4711: manager klopt niet"
NOTICE = "Over je gegevens bij de postbushulp"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def residents(desk: Desk) -> list[Resident]:
    return [person for person in desk.here.town.residents if person.address]


@dataclass(frozen=True)
class Staged:
    """The directory of the house, with something changed in what it gives."""

    house: House
    changes: dict[str, Any]

    def people(self) -> People:
        return replace(self.house.directory.people(), **self.changes)

    def guid_of(self, address: Address) -> ObjectGuid | None:
        return self.house.directory.guid_of(address)


@contextmanager
def house_with(desk: Desk, **changes: Any) -> Iterator[House]:
    with desk.here.opened() as house:
        yield replace(house, directory=Staged(house, changes))


# check


def test_check_counts_everybody_once_by_kind_and_by_source(desk: Desk) -> None:
    shown = desk.shows("people", "check")
    population = desk.shows("sweep")["mailboxes"]["population"]
    assert sum(row["count"] for row in shown["people"]) == population
    assert set(shown["coverage"]) == {attribute.value for attribute in Attribute}
    for by_source in shown["coverage"].values():
        assert set(by_source) == {"directory", "personnel", "none"}
        assert sum(by_source.values()) == population
    assert shown["coverage"]["address"] == {"directory": population, "personnel": 0, "none": 0}
    assert {row["source"] for row in shown["sources"]} == {"directory", "personnel"}


def test_check_names_nobody(desk: Desk) -> None:
    said = desk.types("people", "check").out + desk.types("people", "check", "--json").out
    assert "@" not in said
    assert not [person for person in residents(desk) if person.name in said or person.guid in said]


def test_who_is_excluded_or_paused_is_in_no_number_of_it(desk: Desk) -> None:
    """As if they had never been in the sources: nothing that is left gives them away."""
    leaving = ("plain-over", "in-english")
    people = [person for person in residents(desk) if person.guid in {desk.resident(s).guid for s in leaving}]
    before = desk.shows("people", "check")
    for command, person in zip(("exclude", "pause"), people, strict=True):
        assert desk.types("people", command, person.address).code == 0
    after = desk.shows("people", "check")
    gone = sum(row["count"] for row in before["people"]) - sum(row["count"] for row in after["people"])
    assert gone == 2
    assert {sum(by.values()) for by in after["coverage"].values()} == {
        sum(row["count"] for row in after["people"])
    }
    assert after["without_mailbox"] == before["without_mailbox"]
    assert after["groups_of_nobody"] == before["groups_of_nobody"]


def test_settings_only_changes_no_number(desk: Desk) -> None:
    before = desk.shows("people", "check")
    desk.types("people", "exclude", desk.resident("plain-over").address, "--settings-only")
    after = desk.shows("people", "check")
    for value in (before, after):
        for source in value["sources"]:
            del source["as_of"]
    assert before == after


def test_the_age_and_trouble_of_a_source_are_told_but_no_count_of_a_held_feed(desk: Desk) -> None:
    """How many people the feed names, beside how many we look at, would tell how many are left out."""
    now = desk.here.clock.now()
    held = SourceState(Source.PERSONNEL, now - timedelta(days=3), Trouble.MANY_LEAVERS, "37 of 412 people")
    wrong = SourceState(Source.PERSONNEL, now - timedelta(days=9), Trouble.REFUSED, "line 7, column mail")
    fresh = SourceState(Source.DIRECTORY, now)
    with house_with(desk, sources=(fresh, held)) as house:
        directory, personnel = check_people(house).sources
    assert (directory.days, directory.trouble, directory.advice) == (0, None, "")
    assert (personnel.days, personnel.trouble, personnel.says) == (3, "personnel_feed_held", "")
    assert "mailbot people accept-feed" in personnel.advice
    assert "412" not in repr(personnel) + personnel.advice
    with house_with(desk, sources=(wrong,)) as house:
        (personnel,) = check_people(house).sources
    assert (personnel.trouble, personnel.says) == ("personnel_feed_refused", "line 7, column mail")


def test_an_address_in_managers_toml_that_no_source_knows_is_told_by_its_place(desk: Desk) -> None:
    """Who is excluded is known: a place that is suddenly unknown would tell."""
    manager, deputy = (Address(desk.resident(story).address) for story in ("plain-over", "in-english"))
    deputies = (Deputy(manager, deputy), Deputy(deputy, Address("niemand@voorbeeld.example")))
    desk.types("people", "exclude", manager.value)
    desk.types("people", "pause", deputy.value)
    with desk.here.opened() as house:
        arranged = replace(house, terms=replace(house.terms, managers=Arrangements(deputies)))
        assert check_people(arranged).unknown_managers == ("deputy 2.deputy",)


def test_so_is_one_in_waivers_toml(desk: Desk) -> None:
    known = desk.resident("plain-over").address
    waiver = '[[waiver]]\nowner = "DIV"\nowner_address = "div@voorbeeld.example"\nreason = "archief"\n'
    waiver += 'rule = "quota"\naddress = "{}"\n'
    period = "from = 2026-11-01\nuntil = 2026-12-31\n"
    text = "".join(waiver.format(address) + period for address in (known, "niemand@voorbeeld.example"))
    (desk.here.settings / "waivers.toml").write_text(text, encoding="utf-8")
    said = desk.types("people", "check").out
    assert "No source knows the address at waiver 2.address of waivers.toml" in said
    assert "waiver 1" not in said
    assert desk.shows("people", "check")["unknown_in_waivers_toml"] == ["waiver 2.address"]


def test_a_source_that_cannot_be_used_is_told_with_all_that_is_wrong(desk: Desk) -> None:
    for file in desk.here.settings.parent.rglob("accepted_domains.txt"):
        file.write_text("", encoding="utf-8")
    assert "accepted_domains.txt" in desk.refused("people", "check")


# conflicts are work


def conflicts(desk: Desk) -> tuple[Conflict, ...]:
    over, english = desk.resident("plain-over").guid, desk.resident("in-english").guid
    leaver = desk.resident("leaver-over").guid
    return (
        Conflict(Clash.SAME_ADDRESS, (over, english)),
        Conflict(Clash.NO_MANAGER, (over,)),
        Conflict(Clash.CLOSED_IN_SERVICE, (leaver,)),
        Conflict(Clash.NO_MAILBOX),
        Conflict(Clash.NO_MAILBOX),
    )


def test_conflicts_stand_among_the_tasks_with_what_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with_conflicts(desk, monkeypatch)
    desk.types("sweep")
    shown = desk.shows("tasks")["tasks"]
    assert {code: n for code, n in shown.items() if code in set(Clash)} == {
        "closed_in_service": 1,
        "no_manager": 1,
        "same_address": 1,
        "no_mailbox": 2,
    }
    said = desk.types("tasks").out
    assert "two mailboxes carry one address" in said
    assert "@" not in said
    assert f"{sum(shown.values())} tasks for the administrator" in desk.types("sweep").out


def with_conflicts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sources disagree, whatever command looks."""
    original, found = wiring.opened, conflicts(desk)

    @contextmanager
    def opened(*args: Any, **named: Any) -> Iterator[House]:
        with original(*args, **named) as house:
            yield replace(house, directory=Staged(house, {"conflicts": found}))

    monkeypatch.setattr(wiring, "opened", opened)


def test_before_the_first_sweep_conflicts_are_known_already(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_conflicts(desk, monkeypatch)
    said = desk.types("tasks").out
    assert said.startswith("No sweep yet.")
    assert "no_manager" in said


def test_whose_mailboxes_takes_a_reason_and_is_told_to_who_is_in_service(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_conflicts(desk, monkeypatch)
    assert "say why you look" in desk.refused("tasks", "same_address")
    shown = desk.shows("tasks", "same_address", "--reason", REASON)
    both = {desk.resident(story).address for story in ("plain-over", "in-english")}
    assert set(shown["mailboxes"]) == both
    rows = [row for row in desk.audit() if row[1] == "tasks"]
    assert {row[2]["person"] for row in rows} == {desk.key("plain-over"), desk.key("in-english")}
    assert desk.letters() == {("notice", "waiting"): 2}
    assert desk.shows("tasks", "no_mailbox", "--reason", REASON)["mailboxes"] == []


def test_a_conflict_about_who_is_paused_is_not_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with_conflicts(desk, monkeypatch)
    desk.types("people", "pause", desk.resident("plain-over").address)
    assert desk.shows("tasks")["tasks"] == {"closed_in_service": 1, "no_mailbox": 2}
    with desk.here.opened() as house:
        assert whose(house, Clash.SAME_ADDRESS, REASON, ADMINISTRATOR) == []


def test_every_task_and_conflict_says_what_to_do() -> None:
    assert set(INSTRUCTIONS) == {*Task, *Clash}


# show


def show(desk: Desk, story: str = "plain-over") -> Any:
    return desk.shows("people", "show", desk.resident(story).address, "--reason", REASON)


def test_show_tells_which_source_gave_what_and_when(desk: Desk) -> None:
    shown = show(desk)
    assert set(shown["attributes"]) == {attribute.value for attribute in Attribute}
    address = shown["attributes"]["address"]
    assert (address["value"], address["source"]) == (desk.resident("plain-over").address, "directory")
    assert datetime.fromisoformat(address["as_of"]) <= desk.here.clock.now()
    unsaid = [said for said in shown["attributes"].values() if said["source"] is None]
    assert all(said == {"value": None, "source": None, "as_of": None} for said in unsaid)
    said = desk.types("people", "show", desk.resident("plain-over").address, "--reason", REASON).out
    assert "directory" in said
    assert "The person is told of it by 2026-11-30." in said


@pytest.mark.parametrize("story", ["plain-over", "portugal", "leaver-over"])
def test_show_keeps_back_what_nobody_has_to_see(desk: Desk, story: str) -> None:
    """No hours, no dates of leave, no other person: who a manager is may be who is left out."""
    person = desk.resident(story)
    said = desk.types("people", "show", person.address, "--reason", REASON).out
    value = show(desk, story)["attributes"]
    for text in (said, str(value)):
        assert not [p for p in residents(desk) if " " in p.name and p.name in text]
        assert not [p for p in residents(desk) if p.address in text and p.guid != person.guid]
    assert value["leave"]["value"] in (None, "some in the coming weeks", "none in the coming weeks")
    assert value["manager"]["value"] in (None, "known")
    assert not any(":" in day for day in value["roster"]["value"] or ())


def test_the_look_is_logged_under_a_key_and_told(desk: Desk) -> None:
    show(desk)
    assert desk.audit()[0] == (
        ADMINISTRATOR,
        "people_show",
        {"person": desk.key("plain-over"), "reason": REASON},
    )
    desk.goes_to_day(26, 9)
    desk.delivers()
    assert [mail.subject for mail in desk.staff_got("plain-over")] == [NOTICE]


@pytest.mark.parametrize("reason", ["", "   ", "ja"])
def test_without_a_reason_nobody_looks(desk: Desk, reason: str) -> None:
    before = desk.audit()
    said = desk.types("people", "show", desk.resident("plain-over").address, "--reason", reason)
    assert said.code == 2
    assert desk.audit() == before


def test_unknown_and_excluded_people_give_the_same_answer(desk: Desk) -> None:
    person = desk.resident("plain-over").address
    desk.types("people", "exclude", person)
    answers = {
        desk.types("people", "show", address, "--reason", REASON)
        for address in ("nobody@voorbeeld.example", person, *desk.here.town.excluded())
    }
    assert {(said.code, said.out, said.err) for said in answers} == {
        (1, "", "mailbot: nobody with this address is in the population\n")
    }


def test_who_is_paused_is_shown_as_such_and_still_hears_of_it(desk: Desk) -> None:
    desk.types("people", "pause", desk.resident("plain-over").address)
    assert show(desk)["paused"] is True
    assert show(desk, "in-english")["paused"] is False
    desk.goes_to_day(26, 9)
    desk.delivers()
    assert [mail.subject for mail in desk.staff_got("plain-over")] == [NOTICE]


# the operator hears of trouble with a source


@dataclass
class Heard:
    """An operator who remembers what is open."""

    open: dict[str, str] = field(default_factory=dict)

    def problem(self, code: str, text: str) -> None:
        self.open[code] = text

    def solved(self, code: str) -> None:
        self.open.pop(code, None)


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_is_one_problem_until_it_is_gone(desk: Desk, source: Source, trouble: Trouble) -> None:
    state = SourceState(source, desk.here.clock.now(), trouble, "412 people")
    heard = Heard()
    with desk.here.opened() as house:
        told = replace(house, operator=heard)  # type: ignore[arg-type]
        tell_of_sources(told, [state])
        tell_of_sources(told, [state])
        (code,) = heard.open
        assert code.startswith(("directory_", "personnel_feed_"))
        assert SAYS[trouble] in heard.open[code]
        assert "412" not in heard.open[code]
        tell_of_sources(told, [replace(state, trouble=None)])
    assert heard.open == {}
    assert (source, KINDS[trouble]) in MENDING


def test_a_sweep_tells_it_and_takes_it_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    old = SourceState(Source.PERSONNEL, desk.here.clock.now() - timedelta(days=9), Trouble.OLD)
    original = wiring.opened

    @contextmanager
    def opened(*args: Any, **named: Any) -> Iterator[House]:
        with original(*args, **named) as house:
            yield replace(house, directory=Staged(house, {"sources": (old,)}))

    monkeypatch.setattr(wiring, "opened", opened)
    desk.types("sweep", "--dry-run")
    assert desk.shows("findings")["problems"] == {}, "a dry run changes nothing"
    desk.types("sweep")
    assert "personnel_feed_old" in desk.shows("findings")["problems"]
    status = json.loads((desk.here.settings / "status.json").read_text(encoding="utf-8"))
    (swept,) = [run for run in status["runs"] if run["job"] == "sweep"]
    assert old.as_of is not None
    assert swept["counts"]["sources"] == {"personnel": old.as_of.isoformat()}, "its age can be watched"
    line = next(line for line in desk.types("doctor").out.splitlines() if line.startswith("personnel feed:"))
    assert line.startswith("personnel feed: note, 9 days old; nothing new came for too long")
    monkeypatch.undo()
    desk.types("sweep")
    assert "personnel_feed_old" not in desk.shows("findings")["problems"]
    assert "directory: good, 0 days old" in desk.types("doctor").out


# a held feed


@dataclass
class HeldFeed:
    """A personnel feed whose newest drop a guard holds back."""

    state: SourceState
    accepted: int = 0

    def examine(self) -> SourceState:
        return self.state

    def accept(self) -> SourceState:
        self.accepted += 1
        self.state = replace(self.state, trouble=None, says="")
        return self.state


@pytest.fixture
def feed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> HeldFeed:
    says = "By the feed 37 of 412 people in service leave on 2026-11-23: more than 5% on one day."
    found = HeldFeed(SourceState(Source.PERSONNEL, desk.here.clock.now(), Trouble.MANY_LEAVERS, says))
    original = wiring.opened

    @contextmanager
    def opened(*args: Any, **named: Any) -> Iterator[House]:
        with original(*args, **named) as house:
            yield replace(
                house, personnel=lambda: found, directory=Staged(house, {"sources": (found.state,)})
            )

    monkeypatch.setattr(wiring, "opened", opened)
    return found


def test_a_held_feed_is_let_through_by_hand_and_on_record(desk: Desk, feed: HeldFeed) -> None:
    desk.types("sweep")
    assert "personnel_feed_held" in desk.shows("findings")["problems"]
    said = desk.types("people", "accept-feed", "--yes")
    assert said.code == 0, said.err
    assert "37 of 412 people in service leave" in said.out
    assert said.out.endswith("Done. The feed is used from now on.\n")
    assert feed.accepted == 1
    assert desk.audit()[0] == (ADMINISTRATOR, "accept_feed", {})
    assert desk.shows("findings")["problems"] == {}, "told to be over at once"


def test_without_a_yes_nothing_changes(desk: Desk, feed: HeldFeed) -> None:
    """Standard input is empty here: nobody answered."""
    said = desk.types("people", "accept-feed")
    assert said.code == 1
    assert "37 of 412" in said.out
    assert feed.accepted == 0
    assert "accept_feed" not in {row[1] for row in desk.audit()}


@pytest.mark.parametrize("trouble", [None, Trouble.OLD, Trouble.REFUSED])
def test_what_is_not_held_cannot_be_accepted(desk: Desk, feed: HeldFeed, trouble: Trouble | None) -> None:
    feed.state = replace(feed.state, trouble=trouble)
    assert "no personnel feed is held" in desk.refused("people", "accept-feed", "--yes")
    assert feed.accepted == 0


def test_an_empty_feed_is_not_even_asked_about(desk: Desk, feed: HeldFeed) -> None:
    """It can never be accepted, so "is that right?" would be a question without an answer."""
    feed.state = replace(feed.state, trouble=Trouble.EMPTY)
    assert "never accepted: have it exported again" in desk.refused("people", "accept-feed")
    assert "accept-feed" not in desk.types("people", "check").out
    assert feed.accepted == 0


def test_a_source_that_is_dated_ahead_is_new_and_not_less_than_that(desk: Desk, feed: HeldFeed) -> None:
    feed.state = SourceState(Source.PERSONNEL, desk.here.clock.now() + timedelta(hours=20))
    [source] = desk.shows("people", "check")["sources"]
    assert source["days_old"] == 0


def test_a_feed_that_refuses_to_be_accepted_leaves_no_record(
    desk: Desk, feed: HeldFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_feed: HeldFeed) -> SourceState:
        raise SettingsRefused("The held feed names nobody, and is not accepted.")

    monkeypatch.setattr(HeldFeed, "accept", refuse)
    said = desk.types("people", "accept-feed", "--yes")
    assert said.code == SettingsRefused.exit_code
    assert "names nobody" in said.err
    assert "accept_feed" not in {row[1] for row in desk.audit()}


def test_nothing_of_all_this_names_anybody_in_a_file(desk: Desk, feed: HeldFeed) -> None:
    """Every command once; then the database and the status file are searched."""
    address = desk.resident("plain-over").address
    for words in (
        ("sweep",), ("people", "check"), ("people", "show", address, "--reason", REASON),
        ("people", "pause", address), ("people", "resume", address),
        ("people", "exclude", address, "--settings-only"), ("people", "include", address),
        ("people", "accept-feed", "--yes"), ("tasks",), ("findings",),
    ):  # fmt: skip
        said = desk.types(*words)
        assert said.code == 0, said.err
        assert "@" not in said.err
    folder = desk.here.settings
    kept = b"".join(file.read_bytes() for file in (*folder.glob("mailbot.db*"), folder / "status.json"))
    traces = {trace for person in residents(desk) for trace in (person.address, person.name, person.guid)}
    assert [trace for trace in traces if trace.encode() in kept] == []
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    assert "412" not in str(status)
