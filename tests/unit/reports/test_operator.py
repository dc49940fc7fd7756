"""The administrator hears of a problem once when it begins and once when it is over."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailbot.model.clock import SetClock
from mailbot.model.errors import Unreachable
from mailbot.model.slots import Job
from mailbot.reports.operator import FileOperator
from mailbot.reports.status import LastRun, StatusFile

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


class Memory:
    """What the store remembers of open problems; it can be made to fail."""

    def __init__(self) -> None:
        self.open: dict[str, datetime] = {}
        self.broken = False

    def change(self, code: str, now: datetime | None) -> bool:
        if self.broken:
            raise Unreachable("the database did not answer")
        if now is None:
            return self.open.pop(code, None) is not None
        new = code not in self.open
        self.open.setdefault(code, now)
        return new


class Mailbox:
    """What the administrator got by mail; the relay can be made to fail."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.broken = False

    def __call__(self, subject: str, text: str) -> None:
        if self.broken:
            raise Unreachable("the relay for operator mail failed")
        self.subjects.append(subject)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(MONDAY)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "status.json"


@pytest.fixture
def start(path: Path, clock: SetClock, memory: Memory, mailbox: Mailbox) -> Callable[[], FileOperator]:
    """Start the process (again): only the store and the files outlive it."""
    return lambda: FileOperator(path, memory.change, clock, mailbox)


Start = Callable[[], FileOperator]


def test_one_message_when_it_begins_and_one_when_it_is_over(start: Start, mailbox: Mailbox) -> None:
    operator = start()
    for _ in range(3):
        operator.problem("sign_in", "Exchange refuses the account.")
    start().problem("sign_in", "Exchange refuses the account.")
    operator.solved("sign_in")
    operator.solved("sign_in")
    assert mailbox.subjects == ["mailbot: sign_in", "mailbot: sign_in is solved"]


def test_a_problem_that_never_was_is_not_solved_aloud(start: Start, mailbox: Mailbox, path: Path) -> None:
    start().solved("sign_in")
    assert mailbox.subjects == []
    assert not path.exists()


def test_the_status_file_has_state_and_start_of_each_problem(
    start: Start, clock: SetClock, path: Path
) -> None:
    operator = start()
    operator.problem("sign_in", "Exchange refuses the account.")
    clock.set(MONDAY + timedelta(hours=1))
    operator.problem("sign_in", "Exchange still refuses the account.")
    operator.problem("feed", "The directory is 3 days old.")
    status = json.loads(path.read_text())
    assert status["healthy"] is False
    assert status["written"] == "2026-11-23T09:30:00+00:00"
    assert [(p["code"], p["since"], p["text"]) for p in status["problems"]] == [
        ("feed", "2026-11-23T09:30:00+00:00", "The directory is 3 days old."),
        ("sign_in", "2026-11-23T08:30:00+00:00", "Exchange still refuses the account."),
    ]
    operator.solved("feed")
    operator.solved("sign_in")
    assert json.loads(path.read_text())["healthy"] is True


def test_a_message_that_did_not_leave_is_tried_again(start: Start, mailbox: Mailbox) -> None:
    mailbox.broken = True
    with capture_logs() as logs:
        start().problem("feed", "The directory is 3 days old.")
    assert [entry["event"] for entry in logs] == ["problem_open", "operator_mail_failed"]
    mailbox.broken = False
    start().problem("feed", "The directory is 3 days old.")
    start().problem("feed", "The directory is 3 days old.")
    assert mailbox.subjects == ["mailbot: feed"]


def test_nobody_hears_that_a_problem_is_over_that_nobody_heard_of(start: Start, mailbox: Mailbox) -> None:
    mailbox.broken = True
    start().problem("feed", "The directory is 3 days old.")
    mailbox.broken = False
    start().solved("feed")
    assert mailbox.subjects == []


def test_a_store_that_fails_is_told_about_all_the_same(
    start: Start, memory: Memory, mailbox: Mailbox, path: Path
) -> None:
    memory.broken = True
    for _ in range(2):
        start().problem("store", "The database does not answer.")
    start().solved("store")
    assert mailbox.subjects == ["mailbot: store", "mailbot: store is solved"]
    assert json.loads(path.read_text())["problems"] == []


def test_a_disk_that_fails_does_not_stop_the_work(tmp_path: Path, clock: SetClock, memory: Memory) -> None:
    (tmp_path / "file").write_text("in the way")
    operator = FileOperator(tmp_path / "file" / "status.json", memory.change, clock)
    with capture_logs() as logs:
        operator.problem("feed", "The directory is 3 days old.")
    assert [entry["event"] for entry in logs] == ["problem_open", "status_file_failed"]


def test_a_living_service_shows_in_the_age_of_the_file(path: Path, clock: SetClock, memory: Memory) -> None:
    operator = FileOperator(path, memory.change, clock)
    operator.problem("feed", "The directory is 3 days old.")
    clock.sleep(60)
    operator.alive()
    status = json.loads(path.read_text())
    assert status["written"] == clock.now().isoformat()
    assert [problem["code"] for problem in status["problems"]] == ["feed"]


def test_a_deleted_status_file_brings_no_second_message(start: Start, mailbox: Mailbox, path: Path) -> None:
    start().problem("feed", "The directory is 3 days old.")
    path.unlink()
    start().problem("feed", "The directory is 3 days old.")
    assert mailbox.subjects == ["mailbot: feed"]


def test_without_a_relay_log_and_file_are_enough(path: Path, clock: SetClock, memory: Memory) -> None:
    with capture_logs() as logs:
        operator = FileOperator(path, memory.change, clock)
        operator.problem("feed", "The directory is 3 days old.")
        operator.solved("feed")
    assert [(entry["event"], entry["code"]) for entry in logs] == [
        ("problem_open", "feed"),
        ("problem_solved", "feed"),
    ]


def test_the_newest_turn_of_each_job_is_kept_beside_the_problems(start: Start, path: Path) -> None:
    operator = start()
    operator.problem("feed", "The directory is 3 days old.")
    operator.ran(Job.SWEEP, "sweep/2026-11-22/06:00", MONDAY, "complete", {"read": 1})
    operator.ran(Job.SWEEP, "sweep/2026-11-23/06:00", MONDAY, "partial", {"read": 243})
    operator.ran(Job.DIGEST, "digest/2026-11-23/08:30", MONDAY, "complete", {})
    status = json.loads(path.read_text())
    assert [(r["job"], r["slot"], r["result"]) for r in status["runs"]] == [
        ("digest", "digest/2026-11-23/08:30", "complete"),
        ("sweep", "sweep/2026-11-23/06:00", "partial"),
    ]
    assert status["runs"][1]["counts"] == {"read": 243}
    assert [p["code"] for p in status["problems"]] == ["feed"]


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"problems": [{}], "runs": []}', '{"problems": 1}'])
def test_a_spoiled_status_file_is_replaced(spoiled: str, path: Path, clock: SetClock) -> None:
    path.parent.mkdir()
    path.write_text(spoiled)
    file = StatusFile(path, clock)
    assert file.read().problems == {}
    file.ran(LastRun("sweep", "sweep/2026-11-23/06:00", MONDAY, "complete"))
    assert file.read().runs["sweep"].finished == MONDAY


def test_writing_leaves_no_pieces_behind_and_the_old_file_when_it_fails(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = StatusFile(path, clock)
    file.ran(LastRun("sweep", "sweep/2026-11-23/06:00", MONDAY, "complete"))
    before = path.read_text()

    def full(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        file.close("sweep")
    assert path.read_text() == before
    assert [p.name for p in path.parent.iterdir()] == ["status.json"]
