"""The export of the town's directory: LDIF as RFC 2849 wants it, and the same mailboxes as in Exchange."""

import base64
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.simulator import Town, directory
from mailbot.simulator.cast import EXCLUDED_GROUPS, PILOT_GROUP
from mailbot.simulator.ldif import Entry, export
from mailbot.simulator.mailboxes import Trouble
from mailbot.simulator.stories import GIB
from mailbot.simulator.stories_people import SETTINGS_ONLY_GROUP
from tests.simulator.asks import Asks
from tests.simulator.conftest import Client


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.build()


@pytest.fixture(scope="module")
def mailboxes(town: Town) -> dict[str, Entry]:
    """Entries that have a mailbox, by primary address."""
    return {one(entry, "mail"): entry for entry in town.entries() if entry.all("mail")}


def one(entry: Entry, name: str) -> str:
    (value,) = entry.all(name)
    assert isinstance(value, str)
    return value


def of_story(town: Town, mailboxes: dict[str, Entry], story: str) -> Entry:
    mailbox = town.by_guid(town.staged()[story])
    assert mailbox is not None
    return mailboxes[mailbox.address]


def parsed(text: str) -> list[tuple[str, list[tuple[str, str | bytes]]]]:
    """Records, read by nothing but RFC 2849."""
    records: list[tuple[str, list[tuple[str, str | bytes]]]] = []
    version, _, rest = text.replace("\r\n ", "").partition("\r\n")
    assert version == "version: 1"
    for block in rest.split("\r\n\r\n"):
        lines = [line for line in block.split("\r\n") if line and not line.startswith("#")]
        values: list[tuple[str, str | bytes]] = []
        for line in lines:
            name, _, value = line.partition(":")
            if value.startswith(":"):
                values.append((name, base64.b64decode(value[1:].strip(), validate=True)))
            else:
                values.append((name, value.removeprefix(" ")))
        if values:
            assert values[0][0] == "dn"
            dn = values[0][1]
            records.append((dn.decode() if isinstance(dn, bytes) else dn, values[1:]))
    return records


# the text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.binary(min_size=1))
def test_any_value_comes_back_as_it_went_in(text: str, octets: bytes) -> None:
    written = export([Entry("CN=x", (("displayName", text), ("objectGUID", octets)))], ["displayName"])
    assert written.isascii()
    assert all(len(line) <= 76 for line in written.split("\r\n"))
    ((dn, values),) = parsed(written)
    told = [value if isinstance(value, bytes) else value.encode() for _, value in values]
    assert (dn, told) == ("CN=x", [text.encode(), octets])


def test_the_export_names_what_was_asked_before_its_first_entry(town: Town) -> None:
    head = town.directory_ldf().replace("\r\n ", "").split("\r\n")[:2]
    assert head[0] == "version: 1"
    assert head[1].split()[:3] == ["#", "attributes:", "objectClass"]
    asked = set(head[1].split()[2:])
    assert {name for entry in town.entries() for name, _ in entry.values} <= asked


def test_every_entry_of_the_town_stands_in_the_text(town: Town) -> None:
    written = parsed(town.directory_ldf())
    assert [dn for dn, _ in written] == [entry.dn for entry in town.entries()]
    assert len({dn for dn, _ in written}) == len(written)
    assert any(not dn.isascii() for dn, _ in written), "a name with an accent is among them"


def test_the_export_is_as_old_as_the_towns_clock(town: Town, tmp_path: Path) -> None:
    town.write_files(tmp_path)
    file = tmp_path / "directory.ldf"
    assert datetime.fromtimestamp(file.stat().st_mtime, UTC) == town.clock.now()
    assert file.read_bytes().decode("ascii") == town.directory_ldf()
    assert not list(tmp_path.glob("*.part"))


# what it says


def test_every_mailbox_has_the_identity_and_address_that_it_has_in_exchange(
    town: Town, mailboxes: dict[str, Entry]
) -> None:
    people = {resident.address: resident for resident in town.residents}
    assert set(people) < set(mailboxes)
    for address, entry in mailboxes.items():
        (octets,) = entry.all("objectGUID")
        assert isinstance(octets, bytes)
        assert town.mailboxes[address].guid == str(uuid.UUID(bytes_le=octets))
        proxies = entry.all("proxyAddresses")
        assert [value for value in proxies if str(value).startswith("SMTP:")] == [f"SMTP:{address}"]
    logins = Counter(one(entry, "sAMAccountName") for entry in town.entries() if entry.all("sAMAccountName"))
    assert max(logins.values()) == 1
    assert max(map(len, logins)) <= 20


def test_exchange_answers_under_the_address_in_the_directory(
    client: Client, asks: Asks, town: Town, mailboxes: dict[str, Entry]
) -> None:
    entry = of_story(town, mailboxes, "outlook-says-otherwise")
    assert "smtp:petronella.hofstra@voorbeeld.example" in entry.all("proxyAddresses")
    got = client.ask(asks.availability(one(entry, "mail")))
    assert got.codes == ["NoError"]


@pytest.mark.parametrize(
    ("story", "control", "expires"),
    [
        ("plain-over", "512", None),
        ("over-account-closed", "514", None),
        ("linked-over", "514", None),
        ("leaver-day-of-grace", "514", "134370072000000000"),
        ("leaver-last-day-today", "512", "134399484000000000"),
        ("hired-until-yesterday", "512", "134398620000000000"),
        ("roster-in-outlook", "512", "0"),
        ("roster-nowhere-not-away", "512", "9223372036854775807"),
    ],
)
def test_accounts_are_open_closed_or_close_by_themselves(
    town: Town, mailboxes: dict[str, Entry], story: str, control: str, expires: str | None
) -> None:
    entry = of_story(town, mailboxes, story)
    assert one(entry, "userAccountControl") == control
    assert one(entry, "accountExpires") in ((expires,) if expires else ("0", "9223372036854775807"))


def test_both_numbers_for_never_stand_on_many_accounts(town: Town) -> None:
    found = Counter(value for entry in town.entries() for value in entry.all("accountExpires"))
    assert found["0"] > 20
    assert found["9223372036854775807"] > 20


def test_an_account_that_may_not_be_seen_has_neither_state_nor_end(
    town: Town, mailboxes: dict[str, Entry]
) -> None:
    for story in ("account-state-unknown", "leaver-account-unknown"):
        entry = of_story(town, mailboxes, story)
        assert entry.all("userAccountControl") == entry.all("accountExpires") == ()


def test_quotas_are_the_mailboxs_own_or_those_of_its_database(
    town: Town, mailboxes: dict[str, Entry]
) -> None:
    databases = {e.dn: e for e in town.entries() if "msExchPrivateMDB" in e.all("objectClass")}
    limits = {one(e, "cn"): e.all("mDBOverHardQuotaLimit") for e in databases.values()}
    assert limits == {"MBX-01": ("5242880",), "MBX-02": ("10485760",), "MBX-03": ()}
    own = of_story(town, mailboxes, "just-under-limit")
    assert own.all("mDBUseDefaults") == ("FALSE",)
    assert own.all("mDBOverHardQuotaLimit") == ("6291456",)
    ordinary = of_story(town, mailboxes, "exactly-at-limit")
    assert one(ordinary, "homeMDB") in databases
    assert ordinary.all("mDBOverHardQuotaLimit") == ()
    assert {e.all("mDBUseDefaults") for e in mailboxes.values()} == {(), ("TRUE",), ("FALSE",)}


def test_the_nightly_export_tells_the_same_quotas(town: Town, mailboxes: dict[str, Entry]) -> None:
    told = dict(line.split(";")[1::6] for line in town.access_csv().splitlines()[1:])
    assert {story: told[one(of_story(town, mailboxes, story), "mail")] for story in QUOTAS} == QUOTAS


QUOTAS = {
    "just-under-limit": str(6 * GIB),
    "exactly-at-limit": str(5 * GIB),
    "exactly-near": "unlimited",
}


def test_holds_and_forwarding_are_told_in_each_of_their_ways(town: Town, mailboxes: dict[str, Entry]) -> None:
    litigation = of_story(town, mailboxes, "over-under-hold")
    assert litigation.all("msExchLitigationHoldDate") == ("20260201080000.0Z",)
    policy = of_story(town, mailboxes, "over-kept-by-policy")
    assert policy.all("msExchLitigationHoldDate") == ()
    assert len(policy.all("msExchUserHoldPolicies")) == 1
    inside = of_story(town, mailboxes, "leaver-forwarded-by-directory")
    assert str(inside.all("altRecipient")[0]).startswith("CN=Jan-Willem Roodenburg,")
    outside = mailboxes["klachten@voorbeeld.example"]
    assert str(outside.all("msExchGenericForwardingAddress")[0]).startswith("smtp:kanarie-")


def test_delegates_of_the_directory_are_those_whom_exchange_shows(
    town: Town, mailboxes: dict[str, Entry]
) -> None:
    names = {entry.dn: address for address, entry in mailboxes.items()}
    told = 0
    for address, entry in mailboxes.items():
        mailbox = town.mailboxes[address]
        rights = mailbox.rights.get(mailbox.folders.by_name["inbox"].id, [])
        delegates = {names[str(dn)] for dn in entry.all("publicDelegates")}
        assert delegates == {
            right.account for right in rights if right.delegate and right.account in mailboxes
        }
        assert {names[str(dn)] for dn in entry.all("msExchDelegateListLink")} <= set(mailbox.trustees)
        told += bool(delegates)
    assert told > 20


def test_a_mailbox_in_the_cloud_has_no_store_here(town: Town, mailboxes: dict[str, Entry]) -> None:
    for address, entry in mailboxes.items():
        remote = one(entry, "msExchRecipientTypeDetails") in ("2147483648", "34359738368")
        assert remote == (town.mailboxes[address].trouble is Trouble.ELSEWHERE)
        assert remote == (entry.all("homeMDB") == ())


def test_groups_hold_their_members_some_of_them_through_another_group(town: Town) -> None:
    groups = {one(e, "displayName").lower(): e for e in town.entries() if "group" in e.all("objectClass")}
    assert {*EXCLUDED_GROUPS, PILOT_GROUP, SETTINGS_ONLY_GROUP, "or-commissie-vgwm"} == set(groups)
    council, committee = groups["ondernemingsraad"], groups["or-commissie-vgwm"]
    assert one(council, "cn") == "SG-OR-Leden", "known by another name than its own"
    assert committee.dn in council.all("member")
    assert len(council.all("member")) == 4
    assert len(committee.all("member")) == 2
    assert not set(committee.all("member")) & set(council.all("member"))
    excluded = {directory.dn_of(r) for r in town.residents if r.address in town.excluded()}
    assert set(committee.all("member")) < excluded


def test_accounts_of_administrators_and_programs_stand_beside_people(
    town: Town, mailboxes: dict[str, Entry]
) -> None:
    found = {one(e, "sAMAccountName"): e for e in town.entries() if e.dn.endswith(directory.ADMINISTRATION)}
    assert {login: (len(e.all("mail")), len(e.all("employeeID"))) for login, e in found.items()} == {
        "adm-willemijn.schout": (1, 1),
        "adm-evelien.grondsma": (0, 1),
        "svc-scan": (1, 0),
    }
    for story, login in (
        ("part-timer-last-day-today", "adm-willemijn.schout"),
        ("part-timer-day-past", "adm-evelien.grondsma"),
    ):
        assert of_story(town, mailboxes, story).all("employeeID") == found[login].all("employeeID")
    assert town.mailboxes["svc-scan@voorbeeld.example"].guid not in town.expected()


def test_a_canary_never_stands_in_the_directory_but_as_a_forwarding_address(town: Town) -> None:
    lines = [
        line
        for line in town.directory_ldf().replace("\r\n ", "").split("\r\n")
        if not line.startswith("msExchGenericForwardingAddress")
    ]
    assert not [canary for canary in town.canaries() if any(canary in line for line in lines)]
