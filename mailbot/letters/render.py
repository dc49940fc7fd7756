"""Turns a letter into a mail: the organisation's texts, one person's values, one layout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, UndefinedError

from mailbot.letters.digest import Filling, digest_blocks
from mailbot.letters.document import Block, Document, Facts, Heading, Paragraph, Remark, Steps
from mailbot.letters.formats import clean, day_in_words, kept_whole, listed, number, sizes
from mailbot.letters.palette import DARK, LIGHT
from mailbot.letters.schema import COUNTED, HOLD, CommonTexts, LetterText, Note, Shape, TopicTexts
from mailbot.letters.style import speaks_of_deleting
from mailbot.letters.textcheck import placeholders_in, text_environment
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import Address, RuleId
from mailbot.model.letter_code import letter_code
from mailbot.model.letters import LAST, Letter, LetterKind, Mail
from mailbot.model.verdicts import Shown

LAYOUT = "letter.html.j2"
LONGEST_SUBJECT = 150
LONGEST_VALUE = 200
EXPLAIN = "explain"
"""The topic that is itself about looking, and so needs no remark about it."""


@dataclass(frozen=True, slots=True)
class NormText:
    """The article behind a topic: its number, the regulation it stands in, what it asks in plain words."""

    article: str
    regulation: Mapping[Language, str]
    text: Mapping[Language, str]


NormsOf = Callable[[date], Mapping[RuleId, NormText]]
"""The norms that are in force on a day: a service runs for longer than some of them."""


class TomlLetters:
    """The `Letters` port over texts in TOML files. Holds no state but compiled texts.

    `contact`, in English letters `contact_en`, and `intranet_word` are what a reader uses to ask a human;
    `norms` has the articles of the policy pack by rule; `warning_article` is the pack's article on warnings,
    which a letter says it is not.
    """

    def __init__(
        self,
        texts: LetterTexts,
        *,
        organisation: str,
        sender: Address,
        sender_name: str,
        contact: str,
        contact_en: str | None = None,
        intranet_word: str,
        norms: NormsOf,
        warning_article: str = "",
    ) -> None:
        self._texts = texts
        self._organisation = clean(organisation)
        self._sender = sender
        self._sender_name = clean(sender_name)
        self._contact = {
            Language.NL: clean(contact, LONGEST_VALUE),
            Language.EN: clean(contact_en or contact, LONGEST_VALUE),
        }
        self._intranet_word = clean(intranet_word)
        self._norms = norms
        self._warning_article = clean(warning_article)
        self._texts_environment = text_environment()
        self._compiled: dict[str, Template] = {}
        layouts = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        layouts.filters["kept_whole"] = kept_whole
        self._layout = layouts.get_template(LAYOUT)

    def topics(self) -> frozenset[str]:
        return frozenset(self._texts.topics)

    def tips(self) -> tuple[str, ...]:
        return self._texts.tips

    def render(self, letter: Letter, message_id: str, deliver_to: Address, at: datetime) -> Mail:
        """The mail for a letter. Raises LetterRefused when there is no text, norm or value for it."""
        document = self.document(letter)
        return Mail(
            key=letter.id,
            message_id=message_id,
            sender=self._sender,
            sender_name=self._sender_name,
            to=deliver_to,
            to_name="" if letter.redirected else clean(letter.to.name),
            subject=document.subject,
            html=self._layout.render(letter=document, light=LIGHT, dark=DARK),
            text=document.text(),
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Id": f"<{self._sender.value.replace('@', '.')}>",
                "Sensitivity": "Private",
                "Content-Language": letter.to.language.value,
            },
            date=at,
            kind=letter.kind,
        )

    def document(self, letter: Letter) -> Document:
        """The letter as blocks. Raises LetterRefused as `render` does."""
        language = letter.to.language
        common = self._texts.common[language]
        topic, text = self._text(letter)
        values = self._values(letter, topic, text)
        try:
            subject = self.fill(text.subject, values)
            if letter.redirected:
                subject = self.fill(common.test_subject, {**values, "subject": subject})
            blocks = self._body(text, values, common)
            if letter.kind is LetterKind.DIGEST:
                blocks += digest_blocks(letter, topic, self._texts, values, self.fill)
            blocks.append(Paragraph(self.fill(common.regards, values)))
            return Document(
                language=language,
                subject=clean(subject, LONGEST_SUBJECT),
                organisation=self._organisation,
                service=common.service,
                banner=self.fill(common.test_banner, values) if letter.redirected else None,
                heading=self.fill(text.heading, values),
                greeting=self.fill(common.greeting, values),
                blocks=tuple(blocks),
                remarks_heading=self.fill(common.about_heading, values),
                remarks=tuple(self._remarks(letter, text, values, common)),
            )
        except UndefinedError as error:
            raise LetterRefused(f"a {letter.topic} letter lacks a value: {error.message}") from None

    def values(self, letter: Letter) -> Mapping[str, Filling]:
        """What stands in place of each placeholder of this letter. Raises LetterRefused as `render` does."""
        topic, text = self._text(letter)
        return self._values(letter, topic, text)

    def _text(self, letter: Letter) -> tuple[TopicTexts, LetterText]:
        languages = self._texts.topics.get(letter.topic)
        text = languages[letter.to.language].of_kind(letter.kind) if languages else None
        if languages is None or text is None:
            raise LetterRefused(
                f"there is no text for a {letter.kind} on {letter.topic}: add it to the letters"
            )
        topic = languages[letter.to.language]
        flags = {flag for flag in topic.flags - {HOLD} if letter.shown.get(flag) is True}
        return topic, text.chosen(frozenset(flags | {HOLD} if letter.hold else flags))

    def _values(self, letter: Letter, topic: TopicTexts, text: LetterText) -> dict[str, Filling]:
        language = letter.to.language
        values = self.own_values(letter)
        needed = placeholders_in(text)
        shapes = {name: shape for name, shape in topic.placeholders.items() if name in needed}
        shown = shown_values(letter.shown, shapes, language, letter.day)
        about = RuleId(letter.topic)
        for name in (name for name, shape in shapes.items() if shape is Shape.RULE):
            about = RuleId(str(letter.shown[name]))
            shown[name] = self._called(about, language)
        if (norm := self._norms(letter.day).get(about)) is not None:
            plain = norm.text[language]
            if letter.hold and speaks_of_deleting(plain, language):
                plain = ""
            values |= {"article": norm.article, "regulation": norm.regulation[language], "norm": plain}
        return values | shown

    def own_values(self, letter: Letter) -> dict[str, Filling]:
        """What every letter has, whatever it is about."""
        language = letter.to.language
        common = self._texts.common[language]
        values: dict[str, Filling] = {
            "name": common.nobody if letter.redirected else clean(letter.to.name) or common.nobody,
            "organisation": self._organisation,
            "contact": self._contact[language],
            "intranet_word": self._intranet_word,
            "code": letter_code(letter.id),
            "warning_article": self._warning_article,
        }
        if letter.looked_at:
            days = [day_in_words(day, language, letter.day) for day in sorted(set(letter.looked_at))]
            values["looked_days"] = listed(days, language)
        return values

    def _called(self, rule: RuleId, language: Language) -> str:
        """What people call the topic of a rule; a rule without texts is called by its id."""
        of_rule = self._texts.topics.get(rule, {}).get(language)
        return of_rule.name if of_rule else clean(rule)

    def _body(self, text: LetterText, values: Mapping[str, Filling], common: CommonTexts) -> list[Block]:
        blocks: list[Block] = [Paragraph(self.fill(line, values)) for line in text.opening]
        if text.facts:
            rows = ((self.fill(f.label, values), self.fill(f.value, values)) for f in text.facts)
            blocks.append(Facts(tuple(rows)))
        blocks += [Paragraph(self.fill(line, values)) for line in text.paragraphs]
        if text.steps:
            blocks.append(Heading(self.fill(text.steps_heading or common.steps_heading, values)))
            blocks.append(Steps(tuple(self.fill(step, values) for step in text.steps)))
        blocks += [Paragraph(self.fill(line, values)) for line in text.closing]
        return blocks

    def _remarks(
        self, letter: Letter, text: LetterText, values: Mapping[str, Filling], common: CommonTexts
    ) -> list[Remark]:
        notes = list(common.notes(letter.kind, text.about).values())
        if letter.kind in COUNTED and letter.shown.get(LAST) is True:
            notes.insert(0, common.last)
        if letter.looked_at and letter.topic != EXPLAIN:
            notes.insert(0, common.looked_at)
        return [self._remark(note, values) for note in notes]

    def _remark(self, note: Note, values: Mapping[str, Filling]) -> Remark:
        return Remark(self.fill(note.lead, values), self.fill(note.text, values))

    def fill(self, line: str, values: Mapping[str, Filling]) -> str:
        """One line of a text with its values. Raises what Jinja raises for texts that nobody checked, and
        LetterRefused for one that calculates with what is no number; numbers come in as words."""
        if line not in self._compiled:
            self._compiled[line] = self._texts_environment.from_string(line)
        try:
            return " ".join(self._compiled[line].render(values).split())
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            # what such an error says may quote a value; the line is nobody's
            raise LetterRefused(f"a text that cannot be filled ({type(error).__name__}): {line}") from None


def shown_values(
    shown: Mapping[str, Shown], placeholders: Mapping[str, Shape], language: Language, today: date
) -> dict[str, Filling]:
    """The declared values in the reader's language. Raises LetterRefused when one is missing or of another
    type than declared: an empty place in a letter is worse than no letter."""
    by_shape: dict[Shape, dict[str, Shown]] = {shape: {} for shape in Shape}
    for name, shape in placeholders.items():
        if name not in shown or not _fits(shown[name], shape):
            raise LetterRefused(f"the letter's value {name} should be of the shape {shape}")
        by_shape[shape][name] = shown[name]
    byte_words = sizes([int(v) for v in by_shape[Shape.BYTES].values() if isinstance(v, int)], language)
    values: dict[str, Filling] = {}
    for name, shape in placeholders.items():
        match shape, shown[name]:
            case Shape.BYTES, int(value):
                values[name] = byte_words[value]
            case Shape.NUMBER, int(value):
                values[name] = number(value, language)
            case Shape.DATE, date() as day:
                values[name] = day_in_words(day, language, today)
            case Shape.FLAG, bool(flag):
                values[name] = flag
            case _, value:
                values[name] = clean(str(value), LONGEST_VALUE)
    return values


def _fits(value: Shown, shape: Shape) -> bool:
    match shape:
        case Shape.BYTES | Shape.NUMBER:
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case Shape.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case Shape.FLAG:
            return isinstance(value, bool)
        case Shape.TEXT | Shape.RULE:
            return isinstance(value, str)
