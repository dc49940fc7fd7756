"""People made of accounts and personnel records, by the order of trust. Pure; nothing is guessed.

What it means for an administrator, conflict by conflict: deploy/directory/merging.md.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailbot.directory.ad_values import last_day
from mailbot.directory.carriers import Carriers
from mailbot.directory.joining import Missing, join
from mailbot.directory.reporting import Lines, circles, unmanaged, without_circles
from mailbot.directory.trust import trusted
from mailbot.model.accounts import Account, Directory, Language, RecipientType
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment, OrgUnit
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.organisation import Standing
from mailbot.model.people import NOT_SAID, Person, standing
from mailbot.model.sources import Attribute, Source

T = TypeVar("T")

_CLASHES = list(Clash)


@dataclass(frozen=True, slots=True)
class House:
    """What holds for everybody. `service_accounts` are patterns for a login, or the part of an address before
    the @, of accounts that are no people. `language` is that of people for whom the directory names none."""

    domains: frozenset[str]
    service_accounts: tuple[str, ...]
    language: Language
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Merged:
    """`persons` is the population before anybody is left out. `apart` are mailboxes that are not part of it:
    admin accounts, and those to which no letter can be sent safely; nobody among them has a manager.

    `named` are managers as the sources name them, circles included. `units` are those by which somebody may
    be left out, beside `Person.unit`: that of the less trusted source, and of everybody whose mailbox it may
    be. `missing` are people of personnel without a mailbox.
    """

    persons: Mapping[ObjectGuid, Person] = field(repr=False)
    apart: Mapping[ObjectGuid, Person] = field(repr=False)
    conflicts: tuple[Conflict, ...]
    colleagues: Mapping[Address, Standing] = field(repr=False)
    named: Mapping[ObjectGuid, ObjectGuid] = field(repr=False)
    units: Mapping[ObjectGuid, frozenset[OrgUnit]] = field(repr=False)
    missing: tuple[Missing, ...]

    @property
    def unmatched(self) -> int:
        return len(self.missing)


def merge(
    directory: Directory,
    employments: Collection[Employment],
    house: House,
    now: datetime,
    delivered: datetime | None = None,
) -> Merged:
    """`now` is aware; its local day decides who is in service. `delivered` is when personnel's feed came;
    without it, now. The order of accounts and employments makes no difference, nor do doubles."""
    return _Merging(directory, employments, house, now, delivered or now).done()


def ordered(conflicts: Collection[Conflict]) -> tuple[Conflict, ...]:
    """By kind, then by mailbox."""
    return tuple(sorted(conflicts, key=lambda one: (_CLASHES.index(one.clash), one.mailboxes)))


def nobodys(person: Person) -> Person:
    """Somebody whose manager is not told. That a source names one is still told: counts of who has none would
    show how many managers are left out."""
    return person if person.manager is None else replace(person, manager=None)


class _Merging:
    def __init__(
        self,
        directory: Directory,
        employments: Collection[Employment],
        house: House,
        now: datetime,
        delivered: datetime,
    ) -> None:
        self.house = house
        self.now = now
        self.today = now.astimezone(house.zone).date()
        self.read_at, self.delivered = directory.read_at, delivered
        self.accounts = _once(directory.accounts)
        records = sorted(dict.fromkeys(employments), key=_recorded)
        self.carriers = Carriers.of(self.accounts.values())
        self.joined = join(self.accounts.values(), self.carriers, records, self._is_service, self.today)
        lines = Lines(self.accounts, records, self.joined)
        self.lines = {guid: lines.of(account) for guid, account in self.accounts.items()}
        self._unit_names = _unit_names(records)
        self._origins: dict[tuple[tuple[Attribute, Source], ...], Mapping[Attribute, Source]] = {}

    def done(self) -> Merged:
        everybody = {guid: self._person(account) for guid, account in self.accounts.items()}
        foreign = {guid for guid in everybody if self._is_foreign(guid)}
        unsafe = {g for g, a in self.accounts.items() if self.carriers.holders.get(a.address) != g}
        outside = foreign | unsafe | self.joined.admin
        inside = {guid: person for guid, person in everybody.items() if guid not in outside}
        named = {g: m for g, line in self.lines.items() if g in inside and (m := line.manager) in inside}
        seen = {guid: manager for guid, manager in named.items() if manager is not None}
        found = circles(seen)
        managers = without_circles(seen, found)
        conflicts = [
            *self.joined.conflicts,
            *(Conflict(Clash.SAME_ADDRESS, guids) for guids in self.carriers.shared()),
            *(Conflict(Clash.FOREIGN_ADDRESS, (guid,)) for guid in foreign if not self._is_system(guid)),
            *(Conflict(Clash.MANAGER_CIRCLE, guids) for guids in found),
            *unmanaged(inside, self.lines, self.joined.in_doubt, self.today),
            *(Conflict(Clash.CLOSED_IN_SERVICE, (g,)) for g, p in inside.items() if self._is_shut_out(p)),
        ]
        persons = {
            guid: _managed(person, managers.get(guid)) if guid in seen else nobodys(person)
            for guid, person in inside.items()
        }
        return Merged(
            MappingProxyType(persons),
            MappingProxyType({guid: nobodys(everybody[guid]) for guid in everybody if guid in outside}),
            ordered(conflicts),
            MappingProxyType(self._colleagues(everybody)),
            MappingProxyType(seen),
            MappingProxyType(self._units(everybody)),
            self.joined.missing,
        )

    def _is_service(self, account: Account) -> bool:
        names = [name for name in (account.login, _local(account.address)) if name]
        return any(fnmatchcase(name, pattern) for pattern in self.house.service_accounts for name in names)

    def _is_foreign(self, guid: ObjectGuid) -> bool:
        inside = self.accounts[guid].address.domain in self.house.domains
        return not inside and guid not in self.joined.admin

    def _is_system(self, guid: ObjectGuid) -> bool:
        return self.accounts[guid].kind is RecipientType.SYSTEM

    def _is_shut_out(self, person: Person) -> bool:
        """In service by personnel, and the account is closed. Accounts of shared mailboxes always are."""
        kind, enabled = person.recipient_type, person.enabled
        if person.guid not in self.joined.records or not (isinstance(kind, Known) and kind.value.personal):
            return False
        return isinstance(enabled, Known) and not enabled.value and person.in_service(self.today)

    def _person(self, account: Account) -> Person:
        record = self.joined.records.get(account.guid)
        line = self.lines[account.guid]
        enabled = _enabled(account, self.now)
        ends = trusted(Attribute.ENDS, self._said_ends(account, record))
        unit = trusted(Attribute.UNIT, self._said_units(account, record))
        delegates = self._delegates(account)
        roster = record.roster if record else None
        starts = record.starts if record else None
        told: dict[Attribute, Source | None] = {
            Attribute.ADDRESS: Source.DIRECTORY,
            Attribute.ACCOUNT: _if_said(enabled, Source.DIRECTORY),
            Attribute.KIND: _if_said(account.kind, Source.DIRECTORY),
            Attribute.HOLD: _if_said(account.hold, Source.DIRECTORY),
            Attribute.FORWARDING: _if_said(account.forwards, Source.DIRECTORY),
            Attribute.QUOTA: _if_said(account.quota, Source.DIRECTORY),
            Attribute.DELEGATES: _if_said(delegates, Source.DIRECTORY),
            Attribute.STARTS: _if_said(starts, Source.PERSONNEL),
            Attribute.ENDS: ends.source if ends else None,
            Attribute.MANAGER: line.source,
            Attribute.UNIT: unit.source if unit else None,
            Attribute.ROSTER: _if_said(roster, Source.PERSONNEL),
            Attribute.LEAVE: _if_said(record, Source.PERSONNEL),
        }
        return Person(
            guid=account.guid,
            address=account.address,
            name=account.name,
            language=account.language or self.house.language,
            enabled=self._fact(enabled),
            recipient_type=self._fact(account.kind),
            hold=self._fact(account.hold),
            roster=Unknown(Reason.WORK_PATTERN_MISSING) if roster is None else Known(roster, self.delivered),
            groups=account.groups,
            unit=unit.value if unit else None,
            manager=line.manager,
            starts=starts,
            ends=ends.value if ends else None,
            leave=record.leave if record else (),
            forwards=self._fact(account.forwards),
            quota=self._fact(account.quota),
            delegates=self._fact(delegates),
            origins=self._shared(told),
        )

    def _fact(self, value: T | None) -> Fact[T]:
        return NOT_SAID if value is None else Known(value, self.read_at)

    def _shared(self, told: Mapping[Attribute, Source | None]) -> Mapping[Attribute, Source]:
        """One mapping for all people whose attributes come from the same sources."""
        origins = {attribute: source for attribute, source in told.items() if source is not None}
        return self._origins.setdefault(tuple(origins.items()), MappingProxyType(origins))

    def _said_ends(self, account: Account, record: Employment | None) -> dict[Source, date | None]:
        """Last days of service as each source says; None is an open end. Where personnel knows somebody but
        not for sure whom, the directory is not asked either: it knows less."""
        if account.guid in self.joined.in_doubt:
            return {}
        said: dict[Source, date | None] = {} if record is None else {Source.PERSONNEL: record.ends}
        if account.expires is not None:
            said[Source.DIRECTORY] = last_day(account.expires, self.house.zone)
        return said

    def _said_units(self, account: Account, record: Employment | None) -> dict[Source, OrgUnit]:
        """A department that the directory calls like one unit of personnel is that unit."""
        said = {}
        if record is not None and record.unit is not None:
            said[Source.PERSONNEL] = record.unit
        name = (account.department or "").strip()
        if name:
            said[Source.DIRECTORY] = self._unit_names.get(name.casefold()) or OrgUnit(name, name)
        return said

    def _units(self, everybody: Mapping[ObjectGuid, Person]) -> dict[ObjectGuid, frozenset[OrgUnit]]:
        found: dict[ObjectGuid, frozenset[OrgUnit]] = {}
        for guid, person in everybody.items():
            said = set(self._said_units(self.accounts[guid], self.joined.records.get(guid)).values())
            said |= self.joined.in_doubt.get(guid, frozenset())
            more = frozenset(unit for unit in said if unit != person.unit)
            if more:
                found[guid] = more
        return found

    def _delegates(self, account: Account) -> frozenset[Address] | None:
        if account.delegates is None:
            return None
        return frozenset(self.accounts[guid].address for guid in account.delegates if guid in self.accounts)

    def _colleagues(self, everybody: Mapping[ObjectGuid, Person]) -> dict[Address, Standing]:
        stands = {guid: self._standing(person) for guid, person in everybody.items()}
        found: dict[Address, Standing] = {}
        for address, guids in self.carriers.all_.items():
            holder = self.carriers.holders.get(address)
            said = {stands[guid] for guid in (guids if holder is None else (holder,))}
            found[address] = said.pop() if len(said) == 1 else Standing.UNCERTAIN
        return found

    def _standing(self, person: Person) -> Standing:
        """Of two mailboxes of one person, one may be an admin account: nobody knows which."""
        if person.guid in self.joined.admin:
            return Standing.NO_PERSON
        found = standing(person, self.today)
        second = person.guid in self.joined.second
        return Standing.UNCERTAIN if second and found is Standing.ACTIVE else found


def _once(accounts: Sequence[Account]) -> dict[ObjectGuid, Account]:
    """Each mailbox once, in order of identity. Of two readings of one, always the same is taken."""
    found: dict[ObjectGuid, list[Account]] = {}
    for account in accounts:
        found.setdefault(account.guid, []).append(account)
    return {
        guid: same[0] if len(same) == 1 else min(same, key=_written) for guid, same in sorted(found.items())
    }


def _written(account: Account) -> tuple[str, ...]:
    others = sorted(address.value for address in account.others)
    more: tuple[object, ...] = (
        account.staff_number,
        account.department,
        account.manager,
        account.expires,
        *others,
    )
    more += (*sorted(account.delegates or ()), *sorted(account.groups))
    return (account.address.value, account.login, account.name, repr(account), *map(str, more))


def _recorded(record: Employment) -> tuple[str, ...]:
    address = record.address.value if record.address else ""
    return (record.key, address, str(record.starts), str(record.ends))


def _unit_names(records: Sequence[Employment]) -> dict[str, OrgUnit]:
    """Units of personnel by name, where only one has it."""
    units: dict[str, set[OrgUnit]] = {}
    for record in records:
        if record.unit is not None:
            units.setdefault(record.unit.name.strip().casefold(), set()).add(record.unit)
    return {name: next(iter(found)) for name, found in units.items() if len(found) == 1}


def _local(address: Address) -> str:
    return address.value.rpartition("@")[0]


def _enabled(account: Account, now: datetime) -> bool | None:
    if account.expires is not None and account.expires <= now:
        return False
    return None if account.closed is None else not account.closed


def _if_said(value: object | None, source: Source) -> Source | None:
    return None if value is None else source


def _managed(person: Person, manager: ObjectGuid | None) -> Person:
    """With this manager. Who is in a circle keeps the note of which source names the manager: there it is
    mended."""
    return person if person.manager == manager else replace(person, manager=manager)
