"""What a signature shows, and whether a text ends with one.

Practice, section on signatures: markers of mail programs first; else a block of last lines with at least two
of name, department, phone number, web address and postcode. A picture may hold anything, so it is unclear.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from mailbot.rules.mail.body_lines import Line, Mark, lines, plain

LAST_LINES = 8
CLUES = 2
"""Of the last lines so many are looked at for so many clues."""


class SignatureFeature(StrEnum):
    """What a signature of the settings shows. Function and department are not among them: without the
    directory's own words for them nobody can tell them from other words."""

    PRESENT = "present"  # words that a reader sees
    IMAGE = "image"  # a picture, whatever is on it
    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    FAX = "fax"


_GAP = r"[ .()/\u2013-]{0,3}"
_PHONE = re.compile(
    rf"(?<![\d+])(?:(?:\+|00) ?31{_GAP}(?:0{_GAP})?[1-9](?:{_GAP}\d){{8}}"
    rf"|0{_GAP}[1-9](?:{_GAP}\d){{8}}|0[89]00{_GAP}\d{{4,7}}|14 ?0\d{{2,3}})(?!\d)"
)
_FAX = re.compile(rf"\b(?:fax|f)\b[ .:]{{0,3}}(?:\+31|0)(?:{_GAP}\d){{8}}")
_POSTCODE = re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b")
_STREET = re.compile(
    r"\bpostbus \d"
    r"|(?:straat|weg|laan|plein|markt|singel|kade|gracht|dijk|dreef|hof|pad|plantsoen|wal) \d"
)
_PICTURE = re.compile(
    r"<(?:img|svg|picture|object|embed|canvas|v:imagedata|v:fill|input[^>]{0,200}type=\W?image)\b"
    r"|background(?:-image)? ?:[^;}]{0,200}url ?\(|<[^>]{0,500}\sbackground ?=",
    re.IGNORECASE,
)
"""Anything that may show a picture, from wherever it comes: in a style sheet or in a part for Word alone too,
so that in doubt there is one."""
_MAIL_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
_WORD = re.compile(r"\w+")
_BETWEEN_NAMES = frozenset(
    {"de", "den", "der", "van", "het", "ten", "ter", "te", "el", "al", "op", "in", "la", "le"}
)


def name_words(name: str) -> tuple[str, ...]:
    """Words of a name by which a reader knows somebody, without initials and `de`, `van der` and the like."""
    words = _WORD.findall(plain(name))
    return tuple(word for word in words if len(word) > 1 and word not in _BETWEEN_NAMES)


def surname(name: str) -> str:
    """The last word of the family name, of `Kim de Wit` and `Wit, Kim de` alike; empty when there is none."""
    words = name_words(name.partition(",")[0])
    return words[-1] if words else ""


@dataclass(frozen=True, slots=True)
class SignatureText:
    """The redactor of the signature settings, for one person's name."""

    name: str = field(default="", repr=False)

    def features(self, text: str) -> frozenset[str]:
        """Of HTML or plain text."""
        shown = lines(text)
        written = " ".join(line.text for line in shown)
        found: set[str] = set()
        if _PICTURE.search(text) or any(line.image for line in shown):
            found.add(SignatureFeature.IMAGE)
        if _WORD.search(written):
            found.add(SignatureFeature.PRESENT)
        words = set(_WORD.findall(_MAIL_ADDRESS.sub(" ", plain(written))))
        if words & set(name_words(self.name)):
            found.add(SignatureFeature.NAME)
        if _PHONE.search(written):
            found.add(SignatureFeature.PHONE)
        if _POSTCODE.search(written) or _STREET.search(plain(written)):
            found.add(SignatureFeature.ADDRESS)
        if _FAX.search(plain(written)):
            found.add(SignatureFeature.FAX)
        return frozenset(found)


@dataclass(frozen=True, slots=True, repr=False)
class Sender:
    """Whose signature is looked for. `domains` are those of the organisation."""

    name: str
    department: str = ""
    domains: frozenset[str] = frozenset()


class Seen(Enum):
    """Whether a text ends with a signature."""

    SIGNED = auto()
    UNSIGNED = auto()
    PICTURE = auto()  # a picture stands where a signature would


_SIGNED_NAMES = frozenset({"signature"})
_SIGNED_CLASSES = frozenset({"gmail_signature", "moz-signature", "elementtoproof-signature"})
_MOBILE_CLASSES = frozenset({"ms-outlook-mobile-signature", "ms-outlook-ios-signature"})
_MOBILE_LINE = re.compile(
    r"(?:verzonden|verstuurd|gestuurd) vanaf mijn .{1,60}|sent from my .{1,60}"
    r"|verzonden vanuit? (?:mail|outlook).{0,60}"
    r"|outlook voor (?:ios|android) downloaden|download outlook voor (?:ios|android).{0,20}"
    r"|get outlook for (?:ios|android)|sent from (?:outlook|mail) for .{1,40}"
)


def signature_mark(tag: str, attributes: Mapping[str, str]) -> Mark | None:
    """Whether the element is what a mail program wraps a signature in."""
    name = attributes.get("id", "").lower()
    classes = set(attributes.get("class", "").lower().split())
    if name in _MOBILE_CLASSES or classes & _MOBILE_CLASSES:
        return Mark.MOBILE
    if tag == "a" and attributes.get("name", "").lower() == "_mailautosig":
        return Mark.SIGNED_FROM_HERE
    if "mso-bookmark:_mailautosig" in attributes.get("style", "").lower().replace(" ", ""):
        return Mark.SIGNED_FROM_HERE
    if name in _SIGNED_NAMES or classes & _SIGNED_CLASSES:
        return Mark.SIGNED
    return None


def is_mobile(own: Sequence[Line]) -> bool:
    """Whether a telephone's mail program wrote it: people do not set a whole signature there."""
    return any(Mark.MOBILE in line.marks or _MOBILE_LINE.fullmatch(plain(line.text[:200])) for line in own)


def typed(own: Sequence[Line]) -> tuple[Line, ...]:
    """The lines before a marked signature, and before the `-- ` that announces one in plain text."""
    at = next((n for n, line in enumerate(own) if _announced(line)), len(own))
    return tuple(own[:at])


def seen(own: Sequence[Line], sender: Sender) -> Seen:
    """A marked signature counts when it has words; else the last lines must hold enough clues."""
    marked = [line for line in own[len(typed(own)) :] if line.text not in ("--", "-- ")]
    if any(_WORD.search(line.text) for line in marked):
        return Seen.SIGNED
    block = own[-LAST_LINES:]
    if clues("\n".join(line.text for line in block), sender) >= CLUES:
        return Seen.SIGNED
    return Seen.PICTURE if any(line.image for line in block) else Seen.UNSIGNED


def clues(block: str, sender: Sender) -> int:
    """How many kinds of clue the text holds."""
    compared = plain(block)
    words = set(_WORD.findall(_MAIL_ADDRESS.sub(" ", compared)))
    family, department = surname(sender.name), plain(sender.department)
    return sum(
        (
            bool(family) and family in words,
            bool(department) and department in compared,
            bool(_PHONE.search(block)),
            any(domain.casefold() in compared for domain in sender.domains),
            bool(_POSTCODE.search(block)),
        )
    )


def _announced(line: Line) -> bool:
    return bool(line.marks & {Mark.SIGNED, Mark.SIGNED_FROM_HERE}) or line.text == "--"
