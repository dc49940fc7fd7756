"""The town itself: the same from the same seed, complete files, staged people with literal verdicts."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from mailbot.model.ids import object_guid
from mailbot.simulator import Town, canaries
from mailbot.simulator.mailboxes import FolderKind, Trouble
from mailbot.simulator.stories import GIB, LIMIT, RULES, STAGED_NOW
from mailbot.simulator.town import EXCLUDED_ADDRESSES, EXCLUDED_GROUPS, EXCLUDED_TYPES, STORIES

WITHOUT_TIP = {"compliant", "deviation", "not_applicable", "unknown"}
SHOWN = {
    "quota": WITHOUT_TIP | {"tip"},
    "out_of_office": WITHOUT_TIP | {"tip"},
    "delegates": WITHOUT_TIP | {"tip"},
    "signature": WITHOUT_TIP,
    "confidential_external": WITHOUT_TIP,
    "leaver": WITHOUT_TIP,
}
"""Which outcomes the town shows: a tip only where practice names one for what its pack asks."""


def personnel(town: Town) -> list[dict[str, str]]:
    """The rows of today's drop."""
    return list(csv.DictReader(io.StringIO(town.drops()[1].content.decode("utf-8-sig")), delimiter=";"))


def counted_size(town: Town, guid: str) -> int:
    """What Exchange would call the size of the mailbox: no search folders, no Recoverable Items."""
    folders = town.by_guid(guid).folders
    aside = {folder.id for folder in folders.below(folders.by_name["recoverableitemsroot"])}
    return sum(
        folder.size or 0
        for folder in folders.by_id.values()
        if folder.id not in aside and folder.kind is not FolderKind.SEARCH
    )


def test_the_same_seed_grows_the_same_town():
    one, other = Town.build(seed=7), Town.build(seed=7)
    assert one.directory_ldf() == other.directory_ldf()
    assert one.drops() == other.drops()


def test_another_seed_grows_another_town_with_other_guids():
    one, other = Town.build(seed=1), Town.build(seed=2)
    assert not set(one.expected()) & set(other.expected())


@pytest.mark.parametrize("size", [250, 300, 400])
def test_the_population_is_as_large_as_asked(size):
    town = Town.build(mailboxes=size)
    assert len(town.expected()) == size
    excluded = set(town.excluded())
    counted = {resident.guid for resident in town.residents if resident.address not in excluded}
    assert counted == set(town.expected())


def test_a_town_too_small_for_its_stories_is_refused():
    with pytest.raises(ValueError, match="too few"):
        Town.build(mailboxes=40)


def test_a_small_town_without_stories_can_be_built():
    assert len(Town.build(mailboxes=12, stories=()).expected()) == 12


def test_a_clock_without_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        Town.build(now=datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_the_clock_stands_at_the_staged_moment_and_can_be_moved():
    town = Town.build()
    assert town.clock.now() == STAGED_NOW
    town.clock.set(datetime(2027, 1, 4, tzinfo=UTC))
    assert town.clock.now().year == 2027


def test_every_outcome_that_the_town_can_show_is_staged_more_than_once():
    assert len(STORIES) >= 160
    assert set(RULES) == set(SHOWN)
    for rule, outcomes in SHOWN.items():
        seen = Counter(story.expected[rule] for story in STORIES)
        assert set(seen) == outcomes
        assert seen["deviation"] >= 3
        assert seen["unknown"] >= 3


def test_a_word_for_a_colleague_stands_for_somebody_in_service_with_an_open_account():
    town = Town.build()
    people = {resident.address: resident for resident in town.residents}
    for story, guid in town.staged().items():
        told, mailbox = town.story(guid), town.by_guid(guid)
        if not people[mailbox.address].person_key:
            continue
        inbox = mailbox.rights.get(mailbox.folders.by_name["inbox"].id, [])
        for right, told_right in zip(inbox, told.rights, strict=True):
            if told_right.account.startswith("mate "):
                mate = people[right.account]
                assert mate.enabled, story
                last = max(contract.ends or date.max for contract in mate.contracts)
                assert mate.contracts[0].starts <= date(2026, 11, 23) <= last, story
                assert right.account != mailbox.address, story


def test_everybody_of_the_crowd_is_looked_after_by_two_others_and_has_a_signature():
    town = Town.build()
    ways = Counter()
    people = {resident.guid for resident in town.residents if resident.recipient_type == "user"}
    for guid in people & set(town.expected()) - set(town.staged().values()):
        mailbox = town.by_guid(guid)
        named = {right.account for right in mailbox.rights.get(mailbox.folders.by_name["inbox"].id, [])}
        groups = named & set(town.groups)
        members = {member for group in groups for member in town.groups[group].members}
        ways["group" if groups else "by name" if named else "full access"] += 1
        assert len((named - groups | members | set(mailbox.trustees)) - {mailbox.address}) >= 2
        assert mailbox.owa.auto_add
        assert canaries.SIGNATURE in (mailbox.owa.html or mailbox.owa.text)
    assert set(ways) == {"group", "by name", "full access"}


def test_a_town_in_which_nobody_can_look_after_anybody_is_refused():
    with pytest.raises(ValueError, match="too few"):
        Town.build(mailboxes=2, stories=())


def test_the_crowd_labels_mail_to_colleagues_only():
    town = Town.build()
    labelled = 0
    for guid in town.expected():
        if town.story(guid) is None:
            sent = town.by_guid(guid).folders.by_name["sentitems"]
            for item in town.by_guid(guid).items_in(sent):
                if "vertrouwelijk" in item.subject.lower():
                    labelled += 1
                    assert all(address.endswith("@voorbeeld.example") for address, _ in item.to)
    assert labelled > 3


def test_each_client_of_the_calibration_sent_a_plain_and_a_secure_mail_that_differ():
    town = Town.build()
    mailbox = town.mailbox("calibratie@voorbeeld.example")
    assert mailbox.full_access
    assert mailbox.guid not in town.expected()
    items = {item.subject.replace(" [veilig]", ""): item for item in mailbox.items.values()}
    for client in ("Outlook met Zivver", "Outlook", "Outlook op het web", "iPhone"):
        plain = items[f"mailbot calibration plain: {client}"]
        secure = items[f"mailbot calibration secure: {client}"]
        marks = [
            (item.item_class, item.headers, item.attachments, "[veilig]" in item.subject)
            for item in (plain, secure)
        ]
        assert marks[0] == ("IPM.Note", {}, [], False)
        assert marks[0] != marks[1]
        assert all(timedelta(0) < STAGED_NOW - item.sent < timedelta(days=5) for item in (plain, secure))


def test_every_story_is_told_once_and_in_words():
    assert len({story.id for story in STORIES}) == len(STORIES)
    assert len({story.name for story in STORIES}) == len(STORIES)
    assert all(story.text.endswith(".") for story in STORIES)


def test_unknown_is_expected_of_staged_people_only():
    town = Town.build()
    for guid, verdicts in town.expected().items():
        if "unknown" in verdicts.values():
            assert town.story(guid) is not None


def test_every_mailbox_has_the_size_that_its_story_tells():
    town = Town.build()
    for story, guid in town.staged().items():
        told = town.story(guid)
        assert counted_size(town, guid) == told.size, story
        assert all(f.size is None or f.size >= 0 for f in town.by_guid(guid).folders.by_id.values())


def test_nobody_in_the_crowd_comes_near_the_limit():
    town = Town.build()
    for guid in town.expected():
        if town.story(guid) is None:
            assert counted_size(town, guid) < LIMIT * 0.9


def test_people_are_ordered_in_teams_under_managers_under_department_heads():
    town = Town.build()
    people = {resident.person_key: resident for resident in town.residents if resident.person_key}
    odd = {key for key, one in people.items() if (story := town.story(one.guid)) and story.manager}
    teams = Counter(one.manager_key for key, one in people.items() if one.manager_key and key not in odd)
    assert all(manager in people for manager in teams)
    heads = {
        key for key in people.keys() - odd if not people[key].manager_key and people[key].unit.code != "GR"
    }
    assert len(heads) == 4
    for manager, size in teams.items():
        if manager not in heads:
            assert people[manager].manager_key in heads
            assert 6 <= size <= 14


def test_personnel_holds_part_timers_leavers_and_renewed_contracts():
    town = Town.build()
    found = personnel(town)
    assert len({row["werkdagen"] for row in found}) > 8
    several = Counter(row["person_key"] for row in found)
    assert max(several.values()) == 2
    assert any("2026-11-23" < row["dienst_uit"] < "2027-06-01" for row in found)
    assert any(row["dienst_uit"] == "9999-12-31" for row in found), "how some systems write an open end"
    assert any(row["werkdagen"] == "ma,di,wo,do,vr" for row in found)
    assert any(row["werkdagen"].startswith("ma 8,") for row in found)
    assert any(row["verlof_van"] for row in found)
    assert all(row["mail"].endswith("@voorbeeld.example") for row in found if row["mail"])


def test_the_directory_holds_both_languages_and_accounts_in_every_state():
    town = Town.build()
    assert {resident.language for resident in town.residents} == {"nl", "en"}
    assert {resident.enabled for resident in town.residents} == {True, False, None}
    assert {resident.hold for resident in town.residents} == {True, False}
    assert all(object_guid(resident.guid) == resident.guid for resident in town.residents)


def test_whoever_is_excluded_stands_in_the_directory_and_has_what_would_tempt_a_rule():
    town = Town.build()
    people = {resident.address: resident for resident in town.residents}
    for address in town.excluded():
        reasons = (
            set(people[address].groups) & set(EXCLUDED_GROUPS),
            address in EXCLUDED_ADDRESSES,
            people[address].recipient_type in EXCLUDED_TYPES,
        )
        assert any(reasons)
        mailbox = town.mailbox(address)
        assert counted_size(town, mailbox.guid) == 6 * GIB
        assert any(entry.busy == "OOF" for entry in mailbox.calendar)
        assert any(item.subject.startswith("Vertrouwelijk") for item in mailbox.items.values())
        assert mailbox.forwards_to
        assert not mailbox.owa
        assert [right.account for right in mailbox.rights[mailbox.folders.by_name["inbox"].id]] == ["Default"]
    assert not {town.mailbox(address).guid for address in town.excluded()} & set(town.expected())


def test_canaries_stand_in_every_mailbox_but_never_in_what_personnel_brings():
    town = Town.build()
    mailbox = next(iter(town.mailboxes.values()))
    words = " ".join(item.subject + item.body for item in mailbox.items.values())
    assert any(canary in words for canary in town.canaries())
    words = " ".join(cell for row in personnel(town) for cell in row.values())
    assert not any(canary in words for canary in town.canaries())


def test_the_export_of_last_night_has_a_row_for_every_mailbox_but_those_it_cannot_see():
    town = Town.build()
    found = {
        row["primary_smtp"]: row for row in csv.DictReader(io.StringIO(town.access_csv()), delimiter=";")
    }
    unseen = set(town.mailboxes) - set(found)
    reasons = [(town.mailbox(address), town.story(town.mailbox(address).guid)) for address in unseen]
    assert all(box.trouble is Trouble.ELSEWHERE or not story.exported for box, story in reasons)
    assert "cornelis.vroegop@voorbeeld.example" in unseen
    assert {row["exported_at"] for row in found.values()} == {"2026-11-23T02:00:00+01:00"}
    assert {row["recipient_type"] for row in found.values()} == {
        "UserMailbox",
        "SharedMailbox",
        "LinkedMailbox",
        "RoomMailbox",
        "EquipmentMailbox",
        "SystemMailbox",
    }
    assert found["ruben.kloppenburg@voorbeeld.example"]["full_access"].count("@voorbeeld.example") == 2
    assert found["stefan.wolters@voorbeeld.example"]["full_access"] == "?"
    assert found["ties.hoogenboom@voorbeeld.example"]["forwarding"] == "true"
    assert found["zohra.tahir@voorbeeld.example"]["hold"] == "true"
    assert all(
        object_guid(row["object_guid"]) == town.mailbox(row["primary_smtp"]).guid for row in found.values()
    )


def test_the_files_are_written_where_asked(tmp_path):
    town = Town.build()
    town.write_files(tmp_path)
    assert (tmp_path / "directory.ldf").read_bytes() == town.directory_ldf().encode("ascii")
    assert {file.read_bytes() for file in (tmp_path / "hr").glob("*.csv")} == {
        drop.content for drop in town.drops()
    }
    assert (tmp_path / "access.csv").read_text(encoding="utf-8") == town.access_csv()
    assert (tmp_path / "accepted_domains.txt").read_text().split() == [
        "gemeentevoorbeeld.example",
        "voorbeeld.example",
    ]
