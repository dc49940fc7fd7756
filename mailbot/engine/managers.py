"""Who runs somebody's departure: the manager, whoever stands in, the head of the department, or nobody.

Pure. A manager who is excluded is not in the population, and reads exactly as no manager.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from mailbot.model.arrangements import Arrangements, Via
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import People, Person


class Passed(StrEnum):
    """Why somebody on the way was passed over."""

    NOBODY = "nobody"  # none is named, or it is the person, or nobody of this population
    AWAY = "away"  # approved leave covers the day
    GONE = "gone"  # left, or has not begun
    CLOSED = "closed"  # cannot sign in


@dataclass(frozen=True, slots=True)
class Route:
    """`to` is None when only the operator is left; `passed` tells why each earlier one could not."""

    to: ObjectGuid | None = field(repr=False)
    via: Via
    passed: tuple[tuple[Via, Passed], ...] = ()


def route(person: Person, people: People, arrangements: Arrangements, today: date) -> Route:
    """Person -> manager -> deputy of a manager on leave -> head of the department -> deputy of a head on
    leave -> operator. Nobody is their own route."""
    passed: list[tuple[Via, Passed]] = []
    head = arrangements.head_of(person.unit.code) if person.unit is not None else None
    manager = people.by_guid.get(person.manager) if person.manager is not None else None
    for via, named in ((Via.MANAGER, manager), (Via.HEAD, _at(head, people))):
        why = _passed(named, person, today)
        if named is not None and why is None:
            return Route(named.guid, via, tuple(passed))
        passed.append((via, why or Passed.NOBODY))
        if named is None or why is not Passed.AWAY:
            continue
        deputy = _at(arrangements.deputy_of(named.address, today), people)
        why = _passed(deputy, person, today)
        if deputy is not None and why is None:
            return Route(deputy.guid, Via.DEPUTY, tuple(passed))
        passed.append((Via.DEPUTY, why or Passed.NOBODY))
    return Route(None, Via.OPERATOR, tuple(passed))


def _at(address: Address | None, people: People) -> Person | None:
    return people.with_address(address) if address is not None else None


def _passed(named: Person | None, person: Person, today: date) -> Passed | None:
    if named is None or named.guid == person.guid or _shared(named):
        return Passed.NOBODY
    if not named.in_service(today):
        return Passed.GONE
    if isinstance(named.enabled, Known) and not named.enabled.value:
        return Passed.CLOSED
    return Passed.AWAY if named.on_leave(today) else None


def _shared(named: Person) -> bool:
    """A mailbox that several people read gets no names of leavers."""
    return isinstance(named.recipient_type, Known) and not named.recipient_type.value.personal


def unknown_addresses(arrangements: Arrangements, people: People) -> tuple[str, ...]:
    """Keys of managers.toml whose address no source knows, such as `deputy 1.manager`. Whoever is excluded is
    known: a missing one would tell."""
    told = [
        (f"{table} {number}.{key}", address)
        for number, deputy in enumerate(arrangements.deputies, start=1)
        for table, key, address in (
            ("deputy", "manager", deputy.manager),
            ("deputy", "deputy", deputy.deputy),
        )
    ]
    told += [
        (f"department {number}.head", head.head) for number, head in enumerate(arrangements.heads, start=1)
    ]
    known = {person.address for person in people.by_guid.values()} | set(people.colleagues)
    return tuple(key for key, address in told if address not in known)
