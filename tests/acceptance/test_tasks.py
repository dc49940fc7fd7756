"""Work for the administrator: counted for everybody, whose mailbox only with a reason, which is told."""

from pathlib import Path

import pytest

from mailbot.model.tasks import Task
from tests.acceptance.desk import Desk
from tests.acceptance.municipality import Municipality


@pytest.fixture
def desk(voorbeeld: Municipality) -> Desk:
    return Desk(voorbeeld)


def test_before_a_sweep_there_is_nothing_to_show(desk: Desk) -> None:
    assert "No sweep yet." in desk.types("tasks").out


def test_tasks_are_counted_and_name_nobody(desk: Desk) -> None:
    desk.types("sweep")
    shown = desk.shows("tasks")
    assert shown["tasks"][Task.BLOCK_ACCOUNT] >= 1
    said = desk.types("tasks").out
    assert "block the account" in said
    assert "@" not in said
    assert "tasks for the administrator; see: mailbot tasks" in desk.types("sweep").out


def test_whose_mailbox_it_is_takes_a_reason_and_is_logged(desk: Desk) -> None:
    desk.types("sweep")
    code = Task.INBOX_OPEN_TO_ALL.value
    assert "say why you look" in desk.refused("tasks", code)
    shown = desk.shows("tasks", code, "--reason", "melding 4711: rechten herstellen")
    assert len(shown["mailboxes"]) == desk.shows("tasks")["tasks"][code] >= 1
    rows = [row for row in desk.audit() if row[1] == "tasks"]
    assert {row[2]["task"] for row in rows} == {code}
    assert len(rows) == len(shown["mailboxes"]), "one row for each person, by the key"
    assert not any("@" in str(value) for row in rows for value in row[2].values())


def test_people_in_service_hear_of_the_look_and_leavers_cannot(desk: Desk) -> None:
    desk.types("sweep")
    before = desk.letters().get(("notice", "waiting"), 0)
    open_inboxes = desk.shows("tasks", Task.INBOX_OPEN_TO_ALL.value, "--reason", "rechten herstellen")
    told = desk.letters().get(("notice", "waiting"), 0) - before
    assert told == len(open_inboxes["mailboxes"])
    leavers = desk.shows("tasks", Task.BLOCK_ACCOUNT.value, "--reason", "accounts sluiten")
    assert leavers["mailboxes"]
    assert desk.letters().get(("notice", "waiting"), 0) - before == told


def test_whoever_the_settings_leave_out_since_the_sweep_is_not_counted(desk: Desk) -> None:
    """Beside the mailboxes that a task names, one too many would tell that somebody is left out."""
    desk.types("sweep")
    code = Task.BLOCK_ACCOUNT.value
    before = desk.shows("tasks")["tasks"][code]
    owner = next(iter(desk.shows("tasks", code, "--reason", "accounts sluiten")["mailboxes"]))
    toml = desk.here.settings / "mailbot.toml"
    text = toml.read_text("utf-8")
    assert text.count("exclude_addresses = [") == 1
    toml.write_text(
        text.replace("exclude_addresses = [", f'exclude_addresses = ["{owner}",'), encoding="utf-8"
    )
    assert desk.shows("tasks")["tasks"].get(code, 0) == before - 1


def test_a_task_that_does_not_exist_is_told_with_those_that_do(desk: Desk, tmp_path: Path) -> None:
    assert "block_account" in desk.refused("tasks", "blok_account", "--reason", "accounts sluiten")
