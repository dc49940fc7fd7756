"""The middle of a digest: coverage first, then figures in words, one tip and who leaves soon."""

from collections.abc import Callable, Iterator, Mapping

from mailbot.engine.figures.encoding import DigestFigures, decode
from mailbot.engine.figures.words import Figure, Word
from mailbot.letters.document import Block, Callout, Heading, Paragraph, Table
from mailbot.letters.formats import clean, day_in_words, listed
from mailbot.letters.schema import DigestParts, FigureTexts, TopicTexts
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.arrangements import Via
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import RuleId
from mailbot.model.letters import AgendaLine, Letter

MOST_ROWS = 4
"""Rules in one digest, those first where most can be better: more do not fit on one screen."""

FULL, EMPTY = "\N{FULL BLOCK}", "\N{LIGHT SHADE}"

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
    blocks: list[Block] = list(
        _figures(digest, parts, texts, language, {**values, "at_least": digest.at_least}, fill)
    )
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


def _figures(
    digest: DigestFigures,
    parts: DigestParts,
    texts: LetterTexts,
    language: Language,
    values: Mapping[str, Filling],
    fill: Fill,
) -> Iterator[Block]:
    """Coverage first, then a row for each rule; where all is well, one good line in place of the rows, that
    says of which topics: of others, that observe or are not counted by week, it would claim too much."""
    if digest.reach is None:
        return
    seen: str = getattr(parts.coverage, digest.reach.extent.value)
    yield Paragraph(fill(seen, {**values, "tenths": digest.reach.tenths or 0}))
    if (level := digest.all_well) is not None:
        names = [_of_rule(rule, texts, language)[0] for rule in digest.figures]
        where: str = getattr(parts.where, level.value)
        topics = listed(sorted(names), language)
        yield Paragraph(fill(parts.all_well, {**values, "where": where, "topics": topics}))
    elif digest.figures:
        weight = list(Word)
        ordered = sorted(digest.figures.items(), key=lambda item: (-weight.index(item[1].word), item[0]))
        rows, bars = [], []
        for rule, figure in ordered[:MOST_ROWS]:
            name, own = _of_rule(rule, texts, language)
            rows.append((name, _sentence(name, figure, own or parts.figures, parts, values, fill)))
            bars.append("" if figure.tenths is None else FULL * figure.tenths + EMPTY * (10 - figure.tenths))
        yield Heading(parts.figures_heading)
        yield Table((parts.topic_header, parts.figure_header), tuple(rows), tuple(bars))
    if digest.figures:
        yield Paragraph(fill(parts.basis, values), quiet=True)


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
    said = [filled[:1].upper() + filled[1:]]
    if figure.direction is not None:
        said.append(fill(getattr(parts.direction, figure.direction.value), values))
    return " ".join(said)
