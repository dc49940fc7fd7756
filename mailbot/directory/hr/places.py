"""Where something is wrong in a feed, and what a cell looks like without its content."""

import re
from dataclasses import dataclass, field, replace

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
        """Every problem as one text, the same one on several lines together; `about` ends its first
        sentence."""
        rest = f"\n\nand {self.more} more" if self.more else ""
        return report(_together(self.problems), about, len(self.problems)) + rest


def _together(problems: list[Problem]) -> list[Problem]:
    """One for all lines that have the same problem in the same column, where the first of them stood: a wrong
    export has it on every line."""
    lines: dict[Problem, list[int]] = {}
    for problem in problems:
        line, comma, column = problem.where.removeprefix("line ").partition(", ")
        lines.setdefault(replace(problem, where=comma + column), []).append(int(line))
    return [
        replace(same, where=f"line{'s' if len(there) > 1 else ''} {_spans(sorted(there))}{same.where}")
        for same, there in lines.items()
    ]


def _spans(lines: list[int]) -> str:
    """Rising numbers of lines, as `2-41, 44`."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in spans)


def shape(value: str) -> str:
    """What a cell looks like without its content: digits as 9, letters as a."""
    if not value:
        return "nothing"
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:30]))
    masked = re.sub(r"[^\x20-\x7e]", "?", masked)
    return f"a value shaped like {masked}{'...' if len(value) > 30 else ''}"
