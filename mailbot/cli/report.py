"""The monthly report for the directie."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli import show
from mailbot.cli.options import DEFAULT_FOLDER, AsJson, Folder
from mailbot.cli.session import actor

if TYPE_CHECKING:
    from mailbot.jobs.house import House
    from mailbot.jobs.measuring import Month
    from mailbot.model.accounts import Language
    from mailbot.model.ids import RuleId
    from mailbot.reports.monthly import MonthlyReport, RuleNorm


def report(
    month: Annotated[
        str | None, typer.Option("--month", help="As 2026-11; without it the month that ended last.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the page and its CSV files; it is made when missing.")
    ] = Path(),
    language: Annotated[str, typer.Option("--language", help="nl or en.")] = "nl",
    settings: Folder = DEFAULT_FOLDER,
    json: AsJson = False,
) -> None:
    """Write the monthly report: one page with charts, and its figures as CSV; or print them with --json.

    It holds shares of groups of at least 10 people, never a number of people. That it was made is logged.
    """
    from mailbot import wiring
    from mailbot.jobs.measuring import month_of
    from mailbot.reports.monthly import values
    from mailbot.reports.monthly_charts import require_charts

    asked = None if month is None else _month(month)
    spoken = _language(language)
    if not json:
        require_charts()
    with wiring.opened(settings, insist=False) as house:
        first = asked or _month_before(house.today())
        if first > house.today():
            raise typer.BadParameter(f"{first:%Y-%m} has not begun", param_hint="--month")
        made = _report(house, month_of(house, first, actor()), _names(settings, spoken), spoken)
    if json:
        show.as_json(values(made))
        return
    for file in _written(made, out):
        typer.echo(file)
    if made.figures.empty:
        typer.echo(f"No figures for {first:%Y-%m}: the report says why.")


def _report(
    house: "House", month: "Month", names: "dict[RuleId, str]", language: "Language"
) -> "MonthlyReport":
    from mailbot import __version__
    from mailbot.policy.packs import Audience
    from mailbot.reports.monthly import MonthlyReport

    pack, today = house.terms.pack, house.today()
    return MonthlyReport(
        figures=month.figures,
        organisation=pack.municipality,
        regulation=pack.source.regulation,
        norms=_norms(house, names, language),
        departments=month.departments,
        by_department=pack.team_figures.shown_to is Audience.DIRECTIE,
        at_least=month.at_least,
        made=today,
        version=__version__,
        language=language,
    )


def _norms(house: "House", names: "dict[RuleId, str]", language: "Language") -> "dict[RuleId, RuleNorm]":
    """What each rule is called, and the article that is in force today."""
    from mailbot.model.accounts import Language
    from mailbot.reports.monthly import RuleNorm

    found = {rule: RuleNorm(name) for rule, name in names.items()}
    for norm in house.terms.pack.active_norms(house.today()):
        if norm.rule is not None:
            text = norm.text_nl if language is Language.NL else norm.text_en
            found[norm.rule] = RuleNorm(names.get(norm.rule, norm.rule), norm.article, text)
    return found


def _names(settings: Path, language: "Language") -> "dict[RuleId, str]":
    """What the letters call each rule: readers know it by that."""
    from mailbot.letters.texts import LetterTexts
    from mailbot.model.ids import RuleId

    texts = LetterTexts.load(settings / "letters")
    return {RuleId(topic): by_language[language].name for topic, by_language in texts.topics.items()}


def _written(made: "MonthlyReport", folder: Path) -> list[Path]:
    """Write the files, each whole or not at all."""
    from mailbot.reports.monthly import html
    from mailbot.reports.monthly_csv import ENCODING, figures_csv, sweeps_csv

    name = f"mailbot-{made.figures.first:%Y-%m}"
    contents = {
        f"{name}.html": html(made).encode(),
        f"{name}-figures.csv": figures_csv(made).encode(ENCODING),
        f"{name}-sweeps.csv": sweeps_csv(made).encode(ENCODING),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in contents.items():
            half = folder / f".{file}.part"
            half.write_bytes(content)
            half.replace(folder / file)
    except OSError as error:
        raise typer.BadParameter(f"cannot write there ({error.strerror})", param_hint="--out") from None
    return [folder / file for file in contents]


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise typer.BadParameter("write a month as 2026-11", param_hint="--month") from None


def _month_before(today: date) -> date:
    from mailbot.engine.monthly import month_after

    return month_after(today.replace(day=1), -1)


def _language(text: str) -> "Language":
    from mailbot.model.accounts import Language

    try:
        return Language(text)
    except ValueError:
        raise typer.BadParameter("nl or en", param_hint="--language") from None
