"""Which record of personnel belongs to which mailbox. A mailbox has one record at most, a record one mailbox.

By staff number first, for that survives every rename; else by address. Where it is not sure, nothing is
joined, and it becomes a conflict.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mailbot.directory.carriers import Carriers
from mailbot.model.accounts import Account, RecipientType
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment, OrgUnit
from mailbot.model.ids import ObjectGuid

NOBODY_S = (RecipientType.ROOM, RecipientType.EQUIPMENT, RecipientType.SYSTEM)
"""Kinds of mailbox that are never one person's. A shared one may be: of somebody who left, kept as shared."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Somebody in service, by personnel, whose mailbox is not in the directory."""

    employment: Employment = field(repr=False)
    names_address: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """`records` are by mailbox. `admin` are accounts beside somebody's own. `in_doubt` are mailboxes of which
    personnel knows somebody, but not for sure whom, with the units of all whom it may be; `second` those of
    them of which one person has several."""

    records: Mapping[ObjectGuid, Employment] = field(repr=False)
    admin: frozenset[ObjectGuid] = field(repr=False)
    in_doubt: Mapping[ObjectGuid, frozenset[OrgUnit]] = field(repr=False)
    second: frozenset[ObjectGuid] = field(repr=False)
    missing: tuple[Missing, ...]
    conflicts: tuple[Conflict, ...]


class Numbers:
    """Finds records by staff number: as it is written, else without leading zeros where that fits one."""

    def __init__(self, records: Sequence[Employment]) -> None:
        self._exact: dict[str, list[int]] = {}
        self._bare: dict[str, list[int]] = {}
        for place, record in enumerate(records):
            key = record.key.strip()
            if key:
                self._exact.setdefault(key, []).append(place)
                self._bare.setdefault(key.lstrip("0"), []).append(place)

    def exact(self, number: str | None) -> Sequence[int]:
        return self._exact.get((number or "").strip(), ())

    def bare(self, number: str | None) -> Sequence[int]:
        text = (number or "").strip().lstrip("0")
        found = self._bare.get(text, []) if text else []
        return found if len(found) == 1 else ()

    def one(self, number: str | None) -> int | None:
        """The one record with this number; None when there is none, or no telling which."""
        found = self.exact(number) or self.bare(number)
        return found[0] if len(found) == 1 else None


def join(
    accounts: Collection[Account],
    carriers: Carriers,
    records: Sequence[Employment],
    service: Callable[[Account], bool],
    today: date,
) -> Joined:
    """`accounts` and `records` without doubles. `service` tells accounts that are no people by their name;
    one whose address personnel names is somebody's all the same."""
    return _Joining(accounts, carriers, records, service, today).done()


class _Joining:
    def __init__(
        self,
        accounts: Collection[Account],
        carriers: Carriers,
        records: Sequence[Employment],
        service: Callable[[Account], bool],
        today: date,
    ) -> None:
        self.carriers = carriers
        self.records = records
        self.today = today
        named = {self._addressed(place) for place in range(len(records))}
        self.admin = {a.guid for a in accounts if service(a) and a.guid not in named}
        self.open = {a.guid: a for a in accounts if a.guid not in self.admin and a.kind not in NOBODY_S}
        self.in_doubt: dict[ObjectGuid, frozenset[OrgUnit]] = {}
        self.second: set[ObjectGuid] = set()
        self.conflicts: list[Conflict] = []

    def done(self) -> Joined:
        by_number = self._by_number()
        claims: dict[ObjectGuid, list[int]] = {}
        spare: set[ObjectGuid] = set()
        for place, guids in by_number.items():
            own = self._own(place, guids)
            if own is not None:
                claims.setdefault(own, []).append(place)
                spare |= {guid for guid in guids if guid != own and self._maybe_personal(guid)}
        certain = {guid: set(places) for guid, places in claims.items()}
        for place in range(len(self.records)):
            guid = self._addressed(place)
            if place not in by_number and guid in self.open:
                claims.setdefault(guid, []).append(place)
        records: dict[ObjectGuid, Employment] = {}
        for guid, places in claims.items():
            if guid in self.in_doubt:
                self._doubt(guid, places)
                continue
            left = self._without_leavers(places, certain.get(guid, set()))
            if len(left) == 1 and (guid not in spare or guid in certain):
                records[guid] = self.records[left[0]]
            else:
                self._doubt(guid, left)
                self.conflicts.append(Conflict(Clash.SHARED_MAILBOX, (guid,)))
        self.admin |= spare - records.keys() - self.in_doubt.keys()
        missing = tuple(self._missing(by_number))
        return Joined(
            records,
            frozenset(self.admin),
            self.in_doubt,
            frozenset(self.second),
            missing,
            (*self.conflicts, *(Conflict(Clash.NO_MAILBOX) for one in missing if one.names_address)),
        )

    def _addressed(self, place: int) -> ObjectGuid | None:
        """The mailbox whose address personnel names."""
        address = self.records[place].address
        return None if address is None else self.carriers.holders.get(address)

    def _by_number(self) -> dict[int, list[ObjectGuid]]:
        """Mailboxes with a record's staff number."""
        numbers = Numbers(self.records)
        found: dict[int, list[ObjectGuid]] = {}
        for guid, account in self.open.items():
            for place in numbers.exact(account.staff_number):
                found.setdefault(place, []).append(guid)
        exact = set(found)
        for guid, account in self.open.items():
            if not numbers.exact(account.staff_number):
                for place in numbers.bare(account.staff_number):
                    if place not in exact:
                        found.setdefault(place, []).append(guid)
        return found

    def _maybe_personal(self, guid: ObjectGuid) -> bool:
        kind = self.open[guid].kind
        return kind is None or kind.personal

    def _own(self, place: int, guids: Sequence[ObjectGuid]) -> ObjectGuid | None:
        """Which of the mailboxes with one staff number is the person's own. None, and a conflict, when
        neither their kinds nor the address that personnel names settle it."""
        pool = [guid for guid in guids if self._maybe_personal(guid)] or list(guids)
        if len(pool) == 1:
            return pool[0]
        named = self._addressed(place)
        if named in pool:
            return named
        for guid in pool:
            self._doubt(guid, [place])
        self.second.update(pool)
        self.conflicts.append(Conflict(Clash.SECOND_MAILBOX, tuple(sorted(pool))))
        return None

    def _without_leavers(self, places: list[int], certain: set[int]) -> list[int]:
        """Whoever has left and is named by address alone gives way: addresses are given out again, and who
        comes back gets a new number."""
        if len(places) == 1:
            return places
        staying = [place for place in places if place in certain or not self._left(place)]
        return staying or places

    def _left(self, place: int) -> bool:
        ends = self.records[place].ends
        return ends is not None and ends < self.today

    def _doubt(self, guid: ObjectGuid, places: Sequence[int]) -> None:
        units = {unit for place in places if (unit := self.records[place].unit) is not None}
        self.in_doubt[guid] = self.in_doubt.get(guid, frozenset()) | units

    def _missing(self, by_number: Collection[int]) -> list[Missing]:
        found = []
        for place, record in enumerate(self.records):
            in_service = (record.starts is None or record.starts <= self.today) and not self._left(place)
            if place in by_number or not in_service:
                continue
            carried = record.address is not None and record.address in self.carriers.all_
            if carried and self._addressed(place) in (None, *self.open):
                continue
            found.append(Missing(record, record.address is not None and not carried))
        return found
