"""What an administrator types on a working day, and what comes back."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot.cli.demo import MARK
from mailbot.cli.show import OUTCOMES
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.rules import registry
from mailbot.wiring import mailboxes
from tests.acceptance.desk import ADMINISTRATOR, GIB, Desk, nobody_opens, small_town, tables, typed
from tests.acceptance.municipality import municipality

AFTERWARDS = {
    ("out_of_office", "open"): 3,
    ("quota", "open"): 8,
}
"""The small cast's findings: three are away without a reply, eight have more than 5 GiB."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def dry_run(desk: Desk) -> dict[str, Any]:
    shown = desk.shows("sweep", "--dry-run")
    assert isinstance(shown, dict)
    return shown


def test_findings_says_when_the_letters_leave(desk: Desk) -> None:
    assert desk.shows("findings")["next_letter"] is None
    desk.shows("sweep")
    assert desk.shows("findings")["next_letter"] == "2026-11-23T07:30:00+00:00"
    assert "may leave from 2026-11-23 08:30 on" in desk.types("findings").out
    desk.goes_to_day(23, 9)
    assert "may leave from 2026-11-23 10:00 on" in desk.types("findings").out


# from dry run to plan to letters


def test_a_dry_run_changes_nothing_and_its_plan_does_exactly_what_was_printed(desk: Desk) -> None:
    said = desk.types("sweep", "--dry-run")
    assert said.code == 0
    assert "Steps of the plan" in said.out
    assert "nothing was changed or sent" in said.out
    assert desk.findings() == {}
    assert desk.letters() == {}
    plan = said.out.rpartition("mailbot plan run ")[2].strip()

    done = desk.shows("plan", "run", plan)
    assert done["plan"] == plan
    assert desk.findings() == AFTERWARDS
    assert desk.letters() == {("nudge", "waiting"): done["letters"]}
    assert desk.readers() == set(), "letters leave between 08:30 and 17:00, not before"

    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == done["letters"]
    assert len(desk.readers()) == done["letters"] - 1, "who deviates twice gets both letters today"
    assert ("plan_run", ADMINISTRATOR) in {(action, actor) for actor, action, _ in desk.audit()}


def test_the_counts_of_the_dry_run_are_those_of_the_tables(desk: Desk) -> None:
    shown = dry_run(desk)
    steps = {(row["rule"], row["step"]): row["count"] for row in shown["steps"]}
    assert steps == {
        ("out_of_office", "open+nudge"): 3,
        ("quota", "open+nudge"): 7,
        ("quota", "open (account_closed)"): 1,
    }
    assert shown["mailboxes"] == {"population": 40, "read": 40}
    assert set(shown["rules"]["quota"]) == set(OUTCOMES)
    assert sum(shown["rules"]["quota"].values()) == 40
    assert shown["unknowns"] == {
        "delegates/access_denied": 1,
        "quota/access_denied": 1,
        "quota/value_missing": 1,
        "signature/access_denied": 1,
    }
    assert tables(desk.here)["plan_step"] == sum(steps.values())
    table = desk.types("sweep", "--dry-run").out
    lines = {tuple(line.split()) for line in table.splitlines()}
    for row in shown["steps"]:
        assert (row["rule"], *row["step"].split(), str(row["count"])) in lines
    assert "40 of 40 mailboxes read" in table


def test_a_plan_of_yesterday_still_runs_to_the_minute(tmp_path: Path) -> None:
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        plan = dry_run(desk)["plan"]
        desk.goes_to_day(24, 6, 0)
        assert desk.types("plan", "run", plan).code == 0
        assert desk.findings() == {("quota", "open"): 1}


def test_a_plan_is_refused_once_the_time_of_one_of_its_letters_has_passed(desk: Desk) -> None:
    """An absence letter makes sense until three in the afternoon: after that this is not the plan of then."""
    plan = dry_run(desk)["plan"]
    desk.goes_to_day(23, 15, 1)
    assert "has letters whose time has passed" in desk.refused("plan", "run", plan)
    assert desk.findings() == {}


def test_a_plan_older_than_a_day_is_refused(desk: Desk) -> None:
    plan = dry_run(desk)["plan"]
    desk.goes_to_day(24, 6, 1)
    assert "older than 24 hours; make a new one: mailbot sweep --dry-run" in desk.refused("plan", "run", plan)
    assert desk.findings() == {}


def test_a_plan_runs_once(desk: Desk) -> None:
    plan = dry_run(desk)["plan"]
    desk.types("plan", "run", plan)
    again = desk.types("plan", "run", plan)
    assert (again.code, again.out) == (5, "")
    assert "was run already" in again.err
    assert desk.findings() == AFTERWARDS


def test_a_plan_that_nobody_made_is_refused(desk: Desk) -> None:
    assert "there is no plan 20261123-000000" in desk.refused("plan", "run", "20261123-000000")


def test_a_plan_is_refused_when_a_sweep_came_between(desk: Desk) -> None:
    """The sweep told the same people already: the plan would tell them a second time."""
    plan = dry_run(desk)["plan"]
    desk.goes_to_day(23, 6, 30)
    desk.types("sweep")
    before = desk.letters()
    assert "has changed since it was made" in desk.refused("plan", "run", plan)
    assert (desk.findings(), desk.letters()) == (AFTERWARDS, before)


def test_a_plan_is_refused_when_a_sweep_saw_meanwhile_that_all_is_mended(tmp_path: Path) -> None:
    """Nobody was told, so no finding and no letter shows that the plan is of yesterday's mailbox."""
    with municipality(tmp_path, 30, stories=["plain-over"]) as here:
        desk = Desk(here)
        plan = dry_run(desk)["plan"]
        desk.resizes("plain-over", GIB)
        desk.goes_to_day(23, 6, 30)
        desk.types("sweep")
        assert "was overtaken by a newer sweep" in desk.refused("plan", "run", plan)
        assert desk.shows("plan", "show", plan)["to_type"] == ["mailbot sweep --dry-run"]
        assert (desk.findings(), desk.letters()) == ({}, {})


def test_of_two_plans_only_one_runs(desk: Desk) -> None:
    first = dry_run(desk)["plan"]
    desk.goes_to_day(23, 6, 30)
    second = dry_run(desk)["plan"]
    assert first != second
    desk.goes_to_day(23, 6, 40)
    desk.types("plan", "run", first)
    assert "has changed" in desk.refused("plan", "run", second)
    assert desk.findings() == AFTERWARDS


def test_of_two_plans_about_an_absence_only_one_runs(tmp_path: Path) -> None:
    """An absence letter is no weekly one, so nothing but its finding can tell that it was made already."""
    with municipality(tmp_path, 30, stories=["portugal"]) as here:
        desk = Desk(here)
        first, second = dry_run(desk)["plan"], dry_run(desk)["plan"]
        assert desk.types("plan", "run", first).code == 0
        assert "has changed" in desk.refused("plan", "run", second)
        assert desk.findings() == {("out_of_office", "open"): 1}


def test_a_plan_gives_nobody_a_second_weekly_letter(desk: Desk) -> None:
    """Another rule's letter was ordered for one of its people since; its own findings never moved."""
    plan = dry_run(desk)["plan"]
    person = desk.key("plain-over")
    with desk.here.opened() as house, house.store.begin() as work:
        now = house.clock.now()
        order = LetterOrder("other/1", LetterKind.NUDGE, "other", person, {}, now, now + timedelta(days=5))
        assert work.order(house.store.letter_id(order.key), order, now)
    assert "has changed" in desk.refused("plan", "run", plan)
    assert desk.findings() == {}


def test_a_plan_is_refused_when_one_of_its_findings_moved_on(desk: Desk) -> None:
    desk.types("sweep")
    desk.resizes("plain-over", GIB)
    desk.goes_to_day(23, 7)
    plan = dry_run(desk)
    assert {"rule": "quota", "step": "resolved", "count": 1} in plan["steps"]
    desk.goes_to_day(23, 8)
    desk.types("sweep")
    assert desk.findings()[("quota", "resolved")] == 1
    assert "has changed" in desk.refused("plan", "run", plan["plan"])


def test_a_plan_writes_to_nobody_who_had_a_letter_meanwhile(desk: Desk) -> None:
    """Told by a sweep, mended, and full again: the old plan knows of none of it."""
    plan = dry_run(desk)["plan"]
    for hour, size in ((7, 6 * GIB), (8, GIB)):
        desk.resizes("plain-over", size)
        desk.goes_to_day(23, hour)
        desk.types("sweep")
    assert "has changed" in desk.refused("plan", "run", plan)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('mode = "live"', 'mode = "off"'), "was made in delivery mode live"),
        (('pack = "voorbeeld"', 'pack = "huizen"'), "gate has closed"),
    ],
)
def test_a_plan_is_refused_under_another_mode_or_policy(
    desk: Desk, change: tuple[str, str], says: str
) -> None:
    plan = dry_run(desk)["plan"]
    desk.here.change(change)
    if "huizen" in change[1]:
        desk.here.change(('mode = "live"', 'mode = "off"'))
    assert says in desk.refused("plan", "run", plan)
    assert desk.findings() == {}


def test_a_plan_is_refused_under_a_new_policy_to_which_the_works_council_agreed(desk: Desk) -> None:
    plan = dry_run(desk)["plan"]
    pack = desk.here.settings / "packs" / "voorbeeld" / "pack.toml"
    pack.write_text(pack.read_text().replace("tip_percent = 90", "tip_percent = 80"))
    gates = desk.here.settings / "gates.toml"
    new = desk.types("doctor").out.rpartition(": ")[2].strip()
    old = gates.read_text().partition('policy_hash = "')[2].partition('"')[0]
    gates.write_text(gates.read_text().replace(old, new))
    said = desk.types("plan", "run", plan)
    assert (said.code, "another policy" in said.err) == (5, True)


def test_a_plan_is_refused_while_sending_is_stopped(desk: Desk) -> None:
    plan = dry_run(desk)["plan"]
    desk.types("stop")
    assert "sending is stopped; lift it first: mailbot stop --lift" in desk.refused("plan", "run", plan)
    desk.types("stop", "--lift")
    assert desk.types("plan", "run", plan).code == 0


def test_a_second_sweep_of_the_day_has_nothing_new_to_say(desk: Desk) -> None:
    first = desk.shows("sweep")
    desk.goes_to_day(23, 7)
    second = desk.shows("sweep")
    assert sum(row["count"] for row in first["steps"] if "nudge" in row["step"]) == 10
    assert [row for row in second["steps"] if "nudge" in row["step"]] == []
    assert second["rules"] == first["rules"]


# tables and JSON


def test_findings_show_counts_and_nobody(desk: Desk) -> None:
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    table = desk.types("findings").out
    shown = desk.shows("findings")
    assert {(row["rule"], row["state"]): row["count"] for row in shown["findings"]} == {
        ("out_of_office", "told"): 3,
        ("quota", "told"): 7,
        ("quota", "open"): 1,
    }
    assert shown["problems"] == {}
    assert shown["stopped"] is False
    for row in shown["findings"]:
        line = next(text for text in table.splitlines() if row["rule"] in text and row["state"] in text)
        assert line.split()[-1] == str(row["count"])
    everything = table + json.dumps(shown)
    assert not [person for person in desk.here.town.residents if person.address in everything]
    assert not [person for person in desk.here.town.residents if person.name in everything]


@pytest.mark.parametrize(
    "words",
    [
        ("sweep",),
        ("sweep", "--dry-run"),
        ("findings",),
        ("doctor",),
        ("explain", "f.celik@voorbeeld.example", "--reason", "vraag van haar zelf"),
    ],
)
def test_every_table_can_be_had_as_json(desk: Desk, words: tuple[str, ...]) -> None:
    address = desk.resident("both-rules").address
    words = tuple(address if "@" in word else word for word in words)
    shown = desk.types(*words, "--json")
    assert isinstance(json.loads(shown.out), dict)
    assert shown.err == ""


# an exclusion that was a mistake


def test_somebody_who_was_left_out_by_mistake_can_be_taken_back_in(desk: Desk) -> None:
    person = desk.resident("plain-over").address
    desk.types("sweep")
    assert desk.types("people", "exclude", person).code == 0
    assert desk.shows("sweep")["mailboxes"]["population"] == 39
    said = desk.types("people", "include", person)
    assert said.code == 0, said.err
    assert said.out.startswith("Done. From the next sweep on this person counts again")
    assert tables(desk.here)["exclusion"] == 0
    assert desk.shows("sweep")["mailboxes"]["population"] == 40
    assert ("include", ADMINISTRATOR, {}) in [(action, actor, d) for actor, action, d in desk.audit()]


def test_taking_somebody_back_in_does_not_tell_who_was_left_out(desk: Desk) -> None:
    """The same words and the same audit row for somebody who never was."""
    left_out, other = (desk.resident(story).address for story in ("plain-over", "portugal"))
    desk.types("people", "exclude", left_out)
    answers = {
        (said.code, said.out) for said in (desk.types("people", "include", a) for a in (left_out, other))
    }
    assert len(answers) == 1
    assert [row[1:] for row in desk.audit()[:2]] == [("include", {})] * 2
    assert "nobody in the sources has this address" in desk.refused(
        "people", "include", "niemand@voorbeeld.example"
    )


# a directory that was cut off


def test_a_directory_that_lost_many_is_refused_until_somebody_says_it_is_right(desk: Desk) -> None:
    """And when it turns out to be wrong after all, nobody is told of the same absence twice."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    told = {address: len(desk.got(address)) for address in desk.readers()}
    before = desk.findings()
    assert before[("out_of_office", "told")] == 3
    export = desk.here.settings / "directory.ldf"
    whole = export.read_bytes()
    exports(desk, b"\r\n\r\n".join(whole.split(b"\r\n\r\n")[:5]) + b"\r\n")

    refused = desk.types("sweep")
    assert (refused.code, refused.out) == (11, "")
    assert "the sources hold 4 people, the last sweep had 40; nothing was done" in refused.err
    assert "mailbot sweep --accept-people" in refused.err
    assert desk.findings() == before

    assert desk.shows_with_log("sweep", "--accept-people")["mailboxes"]["population"] == 4
    assert desk.findings()[("out_of_office", "lapsed")] >= 2, "who is gone needs no following"

    exports(desk, whole)
    again = desk.shows_with_log("sweep")
    assert again["mailboxes"]["population"] == 40
    absences = [row for row in again["steps"] if row["rule"] == "out_of_office" and "nudge" in row["step"]]
    assert absences == []
    desk.goes_to_day(23, 11)
    desk.delivers()
    for story in ("portugal", "in-english"):
        address = desk.resident(story).address
        assert len(desk.got(address)) == told[address] >= 1


def exports(desk: Desk, content: bytes) -> None:
    """The directory is exported anew: its head and four people, say."""
    (desk.here.settings / "directory.ldf").write_bytes(content)
    desk.goes_to(desk.here.clock.now())


# the helpdesk


def test_the_helpdesk_can_tell_whether_a_letter_is_ours(desk: Desk) -> None:
    """Somebody calls: is this real? The code on it says so, also in small letters and without its dash."""
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.delivers()
    (mail,) = desk.staff_got("plain-over")
    found = re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", re.sub("<[^>]+>", " ", mail.body))
    assert found
    for code in (found[0], found[0].lower().replace("-", "")):
        said = desk.types("letter", code)
        assert (said.code, said.out) == (0, "This letter is ours: quota (nudge), sent on 2026-11-23 10:05.\n")
    assert desk.shows("letter", found[0])["ours"] is True


def test_a_code_that_nobody_gave_out_is_not_ours(desk: Desk) -> None:
    said = desk.types("letter", "K7QF-2M9X")
    assert said.code == 1
    assert said.out.startswith("No letter with this code is kept")
    assert desk.types("letter", "K7QF-2M9X", "--json").json() == {"ours": False}


# orderly failure


def test_a_sweep_that_could_read_too_few_says_so_by_its_exit_code(desk: Desk) -> None:
    """A script that starts it need not read the table. What could be read is judged all the same."""
    desk.here.server.faults.add(*nobody_opens())
    said = desk.types("sweep")
    assert said.code == 12, said.err
    assert said.out.splitlines()[0].startswith("partial: ")


def test_a_folder_without_settings_is_one_clear_message(tmp_path: Path) -> None:
    """One line, whatever is typed; not a list of all that is missing there."""
    folder = tmp_path / "nowhere"
    for words in (["findings"], ["doctor"], ["sweep"], ["stop"], ["run"]):
        said = typed(None, *words, "--settings", str(folder))
        assert (said.code, said.out) == (2, "")
        assert said.err == f"mailbot: no settings in {folder} (use --settings or MAILBOT_SETTINGS)\n"


def test_a_missing_key_says_to_restore_it(desk: Desk) -> None:
    desk.types("findings")
    (desk.here.settings / "mailbot.key").unlink()
    said = desk.types("findings")
    assert said.code == 3
    assert "Restore the key file" in said.err


def test_a_missing_key_is_told_together_with_the_rest(desk: Desk) -> None:
    (desk.here.settings / "mailbot.key").unlink()
    desk.here.change(("workers = 4 ", "workers = 400 "))
    said = desk.types("findings")
    assert said.code == 2
    assert "2 problems" in said.err
    assert f"found:    There is no key file at {desk.here.settings}/mailbot.key" in said.err
    assert "exchange.workers" in said.err


def test_an_exchange_that_is_not_there_is_exit_code_seven(desk: Desk) -> None:
    desk.here.change((str(desk.here.server.endpoint), "http://127.0.0.1:9/EWS/Exchange.asmx"))
    said = desk.types("sweep")
    assert said.code == 7
    assert "Check [exchange] endpoint" in said.err


def test_a_wrong_word_is_told_in_the_usual_way(desk: Desk) -> None:
    assert desk.types("sweep", "--dry").code == 2
    assert "--dry-run" in desk.types("sweep", "--dry").err


def test_mailbot_starts_as_a_module_and_is_quick_to_help() -> None:
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mailbot", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert "sweep" in said.stdout
    loaded = {line.rpartition("|")[2].strip() for line in said.stderr.splitlines()}
    assert not loaded & {"sqlalchemy", "exchangelib", "pydantic", "lxml", "jinja2", "rich"}


def test_the_two_lanes_of_the_service_connect_one_after_the_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both import the same large packages at their first turn; two at once would see half a package."""
    met: list[bool] = []
    inside = threading.Semaphore(1)

    def connect(*_: object) -> object:
        met.append(not inside.acquire(blocking=False))
        time.sleep(0.05)
        inside.release()
        return object()

    monkeypatch.setattr(mailboxes, "exchange", connect)
    monkeypatch.setattr(mailboxes, "post", connect)
    with desk.here.opened() as house, ThreadPoolExecutor(4) as lanes:
        asked: list[Callable[[], object]] = [house.exchange, house.post, house.exchange, house.post]
        made = list(lanes.map(lambda ask: ask(), asked))
    assert met == [False, False], "one of each, and never both at once"
    assert (made[0], made[1]) == (made[2], made[3])


# the demo


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The demo as a newcomer runs it, once for all stories about it."""
    folder = tmp_path_factory.mktemp("showing") / "demo"
    return folder, demo(folder)


def demo(folder: Path, *more: str) -> dict[str, Any]:
    said = typed(None, "demo", "--json", "--mailboxes", "250", "--folder", str(folder), *more)
    assert said.code == 0, said.err
    shown = said.json()
    assert isinstance(shown, dict)
    return shown


def test_the_demo_says_what_it_did(demonstrated: tuple[Path, dict[str, Any]]) -> None:
    _, shown = demonstrated
    assert shown["mailboxes"]["population"] == 250
    assert 230 < shown["mailboxes"]["read"] < 250
    assert set(shown["rules"]) == set(registry())
    for counts in shown["rules"].values():
        assert set(counts) == set(OUTCOMES)
        assert sum(counts.values()) == 250
    assert shown["letters"]["sent"] > 30
    assert shown["letters"]["in_doubt"] == 0
    assert shown["requests"] > 150
    assert shown["seconds"] > 0


def test_the_demo_leaves_letters_to_look_at(demonstrated: tuple[Path, dict[str, Any]]) -> None:
    folder, shown = demonstrated
    letters = sorted((folder / "letters").glob("*.eml"))
    assert len(letters) == shown["letters"]["sent"]
    index = (folder / "letters" / "index.html").read_text(encoding="utf-8")
    assert all(letter.name in index for letter in letters)
    assert "http" not in index.replace("http-equiv", ""), "the page loads nothing from elsewhere"


def test_the_demo_sends_nothing_twice_until_it_starts_afresh(
    demonstrated: tuple[Path, dict[str, Any]],
) -> None:
    folder, first = demonstrated
    again = demo(folder)
    assert again["letters"] == {"sent": 0, "in_doubt": 0}
    assert again["rules"] == first["rules"]
    assert len(list((folder / "letters").glob("*.eml"))) == first["letters"]["sent"], "the letters stay"
    anew = demo(folder, "--fresh")
    assert anew["letters"]["in_doubt"] == 0
    assert anew["letters"]["sent"] > 30, "another key draws another sample, so not the same number"


def test_the_demo_never_empties_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("the only copy")
    said = typed(None, "demo", "--fresh", "--json", "--folder", str(tmp_path))
    assert said.code == 2
    assert "holds other files" in said.err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.docx"]
    assert not (tmp_path / MARK).exists()
