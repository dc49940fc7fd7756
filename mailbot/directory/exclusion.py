"""Who is left out of everything by the settings: groups, kinds of mailbox and functional addresses."""

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mailbot.config.settings import PeopleSection
from mailbot.model.accounts import RecipientType
from mailbot.model.facts import Known
from mailbot.model.ids import Address
from mailbot.model.people import Person


@dataclass(frozen=True, slots=True)
class Exclusion:
    """`groups` are compared with a person's groups and department code and name, by their folded form."""

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
        return (
            (isinstance(kind, Known) and kind.value in self.types)
            or person.address in self.addresses
            or not self.groups.isdisjoint(groups_of(person))
        )

    def unmatched(self, everybody: Iterable[Person]) -> frozenset[str]:
        """The groups to which none of these people belongs, folded. A typing mistake leaves nobody out."""
        return self.groups.difference(*(groups_of(person) for person in everybody))


def groups_of(person: Person) -> set[str]:
    """Everything that counts as a group of this person, folded."""
    unit = (person.unit.code, person.unit.name) if person.unit else ()
    return folded((*person.groups, *unit))


def folded(names: Collection[str]) -> set[str]:
    """Names as they are compared: the same whatever their case, outer blanks, or way to write an accent
    (macOS exports write `ö` as two characters)."""
    return {unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", n).casefold()).strip() for n in names}
