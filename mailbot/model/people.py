"""People as the directory port delivers them: already without those who are excluded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from mailbot.model.accounts import Language, Quota, RecipientType
from mailbot.model.conflicts import Conflict
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.organisation import Standing
from mailbot.model.sources import Attribute, Source, SourceState
from mailbot.model.worktime import WorkPattern

NOT_SAID = Unknown(Reason.NOT_IN_SOURCES)
"""No source says it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One mailbox holder. Names and addresses stay out of `repr`; they are looked up, never logged.

    `settings_only` keeps rules that look deeper than settings away. `delegates` are colleagues to whom the
    directory itself gives the mailbox: there may be others. `origins` says which source gave what.
    """

    guid: ObjectGuid = field(repr=False)
    address: Address = field(repr=False)
    name: str = field(repr=False)
    language: Language
    enabled: Fact[bool]
    recipient_type: Fact[RecipientType]
    hold: Fact[bool]
    roster: Fact[WorkPattern]
    groups: frozenset[str] = frozenset()
    unit: OrgUnit | None = field(default=None, repr=False)
    manager: ObjectGuid | None = field(default=None, repr=False)
    starts: date | None = None
    ends: date | None = None
    leave: tuple[Leave, ...] = ()
    forwards: Fact[bool] = NOT_SAID
    quota: Fact[Quota] = NOT_SAID
    delegates: Fact[frozenset[Address]] = field(default=NOT_SAID, repr=False)
    settings_only: bool = field(default=False, repr=False)
    origins: Mapping[Attribute, Source] = field(default_factory=dict, repr=False, compare=False)

    def in_service(self, day: date) -> bool:
        """Whether the day is one from the first to the last of service, where these are known."""
        begun = self.starts is None or self.starts <= day
        return begun and (self.ends is None or day <= self.ends)

    def on_leave(self, day: date) -> bool:
        """Whether personnel approved leave that covers the day."""
        return any(leave.first <= day <= leave.last for leave in self.leave)


def standing(person: Person, today: date) -> Standing:
    """What the person's address stands for when it has rights on another mailbox."""
    if isinstance(person.recipient_type, Known) and not person.recipient_type.value.personal:
        return Standing.NO_PERSON
    if not person.in_service(today):
        return Standing.GONE
    if isinstance(person.enabled, Unknown) or isinstance(person.recipient_type, Unknown):
        return Standing.UNCERTAIN
    return Standing.ACTIVE if person.enabled.value else Standing.GONE


@dataclass(frozen=True, slots=True)
class People:
    """The population of one run, ordered by guid. `read_at` is when the directory was.

    `unmatched_groups` are groups that the settings exclude and that nobody in the source belongs to.
    `colleagues` tells of every address of the source what it stands for, see `Organisation`. `set_aside` are
    people whose objection is pending: they are in no count and no letter is written to them, but what is kept
    of them can be explained to them. `unmatched` counts people of personnel without a mailbox here.
    """

    by_guid: Mapping[ObjectGuid, Person] = field(repr=False)
    accepted_domains: frozenset[str]
    read_at: datetime
    unmatched_groups: frozenset[str] = frozenset()
    colleagues: Mapping[Address, Standing] = field(default_factory=dict, repr=False)
    set_aside: Mapping[ObjectGuid, Person] = field(default_factory=dict, repr=False)
    conflicts: tuple[Conflict, ...] = ()
    sources: tuple[SourceState, ...] = ()
    unmatched: int = 0

    def with_address(self, address: Address) -> Person | None:
        return next((p for p in self.by_guid.values() if p.address == address), None)

    def managers(self) -> Mapping[ObjectGuid, tuple[Person, ...]]:
        """Direct reports per manager, for managers who are themselves in the population."""
        reports: dict[ObjectGuid, list[Person]] = {}
        for person in self.by_guid.values():
            if person.manager is not None and person.manager in self.by_guid:
                reports.setdefault(person.manager, []).append(person)
        return {guid: tuple(team) for guid, team in reports.items()}
