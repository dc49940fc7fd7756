"""What mail programs put before a subject, and how a subject is written in letters of one kind.

Prefixes and item classes: practice of Dutch Outlook and Exchange, with the German, French and Nordic ones
that correspondents bring along.
"""

import base64
import binascii
import quopri
import re
import unicodedata
from dataclasses import dataclass

LONGEST = 4096
"""Characters of a subject that are looked at. Exchange keeps 255; what is longer was made by a program."""

_ENCODED = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{1,20})?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN_ENCODED = re.compile(r"(?<=\?=)\s+(?==\?)")

_REPLY = r"re|r|aw|antw|antwoord|betr|betreft|fw|fwd|wg|tr|doorst|doorgest|doorgestuurd|vs|sv|rv"  # of people
_ANSWER = (
    "geaccepteerd|accepted|voorlopig|tentative|afgewezen|geweigerd|declined|geannuleerd|canceled|cancelled"
    "|bijgewerkt|updated"  # of calendars
    "|automatisch antwoord|automatic reply|afwezig|out of office|onbestelbaar|undeliverable|niet bestelbaar"
    "|gelezen|read|niet gelezen|not read|intrekken|recall"  # of servers
)
_PERSON = re.compile(
    rf"\s*(?:(?:{_REPLY})\.?\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\))?\s*:"
    r"|\[\s*(?:ext|extern|external|spam\??)\s*\]:?|\*\*\*+)",
    re.IGNORECASE,
)
_MACHINE = re.compile(rf"\s*(?:{_ANSWER})\s*:", re.IGNORECASE)

_NO_MAIL = (
    "ipm.schedule.",
    "ipm.appointment",
    "ipm.task",
    "report.",
    "ipm.note.rules.",
    "ipm.outlook.recall",
    "ipm.recall.",
)
"""Meeting requests and answers, reports, automatic replies and recalls: no mail that a person wrote. Classes
under IPM.Note.Rules. are the out-of-office and reply templates, also those to the outside."""


@dataclass(frozen=True, slots=True, repr=False)
class Bare:
    """A subject without what programs put before it. `machine` tells that a program wrote the mail."""

    text: str
    machine: bool


def is_mail(item_class: str) -> bool:
    """Whether a person wrote an item of this class as a mail."""
    return not item_class.strip().casefold().startswith(_NO_MAIL)


def bare(subject: str) -> Bare:
    """The subject cleaned, then stripped of prefixes as often as there are any.

    A calendar's answer or a report counts as a machine's only when it stands first: whoever forwards one
    has written a mail.
    """
    text = clean(subject)
    machine = _MACHINE.match(text) is not None
    start = 0
    while found := _PERSON.match(text, start) or _MACHINE.match(text, start):
        start = found.end()
    return Bare(text[start:].strip(), machine)


def clean(subject: str) -> str:
    """Encoded words decoded, compatible characters made plain, marks, invisible and direction characters
    taken out, every dash one dash, every space one space. Upper and lower case stay as they are."""
    text = _BETWEEN_ENCODED.sub("", subject[:LONGEST])
    text = _ENCODED.sub(_decoded, text)[:LONGEST]
    text = "".join(
        " " if char.isspace() or unicodedata.category(char) == "Cc" else char
        for char in unicodedata.normalize("NFKD", text)[:LONGEST]
        if unicodedata.category(char) not in ("Mn", "Me", "Cf", "Cs")
    )
    text = unicodedata.normalize("NFKC", text)
    text = "".join("-" if unicodedata.category(char) == "Pd" or char == "\u2212" else char for char in text)
    return " ".join(text.split())


def folded(text: str) -> str:
    """As `clean`, in lower case: how words of lists are compared."""
    return clean(text).casefold()


def _decoded(found: re.Match[str]) -> str:
    """What an encoded word of RFC 2047 says; a broken one stays as it is written."""
    charset, way, content = found.groups()
    try:
        if way in "bB":
            raw = base64.b64decode(content, validate=True)
        else:
            raw = quopri.decodestring(content.encode("ascii"), header=True)
        return raw.decode(charset)
    except (binascii.Error, LookupError, UnicodeError):
        return found.group()
