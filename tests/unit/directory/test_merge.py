"""A person made of a mailbox and a personnel record: whose word counts, and what nobody says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mailbot.directory.merge import Merged
from mailbot.directory.trust import TRUST
from mailbot.model.accounts import Account, Language, Quota, RecipientType
from mailbot.model.conflicts import Clash
from mailbot.model.employment import Employment, Leave, OrgUnit
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.organisation import Standing
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.sources import Attribute, Source
from tests.unit.directory.staff import (
    CIVIL_AFFAIRS,
    DELIVERED,
    HOUSE,
    MONDAY_TO_FRIDAY,
    NOW,
    READ_AT,
    ZONE,
    about,
    account,
    address,
    clashes,
    guid,
    merged,
    record,
)

LEAVE = (Leave(date(2026, 12, 21), date(2026, 12, 31), date(2026, 10, 5)),)
YEAR_END = datetime(2027, 1, 1, tzinfo=ZONE)  # accountExpires "end of 31 December"


def person(mailbox: Account, *records: Employment, others: tuple[Account, ...] = ()) -> Person:
    return merged([mailbox, *others], records).persons[mailbox.guid]


class TestWhoseWordCounts:
    def test_everything_arrives(self) -> None:
        full = account(
            1,
            others=frozenset({address("oud")}),
            quota=Quota(2 * 1024**3),
            delegates=frozenset({guid(2), guid(77)}),
            department="Burgerzaken",
            language=Language.EN,
            groups=frozenset({"pilot"}),
            expires=YEAR_END,
        )
        told = record(1, manager_key="1002", ends=date(2027, 6, 30), leave=LEAVE)
        boss = record(2, starts=None, unit=None, roster=None)
        assert person(full, told, boss, others=(account(2),)) == Person(
            guid=guid(1),
            address=address("p1"),
            name="Persoon 1",
            language=Language.EN,
            enabled=Known(True, READ_AT),
            recipient_type=Known(RecipientType.USER, READ_AT),
            hold=Known(False, READ_AT),
            roster=Known(MONDAY_TO_FRIDAY, DELIVERED),
            groups=frozenset({"pilot"}),
            unit=CIVIL_AFFAIRS,
            manager=guid(2),
            starts=date(2015, 3, 1),
            ends=date(2027, 6, 30),
            leave=LEAVE,
            forwards=Known(False, READ_AT),
            quota=Known(Quota(2 * 1024**3), READ_AT),
            delegates=Known(frozenset({address("p2")}), READ_AT),
        )

    def test_where_both_say_something_the_first_of_the_order_is_believed(self) -> None:
        """Every source says something else wherever it can."""
        mailbox = account(
            1, quota=Quota(None), department="Elders", manager=guid(3), has_manager=True, expires=YEAR_END
        )
        told = record(1, manager_key="1002", mail="oud", leave=LEAVE)
        found = person(mailbox, told, record(2), record(3), others=(account(2), account(3)))
        assert found.origins == {attribute: order.sources[0] for attribute, order in TRUST.items()}
        assert (found.manager, found.unit, found.ends) == (guid(2), CIVIL_AFFAIRS, None)
        assert found.address == address("p1")

    def test_whom_personnel_does_not_know_the_directory_vouches_for_as_far_as_it_can(self) -> None:
        """A hired hand: an account that ends, and a manager and a department in the directory."""
        hired = account(
            1, staff_number=None, expires=YEAR_END, department="Team ICT", manager=guid(2), has_manager=True
        )
        found = person(hired, others=(account(2),))
        assert (found.ends, found.unit) == (date(2026, 12, 31), OrgUnit("Team ICT", "Team ICT"))
        assert found.manager == guid(2)
        assert found.roster == Unknown(Reason.WORK_PATTERN_MISSING)
        assert found.starts is None and found.leave == ()
        second = {a: order.sources[-1] for a, order in TRUST.items() if order.sources[-1] is Source.DIRECTORY}
        assert found.origins == {a: s for a, s in second.items() if a is not Attribute.QUOTA}

    def test_a_department_called_like_a_unit_of_personnel_is_that_unit(self) -> None:
        hired = account(2, staff_number=None, department=" burgerzaken ")
        assert person(hired, record(1), others=(account(1),)).unit == CIVIL_AFFAIRS

    def test_a_department_called_like_two_units_is_neither(self) -> None:
        hired = account(3, staff_number=None, department="Burgerzaken")
        two = (record(1), record(2, unit=OrgUnit("200", "Burgerzaken")))
        found = person(hired, *two, others=(account(1), account(2)))
        assert found.unit == OrgUnit("Burgerzaken", "Burgerzaken")

    def test_letters_are_in_the_organisation_s_language_where_nobody_says(self) -> None:
        english = replace(HOUSE, language=Language.EN)
        found = merged([account(1), account(2, language=Language.NL)], [], english).persons
        assert [found[guid(n)].language for n in (1, 2)] == [Language.EN, Language.NL]


class TestWhatNobodySays:
    def test_is_unknown_and_not_no(self) -> None:
        silent = Account(guid(1), address("p1"), "Persoon 1")
        found = person(silent)
        facts: list[Fact[Any]] = [
            found.enabled, found.recipient_type, found.hold, found.forwards, found.quota, found.delegates,
        ]  # fmt: skip
        assert facts == [NOT_SAID] * 6
        assert found.roster == Unknown(Reason.WORK_PATTERN_MISSING)
        assert (found.unit, found.manager, found.starts, found.ends) == (None, None, None, None)
        assert found.origins == {Attribute.ADDRESS: Source.DIRECTORY}

    def test_people_with_the_same_sources_share_one_note_of_them(self) -> None:
        """5,000 people must cost little."""
        found = merged([account(1), account(2)], [record(1), record(2)]).persons
        assert found[guid(1)].origins is found[guid(2)].origins


class TestAccount:
    @pytest.mark.parametrize(
        ("closed", "expires", "enabled"),
        [
            (False, None, True),
            (True, None, False),
            (False, NOW, False),  # it closes at this very moment
            (False, NOW + timedelta(seconds=1), True),
            (None, NOW, False),
            (None, None, None),
        ],
    )
    def test_it_is_open_when_it_is_neither_closed_nor_expired(
        self, closed: bool | None, expires: datetime | None, enabled: bool | None
    ) -> None:
        found = person(account(1, closed=closed, expires=expires))
        assert found.enabled == (NOT_SAID if enabled is None else Known(enabled, READ_AT))

    @pytest.mark.parametrize(
        ("expires", "last_day"),
        [
            (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2026, 12, 31)),  # local midnight, winter time
            (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), date(2026, 6, 30)),  # local midnight, summer time
            (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), date(2026, 12, 31)),
            # midnight as it is written in winter for a day in summer, and by a script, in UTC
            (datetime(2027, 6, 30, 23, 0, tzinfo=UTC), date(2027, 6, 30)),
            (datetime(2027, 1, 1, tzinfo=UTC), date(2026, 12, 31)),
        ],
    )
    def test_its_last_day_is_local(self, expires: datetime, last_day: date) -> None:
        assert person(account(1, expires=expires)).ends == last_day

    def test_closed_while_personnel_says_in_service(self) -> None:
        found = merged([account(1, closed=True)], [record(1)])
        assert clashes(found) == [about(Clash.CLOSED_IN_SERVICE, 1)]

    def test_expired_while_personnel_says_in_service(self) -> None:
        found = merged([account(1, expires=NOW)], [record(1)])
        assert clashes(found) == [about(Clash.CLOSED_IN_SERVICE, 1)]

    @pytest.mark.parametrize(
        ("mailbox", "records"),
        [
            ({"closed": True}, [record(1, ends=date(2026, 11, 22))]),
            ({"closed": True}, [record(1, starts=date(2026, 12, 1))]),  # an account made ahead
            ({"closed": True}, []),
            ({"expires": NOW}, []),  # only the directory itself says that it ended
            ({"closed": True, "kind": RecipientType.SHARED}, [record(1)]),  # accounts of those always are
        ],
    )
    def test_closed_as_it_should_be(self, mailbox: dict[str, Any], records: list[Employment]) -> None:
        assert clashes(merged([account(1, **mailbox)], records)) == []


class TestManager:
    def found(self, accounts: list[Account], *records: Employment) -> Merged:
        return merged(accounts, records)

    def lines(self, found: Merged) -> list[Any]:
        return clashes(found, Clash.NO_MANAGER, Clash.OWN_MANAGER, Clash.MANAGER_CIRCLE)

    def test_whom_personnel_names_by_number(self) -> None:
        found = self.found([account(1), account(2)], record(1, manager_key=" 01002"), record(2))
        assert found.persons[guid(1)].manager == guid(2)
        assert self.lines(found) == [], "who has reports and no manager is the top of the house"

    def test_the_directory_is_asked_when_personnel_s_manager_has_no_mailbox(self) -> None:
        told = record(1, manager_key="9999")
        found = self.found([account(1, manager=guid(2), has_manager=True), account(2)], told, record(2))
        assert found.persons[guid(1)].manager == guid(2)
        assert found.persons[guid(1)].origins[Attribute.MANAGER] is Source.DIRECTORY

    @pytest.mark.parametrize(
        ("mailbox", "told"), [({}, {"manager_key": "9999"}), ({"has_manager": True}, {}), ({}, {})]
    )
    def test_nobody_with_a_mailbox_is_named(self, mailbox: dict[str, Any], told: dict[str, Any]) -> None:
        found = self.found([account(1, **mailbox)], record(1, **told))
        assert self.lines(found) == [about(Clash.NO_MANAGER, 1)]

    @pytest.mark.parametrize("told", [{"manager_key": "9999"}, {}])
    def test_somebody_with_reports_is_the_top_unless_a_source_names_their_manager(
        self, told: dict[str, Any]
    ) -> None:
        found = self.found([account(1), account(2)], record(1, **told), record(2, manager_key="1001"))
        assert self.lines(found) == ([about(Clash.NO_MANAGER, 1)] if told else [])

    @pytest.mark.parametrize(
        "mailbox", [{"closed": True}, {"expires": NOW}, {"kind": RecipientType.SHARED}, {"kind": None}]
    )
    def test_who_is_not_known_to_work_here_needs_none(self, mailbox: dict[str, Any]) -> None:
        assert self.lines(merged([account(1, **mailbox)])) == []

    def test_who_left_or_has_not_begun_needs_none(self) -> None:
        for dates in ({"ends": date(2026, 11, 22)}, {"starts": date(2026, 11, 24)}):
            assert self.lines(self.found([account(1)], record(1, **dates))) == []

    def test_a_manager_who_left_stays_the_manager(self) -> None:
        """Where letters go then is decided by who is away; here it would hide who must hand over."""
        left = account(2, closed=True, kind=RecipientType.SHARED)
        told = record(2, ends=date(2026, 10, 31))
        found = self.found([account(1), left], record(1, manager_key="1002"), told)
        assert found.persons[guid(1)].manager == guid(2)

    @pytest.mark.parametrize(
        "manager", [{"kind": RecipientType.ROOM}, {"kind": RecipientType.SHARED}, {"login": "adm-2"}]
    )
    def test_what_is_no_person_manages_nobody(self, manager: dict[str, Any]) -> None:
        mailbox = account(1, manager=guid(2), has_manager=True)
        found = merged([mailbox, account(2, **manager)])
        assert found.persons[guid(1)].manager is None
        assert about(Clash.NO_MANAGER, 1) in self.lines(found)

    def test_one_s_own_manager(self) -> None:
        by_personnel = self.found([account(1)], record(1, manager_key="1001"))
        by_directory = merged([account(1, manager=guid(1), has_manager=True)])
        for found in (by_personnel, by_directory):
            assert found.persons[guid(1)].manager is None
            assert self.lines(found) == [about(Clash.OWN_MANAGER, 1)]

    def test_a_circle_is_told_once_and_nobody_in_it_has_a_manager(self) -> None:
        """1 -> 2 -> 3 -> 1, and 4 reports to 1."""
        told = [record(n, manager_key=str(1001 + n % 3)) for n in (1, 2, 3)]
        found = self.found([account(n) for n in (1, 2, 3, 4)], *told, record(4, manager_key="1001"))
        assert self.lines(found) == [about(Clash.MANAGER_CIRCLE, 1, 2, 3)]
        assert [found.persons[guid(n)].manager for n in (1, 2, 3, 4)] == [None, None, None, guid(1)]

    def test_two_circles_are_two_conflicts(self) -> None:
        pairs = [record(n, manager_key=str(1000 + m)) for n, m in ((1, 2), (2, 1), (3, 4), (4, 3))]
        found = self.found([account(n) for n in (1, 2, 3, 4)], *pairs)
        assert self.lines(found) == [about(Clash.MANAGER_CIRCLE, 1, 2), about(Clash.MANAGER_CIRCLE, 3, 4)]


class TestAddresses:
    def test_a_foreign_one_gets_no_letter_and_so_is_no_part_of_the_population(self) -> None:
        foreign = replace(account(1), address=replace(address("p1"), value="p1@elders.example"))
        mailbox = account(2, manager=guid(1), has_manager=True)
        found = merged([foreign, mailbox], [record(1, address=None)])
        assert set(found.persons) == {guid(2)}
        assert found.persons[guid(2)].manager is None
        conflicts = [about(Clash.FOREIGN_ADDRESS, 1)]
        assert list(found.conflicts) == conflicts, "one cause, one conflict: 2 has a manager"
        assert found.colleagues[foreign.address] is Standing.ACTIVE

    def test_two_with_one_primary_address_get_no_letters(self) -> None:
        found = merged([account(1), account(2, mail="p1")], [record(1)])
        assert found.persons == {}
        assert clashes(found) == [about(Clash.SAME_ADDRESS, 1, 2)]

    def test_the_one_whose_primary_address_it_is_keeps_it(self) -> None:
        found = merged([account(1), account(2, others=frozenset({address("p1")}))], [record(1), record(2)])
        assert set(found.persons) == {guid(1), guid(2)}
        assert clashes(found) == [about(Clash.SAME_ADDRESS, 1, 2)]

    def test_system_mailboxes_with_odd_addresses_are_no_work_for_anybody(self) -> None:
        odd = replace(
            account(1, kind=RecipientType.SYSTEM), address=replace(address("x"), value="x@ad.example")
        )
        assert merged([odd]).conflicts == ()


class TestColleagues:
    def test_every_address_stands_for_what_its_holder_is(self) -> None:
        left = account(2, others=frozenset({address("oud.p2")}))
        balie = account(3, mail="balie", kind=RecipientType.SHARED, others=frozenset({address("info")}))
        unsaid = account(4, closed=None)
        records = [record(1), record(2, ends=date(2026, 11, 22)), record(4)]
        found = merged([account(1), left, balie, unsaid, account(5, closed=True)], records).colleagues
        assert found == {
            address("p1"): Standing.ACTIVE,
            address("p2"): Standing.GONE,
            address("oud.p2"): Standing.GONE,
            address("balie"): Standing.NO_PERSON,
            address("info"): Standing.NO_PERSON,
            address("p4"): Standing.UNCERTAIN,
            address("p5"): Standing.GONE,
        }

    @pytest.mark.parametrize(("closed", "stands"), [(False, Standing.ACTIVE), (True, Standing.UNCERTAIN)])
    def test_an_address_of_two_is_uncertain_unless_both_stand_for_the_same(
        self, closed: bool, stands: Standing
    ) -> None:
        old = frozenset({address("oud")})
        found = merged([account(1, others=old), account(2, others=old, closed=closed)])
        assert found.colleagues[address("oud")] is stands


def test_nobody_is_shown_by_accident() -> None:
    shown = repr(merged([account(1)], [record(1), record(2)]))
    assert not [told for told in ("p1", "Persoon", "1001", guid(1)) if told in shown]


def test_people_stand_in_order_of_identity() -> None:
    assert list(merged([account(3), account(1), account(2)]).persons) == [guid(1), guid(2), guid(3)]
