"""What the next digest would look like: a sample, or with a reason that of one reader.

Nothing is ordered and nothing is sent. A reader's own digest names who leaves, so whoever looks at one is on
record, and its reader is told.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from mailbot.engine.figures.encoding import DigestFigures, encode, tip_of_the_week
from mailbot.engine.figures.words import Direction, Figure, Level, Word, reach
from mailbot.jobs.digest import Digests, fresh_sweep
from mailbot.jobs.house import House
from mailbot.jobs.rights import disclose, whoever_has
from mailbot.model.accounts import Language
from mailbot.model.errors import MailbotError
from mailbot.model.figures import Coverage
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Addressee, AgendaLine, Letter, LetterKind, Mail
from mailbot.model.message_id import message_id
from mailbot.model.needs import DataClass
from mailbot.model.verdicts import Kind
from mailbot.policy.packs import Audience, Pack
from mailbot.ports import Letters
from mailbot.rules import Tells, registry

KEY = "digest/preview"
SAMPLE_FIGURES = (
    Figure(Level.TEAM, Word.NONE),
    Figure(Level.DEPARTMENT, Word.FEW),
    Figure(Level.ORGANISATION, Word.SOME, 3, Direction.FEWER),
)
SAMPLE_COVERAGE = Coverage(population=100, read=96)


class NothingToShow(MailbotError):
    """There is no digest to look at; says why."""


def sample(
    letters: Letters, pack: Pack, sender: Address, language: Language, at: datetime, today: date
) -> Mail:
    """A digest as the pack lets managers have it, about people and numbers that do not exist. It needs no
    database, no Exchange and no sources of people: whoever changes its texts has none of these."""
    tip = tip_of_the_week(letters.tips(), today)
    content = DigestFigures(tip=tip, at_least=pack.team_figures.at_least)
    if pack.team_figures.shown_to is Audience.MANAGERS:
        known = registry()
        asked = [
            rule.id
            for rule in (known[n.rule] for n in pack.active_norms(today) if n.built and n.rule is not None)
            if rule.kind is Kind.STATE and rule.tells is Tells.PERSON and rule.data_class <= DataClass.TRAFFIC
        ]
        # the newest rules show the most, so that a share is seen where there are few
        figures = dict(zip(asked, reversed(SAMPLE_FIGURES), strict=False))
        content = DigestFigures(reach(SAMPLE_COVERAGE), figures, tip, content.at_least)
    agenda = (AgendaLine("S. Voorbeeld", today + timedelta(weeks=3)),)
    letter = _letter(LetterId("0" * 32), Addressee("M. Voorbeeld", sender, language), content, agenda, today)
    return letters.render(letter, message_id(letter.id, sender), sender, at)


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
        contents = Digests(house, work, newest, people, now).of(person) if newest and counted else None
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
    letter = _letter(house.store.letter_id(KEY), to, contents.figures, contents.agenda, contents.day)
    return house.letters.render(letter, house.message_id(letter.id), to.address, house.clock.now())


def _letter(
    letter_id: LetterId, to: Addressee, content: DigestFigures, agenda: Sequence[AgendaLine], day: date
) -> Letter:
    return Letter(
        id=letter_id,
        kind=LetterKind.DIGEST,
        topic="digest",
        to=to,
        shown=encode(content),
        hold=True,
        day=day,
        agenda=tuple(agenda),
    )
