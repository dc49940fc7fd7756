"""The directory from an LDIF export: what is in it, who is in which group, and what makes it unusable."""

import base64
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.directory.export import LARGEST, ExportedDirectory
from mailbot.model.accounts import Account, Directory, Language, Quota, RecipientType
from mailbot.model.clock import SetClock
from mailbot.model.errors import SettingsRefused, Unreachable
from mailbot.model.ids import Address, ObjectGuid

EXAMPLE = Path(__file__).parents[3] / "settings" / "directory.example.ldf"
NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
WRITTEN = NOW - timedelta(hours=3)
BASE = "DC=ad,DC=voorbeeld,DC=example"


def guid(number: int) -> ObjectGuid:
    return ObjectGuid(str(uuid.UUID(int=number)))


def mailbox(number: int, *more: str) -> str:
    octets = base64.b64encode(uuid.UUID(int=number).bytes_le).decode()
    return "\n".join(
        (
            f"dn: CN=p{number},{BASE}",
            "objectClass: user",
            f"objectGUID:: {octets}",
            f"mail: p{number}@voorbeeld.example",
            "msExchRecipientTypeDetails: 1",
            "msExchMailboxGuid: x",
            *more,
            "\n",
        )
    )


def group(name: str, *members: str) -> str:
    told = (f"member: CN={member},{BASE}" for member in members)
    return "\n".join((f"dn: CN={name},{BASE}", "objectClass: group", f"cn: {name}", *told, "\n"))


def read(folder: Path, text: str | bytes, *groups: str, age: timedelta | None = None) -> Directory:
    file = folder / "directory.ldf"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(file, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return ExportedDirectory(file, groups, SetClock(NOW), age).read()


def refusal(folder: Path, text: str | bytes, *groups: str) -> str:
    with pytest.raises(SettingsRefused) as refused:
        read(folder, text, *groups)
    told = str(refused.value)
    assert "in the directory export; nothing of it is used." in told
    assert "p1" not in told
    return told


def groups_of(directory: Directory) -> dict[ObjectGuid, frozenset[str]]:
    return {account.guid: account.groups for account in directory.accounts if account.groups}


# what is in it


def test_the_shipped_example_is_a_small_municipality() -> None:
    found = ExportedDirectory(EXAMPLE, ["postbushulp-pilot"], SetClock(NOW)).read()
    assert found.broken == 0
    anna, bram, chris, desk = found.accounts
    assert anna == Account(
        guid=ObjectGuid("5f0c1a52-8f0b-4c3a-9d57-0a4f6b1c2d01"),
        address=Address("a.voorbeeld@voorbeeld.example"),
        name="Anna Voorbeeld",
        login="avoorbeeld",
        others=frozenset({Address("avoorbeeld@voorbeeld.example")}),
        kind=RecipientType.USER,
        closed=False,
        expires=None,
        hold=False,
        forwards=False,
        quota=Quota(2 * 1024**3),
        delegates=frozenset(),
        manager=None,
        has_manager=False,
        department="Burgerzaken",
        staff_number="1001",
        language=Language.NL,
        groups=frozenset({"postbushulp-pilot"}),
    )
    assert (bram.manager, chris.manager, bram.delegates) == (anna.guid, anna.guid, {anna.guid})
    assert chris.language is Language.EN
    assert (desk.kind, desk.closed, desk.quota) == (RecipientType.SHARED, True, Quota(5 * 1024**3))
    assert desk.delegates == {anna.guid, bram.guid}


def test_it_is_as_old_as_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, mailbox(1)).read_at == WRITTEN


def test_a_clock_that_runs_ahead_on_the_other_machine_makes_nothing_of_tomorrow(tmp_path: Path) -> None:
    file = tmp_path / "directory.ldf"
    file.write_text(mailbox(1), encoding="utf-8")
    later = (NOW + timedelta(hours=1)).timestamp()
    os.utime(file, (later, later))
    assert ExportedDirectory(file, (), SetClock(NOW)).read().read_at == NOW


def test_a_clock_that_is_wrong_by_days_would_keep_the_file_young_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "directory.ldf"
    file.write_text(mailbox(1), encoding="utf-8")
    later = (NOW + timedelta(days=2)).timestamp()
    os.utime(file, (later, later))
    with pytest.raises(Unreachable, match="dated more than a day ahead"):
        ExportedDirectory(file, (), SetClock(NOW), timedelta(hours=36)).read()
    assert ExportedDirectory(file, (), SetClock(NOW)).read().accounts


def test_what_ldifde_writes_without_our_comments_says_as_much_as_is_seen_in_it(tmp_path: Path) -> None:
    found = read(tmp_path, mailbox(1) + mailbox(2, "altRecipient: CN=p1," + BASE, "accountExpires: 0"))
    one, two = found.accounts
    assert (one.forwards, two.forwards) == (None, True)
    assert (one.hold, one.closed, one.delegates, one.quota) == (None, None, None, None)


def test_the_comment_tells_what_was_asked(tmp_path: Path) -> None:
    comment = "# attributes: msExchLitigationHoldDate\n  msExchUserHoldPolicies PublicDelegates\n\n"
    [found] = read(tmp_path, comment + mailbox(1)).accounts
    assert (found.hold, found.delegates, found.forwards) == (False, frozenset(), None)


DATABASE = f"dn: CN=DB01,{BASE}\nobjectClass: msExchPrivateMDB\n"
IN_DATABASE = f"homeMDB: CN=DB01,{BASE}"


def test_a_limit_seen_on_one_side_only_does_not_show_that_the_other_has_none(tmp_path: Path) -> None:
    own = mailbox(1, IN_DATABASE, "mDBUseDefaults: FALSE", "mDBOverHardQuotaLimit: 4")
    common = mailbox(2, IN_DATABASE, "mDBUseDefaults: TRUE")
    [one, two] = read(tmp_path, own + common + DATABASE).accounts
    assert (one.quota, two.quota) == (Quota(4096), None)
    without = own.replace("mDBOverHardQuotaLimit: 4\n", "")
    [one, two] = read(tmp_path, without + common + DATABASE + "mDBOverHardQuotaLimit: 8\n").accounts
    assert (one.quota, two.quota) == (None, Quota(8192))
    [one] = read(tmp_path, "# attributes: mDBOverHardQuotaLimit\n" + without + DATABASE).accounts
    assert one.quota == Quota(None)


# groups


def test_groups_are_found_by_any_of_their_names_whatever_the_way_of_writing(tmp_path: Path) -> None:
    text = mailbox(1) + mailbox(2) + mailbox(3)
    text += (
        group("COOR", "p1")
        + f"dn: CN=x,{BASE}\nobjectClass: group\nsAMAccountName: GRIFFIE\nmember: CN=P2,{BASE}\n\n"
    )
    shown = "displayName: Klachtencoo\u0308rdinatie "
    text += f"dn: CN=y,{BASE}\nobjectClass: group\n{shown}\nmember: CN=p3,{BASE}\n\n"
    found = read(tmp_path, text, "coor", "griffie", "klachtencoördinatie")
    assert groups_of(found) == {guid(1): {"coor"}, guid(2): {"griffie"}, guid(3): {"klachtencoördinatie"}}


def test_two_ways_to_write_one_group_in_the_settings_both_count(tmp_path: Path) -> None:
    found = read(tmp_path, mailbox(1) + group("griffie", "p1"), "Griffie", "GRIFFIE", "")
    assert groups_of(found) == {guid(1): {"Griffie", "GRIFFIE"}}


def test_members_of_groups_inside_a_group_are_in_it_and_groups_that_hold_each_other_end(
    tmp_path: Path,
) -> None:
    text = mailbox(1) + mailbox(2) + mailbox(3)
    text += (
        group("griffie", "p1", "raad")
        + group("raad", "p2", "griffie", "raad")
        + group("anders", "p3", "griffie")
    )
    assert groups_of(read(tmp_path, text, "griffie")) == {guid(1): {"griffie"}, guid(2): {"griffie"}}
    assert groups_of(read(tmp_path, text, "raad", "anders")) == {
        guid(1): {"raad", "anders"},
        guid(2): {"raad", "anders"},
        guid(3): {"anders"},
    }


def test_members_without_a_mailbox_and_groups_without_members_are_nobody(tmp_path: Path) -> None:
    text = mailbox(1) + group("griffie", "weg") + group("college")
    assert groups_of(read(tmp_path, text, "griffie", "college", "gemeenteraad")) == {}


def test_a_group_that_leaves_people_out_cannot_come_without_its_members(tmp_path: Path) -> None:
    text = mailbox(1) + group("griffie")
    told = refusal(tmp_path, text, "griffie")
    assert "expected: the attribute member of groups" in told
    assert groups_of(read(tmp_path, "# attributes: member\n" + text, "griffie")) == {}


@pytest.mark.parametrize("line", ["member:: /w==", "displayName:: AAo="])
def test_nor_with_a_name_or_a_member_that_cannot_be_read(tmp_path: Path, line: str) -> None:
    text = mailbox(1) + group("griffie", "p1").rstrip() + f"\n{line}\n"
    assert "groups with names and members that are text" in refusal(tmp_path, text, "griffie")


# what makes it unusable


def marked(count: int) -> str:
    return f"# mailbot directory export\n\n{mailbox(1)}{mailbox(2)}# end: {count} entries\n"


def test_a_file_of_our_own_script_ends_with_its_mark(tmp_path: Path) -> None:
    assert len(read(tmp_path, marked(2)).accounts) == 2
    assert "another number of entries" in refusal(tmp_path, marked(3))
    cut = marked(2).partition("# end")[0]
    assert "the file is not whole" in refusal(tmp_path, cut)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_any_other_file_ends_with_a_whole_line(tmp_path: Path, encoding: str) -> None:
    whole = mailbox(1)
    assert len(read(tmp_path, whole.encode(encoding)).accounts) == 1
    assert "half a line" in refusal(tmp_path, whole.rstrip().encode(encoding))


def test_an_old_file_is_not_taken_for_today(tmp_path: Path) -> None:
    assert read(tmp_path, mailbox(1), age=timedelta(hours=3)).accounts
    with pytest.raises(Unreachable, match="3 hours old, and at most 2 "):
        read(tmp_path, mailbox(1), age=timedelta(hours=2))


def test_mistakes_of_the_file_are_told_by_line(tmp_path: Path) -> None:
    told = refusal(tmp_path, mailbox(1) + "x\n\ny\n")
    assert told.startswith("2 problems in the directory export")
    assert "line 8" in told


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("objectGUID:", "objectGUID"),
        ("mail:", "proxyAddresses or mail"),
        ("msExch", "msExchMailboxGuid or msExchRecipientTypeDetails"),
    ],
)
def test_without_some_attributes_nobody_can_be_told_from_anybody(
    tmp_path: Path, line: str, name: str
) -> None:
    text = "".join(one + "\n" for one in mailbox(1).split("\n") if not one.startswith(line))
    assert f"expected: the attribute {name}" in refusal(tmp_path, text)


def test_a_file_without_a_mailbox_is_no_empty_municipality(tmp_path: Path) -> None:
    assert "at least one mailbox" in refusal(tmp_path, mailbox(1).replace("user", "contact"))
    assert "at least one entry" in refusal(tmp_path, "")


def test_a_file_that_is_not_there_or_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.ldf", tmp_path):
        with pytest.raises(SettingsRefused, match="no file that can be read"):
            ExportedDirectory(path, (), SetClock(NOW)).read()


def test_an_enormous_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "directory.ldf"
    with file.open("wb") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(SettingsRefused, match="at most 256 MB"):
        ExportedDirectory(file, (), SetClock(NOW)).read()


def written_on_looks(file: Path, monkeypatch: pytest.MonkeyPatch, when: set[int]) -> Callable[[], int]:
    """Adds a mailbox to the file right before the looks at its size whose numbers are in `when`; gives how
    many looks there were."""
    real, looks = os.fstat, []

    def fstat(descriptor: int) -> os.stat_result:
        if len(looks) in when:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(mailbox(len(looks) + 1))
        looks.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr("mailbot.directory.export.os.fstat", fstat)
    return lambda: len(looks)


def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is at work during the first look only; then the file is whole."""
    file = tmp_path / "directory.ldf"
    file.write_text(mailbox(1), encoding="utf-8")
    looks = written_on_looks(file, monkeypatch, {1})
    clock = SetClock(NOW)
    assert len(ExportedDirectory(file, (), clock).read().accounts) == 2
    assert looks() == 4
    assert clock.now() > NOW


def test_a_file_that_never_comes_to_rest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "directory.ldf"
    file.write_text(mailbox(1), encoding="utf-8")
    written_on_looks(file, monkeypatch, set(range(20)))
    with pytest.raises(SettingsRefused, match="one that is being written"):
        ExportedDirectory(file, (), SetClock(NOW)).read()


def test_a_file_that_is_replaced_while_it_is_read_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, fresh = tmp_path / "directory.ldf", tmp_path / "fresh"
    file.write_text(mailbox(1), encoding="utf-8")
    fresh.write_text(mailbox(2) + mailbox(3), encoding="utf-8")
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        if fresh.exists():
            fresh.replace(file)
        return real(descriptor)

    monkeypatch.setattr("mailbot.directory.export.os.fstat", fstat)
    directory = ExportedDirectory(file, (), SetClock(NOW))
    assert [account.guid for account in directory.read().accounts] == [guid(1)]
    assert [account.guid for account in directory.read().accounts] == [guid(2), guid(3)]
