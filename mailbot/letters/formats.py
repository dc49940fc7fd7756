"""How values look to a reader: sizes as Outlook shows them, dates in words, names without tricks."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from mailbot.model.accounts import Language

WEEKDAYS = {
    Language.NL: ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    Language.NL: (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
AND = {Language.NL: "en", Language.EN: "and"}
JUST_OVER = {Language.NL: "iets meer dan", Language.EN: "just over"}
DECIMAL_MARK = {Language.NL: ",", Language.EN: "."}
THOUSANDS_MARK = {Language.NL: ".", Language.EN: ","}

UNITS = (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024))
FINEST = 2
LONGEST_NAME = 80

MOST_MARKS = 3
"""Accents on one letter; no script puts more of them in a name."""

_JOINERS = {"\u200c", "\u200d"}  # parts of emoji and of names in some scripts
_STRAY_JOINERS = re.compile(
    r"(?<![^\x00-\x7f\s])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\s])|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_BLANKS = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing


def day_in_words(day: date, language: Language, today: date) -> str:
    """`dinsdag 24 november`, with the year when it is another one than today's."""
    words = f"{WEEKDAYS[language][day.weekday()]} {day.day} {MONTHS[language][day.month - 1]}"
    return words if day.year == today.year else f"{words} {day.year}"


def listed(words: Sequence[str], language: Language) -> str:
    """`a, b en c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {AND[language]} {words[-1]}"


def number(value: int, language: Language) -> str:
    return f"{value:,}".replace(",", THOUSANDS_MARK[language])


def size(value: int, language: Language, decimals: int = 1) -> str:
    """A number of bytes as Outlook shows it: units of 1024, `5,3 GB`. No more decimals than are needed."""
    unit, factor = next((u for u in UNITS if value >= u[1]), UNITS[-1])
    step = Decimal(1).scaleb(-decimals)
    digits = str((Decimal(value) / factor).quantize(step, ROUND_HALF_UP))
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"{digits.replace('.', DECIMAL_MARK[language])} {unit}"


def sizes(values: Sequence[int], language: Language) -> dict[int, str]:
    """Sizes that stand together in one letter: different ones never look the same, so that nobody reads
    that 5 GB is more than 5 GB."""
    different = sorted(set(values))
    for decimals in range(1, FINEST + 1):
        words = {value: size(value, language, decimals) for value in different}
        if len(set(words.values())) == len(different):
            return words
    before = None
    for value in different:
        if words[value] == before:
            words[value] = f"{JUST_OVER[language]} {before}"
        else:
            before = words[value]
    return words


def kept_whole(text: str) -> str:
    """With spaces in telephone numbers and before units that no line ends at."""
    return re.sub(r"(?<=\d) (?=\d|[kMG]B\b)", "\u00a0", text)


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """One line without control characters and without marks that turn the direction of writing.

    Names come from a directory that many people can write to: nothing in them may start a header, mirror
    the text after it, push the rest of the letter away, or look like a name where there is none.
    """
    visible = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in _BLANKS else c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn") or c in _JOINERS
    )
    joined = unicodedata.normalize("NFC", _STRAY_JOINERS.sub("", visible))
    line = re.sub(r"\s+", " ", _with_few_marks(joined)).strip()
    if len(line) <= longest:
        return line
    return f"{line[: longest - 1].rstrip().rstrip(''.join(_JOINERS))}…"


def _with_few_marks(line: str) -> str:
    """Marks only on something that carries them, and not in towers."""
    kept: list[str] = []
    marks = MOST_MARKS
    for c in line:
        if unicodedata.category(c) not in ("Mn", "Me"):
            marks = MOST_MARKS if c.isspace() else 0
        elif marks >= MOST_MARKS:
            continue
        else:
            marks += 1
        kept.append(c)
    return "".join(kept)
