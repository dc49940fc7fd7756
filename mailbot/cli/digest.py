"""Commands about the managers' weekly digest."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.insight import address
from mailbot.cli.letters import now, open_desk
from mailbot.cli.options import DEFAULT_FOLDER, Folder
from mailbot.cli.session import actor

if TYPE_CHECKING:
    from datetime import date

    from mailbot.model.accounts import Language
    from mailbot.model.letters import Mail

HTML, TEXT = "digest.html", "digest.txt"


class Tongue(StrEnum):
    """The languages that letters are written in; a reader's own one is used for a reader."""

    NL = "nl"
    EN = "en"


def preview(
    reader: Annotated[
        str, typer.Option("--reader", metavar="ADDRESS", help="Whose digest; a made-up one without it.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why you look; it is kept in the audit log.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help=f"Folder to write {HTML} and {TEXT} to.")] = None,
    language: Annotated[Tongue, typer.Option("--language", help="Of the made-up one.")] = Tongue.NL,
    settings: Folder = DEFAULT_FOLDER,
) -> None:
    """What the next digest would look like. Nothing is sent, and a made-up one needs no database.

    With --reader and --reason: that person's own, with the figures that they may see anyway. It names who
    leaves, so the look is logged, and that person is told of it.
    """
    from mailbot.model.accounts import Language

    if reader and len(reason.strip()) < 5:
        raise typer.BadParameter("say why you look, in 5 letters or more", param_hint="--reason")
    if reader:
        mail, told = _of_reader(settings, reader, reason.strip())
    else:
        mail, told = _sample(settings, Language(language.value)), None
    if out is None:
        typer.echo(f"{mail.subject}\n\n{mail.text}")
    else:
        out.mkdir(parents=True, exist_ok=True)
        (out / HTML).write_text(mail.html, encoding="utf-8")
        (out / TEXT).write_text(mail.text, encoding="utf-8")
        typer.echo(f"Written: {out / HTML} and {out / TEXT}")
    if told is not None:
        typer.echo(f"This look is logged. The reader is told of it by {told:%Y-%m-%d}.")


def _of_reader(settings: Path, reader: str, reason: str) -> "tuple[Mail, date]":
    """Their digest, and when they are told of this look at the latest."""
    from mailbot import wiring
    from mailbot.jobs.digest_preview import of_reader
    from mailbot.jobs.rights import told_by

    with wiring.opened(settings, insist=False) as house:
        return of_reader(house, address(reader), reason, actor()), told_by(house)


def _sample(settings: Path, language: "Language") -> "Mail":
    from mailbot.config.problems import report
    from mailbot.jobs.digest_preview import sample
    from mailbot.model.errors import SettingsRefused

    desk = open_desk(settings)
    if desk.problems:
        raise SettingsRefused(report(desk.problems, "in the letters"))
    return sample(desk.letters, desk.pack, desk.sender, language, now(), desk.day)
