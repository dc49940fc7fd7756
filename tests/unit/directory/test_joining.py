"""Which personnel record belongs to which mailbox, and where that cannot be told."""

from datetime import date

import pytest

from mailbot.directory.merge import Merged
from mailbot.model.accounts import RecipientType
from mailbot.model.conflicts import Clash
from mailbot.model.organisation import Standing
from tests.unit.directory.staff import (
    NOW,
    about,
    account,
    address,
    clashes,
    guid,
    merged,
    record,
)

LAST_MONTH, NEXT_MONTH = date(2026, 10, 31), date(2026, 12, 31)


def knows(found: Merged, number: int) -> bool:
    """Whether personnel's record reached this mailbox: nobody else says when service began."""
    return found.persons[guid(number)].starts is not None


class TestByStaffNumber:
    def test_it_counts_before_the_address(self) -> None:
        """Anna's record still names the address that Bram has now; her number is on her own mailbox."""
        found = merged([account(1), account(2, staff_number=None)], [record(1, mail="p2")])
        assert knows(found, 1) and not knows(found, 2)

    @pytest.mark.parametrize("written", [" 1001", "1001 ", "001001"])
    def test_blanks_and_leading_zeros_do_not_matter(self, written: str) -> None:
        assert knows(merged([account(1, staff_number=written)], [record(1, address=None)]), 1)
        assert knows(merged([account(1)], [record(1, key=written, address=None)]), 1)

    def test_leading_zeros_matter_where_two_numbers_differ_by_them_only(self) -> None:
        anna, bram = record(1, key="7", address=None), record(2, key="07", address=None)
        found = merged([account(1, staff_number="7"), account(2, staff_number="07")], [anna, bram])
        assert knows(found, 1) and knows(found, 2)
        unclear = merged([account(1, staff_number="007")], [anna, bram])
        assert not knows(unclear, 1) and clashes(unclear) == []

    def test_a_number_as_it_is_written_goes_before_one_without_zeros(self) -> None:
        found = merged(
            [account(1, staff_number="07"), account(2, staff_number="7")], [record(1, key="07", address=None)]
        )
        assert knows(found, 1) and not knows(found, 2)
        assert clashes(found) == []

    def test_a_number_of_zeros_only_is_no_number_to_compare_without_zeros(self) -> None:
        assert not knows(merged([account(1, staff_number="0")], [record(1, key="000", address=None)]), 1)

    def test_a_new_name_and_address_keep_the_person(self) -> None:
        before = merged([account(1)], [record(1)])
        after = merged([account(1, mail="getrouwd", name="Andere Naam", login="getrouwd")], [record(1)])
        assert knows(before, 1) and knows(after, 1)
        assert after.persons[guid(1)].address == address("getrouwd")


class TestByAddress:
    def test_the_primary_one(self) -> None:
        assert knows(merged([account(1, staff_number=None)], [record(1)]), 1)

    def test_an_old_one_that_the_mailbox_still_carries(self) -> None:
        renamed = account(1, staff_number=None, mail="getrouwd", others=frozenset({address("p1")}))
        assert knows(merged([renamed], [record(1)]), 1)

    def test_a_primary_one_goes_before_another_mailbox_s_old_one(self) -> None:
        """The address went to somebody else; the first holder still carries it."""
        first = account(1, staff_number=None, mail="nieuw", others=frozenset({address("p2")}))
        found = merged([first, account(2, staff_number=None)], [record(2)])
        assert knows(found, 2) and not knows(found, 1)

    def test_an_old_address_of_two_mailboxes_joins_neither(self) -> None:
        old = frozenset({address("oud")})
        both = [account(n, staff_number=None, others=old) for n in (1, 2)]
        found = merged(both, [record(9, mail="oud")])
        assert not knows(found, 1) and not knows(found, 2)
        assert clashes(found) == [about(Clash.SAME_ADDRESS, 1, 2)]
        assert found.unmatched == 0, "there is a mailbox; it is the directory that must be mended"


class TestTwoPeopleOneMailbox:
    def test_neither_is_joined(self) -> None:
        found = merged([account(1, staff_number=None)], [record(1), record(2, mail="p1")])
        assert not knows(found, 1)
        assert clashes(found) == [about(Clash.SHARED_MAILBOX, 1)]
        assert guid(1) in found.persons, "its settings can be looked at all the same"

    def test_a_staff_number_does_not_outdo_a_colleague_in_service(self) -> None:
        """Leave of the one would be held against a mailbox that both use."""
        found = merged([account(1)], [record(1), record(2, mail="p1")])
        assert not knows(found, 1)
        assert clashes(found) == [about(Clash.SHARED_MAILBOX, 1)]

    @pytest.mark.parametrize("staff_number", ["1001", None])
    def test_who_has_left_gives_way(self, staff_number: str | None) -> None:
        """The address was given out again, or somebody came back under a new number."""
        left = record(2, mail="p1", ends=LAST_MONTH)
        found = merged([account(1, staff_number=staff_number)], [record(1), left])
        assert found.persons[guid(1)].starts is not None and found.persons[guid(1)].ends is None
        assert clashes(found) == []

    def test_who_has_left_does_not_give_way_when_the_staff_number_is_theirs(self) -> None:
        """Taking the mailbox for the colleague's would keep a leaver's account open without anybody knowing;
        taking it for the leaver's would ask to block somebody at work."""
        left = record(1, ends=LAST_MONTH)
        found = merged([account(1)], [left, record(2, mail="p1")])
        assert clashes(found) == [about(Clash.SHARED_MAILBOX, 1)]

    def test_the_account_s_last_day_is_not_taken_either(self) -> None:
        """Personnel knows somebody here, only not whom: a less trusted source does not fill that in."""
        ending = account(1, staff_number=None, expires=NOW)
        assert merged([ending], [record(1), record(2, mail="p1")]).persons[guid(1)].ends is None

    def test_a_record_that_stands_there_twice_is_one(self) -> None:
        found = merged([account(1), account(1)], [record(1), record(1)])
        assert knows(found, 1) and clashes(found) == []


class TestOnePersonTwoMailboxes:
    def test_the_one_that_personnel_names_wins_and_the_other_is_an_admin_account(self) -> None:
        found = merged([account(1), account(2, mail="beheer.p1", staff_number="1001")], [record(1)])
        assert knows(found, 1)
        assert guid(2) not in found.persons and guid(2) in found.apart
        assert found.colleagues[address("beheer.p1")] is Standing.NO_PERSON
        assert clashes(found) == []

    def test_no_telling_which(self) -> None:
        both = [account(1), account(2, staff_number="1001")]
        found = merged(both, [record(1, address=None)])
        assert clashes(found) == [about(Clash.SECOND_MAILBOX, 1, 2)]
        assert set(found.persons) == {guid(1), guid(2)}
        assert not knows(found, 1) and not knows(found, 2)
        standing = {found.colleagues[address("p1")], found.colleagues[address("p2")]}
        assert standing == {Standing.UNCERTAIN}, "one of them is nobody, and nobody knows which"

    def test_a_shared_mailbox_with_its_owner_s_number_stays_a_shared_mailbox(self) -> None:
        team = account(2, mail="balie", staff_number="1001", kind=RecipientType.SHARED)
        found = merged([account(1), team], [record(1, address=None)])
        assert knows(found, 1) and not knows(found, 2)
        assert guid(2) in found.persons and clashes(found) == []

    def test_a_second_mailbox_that_a_colleague_claims_is_both_s_and_nobody_s(self) -> None:
        second = account(2, staff_number="1001")
        found = merged([account(1), second], [record(1), record(2)])
        assert knows(found, 1) and not knows(found, 2)
        assert clashes(found) == [about(Clash.SHARED_MAILBOX, 2)]


class TestAdminAccounts:
    @pytest.mark.parametrize("named", [{"login": "adm-kim"}, {"mail": "adm-kim"}, {"mail": "svc-scan"}])
    def test_by_the_pattern_of_login_or_address(self, named: dict[str, str]) -> None:
        found = merged([account(1), account(2, staff_number="1001", **named)], [record(1)])
        assert set(found.persons) == {guid(1)}
        assert knows(found, 1)
        assert found.colleagues[found.apart[guid(2)].address] is Standing.NO_PERSON

    def test_whom_personnel_names_by_address_is_a_person_whatever_the_name(self) -> None:
        """Mr. Svc-Adams exists."""
        found = merged([account(1, mail="adm-ing", staff_number=None)], [record(1, mail="adm-ing")])
        assert knows(found, 1)


class TestWhatIsNobodyS:
    @pytest.mark.parametrize("kind", [RecipientType.ROOM, RecipientType.EQUIPMENT, RecipientType.SYSTEM])
    def test_rooms_and_systems_are_never_joined(self, kind: RecipientType) -> None:
        found = merged([account(1, kind=kind)], [record(1)])
        assert not knows(found, 1)
        assert found.unmatched == 1 and clashes(found) == [], "the address exists; its holder has no mailbox"

    @pytest.mark.parametrize("kind", [RecipientType.SHARED, RecipientType.REMOTE_SHARED])
    @pytest.mark.parametrize("staff_number", ["1001", None])
    def test_a_leaver_s_mailbox_kept_as_a_shared_one_keeps_its_record(
        self, kind: RecipientType, staff_number: str | None
    ) -> None:
        kept = account(1, kind=kind, staff_number=staff_number, closed=True)
        found = merged([kept], [record(1, ends=LAST_MONTH)])
        assert found.persons[guid(1)].ends == LAST_MONTH and clashes(found) == []


class TestPeopleWithoutMailbox:
    def test_an_address_that_no_mailbox_carries_is_a_conflict(self) -> None:
        found = merged([account(1)], [record(1), record(2)])
        assert clashes(found) == [about(Clash.NO_MAILBOX)]
        assert found.unmatched == 1

    def test_somebody_without_address_is_counted_only(self) -> None:
        found = merged([account(1)], [record(1), record(2, address=None)])
        assert clashes(found) == [] and found.unmatched == 1

    @pytest.mark.parametrize("dates", [{"ends": LAST_MONTH}, {"starts": NEXT_MONTH}])
    def test_who_left_or_has_not_begun_needs_none(self, dates: dict[str, date]) -> None:
        found = merged([account(1)], [record(1), record(2, **dates)])
        assert clashes(found) == [] and found.unmatched == 0


def test_one_mailbox_told_in_two_ways_is_always_taken_the_same_way() -> None:
    """A page of the directory was read while it changed."""
    old, new = account(1), account(1, mail="getrouwd")
    assert merged([old, new]).persons == merged([new, old]).persons
    assert list(merged([old, new]).persons) == [guid(1)]
