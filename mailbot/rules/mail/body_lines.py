"""A body, reply or signature as the lines that a reader sees, each with the marks of its mail program.

Takes HTML and plain text alike, whatever its shape: a body is written by strangers. Time grows with its
length only.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from lxml import etree


class Mark(Enum):
    """What a mail program says about a part of the body by the way it wraps it."""

    QUOTED = auto()  # a container: what follows it is the writer's own again
    QUOTED_FROM_HERE = auto()  # all that follows is quoted
    SIGNED = auto()
    SIGNED_FROM_HERE = auto()
    MOBILE = auto()  # wrapped by a telephone's mail program


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """`text` has single spaces and no margins. `image` tells that a picture is shown here, wherever it comes
    from: nobody reads its address."""

    text: str
    image: bool = False
    marks: frozenset[Mark] = field(default_factory=frozenset)


MarksOf = Callable[[str, Mapping[str, str]], Mark | None]
"""What an element marks, by its tag and attributes; names in lower case."""

_LOOKS_LIKE_HTML = re.compile(
    r"<(?:html|head|body|meta|style|div|p|br|span|table|tr|td|a|img|font|b|i|u|em|strong|small|ul|ol|li|pre|hr"
    r"|center|blockquote|h[1-6])(?:\s|/?>)|<!--|<!doctype",
    re.IGNORECASE,
)
_UNSEEN = frozenset({"head", "title", "style", "script", "template", "noscript", "object", "select"})
_OWN_LINE = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset"}
    | {"footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav"}
    | {"ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul", "br"}
)
_CELLS = frozenset({"td", "th"})
_PICTURES = frozenset({"img", "svg", "picture", "v:imagedata", "v:fill"})
_BACKGROUND = re.compile(r"background(?:-image)?:[^;]*url\(", re.IGNORECASE)
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


def plain(text: str) -> str:
    """For comparing: compatible characters made one, case and accents dropped, single spaces."""
    bare = text.casefold()
    if not bare.isascii():
        folded = unicodedata.normalize("NFKD", text.translate(_ZERO_WIDTH)).casefold()
        bare = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(bare.replace("\u2019", "'").split())


def nothing_marked(_tag: str, _attributes: Mapping[str, str]) -> Mark | None:
    return None


def lines(text: str, marks_of: MarksOf = nothing_marked) -> list[Line]:
    """The visible lines of HTML or plain text, empty ones left out."""
    if not _LOOKS_LIKE_HTML.search(text):
        return [Line(line) for row in text.splitlines() if (line := _tidy(row))]
    clean = text.replace("\x00", " ").encode("utf-8", "replace")
    try:
        root = etree.fromstring(clean, _parser())
    except etree.XMLSyntaxError:  # nothing but a beginning of something
        return []
    return [] if root is None else _Reader(marks_of).read(root)


def _parser() -> etree.HTMLParser:
    return etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )


def _tidy(text: str) -> str:
    return " ".join(text.translate(_ZERO_WIDTH).split())


def _is_picture(tag: str, attributes: Mapping[str, str]) -> bool:
    """An image of HTML or of Word's VML, or something with a picture behind it."""
    if tag in _PICTURES or attributes.get("background"):
        return True
    return bool(_BACKGROUND.search(attributes.get("style", "")))


class _Reader:
    """Walks the elements once, in the order of the text."""

    def __init__(self, marks_of: MarksOf) -> None:
        self._marks_of = marks_of
        self._lines: list[Line] = []
        self._row: list[str] = []
        self._image = False
        self._open: Counter[Mark] = Counter()
        self._unseen = 0
        self._as_typed = 0

    def read(self, root: etree._Element) -> list[Line]:
        for event, element in etree.iterwalk(root, events=("start", "end")):
            tag, attributes = str(element.tag), {str(k): str(v) for k, v in element.attrib.items()}
            unseen = tag in _UNSEEN or "display:none" in attributes.get("style", "").replace(" ", "").lower()
            if event == "start":
                self._unseen += unseen
                if not self._unseen:
                    self._begin(tag, attributes)
                    self._say(element.text)
            else:
                if not self._unseen:
                    self._end(tag, attributes)
                self._unseen -= unseen
                if not self._unseen:
                    self._say(element.tail)
        self._flush()
        return self._lines

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        mark = self._marks_of(tag, attributes)
        if mark is not None or tag in _OWN_LINE:
            self._flush()
        if mark is not None:
            self._open[mark] += 1
        self._as_typed += tag == "pre"
        if tag in _CELLS:
            self._row.append(" ")
        if _is_picture(tag, attributes):
            self._image = True

    def _end(self, tag: str, attributes: Mapping[str, str]) -> None:
        mark = self._marks_of(tag, attributes)
        if mark is not None or tag in _OWN_LINE:
            self._flush()
        if mark in (Mark.QUOTED, Mark.SIGNED, Mark.MOBILE):
            self._open[mark] -= 1
        self._as_typed -= tag == "pre"

    def _say(self, text: str | None) -> None:
        if not text:
            return
        if not self._as_typed:
            self._row.append(text)
            return
        first, *others = text.splitlines(keepends=False) or [""]
        self._row.append(first)
        for row in others:
            self._flush()
            self._row.append(row)

    def _flush(self) -> None:
        text = _tidy("".join(self._row))
        if text or self._image:
            self._lines.append(Line(text, self._image, frozenset(m for m, n in self._open.items() if n > 0)))
        self._row.clear()
        self._image = False
