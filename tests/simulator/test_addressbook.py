"""The address list: who is in a group, and what an address is."""

import pytest

from mailbot.simulator import Fault, FaultKind, canaries
from mailbot.simulator.mailboxes import Group, legacy_dn

TEAM = f"{canaries.GROUP}@voorbeeld.example"
NESTED = "beheer@voorbeeld.example"
SECRET = "ombuds@voorbeeld.example"
CONTACT = "notaris@voorbeeld.example"
OUTSIDE = "balie@notaris.example"


@pytest.fixture(autouse=True)
def address_list(town, address):
    town.contacts[CONTACT] = OUTSIDE
    town.groups[NESTED] = Group(NESTED, (address("deep-over"), TEAM))
    town.groups[SECRET] = Group(SECRET, (address("deep-over"),), hidden=True)
    town.groups[TEAM] = Group(TEAM, (address("plain-over"), NESTED, CONTACT, "gast@elders.example"))


def rows(got):
    names = ("EmailAddress", "RoutingType", "MailboxType")
    return [tuple(box.findtext(f"{{*}}{name}") for name in names) for box in got.all(".//t:Mailbox")]


def test_members_are_told_one_level_deep_each_with_its_kind(client, asks, address):
    """A nested group is a member like any other: expanding it is another question."""
    got = client.ask(asks.expand(TEAM))
    assert got.codes == ["NoError"]
    assert rows(got) == [
        (address("plain-over"), "SMTP", "Mailbox"),
        (NESTED, "SMTP", "PublicDL"),
        (OUTSIDE, "SMTP", "Contact"),
        ("gast@elders.example", "SMTP", "Mailbox"),
    ]
    (members,) = got.all(".//m:DLExpansion")
    assert dict(members.attrib) == {"TotalItemsInView": "4", "IncludesLastItemInRange": "true"}


def test_groups_may_hold_each_other(client, asks, address):
    assert (TEAM, "SMTP", "PublicDL") in rows(client.ask(asks.expand(NESTED)))


def test_a_group_is_found_however_its_address_is_written(client, asks):
    assert client.ask(asks.expand(TEAM.upper())).codes == ["NoError"]


@pytest.mark.parametrize("entry", ["niemand@voorbeeld.example", "plain-over"])
def test_what_is_no_group_has_no_results(client, asks, address, entry):
    entry = address(entry) if entry == "plain-over" else entry
    got = client.ask(asks.expand(entry))
    assert got.codes == ["ErrorNameResolutionNoResults"]
    assert rows(got) == []


def test_a_group_that_hides_its_members_is_still_a_group(client, asks):
    assert client.ask(asks.expand(SECRET)).codes == ["ErrorAccessDenied"]
    assert rows(client.ask(asks.resolve(SECRET))) == [(SECRET, "SMTP", "PublicDL")]


@pytest.mark.parametrize("write", [str, str.upper, "smtp:{}".format, legacy_dn])
def test_a_mailbox_is_resolved_from_its_address_or_from_that_of_exchange_itself(client, asks, address, write):
    someone = address("plain-over")
    assert rows(client.ask(asks.resolve(write(someone)))) == [(someone, "SMTP", "Mailbox")]


def test_a_name_is_resolved_too(client, asks, address, town):
    someone = address("plain-over")
    assert rows(client.ask(asks.resolve(town.mailbox(someone).name))) == [(someone, "SMTP", "Mailbox")]


@pytest.mark.parametrize("write", [str, legacy_dn])
def test_a_contact_is_resolved_to_the_address_outside(client, asks, write):
    assert rows(client.ask(asks.resolve(write(CONTACT)))) == [(OUTSIDE, "SMTP", "Contact")]


@pytest.mark.parametrize(
    "entry", ["niemand@voorbeeld.example", legacy_dn("niemand@voorbeeld.example"), "gast@elders.example"]
)
def test_what_is_not_in_the_address_list_has_no_results(client, asks, entry):
    assert client.ask(asks.resolve(entry)).codes == ["ErrorNameResolutionNoResults"]


def test_contact_data_comes_when_asked_for(client, asks, address, town):
    someone = address("plain-over")
    assert client.ask(asks.resolve(someone)).all(".//t:Contact") == []
    got = client.ask(asks.resolve(someone, full=True))
    assert got.text_of(".//t:Contact/t:DisplayName") == town.mailbox(someone).name


def test_whoever_has_no_mailbox_can_search_the_directory_only(client, asks, address):
    """Article "ResponseCode": without a mailbox there are no contacts to look into."""
    someone = address("plain-over")
    wide = asks.resolve(someone, scope="ActiveDirectoryContacts")
    assert client.ask(wide).codes == ["ErrorNameResolutionNoMailbox"]
    assert client.ask(wide, someone).codes == ["NoError"]
    assert client.ask(asks.resolve(someone)).codes == ["NoError"]


def test_a_success_without_members_or_a_name(client, asks, server):
    server.faults.add(Fault(FaultKind.VALUE_MISSING))
    for body in (asks.expand(TEAM), asks.resolve(TEAM)):
        got = client.ask(body)
        assert (got.codes, rows(got)) == (["NoError"], [])


def test_looking_up_an_entry_opens_no_mailbox_and_a_fault_can_be_aimed_at_it(client, asks, server, address):
    someone = address("plain-over")
    server.faults.add(Fault(FaultKind.CODE, "ExpandDL", TEAM, code="ErrorADUnavailable"))
    assert client.ask(asks.expand(NESTED)).codes == ["NoError"]
    assert client.ask(asks.expand(TEAM)).codes == ["ErrorADUnavailable"]
    client.ask(asks.resolve(f"SMTP:{someone}"))
    assert [(line.mailboxes, line.looked_up) for line in server.access_log()] == [
        ((), (NESTED,)),
        ((), (TEAM,)),
        ((), (someone,)),
    ]
