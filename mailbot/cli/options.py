"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FOLDER = Path("/etc/mailbot")

Folder = Annotated[
    Path,
    typer.Option("--settings", envvar="MAILBOT_SETTINGS", help="Folder with mailbot.toml and its files."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, not only what is wrong.")]
