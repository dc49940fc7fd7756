"""A letter as it leaves: who reads it and where is looked up now, and it tells what is owed by now."""

from collections.abc import Collection
from datetime import datetime

from mailbot.engine.figures.encoding import DigestFigures, encode
from mailbot.jobs.agenda import agendas
from mailbot.jobs.house import House
from mailbot.jobs.restriction import left_out
from mailbot.model.errors import LetterRefused
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import (
    Addressee,
    AgendaLine,
    Disclosure,
    Letter,
    LetterKind,
    Mail,
    OutboxLetter,
)
from mailbot.model.people import People, Person


def render(house: House, people: People, letter: OutboxLetter, person: Person, at: datetime) -> Mail:
    """The mail, made at `at`. Raises LetterRefused when there is no text, no value or no address for it."""
    with house.store.begin() as work:
        looked = disclosures_until(work.undisclosed(letter.order.person), at)
        out = left_out(work)
    is_digest = letter.order.kind is LetterKind.DIGEST
    zone = house.terms.zone
    days = sorted({disclosure.at.astimezone(zone).date() for disclosure in looked})
    content = Letter(
        id=letter.id,
        kind=letter.order.kind,
        topic=letter.order.topic,
        to=Addressee(person.name, person.address, person.language),
        shown=letter.order.shown if not is_digest or leads(people, person) else encode(DigestFigures()),
        hold=not (isinstance(person.hold, Known) and not person.hold.value),
        day=at.astimezone(zone).date(),
        looked_at=() if is_digest or letter.order.test else tuple(days),
        agenda=agenda_of(house, people, person, at, out) if is_digest else (),
        redirected=letter.order.test,
    )
    return house.letters.render(content, house.message_id(letter.id), _deliver_to(house, letter, person), at)


def leads(people: People, person: Person) -> bool:
    """Whether anybody reports to this person now: figures of a team are for nobody else."""
    return any(one.manager == person.guid for one in people.by_guid.values())


def agenda_of(
    house: House, people: People, reader: Person, now: datetime, out: Collection[ObjectGuid]
) -> tuple[AgendaLine, ...]:
    """Leavers whose departure the reader runs on this day."""
    today = now.astimezone(house.terms.zone).date()
    return agendas(people, house.terms.managers, today, out).get(reader.guid, ())


def disclosures_until(all_: list[Disclosure], made: datetime) -> list[Disclosure]:
    """Those that a letter made at `made` tells of; later ones wait for their own letter."""
    return [disclosure for disclosure in all_ if disclosure.at <= made]


def _deliver_to(house: House, letter: OutboxLetter, person: Person) -> Address:
    """Only what was made for its reader goes to the reader."""
    if not letter.order.test:
        return person.address
    to = house.terms.redirect_to
    if to is None:
        raise LetterRefused("there is no [delivery] redirect_to for test letters")
    return to
