"""What a letter must sound like: short, plain, without pressure, and never "delete" to somebody whose mail is
kept on hold (practice 6)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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

PRESSURE = {
    Language.NL: re.compile(
        r"\b(direct|onmiddellijk|dringend\w*|spoed\w*|uiterlijk|zo snel mogelijk|laatste kans|deadline"
        r"|moet (je|u)|(je|u) moet|verplicht\w*|overtre\w+|sanctie\w*|gevolgen|wachtwoord\w*|inloggen"
        r"|verzuimd|schuld)\b",
        re.IGNORECASE,
    ),
    Language.EN: re.compile(
        r"\b(immediately|urgent\w*|as soon as possible|last chance|deadline|you must|you have to|violat\w+"
        r"|sanction\w*|consequences|password\w*|log in|sign in|failed to|fault)\b",
        re.IGNORECASE,
    ),
}
"""Words that press or blame, or that letters of fraudsters use."""

REVEALING = {
    Language.NL: re.compile(
        r"\b(te|vol|volle|groot|grote|limiet|regels?|niet|geen|fout\w*|ontbre\w+|vergeten|gb)\b",
        re.IGNORECASE,
    ),
    Language.EN: re.compile(
        r"\b(too|full|large|limits?|rules?|not|no|wrong|missing|forgot\w*|gb)\b", re.IGNORECASE
    ),
}
"""Words by which a subject would tell a bystander, or a delegate, what is the matter."""

OTHER_FORM = {
    "je": re.compile(r"\b(u|uw|uzelf)\b", re.IGNORECASE),
    "u": re.compile(r"\b(je|jij|jou|jouw|jezelf)\b", re.IGNORECASE),
}

CLICKABLE = re.compile(
    r"\w+://|\bwww\.|\bmailto:|\\\\\w|(?<![@\w.-])[\w-]+(\.[\w-]+)*\.(nl|com|org|net|eu)\b"
    r"|(?<![@\w.-])[\w-]+(\.[\w-]+)+/\w",
    re.IGNORECASE,
)
MARKUP = re.compile(r"</?[a-z]|<!--|&[a-z]+;|[{}]|\*\*|\]\(", re.IGNORECASE)

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


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the sound of one text: the three things that a problem says."""

    expected: str
    found: str
    mend: str


def faults_of(
    text: str, language: Language, jargon: Iterable[str] = (), form: str | None = None
) -> Iterator[Fault]:
    """What is wrong with one filled text, sentence by sentence."""
    for sentence in sentences(text):
        length = len(words(sentence))
        if length > MOST_WORDS_A_SENTENCE:
            expected = f"sentences of at most {MOST_WORDS_A_SENTENCE} words"
            yield Fault(expected, f'{length} words: "{sentence.strip()}"', "make two sentences of it")
    for term in jargon:
        if re.search(rf"\b{re.escape(term)}\b", text, re.IGNORECASE):
            yield Fault("words that everybody knows", f'"{term}"', "say it in ordinary words")
    if found := PRESSURE[language].search(text):
        yield Fault("no pressure and no blame", f'"{found.group(0)}"', "offer it as help")
    if found := CLICKABLE.search(text):
        mend = "name where to look in words: search the intranet for ..."
        yield Fault("nothing to click on", f'"{found.group(0)}"', mend)
    if found := MARKUP.search(text):
        yield Fault("plain text", f'"{found.group(0)}"', "leave the markup out: it would show as it stands")
    if form is not None and language is Language.NL and (found := OTHER_FORM[form].search(text)):
        mend = f"say it in the {form}-form, or change `form` in letters/nl/common.toml"
        yield Fault(f"the {form}-form", f'"{found.group(0)}"', mend)


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
