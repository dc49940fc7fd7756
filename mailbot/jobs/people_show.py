"""What the sources say of one person: with a reason, on record, and told to that person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mailbot.jobs.house import House
from mailbot.jobs.rights import disclose, told_by, whoever_has
from mailbot.model.facts import Fact, Known
from mailbot.model.ids import Address
from mailbot.model.people import Person
from mailbot.model.sources import Attribute, Source

WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")

LEAVE_AHEAD = timedelta(days=35)
"""Leave that begins later changes no verdict yet."""

Value = str | int | bool | date | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Said:
    """One attribute: its value, which source gave it, and when that source was read or delivered. All None
    when no source says it."""

    attribute: Attribute
    value: Value = field(repr=False)
    source: Source | None
    read: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """`paused` is the person's own objection, which whoever settles it must see. Whether somebody is
    settings-only is never shown: it can tell of a role of trust."""

    address: Address
    said: tuple[Said, ...]
    paused: bool
    told_by: date


def show_person(house: House, address: Address, reason: str, actor: str) -> Shown:
    """Look at one person. The look is logged, and told to that person within 5 working days.

    An administrator has to see whether the sources are joined well, no more (practice 2.3): of leave only
    whether there is any in the coming weeks, of the roster its days, and of a manager or delegates that there
    are any. Who they are may be somebody who is left out. No group is shown: it can be one for which somebody
    is left out of something. Raises NotInPopulation for an unknown or excluded address.
    """
    people = house.directory.people()
    person = whoever_has(people, address)
    key = house.store.person_key(person.guid)
    with house.store.begin() as work:
        disclose(house, work, key)
        work.audit(house.clock.now(), actor, "people_show", {"person": key, "reason": reason})
    read = {state.source: state.as_of for state in people.sources}
    values = _values(person, house.today())
    return Shown(
        person.address,
        tuple(_said(person, attribute, values[attribute], read) for attribute in Attribute),
        person.guid in people.set_aside,
        told_by(house),
    )


def _said(person: Person, attribute: Attribute, value: Value, read: Mapping[Source, datetime | None]) -> Said:
    source = person.origins.get(attribute)
    if source is None:
        return Said(attribute, None, None, None)
    return Said(attribute, value, source, read.get(source))


def _values(person: Person, today: date) -> dict[Attribute, Value]:
    """What is shown of each attribute that a source gave."""
    roster, quota = person.roster, person.quota
    days = roster.value.days if isinstance(roster, Known) else {}
    return {
        Attribute.ADDRESS: person.address.value,
        Attribute.ACCOUNT: _word(person.enabled, "open", "closed"),
        Attribute.KIND: person.recipient_type.value.value
        if isinstance(person.recipient_type, Known)
        else None,
        Attribute.HOLD: _word(person.hold, "yes", "no"),
        Attribute.FORWARDING: _word(person.forwards, "yes", "no"),
        Attribute.QUOTA: (quota.value.limit or "none") if isinstance(quota, Known) else None,
        Attribute.DELEGATES: _word(person.delegates, "some", "none"),
        Attribute.STARTS: person.starts,
        Attribute.ENDS: person.ends or "open",
        Attribute.MANAGER: "known",
        Attribute.UNIT: person.unit.name if person.unit else None,
        Attribute.ROSTER: tuple(WEEKDAYS[day] for day in sorted(days) if days[day]),
        Attribute.LEAVE: _leave(person, today),
    }


def _word(fact: Fact[bool] | Fact[frozenset[Address]], yes: str, no: str) -> str | None:
    return (yes if fact.value else no) if isinstance(fact, Known) else None


def _leave(person: Person, today: date) -> str:
    soon = any(leave.last >= today and leave.first <= today + LEAVE_AHEAD for leave in person.leave)
    return "some in the coming weeks" if soon else "none in the coming weeks"
