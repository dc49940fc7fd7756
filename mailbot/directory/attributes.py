"""Entries of Active Directory as accounts. Pure: where they come from, over LDAP or in a file, is not seen.

An attribute that was not asked for says nothing. One that was asked for and is absent has the meaning that
Active Directory gives to its absence: no hold, no forwarding, no expiry.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from mailbot.directory import ad_values
from mailbot.directory.ad_values import Unusable, Values
from mailbot.directory.entry import Entry
from mailbot.directory.names import FoldedDn, common_name, fold_dn
from mailbot.model.accounts import Account, Directory, Language, Quota, RecipientType
from mailbot.model.ids import ObjectGuid

ATTRIBUTES: tuple[str, ...] = (
    "objectClass",
    "objectGUID",
    "sAMAccountName",
    "mail",
    "proxyAddresses",
    "displayName",
    "department",
    "manager",
    "employeeID",
    "userAccountControl",
    "accountExpires",
    "preferredLanguage",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "homeMDB",
    "mDBUseDefaults",
    "mDBOverHardQuotaLimit",
    "altRecipient",
    "msExchGenericForwardingAddress",
    "msExchLitigationHoldDate",
    "msExchUserHoldPolicies",
    "publicDelegates",
    "msExchDelegateListLink",
)
"""What is asked of mailboxes."""

STORE_ATTRIBUTES: tuple[str, ...] = ("objectClass", "mDBOverHardQuotaLimit")
"""What is asked of mailbox databases."""

DATABASE, GROUP = b"msexchprivatemdb", b"group"

_KINDS: Mapping[int, RecipientType] = {
    1: RecipientType.USER,
    2: RecipientType.LINKED,
    4: RecipientType.SHARED,
    16: RecipientType.ROOM,
    32: RecipientType.EQUIPMENT,
    1 << 13: RecipientType.SYSTEM,  # system attendant
    1 << 14: RecipientType.SYSTEM,
    1 << 23: RecipientType.SYSTEM,  # arbitration
    1 << 24: RecipientType.SYSTEM,  # mailbox plan
    1 << 29: RecipientType.SYSTEM,  # discovery
    1 << 31: RecipientType.REMOTE_USER,
    1 << 33: RecipientType.ROOM,  # remote
    1 << 34: RecipientType.EQUIPMENT,  # remote
    1 << 35: RecipientType.REMOTE_SHARED,
    1 << 36: RecipientType.SYSTEM,  # public folders
    1 << 39: RecipientType.SYSTEM,  # monitoring
    1 << 41: RecipientType.ROOM,  # linked
    1 << 42: RecipientType.SYSTEM,  # audit log
}
"""msExchRecipientTypeDetails of mailboxes."""

REMOTE = frozenset({1 << 31, 1 << 33, 1 << 34, 1 << 35})
"""Those in Exchange Online: they carry no msExchMailboxGuid of their own here, and no quota."""

_KILO = 1024


def read_directory(
    entries: Iterable[Entry],
    asked: frozenset[str],
    members: Mapping[ObjectGuid, frozenset[str]],
    read_at: datetime,
) -> Directory:
    """Everything that the entries say. Those that are neither mailbox nor database are passed over.

    `asked` are attributes in lower case; `members` gives the groups of the settings by who is in them;
    `read_at` is aware. An entry with a value that its attribute cannot hold is broken and counted, and so are
    all entries that share an objectGUID.
    """
    mailboxes: list[Entry] = []
    limits: dict[FoldedDn, Quota | None] = {}
    broken = 0
    for entry in entries:
        if is_a(entry, DATABASE):
            limits[fold_dn(entry.dn)] = _own_quota(entry, asked)
        elif _is_mailbox(entry, asked):
            mailboxes.append(entry)
    found: list[tuple[Entry, ObjectGuid]] = []
    for entry in mailboxes:
        try:
            found.append((entry, ad_values.guid(entry.values.get("objectguid", ()))))
        except Unusable:
            broken += 1
    times = Counter(guid for _, guid in found)
    holders = {fold_dn(entry.dn): guid for entry, guid in found}
    reader = _Reader(asked, holders, limits, members)
    accounts: list[Account] = []
    for entry, guid in found:
        try:
            if times[guid] > 1:
                raise Unusable
            accounts.append(reader.account(entry, guid))
        except Unusable:
            broken += 1
    return Directory(_among(accounts), read_at, broken)


def is_a(entry: Entry, name: bytes) -> bool:
    """Whether the entry has the class `name`, in lower case."""
    return any(value.lower() == name for value in entry.values.get("objectclass", ()))


def _is_mailbox(entry: Entry, asked: frozenset[str]) -> bool:
    """Whether the entry is one, as far as was asked. A type that cannot be read is a mailbox's, so that it is
    counted as broken."""
    if "objectclass" in asked and not is_a(entry, b"user"):
        return False
    if "msexchmailboxguid" in entry.values:
        return True
    try:
        kind = ad_values.number(entry.values.get("msexchrecipienttypedetails", ()))
    except Unusable:
        return True
    return kind in REMOTE or ("msexchmailboxguid" not in asked and kind in _KINDS)


def _own_quota(entry: Entry, asked: frozenset[str]) -> Quota | None:
    """The limit that stands on this entry; asked for and absent, there is no limit.

    The largest number that the attribute holds is a limit of 2 TiB like any other; a negative one is no
    limit that Exchange knows, and says nothing.
    """
    try:
        kilobytes = ad_values.number(entry.values.get("mdboverhardquotalimit", ()))
    except Unusable:
        return None
    if kilobytes is None:
        return Quota(None) if "mdboverhardquotalimit" in asked else None
    return Quota(kilobytes * _KILO) if kilobytes >= 0 else None


def _among(accounts: list[Account]) -> tuple[Account, ...]:
    """Without managers and delegates whose own entry turned out to be broken."""
    sound = {account.guid for account in accounts}
    return tuple(
        replace(
            account,
            manager=account.manager if account.manager in sound else None,
            delegates=None if account.delegates is None else account.delegates & sound,
        )
        for account in accounts
    )


class _Reader:
    def __init__(
        self,
        asked: frozenset[str],
        holders: Mapping[FoldedDn, ObjectGuid],
        limits: Mapping[FoldedDn, Quota | None],
        members: Mapping[ObjectGuid, frozenset[str]],
    ) -> None:
        self._asked = asked
        self._holders = holders
        self._limits = limits
        self._members = members

    def account(self, entry: Entry, guid: ObjectGuid) -> Account:
        """Raises Unusable."""

        def values(name: str) -> Values:
            return entry.values.get(name, ())

        address, others = ad_values.addresses(values("proxyaddresses"), values("mail"))
        number = ad_values.number(values("msexchrecipienttypedetails"))
        kind = None if number is None else _KINDS.get(number)
        control = ad_values.number(values("useraccountcontrol"))
        manager = ad_values.text(values("manager"))
        return Account(
            guid=guid,
            address=address,
            name=ad_values.text(values("displayname")) or common_name(entry.dn) or address.value,
            login=(ad_values.text(values("samaccountname")) or "").lower(),
            others=others,
            kind=kind,
            # whoever uses a linked mailbox signs in to another forest; the account here is always closed
            closed=None
            if control is None or kind is RecipientType.LINKED
            else bool(control & ad_values.DISABLED),
            expires=ad_values.expiry(values("accountexpires")),
            hold=self._any(entry, "msexchlitigationholddate", "msexchuserholdpolicies"),
            forwards=self._any(entry, "altrecipient", "msexchgenericforwardingaddress"),
            quota=None if number in REMOTE else self._quota(entry),
            delegates=self._delegates(entry, guid),
            manager=self._holders.get(fold_dn(manager)) if manager else None,
            has_manager=manager is not None,
            department=ad_values.text(values("department")),
            staff_number=ad_values.text(values("employeeid")),
            language=_language(ad_values.text(values("preferredlanguage"))),
            groups=self._members.get(guid, frozenset()),
        )

    def _any(self, entry: Entry, *names: str) -> bool | None:
        """Whether one of these is there; None when none is and not all were asked for. A hold with a minus
        before its name is one that this mailbox is left out of."""
        for name in names:
            if any(
                (said := ad_values.plain(value)) and said[0] != "-" for value in entry.values.get(name, ())
            ):
                return True
        return False if self._asked.issuperset(names) else None

    def _quota(self, entry: Entry) -> Quota | None:
        defaults = ad_values.truth(entry.values.get("mdbusedefaults", ()))
        if defaults is None and "mdbusedefaults" not in self._asked:
            return None
        if defaults is False:
            return _own_quota(entry, self._asked)
        database = ad_values.text(entry.values.get("homemdb", ()))
        return self._limits.get(fold_dn(database)) if database else None

    def _delegates(self, entry: Entry, guid: ObjectGuid) -> frozenset[ObjectGuid] | None:
        """Mailboxes among the delegates; None when neither attribute was asked for."""
        names = ("publicdelegates", "msexchdelegatelistlink")
        if self._asked.isdisjoint(names):
            return None
        told = (ad_values.plain(value) for name in names for value in entry.values.get(name, ()))
        found = (self._holders.get(fold_dn(dn)) for dn in told)
        return frozenset(holder for holder in found if holder is not None and holder != guid)


def _language(told: str | None) -> Language | None:
    """The first language of a list such as `nl-NL, en;q=0.5`."""
    tag = (told or "").partition(",")[0].partition(";")[0].strip().lower()
    first = tag.partition("-")[0]
    return Language(first) if first in tuple(Language) else None
