"""`mailbot doctor`: every bad thing has a line of its own, and the line says what to mend."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.jobs.mending import MENDING
from mailbot.model.facts import Reason
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from tests.acceptance.desk import SENDER, Desk, small_town
from tests.acceptance.municipality import municipality
from tests.acceptance.staged import bring, forget_terms


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as here:
        yield here


def lines(desk: Desk, *words: str) -> tuple[int, dict[str, str]]:
    """Exit code, and what is said by what was looked at."""
    said = desk.types("doctor", *words)
    assert "Traceback" not in said.err
    return said.code, dict(line.split(": ", 1) for line in said.out.splitlines())


def test_a_healthy_house_is_all_good(desk: Desk) -> None:
    code, said = lines(desk, "--readable", desk.resident("plain-over").address, "--unreadable", denied(desk))
    assert code == 0
    notes = {what for what, says in said.items() if not says.startswith("good, ") and "hash" not in what}
    assert notes == {"excluded groups", "rule confidential_external"}, "no ombudsman, and no decision"
    assert "no decision in force allows that" in said["rule confidential_external"]
    assert set(said) >= {
        *(f"gate G{n}" for n in range(6)),
        "audit log",
        "delivery",
        "outbox",
        "people",
        "sign-in",
        "readable mailbox",
        "unreadable mailbox",
        "rule quota",
        "rule out_of_office",
        "stage quota",
        "stage out_of_office",
        "post",
        "service mailbox",
    }


def test_of_every_rule_it_says_how_far_it_has_come(desk: Desk) -> None:
    """One that somebody keeps back, one that changed since it was decided about, and the others."""
    bring(desk.here.settings, delegates="observe", out_of_office="pilot")
    forget_terms(desk.here.settings, "quota")
    code, said = lines(desk)
    assert code == 0, "to observe is no defect"
    assert said["stage delegates"] == (
        "note, observe, since 2024-04-02; what it would have sent: mailbot plan show"
    )
    assert said["stage out_of_office"] == "good, pilot, since 2024-04-02"
    assert said["stage signature"] == "good, everyone, since 2024-04-02"
    assert said["stage quota"] == (
        "note, observe: the rule, or a parameter of its norm, changed since stages.toml was written; what it "
        "would have sent: mailbot plan show; once it is decided: mailbot rules stage pilot quota"
    )


def denied(desk: Desk) -> str:
    """Outside the service account's scope."""
    return desk.resident("denied").address


def test_as_json_it_says_the_same(desk: Desk) -> None:
    _, said = lines(desk)
    shown = desk.shows("doctor")
    assert {c["what"]: f"{c['level']}, {c['says']}" for c in shown["checks"]}.items() <= said.items()
    assert shown["policy_hash"] in said["policy hash, to be named in the works council's consent"]


def test_it_reads_no_more_than_the_mailboxes_it_was_given(desk: Desk) -> None:
    readable = desk.resident("plain-over").address
    desk.types("doctor", "--readable", readable, "--unreadable", denied(desk))
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert touched == {readable, denied(desk), SENDER}
    assert not [line for line in desk.here.server.access_log() if line.body_asked]


def test_whoever_is_paused_is_not_read_by_hand_either(desk: Desk) -> None:
    paused = desk.resident("plain-over").address
    assert desk.types("people", "pause", paused).code == 0
    for option in ("--readable", "--unreadable"):
        code, said = lines(desk, option, paused)
        assert code == 1
        assert said[f"{option[2:]} mailbox"].startswith(
            "bad, not tried: an objection of its holder is pending"
        )
    touched = {address for line in desk.here.server.access_log() for address in line.mailboxes}
    assert paused not in touched


# each bad thing


def test_a_wrong_password(desk: Desk) -> None:
    (desk.here.settings / "exchange.password").write_text("yesterday's")
    code, said = lines(desk)
    assert code == 1
    assert said["sign-in"].startswith("bad, Exchange refused the service account")
    assert "Check user name and password" in said["sign-in"]
    assert "readable mailbox" not in said, "what cannot be known is not guessed"


def test_it_clears_the_pause_after_a_refusal_and_tries_once(desk: Desk) -> None:
    """A refused sign-in rests for half an hour. Whoever mends the password need not wait for it."""
    password = desk.here.settings / "exchange.password"
    password.write_text("yesterday's")
    assert desk.types("sweep").code == 6
    password.write_text("demo-only")
    assert "less than 30 minutes ago" in desk.types("sweep").err
    refused = sum(line.refused for line in desk.here.server.access_log())
    assert refused == 1, "the pause holds: Exchange was not bothered again"
    code, said = lines(desk)
    assert (code, said["sign-in"]) == (0, "good, Exchange accepts the service account by password (basic)")
    assert desk.types("sweep").code == 0


def test_live_with_a_closed_gate_will_not_start(desk: Desk) -> None:
    (desk.here.settings / "gates.toml").unlink()
    code, said = lines(desk)
    assert code == 1
    assert said["delivery"].startswith("bad, mode live: will not start while gates are closed")
    assert "mode live refuses to start" in desk.types("sweep").err, "and so it is"


def test_other_modes_start_with_a_closed_gate_and_send_nothing(desk: Desk) -> None:
    (desk.here.settings / "gates.toml").unlink()
    desk.here.change(('mode = "live"', 'mode = "pilot"'))
    assert lines(desk)[1]["delivery"] == "note, mode pilot: no letter leaves while gates are closed"


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("live", "in mode live they will go to real people"),
        ("pilot", "those of the pilot groups will go to real people"),
        ("redirect", "none of them reaches the person it is about"),
        ("off", "in mode off they stay"),
    ],
)
def test_letters_that_wait_are_counted_and_it_says_where_they_will_go(
    desk: Desk, mode: str, says: str
) -> None:
    desk.types("sweep")
    desk.here.change(('mode = "live"', f'mode = "{mode}"'), ("# redirect_to = ", "redirect_to = "))
    outbox = lines(desk)[1]["outbox"]
    assert outbox.startswith("note, 10 letters wait to leave; ")
    assert says in outbox


def test_a_group_that_leaves_nobody_out_is_named(desk: Desk) -> None:
    """Somebody typed `bedrijfarts`: then the doctor's mail is read like everybody's."""
    unit = next(p.unit.name for p in desk.here.town.residents if p.unit)
    desk.here.change(('"bedrijfsarts",', f'"bedrijfarts",\n  "{unit}",'))
    said = lines(desk)[1]["excluded groups"]
    assert said.startswith("note, nobody in the sources belongs to: ")
    named = said.removeprefix("note, nobody in the sources belongs to: ").partition(";")[0].split(", ")
    assert "bedrijfarts" in named
    assert unit.casefold() not in named


def test_a_server_that_is_not_there(desk: Desk) -> None:
    desk.here.change((desk.here.server.endpoint, "http://127.0.0.1:9/EWS/Exchange.asmx"))
    code, said = lines(desk)
    assert code == 1
    assert "Check [exchange] endpoint" in said["sign-in"]


def test_an_address_where_no_exchange_answers(desk: Desk) -> None:
    desk.here.change((desk.here.server.endpoint, desk.here.server.base_url + "/owa"))
    code, said = lines(desk)
    assert code == 1
    assert "did not answer as EWS does (http_404)" in said["sign-in"]


def test_a_closed_gate(desk: Desk) -> None:
    gates = desk.here.settings / "gates.toml"
    gates.write_text(gates.read_text().replace("date = 2024-02-19", "date = 2026-12-01"))
    code, said = lines(desk)
    assert code == 1
    assert said["gate G3"] == "bad, the mandate is dated 2026-12-01, after today; wait until that day"
    assert said["sign-in"].startswith("good"), "the rest is looked at all the same"


@pytest.mark.parametrize(
    ("operation", "rule", "fact"),
    [
        ("GetUserOofSettings", "out_of_office", "automatic reply"),
        ("GetInboxRules", "out_of_office", "inbox rules"),
        ("FindFolder", "quota", "mailbox size"),
    ],
)
def test_a_server_that_lacks_an_operation(desk: Desk, operation: str, rule: str, fact: str) -> None:
    desk.here.server.faults.add(Fault(FaultKind.NO_OPERATION, operation))
    code, said = lines(desk)
    assert code == 1
    assert said[f"rule {rule}"].startswith(f"bad, cannot find deviations here because {fact} cannot be read")
    assert "update Exchange" in said[f"rule {rule}"]
    other = "quota" if rule == "out_of_office" else "out_of_office"
    assert said[f"rule {other}"].startswith("good, can find deviations here, knowing ")


def test_what_the_doctor_says_of_a_rule_is_what_a_sweep_finds(desk: Desk) -> None:
    """Cannot find deviations means none at all: unknown, never compliant, and no letter."""
    desk.here.server.faults.add(Fault(FaultKind.NO_OPERATION, "FindFolder"))
    counts = desk.shows("sweep")["rules"]["quota"]
    assert counts["deviation"] == counts["compliant"] == counts["tip"] == 0
    assert counts["unknown"] > 30


def test_a_mailbox_that_should_open_and_does_not(desk: Desk) -> None:
    code, said = lines(desk, "--readable", denied(desk))
    assert code == 1
    assert said["readable mailbox"] == (
        "bad, does not open (access_denied); let the service account open this mailbox "
        "(check its management scope)"
    )


def test_rights_that_are_too_wide(desk: Desk) -> None:
    code, said = lines(desk, "--unreadable", desk.resident("plain-over").address)
    assert code == 1
    assert said["unreadable mailbox"] == "bad, opens; narrow the rights of the service account"


def test_a_mistyped_address_is_no_proof_of_narrow_rights(desk: Desk) -> None:
    code, said = lines(desk, "--unreadable", "or.secretariat@voorbeeld.example")
    assert code == 0
    assert said["unreadable mailbox"].startswith("note, cannot be told (mailbox_missing); check the address")


def test_without_one_it_asks_for_a_mailbox_that_must_stay_closed(desk: Desk) -> None:
    assert lines(desk)[1]["unreadable mailbox"].startswith("note, not tried; name one with --unreadable")


def test_an_account_without_the_right_to_impersonate(tmp_path: Path) -> None:
    with (
        small_town(tmp_path / "town") as desk,
        SimulatorServer(desk.here.town, may_impersonate=False) as narrow,
    ):
        desk.here.change((desk.here.server.endpoint, narrow.endpoint))
        code, said = lines(desk, "--readable", desk.resident("plain-over").address)
        assert code == 1
        assert said["readable mailbox"].startswith("bad, does not open (access_denied)")


def test_a_directory_export_that_broke_overnight(desk: Desk) -> None:
    export = desk.here.settings / "directory.ldf"
    export.write_text(export.read_text().replace("objectGUID:: ", "objectGUID:: !", 1))
    said = desk.types("doctor")
    assert said.code == 1
    assert "people: bad, 1 problem in the directory export" in said.out
    assert "base64" in said.out


def test_an_audit_log_that_somebody_touched(desk: Desk) -> None:
    import sqlite3

    desk.types("sweep")
    with sqlite3.connect(desk.here.settings / "mailbot.db") as database:
        database.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 1")
    code, said = lines(desk)
    assert code == 1
    assert said["audit log"].startswith("bad, rows were changed or removed from outside")


def test_a_stop_that_was_forgotten(desk: Desk) -> None:
    desk.types("stop")
    code, said = lines(desk)
    assert (code, said["delivery"]) == (0, "note, all sending is stopped; to lift it: mailbot stop --lift")


def test_a_pack_that_lapsed_says_why_no_rule_is_on(desk: Desk) -> None:
    desk.here.change(('pack = "voorbeeld"', 'pack = "brunssum"'))
    code, said = lines(desk)
    assert code == 1
    assert "was in force until" in said["gate G5"]
    assert "was in force until" in said["rules"]


def test_it_works_on_ntlm_too(desk: Desk) -> None:
    desk.here.change(('auth = "basic"', 'auth = "ntlm"'))
    assert lines(desk)[0] == 0


def test_copies_of_letters_that_are_left_behind_are_counted(desk: Desk) -> None:
    desk.types("sweep")
    desk.goes_to_day(23, 10, 5)
    desk.here.server.faults.add(Fault(FaultKind.PLAIN_500, "DeleteItem"))
    desk.delivers()
    desk.here.server.faults.clear()
    assert lines(desk)[1]["service mailbox"] == "good, holds 10 copies of our letters"


def test_every_reason_has_words_for_whoever_mends_it() -> None:
    assert set(MENDING) == set(Reason)
    assert all(len(words) > 20 for words in MENDING.values())


def test_full_access_in_place_of_impersonation(tmp_path: Path) -> None:
    """The other right: the account opens each mailbox as itself."""
    with (
        municipality(tmp_path, 30, stories=["plain-over"]) as here,
        SimulatorServer(here.town, may_impersonate=False, full_access=True) as server,
    ):
        here.change((here.server.endpoint, server.endpoint))
        here.change(('access = "impersonation"', 'access = "full_access"'))
        desk = Desk(here)
        code, said = lines(desk, "--readable", desk.resident("plain-over").address)
    assert code == 0
    assert said["readable mailbox"] == "good, opens"


def test_a_mail_server_that_nobody_can_reach_is_told(desk: Desk) -> None:
    """Before the first letter waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = f'kind = "smtp"\nsmtp_host = "127.0.0.1"\nsmtp_port = {port}\n'
    desk.here.change(('kind = "exchange"', server))
    code, said = lines(desk)
    assert code == 1
    assert said["post"].startswith("bad, The mail server cannot be used")


def test_a_rule_that_writes_to_nobody_has_no_stage(desk: Desk) -> None:
    _, said = lines(desk)
    assert "stage quota" in said and "stage leaver" not in said
