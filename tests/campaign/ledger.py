"""What a campaign tells: a short table of what it did, and what was wrong, with the seed to run it again."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_SHOWN = 25


@dataclass
class Ledger:
    """The record of one campaign under one seed. `again` is the command that repeats it, `skipped` why it did
    not run."""

    title: str
    again: str
    heads: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    skipped: str = ""

    def row(self, *cells: object) -> None:
        self.rows.append(cells)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def check(self, right: bool, text: str) -> None:
        """Put `text` among what is wrong unless it is right."""
        if not right:
            self.wrong.append(text)

    def show(self) -> None:
        table = [tuple(self.heads), *(tuple(str(cell) for cell in row) for row in self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(self.heads))]
        say(f"\n{self.title}   (again: {self.again})")
        for line in table:
            say("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
        for text in self.notes:
            say(f"  {text}")
        for text in self.wrong[:MOST_SHOWN]:
            say(f"  WRONG: {text}")
        if len(self.wrong) > MOST_SHOWN:
            say(f"  ... and {len(self.wrong) - MOST_SHOWN} more")
        held = f"SKIPPED: {self.skipped}" if self.skipped else "held"
        say(f"  {'FAILED: ' + self.again if self.wrong else held}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
