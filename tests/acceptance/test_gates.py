"""Preconditions on paper: while one is missing mailbot counts who could be reached, and does no more."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mailbot.engine.gates import in_population
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.model.slots import Job
from tests.acceptance.desk import Desk, small_town, tables

ABOUT_PEOPLE = (
    "visited", "last_read", "bookmark", "judgement", "finding", "finding_history", "plan_step", "letter",
    "disclosure",
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path, "off") as here:
        yield here


def edit_gates(desk: Desk, *replacements: tuple[str, str]) -> None:
    file = desk.here.settings / "gates.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def without(desk: Desk, section: str) -> None:
    """Take one section out of gates.toml."""
    file = desk.here.settings / "gates.toml"
    parts = file.read_text(encoding="utf-8").split("\n[")
    kept = [part for part in parts if not part.startswith(f"{section}]")]
    assert len(kept) == len(parts) - 1
    file.write_text("\n[".join(kept), encoding="utf-8")


MISSING = {"G0": "dpia", "G1": "works_council", "G2": "staff_notice", "G3": "mandate", "G4": "register"}


@pytest.mark.parametrize("gate", [*MISSING, "G5"])
def test_each_closed_gate_makes_a_closed_run(desk: Desk, gate: str) -> None:
    """Reachable mailboxes are counted. Nothing about a person is stored, no plan is made, nothing is sent."""
    if gate in MISSING:
        without(desk, MISSING[gate])
    else:
        pack = desk.here.settings / "packs" / "voorbeeld" / "pack.toml"
        pack.write_text(pack.read_text().replace("# valid_to = 2028-12-31", "valid_to = 2026-11-22"))
    shown = desk.shows_with_log("sweep", code=4)
    assert shown["result"] == "closed"
    assert gate in shown["closed_gates"]
    assert shown["mailboxes"] == {"population": 40, "read": 39}, "one is outside the account's scope"
    assert shown["rules"] == {}
    assert shown["plan"] is None
    rows = tables(desk.here)
    assert {name: rows[name] for name in ABOUT_PEOPLE} == dict.fromkeys(ABOUT_PEOPLE, 0)
    assert rows["plan"] == 0
    asked = {line.operation for line in desk.here.server.access_log()}
    assert asked <= {"GetUserAvailability", "GetFolder", "(sign-in)"}, "no size, reply or rule was looked at"
    desk.goes_to_day(23, 10, 5)
    assert desk.delivers().sent == 0


def test_a_closed_run_says_so_and_a_dry_run_then_fails(desk: Desk) -> None:
    without(desk, "dpia")
    said = desk.types("sweep")
    assert (said.code, said.out.splitlines()[0]) == (
        4,
        "Closed run. Closed gates: G0; mailbot doctor says why.",
    )
    asked_for_a_plan = desk.types("sweep", "--dry-run")
    assert asked_for_a_plan.code == 4
    assert "no plan was made" in asked_for_a_plan.out


def test_the_audit_log_tells_of_a_closed_run_in_counts(desk: Desk) -> None:
    without(desk, "register")
    desk.types("sweep")
    _, action, detail = desk.audit()[0]
    assert (action, detail["gates"]) == ("closed_run", "G4")


def test_another_policy_than_the_works_council_knows_closes_its_gate(desk: Desk) -> None:
    """Half a gigabyte less is another policy, until the council consents to exactly that."""
    pack = desk.here.settings / "packs" / "voorbeeld" / "pack.toml"
    pack.write_text(pack.read_text().replace("5_368_709_120", "4_831_838_208"))
    assert desk.shows_with_log("sweep", code=4)["closed_gates"] == ["G1"]
    diagnosis = desk.types("doctor")
    assert diagnosis.code == 1
    line = next(line for line in diagnosis.out.splitlines() if line.startswith("gate G1"))
    assert "ask consent to the pack as it is now" in line
    new = line.rpartition("policy_hash = ")[2]
    edit_gates(desk, (consented(desk), new))
    assert desk.shows_with_log("sweep")["rules"]["quota"]["deviation"] > 0, "and it observes again"


def consented(desk: Desk) -> str:
    gates = tomllib.loads((desk.here.settings / "gates.toml").read_text(encoding="utf-8"))
    said = gates["works_council"]["policy_hash"]
    assert isinstance(said, str)
    return said


def test_a_comment_in_the_pack_is_not_another_policy(desk: Desk) -> None:
    pack = desk.here.settings / "packs" / "voorbeeld" / "pack.toml"
    pack.write_text("# looked through by legal affairs\n" + pack.read_text())
    assert desk.shows("sweep")["closed_gates"] == []


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        (("date = 2024-02-12", "date = 2026-11-10"), "G2"),  # told thirteen days ago
        (("# revoked = 2027-01-01", "revoked = 2026-11-23"), "G3"),
        (("date = 2024-01-15", "date = 2026-11-24"), "G0"),  # dated tomorrow
    ],
)
def test_evidence_has_its_day(desk: Desk, change: tuple[str, str], gate: str) -> None:
    edit_gates(desk, change)
    assert desk.shows_with_log("sweep", code=4)["closed_gates"] == [gate]


def test_the_notice_to_staff_opens_its_gate_after_fourteen_days(desk: Desk) -> None:
    edit_gates(desk, ("date = 2024-02-12", "date = 2026-11-10"))
    assert desk.shows_with_log("sweep", code=4)["closed_gates"] == ["G2"]
    desk.goes_to_day(24)
    assert desk.shows("sweep")["closed_gates"] == []


def test_a_plan_does_not_run_once_a_gate_has_closed(desk: Desk) -> None:
    plan = desk.shows("sweep", "--dry-run")["plan"]
    without(desk, "mandate")
    said = desk.types("plan", "run", plan)
    assert (said.code, said.out) == (4, "")
    assert "a gate has closed since the plan was made" in said.err
    assert desk.findings() == {}


def test_a_sample_mandate_reads_the_sample_and_nobody_else(desk: Desk) -> None:
    """Not only the verdicts: Exchange is asked nothing about whoever was not drawn."""
    edit_gates(desk, ('population = "all"', 'population = "sample"\nsample_percent = 40'))
    with desk.here.opened() as house:
        mandate = house.terms.evidence.mandate
        assert mandate is not None
        people = house.directory.people().by_guid
        drawn = {
            p.address.value
            for g, p in people.items()
            if in_population(mandate, house.store.person_key(g), date(2026, 11, 23))
        }
    assert 5 < len(drawn) < 30
    shown = desk.shows("sweep")
    assert shown["mailboxes"]["population"] == len(drawn)
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert touched - {"postbushulp@voorbeeld.example"} == drawn
    assert tables(desk.here)["visited"] == len(drawn)


def test_a_mandate_revoked_while_the_service_runs_ends_digests_and_letters(desk: Desk) -> None:
    """A running service is not started again on the day a gate closes: its jobs look for themselves."""
    desk.here.change(('mode = "off"', 'mode = "live"'))
    edit_gates(desk, ("# revoked = 2027-01-01", "revoked = 2026-11-24"))
    with desk.here.opened() as house:
        desk.goes_to_day(23, 6)
        desk.types("sweep")
        desk.goes_to_day(24, 8, 31)
        assert digest(house, desk.here.slot(Job.DIGEST)) == 0
        with house.store.begin() as work:
            assert not [kind for kind, _ in work.letter_counts() if kind == "digest"]
        assert deliver(house).sent == 0, "letters of yesterday's sweep have no ground today"
    assert desk.readers() == set()
