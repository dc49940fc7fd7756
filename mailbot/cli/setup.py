"""Commands for the first day: init writes a settings folder, doctor says what is still missing."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder, Verbose


def _new(folder: Path) -> Path:
    """Before anything is asked: six answers for nothing would be unkind."""
    from mailbot.model.errors import SettingsRefused

    key = folder / "mailbot.key"
    if os.path.lexists(key):
        raise SettingsRefused(f"{key} exists already, and a key is never overwritten. Choose another folder.")
    return folder


def _usable(asked: typer.CallbackParam, answer: str) -> str:
    """At a prompt an answer that cannot be used is asked again."""
    from mailbot.config.init import usable
    from mailbot.model.errors import SettingsRefused

    try:
        usable(str(asked.name), answer)
    except SettingsRefused as refused:
        raise typer.BadParameter(str(refused)) from None
    return answer


def init(
    folder: Annotated[
        Path, typer.Argument(help="A new folder for the settings.", callback=_new, is_eager=True)
    ],
    organisation: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt="Name of the organisation (gemeente ...)",
            help="Its name, as letters say it.",
        ),
    ],
    domain: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt="Mail domain (after the @)",
            help="What stands after the @ in your addresses.",
        ),
    ],
    pack: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt="Policy pack (huizen, voorbeeld, brunssum)",
            help="The norms of your regulation: huizen, voorbeeld or brunssum, to be made your own.",
        ),
    ],
    endpoint: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt="EWS address (https://.../EWS/Exchange.asmx)",
            help="Where Exchange answers: https://.../EWS/Exchange.asmx",
        ),
    ],
    username: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt=r"Service account (DOMAIN\name)",
            help=r"The account that reads: DOMAIN\name",
        ),
    ],
    contact: Annotated[
        str,
        typer.Option(
            callback=_usable,
            prompt="Whom staff can ask about a letter (de servicedesk, telefoon ...)",
            help="Whom staff can ask about a letter, as letters say it.",
        ),
    ],
) -> None:
    """Write annotated settings with examples, and a new key. Asks for what is not given; never overwrites
    anything."""
    from mailbot.config.init import Answers, write_initial
    from mailbot.store.keys import create_key_file

    files = write_initial(folder, Answers(organisation, domain, pack, endpoint, username, contact))
    create_key_file(folder / "mailbot.key")
    typer.echo(f"{len(files) + 1} files written to {folder}. Next:")
    typer.echo("  1. write the password of the service account to exchange.password (mode 600)")
    typer.echo(
        "  2. let export-directory.ps1 write directory.ldf, and personnel its CSV (see deploy/directory)"
    )
    typer.echo(
        "  3. read mailbot.toml (mode stays off until you change it); calendar.toml lacks your closing days"
    )
    typer.echo("  4. record the preconditions in gates.toml, with your privacy officer and works council")
    typer.echo("  5. back up mailbot.key, apart from the database")
    typer.echo(f"  6. mailbot doctor --settings {folder}")


def doctor(
    settings: Folder = DEFAULT_FOLDER,
    readable: Annotated[
        str | None, typer.Option(help="A mailbox that must open; without it the sender's own.")
    ] = None,
    unreadable: Annotated[str | None, typer.Option(help="A mailbox that must stay closed.")] = None,
    json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check settings, gates, sign-in, one readable and one unreadable mailbox, and each rule's reach.

    Gives exit code 1 when something is bad. Lifts the pause after a refused sign-in: one new try.
    """
    from mailbot import wiring
    from mailbot.cli.insight import address
    from mailbot.cli.session import set_up_log
    from mailbot.jobs.doctor import Level
    from mailbot.jobs.doctor import doctor as examine

    set_up_log(verbose)
    with wiring.opened(settings, insist=False) as house:
        checks = list(
            examine(
                house,
                address(readable) if readable else None,
                address(unreadable) if unreadable else None,
            )
        )
        policy_hash = house.terms.policy_hash
    if json:
        show.as_json(
            {
                "policy_hash": policy_hash,
                "checks": [{"what": c.what, "level": c.level.value, "says": c.says} for c in checks],
            }
        )
    else:
        typer.echo("settings: good, everything in the folder is valid")
        for check in checks:
            typer.echo(f"{check.what}: {check.level.value}, {check.says}")
        typer.echo(f"policy hash, to be named in the works council's consent: {policy_hash}")
    if any(check.level is Level.BAD for check in checks):
        raise typer.Exit(1)
