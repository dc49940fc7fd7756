"""The form of a letter text file: which tables and keys it may have, and how long they may be."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mailbot.model.letters import LAST, LetterKind

HOLD = "hold"
ASKING = frozenset({LetterKind.NUDGE, LetterKind.REMINDER})
"""Letters that ask somebody to mend something: they cite the article and say how."""

COUNTED = ASKING | {LetterKind.HINT}
"""Letters after so many of which a topic rests."""

EVERY_LETTER = frozenset({"name", "organisation", "contact", "intranet_word", "code", "looked_days"})
OF_A_NORM = frozenset({"article", "regulation", "norm", "warning_article"})
SHARE = frozenset({"tenths"})
OF_A_FIGURE = frozenset({"topic", "where"})
OF_THE_DIGEST = frozenset({"at_least", "topics"})
RESERVED = EVERY_LETTER | OF_A_NORM | OF_A_FIGURE | SHARE | OF_THE_DIGEST | {HOLD, LAST}
FRAME = (
    ("parts.coverage.tenths", SHARE),
    ("parts.all_well", frozenset({"where", "topics"})),
    ("parts.basis", frozenset({"at_least"})),
    ("parts.figures.", OF_A_FIGURE),
    ("parts.figures.tenths", SHARE),
    ("figures.", OF_A_FIGURE),
    ("figures.tenths", SHARE),
)
"""What a digest fills in beside what every letter has, by how the key of a line begins; elsewhere nothing."""


class Shape(StrEnum):
    """What a declared placeholder is, so that it can be shown the way readers know it."""

    BYTES = "bytes"
    DATE = "date"
    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"
    RULE = "rule"  # the id of a rule, shown as what its topic is called


Line = Annotated[str, Field(min_length=1, max_length=600)]
Short = Annotated[str, Field(min_length=1, max_length=120)]
Steps = Annotated[list[Line], Field(max_length=4)]


class Texts(BaseModel):
    """Unknown keys are refused, so that a misspelt one is not silently left out of a letter."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pair(Texts):
    """A value with its label, such as "Your mailbox now" and "5.3 GB"."""

    label: Short
    value: Short


class Note(Texts):
    """A few sentences with a bold beginning. In a topic an empty text takes the shared note away."""

    lead: Short
    text: Annotated[str, Field(max_length=600)]


class Variant(Texts):
    """What is said instead when a flag is true. What it does not name stays as it is."""

    subject: Short | None = None
    heading: Short | None = None
    opening: list[Line] | None = None
    facts: list[Pair] | None = None
    paragraphs: list[Line] | None = None
    steps_heading: Short | None = None
    steps: Steps | None = None
    closing: list[Line] | None = None


class LetterText(Texts):
    """One kind of letter on one topic. `when` has variants by flag: `hold` or a declared flag.

    `steps_heading` stands in for the shared one."""

    subject: Short
    heading: Short
    opening: list[Line] = []
    facts: list[Pair] = []
    paragraphs: list[Line] = []
    steps_heading: Short | None = None
    steps: Steps = []
    closing: list[Line] = []
    about: dict[str, Note] = {}
    when: dict[str, Variant] = {}

    def chosen(self, flags: frozenset[str]) -> "LetterText":
        """The text with the variants of these flags; where two name the same key, the later one counts."""
        changes: dict[str, Any] = {}
        for flag, variant in self.when.items():
            if flag in flags:
                changes.update({k: v for k in Variant.model_fields if (v := getattr(variant, k)) is not None})
        return self.model_copy(update=changes)


class FigureTexts(Texts):
    """How a digest says how many deviate. Shares only for groups that are large enough; without their
    sentences the one for `some` is said."""

    none: Line
    few: Line
    some: Line
    most: Line
    tenths: Line | None = None
    under_a_tenth: Line | None = None


class WhereTexts(Texts):
    team: Short
    department: Short
    organisation: Short


class CoverageTexts(Texts):
    """How a digest says how many mailboxes could be read: never by their number."""

    nearly_all: Line
    tenths: Line
    half: Line
    less: Line


class DirectionTexts(Texts):
    more: Line
    fewer: Line


class DigestParts(Texts):
    """The frame of a digest, and the sentences for rules that bring none of their own. `all_well` is said
    in place of the rows, of the `topics` that it names, when nobody has anything to do about them."""

    coverage: CoverageTexts
    all_well: Line
    figures_heading: Short
    topic_header: Short
    figure_header: Short
    tip_heading: Short
    agenda_heading: Short
    name_header: Short
    day_header: Short
    agenda_advice: Line
    agenda_deputy: Line
    agenda_head: Line
    basis: Line
    direction: DirectionTexts
    where: WhereTexts
    figures: FigureTexts
    tips: dict[str, Line]


class TopicTexts(Texts):
    """All texts on one topic in one language. `name` is how a digest calls it."""

    name: Short
    placeholders: dict[str, Shape] = {}
    figures: FigureTexts | None = None
    tip: Line | None = None
    parts: DigestParts | None = None
    nudge: LetterText | None = None
    reminder: LetterText | None = None
    thanks: LetterText | None = None
    hint: LetterText | None = None
    digest: LetterText | None = None
    task: LetterText | None = None
    notice: LetterText | None = None
    waiver: LetterText | None = None

    def of_kind(self, kind: LetterKind) -> LetterText | None:
        found: LetterText | None = getattr(self, kind.value)
        return found

    def letters(self) -> list[tuple[LetterKind, LetterText]]:
        return [(kind, text) for kind in LetterKind if (text := self.of_kind(kind)) is not None]

    @property
    def kinds(self) -> frozenset[LetterKind]:
        return frozenset(kind for kind, _ in self.letters())

    @property
    def flags(self) -> frozenset[str]:
        return frozenset(n for n, shape in self.placeholders.items() if shape is Shape.FLAG) | {HOLD}


class CommonTexts(Texts):
    """What every letter shares. `about` stands under each letter, in the order of the file; `about_of` says
    what stands there instead under one kind of letter. `last` stands under one after which its topic rests.
    `form` is how Dutch texts speak to the reader; the other form is then a mistake.
    """

    service: Short
    greeting: Short
    nobody: Short
    test_banner: Line
    test_subject: Short
    steps_heading: Short
    regards: Short
    about_heading: Short
    last: Note
    looked_at: Note
    about: dict[str, Note]
    about_of: dict[LetterKind, dict[str, Note]] = {}
    form: Literal["je", "u"] | None = None
    jargon: list[Short] = []

    def notes(self, kind: LetterKind, own: Mapping[str, Note]) -> dict[str, Note]:
        """What stands under a letter of this kind whose topic says `own`; an empty text takes a note away."""
        of_kind = self.about_of.get(kind, {})
        chosen = {name: own.get(name, of_kind.get(name, note)) for name, note in self.about.items()}
        return {name: note for name, note in chosen.items() if note.text}


def texts_in(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a structure of tables and lists, with their keys as they stand in the file."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts_in(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            yield from texts_in(inner, f"{key}.{place}")
