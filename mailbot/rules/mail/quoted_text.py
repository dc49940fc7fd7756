"""Where the writer's own text ends and the quoted mail begins.

Mail programs mark it in the HTML or write lines above it; forms as seen in Outlook (Dutch and English, on
the desk, on the web and on telephones), Gmail, Thunderbird and Apple Mail. Practice, section on signatures.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailbot.rules.mail.body_lines import Line, Mark, plain

_REST_IS_QUOTED = frozenset({"divrplyfwdmsg", "appendonsend"})
_CONTAINERS = frozenset({"mail-editor-reference-message-container"})
_GREY_RULE = re.compile(
    r"border-top:[^;]*(?:#e1e1e1|#b5c4df|rgb\(225,\s?225,\s?225\)|rgb\(181,\s?196,\s?223\))"
)

_HEADS_IT = re.compile(
    r"(?:(?:-{2,}|_{2,}|={2,}) ?)?(?:begin )?(?:oorspronkelijk bericht|oorspronkelijk e-?mailbericht"
    r"|original (?:message|appointment)|doorgestuurd bericht|forwarded message|doorgestuurde afspraak)"
    r"(?:(?: ?-{2,}|:).{0,80})?"
)
_WROTE = re.compile(
    r"(?:op|on) [^:]{0,40}\d.{0,240}?(?:\bschreef (?!(?:ik|u|je|jij|wij|we|jullie)\b).{0,200}:|\bwrote ?:)"
    r"|.{0,200}\d{4}.{0,40} het volgende geschreven ?:"
)
_FROM = re.compile(r"\*{0,2}(?:van|from|afzender) ?:")
_WHEN = re.compile(r"(?:^|\s)\*{0,2}(?:verzonden(?: op)?|datum|sent|date) ?:")
_WHAT = re.compile(r"(?:^|\s)\*{0,2}(?:aan|onderwerp|to|subject) ?:")
_HEADER_LINES = 6
"""Lines within which the sender, the moment and the subject of a quoted mail stand together."""
_LONGEST = 1000
"""Of a longer line only this much is compared: no mail program writes more above a quotation."""


def quote_mark(tag: str, attributes: Mapping[str, str]) -> Mark | None:
    """Whether the element begins or wraps quoted mail. Outlook on the web puts `x_` before every name
    inside it, so that any such name is one."""
    name = attributes.get("id", "").lower()
    classes = attributes.get("class", "").lower().split()
    style = attributes.get("style", "").lower()
    if name in _CONTAINERS or (tag == "blockquote" and attributes.get("type", "").lower() == "cite"):
        return Mark.QUOTED
    if any(one in ("gmail_quote", "gmail_quote_container", "yahoo_quoted") for one in classes):
        return Mark.QUOTED
    if name.startswith("x_") or any(one.startswith("x_") for one in classes):
        return Mark.QUOTED_FROM_HERE
    if name in _REST_IS_QUOTED or "moz-cite-prefix" in classes or "moz-forward-container" in classes:
        return Mark.QUOTED_FROM_HERE
    if tag == "hr" and attributes.get("tabindex") == "-1" and "98%" in attributes.get("width", style):
        return Mark.QUOTED_FROM_HERE
    if "border-top" in style and _GREY_RULE.search(style):
        return Mark.QUOTED_FROM_HERE
    return None


@dataclass(frozen=True, slots=True, repr=False)
class OwnText:
    """`below` tells that the writer goes on under the quotation, so that the end of the mail is not here."""

    lines: tuple[Line, ...]
    quotes: bool
    below: bool


def own_text(lines: Sequence[Line]) -> OwnText:
    """The lines before the first sign of a quotation, by mark or by words."""
    compared = [plain(line.text[:_LONGEST]) for line in lines]
    at = next(
        (
            n
            for n, line in enumerate(lines)
            if line.marks & {Mark.QUOTED, Mark.QUOTED_FROM_HERE} or _begins_quote(compared, n)
        ),
        len(lines),
    )
    rest = lines[at:]
    contained = bool(rest) and Mark.QUOTED in rest[0].marks
    below = contained and any(not line.marks & {Mark.QUOTED, Mark.QUOTED_FROM_HERE} for line in rest)
    own = list(lines[:at])
    while own and re.fullmatch(r"[-_=* ]*", own[-1].text) and not own[-1].image:
        own.pop()
    return OwnText(tuple(own), quotes=bool(rest), below=below)


def _begins_quote(compared: Sequence[str], n: int) -> bool:
    line = compared[n]
    if line.startswith(">") or _HEADS_IT.fullmatch(line):
        return True
    if line.startswith(("op ", "on ")) or "geschreven" in line:
        two = f"{line} {compared[n + 1]}" if n + 1 < len(compared) else line
        return bool(_WROTE.fullmatch(line) or _WROTE.fullmatch(two))
    if not _FROM.match(line):
        return False
    together = " ".join(compared[n : n + _HEADER_LINES])
    return bool(_WHEN.search(together) and _WHAT.search(together))
