"""What several commands share: their options, and how they are listed."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

DEFAULT_FOLDER = Path("/etc/mailbot")
LONGEST_SENTENCE = 200

Folder = Annotated[
    Path,
    typer.Option("--settings", envvar="MAILBOT_SETTINGS", help="Folder with mailbot.toml and its files."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, not only what is wrong.")]


class Command(TyperCommand):
    """Listed with the whole first sentence of its help: half a sentence helps nobody to choose."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return super().get_short_help_str(max(limit, LONGEST_SENTENCE))
