"""Commands about the letters themselves: whether their texts are right, and how they look."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.wiring.letters import Desk

WRONG = 2
"""Exit code when a text is wrong, as for all settings."""


def check(settings: Folder = DEFAULT_FOLDER, json: AsJson = False) -> None:
    """Everything that is wrong with the texts of letters: file, key, what was expected, how to mend it.

    Looks at every letter in every language, with small and large values and in all its variants. Sends
    nothing and needs no database. Gives exit code 2 when something is wrong.
    """
    from dataclasses import asdict

    from mailbot.config.problems import report
    from mailbot.model.errors import SettingsRefused

    desk = open_desk(settings)
    found = desk.faults()
    if json:
        show.as_json({"problems": [asdict(problem) for problem in found]})
        if found:
            raise typer.Exit(WRONG)
        return
    if found:
        raise SettingsRefused(report(found, "in the letters"))
    letters = sum(len(of.letters()) for by in desk.texts.topics.values() for of in by.values())
    typer.echo(f"{letters} letters, for the pack {desk.pack.name}: all as they should be.")


def preview(
    out: Annotated[
        Path, typer.Option(help="Folder for the files; those of an earlier preview are replaced.")
    ],
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic, such as quota; repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind, such as reminder; repeatable.")
    ] = None,
    locale: Annotated[
        list[str] | None,
        typer.Option("--locale", "--language", help="Only this language, nl or en; repeatable."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the reader, as it stands in the directory.")
    ] = None,
    png: Annotated[
        bool, typer.Option("--png", help="Take pictures too, for a telephone and a desk, light and dark.")
    ] = False,
    browser: Annotated[
        str | None, typer.Option(help="Program that takes the pictures; without it one is looked for.")
    ] = None,
    settings: Folder = DEFAULT_FOLDER,
) -> None:
    """Letters with made-up values, as HTML, text and .eml, in all their variants; open index.html.

    They are your own texts, with the articles of your own pack. Nothing is sent, and no database is needed.
    The weekly overview has its own: mailbot digest preview.
    """
    from mailbot.config.problems import report
    from mailbot.letters.preview import write_preview
    from mailbot.letters.samples import READER, samples
    from mailbot.model.accounts import Language
    from mailbot.model.errors import SettingsRefused
    from mailbot.model.letters import LetterKind

    desk = open_desk(settings)
    if desk.problems:
        raise SettingsRefused(report(desk.problems, "in the letters"))
    _known("--topic", topic, desk.texts.topics)
    _known("--kind", kind, list(LetterKind))
    _known("--locale", locale, list(Language))
    at = now()
    mails = {
        sample.name: desk.letters.render(
            sample.letter, f"<preview.{number}@{desk.sender.domain}>", sample.letter.to.address, at
        )
        for number, sample in enumerate(
            samples(
                desk.texts,
                desk.day,
                topics=topic or (),
                kinds=[LetterKind(one) for one in kind or ()],
                languages=[Language(one) for one in locale or ()],
                reader=READER if name is None else name,
            )
        )
    }
    if not mails:
        raise typer.BadParameter(
            "there is no such letter; see the folder letters/ of the settings, and for the weekly overview: "
            "mailbot digest preview"
        )
    index = write_preview(mails, out, f"{desk.organisation}: letters with made-up values")
    typer.echo(f"{len(mails)} letters: {index}")
    if png:
        _take_pictures({name: mail.html for name, mail in mails.items()}, out, browser)


def _take_pictures(pages: dict[str, str], folder: Path, wanted: str | None) -> None:
    from mailbot.letters.pictures import NO_BROWSER, NoPicture, find_browser, take

    found = find_browser(wanted)
    try:
        if found is None:
            raise NoPicture(NO_BROWSER)
        pictures = take(found, pages, folder)
    except NoPicture as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(pictures)} pictures, taken by {found.program}")


def _known(option: str, given: list[str] | None, known: Collection[str]) -> None:
    from mailbot.config.validation import did_you_mean

    for one in given or ():
        if one not in known:
            raise typer.BadParameter(f"there is none; {did_you_mean(one, list(known))}", param_hint=option)


def open_desk(settings: Path) -> "Desk":
    from mailbot.casefiles.notation import ZONE
    from mailbot.wiring.letters import desk

    return desk(settings, now().astimezone(ZONE).date())


def now() -> "datetime":
    from mailbot.model.clock import SystemClock

    return SystemClock().now()
