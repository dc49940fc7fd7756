"""A letter as blocks: made once from texts and values, then written as HTML and as text.

Both parts of a mail come from the same blocks, so that nobody reads other facts than somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

from mailbot.model.accounts import Language


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`quiet` is for what must be said but is not the message."""

    text: str
    quiet: bool = False
    block: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    block: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Facts:
    """The few values that the letter is about, each with its label."""

    rows: tuple[tuple[str, str], ...]
    block: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Steps:
    items: tuple[str, ...]
    block: Literal["steps"] = "steps"


@dataclass(frozen=True, slots=True)
class Callout:
    """Something to take along, in a panel with its own heading."""

    heading: str
    text: str
    block: Literal["callout"] = "callout"


@dataclass(frozen=True, slots=True)
class Table:
    """Data of two columns; the first cell of a row names it. `bars` are drawn in the first cell of the same
    row; an empty one is not. They say nothing that the second cell does not."""

    header: tuple[str, str]
    rows: tuple[tuple[str, str], ...]
    bars: tuple[str, ...] = ()
    block: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Remark:
    """A short passage with a bold beginning, set apart from the letter itself."""

    lead: str
    text: str


Block = Paragraph | Heading | Facts | Steps | Callout | Table


@dataclass(frozen=True, slots=True)
class Document:
    """One letter. `banner` says that it is a test; `remarks` are what stands under every letter."""

    language: Language
    subject: str
    organisation: str
    service: str
    banner: str | None
    heading: str
    greeting: str = field(repr=False)
    blocks: tuple[Block, ...] = field(repr=False)
    remarks_heading: str
    remarks: tuple[Remark, ...] = field(repr=False)

    @property
    def core(self) -> Sequence[str]:
        """The letter itself, part by part: what must be short. Data tables are not sentences."""
        parts = [self.heading]
        for block in self.blocks:
            match block:
                case Paragraph() | Heading():
                    parts.append(block.text)
                case Facts():
                    parts.extend(f"{label}: {value}" for label, value in block.rows)
                case Steps():
                    parts.extend(block.items)
                case Callout():
                    parts.extend((block.heading, block.text))
                case Table():
                    parts.extend(value for row in block.rows for value in row)
        return parts

    @property
    def rest(self) -> Sequence[str]:
        return [part for remark in self.remarks for part in (remark.lead, remark.text)]

    def text(self) -> str:
        """The plain part of the mail: the same words in the same order, one paragraph a line."""
        parts = [f"{self.organisation} · {self.service}"]
        if self.banner:
            parts.append(self.banner)
        parts += [_underlined(self.heading, "="), self.greeting]
        for block in self.blocks:
            match block:
                case Paragraph():
                    parts.append(block.text)
                case Heading():
                    parts.append(_underlined(block.text, "-"))
                case Facts():
                    parts.append("\n".join(f"{label}: {value}" for label, value in block.rows))
                case Steps():
                    parts.append("\n".join(f"{n}. {item}" for n, item in enumerate(block.items, 1)))
                case Callout():
                    parts += [_underlined(block.heading, "-"), block.text]
                case Table():
                    lines = [" | ".join(block.header)]
                    for (first, second), bar in zip_longest(block.rows, block.bars):
                        lines.append(f"{first} {bar} | {second}" if bar else f"{first} | {second}")
                    parts.append("\n".join(lines))
        parts.append(_underlined(self.remarks_heading, "-"))
        parts += [f"{remark.lead} {remark.text}" for remark in self.remarks]
        return "\n\n".join(parts) + "\n"


def _underlined(text: str, line: str) -> str:
    return f"{text}\n{line * min(len(text), 72)}"
