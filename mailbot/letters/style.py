"""What a letter must sound like: short, plain, and never "delete" to somebody whose mail is kept on hold."""

import re
from collections.abc import Iterable, Mapping, Sequence

from mailbot.model.accounts import Language

MOST_WORDS = 120
MOST_WORDS_A_SENTENCE = 15

DELETING = {
    Language.NL: re.compile(
        r"\b(ver)?wijder\w*|\bwis(t|sen|sende)?\b|\bgewist\b|\bweg(gooi|doe|haal|mik)\w*|\bopruim\w*|\bopgeruimd\w*"
        r"|\bopscho\w+|\bopgeschoond\w*|\bleegma\w+|\bgeleegd\b|\bprullenbak\w*|\bvernietig\w*"
        r"|\bruim(t|en)?\b[^.!?]{0,60}\bop\b|\bschoon\b[^.!?]{0,60}\bop\b|\bmaa?k\w*\b[^.!?]{0,60}\bleeg\b"
        r"|\b(gooi|doe|haal)\w*\b[^.!?]{0,60}\bweg\b",
        re.IGNORECASE,
    ),
    Language.EN: re.compile(
        r"\bdelet\w+|\bremov\w+|\beras\w+|\bpurg\w+|\bdiscard\w*|\bdestroy\w*|\btrash\w*|\bbin\b"
        r"|\bempty\b|\bempt(ies|ied|ying)\b|\btidy\b|\bcle(an|ar)(s|ed|ing)?[ -]?(up|out)\b"
        r"|\bthrow\w*\b[^.!?]{0,60}\b(away|out)\b|\bget rid of\b",
        re.IGNORECASE,
    ),
}
"""Words by which a letter would tell its reader to delete, in any form that a text writer may choose."""

_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
_WORD = re.compile(r"[^\W_](?:[\w'’.,@-]*[^\W_])?")


def speaks_of_deleting(text: str, language: Language) -> str | None:
    """The first words by which the text does, or None."""
    found = DELETING[language].search(text)
    return found.group(0) if found else None


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text) if part.strip()]


def style_faults(core: Sequence[str], rest: Sequence[str], jargon: Iterable[str]) -> list[str]:
    """What is wrong with the sound of one letter; nothing when it is plain.

    `core` is the letter up to its last step, `rest` what stands under it; each part is one or more whole
    sentences. Word and sentence limits: practice 6.
    """
    faults = []
    counted = sum(len(words(part)) for part in core)
    if counted > MOST_WORDS:
        faults.append(f"{counted} words; at most {MOST_WORDS}")
    for sentence in (s for part in (*core, *rest) for s in sentences(part)):
        length = len(words(sentence))
        if length > MOST_WORDS_A_SENTENCE:
            faults.append(f"{length} words, at most {MOST_WORDS_A_SENTENCE}: {sentence!r}")
    everything = " ".join((*core, *rest))
    for term in jargon:
        if re.search(rf"\b{re.escape(term)}\b", everything, re.IGNORECASE):
            faults.append(f"jargon: {term!r}")
    return faults


def deleting_faults(texts: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    """Keys whose text speaks of deleting, each with the words found."""
    found = ((key, speaks_of_deleting(text, language)) for key, text in texts.items())
    return [(key, words_found) for key, words_found in found if words_found is not None]
