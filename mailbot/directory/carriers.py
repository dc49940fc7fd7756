"""Which mailbox mail to an address reaches, as far as the directory settles it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mailbot.model.accounts import Account
from mailbot.model.ids import Address, ObjectGuid


@dataclass(frozen=True, slots=True)
class Carriers:
    """`all_` are the mailboxes that carry an address, as their primary one or beside it. `holders` are those
    that have it for sure: the only one whose primary address it is, else the only one that carries it."""

    all_: Mapping[Address, frozenset[ObjectGuid]] = field(repr=False)
    holders: Mapping[Address, ObjectGuid] = field(repr=False)

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> "Carriers":
        primary: dict[Address, set[ObjectGuid]] = {}
        carried: dict[Address, set[ObjectGuid]] = {}
        for account in accounts:
            primary.setdefault(account.address, set()).add(account.guid)
            for address in (account.address, *account.others):
                carried.setdefault(address, set()).add(account.guid)
        holders: dict[Address, ObjectGuid] = {}
        for address, guids in carried.items():
            owners = primary.get(address, guids)
            if len(owners) == 1:
                (holders[address],) = owners
        return cls({address: frozenset(guids) for address, guids in carried.items()}, holders)

    def shared(self) -> set[tuple[ObjectGuid, ...]]:
        """Mailboxes that carry one address together."""
        return {tuple(sorted(guids)) for guids in self.all_.values() if len(guids) > 1}
