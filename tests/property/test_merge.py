"""People made of two sources, whatever stands in them: nobody is made up, mixed up or lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mailbot.directory.merge import Merged, merge
from mailbot.directory.trust import TRUST
from mailbot.model.accounts import Account, Directory
from mailbot.model.conflicts import Clash
from mailbot.model.employment import Employment
from mailbot.model.facts import Known, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.sources import Attribute, Source
from tests.property.houses import HOUSE, NOW, Organisation, organisations, wild_accounts, wild_records


def merged(accounts: Sequence[Account], records: Sequence[Employment]) -> Merged:
    return merge(Directory(tuple(accounts), NOW), records, HOUSE, NOW)


def everybody(found: Merged) -> dict[ObjectGuid, Person]:
    return {**found.persons, **found.apart}


@given(wild_accounts, wild_records())
def test_every_mailbox_is_one_person_or_apart_and_nobody_is_made_up(
    accounts: list[Account], records: list[Employment]
) -> None:
    found = merged(accounts, records)
    assert len(found.persons) + len(found.apart) == len({account.guid for account in accounts})
    assert set(everybody(found)) == {account.guid for account in accounts}


@given(wild_accounts, wild_records())
def test_nobody_gets_the_data_of_two_records_and_no_record_goes_to_two(
    accounts: list[Account], records: list[Employment]
) -> None:
    by_start = {record.starts: record for record in records}
    found = everybody(merged(accounts, records)).values()
    assert all(n == 1 for day, n in Counter(p.starts for p in found).items() if day is not None)
    for person in found:
        if person.starts is None:
            assert person.leave == () and isinstance(person.roster, Unknown)
            continue
        record = by_start[person.starts]
        assert (person.ends, person.leave, person.unit) == (record.ends, record.leave, record.unit)
        assert person.roster == Known(record.roster, NOW)


@given(wild_accounts, wild_records())
def test_every_conflict_is_about_mailboxes_that_exist(
    accounts: list[Account], records: list[Employment]
) -> None:
    found = merged(accounts, records)
    pairs = {Clash.SAME_ADDRESS, Clash.SECOND_MAILBOX, Clash.MANAGER_CIRCLE}
    for conflict in found.conflicts:
        assert set(conflict.mailboxes) <= set(everybody(found))
        assert list(conflict.mailboxes) == sorted(set(conflict.mailboxes))
        assert len(conflict.mailboxes) >= (
            0 if conflict.clash is Clash.NO_MAILBOX else 2 if conflict.clash in pairs else 1
        )
    in_conflict = Counter(
        g for one in found.conflicts for g in one.mailboxes if one.clash is Clash.SHARED_MAILBOX
    )
    assert set(in_conflict.values()) <= {1}


@given(wild_accounts, wild_records())
def test_whoever_follows_managers_upward_comes_to_an_end(
    accounts: list[Account], records: list[Employment]
) -> None:
    persons = merged(accounts, records).persons
    for person in persons.values():
        here, steps = person, 0
        while here.manager is not None:
            here, steps = persons[here.manager], steps + 1
            assert steps <= len(persons)


@given(wild_accounts, wild_records(), st.randoms(use_true_random=False))
def test_the_order_of_the_sources_makes_no_difference_nor_do_doubles(
    accounts: list[Account], records: list[Employment], dice: Random
) -> None:
    mixed = [*accounts, *accounts[:2]], [*records, *records[:2]]
    for rows in mixed:
        dice.shuffle(rows)
    assert merged(*mixed) == merged(accounts, records)


@given(wild_accounts, wild_records())
def test_nothing_is_known_that_no_source_said(accounts: list[Account], records: list[Employment]) -> None:
    by_guid: dict[ObjectGuid, list[Account]] = {}
    for account in accounts:
        by_guid.setdefault(account.guid, []).append(account)
    for person in everybody(merged(accounts, records)).values():
        told = by_guid[person.guid]
        if isinstance(person.enabled, Known):
            assert any(a.closed is not None or a.expires is not None for a in told)
        if isinstance(person.recipient_type, Known):
            assert person.recipient_type.value in {a.kind for a in told}
        assert (person.hold, person.forwards, person.quota, person.delegates) == (NOT_SAID,) * 4
        if person.starts is None and person.ends is not None:
            assert any(a.expires is not None for a in told)
        assert all(source in TRUST[attribute].sources for attribute, source in person.origins.items())
        said = {
            Attribute.STARTS: person.starts,
            Attribute.MANAGER: person.manager,
            Attribute.UNIT: person.unit,
        }
        assert all(attribute in person.origins for attribute, value in said.items() if value is not None)


@given(wild_accounts, wild_records())
def test_an_address_stands_for_something_for_every_mailbox_that_carries_it(
    accounts: list[Account], records: list[Employment]
) -> None:
    found = merged(accounts, records)
    read_twice = {g for g, n in Counter(a.guid for a in accounts).items() if n > 1}
    sure = [account for account in accounts if account.guid not in read_twice]
    assert {a for account in sure for a in (account.address, *account.others)} <= set(found.colleagues)


@given(organisations())
def test_sources_that_agree_give_the_organisation_back(house: Organisation) -> None:
    found = merged(house.accounts, house.records)
    assert found.conflicts == () and found.unmatched == 0 and found.apart == {}
    assert tuple(found.persons.values()) == house.people


@given(organisations(), st.data())
def test_a_rename_keeps_the_person(house: Organisation, data: st.DataObject) -> None:
    """Another name, login and primary address; the old address stays, as Exchange leaves it."""
    place = data.draw(st.integers(0, len(house.accounts) - 1))
    account = house.accounts[place]
    renamed = replace(
        account,
        address=Address("getrouwd@voorbeeld.example"),
        name="Andere Naam",
        login="getrouwd",
        others=account.others | {account.address},
    )
    found = merged([renamed if a is account else a for a in house.accounts], house.records)
    expected = [
        replace(p, address=renamed.address, name=renamed.name) if p.guid == account.guid else p
        for p in house.people
    ]
    assert list(found.persons.values()) == expected and found.conflicts == ()


@given(organisations())
def test_personnel_alone_never_makes_a_person(house: Organisation) -> None:
    found = merged([], house.records)
    assert found.persons == {}
    assert {one.clash for one in found.conflicts} <= {Clash.NO_MAILBOX}


@given(organisations())
def test_without_personnel_the_same_mailboxes_are_there(house: Organisation) -> None:
    found = merged(house.accounts, [])
    assert list(found.persons) == [person.guid for person in house.people]
    assert {s for p in found.persons.values() for s in p.origins.values()} == {Source.DIRECTORY}
