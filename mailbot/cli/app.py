"""The command `mailbot` and what all its commands share: the settings folder and the way out."""

from pathlib import Path
from typing import Annotated

import typer

from mailbot import __version__

DEFAULT_FOLDER = Path("/etc/mailbot")

app = typer.Typer(
    name="mailbot",
    help="Keeps a municipality's mailboxes to its own e-mail rules, kindly and lawfully.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
plan_app = typer.Typer(help="Stored plans of dry runs.", no_args_is_help=True, rich_markup_mode=None)
people_app = typer.Typer(
    help="People, as few words as possible.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(plan_app, name="plan")
app.add_typer(people_app, name="people")

Folder = Annotated[
    Path,
    typer.Option("--settings", envvar="MAILBOT_SETTINGS", help="Folder with mailbot.toml and its files."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, not only what is wrong.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailbot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keeps a municipality's mailboxes to its own e-mail rules, kindly and lawfully."""


from mailbot.cli import demo, insight, setup, work  # noqa: E402, F401 - each adds its commands to `app`
