"""A pause: from one moment to the next nothing of a person is read or told, and nothing kept is lost."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mailbot.cli.demo_settings import decision
from mailbot.engine.judge import OUTSIDE_SAMPLE
from mailbot.exchange.ews.road import EwsRoad
from mailbot.exchange.ews_post import EwsPost
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.restriction import keep_to_settings
from mailbot.jobs.restriction import pause as begin
from mailbot.jobs.restriction import resume as end
from mailbot.jobs.rights import explain
from mailbot.jobs.shrink import SHRINK_LEAST
from mailbot.jobs.sweep import sweep
from mailbot.model.errors import Unreachable
from mailbot.model.facts import MailboxFacts
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterState, Mail
from mailbot.model.needs import MailboxSize, SentLabels
from mailbot.model.people import People
from mailbot.model.slots import Job
from mailbot.model.tasks import Task
from mailbot.ports import Target
from mailbot.simulator import Fault, FaultKind
from mailbot.wiring.mailboxes import StoredBookmarks
from tests.acceptance.desk import Desk, small_town, tables
from tests.acceptance.municipality import Municipality

DONE = "Done. From now on nothing of this person is read, counted or told. To end it: people resume\n"
NOTICE = "Over je gegevens bij de postbushulp"
REASON = "vraag van haarzelf"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def pause(desk: Desk, story: str = "plain-over") -> None:
    said = desk.types("people", "pause", desk.resident(story).address)
    assert (said.code, said.out) == (0, DONE), said.err


def explained(desk: Desk, story: str = "plain-over") -> Any:
    return desk.shows("explain", desk.resident(story).address, "--reason", REASON)


def states(desk: Desk, story: str = "plain-over") -> list[str]:
    """Of the letters to one person, as they are kept."""
    with sqlite3.connect(f"file:{desk.here.settings / 'mailbot.db'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT state FROM letter WHERE person = ? AND kind <> 'notice'", (desk.key(story),)
        )
        return [state for (state,) in rows]


def delivers_the_day(desk: Desk) -> None:
    """A week of deliveries: whatever may leave has left."""
    for day in range(23, 28):
        for hour in (10, 16):
            desk.goes_to_day(day, hour, 5)
            desk.delivers()


# the letter never leaves


def test_a_letter_that_waits_never_leaves(desk: Desk) -> None:
    desk.types("sweep")
    pause(desk)
    delivers_the_day(desk)
    assert desk.staff_got("plain-over") == []
    assert desk.staff_got("many-folders-over"), "the others got theirs"
    assert states(desk) == ["withdrawn"]


def test_a_pause_during_a_sweep_counts_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody objects while mailboxes are being read: nothing of what was read of them is written down."""
    original, done = EwsRoad.read, False

    def read(road: EwsRoad, *asked: Any) -> Iterator[MailboxFacts]:
        nonlocal done
        for facts in original(road, *asked):
            if not done:
                done = True
                pause(desk)
            yield facts

    monkeypatch.setattr(EwsRoad, "read", read)
    said = desk.types("sweep")
    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == "complete: 39 of 39 mailboxes read", "nor are they counted"
    monkeypatch.undo()
    shown = explained(desk)
    assert (shown["verdicts"], shown["findings"], shown["letters"]) == ({}, [], [])
    delivers_the_day(desk)
    assert [mail.subject for mail in desk.staff_got("plain-over")] == [NOTICE], "that somebody looked is owed"


@pytest.mark.parametrize("command", ["pause", "exclude"])
def test_a_sweep_under_way_does_not_read_who_was_left_out_before_their_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The sweep has one connection and has just read the first mailbox; they would have come last."""
    toml = desk.here.settings / "mailbot.toml"
    toml.write_text(toml.read_text("utf-8").replace("workers = 4 ", "workers = 1 "), "utf-8")
    original, last = EwsRoad.read, None

    def read(road: EwsRoad, targets: Sequence[Target], *asked: Any) -> Iterator[MailboxFacts]:
        nonlocal last
        for facts in original(road, targets, *asked):
            if last is None:
                last = targets[-1].address.value
                assert desk.types("people", command, last).code == 0
                desk.here.server.log.clear()
            yield facts

    monkeypatch.setattr(EwsRoad, "read", read)
    said = desk.types("sweep")
    assert said.out.splitlines()[0] == "complete: 39 of 39 mailboxes read", said.err
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert len(touched) >= 38
    assert last not in touched


def meanwhile(monkeypatch: pytest.MonkeyPatch, desk: Desk, act: Callable[[], None]) -> None:
    """Do it when the draft of the letter to `plain-over` has just been made."""
    original, reader = EwsPost.prepare, desk.resident("plain-over").address

    def prepare(post: EwsPost, mail: Mail) -> str:
        draft = original(post, mail)
        if mail.to.value == reader:
            act()
        return draft

    monkeypatch.setattr(EwsPost, "prepare", prepare)


def test_a_pause_between_draft_and_dispatch_keeps_the_letter_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.types("sweep")
    meanwhile(monkeypatch, desk, lambda: pause(desk))
    desk.goes_to_day(23, 10, 5)
    report = desk.delivers()
    assert report.states[LetterState.WITHDRAWN] == 1
    assert report.sent > 0, "the delivery goes on with the others"
    assert desk.staff_got("plain-over") == []
    assert states(desk) == ["withdrawn"]
    with desk.here.opened() as house:
        assert house.post().left_over() == 0, "the draft with the person's name is gone"


def test_a_letter_that_a_dead_process_left_in_drafts_is_taken_back(desk: Desk) -> None:
    """Drafted, the process died, the person objected: the next delivery must not bring it to an end."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.here.server.faults.add(Fault(FaultKind.DROP_BEFORE, operation="SendItem"))
    with pytest.raises(Unreachable):
        desk.delivers()
    desk.here.server.faults.clear()
    drafted = [story for story in desk.here.town.staged() if states(desk, story) == ["drafted"]]
    assert drafted
    pause(desk, drafted[0])
    assert desk.delivers().sent > 0
    assert desk.staff_got(drafted[0]) == []
    assert states(desk, drafted[0]) == ["withdrawn"]
    with desk.here.opened() as house:
        assert house.post().left_over() == 0


def test_a_plan_of_a_dry_run_leaves_out_who_was_paused_since(desk: Desk) -> None:
    plan = desk.shows("sweep", "--dry-run")["plan"]
    pause(desk)
    said = desk.types("plan", "run", plan)
    assert said.code == 0, said.err
    assert explained(desk)["findings"] == []
    assert states(desk) == []
    assert states(desk, "many-folders-over") == ["waiting"]


def test_a_pause_holds_for_the_other_mailbox_of_the_same_person(desk: Desk) -> None:
    """The directory sets both aside, and only one of them stands in the store."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    guid = desk.resident("plain-over").guid
    with desk.here.opened() as house:
        people = house.directory.people()
        aside = replace(
            people,
            by_guid={g: person for g, person in people.by_guid.items() if g != guid},
            set_aside={guid: people.by_guid[guid]},
        )
        deliver(replace(house, directory=Given(aside)))
    assert desk.staff_got("plain-over") == []
    assert states(desk) == ["withdrawn"]
    assert desk.staff_got("many-folders-over"), "the others got theirs"


@dataclass(frozen=True)
class Given:
    """A directory that says what a test gives it."""

    given: People

    def people(self) -> People:
        return self.given

    def guid_of(self, address: Address) -> ObjectGuid | None:
        return next((p.guid for p in self.given.by_guid.values() if p.address == address), None)


# that somebody looked is told in a pause as well


def test_a_notice_that_waits_still_arrives(desk: Desk) -> None:
    desk.types("sweep")
    explained(desk)
    pause(desk)
    delivers_the_day(desk)
    (mail,) = desk.staff_got("plain-over")
    assert mail.subject == NOTICE
    assert desk.types("findings").out.count("disclosure_overdue") == 0


def test_what_was_kept_can_be_explained_and_the_look_is_told(desk: Desk) -> None:
    desk.types("sweep")
    pause(desk)
    shown = explained(desk)
    assert shown["paused"] is True
    assert shown["verdicts"]["quota"] == "deviation"
    assert [(row["rule"], row["state"]) for row in shown["findings"]] == [("quota", "open")]
    said = desk.types("explain", desk.resident("plain-over").address, "--reason", REASON).out
    assert "Paused: an objection is pending." in said
    delivers_the_day(desk)
    assert [mail.subject for mail in desk.staff_got("plain-over")] == [NOTICE]


# no trace in counts


def test_from_then_on_exchange_is_asked_nothing_and_nobody_counts_them(desk: Desk) -> None:
    desk.types("sweep")
    before = desk.shows("findings")
    desk.here.server.log.clear()
    pause(desk)
    desk.goes_to_day(24)
    shown = desk.shows("sweep")
    assert shown["mailboxes"]["population"] == 39
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert touched
    assert desk.resident("plain-over").address not in touched
    quota = {row["state"]: row["count"] for row in before["findings"] if row["rule"] == "quota"}
    assert desk.findings()["quota", "open"] == quota["open"] - 1
    assert explained(desk)["findings"][0]["state"] == "open", "frozen: it did not lapse"


def test_work_that_the_sweep_saw_is_counted_without_them(voorbeeld: Municipality) -> None:
    desk = Desk(voorbeeld)
    desk.types("sweep")
    code = Task.BLOCK_ACCOUNT.value
    before = desk.shows("tasks")["tasks"]
    owner = next(iter(desk.shows("tasks", code, "--reason", "accounts sluiten")["mailboxes"]))
    assert desk.types("people", "pause", owner).code == 0
    after = desk.shows("tasks")["tasks"]
    assert after.get(code, 0) == before[code] - 1
    assert owner not in desk.shows("tasks", code, "--reason", "accounts sluiten")["mailboxes"]


def test_many_pauses_are_no_sign_that_a_source_was_cut_off(desk: Desk) -> None:
    """Nor do the counts that are kept tell how many they are."""
    desk.types("sweep")
    with desk.here.opened() as house:
        some = [person.address for person in house.directory.people().by_guid.values()][: SHRINK_LEAST + 2]
        for address in some:
            begin(house, address, "beheer")
    paused = len(some)
    desk.goes_to_day(24)
    assert desk.shows("sweep")["mailboxes"]["population"] == 40 - paused
    with desk.here.opened() as house, house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
    assert newest is not None
    assert newest[1]["people"] == 40 - paused
    with desk.here.opened() as house:
        for address in some:
            end(house, address, "beheer")
    desk.goes_to_day(25)
    assert desk.shows("sweep")["mailboxes"]["population"] == 40


def test_a_paused_manager_gets_no_digest_and_a_paused_leaver_stands_in_none(desk: Desk) -> None:
    with desk.here.opened() as house:
        teams = house.directory.people().managers()
    manager = max(teams, key=lambda guid: sum(p.ends is not None for p in teams[guid]))
    other = max((guid for guid in teams if guid != manager), key=lambda guid: len(teams[guid]))
    address = desk.resident_with(other).address
    leaver = next(p for p in teams[manager] if p.ends is not None)
    for who in (address, leaver.address.value):
        assert desk.types("people", "pause", who).code == 0
    desk.types("sweep")
    desk.goes_to_day(23, 8, 31)
    with desk.here.opened() as house:
        digest(house, desk.here.slot(Job.DIGEST))
    desk.delivers()
    assert desk.got(address) == []
    everything = " ".join(m.body for mails in desk.here.server.delivered().values() for m in mails)
    assert leaver.name not in everything


# how it begins and ends


def test_when_it_ends_everything_goes_on(desk: Desk) -> None:
    desk.types("sweep")
    pause(desk)
    desk.goes_to_day(24)
    desk.types("sweep")
    said = desk.types("people", "resume", desk.resident("plain-over").address)
    assert said.out == "Done. From the next sweep on this person counts as everybody does.\n"
    desk.goes_to_day(25)
    assert desk.shows("sweep")["mailboxes"]["population"] == 40
    desk.goes_to_day(25, 10, 5)
    desk.delivers()
    assert desk.staff_got("plain-over") == [], "who objected is not met by a letter in the first week"
    desk.goes_to_day(2, month=12)
    desk.types("sweep")
    desk.goes_to_day(2, 10, 5, month=12)
    desk.delivers()
    assert len(desk.staff_got("plain-over")) == 1, "the finding was there all the time, now it is told"


def test_nobody_can_tell_from_the_answers_who_is_paused(desk: Desk) -> None:
    """Twice is as once, and ending a pause that never was says the same."""
    paused, other = desk.resident("plain-over").address, desk.resident("in-english").address
    for _ in range(2):
        pause(desk)
    assert tables(desk.here)["restriction"] == 1
    answers = {desk.types("people", "resume", who) for who in (paused, other)}
    assert len(answers) == 1
    assert tables(desk.here)["restriction"] == 0


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_unknown_and_excluded_people_give_the_same_answer(desk: Desk, command: str) -> None:
    person = desk.resident("plain-over").address
    desk.types("people", "exclude", person)
    answers = {
        desk.types("people", command, address)
        for address in ("nobody@voorbeeld.example", person, *desk.here.town.excluded())
    }
    assert {(said.code, said.out, said.err) for said in answers} == {
        (1, "", "mailbot: nobody with this address is in the population\n")
    }
    assert tables(desk.here)["restriction"] == 0


def test_the_audit_log_names_nobody_and_no_reason_can_be_given(desk: Desk) -> None:
    pause(desk)
    desk.types("people", "resume", desk.resident("plain-over").address)
    assert [row[1:] for row in desk.audit()[:2]] == [("resume", {}), ("pause", {})]
    said = desk.types("people", "pause", desk.resident("plain-over").address, "--reason", "bezwaar")
    assert said.code == 2


def test_the_pause_itself_can_be_read_by_nobody_without_the_key(desk: Desk) -> None:
    person = desk.resident("plain-over")
    pause(desk)
    kept = b"".join(file.read_bytes() for file in desk.here.settings.glob("mailbot.db*"))
    for trace in (
        person.guid,
        person.guid.replace("-", ""),
        person.address,
        person.name,
        desk.key("plain-over"),
    ):
        assert trace.encode() not in kept


def test_it_works_while_a_gate_is_closed(desk: Desk) -> None:
    (desk.here.settings / "gates.toml").unlink()
    pause(desk)
    assert tables(desk.here)["restriction"] == 1


def test_an_exclusion_can_follow_a_pause(desk: Desk) -> None:
    """The objection was right: now everything goes."""
    desk.types("sweep")
    pause(desk)
    said = desk.types("people", "exclude", desk.resident("plain-over").address)
    assert said.code == 0, said.err
    assert tables(desk.here)["restriction"] == 0
    assert states(desk) == []


# settings only


def test_settings_only_is_told_and_logged_as_little_as_an_exclusion(desk: Desk) -> None:
    person = desk.resident("plain-over").address
    said = desk.types("people", "exclude", person, "--settings-only")
    assert said.out == "Done. From now on only sizes and settings of this person's mailbox are looked at.\n"
    assert desk.audit()[0][1:] == ("exclude", {})
    assert tables(desk.here)["restriction"] == 1
    assert desk.shows("sweep")["mailboxes"]["population"] == 40, "sizes and settings are still looked at"
    for shown in (
        explained(desk),
        desk.shows("people", "show", person, "--reason", REASON),
        desk.shows("people", "check"),
    ):
        assert "settings" not in str(shown)
    said = desk.types("people", "include", person)
    assert said.code == 0
    assert tables(desk.here)["restriction"] == 0


def test_settings_only_takes_away_how_far_headings_were_read(desk: Desk) -> None:
    guid, address = desk.resident("plain-over").guid, desk.resident("plain-over").address
    with desk.here.opened() as house:
        marks = StoredBookmarks(house.store, house.clock)
        for need in (SentLabels.name, MailboxSize.name):
            marks.keep(guid, need, "page 1")
        assert desk.types("people", "exclude", address, "--settings-only").code == 0
        assert marks.recall(guid, SentLabels.name) is None
        assert marks.recall(guid, MailboxSize.name) == "page 1"
        marks.keep(guid, SentLabels.name, "page 2")
        assert marks.recall(guid, SentLabels.name) is None, "a sweep under way keeps none either"


def test_settings_only_during_a_sweep_looks_as_if_no_sample_had_drawn_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headings were read before, under a decision: nothing of it is left, and no count is one short."""
    desk.here.calibrated()
    person = desk.resident("plain-over")
    original, done = EwsRoad.read, False

    def read(road: EwsRoad, *asked: Any) -> Iterator[MailboxFacts]:
        nonlocal done
        for facts in original(road, *asked):
            yield facts
            if facts.guid == person.guid and not done:
                done = True
                keep_to_settings(house, Address(person.address), "beheer")

    monkeypatch.setattr(EwsRoad, "read", read)
    with desk.here.opened(decisions=[decision(sample_percent=99)]) as house:
        report = sweep(house, desk.here.slot())
        assert report is not None
        assert done
        (total,) = {sum(by.values()) for by in report.figures.verdicts.values()}
        assert total == 40
        shown = explain(house, Address(person.address), REASON, "beheer")
    (judged,) = [j for j in shown.judgements if j.rule == "confidential_external"]
    assert judged.verdict == OUTSIDE_SAMPLE
    assert shown.marks == ()


def test_a_pause_that_ends_leaves_settings_only_in_force(desk: Desk) -> None:
    address = desk.resident("plain-over").address
    assert desk.types("people", "exclude", address, "--settings-only").code == 0
    pause(desk)
    assert desk.types("people", "resume", address).code == 0
    with desk.here.opened() as house:
        (person,) = [p for p in house.directory.people().by_guid.values() if p.address.value == address]
        assert person.settings_only
