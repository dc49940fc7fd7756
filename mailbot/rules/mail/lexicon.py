"""Which subjects carry a confidentiality label, how surely, and which are nobody's business.

Made for precision: what may be a topic, a question or an adjective in a sentence is *weak*, and weak is never
a finding. Words, spellings and the place of a label: practice of Dutch municipalities.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from mailbot.rules.mail.label_words import (
    ABOUT,
    ANSWERS,
    ASKING,
    CONFIDENTIAL_FORMS,
    CONFIDENTIAL_LOANS,
    DISPOSAL,
    DOCUMENTS,
    ENDED,
    EXPLAINED,
    FORBIDDEN,
    FRAGMENTS,
    GOES_ON,
    HANDS_OFF,
    JOURNEY,
    LEAD,
    LESSENED,
    MARKING,
    NEGATIONS,
    ON,
    RUNS_ON_FROM,
    SHORT,
    TITLES,
    TOPIC,
    USES,
    VERBS,
)
from mailbot.rules.mail.subject_prefixes import bare, folded
from mailbot.rules.mail.typos import distance

CUT_AT = 255
"""Characters after which Exchange cuts a subject in a listing: the last word of such a one may go on."""

SHORTEST_LEFT_OUT = 6
"""Letters of a word that the server may leave out: of a shorter one it would find parts of other words."""

_SLIPS = 2
_FUZZY = range(11, 17)
_NO_SLIP = re.compile(r"vertrouweling|vervrouwelij|verouwelij|vertrouwelijk(?:st|er|s|h)")
"""Words of their own within two slips of the label, and its comparatives, which are no labels."""

_REACH_OF_NEGATION = 2
_BESIDE_SHORT = 4
"""Words on either side of `vertr.` among which a number makes it a time of departure."""

_WORD = re.compile(r"[^\W_]+")
_PARTS = ":|-–—/"
_OPEN, _CLOSE, _QUOTES = "[({<*#!«", "])}>*#!»", "\"'`´‘’‚‛“”„‟"
_TAGS = re.compile(r"(?:\s*\[[^\[\]]*\])*")
_SPACED_AT_LEAST = 6


class Reading(StrEnum):
    """What a subject says. `HANDS_OFF` outweighs every label."""

    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"
    HANDS_OFF = "hands_off"


@dataclass(frozen=True, slots=True, repr=False)
class _Word:
    """One word of a subject, in lower case, with its place in the text; `end` is just behind it."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, repr=False)
class _Text:
    """A subject without prefixes and its words, with what is asked of it again and again.

    `loud` tells that all of it is in capitals, `tagged` where the tags in brackets end that it begins with.
    `topics`, `verbs` and `explained` are places of such words in `words`: of the first and of the last.
    `about` tells that help or a program is spoken of, `title` that a film or book is, `journey` that somebody
    travels, `document` that one is named, `cut` that the subject may go on.
    """

    text: str
    words: tuple[_Word, ...]
    loud: bool
    tagged: int
    topics: tuple[int, int] | None
    verbs: tuple[int, int] | None
    explained: tuple[int, int] | None
    about: bool
    title: bool
    journey: bool
    document: bool
    cut: bool

    def keys(self, start: int, stop: int) -> list[str]:
        return [word.key for word in self.words[max(start, 0) : stop]]

    def before(self, index: int) -> str:
        """What stands between a word and the one before it, or the beginning."""
        return self.text[self.words[index - 1].end if index else 0 : self.words[index].start]

    def after(self, index: int) -> str:
        last = index + 1 == len(self.words)
        return self.text[self.words[index].end : len(self.text) if last else self.words[index + 1].start]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Labels and hands-off words of one norm; all in lower case, as `subject_prefixes.folded` writes them.

    `labels` and `hands_off` hold words and sequences of words; `fuzzy` tells that the family of
    `vertrouwelijk` is a label, with its misspellings and abbreviations.
    """

    labels: frozenset[tuple[str, ...]]
    hands_off: frozenset[tuple[str, ...]]
    fuzzy: bool
    fragments: tuple[str, ...]
    left_out: tuple[str, ...]

    def read(self, subject: str) -> Reading:
        """What the subject says. Never raises; takes time in proportion to the subject's length."""
        found = bare(subject)
        text = _text(found.text, cut=len(subject) >= CUT_AT)
        if _has(text, self.hands_off):
            return Reading.HANDS_OFF
        if found.machine:
            return Reading.NONE
        strongest = Reading.NONE
        for index in range(len(text.words)):
            length = self._label(text, index)
            reading = _judge(text, index, index + length, self._is_short(text, index)) if length else None
            if reading is Reading.STRONG:
                return reading
            strongest = reading or strongest
        return strongest

    def _label(self, text: _Text, index: int) -> int:
        """Over how many words the label that begins here goes; 0 when none does."""
        for sequence in self.labels:
            if (
                text.words[index].key == sequence[0]
                and tuple(text.keys(index, index + len(sequence))) == sequence
            ):
                return len(sequence)
        key = text.words[index].key
        if not self.fuzzy:
            return 0
        if key == SHORT or (key == "v" and text.keys(index - 1, index) == ["dep"]):
            return 1
        return int(is_misspelt(key))

    def _is_short(self, text: _Text, index: int) -> bool:
        return self.fuzzy and text.words[index].key == SHORT and (SHORT,) not in self.labels


def is_misspelt(word: str) -> bool:
    """Whether a lower-case word is `vertrouwelijk(e)` with at most two slips. Short words never are."""
    if len(word) not in _FUZZY or not word.startswith("ver") or _NO_SLIP.match(word):
        return False
    return min(distance(word, form, _SLIPS) for form in CONFIDENTIAL_FORMS[:2]) <= _SLIPS


@lru_cache(maxsize=16)
def lexicon(trigger_words: tuple[str, ...], hands_off_words: tuple[str, ...]) -> Lexicon:
    """The lexicon of a norm: its trigger words bring their family along, its hands-off words are added to
    those of every organisation. A trigger word is never hands-off.

    Raises ValueError for a word without a letter or digit.
    """
    labels: set[tuple[str, ...]] = set()
    fragments: list[str] = []
    fuzzy = False
    for trigger in trigger_words:
        words = _sequence(trigger)
        if words[-1] in (*CONFIDENTIAL_FORMS, *CONFIDENTIAL_LOANS, SHORT):
            fuzzy = True
            labels |= {(form,) for form in (*CONFIDENTIAL_FORMS, *CONFIDENTIAL_LOANS)}
            fragments += FRAGMENTS
        else:
            labels |= {words, (*words[:-1], f"{words[-1]}e")}
            fragments.append(folded(trigger))
    spelt = [f" {' '.join(words)} " for words in labels]
    extra = [word for word in (*HANDS_OFF, *hands_off_words) if not _within(f" {_spaced(word)} ", spelt)]
    hands_off = {_sequence(word) for word in extra}
    hands_off |= {(*words[:-1], f"{words[-1]}e") for words in hands_off if len(words[-1]) > 2} - labels
    long = [word.casefold() for word in extra if sum(map(str.isalpha, word)) >= SHORTEST_LEFT_OUT]
    left_out = tuple(dict.fromkeys(word for word in long if not _within(word, spelt)))
    return Lexicon(
        frozenset(labels),
        frozenset(hands_off),
        fuzzy,
        tuple(dict.fromkeys(fragments)),
        left_out,
    )


def _within(part: str, texts: Collection[str]) -> bool:
    return any(part in text for text in texts)


def _spaced(word: str) -> str:
    return " ".join(_sequence(word))


def _sequence(word: str) -> tuple[str, ...]:
    words = tuple(found.group() for found in _WORD.finditer(folded(word)))
    if not words:
        raise ValueError("a word has at least one letter or digit")
    return words


def _text(text: str, cut: bool) -> _Text:
    words = _joined([_Word(f.group().casefold(), f.start(), f.end()) for f in _WORD.finditer(text)])
    letters = [char for char in text if char.isalpha()]
    tags = _TAGS.match(text)
    return _Text(
        text,
        tuple(words),
        loud=all(char.isupper() for char in letters),
        tagged=tags.end() if tags else 0,
        topics=_first_and_last(words, TOPIC),
        verbs=_first_and_last(words, VERBS),
        explained=_first_and_last(words, EXPLAINED),
        about=any(word.key in ABOUT for word in words),
        title=any(word.key in TITLES for word in words),
        journey=any(word.key in JOURNEY for word in words),
        document=any(word.key in DOCUMENTS for word in words),
        cut=cut,
    )


def _first_and_last(words: Sequence[_Word], of: Collection[str]) -> tuple[int, int] | None:
    places = [index for index, word in enumerate(words) if word.key in of]
    return (places[0], places[-1]) if places else None


def _joined(words: Sequence[_Word]) -> list[_Word]:
    """Words with every run of single letters, as in `v e r t r o u w e l i j k`, made one word."""
    joined: list[_Word] = []
    run: list[_Word] = []
    for word in (*words, None):
        if word is not None and len(word.key) == 1:
            run.append(word)
            continue
        if len(run) >= _SPACED_AT_LEAST:
            joined.append(_Word("".join(letter.key for letter in run), run[0].start, run[-1].end))
        else:
            joined += run
        run = []
        if word is not None:
            joined.append(word)
    return joined


def _has(text: _Text, sequences: Collection[tuple[str, ...]]) -> bool:
    longest = max((len(sequence) for sequence in sequences), default=0)
    return any(
        tuple(text.keys(index, index + length)) in sequences
        for index in range(len(text.words))
        for length in range(1, longest + 1)
    )


def _judge(text: _Text, start: int, stop: int, short: bool) -> Reading | None:
    """How surely the words from `start` to `stop` are a label; None when they certainly are none."""
    first = start
    while first and text.words[first - 1].key in LEAD:
        first -= 1
    following = text.keys(stop, stop + 1)
    if NEGATIONS & set(text.keys(first - _REACH_OF_NEGATION, first)):
        return None
    if ENDED & set(text.keys(stop, stop + 3)) or DISPOSAL & set(following):
        return None
    apart = _set_apart(text, first, stop)
    inflected = text.words[stop - 1].key.endswith("e")
    topic_before = _is_before(text.topics, first)
    if inflected and topic_before and not apart:
        return None
    beside = text.keys(first - 1, first)
    if (
        first
        and {text.words[0].key, *beside} & TOPIC
        and not _is_part(text.before(first).rstrip()[-1:], _OPEN)
    ):
        return Reading.WEAK
    if short and not apart and first == start:
        return None if following and following[0][0].isdigit() else Reading.WEAK
    if short and (text.journey or not text.document or _near_number(text, first, stop)):
        return Reading.WEAK
    if _doubtful(text, first, stop, apart) or (text.cut and stop == len(text.words)):
        return Reading.WEAK
    return Reading.STRONG if _stands_alone(text, first, start, stop, inflected) else Reading.WEAK


def _doubtful(text: _Text, first: int, stop: int, apart: bool) -> bool:
    """A word in quotes is spoken of, one with a question mark is asked about, one of two is a choice."""
    before, after = text.before(first), text.after(stop - 1)
    if before[-1:] and before[-1] in _QUOTES and after[:1] and after[0] in _QUOTES:
        return True
    if before.strip() in ("", "%") and RUNS_ON_FROM & set(text.keys(first - 1, first)):
        return True
    beside = {*text.keys(first - 1, first), *text.keys(stop, stop + 1)}
    if LESSENED & set(text.keys(first - 1, first)):
        return True
    if (
        "?" in (*after.lstrip()[:2], *after.lstrip(" .:|-")[:1])
        or {"of", "openbaar"} & beside
        or EXPLAINED & set(text.keys(stop, stop + 1))
    ):
        return True
    if text.title or _filled_in(text, stop) or MARKING & set(text.keys(stop, stop + 3)):
        return True
    if (text.about or _is_before(text.explained, first)) and not (apart and first == 0):
        return True
    asked = text.text.endswith("?")
    if text.words[0].key in ASKING and first > 0:
        return asked or not apart
    return asked and not apart


def _near_number(text: _Text, first: int, stop: int) -> bool:
    beside = text.keys(first - _BESIDE_SHORT, first) + text.keys(stop, stop + _BESIDE_SHORT)
    return any(key[0].isdigit() for key in beside)


def _filled_in(text: _Text, stop: int) -> bool:
    """Whether an answer follows, as in a form: "Vertrouwelijk: niet". An order such as "niet doorsturen" is
    none."""
    following = text.keys(stop, stop + 2)
    if following and following[0] in ANSWERS and not FORBIDDEN & set(following[1:]):
        return True
    last = text.keys(len(text.words) - 3, len(text.words))
    return stop < len(text.words) and (last[-1] in ANSWERS or last == ["n", "v", "t"])


def _stands_alone(text: _Text, first: int, start: int, stop: int, inflected: bool) -> bool:
    """Whether nothing runs into the label from either side: there the subject begins or ends, or a colon,
    dash, bar, slash, bracket or picture stands.

    A bare word at the beginning is not enough: too often it is an adjective ("Vertrouwelijke stukken in het
    systeem: zo werkt het"). With an adverb before it, spelt in spaces, uninflected straight before one
    document, or in capitals where the rest is not, it is. A bare word at the end must stand in such capitals,
    and behind a colon it may be an entry of a form ("Status: vertrouwelijk").
    """
    following = text.keys(stop, stop + 1)
    begins = not _WORD.search(text.text, text.tagged, text.words[first].start)
    ends = stop == len(text.words)
    before, after = text.before(first).rstrip(), text.after(stop - 1).lstrip(" .")
    parted = begins or (before != "-" and _is_part(before[-1:], _PARTS + _OPEN))
    closed = _set_apart(text, first, stop) or _is_part(after[:1], "/!") or _full_stop(text, stop)
    if ends and before.endswith(":"):
        return False
    if parted and (ends or closed):
        return not GOES_ON & set(following)
    if begins and not (GOES_ON | USES) & set(following):
        spaced = " " in text.text[text.words[start].start : text.words[start].end]
        if first < start or spaced or (not inflected and _document(text, stop)):
            return True
    if inflected or (GOES_ON | USES) & set(following):
        return False
    return (begins or ends) and _shouted(text, start, stop)


def _is_part(char: str, of: str) -> bool:
    """Whether this one character, if any, parts a label from what stands beside it; pictures do."""
    return char != "" and (char in of or unicodedata.category(char) == "So")


def _full_stop(text: _Text, stop: int) -> bool:
    return stop < len(text.words) and text.after(stop - 1).startswith(". ")


def _document(text: _Text, stop: int) -> bool:
    """Whether one document follows, and then the end, a number, a mark, or what the document is about."""
    if not DOCUMENTS & set(text.keys(stop, stop + 1)):
        return False
    if stop + 1 == len(text.words) or text.after(stop).strip():
        return True
    then = text.words[stop + 1].key
    return then in ON or then[0].isdigit()


def _is_before(places: tuple[int, int] | None, index: int) -> bool:
    return places is not None and places[0] < index


def _set_apart(text: _Text, first: int, stop: int) -> bool:
    """In brackets or asterisks, or with a colon, dash or bar behind it. A dash within a word is none."""
    before, after = text.before(first).rstrip(), text.after(stop - 1)
    ahead = after.lstrip(" .")
    if before[-1:] and before[-1] in _OPEN and ahead[:1] and ahead[0] in _CLOSE:
        return True
    if ahead[:1] and ahead[0] in ":|":
        return True
    within_a_word = after == "-" and stop < len(text.words)
    return ahead.startswith("-") and not within_a_word


def _shouted(text: _Text, start: int, stop: int) -> bool:
    """In capitals, and the words beside it are not."""
    beside = (*text.words[start - 1 : start], *text.words[stop : stop + 1])
    return all(text.text[word.start : word.end].isupper() for word in text.words[start:stop]) and not any(
        text.text[word.start : word.end].isupper() for word in beside if word.key.isalpha()
    )
