"""Problems in settings and sources of people, all told at once: where, what was expected, how to mend it.

A problem never holds a secret or a person's data: `found` describes, it does not quote.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`file` as the reader knows it; `where` is a key, or a line with its column."""

    file: str
    where: str
    expected: str
    found: str
    mend: str


def report(
    problems: Iterable[Problem], about: str = "in the settings; nothing was started", count: int = 0
) -> str:
    """One readable text with every problem, grouped by file. `about` ends the first sentence. `count` is how
    many there are, when some of them stand for several."""
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file, []).append(problem)
    total = count or sum(len(group) for group in by_file.values())
    noun = "problem" if total == 1 else "problems"
    lines = [f"{total} {noun} {about}."]
    for file, group in by_file.items():
        lines += ["", file]
        for problem in group:
            lines.append(f"  {problem.where}")
            lines.append(f"    expected: {problem.expected}")
            lines.append(f"    found:    {problem.found}")
            lines.append(f"    mend:     {problem.mend}")
    return "\n".join(lines)
