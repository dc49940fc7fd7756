"""Who is left out of everything by the settings: groups, kinds of mailbox and functional addresses."""

from collections.abc import Collection
from dataclasses import dataclass

from mailbot.config.settings import PeopleSection
from mailbot.model.facts import Known
from mailbot.model.ids import Address
from mailbot.model.people import Person, RecipientType


@dataclass(frozen=True, slots=True)
class Exclusion:
    """`groups` are compared, whatever their case, with a person's groups and department code and name."""

    groups: frozenset[str] = frozenset()
    types: frozenset[RecipientType] = frozenset()
    addresses: frozenset[Address] = frozenset()

    @classmethod
    def of(cls, people: PeopleSection) -> "Exclusion":
        return cls(
            frozenset(folded(people.exclude_groups)),
            frozenset(people.exclude_types),
            frozenset(people.exclude_addresses),
        )

    def covers(self, person: Person) -> bool:
        kind = person.recipient_type
        unit = (person.unit.code, person.unit.name) if person.unit else ()
        return (
            (isinstance(kind, Known) and kind.value in self.types)
            or person.address in self.addresses
            or not self.groups.isdisjoint(folded((*person.groups, *unit)))
        )


def folded(names: Collection[str]) -> set[str]:
    return {name.strip().casefold() for name in names}
