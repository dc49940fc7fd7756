"""Commands that teach mailbot about this organisation: how secure mail shows on a sent copy."""

import shlex
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.insight import address
from mailbot.cli.options import DEFAULT_FOLDER, Folder, Verbose
from mailbot.cli.session import actor, set_up_log

if TYPE_CHECKING:
    from mailbot.jobs.calibrate import Calibration
    from mailbot.policy.secure_mail import SecureMailFile

FILE = "secure_mail.toml"


def secure_mail(
    mailbox: Annotated[str, typer.Option(help="The mailbox whose sent items hold the test mails.")],
    approver: Annotated[str, typer.Option(help="The function that approves the result, such as the CISO.")],
    review_by: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; without it half a year from now.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="A subject tag on which a mail-flow rule of yours acts; repeatable."),
    ] = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option(
            help="A mark that only secure mail has: the name of a header, an item class or an attachment; "
            "repeatable."
        ),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="One more header to look at, by its name; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was learnt, write nothing.")] = False,
    settings: Folder = DEFAULT_FOLDER,
    verbose: Verbose = False,
) -> None:
    """Learn from test mails how secure mail shows on a sent copy, and write secure_mail.toml.

    With every client that staff send with (Outlook, Outlook on the web, a phone), send one plain and one
    secure mail to an address outside, with exactly these subjects, the client's name in place of NAME:

    mailbot calibration plain: NAME

    mailbot calibration secure: NAME

    Only mails with such a subject are looked at, of the last 14 days, and no body.
    """
    from mailbot import wiring
    from mailbot.jobs.calibrate import calibrate

    set_up_log(verbose)
    existing = existing_file(settings)
    with wiring.opened(settings, insist=False) as house:
        try:
            found = calibrate(
                house,
                address(mailbox),
                existing,
                approver=approver,
                review_by=review_by.date() if review_by else None,
                confirmed_tags=tag or (),
                confirmed=confirm or (),
                more_headers=header or (),
                actor=actor(),
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        today = house.today()
    _print(found)
    if found.file is None:
        raise typer.Exit(1)
    if dry_run:
        typer.echo("Nothing was written.")
        return
    write(settings / FILE, found.file, today)
    typer.echo(f"{settings / FILE} is written. Let {approver} read it: it is theirs to approve.")


def existing_file(settings: Path) -> "SecureMailFile":
    """Raises SettingsRefused when the present file is wrong: what stands in it must not get lost."""
    import os

    from mailbot.config.problems import report
    from mailbot.config.tomlfile import read_model
    from mailbot.model.errors import SettingsRefused
    from mailbot.policy.secure_mail import SecureMailFile

    if not os.path.lexists(settings / FILE):
        return SecureMailFile()
    found, problems = read_model(settings / FILE, FILE, SecureMailFile)
    if found is None:
        raise SettingsRefused(report(problems))
    return found


def write(file: Path, content: "SecureMailFile", today: date) -> None:
    """Put the new file in place at once. The earlier one stays beside it, with the day in its name."""
    from mailbot.policy.calibration import to_toml

    fresh = file.with_suffix(".toml.new")
    fresh.write_text(to_toml(content), encoding="utf-8")
    if file.exists():
        kept, number = file.with_suffix(f".toml.until-{today.isoformat()}"), 1
        while kept.exists():
            number += 1
            kept = file.with_suffix(f".toml.until-{today.isoformat()}-{number}")
        kept.write_bytes(file.read_bytes())
    fresh.replace(file)


def _print(found: "Calibration") -> None:
    if not found.results:
        typer.echo("No test mails were found. See: mailbot calibrate secure-mail --help")
    for result in found.results:
        if result.error:
            typer.echo(f"{result.client}: {result.error}")
            continue
        marks = ", ".join(
            f"{m.kind.value.replace('_', ' ')} {m.name} {m.value}".strip() for m in result.markers
        )
        typer.echo(f"{result.client}: {marks or 'secure mail looks as plain mail does'}")
        for unconfirmed in result.unconfirmed:
            typer.echo(f"  {unconfirmed} proves nothing until somebody confirms its mail-flow rule: --tag")
        for name in result.unsure:
            typer.echo(f"  {name} proves nothing until somebody confirms it: --confirm {shlex.quote(name)}")
        for label in result.labels:
            typer.echo(f"  sensitivity label {label}: say in [[label]] whether it encrypts")
    for client in found.forgotten:
        typer.echo(f"{client}: calibrated earlier, and no test mails now; send them, or take the client out")
    if any(not result.markers and not result.error for result in found.results):
        typer.echo("A client that leaves no mark: no mail without a mark will be called plain.")
