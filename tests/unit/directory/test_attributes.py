"""What entries of Active Directory mean, one trap at a time."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailbot.directory.ad_values import last_day
from mailbot.directory.attributes import ATTRIBUTES, STORE_ATTRIBUTES, read_directory
from mailbot.directory.entry import Entry
from mailbot.directory.names import common_name, fold_dn
from mailbot.model.accounts import Account, Directory, Language, Quota, RecipientType
from mailbot.model.ids import Address, ObjectGuid

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ASKED = frozenset(name.lower() for name in (*ATTRIBUTES, *STORE_ATTRIBUTES))
PEOPLE = "OU=Medewerkers,DC=ad,DC=voorbeeld,DC=example"
DATABASE = (
    "CN=DB01,CN=Databases,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=ad,DC=voorbeeld,DC=example"
)

Told = bytes | tuple[bytes, ...] | None


def guid(number: int) -> ObjectGuid:
    return ObjectGuid(str(uuid.UUID(int=number)))


def entry(number: int = 1, dn: str | None = None, **changes: Told) -> Entry:
    """A user's mailbox with nothing remarkable; None takes an attribute away."""
    values: dict[str, Told] = {
        "objectclass": (b"top", b"person", b"organizationalPerson", b"user"),
        "objectguid": uuid.UUID(int=number).bytes_le,
        "samaccountname": f"Gebruiker{number}".encode(),
        "mail": f"p{number}@voorbeeld.example".encode(),
        "proxyaddresses": f"SMTP:P{number}@voorbeeld.example".encode(),
        "displayname": f"Persoon {number}".encode(),
        "useraccountcontrol": b"512",
        "accountexpires": b"0",
        "msexchmailboxguid": b"0123456789abcdef",
        "msexchrecipienttypedetails": b"1",
        **changes,
    }
    return Entry(dn or f"CN=Persoon {number},{PEOPLE}", _packed(values))


def database(limit: bytes | None = b"2097152", dn: str = DATABASE) -> Entry:
    return Entry(dn, _packed({"objectclass": b"msExchPrivateMDB", "mdboverhardquotalimit": limit}))


def _packed(values: Mapping[str, Told]) -> dict[str, tuple[bytes, ...]]:
    return {
        name: value if isinstance(value, tuple) else (value,)
        for name, value in values.items()
        if value is not None
    }


def filetime(moment: datetime) -> bytes:
    since = moment - datetime(1601, 1, 1, tzinfo=UTC)
    return str((since.days * 86_400 + since.seconds) * 10_000_000).encode()


def read(*entries: Entry, asked: frozenset[str] = ASKED) -> Directory:
    return read_directory(entries, asked, {}, NOW)


def account(*others: Entry, asked: frozenset[str] = ASKED, **changes: Told) -> Account:
    """The account of one changed entry, beside other entries."""
    [found] = [a for a in read(entry(1, **changes), *others, asked=asked).accounts if a.guid == guid(1)]
    return found


def broken(**changes: Told) -> bool:
    found = read(entry(1, **changes))
    assert (len(found.accounts), found.broken) in ((1, 0), (0, 1))
    return found.broken == 1


# who it is


def test_the_first_three_fields_of_a_guid_have_their_lowest_octet_first() -> None:
    octets = bytes.fromhex("521a0c5f0b8f3a4c9d570a4f6b1c2d01")
    [found] = read(entry(1, objectguid=octets)).accounts
    assert found.guid == "5f0c1a52-8f0b-4c3a-9d57-0a4f6b1c2d01"


@pytest.mark.parametrize("octets", [None, b"", b"short", bytes(16), b"x" * 17, (b"x" * 16, b"y" * 16)])
def test_an_entry_without_a_usable_guid_is_broken(octets: Told) -> None:
    assert broken(objectguid=octets)


def test_entries_that_share_a_guid_are_all_broken() -> None:
    found = read(entry(1), entry(1, dn=f"CN=Ander,{PEOPLE}"), entry(2))
    assert [a.guid for a in found.accounts] == [guid(2)]
    assert found.broken == 2


def test_login_is_in_lower_case_and_a_name_comes_from_the_entry_when_there_is_no_display_name() -> None:
    found = account(displayname=None)
    assert (found.login, found.name) == ("gebruiker1", "Persoon 1")


def test_what_is_neither_mailbox_nor_database_is_passed_over() -> None:
    group = Entry(f"CN=Groep,{PEOPLE}", {"objectclass": (b"top", b"group")})
    admin = entry(2, msexchmailboxguid=None, msexchrecipienttypedetails=None)
    mail_user = entry(3, msexchmailboxguid=None, msexchrecipienttypedetails=b"128")
    once = entry(5, msexchmailboxguid=None)  # its mailbox was taken away, its type stayed
    contact = entry(4, objectclass=(b"top", b"contact"))
    found = read(entry(1), group, admin, mail_user, contact, once)
    assert ([a.guid for a in found.accounts], found.broken) == ([guid(1)], 0)


def test_a_mailbox_in_exchange_online_has_no_mailbox_guid_here() -> None:
    found = account(msexchmailboxguid=None, msexchrecipienttypedetails=b"2147483648")
    assert found.kind is RecipientType.REMOTE_USER


def test_where_the_mailbox_guid_was_not_asked_the_type_tells_what_is_a_mailbox() -> None:
    asked = ASKED - {"msexchmailboxguid"}
    mail_user = entry(3, msexchmailboxguid=None, msexchrecipienttypedetails=b"128")
    found = read(entry(1, msexchmailboxguid=None), mail_user, asked=asked)
    assert [a.guid for a in found.accounts] == [guid(1)]


# addresses


def test_the_primary_address_is_the_one_behind_capitals() -> None:
    found = account(
        mail=b"oud@voorbeeld.example",
        proxyaddresses=(
            b"smtp:oud@voorbeeld.example",
            b"SMTP:Nieuw@Voorbeeld.example",
            b"sip:p1@voorbeeld.example",
            b"X500:/o=Voorbeeld/cn=p1",
            b"x400:c=nl;a= ;p=Voorbeeld;",
        ),
    )
    assert found.address == Address("nieuw@voorbeeld.example")
    assert found.others == {Address("oud@voorbeeld.example")}


@pytest.mark.parametrize("proxies", [None, b"smtp:tweede@voorbeeld.example", b"sip:p1@voorbeeld.example"])
def test_without_a_primary_it_is_mail(proxies: Told) -> None:
    assert account(proxyaddresses=proxies).address == Address("p1@voorbeeld.example")


@pytest.mark.parametrize(
    ("mail", "proxies"),
    [
        (None, None),
        (b"", None),
        (None, b"smtp:tweede@voorbeeld.example"),
        (b"geen adres", None),
        (b"p1@voorbeeld.example", (b"SMTP:a@voorbeeld.example", b"SMTP:b@voorbeeld.example")),
        (b"p1@voorbeeld.example", b"SMTP:geen adres"),
        (b"p1@voorbeeld.example", b"\xff\xfe"),
    ],
)
def test_no_primary_or_two_of_them_make_an_entry_broken(mail: Told, proxies: Told) -> None:
    assert broken(mail=mail, proxyaddresses=proxies)


def test_the_primary_is_no_further_address_beside_itself() -> None:
    proxies = (b"smtp:P1@voorbeeld.example", b"SMTP:p1@voorbeeld.example")
    assert account(proxyaddresses=proxies).others == frozenset()


def test_a_further_address_that_mail_cannot_reach_is_left_out() -> None:
    proxies = (b"SMTP:p1@voorbeeld.example", b"smtp:half@")
    assert account(proxyaddresses=proxies).others == frozenset()


# open or closed


@pytest.mark.parametrize(
    ("control", "closed"),
    [
        (b"512", False),
        (b"514", True),
        (b"66050", True),
        (b"66048", False),
        (b"-2147483646", True),
        (None, None),
    ],
)
def test_the_second_bit_closes_an_account(control: Told, closed: bool | None) -> None:
    assert account(useraccountcontrol=control).closed is closed


def test_a_linked_mailbox_is_used_from_another_forest_so_that_its_account_here_says_nothing() -> None:
    found = account(useraccountcontrol=b"514", msexchrecipienttypedetails=b"2")
    assert (found.kind, found.closed) == (RecipientType.LINKED, None)


@pytest.mark.parametrize(
    "steps",
    [
        None,
        b"0",
        b"9223372036854775807",
        b"9223372036854775806",
        b"2650467744000000000",
        filetime(datetime(9999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_an_account_that_never_expires(steps: Told) -> None:
    assert account(accountexpires=steps).expires is None


def test_expiry_counts_tenths_of_a_microsecond_since_1601() -> None:
    assert account(accountexpires=b"116444736000000000").expires == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expires", "last"),
    [
        # local midnight, winter and summer, and around both clock changes
        (datetime(2027, 1, 31, 23, tzinfo=UTC), date(2027, 1, 31)),
        (datetime(2027, 6, 30, 22, tzinfo=UTC), date(2027, 6, 30)),
        (datetime(2027, 3, 27, 23, tzinfo=UTC), date(2027, 3, 27)),  # the day before summer time
        (datetime(2027, 3, 28, 22, tzinfo=UTC), date(2027, 3, 28)),  # the day of 23 hours
        (datetime(2027, 10, 30, 22, tzinfo=UTC), date(2027, 10, 30)),
        (datetime(2027, 10, 31, 23, tzinfo=UTC), date(2027, 10, 31)),  # the day of 25 hours
        # midnight by the other season's clock
        (datetime(2027, 6, 30, 23, tzinfo=UTC), date(2027, 6, 30)),
        (datetime(2027, 1, 31, 22, tzinfo=UTC), date(2027, 1, 31)),
        # midnight in UTC: 01:00 in winter, 02:00 in summer
        (datetime(2027, 2, 1, tzinfo=UTC), date(2027, 1, 31)),
        (datetime(2027, 7, 1, tzinfo=UTC), date(2027, 6, 30)),
        (datetime(2027, 3, 28, tzinfo=UTC), date(2027, 3, 27)),
        (datetime(2027, 10, 31, tzinfo=UTC), date(2027, 10, 30)),
        # in the course of a day
        (datetime(2027, 1, 29, 16, tzinfo=UTC), date(2027, 1, 29)),
    ],
)
def test_the_last_day_is_the_one_before_the_midnight_on_which_an_account_closes(
    expires: datetime, last: date
) -> None:
    told = account(accountexpires=filetime(expires)).expires
    assert told == expires
    assert last_day(told, AMSTERDAM) == last


# kinds and language


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1, RecipientType.USER),
        (2, RecipientType.LINKED),
        (4, RecipientType.SHARED),
        (16, RecipientType.ROOM),
        (32, RecipientType.EQUIPMENT),
        (2147483648, RecipientType.REMOTE_USER),
        (34359738368, RecipientType.REMOTE_SHARED),
        (8589934592, RecipientType.ROOM),
        (17179869184, RecipientType.EQUIPMENT),
        (8388608, RecipientType.SYSTEM),
        (16777216, RecipientType.SYSTEM),
        (536870912, RecipientType.SYSTEM),
        (549755813888, RecipientType.SYSTEM),
        (3, None),
        (-1, None),
    ],
)
def test_kinds_of_mailbox(number: int, kind: RecipientType | None) -> None:
    assert account(msexchrecipienttypedetails=str(number).encode()).kind is kind


@pytest.mark.parametrize(
    ("told", "language"),
    [
        (b"nl-NL", Language.NL),
        (b"nl", Language.NL),
        (b"en-GB", Language.EN),
        (b"EN-us, nl;q=0.5", Language.EN),
        (b"de-DE", None),
        (b"", None),
        (None, None),
    ],
)
def test_languages(told: Told, language: Language | None) -> None:
    assert account(preferredlanguage=told).language is language


def test_department_and_staff_number_without_blanks_around_them() -> None:
    found = account(department=b"  Burgerzaken ", employeeid=b" 1001")
    assert (found.department, found.staff_number) == ("Burgerzaken", "1001")
    assert (account(employeeid=b" ").staff_number, account(department=None).department) == (None, None)


# quotas


def test_a_mailbox_with_its_own_limit() -> None:
    found = account(
        database(), mdbusedefaults=b"FALSE", mdboverhardquotalimit=b"1024", homemdb=DATABASE.encode()
    )
    assert found.quota == Quota(1024 * 1024)


@pytest.mark.parametrize("defaults", [None, b"TRUE", b"true"])
def test_a_mailbox_with_the_limit_of_its_database(defaults: Told) -> None:
    """Whatever stands on the mailbox itself is left over from earlier days."""
    found = account(
        database(), mdbusedefaults=defaults, mdboverhardquotalimit=b"1", homemdb=DATABASE.lower().encode()
    )
    assert found.quota == Quota(2 * 1024**3)


def test_no_limit_on_the_mailbox_or_on_its_database_is_no_limit() -> None:
    own = account(mdbusedefaults=b"FALSE")
    common = account(database(limit=None), homemdb=DATABASE.encode())
    assert (own.quota, common.quota) == (Quota(None), Quota(None))


def test_a_database_that_cannot_be_read_says_nothing() -> None:
    assert account(homemdb=DATABASE.encode()).quota is None
    assert account(database(limit=b"veel"), homemdb=DATABASE.encode()).quota is None
    assert account(database()).quota is None


def test_a_limit_that_nobody_asked_for_is_not_no_limit() -> None:
    asked = ASKED - {"mdboverhardquotalimit"}
    assert account(mdbusedefaults=b"FALSE", asked=asked).quota is None
    assert account(database(limit=None), homemdb=DATABASE.encode(), asked=asked).quota is None
    assert account(database(), homemdb=DATABASE.encode(), asked=ASKED - {"mdbusedefaults"}).quota is None


def test_the_largest_number_is_a_limit_and_a_negative_one_says_nothing() -> None:
    largest = account(mdbusedefaults=b"FALSE", mdboverhardquotalimit=b"2147483647")
    negative = account(mdbusedefaults=b"FALSE", mdboverhardquotalimit=b"-1")
    assert (largest.quota, negative.quota) == (Quota(2147483647 * 1024), None)


def test_the_quota_of_a_mailbox_in_exchange_online_is_not_in_the_directory() -> None:
    found = account(
        database(),
        msexchrecipienttypedetails=b"2147483648",
        mdbusedefaults=b"FALSE",
        mdboverhardquotalimit=b"1024",
        homemdb=DATABASE.encode(),
    )
    assert found.quota is None


# holds and forwarding


@pytest.mark.parametrize(
    "there",
    [
        {"msexchlitigationholddate": b"20260101120000.0Z"},
        {"msexchuserholdpolicies": (b"-off", b"0123456789")},
    ],
)
def test_any_hold_is_a_hold_even_where_only_one_kind_was_asked(there: dict[str, Told]) -> None:
    assert account(**there).hold is True
    assert account(**there, asked=frozenset(there)).hold is True


def test_a_hold_that_the_mailbox_is_left_out_of_is_none() -> None:
    assert account(msexchuserholdpolicies=b"-0123456789").hold is False


@pytest.mark.parametrize("name", ["altrecipient", "msexchgenericforwardingaddress"])
def test_either_way_of_forwarding_is_forwarding(name: str) -> None:
    assert account(**{name: b"smtp:iemand@elders.example"}).forwards is True


def test_absent_means_no_only_when_all_of_it_was_asked() -> None:
    assert (account().hold, account().forwards) == (False, False)
    less = ASKED - {"msexchlitigationholddate", "altrecipient"}
    assert (account(asked=less).hold, account(asked=less).forwards) == (None, None)


# managers and delegates

BAKKER = r"CN=Bakker\, Jan \+ Zn.,OU=Staf,DC=ad,DC=voorbeeld,DC=example"


@pytest.mark.parametrize(
    "written",
    [
        BAKKER,
        r"cn=bakker\, jan \+ zn., ou=STAF , dc=ad,dc=voorbeeld,dc=example",
        r"CN=Bakker\2C Jan \2B Zn.,OU=Staf,DC=ad,DC=voorbeeld,DC=example",
        r"CN = Bakker\, Jan \+ Zn.,OU= Staf,DC=ad,DC=voorbeeld,DC=example",
    ],
)
def test_a_manager_is_found_however_the_name_is_written(written: str) -> None:
    found = account(entry(2, dn=BAKKER), manager=written.encode())
    assert (found.has_manager, found.manager) == (True, guid(2))


def test_a_manager_without_a_mailbox_is_a_manager_nonetheless() -> None:
    found = account(manager=f"CN=Directeur,{PEOPLE}".encode())
    assert (found.has_manager, found.manager) == (True, None)
    nobody = account()
    assert (nobody.has_manager, nobody.manager) == (False, None)


def test_a_manager_whose_entry_is_broken_is_nobody_to_write_to() -> None:
    found = account(entry(2, mail=None, proxyaddresses=None), manager=f"CN=Persoon 2,{PEOPLE}".encode())
    assert (found.has_manager, found.manager) == (True, None)


def test_delegates_are_mailboxes_other_than_ones_own() -> None:
    names = [f"CN=Persoon {number},{PEOPLE}".encode() for number in (1, 2, 9)]
    found = account(
        entry(2),
        entry(3),
        publicdelegates=tuple(names),
        msexchdelegatelistlink=f"CN=PERSOON 3,{PEOPLE}".encode(),
    )
    assert found.delegates == {guid(2), guid(3)}


def test_a_delegate_whose_entry_is_broken_is_left_out() -> None:
    name = f"CN=Persoon 2,{PEOPLE}".encode()
    broken = entry(2, mail=None, proxyaddresses=None)
    assert account(broken, publicdelegates=name).delegates == frozenset()


def test_no_delegates_is_something_else_than_not_asked() -> None:
    assert account().delegates == frozenset()
    assert account(asked=ASKED - {"publicdelegates", "msexchdelegatelistlink"}).delegates is None


def test_names_with_escaped_blanks_and_octets_of_utf_8() -> None:
    assert fold_dn(r"CN=Ren\C3\A9e\ ,DC=x") == fold_dn("cn=RENÉE\\20,dc=X")
    assert fold_dn(r"CN=Renee\ ,DC=x") != fold_dn("CN=Renee,DC=x")
    assert fold_dn(r"CN=a\,b,DC=x") != fold_dn("CN=a,b,DC=x")
    assert common_name(r"CN=Bakker\, Jan,OU=Staf") == "Bakker, Jan"


# what no attribute holds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("displayname", b"\xff\xfe\x00"),
        ("displayname", b"twee\nregels"),
        ("displayname", (b"een", b"twee")),
        ("department", b"\x80"),
        ("employeeid", b"10\x0001"),
        ("samaccountname", b"\xc3"),
        ("manager", b"\xc3\x28"),
        ("publicdelegates", b"\xc3\x28"),
        ("useraccountcontrol", b"open"),
        ("accountexpires", b"morgen"),
        ("accountexpires", b"-5"),
        ("msexchrecipienttypedetails", b"user"),
        ("mdbusedefaults", b"misschien"),
    ],
)
def test_a_value_that_its_attribute_cannot_hold_breaks_the_entry_and_nothing_else(
    name: str, value: Told
) -> None:
    found = read(entry(1, **{name: value}), entry(2))
    assert ([a.guid for a in found.accounts], found.broken) == ([guid(2)], 1)


@pytest.mark.parametrize("end", [b"\r\n", b"\t", b" ", b"\xc2\xa0"])
def test_what_a_paste_leaves_behind_a_value_costs_nobody_the_population(end: bytes) -> None:
    [found] = read(entry(1, displayname=b"Anna Voorbeeld" + end, department=b"ICT" + end)).accounts
    assert (found.name, found.department) == ("Anna Voorbeeld", "ICT")


def test_groups_are_those_of_the_mailbox() -> None:
    found = read_directory([entry(1), entry(2)], ASKED, {guid(2): frozenset({"pilot"})}, NOW)
    assert [a.groups for a in found.accounts] == [frozenset(), {"pilot"}]
    assert found.read_at == NOW
