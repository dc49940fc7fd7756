"""The directory port: sources are merged, and whoever is left out leaves no trace."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailbot.config.people_section import PeopleSection
from mailbot.directory.exclusion import Exclusion, folded
from mailbot.directory.people import Feed, PeopleDirectory
from mailbot.model.accounts import Account, Directory, Language, RecipientType
from mailbot.model.clock import SetClock
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment, OrgUnit
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.organisation import Standing
from mailbot.model.people import People
from mailbot.model.restrictions import Restriction
from mailbot.model.sources import Attribute, Source, SourceState, Trouble
from tests.unit.directory.staff import (
    DELIVERED,
    NOW,
    READ_AT,
    ZONE,
    about,
    account,
    address,
    guid,
    record,
)

STATE = SourceState(Source.PERSONNEL, DELIVERED)


class Sources:
    """A directory and a feed that tests change between two readings."""

    def __init__(self, folder: Path) -> None:
        self.accounts: list[Account] = []
        self.records: list[Employment] = []
        self.broken = 0
        self.excluded: set[ObjectGuid] = set()
        self.restrictions: dict[ObjectGuid, Restriction] = {}
        self.refusals: dict[str, str] = {}
        self.domains = folder / "accepted_domains.txt"
        self.domains.write_text("voorbeeld.example\n")

    def directory(self) -> Directory:
        if "directory" in self.refusals:
            raise SettingsRefused(self.refusals["directory"])
        return Directory(tuple(self.accounts), READ_AT, self.broken)

    def feed(self) -> Feed:
        if "feed" in self.refusals:
            raise SettingsRefused(self.refusals["feed"])
        return tuple(self.records), STATE

    def port(self, exclusion: Exclusion | None = None, feed: bool = True) -> PeopleDirectory:
        return PeopleDirectory(
            self.directory,
            self.feed if feed else None,
            self.domains,
            exclusion or Exclusion(),
            lambda: frozenset(self.excluded),
            lambda: self.restrictions,
            ("adm-*",),
            SetClock(NOW),
            ZONE,
            Language.NL,
        )

    def people(self, **exclusion: Any) -> People:
        return self.port(Exclusion(**exclusion)).people()


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def team(sources: Sources, reports: int = 3) -> None:
    """1 manages all others."""
    numbers = range(1, reports + 2)
    sources.accounts = [account(n) for n in numbers]
    sources.records = [record(n, manager_key=None if n == 1 else "1001") for n in numbers]


def groups(*names: str) -> frozenset[str]:
    return frozenset(folded(names))


class TestSources:
    def test_the_people_know_their_sources(self, sources: Sources) -> None:
        team(sources)
        sources.broken = 2
        people = sources.people()
        directory = SourceState(Source.DIRECTORY, READ_AT)
        assert people.sources == (replace(directory, says=people.sources[0].says), STATE)
        assert people.sources[0].says.startswith("2 entries of the directory could not be used")
        assert (people.read_at, people.accepted_domains) == (READ_AT, frozenset({"voorbeeld.example"}))
        sources.broken = 0
        assert sources.people().sources[0] == directory

    def test_a_house_without_personnel_feed(self, sources: Sources) -> None:
        team(sources)
        people = sources.port(feed=False).people()
        assert len(people.by_guid) == 4 and len(people.sources) == 1
        assert {person.starts for person in people.by_guid.values()} == {None}

    def test_a_feed_that_is_held_is_used_as_it_was_and_told(self, sources: Sources) -> None:
        team(sources)
        held = replace(STATE, trouble=Trouble.MANY_LEAVERS)
        port = sources.port()
        sources.feed = lambda: (tuple(sources.records), held)  # type: ignore[method-assign]
        assert sources.port().people().sources[1] == held
        assert port.people().sources[1] == STATE

    def test_all_sources_are_read_anew_each_time(self, sources: Sources) -> None:
        port = sources.port()
        team(sources)
        assert len(port.people().by_guid) == 4
        sources.accounts.append(account(9))
        assert len(port.people().by_guid) == 5
        sources.excluded.add(guid(9))
        assert len(port.people().by_guid) == 4
        sources.restrictions[guid(2)] = Restriction.PAUSED
        assert len(port.people().by_guid) == 3

    def test_all_errors_of_all_sources_come_in_one_refusal(self, sources: Sources) -> None:
        sources.refusals = {"directory": "The export is not there.", "feed": "line 3, column dienst_in"}
        sources.domains.write_text("@voorbeeld.example\n")
        with pytest.raises(SettingsRefused) as refused:
            sources.people()
        said = str(refused.value)
        assert [part in said for part in ("accepted_domains.txt", "The export is not", "line 3")] == [
            True
        ] * 3

    def test_one_source_that_is_refused_leaves_no_half_population(self, sources: Sources) -> None:
        team(sources)
        sources.refusals = {"feed": "line 3, column dienst_in"}
        with pytest.raises(SettingsRefused, match=r"^line 3, column dienst_in$"):
            sources.people()


class TestWhoAnAddressIs:
    def test_also_of_somebody_who_is_excluded(self, sources: Sources) -> None:
        team(sources)
        sources.excluded.add(guid(2))
        sources.refusals = {"feed": "an exclusion must be lifted while the feed is refused, too"}
        assert sources.port().guid_of(address("p2")) == guid(2)
        assert sources.port().guid_of(address("nobody")) is None

    def test_also_by_an_old_address_that_is_nobody_elses(self, sources: Sources) -> None:
        old = frozenset({address("oud")})
        sources.accounts = [account(1, others=old)]
        assert sources.port().guid_of(address("oud")) == guid(1)
        sources.accounts.append(account(2, others=old))
        assert sources.port().guid_of(address("oud")) is None


class TestExclusion:
    """The story is the same for each way: 1 stays, 2 is gone."""

    @pytest.mark.parametrize(
        ("mailbox", "told"),
        [
            ({"groups": frozenset({"Ondernemingsraad"})}, {}),
            ({"department": "ONDERNEMINGSRAAD"}, {}),
            ({}, {"unit": OrgUnit("1", "ondernemingsraad")}),
            ({}, {"unit": OrgUnit("Ondernemingsraad", "1")}),
            ({"kind": RecipientType.ROOM}, {}),
            ({"mail": "fg"}, {}),
        ],
    )
    def test_by_group_department_type_or_address(
        self, sources: Sources, mailbox: dict[str, Any], told: dict[str, Any]
    ) -> None:
        sources.accounts = [account(1), account(2, **mailbox)]
        sources.records = [record(1), record(2, **told)]
        people = sources.people(
            groups=groups("ondernemingsraad"),
            types=frozenset({RecipientType.ROOM}),
            addresses=frozenset({address("fg")}),
        )
        assert list(people.by_guid) == [guid(1)]

    def test_by_an_address_that_the_mailbox_had_before_it_was_called_otherwise(
        self, sources: Sources
    ) -> None:
        """The settings still say `or@`; Exchange delivers that to the same mailbox."""
        renamed = account(2, mail="ondernemingsraad", others=frozenset({address("or")}))
        sources.accounts = [account(1), renamed, account(3, others=frozenset({address("fg")})), account(4)]
        assert set(sources.people(addresses=frozenset({address("or")})).by_guid) == {
            guid(1),
            guid(3),
            guid(4),
        }
        sources.accounts.append(account(5, mail="fg"))
        assert guid(5) not in sources.people(addresses=frozenset({address("fg")})).by_guid
        assert guid(3) in sources.people(addresses=frozenset({address("fg")})).by_guid, (
            "it is not delivered there"
        )

    def test_the_mailbox_that_letters_are_sent_from_needs_no_setting(self, sources: Sources) -> None:
        """Also when it is renamed, and the settings still say what it was called."""
        renamed = account(2, mail="postbushulp.nieuw", others=frozenset({address("postbushulp")}))
        sources.accounts = [account(1), renamed]
        ours = Exclusion.of(PeopleSection(), address("postbushulp"))
        assert list(sources.port(ours).people().by_guid) == [guid(1)]

    def test_by_person(self, sources: Sources) -> None:
        team(sources)
        sources.excluded.add(guid(2))
        assert set(sources.people().by_guid) == {guid(1), guid(3), guid(4)}

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    def test_an_accent_excludes_however_it_is_written(self, sources: Sources, form: str) -> None:
        """Some systems export `ö` as two characters. It looks the same, so it must count the same."""
        there = unicodedata.normalize(form, " KLACHTENCOÖRDINATIE ")  # type: ignore[arg-type]
        sources.accounts = [account(1), account(2)]
        sources.records = [record(1), record(2, unit=OrgUnit("9", there))]
        assert list(sources.people(groups=groups("Klachtencoördinatie")).by_guid) == [guid(1)]

    def test_an_unknown_kind_of_mailbox_is_not_excluded_by_kind(self, sources: Sources) -> None:
        sources.accounts = [account(1, kind=None)]
        assert list(sources.people(types=frozenset(RecipientType)).by_guid) == [guid(1)]

    def test_the_word_of_the_less_trusted_source_is_enough(self, sources: Sources) -> None:
        """Personnel moved her last week; the directory still has her in the council's registry."""
        sources.accounts = [account(1, department="Griffie")]
        sources.records = [record(1)]
        assert sources.people(groups=groups("griffie")).by_guid == {}

    @pytest.mark.parametrize("second", [False, True])
    def test_where_personnel_s_record_is_in_doubt_it_excludes_all_the_same(
        self, sources: Sources, second: bool
    ) -> None:
        """Nothing of the record is believed, but for this: nobody is read who may have to be left out."""
        griffie = record(1, unit=OrgUnit("900", "Griffie"), address=None if second else address("p1"))
        if second:
            sources.accounts, sources.records = [account(1), account(2, staff_number="1001")], [griffie]
        else:
            sources.accounts, sources.records = [account(1)], [griffie, record(2, mail="p1")]
        assert len(sources.people().by_guid) == 1 + second
        assert sources.people(groups=groups("griffie")).by_guid == {}

    def test_of_two_mailboxes_that_may_be_one_person_s_both_are_gone(self, sources: Sources) -> None:
        sources.accounts = [account(1), account(2, staff_number="1001"), account(3)]
        sources.records = [record(1, address=None)]
        sources.excluded.add(guid(1))
        people = sources.people()
        assert list(people.by_guid) == [guid(3)]
        assert people.conflicts == (about(Clash.NO_MANAGER, 3),)

    def test_groups_to_which_nobody_belongs_are_known(self, sources: Sources) -> None:
        team(sources)
        people = sources.people(
            groups=groups("Burgerzaken", "Bedrijfarts"), settings_only_groups=groups("100", "Wmo")
        )
        assert people.unmatched_groups == {"bedrijfarts", "wmo"}

    def test_they_still_look_after_others(self, sources: Sources) -> None:
        team(sources)
        sources.excluded.add(guid(2))
        sources.restrictions[guid(3)] = Restriction.PAUSED
        standing = sources.people().colleagues
        assert (standing[address("p2")], standing[address("p3")]) == (Standing.ACTIVE, Standing.ACTIVE)


class TestNoTrace:
    def test_who_reports_to_an_excluded_person_has_no_manager_and_no_conflict(self, sources: Sources) -> None:
        """A conflict would send an administrator to sources that do name a manager; and the list of conflicts
        would grow by a team on the day of the exclusion."""
        team(sources)
        before = sources.people()
        sources.excluded.add(guid(1))
        after = sources.people()
        assert {p.manager for p in after.by_guid.values()} == {None}
        named = [Attribute.MANAGER in p.origins for p in after.by_guid.values()]
        assert all(named), "the number of people without a manager does not grow by a team either"
        assert before.conflicts == after.conflicts == ()

    def test_a_manager_whose_only_reports_are_excluded_stays_the_top(self, sources: Sources) -> None:
        team(sources, reports=1)
        sources.excluded.add(guid(2))
        assert sources.people().conflicts == ()

    @pytest.mark.parametrize("leave_out", ["exclude", "pause"])
    def test_a_circle_through_them_is_no_circle(self, sources: Sources, leave_out: str) -> None:
        """2 -> 1 -> 2 and 3 -> 2: a circle of one would tell that there is somebody else."""
        sources.accounts = [account(n) for n in (1, 2, 3)]
        sources.records = [
            record(1, manager_key="1002"), record(2, manager_key="1001"), record(3, manager_key="1002"),
        ]  # fmt: skip
        assert sources.people().conflicts == (about(Clash.MANAGER_CIRCLE, 1, 2),)
        if leave_out == "exclude":
            sources.excluded.add(guid(1))
        else:
            sources.restrictions[guid(1)] = Restriction.PAUSED
        people = sources.people()
        assert people.conflicts == ()
        assert [people.by_guid[guid(n)].manager for n in (2, 3)] == [None, guid(2)]

    def test_a_long_circle_that_goes_through_them_gives_the_others_their_managers_back(
        self, sources: Sources
    ) -> None:
        """1 -> 2 -> 3 -> 1 without 1: as in a house without 1, 2 reports to 3."""
        sources.accounts = [account(n) for n in (1, 2, 3)]
        sources.records = [record(n, manager_key=str(1001 + n % 3)) for n in (1, 2, 3)]
        sources.excluded.add(guid(1))
        people = sources.people()
        assert [people.by_guid[guid(n)].manager for n in (2, 3)] == [guid(3), None]
        assert people.by_guid[guid(2)].origins[Attribute.MANAGER] is Source.PERSONNEL
        assert people.conflicts == ()

    def test_half_of_a_shared_address_is_not_told(self, sources: Sources) -> None:
        old = frozenset({address("oud")})
        sources.accounts = [account(n, others=old) for n in (1, 2, 3)]
        sources.records = [record(1), *(record(n, manager_key="1001") for n in (2, 3))]
        assert about(Clash.SAME_ADDRESS, 1, 2, 3) in sources.people().conflicts
        sources.excluded.add(guid(1))
        assert sources.people().conflicts == (about(Clash.SAME_ADDRESS, 2, 3),)
        sources.excluded.add(guid(2))
        assert sources.people().conflicts == ()

    @pytest.mark.parametrize(
        "odd", [{"closed": True}, {"staff_number": None, "mail": "x"}, {"staff_number": None}]
    )
    def test_their_own_conflicts_are_nobody_s(self, sources: Sources, odd: dict[str, Any]) -> None:
        team(sources)
        sources.accounts.append(account(9, **odd))
        sources.records += [record(9), record(8, mail="p9")][: 1 if odd.get("closed") else 2]
        assert sources.people().conflicts != ()
        sources.excluded.add(guid(9))
        left = [one for one in sources.people().conflicts if one.mailboxes]
        assert left == []

    def test_excluded_departments_are_not_counted_without_a_mailbox_either(self, sources: Sources) -> None:
        team(sources)
        sources.records += [record(n, unit=OrgUnit("900", "Griffie")) for n in (20, 21)]
        sources.records += [record(22, mail="fg"), record(23)]
        assert sources.people().unmatched == 4
        people = sources.people(groups=groups("griffie"), addresses=frozenset({address("fg")}))
        assert people.unmatched == 1
        assert people.conflicts == (Conflict(Clash.NO_MAILBOX),)

    def test_foreign_mailboxes_of_excluded_kinds_and_people_are_no_conflict(self, sources: Sources) -> None:
        foreign = Address("p1@elders.example")
        sources.accounts = [replace(account(n), address=foreign) for n in (1,)]
        assert sources.people().conflicts == (about(Clash.FOREIGN_ADDRESS, 1),)
        assert sources.people(types=frozenset({RecipientType.USER})).conflicts == ()
        sources.excluded.add(guid(1))
        assert sources.people().conflicts == ()


class TestPaused:
    def test_they_are_set_aside_and_in_no_team(self, sources: Sources) -> None:
        team(sources)
        sources.restrictions = {guid(2): Restriction.PAUSED}
        people = sources.people()
        assert set(people.by_guid) == {guid(1), guid(3), guid(4)}
        assert set(people.set_aside) == {guid(2)}
        assert people.set_aside[guid(2)].address == address("p2")
        assert {p.guid for p in people.managers()[guid(1)]} == {guid(3), guid(4)}

    def test_whoever_reports_to_them_has_no_manager_meanwhile(self, sources: Sources) -> None:
        team(sources)
        sources.restrictions = {guid(1): Restriction.PAUSED}
        people = sources.people()
        assert {p.manager for p in people.by_guid.values()} == {None}
        assert people.conflicts == ()

    def test_a_conflict_about_them_waits(self, sources: Sources) -> None:
        team(sources)
        sources.accounts[1] = account(2, closed=True)
        assert sources.people().conflicts == (about(Clash.CLOSED_IN_SERVICE, 2),)
        sources.restrictions = {guid(2): Restriction.PAUSED}
        assert sources.people().conflicts == ()

    def test_of_two_mailboxes_that_may_be_one_person_s_both_are_set_aside(self, sources: Sources) -> None:
        sources.accounts = [account(1), account(2, staff_number="1001")]
        sources.records = [record(1, address=None)]
        sources.restrictions = {guid(1): Restriction.PAUSED}
        people = sources.people()
        assert people.by_guid == {} and set(people.set_aside) == {guid(1), guid(2)}

    def test_whoever_is_excluded_is_not_even_set_aside(self, sources: Sources) -> None:
        team(sources)
        sources.restrictions, sources.excluded = {guid(2): Restriction.PAUSED}, {guid(2)}
        assert sources.people().set_aside == {}


class TestSettingsOnly:
    def only(self, sources: Sources, **exclusion: Any) -> set[ObjectGuid]:
        return {guid for guid, person in sources.people(**exclusion).by_guid.items() if person.settings_only}

    def test_by_person_group_or_type(self, sources: Sources) -> None:
        team(sources)
        sources.accounts[1] = account(2, groups=frozenset({"OR-leden"}))
        sources.accounts[2] = account(3, kind=RecipientType.LINKED)
        assert self.only(sources) == set()
        assert self.only(sources, settings_only_groups=groups("or-leden")) == {guid(2)}
        assert self.only(sources, settings_only_types=frozenset({RecipientType.LINKED})) == {guid(3)}
        sources.restrictions = {guid(4): Restriction.SETTINGS_ONLY}
        assert self.only(sources) == {guid(4)}

    def test_they_are_people_like_all_others_in_everything_else(self, sources: Sources) -> None:
        team(sources)
        before = sources.people()
        sources.restrictions = {guid(2): Restriction.SETTINGS_ONLY}
        after = sources.people()
        without: Mapping[ObjectGuid, Any] = {
            guid: replace(person, settings_only=False) for guid, person in after.by_guid.items()
        }
        assert without == before.by_guid
        assert replace(after, by_guid=before.by_guid) == before

    def test_a_pause_keeps_the_setting(self, sources: Sources) -> None:
        team(sources)
        sources.restrictions = {guid(2): Restriction.PAUSED}
        people = sources.people(settings_only_groups=groups("burgerzaken"))
        assert people.set_aside[guid(2)].settings_only


def test_no_source_is_read_when_nothing_is_asked(sources: Sources) -> None:
    """Commands that need no people must not wait for a directory."""

    def fails() -> Any:
        raise AssertionError("read")

    read: Callable[[], Any] = fails
    PeopleDirectory(read, read, sources.domains, Exclusion(), read, read, (), SetClock(NOW))
