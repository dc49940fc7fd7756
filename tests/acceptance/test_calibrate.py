"""`mailbot calibrate secure-mail`: from an administrator's test mails to a file that somebody approves."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailbot.cli.demo_settings import CALIBRATION_MAILBOX
from mailbot.config.load import load
from tests.acceptance.desk import Desk
from tests.acceptance.municipality import Municipality

TODAY = date(2026, 11, 23)


@pytest.fixture
def desk(voorbeeld: Municipality) -> Desk:
    return Desk(voorbeeld)


def calibrate(desk: Desk, *more: str) -> Any:
    return desk.types(
        "calibrate", "secure-mail", "--mailbox", CALIBRATION_MAILBOX, "--approver", "CISO", *more
    )


def test_every_client_is_learnt_and_the_file_says_who_approves_it_until_when(desk: Desk) -> None:
    said = calibrate(desk, "--tag", "[veilig]")
    assert said.code == 0, said.err + said.out
    written = tomllib.loads((desk.here.settings / "secure_mail.toml").read_text())
    assert written["calibration"] == {
        "approver": "CISO",
        "approved": TODAY,
        "review_by": date(2027, 5, 23),
    }
    assert len(written["client"]) >= 3
    assert all(client["marker"] for client in written["client"])
    kinds = {marker["kind"] for client in written["client"] for marker in client["marker"]}
    assert {"header", "subject_tag"} <= kinds
    assert written["trusted_domain"], "what was there stays"
    assert load(desk.here.settings, {}).secure_mail.always_marks(TODAY)


def test_a_tag_that_nobody_confirmed_proves_nothing(desk: Desk) -> None:
    said = calibrate(desk)
    assert "[veilig] proves nothing until somebody confirms its mail-flow rule" in said.out
    assert not load(desk.here.settings, {}).secure_mail.always_marks(TODAY)


def test_what_one_mail_bears_by_accident_proves_nothing_until_somebody_confirms_it(desk: Desk) -> None:
    mailbox = desk.here.town.mailbox(CALIBRATION_MAILBOX)
    assert mailbox is not None
    for item in mailbox.items.values():
        if "calibration secure" in item.subject:
            item.attachments.append(("logo gemeente.png", "image/png"))
    said = calibrate(desk)
    told = "logo gemeente.png proves nothing until somebody confirms it: --confirm 'logo gemeente.png'"
    assert told in said.out
    assert "logo" not in (desk.here.settings / "secure_mail.toml").read_text()
    confirmed = calibrate(desk, "--confirm", "Logo gemeente.png")
    assert "--confirm" not in confirmed.out
    written = tomllib.loads((desk.here.settings / "secure_mail.toml").read_text())
    markers = [marker for client in written["client"] for marker in client["marker"]]
    assert {"kind": "attachment", "name": "logo gemeente.png"} in markers


def test_the_earlier_file_stays_beside_it(desk: Desk) -> None:
    before = (desk.here.settings / "secure_mail.toml").read_text()
    calibrate(desk, "--tag", "[veilig]")
    [kept] = desk.here.settings.glob("secure_mail.toml.until-*")
    assert kept.read_text() == before


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    before = (desk.here.settings / "secure_mail.toml").read_text()
    assert "Nothing was written." in calibrate(desk, "--dry-run").out
    assert (desk.here.settings / "secure_mail.toml").read_text() == before


def test_a_mailbox_without_test_mails_says_what_to_send(desk: Desk) -> None:
    said = desk.types(
        "calibrate", "secure-mail", "--mailbox", "postbushulp@voorbeeld.example", "--approver", "CISO"
    )
    assert (said.code, "No test mails were found" in said.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--header", "geen kop:"], "a header's name is one word"),
        (["--review-by", "2030-01-01"], "a day from 2026-11-23 to 2027-11-23"),
        (["--review-by", "2026-11-22"], "within a year after the approval"),
        (["--approver", " "], "the approver is one short text"),
        (["--review-by", "morgen"], "%Y-%m-%d"),
    ],
)
def test_what_is_typed_wrong_is_refused_and_nothing_is_written(
    desk: Desk, words: list[str], told: str
) -> None:
    before = (desk.here.settings / "secure_mail.toml").read_text()
    said = calibrate(desk, *words)
    assert said.code == 2
    assert told in " ".join(said.err.replace("│", " ").split())
    assert "pydantic" not in said.err and "validation error" not in said.err
    assert (desk.here.settings / "secure_mail.toml").read_text() == before


def test_only_its_own_mails_are_looked_at(desk: Desk) -> None:
    calibrate(desk, "--tag", "[veilig]")
    log = [line for line in desk.here.server.access_log() if line.operation in ("FindItem", "GetItem")]
    assert log
    assert {address for line in log for address in line.mailboxes} == {CALIBRATION_MAILBOX}
    assert [
        line for line in log if line.bodies_asked or (line.headings_asked and not line.subject_searched)
    ] == []
    [row] = [row for row in desk.audit() if row[1] == "calibrate"]
    assert "@" not in str(row[2])


def test_a_file_that_is_wrong_is_not_overwritten(desk: Desk, tmp_path: Path) -> None:
    file = desk.here.settings / "secure_mail.toml"
    file.write_text('[[client]]\nclient = "Outlook"\n')
    said = calibrate(desk)
    assert said.code == 2
    assert "secure_mail.toml" in said.err
    assert file.read_text() == '[[client]]\nclient = "Outlook"\n'
