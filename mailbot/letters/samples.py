"""Made-up letters of every topic, kind, language and variant: what texts are looked at and checked with."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from mailbot.letters.render import NormText
from mailbot.letters.schema import ASKING, COUNTED, HOLD, LetterText, Shape, TopicTexts
from mailbot.letters.textcheck import placeholders_in
from mailbot.letters.texts import LetterTexts
from mailbot.model.accounts import Language
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import LAST, Addressee, Letter, LetterKind
from mailbot.model.verdicts import Shown

READER = "Jan-Willem Dekker"
LONG_READER = "Prof. dr. Wilhelmina-Alexandra van den Boogaard-Schimmelpenninck tot Nieuwenhuizen"
ADDRESS = Address("jw.dekker@voorbeeld.example")
GIBIBYTE = 1024**3

ON_ITS_OWN = frozenset({LetterKind.DIGEST})
"""Kinds that show figures, which have a preview of their own."""

_USUAL: Mapping[Shape, Sequence[Shown]] = {
    Shape.BYTES: (6_549_825_126, 5 * GIBIBYTE),
    Shape.NUMBER: (2, 1),
    Shape.TEXT: ("burgerzaken@voorbeeld.example",),
    Shape.FLAG: (False,),
    Shape.RULE: ("quota",),
}
_UNUSUAL: Mapping[Shape, Sequence[Shown]] = {
    Shape.BYTES: (300 * 1024**2, 4096 * GIBIBYTE),
    Shape.NUMBER: (0, 1, 12_345),
    Shape.TEXT: ("x" * 200,),
    Shape.FLAG: (),
    Shape.RULE: ("out_of_office", "leaver"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """`name` is fit for a file; `variant` are the flags that are true, in the words of the texts."""

    name: str
    variant: tuple[str, ...]
    letter: Letter


def samples(
    texts: LetterTexts,
    day: date,
    *,
    topics: Collection[str] = (),
    kinds: Collection[LetterKind] = (),
    languages: Collection[Language] = (),
    reader: str = READER,
) -> Iterator[Sample]:
    """One letter of each kind with usual values, and one for each variant that its texts have. Without names
    in `topics`, `kinds` or `languages`: all of them."""
    for language, topic, kind in _wanted(texts, topics, kinds, languages):
        of_topic = texts.topics[topic][language]
        text = of_topic.of_kind(kind)
        if text is None:
            continue
        shown = usual(of_topic.placeholders, day)
        for flag in ("", *text.when, *((LAST,) if kind in COUNTED else ())):
            letter = _letter(topic, kind, language, shown, (flag,) if flag else (), day, reader)
            parts = (topic, kind.value, *((flag,) if flag else ()))
            yield Sample(f"{'-'.join(parts)}.{language.value}", (flag,) if flag else (), letter)


def every_combination(
    texts: LetterTexts, topic: str, kind: LetterKind, language: Language, day: date
) -> Iterator[Sample]:
    """The letters of one kind with every combination of flags and of small, usual and large values."""
    of_topic = texts.topics[topic][language]
    text = of_topic.of_kind(kind)
    if text is None:
        return
    used = placeholders_in(text).union(*(placeholders_in(text.chosen(frozenset({f}))) for f in text.when))
    flags = [*sorted(deciding(text, of_topic, used)), *((LAST,) if kind in COUNTED else ())]
    if kind in ASKING and HOLD not in flags:
        flags.append(HOLD)
    usual_ones = usual(of_topic.placeholders, day)
    names = [n for n, s in of_topic.placeholders.items() if n in used and s is not Shape.FLAG]
    unusual = {**_UNUSUAL, Shape.DATE: (longest_day(day),)}
    choices: list[Sequence[Shown]] = []
    for name in names:
        shape = of_topic.placeholders[name]
        values = (usual_ones[name], *unusual[shape])
        choices.append(_known(texts, topic, values) if shape is Shape.RULE else values)
    for chosen in product(*choices):
        shown = {**usual_ones, **dict(zip(names, chosen, strict=True))}
        for raised in product((False, True), repeat=len(flags)):
            variant = tuple(flag for flag, up in zip(flags, raised, strict=True) if up)
            letter = _letter(topic, kind, language, shown, variant, day, LONG_READER)
            yield Sample(f"{topic}-{kind.value}.{language.value}", variant, letter)


def _known(texts: LetterTexts, topic: str, rules: Sequence[Shown]) -> Sequence[Shown]:
    """Those that have texts, by which a letter can call them; without any the letter's own topic."""
    return [rule for rule in rules if rule in texts.topics] or [topic]


def of_a_digest(language: Language, day: date) -> Letter:
    """A digest without contents, for whoever looks at its lines one by one."""
    return _letter("digest", LetterKind.DIGEST, language, {}, (), day, LONG_READER)


def deciding(text: LetterText, topic: TopicTexts, used: Collection[str]) -> frozenset[str]:
    """Flags that make a difference to a letter."""
    declared = {name for name, shape in topic.placeholders.items() if shape is Shape.FLAG and name in used}
    return frozenset(declared | set(text.when))


def longest_day(today: date) -> date:
    """Of another year than this one, so that it is told with its year: `30 september 2027`."""
    return date(today.year + 1, 9, 30)


def usual(placeholders: Mapping[str, Shape], day: date) -> dict[str, Shown]:
    """A value of every declared placeholder: sizes, numbers and dates go down the list in their order."""
    monday = day - timedelta(days=day.weekday() + 7)
    dates = (day + timedelta(days=1), day + timedelta(days=18))
    shown: dict[str, Shown] = {}
    used = dict.fromkeys(Shape, 0)
    for name, shape in placeholders.items():
        options = dates if shape is Shape.DATE else _USUAL[shape]
        shown[name] = options[used[shape] % len(options)]
        used[shape] += 1
    if placeholders.get("week") is Shape.DATE:
        shown["week"] = monday
    if placeholders.get("since") is Shape.DATE:
        shown["since"] = day - timedelta(days=182)
    if placeholders.get("until") is Shape.DATE:
        shown["until"] = day + timedelta(days=14)
    return shown


def stand_in() -> NormText:
    """An article for rules that the pack has none for."""
    plain = {Language.NL: "Zo is het afgesproken.", Language.EN: "That is what we agreed."}
    return NormText("1", dict.fromkeys(Language, "Voorbeeld"), plain)


def _wanted(
    texts: LetterTexts,
    topics: Collection[str],
    kinds: Collection[LetterKind],
    languages: Collection[Language],
) -> Iterator[tuple[Language, str, LetterKind]]:
    for language in languages or Language:
        for topic in topics or sorted(texts.topics):
            for kind in kinds or LetterKind:
                if kind not in ON_ITS_OWN:
                    yield language, topic, kind


def _letter(
    topic: str,
    kind: LetterKind,
    language: Language,
    shown: Mapping[str, Shown],
    variant: Collection[str],
    day: date,
    reader: str,
) -> Letter:
    looked = kind is LetterKind.NOTICE
    return Letter(
        id=LetterId(f"sample/{topic}/{kind.value}"),
        kind=kind,
        topic=topic,
        to=Addressee(reader, ADDRESS, language),
        shown={**shown, **{flag: True for flag in variant if flag != HOLD}},
        hold=HOLD in variant,
        day=day,
        looked_at=(day - timedelta(days=4), day - timedelta(days=3)) if looked else (),
    )
