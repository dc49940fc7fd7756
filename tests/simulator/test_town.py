"""The town itself: the same from the same seed, complete files, staged people with literal verdicts."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime

import pytest

from mailbot.model.ids import object_guid
from mailbot.simulator import Town
from mailbot.simulator.mailboxes import FolderKind
from mailbot.simulator.stories import GIB, LIMIT, STAGED_NOW
from mailbot.simulator.town import EXCLUDED_ADDRESSES, EXCLUDED_GROUPS, EXCLUDED_TYPES, STORIES

OUTCOMES = {"compliant", "deviation", "tip", "not_applicable", "unknown"}


def rows(town: Town) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(town.people_csv()), delimiter=";"))


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
    assert Town.build(seed=7).people_csv() == Town.build(seed=7).people_csv()


def test_another_seed_grows_another_town_with_other_guids():
    one, other = Town.build(seed=1), Town.build(seed=2)
    assert not set(one.expected()) & set(other.expected())


@pytest.mark.parametrize("size", [150, 250, 400])
def test_the_population_is_as_large_as_asked(size):
    town = Town.build(mailboxes=size)
    assert len(town.expected()) == size
    excluded = set(town.excluded())
    counted = {row["object_guid"] for row in rows(town) if row["mail"] not in excluded}
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


def test_at_least_forty_people_are_staged_and_every_outcome_occurs_for_every_rule():
    assert len(STORIES) >= 40
    for rule in ("quota", "out_of_office"):
        seen = Counter(story.expected[rule] for story in STORIES)
        assert set(seen) == OUTCOMES
        assert seen["deviation"] >= 3
        assert seen["unknown"] >= 3


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
    people = {row["person_key"]: row for row in rows(town) if row["person_key"]}
    teams = Counter(row["manager_key"] for row in people.values() if row["manager_key"])
    assert all(manager in people for manager in teams)
    heads = {key for key, row in people.items() if not row["manager_key"] and row["org_naam"] != "Griffie"}
    for manager, size in teams.items():
        if manager not in heads:
            assert people[manager]["manager_key"] in heads
            assert 6 <= size <= 14


def test_the_people_file_holds_part_timers_leavers_renewed_contracts_and_both_languages():
    town = Town.build()
    found = rows(town)
    assert len({row["werkdagen"] for row in found}) > 8
    assert {row["language"] for row in found} == {"nl", "en"}
    assert {row["enabled"] for row in found} == {"ja", "nee", ""}
    assert {row["hold"] for row in found} == {"ja", "nee", ""}
    several = Counter(row["object_guid"] for row in found)
    assert max(several.values()) == 2
    assert any("2026-11-23" < row["dienst_uit"] < "2027-06-01" for row in found)
    assert any(row["dienst_uit"] == "9999-12-31" for row in found), "how some systems write an open end"
    assert any(row["werkdagen"] == "ma,di,wo,do,vr" for row in found)
    assert any(row["werkdagen"].startswith("ma 8,") for row in found)
    assert any(row["verlof_van"] for row in found)
    assert all(object_guid(row["object_guid"]) == row["object_guid"] for row in found)
    assert all(row["mail"].endswith("@voorbeeld.example") for row in found)


def test_whoever_is_excluded_stands_in_the_file_and_has_what_would_tempt_a_rule():
    town = Town.build()
    by_mail = {row["mail"]: row for row in rows(town)}
    for address in town.excluded():
        row = by_mail[address]
        reasons = (
            set(row["pilot_group"].split(",")) & set(EXCLUDED_GROUPS),
            address in EXCLUDED_ADDRESSES,
            row["recipient_type"] in EXCLUDED_TYPES,
        )
        assert any(reasons)
        mailbox = town.mailbox(address)
        assert counted_size(town, mailbox.guid) == 6 * GIB
        assert any(entry.busy == "OOF" for entry in mailbox.calendar)
    assert not {town.mailbox(address).guid for address in town.excluded()} & set(town.expected())


def test_canaries_stand_in_every_mailbox_but_never_in_the_people_file():
    town = Town.build()
    mailbox = next(iter(town.mailboxes.values()))
    words = " ".join(item.subject + item.body for item in mailbox.items.values())
    assert any(canary in words for canary in town.canaries())
    assert not any(canary in town.people_csv() for canary in town.canaries())


def test_the_files_are_written_where_asked(tmp_path):
    town = Town.build()
    town.write_files(tmp_path)
    assert (tmp_path / "people.csv").read_text(encoding="utf-8") == town.people_csv()
    assert (tmp_path / "accepted_domains.txt").read_text().split() == [
        "gemeentevoorbeeld.example",
        "voorbeeld.example",
    ]
