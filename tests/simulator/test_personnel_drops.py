"""What personnel drops into its folder: two files that differ, each as old as it is on the town's clock."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.simulator import Town, personnel
from mailbot.simulator.stories import STAGED_NOW

CONTRACT = (
    "person_key;mail;dienst_in;dienst_uit;contract_volgnr;manager_key;org_code;org_naam;werkdagen;verlof_van;"
    "verlof_tot;verlof_goedgekeurd_op"
)
OLD, NEW = "personeel-2026-11-20.csv", "personeel-2026-11-23.csv"


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.build()


Rows = list[dict[str, str]]


def both(town: Town) -> tuple[Rows, Rows]:
    older, newer = town.drops()
    assert newer.content.startswith(b"\xef\xbb\xbf"), "with a byte order mark"
    return rows(older.content.decode("cp1252")), rows(newer.content.decode("utf-8-sig"))


def rows(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def of(found: Rows, town: Town, story: str) -> Rows:
    guid = town.staged()[story]
    key = next(resident.person_key for resident in town.residents if resident.guid == guid)
    return [row for row in found if row["person_key"] == key]


def test_the_columns_are_those_of_the_contract_and_no_others(town: Town) -> None:
    for found in both(town):
        assert ";".join(found[0]) == CONTRACT
        assert None not in {cell for row in found for cell in row.values()}
        assert all(row["person_key"] and row["dienst_in"] for row in found)


def test_the_older_drop_is_no_utf_8(town: Town) -> None:
    with pytest.raises(UnicodeDecodeError):
        town.drops()[0].content.decode("utf-8")


def test_accounts_that_are_no_people_and_functional_mailboxes_are_unknown_to_personnel(town: Town) -> None:
    people = {resident.person_key for resident in [*town.residents, *town.outdoor_staff]} - {""}
    for found in both(town):
        others = {row["person_key"] for row in found} - people
        assert others == {"118840"}, "the second one on somebody's mailbox"
        assert not [row for row in found if row["mail"].startswith(("adm-", "svc-", "balie."))]


def test_whoever_is_hired_does_not_stand_there(town: Town) -> None:
    hired = (
        "hired-until-yesterday",
        "leaver-day-of-grace",
        "leaver-reply-too-long",
        "leaver-last-day-today",
        "roster-in-outlook",
        "roster-nowhere-not-away",
    )
    for found in both(town):
        assert [story for story in hired if of(found, town, story)] == []


def test_an_end_that_the_older_drop_has_is_withdrawn_in_the_newer(town: Town) -> None:
    older, newer = both(town)
    assert [row["dienst_uit"] for row in of(older, town, "end-withdrawn")] == ["2026-11-13"]
    assert [row["dienst_uit"] for row in of(newer, town, "end-withdrawn")] == [""]


def test_leave_that_was_approved_on_friday_is_not_in_fridays_file_yet(town: Town) -> None:
    older, newer = both(town)
    assert [row["verlof_van"] for row in of(older, town, "leave-approved-late")] == [""]
    (row,) = of(newer, town, "leave-approved-late")
    assert [row[f"verlof_{name}"] for name in ("van", "tot", "goedgekeurd_op")] == [
        "2026-11-19",
        "2026-11-27",
        "2026-11-20",
    ]


def test_the_drops_differ_in_nothing_else(town: Town) -> None:
    older, newer = ({tuple(row.values()) for row in found} for found in both(town))
    assert len(older - newer) == len(newer - older) == 2


def test_contracts_stand_on_rows_of_their_own(town: Town) -> None:
    _, newer = both(town)
    ends = [row["dienst_uit"] for row in of(newer, town, "leaver-several-contracts")]
    assert ends == ["2025-06-30", "2026-10-31"]
    assert [row["dienst_uit"] for row in of(newer, town, "leaver-renewed")] == ["2026-10-31", "9999-12-31"]


def test_personnel_lags_behind_where_the_story_says_so(town: Town) -> None:
    _, newer = both(town)
    (renamed,) = of(newer, town, "outlook-says-otherwise")
    assert renamed["mail"] == "petronella.hofstra@voorbeeld.example"
    (unnamed,) = of(newer, town, "part-timer-two-own-days")
    assert (unnamed["person_key"], unnamed["mail"]) == ("4711", "")
    twice = {row["person_key"] for row in newer if row["mail"] == "marga.zwiers@voorbeeld.example"}
    assert len(twice) == 2


def test_managers_stand_there_as_told(town: Town) -> None:
    _, newer = both(town)

    def manager_and_key(story: str) -> tuple[str, str]:
        (row,) = of(newer, town, story)
        return row["manager_key"], row["person_key"]

    assert manager_and_key("no-manager")[0] == manager_and_key("end-withdrawn")[0] == ""
    assert len(set(manager_and_key("own-manager"))) == 1
    assert manager_and_key("circle-of-two") == manager_and_key("circle-of-two-closed")[::-1]
    led = {row["manager_key"] for row in newer}
    assert manager_and_key("manager-on-leave")[1] in led


def test_drops_are_as_old_as_they_are_by_the_towns_clock(town: Town, tmp_path: Path) -> None:
    personnel.write(town.drops(), tmp_path, STAGED_NOW)
    brought = {
        file.name: datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in tmp_path.glob("*.csv")
    }
    five = STAGED_NOW.replace(hour=5)
    assert brought == {OLD: five - timedelta(days=3), NEW: five}


def test_before_five_yesterdays_drop_is_the_newest(town: Town) -> None:
    newest = personnel.drops(town.residents, STAGED_NOW.replace(hour=4, minute=59))[1]
    assert newest.name == "personeel-2026-11-22.csv"


def test_what_was_brought_is_not_brought_again_after_it_was_taken_away(town: Town, tmp_path: Path) -> None:
    personnel.write(town.drops(), tmp_path, STAGED_NOW)
    for file in tmp_path.glob("*.csv"):
        file.unlink()
    personnel.write(town.drops(), tmp_path, STAGED_NOW)
    assert list(tmp_path.glob("*.csv")) == []


def test_what_changed_on_the_same_day_is_brought_under_another_name(town: Town, tmp_path: Path) -> None:
    personnel.write(town.drops(), tmp_path, STAGED_NOW)
    for rest in (town.residents[1:], town.residents[2:], town.residents[1:]):
        personnel.write(personnel.drops(rest, STAGED_NOW), tmp_path, STAGED_NOW)
    again = [tmp_path / f"personeel-2026-11-23-{number}.csv" for number in (2, 3, 4)]
    assert {file.name for file in tmp_path.glob("*.csv")} == {OLD, NEW, *(file.name for file in again)}
    assert again[0].read_bytes() == again[2].read_bytes() != again[1].read_bytes()
    quiet = (STAGED_NOW - timedelta(minutes=2)).timestamp()
    assert {file.stat().st_mtime for file in again} == {quiet}


def test_the_next_day_brings_a_file_even_when_nothing_changed(town: Town, tmp_path: Path) -> None:
    staff = town.residents
    for days in (0, 1):
        now = STAGED_NOW + timedelta(days=days)
        personnel.write(personnel.drops(staff, now), tmp_path, now)
    assert {file.name for file in tmp_path.glob("*.csv")} == {OLD, NEW, "personeel-2026-11-24.csv"}
