"""How whole the sources of people are, in counts: for the administrator who has to mend them.

No name, no address, and no number about who is left out: every count is about the population alone, and no
total of a source stands beside it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailbot.engine.managers import unknown_addresses
from mailbot.jobs.house import House
from mailbot.jobs.sources import KINDS, advice, code, days_old
from mailbot.jobs.tasks import conflict_counts
from mailbot.model.conflicts import Clash
from mailbot.model.facts import Known
from mailbot.model.organisation import Standing
from mailbot.model.people import People, Person, standing
from mailbot.model.sources import Attribute, Source, SourceState, Trouble

UNKNOWN_KIND = "unknown"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`as_of` and `days` tell the age of what is used now, None when there is nothing. `trouble` is as the
    problem that the operator is told of, `personnel_feed_held` say. `says` is everything that is wrong in it;
    of a feed with many leavers nothing, because that counts people who may be left out."""

    source: Source
    as_of: datetime | None
    days: int | None
    trouble: str | None
    advice: str
    says: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PeopleCheck:
    """`kinds` counts people by kind of mailbox and by what they stand for; `coverage` people by what is known
    of them and from which source (None for none). `unmatched` are people of personnel without a mailbox here,
    `unmatched_groups` groups of the settings that nobody is in, `unknown_managers` keys of managers.toml
    and `unknown_waivers` keys of waivers.toml whose address no source knows."""

    sources: tuple[SourceLine, ...]
    kinds: Mapping[tuple[str, Standing], int]
    coverage: Mapping[Attribute, Mapping[Source | None, int]]
    conflicts: Mapping[Clash, int]
    unmatched: int
    unmatched_groups: tuple[str, ...]
    unknown_managers: tuple[str, ...]
    unknown_waivers: tuple[str, ...]


def check_people(house: House) -> PeopleCheck:
    """As the sources are now. Raises SettingsRefused with all their errors when they cannot be used."""
    people = house.directory.people()
    today = house.today()
    kinds = Counter((_kind(person), standing(person, today)) for person in people.by_guid.values())
    return PeopleCheck(
        tuple(_line(house, state) for state in people.sources),
        dict(sorted(kinds.items())),
        {attribute: _covered(people, attribute) for attribute in Attribute},
        conflict_counts(people),
        people.unmatched,
        tuple(sorted(people.unmatched_groups)),
        unknown_addresses(house.terms.managers, people),
        tuple(
            f"waiver {number}.address"
            for number, waiver in enumerate(house.terms.waivers, start=1)
            if waiver.address not in people.colleagues
        ),
    )


def _kind(person: Person) -> str:
    kind = person.recipient_type
    return kind.value.value if isinstance(kind, Known) else UNKNOWN_KIND


def _covered(people: People, attribute: Attribute) -> dict[Source | None, int]:
    counts = Counter(person.origins.get(attribute) for person in people.by_guid.values())
    return {source: counts[source] for source in (*Source, None)}


def _line(house: House, state: SourceState) -> SourceLine:
    trouble = None if state.trouble is None else code(state.source, KINDS[state.trouble])
    says = "" if state.trouble is Trouble.MANY_LEAVERS else state.says
    return SourceLine(state.source, state.as_of, days_old(house, state), trouble, advice(state), says)
