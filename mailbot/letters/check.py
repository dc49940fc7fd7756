"""Holds all letter texts against what a letter must be, with made-up values in every combination of variants.

A service starts when its texts are whole (`textcheck`). This looks further, before anybody gets a letter: how
they sound, how long they become, and whether each says what it has to say.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date

from jinja2 import TemplateError

from mailbot.config.problems import Problem
from mailbot.engine.figures.words import FLOOR
from mailbot.letters.digest import Filling
from mailbot.letters.document import Document
from mailbot.letters.formats import listed
from mailbot.letters.render import NormText, TomlLetters
from mailbot.letters.samples import ON_ITS_OWN, Sample, every_combination, of_a_digest, samples
from mailbot.letters.schema import ASKING, CommonTexts, LetterText, TopicTexts, texts_in
from mailbot.letters.style import (
    MOST_WORDS,
    REVEALING,
    Fault,
    faults_of,
    sentences,
    speaks_of_deleting,
    words,
)
from mailbot.letters.textcheck import COMMON, file_of, frame_of, lacking, names_in, placeholders_in
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.errors import LetterRefused
from mailbot.model.ids import RuleId
from mailbot.model.letters import LetterKind
from mailbot.rules import Rule, Tells

MOST_SENTENCES_OF_THANKS = 3
NOT_SOUND = {"jargon", "form"}
NEUTRAL = {Language.NL: "Zo is het afgesproken.", Language.EN: "That is what we agreed."}

SAID = {
    "why": "why somebody gets it, with the article in plain words",
    "who": "who sees it",
    "warning": "that it is no warning",
    "object": "how to ask and how to object",
    "check": "how to see that it is real",
}
"""What stands under every letter that asks for something (design 9), by the name of its note."""

NAMED = {"why": ("article", "regulation"), "object": ("contact",), "check": ("code",)}
"""What such a note cannot say its piece without."""

PLACED = (("figures.tenths", "tenths"), ("figures.", "where"))
"""What a line of figures needs to be true of one group only, by how its key begins."""


def check(
    texts: LetterTexts,
    letters: TomlLetters,
    rules: Collection[Rule],
    norms: Mapping[RuleId, NormText],
    norms_file: str,
    day: date,
) -> list[Problem]:
    """Everything that is wrong with whole texts, each thing once. `letters` are made of `texts`; `rules` are
    those that are on, `norms` their articles, which stand in `norms_file`."""
    told = {rule.id for rule in rules if rule.tells is Tells.PERSON}
    found = [
        *lacking(rules, texts.topics),
        *_norms({rule: norm for rule, norm in norms.items() if rule in told}, norms_file, texts),
    ]
    for language, common in texts.common.items():
        found += _common(texts, letters, language, common, day)
        for topic in texts.topics:
            found += _unused(texts.topics[topic][language], file_of(topic, language))
            found += _frame(texts, letters, topic, language, common, day)
            found += _topic(texts, letters, topic, language, common, day)
    return list(dict.fromkeys(found))


def _norms(norms: Mapping[RuleId, NormText], file: str, texts: LetterTexts) -> Iterator[Problem]:
    """Articles stand in letters as they are, so they are held to the same words."""
    for rule, norm in norms.items():
        for language, text in norm.text.items():
            where = f"the norm of {rule}, text_{language.value}"
            yield from _problems(file, where, faults_of(text, language, texts.common[language].jargon))


def _unused(of_topic: TopicTexts, file: str) -> Iterator[Problem]:
    """Values that a rule gives and no letter on the topic says, and figures that do not say of whom."""
    used = frozenset[str]().union(*(placeholders_in(text) for _, text in of_topic.letters()))
    used = used.union(*(_in_variants(text) for _, text in of_topic.letters()))
    for name in of_topic.placeholders.keys() - used:
        mend = "say it in a letter, or take it out here in every language"
        yield Problem(file, f"placeholders.{name}", "a placeholder that a letter uses", "none does", mend)
    for key, line in frame_of(of_topic).items():
        for begins, name in PLACED:
            if key.removeprefix("parts.").startswith(begins) and name not in names_in(line):
                expected = f"{{{{ {name} }}}} in this line"
                yield Problem(file, key, expected, "nothing", "say it, as in the lines beside it")


def _in_variants(text: LetterText) -> frozenset[str]:
    lines = texts_in(text.model_dump(include={"when"}, exclude_none=True))
    return frozenset[str]().union(*(names_in(line) for _, line in lines))


def _common(
    texts: LetterTexts, letters: TomlLetters, language: Language, common: CommonTexts, day: date
) -> Iterator[Problem]:
    """The shared lines, as they read in one letter of each kind and topic."""
    lines = dict(texts_in(common.model_dump(exclude=NOT_SOUND)))
    checked = _Lines(file_of(COMMON, language), lines, letters, common)
    for sample in samples(texts, day, languages=[language]):
        with suppress(LetterRefused, TemplateError):  # told where its own texts are looked at
            yield from checked.in_the_place_of(sample)


def _frame(
    texts: LetterTexts, letters: TomlLetters, topic: str, language: Language, common: CommonTexts, day: date
) -> Iterator[Problem]:
    """What a digest says of the topic, of every level and with small and large shares."""
    file, lines = file_of(topic, language), frame_of(texts.topics[topic][language])
    parts = next((by[language].parts for by in texts.topics.values() if by[language].parts), None)
    if parts is None:
        return
    called = sorted(by[language].name for by in texts.topics.values() if by[language].figures)
    own = {
        **letters.own_values(of_a_digest(language, day)),
        "topic": texts.topics[topic][language].name,
        "topics": listed(called, language),
        "at_least": FLOOR,
    }
    for where in parts.where.model_dump().values():
        for tenths in (0, 1, 9):
            values = {**own, "where": where, "tenths": tenths}
            for key, line in lines.items():
                try:
                    filled = letters.fill(line, values)
                except (LetterRefused, TemplateError) as error:
                    yield Problem(file, key, "a text that can be filled", str(error), "correct it")
                    continue
                yield from _problems(file, key, faults_of(filled, language, common.jargon, common.form))


def _topic(
    texts: LetterTexts,
    letters: TomlLetters,
    topic: str,
    language: Language,
    common: CommonTexts,
    day: date,
) -> Iterator[Problem]:
    file, of_topic = file_of(topic, language), texts.topics[topic][language]
    lengths: dict[tuple[LetterKind, tuple[str, ...]], int] = {}
    for kind, text in of_topic.letters():
        lines = dict(texts_in(text.model_dump(exclude_none=True), kind.value))
        checked = _Lines(file, lines, letters, common)
        yield from _said(file, kind, text, common, language)
        if kind in ON_ITS_OWN:
            continue
        for sample in every_combination(texts, topic, kind, language, day):
            try:
                document = letters.document(sample.letter)
                yield from checked.in_the_place_of(sample)
            except (LetterRefused, TemplateError) as error:
                where = _where(kind, sample)
                yield Problem(file, where, "a letter that can be made", str(error), "correct its texts")
                continue
            length = sum(len(words(part)) for part in document.core)
            key = (kind, sample.variant)
            lengths[key] = max(length, lengths.get(key, 0))
            yield from _whole(file, document, sample, language)
    yield from _lengths(file, lengths)


class _Lines:
    """The lines of one file, each by itself so that a fault is told by its key, and once for the same values.
    The words of the pack are looked at apart."""

    def __init__(
        self, file: str, lines: Mapping[str, str], letters: TomlLetters, common: CommonTexts
    ) -> None:
        self._file = file
        self._lines = {key: (line, names_in(line)) for key, line in lines.items()}
        self._letters = letters
        self._common = common
        self._seen: set[tuple[str, tuple[Filling, ...]]] = set()

    def in_the_place_of(self, sample: Sample) -> Iterator[Problem]:
        """What is wrong with them under the values of this letter. Raises LetterRefused."""
        language, common = sample.letter.to.language, self._common
        values = {**self._letters.values(sample.letter), "norm": NEUTRAL[language], "subject": ""}
        for key, (line, names) in self._lines.items():
            if not names <= values.keys():
                continue  # a line of another letter or variant
            mark = (key, tuple(values[name] for name in sorted(names)))
            if mark in self._seen:
                continue
            self._seen.add(mark)
            filled = self._letters.fill(line, values)
            if not filled and line:
                mend = "write one or take the key out"
                yield Problem(self._file, key, "a text", "nothing that can be seen", mend)
            yield from _problems(self._file, key, faults_of(filled, language, common.jargon, common.form))
            if key.endswith("subject") and (word := REVEALING[language].search(filled)):
                mend = "name the topic only: whoever may open the mailbox sees the subject"
                expected = "a subject that gives nothing away"
                yield Problem(self._file, key, expected, f'"{word.group(0)}"', mend)


def _whole(file: str, document: Document, sample: Sample, language: Language) -> Iterator[Problem]:
    """What one letter as a whole must be."""
    letter = sample.letter
    where = _where(letter.kind, sample)
    if letter.hold:
        for part in (document.subject, *document.core, *document.rest):
            if word := speaks_of_deleting(part, language):
                expected = "nothing about deleting, because this person's mail must be kept"
                yield Problem(file, where, expected, f'"{word}"', "say it otherwise under when.hold")
    if letter.kind in ASKING and not any(block.block == "steps" for block in document.blocks):
        yield Problem(file, where, "1 to 4 steps", "none", "say what to do, step by step")
    if letter.kind is LetterKind.THANKS:
        said = [s for part in document.core[1:-1] for s in sentences(part)]  # without heading and regards
        if len(said) > MOST_SENTENCES_OF_THANKS:
            expected = f"at most {MOST_SENTENCES_OF_THANKS} sentences of thanks"
            yield Problem(file, where, expected, str(len(said)), "leave some out")


def _said(
    file: str, kind: LetterKind, text: LetterText, common: CommonTexts, language: Language
) -> Iterator[Problem]:
    if kind not in ASKING:
        return
    notes = common.notes(kind, text.about)
    for name in SAID.keys() - notes.keys():
        where, mend = (
            f"{kind.value}.about.{name}",
            f"take the empty text out, or write it in {COMMON}.toml",
        )
        yield Problem(file, where, SAID[name], "nothing", mend)
    for name, note in notes.items():
        own = name in text.about
        for needed in NAMED.get(name, ()):
            if needed not in names_in(note.lead) | names_in(note.text):
                expected = f"{{{{ {needed} }}}}, to say {SAID[name]}"
                place = (
                    (file, f"{kind.value}.about.{name}")
                    if own
                    else (file_of(COMMON, language), f"about.{name}")
                )
                yield Problem(*place, expected, "nothing", "say it, as in the shipped settings")


def _lengths(file: str, lengths: Mapping[tuple[LetterKind, tuple[str, ...]], int]) -> Iterator[Problem]:
    """No letter is long, and a reminder is shorter than the first letter."""
    for (kind, variant), length in lengths.items():
        where = f"{kind.value}{_with(variant)}"
        if length > MOST_WORDS:
            yield Problem(file, where, f"at most {MOST_WORDS} words", f"{length} words", "say less")
        first = lengths.get((LetterKind.NUDGE, variant))
        if kind is LetterKind.REMINDER and first is not None and length >= first:
            expected = f"fewer words than the nudge, which has {first}"
            yield Problem(file, where, expected, f"{length} words", "say less: the reader knows the topic")


def _problems(file: str, where: str, faults: Iterator[Fault]) -> Iterator[Problem]:
    for fault in faults:
        yield Problem(file, where, fault.expected, fault.found, fault.mend)


def _where(kind: LetterKind, sample: Sample) -> str:
    return f"{kind.value}{_with(sample.variant)}"


def _with(variant: tuple[str, ...]) -> str:
    return f", with {' and '.join(variant)}" if variant else ""
