"""The town's Active Directory: its mailboxes, other accounts, groups and mailbox databases as entries.

Attributes: practice 4.4. An identity is `objectGUID`, 16 octets of which the first three fields have their
lowest octet first (MS-DTYP 2.3.4.2), and the one under which the simulated Exchange keeps the mailbox.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zlib import crc32

from mailbot.model.ids import ObjectGuid
from mailbot.simulator.ldif import Entry
from mailbot.simulator.mailboxes import Mailbox
from mailbot.simulator.names import DOMAIN
from mailbot.simulator.residents import ALSO_OPEN_ENDED, OPEN_ENDED, Account, Resident

BASE = "DC=ad,DC=voorbeeld,DC=example"
STAFF = f"OU=Medewerkers,{BASE}"
FUNCTIONAL = f"OU=Functioneel,{BASE}"
ADMINISTRATION = f"OU=Beheer,{BASE}"
GROUPS = f"OU=Groepen,{BASE}"
DATABASES = f"CN=Databases,CN=Microsoft Exchange,CN=Services,CN=Configuration,{BASE}"

ATTRIBUTES = (
    "objectClass",
    "objectGUID",
    "cn",
    "sAMAccountName",
    "mail",
    "proxyAddresses",
    "displayName",
    "department",
    "manager",
    "member",
    "employeeID",
    "userAccountControl",
    "accountExpires",
    "preferredLanguage",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "homeMDB",
    "mDBUseDefaults",
    "mDBStorageQuota",
    "mDBOverQuotaLimit",
    "mDBOverHardQuotaLimit",
    "altRecipient",
    "msExchGenericForwardingAddress",
    "msExchLitigationHoldDate",
    "msExchUserHoldPolicies",
    "publicDelegates",
    "msExchDelegateListLink",
)
"""What the export asks for; an entry without one of these has none."""

FIVE_GIB, TEN_GIB = 5 * 1024**2, 10 * 1024**2
"""In KB, as Exchange writes quotas."""

STORES: Mapping[str, int | None] = {"MBX-01": FIVE_GIB, "MBX-02": TEN_GIB, "MBX-03": None}
"""The mailbox databases and the size in KB at which they stop mail; None for never."""

_KINDS: Mapping[str | None, int] = {
    "user": 1,
    "linked": 2,
    "shared": 4,
    "room": 16,
    "equipment": 32,
    "system": 1 << 14,
    "remote_user": 1 << 31,
    "remote_shared": 1 << 35,
    None: 1 << 50,
}
"""msExchRecipientTypeDetails; the last is one that Exchange may have some day."""

_OF_PEOPLE = ("user", "linked", "remote_user", None)
_OPEN, _CLOSED = 512, 514
_SID_FREE = re.compile(r'[,+"\\<>;=#]')
_LONGEST_LOGIN = 20
_HELD_SINCE = "20260201080000.0Z"
_NAMESPACE = uuid.UUID("0d7b0a5e-9b0c-5c8e-8f3e-6a1f9a3d5b21")
_PEOPLE_CLASSES = ("top", "person", "organizationalPerson", "user")
_LANGUAGES = {"nl": "nl-NL", "en": "en-GB"}
_GROUP_NAMES = {"ondernemingsraad": ("SG-OR-Leden", "Ondernemingsraad")}
"""Groups whose common name is not the one by which people know them."""

Value = tuple[str, str | bytes]


def entries(
    residents: Sequence[Resident], mailboxes: Mapping[str, Mailbox], accounts: Iterable[Account]
) -> Iterator[Entry]:
    """Everything that an export of the town's directory holds. `mailboxes` are by guid."""
    housed = [resident for resident in residents if resident.address]
    names = _Names(housed)
    for resident in housed:
        yield _person(resident, mailboxes[resident.guid], names)
    for account in accounts:
        yield _other(account)
    yield from _groups(housed, names)
    for store, limit in STORES.items():
        own: tuple[Value, ...] = (("objectGUID", _octets(_made(store))), ("cn", store), *_quota(limit))
        yield Entry(f"CN={store},{DATABASES}", (*_classes("top", "msExchMDB", "msExchPrivateMDB"), *own))


def limit_bytes(resident: Resident) -> int | None:
    """Bytes at which Exchange stops mail of this mailbox, None for never."""
    own = resident.records.own_quota
    kilobytes = STORES[_store(resident)] if own is None else own
    return None if kilobytes is None else kilobytes * 1024


def login(address: str) -> str:
    """sAMAccountName: 20 characters at most, and unique."""
    local = address.partition("@")[0]
    if len(local) <= _LONGEST_LOGIN:
        return local
    return f"{local[:15]}.{crc32(local.encode()) % 10_000:04}"


def filetime(moment: datetime | int) -> str:
    """100 ns steps since 1601 in UTC; a number stays as it is."""
    if isinstance(moment, int):
        return str(moment)
    return str((moment.astimezone(UTC) - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10)


class _Names:
    """Distinguished names of whoever has a mailbox."""

    def __init__(self, residents: Iterable[Resident]) -> None:
        self.by_address = {resident.address: dn_of(resident) for resident in residents}
        self.by_key = {r.person_key: self.by_address[r.address] for r in residents if r.person_key}

    def of(self, addresses: Iterable[str]) -> list[str]:
        return [self.by_address[address] for address in addresses if address in self.by_address]


def dn_of(resident: Resident) -> str:
    part = STAFF if resident.recipient_type in _OF_PEOPLE else FUNCTIONAL
    return f"CN={_escaped(resident.name)},{part}"


def _person(resident: Resident, mailbox: Mailbox, names: _Names) -> Entry:
    records = resident.records
    mail = [f"SMTP:{resident.address}", *(f"smtp:{address}" for address in records.old_addresses)]
    mail.append(f"X500:/o=Voorbeeld/ou=Exchange/cn=Recipients/cn={login(resident.address)}")
    values: list[Value] = [
        *_classes(*_PEOPLE_CLASSES),
        ("objectGUID", _octets(resident.guid)),
        ("cn", resident.name),
        ("sAMAccountName", login(resident.address)),
        ("mail", resident.address),
        *(("proxyAddresses", value) for value in mail),
        ("displayName", resident.name),
    ]
    if resident.unit is not None:
        values.append(("department", resident.unit.name))
    if records.managed and resident.manager_key in names.by_key:
        values.append(("manager", names.by_key[resident.manager_key]))
    if number := _staff_number(resident):
        values.append(("employeeID", number))
    if resident.enabled is not None:  # the account state and its end lie under one right
        values.append(("userAccountControl", str(_OPEN if _signs_in(resident) else _CLOSED)))
        values.append(("accountExpires", filetime(_expiry(resident))))
    if resident.person_key and (resident.language != "nl" or crc32(resident.guid.encode()) % 2):
        values.append(("preferredLanguage", _LANGUAGES[resident.language]))
    values += _exchange(resident, mailbox, names)
    return Entry(names.by_address[resident.address], tuple(values))


def _staff_number(resident: Resident) -> str:
    """Whoever does not stand in personnel has none."""
    if resident.records.number is not None:
        return resident.records.number
    return resident.person_key if resident.records.employed else ""


def _signs_in(resident: Resident) -> bool:
    """An account that only holds a mailbox is closed, also one that somebody uses from another forest."""
    return bool(resident.enabled) and resident.recipient_type in ("user", "remote_user", None)


def _expiry(resident: Resident) -> datetime | int:
    if resident.records.expires is not None:
        return resident.records.expires
    return OPEN_ENDED if crc32(resident.guid.encode()) % 3 else ALSO_OPEN_ENDED


def _exchange(resident: Resident, mailbox: Mailbox, names: _Names) -> Iterator[Value]:
    kind, records = resident.recipient_type, resident.records
    yield "msExchRecipientTypeDetails", str(_KINDS[kind])
    if kind is None or not kind.startswith("remote_"):
        yield "msExchMailboxGuid", _octets(_made(resident.guid))
        yield "homeMDB", f"CN={_store(resident)},{DATABASES}"
        if records.own_quota is not None:
            yield "mDBUseDefaults", "FALSE"
            yield from _quota(records.own_quota)
        elif crc32(resident.guid.encode()) % 5:
            yield "mDBUseDefaults", "TRUE"
    if mailbox.forwards_to in names.by_address:
        yield "altRecipient", names.by_address[mailbox.forwards_to]
    elif mailbox.forwards_to:
        yield "msExchGenericForwardingAddress", f"smtp:{mailbox.forwards_to}"
    for policy in records.policies:
        yield "msExchUserHoldPolicies", policy
    if resident.hold and not records.policies:
        yield "msExchLitigationHoldDate", _HELD_SINCE
    inbox = mailbox.rights.get(mailbox.folders.by_name["inbox"].id, [])
    for dn in dict.fromkeys(names.of(right.account for right in inbox if right.delegate)):
        yield "publicDelegates", dn
    for dn in names.of(mailbox.trustees):
        yield "msExchDelegateListLink", dn


def _store(resident: Resident) -> str:
    stores = tuple(STORES)
    return resident.records.database or stores[crc32(resident.guid.encode()) % len(stores)]


def _quota(limit: int | None) -> tuple[Value, ...]:
    """A warning, a stop on sending and a stop on all mail, in KB."""
    if limit is None:
        return ()
    return (
        ("mDBStorageQuota", str(limit * 9 // 10)),
        ("mDBOverQuotaLimit", str(limit * 95 // 100)),
        ("mDBOverHardQuotaLimit", str(limit)),
    )


def _other(account: Account) -> Entry:
    values: list[Value] = [
        *_classes(*_PEOPLE_CLASSES),
        ("objectGUID", _octets(account.guid)),
        ("cn", account.name),
        ("sAMAccountName", account.login),
        ("displayName", account.name),
        ("userAccountControl", str(_OPEN)),
        ("accountExpires", str(OPEN_ENDED)),
    ]
    if account.staff_number:
        values.append(("employeeID", account.staff_number))
    if account.address:
        values += [
            ("mail", account.address),
            ("proxyAddresses", f"SMTP:{account.address}"),
            ("msExchRecipientTypeDetails", "1"),
            ("msExchMailboxGuid", _octets(_made(account.guid))),
            ("homeMDB", f"CN=MBX-01,{DATABASES}"),
        ]
    return Entry(f"CN={_escaped(account.name)},{ADMINISTRATION}", tuple(values))


def _groups(residents: Iterable[Resident], names: _Names) -> Iterator[Entry]:
    """Groups with their members. Whoever belongs to one `through` another is a member of that one only."""
    members: dict[str, dict[str, None]] = {}
    for resident in residents:
        through, dn = resident.records.through, names.by_address[resident.address]
        for group in resident.groups:
            members.setdefault(group, {})[_group_dn(through) if through else dn] = None
        if through:
            members.setdefault(through, {})[dn] = None
    for group, found in members.items():
        cn, shown = _group_names(group)
        own: tuple[Value, ...] = (
            ("objectGUID", _octets(_made(f"{group}@{DOMAIN}"))),
            ("cn", cn),
            ("sAMAccountName", cn),
            ("displayName", shown),
        )
        yield Entry(_group_dn(group), (*_classes("top", "group"), *own, *(("member", dn) for dn in found)))


def _group_names(group: str) -> tuple[str, str]:
    return _GROUP_NAMES.get(group, (group, group))


def _group_dn(group: str) -> str:
    return f"CN={_escaped(_group_names(group)[0])},{GROUPS}"


def _classes(*names: str) -> tuple[Value, ...]:
    return tuple(("objectClass", name) for name in names)


def _made(text: str) -> ObjectGuid:
    return ObjectGuid(str(uuid.uuid5(_NAMESPACE, text)))


def _octets(guid: ObjectGuid) -> bytes:
    return uuid.UUID(guid).bytes_le


def _escaped(text: str) -> str:
    """One part of a distinguished name (RFC 4514, 2.4)."""
    return _SID_FREE.sub(lambda found: f"\\{found[0]}", text)
