"""Where something is wrong in a feed, and what a cell looks like without its content."""

import re
from dataclasses import dataclass, field

from mailbot.config.problems import Problem, report

MOST = 200
"""Problems told of one file: who mended so many exports again anyway."""


@dataclass(slots=True)
class Place:
    """Collects problems of one file. `more` counts those beyond MOST. `forbidden` tells that it has a column
    that mailbot may not receive, so that no copy of it may be kept."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    forbidden: bool = False

    @property
    def count(self) -> int:
        return len(self.problems) + self.more

    def add(self, line: int, column: str | None, expected: str, found: str, mend: str) -> None:
        if len(self.problems) >= MOST:
            self.more += 1
            return
        where = f"line {line}, column {column}" if column else f"line {line}"
        self.problems.append(Problem(self.file, where, expected, found, mend))

    def told(self, about: str) -> str:
        """Every problem as one text; `about` ends its first sentence."""
        rest = f"\n\nand {self.more} more" if self.more else ""
        return report(self.problems, about) + rest


def shape(value: str) -> str:
    """What a cell looks like without its content: digits as 9, letters as a."""
    if not value:
        return "nothing"
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:30]))
    masked = re.sub(r"[^\x20-\x7e]", "?", masked)
    return f"a value shaped like {masked}{'...' if len(value) > 30 else ''}"
