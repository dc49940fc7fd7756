"""Who is left out by the settings, altogether or of all but settings: groups, kinds of mailbox, addresses."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mailbot.config.people_section import PeopleSection
from mailbot.model.accounts import RecipientType
from mailbot.model.employment import OrgUnit
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import Person


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Groups are compared with a person's groups and with the code and name of departments, by their folded
    form. `units` beside a person are further departments that a source names: one word of one source is
    enough to leave somebody out."""

    groups: frozenset[str] = frozenset()
    types: frozenset[RecipientType] = frozenset()
    addresses: frozenset[Address] = frozenset()
    settings_only_groups: frozenset[str] = frozenset()
    settings_only_types: frozenset[RecipientType] = frozenset()

    @classmethod
    def of(cls, people: PeopleSection, *ours: Address) -> "Exclusion":
        """`ours` are addresses that mailbot itself sends from: it never writes to itself."""
        return cls(
            frozenset(folded(people.exclude_groups)),
            frozenset(people.exclude_types),
            frozenset((*people.exclude_addresses, *ours)),
            frozenset(folded(people.settings_only_groups)),
            frozenset(people.settings_only_types),
        )

    def covers(self, person: Person, units: Collection[OrgUnit] = ()) -> bool:
        """Whether nothing at all is looked at."""
        if person.address in self.addresses or _is_one_of(person, self.types):
            return True
        return bool(self.groups) and not self.groups.isdisjoint(groups_of(person, units))

    def limits(self, person: Person, units: Collection[OrgUnit] = ()) -> bool:
        """Whether nothing deeper than settings is looked at."""
        if _is_one_of(person, self.settings_only_types):
            return True
        named = self.settings_only_groups
        return bool(named) and not named.isdisjoint(groups_of(person, units))

    def covers_unit(self, unit: OrgUnit | None) -> bool:
        return unit is not None and not self.groups.isdisjoint(_names((unit,)))

    def unmatched(
        self, everybody: Iterable[Person], units: Mapping[ObjectGuid, Collection[OrgUnit]] | None = None
    ) -> frozenset[str]:
        """The groups to which none of these people belongs, folded. A typing mistake leaves nobody out."""
        named, more = self.groups | self.settings_only_groups, units or {}
        return named.difference(*(groups_of(person, more.get(person.guid, ())) for person in everybody))


def groups_of(person: Person, units: Collection[OrgUnit] = ()) -> set[str]:
    """Everything that counts as a group of this person, folded."""
    own = (person.unit,) if person.unit else ()
    return folded(person.groups) | _names((*own, *units))


def folded(names: Collection[str]) -> set[str]:
    """Names as they are compared: the same whatever their case, outer blanks, or way to write an accent
    (macOS exports write `ö` as two characters)."""
    return {unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", n).casefold()).strip() for n in names}


def _names(units: Collection[OrgUnit]) -> set[str]:
    return folded([name for unit in units for name in (unit.code, unit.name)])


def _is_one_of(person: Person, kinds: Collection[RecipientType]) -> bool:
    kind = person.recipient_type
    return isinstance(kind, Known) and kind.value in kinds
