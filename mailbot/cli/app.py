"""The command `mailbot`: all its commands in the order in which an administrator meets them."""

from typing import Annotated

import typer

from mailbot import __version__
from mailbot.cli import calibrate, demo, digest, insight, letters, people, plan, report, rules, setup, work
from mailbot.cli.options import Command

app = typer.Typer(
    name="mailbot",
    help="Keeps a municipality's mailboxes to its own e-mail rules, kindly and lawfully.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
about_plans = typer.Typer(
    help="Plans of sweeps, and the human who decides about them.", no_args_is_help=True, rich_markup_mode=None
)
teach = typer.Typer(
    help="What mailbot must learn of this organisation.", no_args_is_help=True, rich_markup_mode=None
)
about_rules = typer.Typer(
    help="The rules, and cases that they must answer.", no_args_is_help=True, rich_markup_mode=None
)
about_people = typer.Typer(
    help="The sources of people, and who is left out of what.", no_args_is_help=True, rich_markup_mode=None
)
about_letters = typer.Typer(
    help="The texts of letters, and how they look.", no_args_is_help=True, rich_markup_mode=None
)
about_digest = typer.Typer(help="The managers' weekly digest.", no_args_is_help=True, rich_markup_mode=None)


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


for command in (
    setup.init,
    setup.doctor,
    work.sweep,
    work.run,
    work.stop,
    insight.findings,
    insight.tasks,
    insight.explain,
    insight.letter,
    report.report,
    demo.demo,
):
    app.command(cls=Command)(command)
about_plans.command("show", cls=Command)(plan.show_plan)
about_plans.command("run", cls=Command)(plan.run)
about_plans.command("reject", cls=Command)(plan.reject)
about_rules.command("list", cls=Command)(rules.list_rules)
about_rules.command("show", cls=Command)(rules.show_rule)
about_rules.command("stage", cls=Command)(rules.stage)
about_rules.command("check", cls=Command)(rules.check)
about_people.command("check", cls=Command)(people.check)
about_people.command("show", cls=Command)(people.show_one)
about_people.command("pause", cls=Command)(people.pause)
about_people.command("resume", cls=Command)(people.resume)
about_people.command("exclude", cls=Command)(people.exclude)
about_people.command("include", cls=Command)(people.include)
about_people.command("accept-feed", cls=Command)(people.accept_feed)
about_letters.command("check", cls=Command)(letters.check)
about_letters.command("preview", cls=Command)(letters.preview)
about_digest.command("preview", cls=Command)(digest.preview)
teach.command("secure-mail", cls=Command)(calibrate.secure_mail)
app.add_typer(teach, name="calibrate")
app.add_typer(about_plans, name="plan")
app.add_typer(about_rules, name="rules")
app.add_typer(about_people, name="people")
app.add_typer(about_letters, name="letters")
app.add_typer(about_digest, name="digest")
