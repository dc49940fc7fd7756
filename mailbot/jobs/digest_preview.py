"""What the next digest would look like: a sample, or with a reason that of one reader.

Nothing is ordered and nothing is sent. A reader's own digest names who leaves, so whoever looks at one is on
record, and its reader is told.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from mailbot.engine.figures.encoding import DigestFigures, encode, tip_of_the_week
from mailbot.engine.figures.words import Direction, Figure, Level, Word, reach
from mailbot.engine.plan import next_office_day
from mailbot.jobs.digest import Digests, fresh_sweep
from mailbot.jobs.house import House
from mailbot.jobs.rights import disclose, whoever_has
from mailbot.model.accounts import Language
from mailbot.model.errors import MailbotError
from mailbot.model.figures import Coverage
from mailbot.model.ids import Address
from mailbot.model.letters import Addressee, AgendaLine, Letter, LetterKind, Mail
from mailbot.model.verdicts import Kind
from mailbot.policy.packs import Audience
from mailbot.rules import Tells

KEY = "digest/preview"
SAMPLE_FIGURES = (
    Figure(Level.TEAM, Word.NONE),
    Figure(Level.DEPARTMENT, Word.FEW),
    Figure(Level.ORGANISATION, Word.SOME, 3, Direction.FEWER),
)
SAMPLE_COVERAGE = Coverage(population=100, read=96)


class NothingToShow(MailbotError):
    """There is no digest to look at; says why."""


def sample(house: House, language: Language) -> Mail:
    """A digest as the pack lets managers have it, about people and numbers that do not exist."""
    today = house.today()
    tip = tip_of_the_week(house.letters.tips(), today)
    content = DigestFigures(tip=tip, at_least=house.terms.pack.team_figures.at_least)
    if house.terms.pack.team_figures.shown_to is Audience.MANAGERS:
        asked = [
            active.rule.id
            for active in house.rules(today)
            if active.rule.kind is Kind.STATE and active.rule.tells is Tells.PERSON
        ]
        # the newest rules show the most, so that a share is seen where there are few
        figures = dict(zip(asked, reversed(SAMPLE_FIGURES), strict=False))
        content = DigestFigures(reach(SAMPLE_COVERAGE), figures, tip, content.at_least)
    agenda = (AgendaLine("S. Voorbeeld", today + timedelta(weeks=3)),)
    reader = Addressee("M. Voorbeeld", house.terms.sender, language)
    return _rendered(house, reader, content, agenda, _next_day(house))


def of_reader(house: House, address: Address, reason: str, actor: str) -> Mail:
    """The digest that this reader would get of the newest sweep, with the figures that they may see anyway.

    The look is logged, and told to the reader within 5 working days. Raises NotInPopulation for an unknown or
    excluded address, and NothingToShow for somebody who would get none; that is a look as well.
    """
    people = house.directory.people()
    person = whoever_has(people, address)
    now = house.clock.now()
    with house.store.begin() as work:
        newest = fresh_sweep(work, now) if house.gates_open() else None
        counted = person.guid in people.by_guid
        contents = Digests(house, work, *newest, people, now).of(person) if newest and counted else None
        key = house.store.person_key(person.guid)
        disclose(house, work, key)
        work.audit(now, actor, "digest_preview", {"person": key, "reason": reason})
    if newest is None:
        raise NothingToShow(
            "no digest is made: a gate is closed, or no sweep was finished in the last 7 days"
        )
    if contents is None or not contents.worth_sending:
        raise NothingToShow("this person would get no digest: there is nothing to tell")
    to = Addressee(person.name, person.address, person.language)
    return _rendered(house, to, contents.figures, contents.agenda, contents.day)


def _next_day(house: House) -> date:
    return next_office_day(house.calendar(), house.terms.hours.office[1])


def _rendered(
    house: House, to: Addressee, content: DigestFigures, agenda: Sequence[AgendaLine], day: date
) -> Mail:
    letter_id = house.store.letter_id(KEY)
    letter = Letter(
        id=letter_id,
        kind=LetterKind.DIGEST,
        topic="digest",
        to=to,
        shown=encode(content),
        hold=True,
        day=day,
        agenda=tuple(agenda),
    )
    return house.letters.render(letter, house.message_id(letter_id), to.address, house.clock.now())
