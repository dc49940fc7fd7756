"""What a letter in somebody's inbox is: read off the letter itself, as its reader would."""

import html
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mailbot.model.letters import LetterKind
from mailbot.simulator import Delivered

HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)

Headings = Mapping[str, tuple[str, LetterKind]]
"""Topic and kind of a letter by what stands above it."""


def headings(letters: Path) -> Headings:
    """Of all texts in `settings/letters`. No two letters may have the same one."""
    found: dict[str, tuple[str, LetterKind]] = {}
    for file in sorted(letters.glob("*/*.toml")):
        texts = tomllib.loads(file.read_text(encoding="utf-8"))
        for kind in LetterKind:
            text = texts.get(kind.value, {})
            for heading in (text.get("heading"), *(w.get("heading") for w in text.get("when", {}).values())):
                if heading is not None:
                    assert found.setdefault(heading, (file.stem, kind)) == (file.stem, kind), heading
    return found


def what_it_is(mail: Delivered, known: Headings) -> tuple[str, LetterKind]:
    above = HEADING.search(mail.body)
    assert above is not None, "a letter without a heading"
    return known[html.unescape(above[1]).strip()]
