"""The drop folder: what is picked up and when, what is used, held or refused, and what is kept of it."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.config.shipped import shipped_settings
from mailbot.directory.hr.feed import HrFeed
from mailbot.model.clock import SystemClock
from mailbot.model.errors import SettingsRefused
from mailbot.model.sources import Source, SourceState, Trouble
from tests.unit.directory.hr.feeds import AMSTERDAM, NOW, Dropbox, feed, row, staff


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


class TestPickingUp:
    def test_a_drop_is_taken_out_of_the_folder_and_kept_for_our_eyes_only(self, box: Dropbox) -> None:
        box.drop(staff(3)).chmod(0o644)
        assert box.keys() == ["1001", "1002", "1003"]
        assert box.files() == {"kept/accepted.csv", "kept/accepted.json"}
        assert mode(box.kept) == 0o700
        assert {mode(file) for file in box.kept.iterdir()} == {0o600}

    def test_the_state_tells_when_it_was_delivered(self, box: Dropbox) -> None:
        box.drop(staff(1), minutes=90)
        assert box.state() == SourceState(Source.PERSONNEL, NOW - timedelta(minutes=90))

    def test_it_is_used_until_something_newer_comes(self, box: Dropbox) -> None:
        box.drop(staff(1))
        assert box.keys() == box.keys() == ["1001"]
        box.drop(staff(2), minutes=5)
        assert box.keys() == ["1001", "1002"]

    @pytest.mark.parametrize("name", ["HR.CSV", "een feed (2).csv", "personeel-é.csv", "x" * 250 + ".csv"])
    def test_whatever_it_is_called(self, box: Dropbox, name: str) -> None:
        box.drop(staff(1), name)
        assert box.keys() == ["1001"]

    @pytest.mark.parametrize(
        "name",
        [
            ".hr.csv",
            ".~lock.hr.csv#",
            "~$hr.csv",
            "hr.csv.part",
            "hr.csv.filepart",
            "hr.tmp",
            "hr.csv.tmp",
            "hr.txt",
        ],
    )
    def test_other_names_are_left_alone(self, box: Dropbox, name: str) -> None:
        box.drop(staff(1))
        other = box.drop(staff(2), name, minutes=5)
        assert box.keys() == ["1001"] and other.exists()

    def test_what_is_no_plain_file_is_left_alone_and_not_opened(self, box: Dropbox, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere.csv"
        elsewhere.write_bytes(feed(*staff(2)))
        os.utime(elsewhere, (0, 0))
        (box.folder / "link.csv").symlink_to(elsewhere)
        os.mkfifo(box.folder / "pipe.csv")
        (box.folder / "folder.csv").mkdir()
        with pytest.raises(SettingsRefused, match="Left alone: 3"):
            box.hr.read()
        assert elsewhere.exists() and len(list(box.folder.glob("*.csv"))) == 3

    @pytest.mark.parametrize(
        ("seconds", "taken"), [(0, False), (59, False), (60, True), (-30, False), (-86400, False)]
    )
    def test_a_file_that_may_still_be_written_to_waits(self, box: Dropbox, seconds: int, taken: bool) -> None:
        box.drop(staff(1))
        box.hr.read()
        file = box.drop(staff(2), minutes=seconds / 60)
        assert (len(box.keys()) == 2) is taken
        assert file.exists() is not taken

    def test_robocopy_dates_a_file_1980_while_it_writes(self, box: Dropbox) -> None:
        """In its full size, filled up with zeros, before the first byte is there."""
        file = box.drop(bytes(2000))
        os.utime(file, (datetime(1980, 1, 1, tzinfo=UTC).timestamp(),) * 2)
        with pytest.raises(SettingsRefused, match="Waiting: 1"):
            box.hr.read()
        assert file.exists()
        box.drop(staff(1), file.name)
        assert box.keys() == ["1001"]

    def test_it_is_taken_the_next_time(self, box: Dropbox) -> None:
        box.drop(staff(1), minutes=0)
        with pytest.raises(SettingsRefused, match="Waiting: 1"):
            box.hr.read()
        box.pass_time(minutes=1)
        assert box.keys() == ["1001"]

    def test_one_that_is_written_to_after_it_was_taken_waits_too(self, box: Dropbox) -> None:
        """The other system kept the file open: it writes on, wherever the file was moved."""
        box.drop(staff(1), minutes=20)
        box.hr.read()
        late = box.drop(staff(2))
        box.kept.joinpath("taken.000001.hr.csv").hardlink_to(late)
        late.unlink()
        with (box.kept / "taken.000001.hr.csv").open("ab") as still_open:
            still_open.write(b"1003;half a li")
        os.utime(box.kept / "taken.000001.hr.csv", (NOW.timestamp() - 3,) * 2)
        assert box.keys() == ["1001"]
        assert "kept/taken.000001.hr.csv" in box.files()

    def test_one_dated_two_days_ahead_is_refused_with_a_word_about_clocks(self, box: Dropbox) -> None:
        box.drop(staff(1))
        box.drop(staff(2), "ahead.csv", minutes=-2 * 24 * 60)
        state = box.state()
        assert state.trouble is Trouble.REFUSED and "clocks" in state.says
        box.pass_time(hours=1)
        box.drop(staff(2))
        assert box.state().trouble is None

    def test_several_are_taken_oldest_first(self, box: Dropbox) -> None:
        """The middle one has an end date that the last one takes back."""
        box.drop(staff(3), "c.csv", minutes=30)
        box.drop([row(1, dienst_uit="2026-12-31"), *staff(3)[1:]], "a.csv", minutes=20)
        box.drop(staff(3), "b.csv", minutes=10)
        people, state = box.hr.read()
        assert [person.ends for person in people] == [None] * 3
        assert state.as_of == NOW - timedelta(minutes=10)

    def test_of_the_same_moment_by_name(self, box: Dropbox) -> None:
        for name, count in (("b.csv", 2), ("a.csv", 1), ("c.csv", 3)):
            box.drop(staff(count), name)
        assert len(box.keys()) == 3

    def test_each_is_judged_by_the_last_good_one(self, box: Dropbox) -> None:
        """Three weeks of drops, two people less in each: no day has too many, all together they are."""
        for week in range(3):
            box.drop(staff(100)[2 * week :], f"{week}.csv", minutes=60 - week)
        assert (len(box.keys()), box.state().trouble) == (96, None)

    def test_one_that_was_written_before_the_one_in_use_does_not_turn_back_time(self, box: Dropbox) -> None:
        box.drop(staff(3), minutes=10)
        box.hr.read()
        box.drop(staff(2), minutes=30)
        people, state = box.hr.read()
        assert len(people) == 3
        assert state.trouble is Trouble.REFUSED and "written before" in state.says

    def test_the_same_content_again_changes_nothing_but_the_date(self, box: Dropbox) -> None:
        box.drop(staff(3))
        before = box.hr.read()
        box.pass_time(days=1)
        box.drop(staff(3))
        people, state = box.hr.read()
        assert people == before[0]
        assert state.as_of == NOW + timedelta(days=1, minutes=-10)
        box.drop(staff(3), minutes=600)
        assert box.state().as_of == NOW + timedelta(days=1, minutes=-10)

    def test_a_file_that_no_feed_can_be_is_refused_unread(self, box: Dropbox) -> None:
        box.drop(staff(1))
        huge = box.folder / "huge.csv"
        with huge.open("wb") as file:
            file.truncate(100 * 1024 * 1024 + 1)
        os.utime(huge, (NOW.timestamp() - 300,) * 2)
        state = box.state()
        assert state.trouble is Trouble.REFUSED and "100 MB" in state.says
        assert "kept/refused.csv" not in box.files()


class TestRefused:
    def test_the_last_good_one_is_used_and_all_errors_are_told(self, box: Dropbox) -> None:
        box.drop(staff(3))
        box.hr.read()
        bad = feed(row(1, mail="Sjoukje"), row(2, dienst_in="Sjoukje"))
        box.drop(bad, minutes=5)
        people, state = box.hr.read()
        assert len(people) == 3
        assert (state.trouble, state.as_of) == (Trouble.REFUSED, NOW - timedelta(minutes=10))
        assert all(
            word in state.says
            for word in ("2 problems", "hr.csv", "line 2, column mail", "line 3, column dienst_in")
        )
        assert "Sjoukje" not in state.says and "Sjoukje" not in repr(state)
        assert (box.kept / "refused.csv").read_bytes() == bad

    def test_without_a_good_one_nobody_is_known_and_all_is_told(self, box: Dropbox) -> None:
        box.drop(feed(row(1, mail="x")))
        for _ in range(2):
            with pytest.raises(SettingsRefused, match="line 2, column mail"):
                box.hr.read()

    def test_only_the_newest_is_kept_and_a_good_one_takes_it_away(self, box: Dropbox) -> None:
        box.drop(staff(1), minutes=40)
        for minutes, name in ((20, "b.csv"), (30, "a.csv")):
            box.drop(feed(row(1, mail=f"x{minutes}")), name, minutes=minutes)
        box.hr.read()
        assert b"x20" in (box.kept / "refused.csv").read_bytes()
        box.drop(staff(1), minutes=10)
        assert box.state().trouble is None
        assert box.files() == {"kept/accepted.csv", "kept/accepted.json"}

    def test_a_feed_about_illness_is_deleted_at_once(self, box: Dropbox) -> None:
        box.drop(staff(1), minutes=20)
        box.drop(feed(row(1)).replace(b"\n", b";ziek_van\n"))
        state = box.state()
        assert state.trouble is Trouble.REFUSED and "AVG 9" in state.says
        assert box.files() == {"kept/accepted.csv", "kept/accepted.json", "kept/refused.json"}


class TestHeld:
    def held(self, box: Dropbox) -> SourceState:
        box.drop(staff(100), minutes=20)
        box.hr.read()
        box.drop(staff(90), minutes=10)
        return box.state()

    def test_many_leavers_wait_for_an_administrator(self, box: Dropbox) -> None:
        state = self.held(box)
        assert (state.trouble, state.as_of) == (Trouble.MANY_LEAVERS, NOW - timedelta(minutes=20))
        assert "10 of 100" in state.says and "accept-feed" in state.says
        assert len(box.keys()) == 100

    def test_a_loss_in_small_steps_on_one_day_is_held_as_well(self, box: Dropbox) -> None:
        """And the next day it begins anew: that is a day's worth of leavers again."""
        for count in (100, 96, 92):
            box.drop(staff(count))
            state = box.hr.read()[1]
        assert state.trouble is Trouble.MANY_LEAVERS
        assert len(box.keys()) == 96
        box.pass_time(days=1)
        box.drop(staff(92))
        assert len(box.keys()) == 92

    def test_who_lets_it_through(self, box: Dropbox) -> None:
        self.held(box)
        assert box.hr.accept() == SourceState(Source.PERSONNEL, NOW - timedelta(minutes=10))
        assert len(box.keys()) == 90
        assert box.files() == {"kept/accepted.csv", "kept/accepted.json"}

    def test_the_same_drop_every_day_stays_held(self, box: Dropbox) -> None:
        self.held(box)
        box.pass_time(days=1)
        box.drop(staff(90))
        state = box.state()
        assert state.trouble is Trouble.MANY_LEAVERS and len(box.keys()) == 100

    def test_a_newer_good_drop_replaces_it(self, box: Dropbox) -> None:
        self.held(box)
        box.drop(staff(98), minutes=5)
        assert box.state().trouble is None
        with pytest.raises(SettingsRefused, match="nothing to accept"):
            box.hr.accept()

    def test_a_newer_refused_drop_does_not(self, box: Dropbox) -> None:
        self.held(box)
        box.drop(feed(row(1, mail="x")), minutes=5)
        state = box.state()
        assert state.trouble is Trouble.MANY_LEAVERS and "is refused" in state.says
        assert box.hr.accept().trouble is Trouble.REFUSED
        assert (len(box.keys()), box.state().trouble) == (90, Trouble.REFUSED)

    def test_a_feed_of_nobody_is_held_and_never_let_through(self, box: Dropbox) -> None:
        box.drop(staff(3), minutes=20)
        box.drop(feed())
        assert (len(box.keys()), box.state().trouble) == (3, Trouble.EMPTY)
        with pytest.raises(SettingsRefused, match="names nobody"):
            box.hr.accept()

    @pytest.mark.parametrize("nothing", [feed(), b"", b"\r\n"])
    def test_nor_is_it_used_as_the_first_one(self, box: Dropbox, nothing: bytes) -> None:
        box.drop(nothing)
        with pytest.raises(SettingsRefused, match="names nobody"):
            box.hr.read()

    def test_without_anything_held_there_is_nothing_to_accept(self, box: Dropbox) -> None:
        with pytest.raises(SettingsRefused, match="nothing to accept"):
            box.hr.accept()


class TestAge:
    def test_silence_is_told_and_the_last_feed_used(self, box: Dropbox) -> None:
        box.drop(staff(3))
        box.hr.read()
        box.pass_time(days=6, hours=23)
        assert box.state().trouble is None
        box.pass_time(days=3)
        people, state = box.hr.read()
        assert (len(people), state.trouble) == (3, Trouble.OLD)
        assert "9 days" in state.says

    def test_what_is_wrong_with_the_newest_comes_before_the_age(self, box: Dropbox) -> None:
        box.drop(staff(3))
        box.hr.read()
        box.pass_time(days=10)
        box.drop(feed())
        state = box.state()
        assert state.trouble is Trouble.EMPTY and "10 days" in state.says

    def test_today_is_the_day_of_reading_and_not_of_delivery(self, box: Dropbox) -> None:
        box.drop(
            [
                row(1, dienst_uit="2026-11-21", org_naam="Toen"),
                row(1, contract_volgnr="2", dienst_in="2026-11-22", org_naam="Straks"),
            ]
        )
        units = []
        for hours in (0, 17.9, 0.1):
            box.pass_time(hours=hours)
            units += [person.unit.name for person in box.hr.read()[0] if person.unit]
        assert units == ["Toen", "Toen", "Straks"]

    def test_copies_that_are_not_used_are_deleted_after_14_days(self, box: Dropbox) -> None:
        box.drop(staff(100), minutes=60 * 24 * 30)
        box.drop(staff(50), minutes=60 * 24 * 29)
        box.drop(feed(row(1, mail="x")), "bad.csv", minutes=60 * 24 * 28)
        box.hr.read()
        unused = {"kept/held.csv", "kept/refused.csv"}
        box.pass_time(days=14)
        box.hr.read()
        assert unused <= box.files()
        box.pass_time(minutes=1)
        state = box.state()
        assert not unused & box.files()
        assert state.trouble is Trouble.REFUSED and "copy was deleted" in state.says
        with pytest.raises(SettingsRefused, match="deleted after 14 days"):
            box.hr.accept()

    def test_tidying_can_be_asked_for(self, box: Dropbox) -> None:
        box.drop(staff(100), minutes=20)
        box.drop(staff(50))
        box.hr.read()
        box.hr.tidy(NOW + timedelta(days=15))
        assert box.files() == {"kept/accepted.csv", "kept/accepted.json", "kept/held.json"}


class TestExamining:
    """What would be read, without touching anything."""

    def told(self, box: Dropbox) -> SourceState:
        def there() -> dict[Path, tuple[int, int, int]]:
            told = ((path, path.stat()) for path in box.folder.rglob("*"))
            return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in told}

        before = there()
        state = box.hr.examine()
        assert there() == before
        return state

    def test_it_tells_what_reading_would(self, box: Dropbox) -> None:
        drops = [staff(100), feed(row(1, mail="x")), staff(50), feed(), staff(99)]
        for number, content in enumerate(drops):
            box.drop(content, minutes=60 - number)
            told = self.told(box)
            assert told == box.state()

    def test_a_fresh_folder_and_none_at_all(self, box: Dropbox) -> None:
        assert self.told(box).as_of is None
        box.folder.rmdir()
        state = box.hr.examine()
        assert state.trouble is Trouble.REFUSED and "is no folder" in state.says


class TestTheFolder:
    def test_a_missing_one_is_told_in_words(self, box: Dropbox) -> None:
        box.folder.rmdir()
        for act in (box.hr.read, box.hr.accept):
            with pytest.raises(SettingsRefused, match=r"people\.hr_folder"):
                act()

    def test_a_link_in_the_place_of_kept_is_not_followed(self, box: Dropbox, tmp_path: Path) -> None:
        box.kept.symlink_to(tmp_path)
        box.drop(staff(1))
        with pytest.raises(SettingsRefused, match="is no folder"):
            box.hr.read()
        assert "is no folder" in box.hr.examine().says
        assert (box.folder / "hr.csv").exists()

    def test_kept_is_closed_to_others_again(self, box: Dropbox) -> None:
        box.kept.mkdir(mode=0o755)
        box.drop(staff(1))
        box.hr.read()
        assert mode(box.kept) == 0o700

    def test_a_feed_in_use_that_was_changed_is_not_used(self, box: Dropbox) -> None:
        """Half of it lost, or somebody edited it: it would be a part of the population."""
        box.drop(staff(3))
        box.hr.read()
        accepted = box.kept / "accepted.csv"
        accepted.write_bytes(accepted.read_bytes()[:-60])
        with pytest.raises(SettingsRefused, match="not what was accepted"):
            box.hr.read()
        assert "not what was accepted" in box.hr.examine().says
        box.drop(staff(3), minutes=5)
        assert len(box.keys()) == 3

    def test_a_note_that_is_damaged_is_no_note(self, box: Dropbox) -> None:
        box.drop(staff(3))
        box.hr.read()
        (box.kept / "accepted.json").write_bytes(b'{"sha256": 7}')
        with pytest.raises(SettingsRefused, match="not what was accepted"):
            box.hr.read()

    def test_an_encoding_that_is_told_later_does_not_spoil_the_feed_in_use(self, box: Dropbox) -> None:
        box.drop(feed(row(1, org_naam="Coördinatie")).decode().encode("cp1252"))
        box.hr.read()
        box.encoding = "utf-8"
        assert box.keys() == ["1001"]

    @pytest.mark.parametrize("told", [{"encoding": "latin-1"}, {"separator": "tabs"}])
    def test_an_encoding_or_separator_that_is_none_is_a_mistake_of_the_caller(
        self, box: Dropbox, told: dict[str, str]
    ) -> None:
        with pytest.raises(ValueError, match="feeds are not read by"):
            HrFeed(box.folder, max_age=timedelta(7), clock=box.clock, zone=AMSTERDAM, **told)  # type: ignore[arg-type]


def test_the_shipped_example_is_sound(box: Dropbox) -> None:
    box.drop((shipped_settings() / "hr.example.csv").read_bytes())
    anna, bram, chris = box.hr.read()[0]
    assert (anna.key, anna.manager_key, bram.manager_key, chris.manager_key) == ("1001", None, "1001", "1001")
    assert (anna.ends, bram.ends, chris.ends) == (None, date(2027, 1, 31), None)
    assert len(bram.leave) == 1


def test_the_machine_s_clock_serves_as_well(tmp_path: Path) -> None:
    file = tmp_path / "hr.csv"
    file.write_bytes(feed(*staff(2)))
    written = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
    os.utime(file, (written.timestamp(),) * 2)
    hr = HrFeed(tmp_path, max_age=timedelta(days=36500), clock=SystemClock(), zone=AMSTERDAM)
    assert hr.read()[1] == SourceState(Source.PERSONNEL, written)
