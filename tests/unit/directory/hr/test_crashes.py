"""Power failures, full disks, folders that may not be written to, and two processes at once."""

import errno
import os
import signal
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailbot.directory.hr import drops, kept
from mailbot.directory.hr.disk import Disk
from mailbot.model.clock import SetClock
from mailbot.model.errors import Busy, SettingsRefused
from mailbot.model.sources import Trouble
from tests.unit.directory.hr.feeds import NOW, Dropbox, feed, row, staff


class Failing(Disk):
    """Does `left` things and half of the next one; then `fail` happens."""

    def __init__(self, left: int, fail: Callable[[], None]) -> None:
        self.left = left
        self.fail = fail

    def _spend(self) -> bool:
        self.left -= 1
        return self.left == -1

    def write(self, file: Path, data: bytes, written: datetime) -> None:
        if self._spend():
            file.write_bytes(data[: len(data) // 2])
            self.fail()
        super().write(file, data, written)

    def replace(self, new: Path, old: Path) -> None:
        if self._spend():
            self.fail()
        super().replace(new, old)

    def move(self, file: Path, to: Path) -> None:
        if self._spend():
            self.fail()
        super().move(file, to)

    def remove(self, file: Path) -> None:
        if self._spend():
            self.fail()
        super().remove(file)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def in_a_process(act: Callable[[], object]) -> bool:
    """Whether a process of its own came to the end of it, or was killed on the way."""
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


STORIES: dict[str, tuple[list[dict[str, str]] | bytes, int, Trouble | None]] = {
    "a good drop": (staff(99), 99, None),
    "one with errors": (feed(row(1, mail="x")), 100, Trouble.REFUSED),
    "one that is held": (staff(50), 100, Trouble.MANY_LEAVERS),
    "the same again": (staff(100), 100, None),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_power_failure_at_any_step_loses_nothing_and_loads_nothing_half(tmp_path: Path, story: str) -> None:
    """Whatever was done before it: the next reading comes to the same end, and until then the old feed or the
    new one is used, never a part of one."""
    content, expected, trouble = STORIES[story]
    for steps in range(100):
        box = Dropbox(tmp_path / str(steps))
        box.folder.mkdir()
        box.drop(staff(100), minutes=30)
        box.drop(feed(row(1, mail="y")), "older.csv", minutes=25)
        box.hr.read()
        box.drop(content, minutes=10)
        box.disk = Failing(steps, killed)
        ended = in_a_process(box.hr.read)
        box.disk = Disk()
        told = box.hr.examine()
        assert told.trouble is trouble
        assert (len(box.keys()), box.state()) == (expected, told)
        assert len([name for name in box.files() if name.endswith(".csv")]) == (1 if trouble is None else 2)
        assert not [name for name in box.files() if "taken" in name or "new" in name]
        if ended:
            assert steps > 4
            return
    pytest.fail("it never came to an end")


def test_the_same_while_an_administrator_accepts(tmp_path: Path) -> None:
    for steps in range(100):
        box = Dropbox(tmp_path / str(steps))
        box.folder.mkdir()
        box.drop(staff(100), minutes=30)
        box.drop(staff(50), "b.csv", minutes=20)
        box.hr.read()
        box.disk = Failing(steps, killed)
        ended = in_a_process(box.hr.accept)
        box.disk = Disk()
        people, state = box.hr.read()
        assert (len(people), state.trouble) in (
            (100, Trouble.MANY_LEAVERS),
            (50, Trouble.MANY_LEAVERS),
            (50, None),
        )
        if state.trouble is not None:
            box.hr.accept()
        assert (len(box.keys()), box.state().trouble) == (50, None)
        if ended:
            assert steps > 4
            return
    pytest.fail("it never came to an end")


def test_a_full_disk_at_any_step_keeps_the_old_feed_and_the_drop(tmp_path: Path) -> None:
    for steps in range(100):
        box = Dropbox(tmp_path / str(steps))
        box.folder.mkdir()
        box.drop(staff(100), minutes=30)
        box.hr.read()
        box.drop(staff(99), minutes=10)
        box.disk = Failing(steps, full)
        people, state = box.hr.read()
        if state.trouble is None:
            assert steps > 4
            return
        assert len(people) in (99, 100) and "is full" in state.says
        box.disk = Disk()
        assert (len(box.keys()), box.state().trouble) == (99, None)
    pytest.fail("it never came to an end")


def test_a_full_disk_without_any_feed_is_a_refusal_in_words(box: Dropbox) -> None:
    box.drop(staff(3))
    box.disk = Failing(1, full)
    with pytest.raises(SettingsRefused, match="disk with the personnel folder is full"):
        box.hr.read()
    box.disk = Disk()
    assert len(box.keys()) == 3


def test_a_folder_that_may_not_be_written_to_is_told_in_words() -> None:
    """As an account to which it is closed: root is stopped by nothing."""
    with tempfile.TemporaryDirectory() as folder:
        box = Dropbox(Path(folder))
        box.drop(staff(3)).chmod(0o644)
        box.folder.chmod(0o755 if os.geteuid() == 0 else 0o555)

        def read() -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            assert "may not write" in box.hr.examine().says
            with pytest.raises(SettingsRefused, match="may not write"):
                box.hr.read()

        assert in_a_process(read)
        assert box.files() == {"hr.csv"}


@pytest.mark.parametrize("refusal", [errno.EACCES, errno.EROFS, errno.EXDEV, errno.EIO])
def test_what_the_machine_refuses_is_told_in_words_and_the_last_feed_used(box: Dropbox, refusal: int) -> None:
    def refuse() -> None:
        raise OSError(refusal, os.strerror(refusal), "/srv/hr/geheim.csv")

    box.drop(staff(3), minutes=20)
    box.hr.read()
    drop = box.drop(staff(2))
    box.disk = Failing(0, refuse)
    people, state = box.hr.read()
    assert (len(people), state.trouble) == (3, Trouble.REFUSED)
    assert "personnel folder" in state.says and "geheim" not in state.says
    assert drop.exists()


def test_a_kept_folder_of_somebody_else_is_refused(box: Dropbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.kept.mkdir()
    mine = os.geteuid()
    monkeypatch.setattr(kept.os, "geteuid", lambda: mine + 1)
    with pytest.raises(SettingsRefused, match="another account"):
        box.hr.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work for another account")
def test_what_root_s_command_keeps_belongs_to_the_service(box: Dropbox) -> None:
    """Else the service could not read it afterwards."""
    box.kept.mkdir(mode=0o700)
    os.chown(box.kept, 65534, 65534)
    box.drop(staff(3))
    assert len(box.keys()) == 3
    assert {file.stat().st_uid for file in box.kept.iterdir()} == {65534}


class TestTwoAtOnce:
    def test_one_waits_for_the_other_and_says_so_when_it_takes_too_long(
        self, box: Dropbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kept, "LOCK_SECONDS", 0.0)
        box.drop(staff(3))
        first = kept.Kept(box.folder, SetClock(NOW), Disk())
        first.prepare()
        with first.locked(), pytest.raises(Busy, match="kept/lock"):
            box.hr.read()
        assert len(box.keys()) == 3

    def test_who_dies_gives_the_lock_back(self, box: Dropbox) -> None:
        box.drop(staff(3))
        box.disk = Failing(0, killed)
        assert not in_a_process(box.hr.read)
        box.disk = Disk()
        assert len(box.keys()) == 3

    def test_many_readers_and_many_drops_end_with_the_newest(self, box: Dropbox) -> None:
        for number in range(6):
            box.drop(staff(100 - number), f"{number}.csv", minutes=30 - number)
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                count = len(box.hr.read()[0])
                os._exit(0 if count == 95 else 1)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        assert len(box.keys()) == 95

    def test_who_looks_while_another_one_moves_a_feed_into_its_place_looks_again(
        self, box: Dropbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Looking takes no lock, so content and note may be those of two feeds for a moment."""
        box.drop(staff(3))
        box.hr.read()
        (tmp_path / "other").mkdir()
        other = Dropbox(tmp_path / "other")
        other.drop(staff(2), minutes=5)
        other.hr.read()
        plain = kept._bytes

        def overtaken(file: Path) -> bytes | None:
            data = plain(file)
            if file == box.kept / "accepted.csv" and other.files():
                for name in ("accepted.csv", "accepted.json"):
                    (other.kept / name).replace(box.kept / name)
            return data

        monkeypatch.setattr(kept, "_bytes", overtaken)
        state = box.hr.examine()
        assert (state.trouble, state.as_of) == (None, NOW - timedelta(minutes=5))


class TestWritingOn:
    """The other system writes on while a drop is looked at: it is for the next time."""

    def test_between_finding_and_opening(self, box: Dropbox) -> None:
        file = box.drop(staff(2))
        found = drops.look(file)
        assert found is not None and drops.content(found) is not None
        box.drop(staff(3), file.name)
        assert drops.content(found) is None

    def test_while_it_is_read(self, box: Dropbox, monkeypatch: pytest.MonkeyPatch) -> None:
        file = box.drop(staff(2))
        found = drops.look(file)
        plain = os.fstat

        def written_on(handle: int) -> os.stat_result:
            told = plain(handle)
            with file.open("ab") as more:
                more.write(b"x")
            return told

        monkeypatch.setattr(drops.os, "fstat", written_on)
        assert found is not None and drops.content(found) is None
