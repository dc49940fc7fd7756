"""The middle of a digest: coverage first, then figures in words, one tip and who leaves soon."""

from collections.abc import Callable, Mapping

from mailbot.engine.figures import Figure, decode
from mailbot.letters.document import Block, Callout, Heading, Paragraph, Table
from mailbot.letters.formats import clean, day_in_words, number
from mailbot.letters.schema import DigestParts, FigureTexts, TopicTexts
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.arrangements import Via
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import RuleId
from mailbot.model.letters import AgendaLine, Letter

Filling = str | int | bool
Fill = Callable[[str, Mapping[str, Filling]], str]


def digest_blocks(
    letter: Letter, topic: TopicTexts, texts: LetterTexts, values: Mapping[str, Filling], fill: Fill
) -> list[Block]:
    """Blocks for what `letter` shows. Raises LetterRefused when its figures cannot be read."""
    parts, language = topic.parts, letter.to.language
    if parts is None:
        raise LetterRefused(f"the texts on {letter.topic} have no [parts]")
    try:
        digest = decode(letter.shown)
    except ValueError as error:
        raise LetterRefused(f"the figures of a digest cannot be read: {error}") from None
    values = {
        **values,
        "read": number(digest.coverage.read, language),
        "population": number(digest.coverage.population, language),
        "at_least": digest.at_least,
    }
    blocks: list[Block] = [Paragraph(fill(parts.coverage, values))]
    if digest.figures:
        rows = []
        for rule, figure in digest.figures.items():
            name, own = _of_rule(rule, texts, language)
            rows.append((name, _sentence(name, figure, own or parts.figures, parts, values, fill)))
        blocks.append(Heading(parts.figures_heading))
        blocks.append(Table((parts.topic_header, parts.figure_header), tuple(rows)))
        blocks.append(Paragraph(fill(parts.basis, values), quiet=True))
    if digest.tip is not None and (tip := texts.tip(digest.tip, language)) is not None:
        blocks.append(Callout(parts.tip_heading, fill(tip, values)))
    if letter.agenda:
        nobody = texts.common[language].nobody
        leavers = [
            (
                nobody if letter.redirected else clean(line.name),
                day_in_words(line.last_day, language, letter.day),
            )
            for line in sorted(letter.agenda, key=_by_day)
        ]
        blocks.append(Heading(parts.agenda_heading))
        blocks.append(Table((parts.name_header, parts.day_header), tuple(leavers)))
        ways = {line.via for line in letter.agenda}
        for via, why in ((Via.DEPUTY, parts.agenda_deputy), (Via.HEAD, parts.agenda_head)):
            if via in ways:
                blocks.append(Paragraph(fill(why, values)))
        blocks.append(Paragraph(fill(parts.agenda_advice, values)))
    return blocks


def _by_day(line: AgendaLine) -> tuple[str, str]:
    return line.last_day.isoformat(), line.name


def _of_rule(rule: RuleId, texts: LetterTexts, language: Language) -> tuple[str, FigureTexts | None]:
    """What a rule is called and its own sentences. A rule without texts is called by its id."""
    topic = texts.topics.get(rule)
    return (topic[language].name, topic[language].figures) if topic else (rule, None)


def _sentence(
    name: str,
    figure: Figure,
    texts: FigureTexts,
    parts: DigestParts,
    values: Mapping[str, Filling],
    fill: Fill,
) -> str:
    line: str = getattr(texts, figure.word.value)
    if figure.tenths is not None:
        line = (texts.tenths if figure.tenths else texts.under_a_tenth) or line
    where: str = getattr(parts.where, figure.level.value)
    filled = fill(line, {**values, "topic": name, "where": where, "tenths": figure.tenths or 0})
    return filled[:1].upper() + filled[1:]
