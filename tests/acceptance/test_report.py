"""`mailbot report` over a month of sweeps: a page and CSV about groups of ten or more, or plainly nothing."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from mailbot.config.load import read_packs
from mailbot.jobs.sweep import sweep
from mailbot.model.figures import ORGANISATION
from mailbot.model.slots import Job
from mailbot.model.verdicts import Outcome
from mailbot.policy.packs import policy_hash
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.municipality import AMSTERDAM, Municipality, municipality

JUDGED = (Outcome.COMPLIANT, Outcome.DEVIATION, Outcome.TIP)


def sweeps_on(here: Municipality, month: int, day: int) -> None:
    here.goes_to(datetime(2026, month, day, 6, tzinfo=AMSTERDAM))
    with here.opened() as house:
        sweep(house, here.slot())


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Municipality]:
    """Sweeps on two days of November and two of December; it is 4 January. Figures are for the directie."""
    with municipality(tmp_path_factory.mktemp("december")) as here:
        shows_to(here, "directie")
        for month, day in ((11, 23), (11, 30), (12, 1), (12, 14)):
            sweeps_on(here, month, day)
        here.goes_to(datetime(2027, 1, 4, 9, tzinfo=AMSTERDAM))
        yield here


def shown(here: Municipality, *words: str) -> Any:
    return Desk(here).shows("report", *words)


def test_it_writes_a_page_and_two_tables_for_the_month_that_ended_last(
    december: Municipality, tmp_path: Path
) -> None:
    desk = Desk(december)
    said = desk.types("report", "--out", str(tmp_path / "reports"))
    assert said.code == 0, said.err
    names = ["mailbot-2026-12.html", "mailbot-2026-12-figures.csv", "mailbot-2026-12-sweeps.csv"]
    assert [Path(line).name for line in said.out.split()] == names
    assert {file.name for file in (tmp_path / "reports").iterdir()} == set(names)
    page = (tmp_path / "reports" / names[0]).read_text(encoding="utf-8")
    assert "Maandoverzicht postbussen: december 2026" in page
    assert "Je postbus is hoogstens 5 gigabyte groot." in page
    table = (tmp_path / "reports" / names[1]).read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(table, newline=""), delimiter=";"))
    assert {row["onderwerp"] for row in found} == {rule["name"] for rule in shown(december)["rules"]}


def test_what_it_says_is_true_of_the_verdicts(december: Municipality) -> None:
    """The last sweep of December, counted here by hand."""
    with december.opened() as house, house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        assert newest is not None
        row, _ = newest
        outcomes = {rule: work.outcomes(row.slot.id, rule) for rule in ("quota", "delegates", "signature")}
    points = {rule["rule"]: rule["points"] for rule in shown(december)["rules"]}
    assert set(points) <= set(outcomes)
    assert {"quota", "delegates"} <= set(points)
    for rule, found in points.items():
        judged = [outcome for outcome in outcomes[rule].values() if outcome in JUDGED]
        share = 100 * judged.count(Outcome.DEVIATION) / len(judged)
        (point,) = [one for one in found if one["measured_on"] == "2026-12-14"]
        if point["percent"] is not None:
            assert abs(point["percent"] - share) <= 5, rule
        else:
            assert point["word"] == {0: "none", 1: "few", 2: "few"}[judged.count(Outcome.DEVIATION)]


def test_weeks_without_a_sweep_are_gaps(december: Municipality) -> None:
    (quota,) = [rule for rule in shown(december)["rules"] if rule["rule"] == "quota"]
    weeks = {p["from"]: p["measured_on"] for p in quota["points"] if p["from"] >= "2026-12-01"}
    assert weeks == {
        "2026-12-01": "2026-12-01",
        "2026-12-07": None,
        "2026-12-14": "2026-12-14",
        "2026-12-21": None,
        "2026-12-28": None,
    }


def test_no_group_of_fewer_than_ten_is_kept_or_left_over(december: Municipality) -> None:
    first, last = date(2026, 11, 1), date(2026, 12, 31)
    with december.opened() as house, house.store.begin() as work:
        measured = work.measured(first, last)
    assert len(measured) == 4
    for _, figures in measured.values():
        assert min(figure.judged for figure in figures) >= 10
        for rule in {figure.rule for figure in figures}:
            whole = next(f for f in figures if f.rule == rule and f.group == ORGANISATION)
            parts = [f for f in figures if f.rule == rule and f.group != ORGANISATION]
            assert parts, "250 mailboxes have departments that may be shown"
            left = whole.judged - sum(figure.judged for figure in parts)
            assert left == 0 or left >= 10


def test_departments_stand_there_by_name(december: Municipality) -> None:
    names = {one["department"] for rule in shown(december)["rules"] for one in rule["departments"]}
    known = {person.unit.name for person in december.town.residents if person.unit}
    assert names
    assert names <= known


def test_it_names_nobody_and_gives_no_number_of_mailboxes(december: Municipality, tmp_path: Path) -> None:
    desk = Desk(december)
    said = json.dumps(shown(december))
    desk.types("report", "--out", str(tmp_path))
    said += "".join(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())
    staff = [person for person in december.town.residents if " " in person.name]
    assert "@" not in re.sub(r"<style.*?</style>", "", said, flags=re.DOTALL)
    assert not [person for person in staff if person.name in said]
    population = desk.shows("sweep")["mailboxes"]["population"]
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", said, flags=re.DOTALL)
    assert not re.search(rf"\b({population}|250)\b", text)


def test_that_it_was_made_is_logged(december: Municipality) -> None:
    shown(december, "--month", "2026-11")
    newest = next(row for row in Desk(december).audit() if row[1] == "report")
    assert newest[2] == {"month": "2026-11"}


def test_in_english_it_is_the_same_month(december: Municipality) -> None:
    dutch, english = shown(december), shown(december, "--language", "en")
    percents = [
        [point["percent"] for rule in found["rules"] for point in rule["points"]]
        for found in (dutch, english)
    ]
    assert percents[0] == percents[1]
    assert dutch["rules"][0]["name"] != english["rules"][0]["name"]


@pytest.mark.parametrize("audience", ["none", "managers"])
def test_where_figures_are_not_for_the_directie_alone_there_are_no_departments(
    tmp_path: Path, audience: str
) -> None:
    with municipality(tmp_path) as here:
        shows_to(here, audience)
        sweeps_on(here, 11, 23)
        desk = Desk(here)
        desk.goes_to_day(1, 9, month=12)
        assert {len(rule["departments"]) for rule in shown(here)["rules"]} == {0}
        with here.opened() as house, house.store.begin() as work:
            (day,) = work.measured(date(2026, 11, 1), date(2026, 11, 30)).values()
        assert {figure.group for figure in day[1]} == {ORGANISATION}


def shows_to(here: Municipality, audience: str) -> None:
    pack = here.settings / "packs" / "voorbeeld" / "pack.toml"
    text = pack.read_text(encoding="utf-8")
    assert 'shown_to = "managers"' in text
    pack.write_text(text.replace('shown_to = "managers"', f'shown_to = "{audience}"'), encoding="utf-8")
    consents(here)


def consents(here: Municipality) -> None:
    """The works council consents to the pack as it is now."""
    gates = here.settings / "gates.toml"
    packs, _ = read_packs(here.settings)
    text = gates.read_text(encoding="utf-8")
    gates.write_text(
        re.sub(r'policy_hash = "[0-9a-f]{64}"', f'policy_hash = "{policy_hash(packs["voorbeeld"])}"', text),
        encoding="utf-8",
    )


# nothing to tell


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as desk:
        yield desk


def test_a_month_without_sweeps_is_told_plainly(village: Desk, tmp_path: Path) -> None:
    said = village.types("report", "--out", str(tmp_path))
    assert said.code == 0, said.err
    assert "No figures for 2026-10: the report says why." in said.out
    page = (tmp_path / "mailbot-2026-10.html").read_text(encoding="utf-8")
    assert "In oktober 2026 is er niet gemeten." in page
    assert village.shows("report")["figures"] is False


def test_a_dry_run_leaves_no_figures(village: Desk) -> None:
    village.types("sweep", "--dry-run")
    assert village.shows("report", "--month", "2026-11")["measured"] == []
    village.types("sweep")
    assert village.shows("report", "--month", "2026-11")["measured"] == ["2026-11-23"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--month", "november"), "write a month as 2026-11"),
        (("--month", "2026-13"), "write a month as 2026-11"),
        (("--month", "2027-01"), "2027-01 has not begun"),
        (("--language", "fr"), "nl or en"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(
    village: Desk, words: tuple[str, ...], why: str
) -> None:
    assert why in village.refused("report", *words)


def test_where_it_cannot_write_it_says_so(village: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert "cannot write there" in village.refused("report", "--out", str(tmp_path / "file" / "reports"))


def test_who_is_excluded_leaves_no_trace_in_it(village: Desk) -> None:
    """Two villages, alike but for one person who is left out of the second: the same report."""
    village.types("sweep")
    before = village.shows("report", "--month", "2026-11")
    village.types("people", "exclude", village.resident("plain-over").address)
    village.types("sweep")
    after = village.shows("report", "--month", "2026-11")
    assert [rule["rule"] for rule in after["rules"]] == [rule["rule"] for rule in before["rules"]]
    for rule in after["rules"]:
        assert {point["read"] for point in rule["points"]} == {None, "9 van de 10 of meer"}
