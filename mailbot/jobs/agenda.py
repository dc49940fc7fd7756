"""Who leaves, and in whose digest that stands: the one who runs the departure."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from mailbot.engine.managers import route
from mailbot.model.arrangements import Arrangements
from mailbot.model.ids import ObjectGuid
from mailbot.model.letters import AgendaLine
from mailbot.model.people import People

AGENDA_AHEAD = timedelta(weeks=6)
AGENDA_BACK = timedelta(weeks=5)

Agendas = Mapping[ObjectGuid | None, tuple[AgendaLine, ...]]
"""By reader; under None are departures that nobody runs."""


def agendas(
    people: People, arrangements: Arrangements, day: date, left_out: Collection[ObjectGuid] = ()
) -> Agendas:
    """Everybody whose last day lies around `day`, by who runs the departure on that day. Nothing is told of
    `left_out`."""
    found: dict[ObjectGuid | None, list[AgendaLine]] = {}
    for person in people.by_guid.values():
        if person.guid in left_out or person.ends is None:
            continue
        if day - AGENDA_BACK <= person.ends <= day + AGENDA_AHEAD:
            way = route(person, people, arrangements, day)
            found.setdefault(way.to, []).append(AgendaLine(person.name, person.ends, way.via))
    return {
        reader: tuple(sorted(lines, key=lambda line: (line.last_day, line.name)))
        for reader, lines in found.items()
    }
