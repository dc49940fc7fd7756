"""The monthly report for the directie: one page that loads nothing, and the same values for CSV and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mailbot.engine.monthly import MonthlyFigures, Point, RuleMonth
from mailbot.model.accounts import Language
from mailbot.model.ids import RuleId
from mailbot.reports.monthly_charts import chart
from mailbot.reports.monthly_texts import TEXTS, ReportTexts

LAYOUT = "monthly.html.j2"
LIGHT = {
    "page": "#edf1f3",
    "paper": "#ffffff",
    "tint": "#eef2f4",
    "line": "#d3dce0",
    "ink": "#1d2b33",
    "soft": "#4b5b64",
    "accent": "#0b5a66",
    "note": "#fff1cc",
    "note-ink": "#573d00",
}
DARK = {
    "page": "#11181c",
    "paper": "#1b252b",
    "tint": "#243038",
    "line": "#36464e",
    "ink": "#e9eef0",
    "soft": "#b6c3c9",
    "accent": "#7fd3df",
    "note": "#46380f",
    "note-ink": "#ffe6a3",
}
HOW = ("how_group", "how_no_figure", "how_rounded", "how_read", "how_snapshot", "how_waivers", "how_events")


@dataclass(frozen=True, slots=True)
class RuleNorm:
    """What a rule is called in letters, and the article that it goes by; empty where there is none now."""

    name: str
    article: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """All that the report says. `departments` are names by code; `by_department` is False where the pack
    has figures about the whole organisation only; `made` is the day on which it is made."""

    figures: MonthlyFigures
    organisation: str
    regulation: str
    norms: Mapping[RuleId, RuleNorm]
    departments: Mapping[str, str]
    by_department: bool
    at_least: int
    made: date
    version: str
    language: Language = Language.NL
    texts: ReportTexts = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", TEXTS[self.language])

    def name(self, rule: RuleId) -> str:
        found = self.norms.get(rule)
        return found.name if found else str(rule)

    def department(self, code: str) -> str:
        return self.departments.get(code) or code


def html(report: MonthlyReport) -> str:
    """The page; charts need the extra `report`. The same report gives the same page."""
    figures, texts = report.figures, report.texts
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    month = texts.month(figures.first)
    return environment.get_template(LAYOUT).render(
        language=report.language.value,
        page=texts.page,
        light=_colours(LIGHT),
        dark=_colours(DARK),
        organisation=report.organisation,
        month=month,
        not_over="" if figures.over else texts.page["not_over"].format(day=texts.day(report.made)),
        empty=_empty(report, month),
        rules=[_rule(report, rule) for rule in figures.rules],
        no_departments=texts.page["no_departments" if report.by_department else "never_departments"],
        sweeps=[
            (texts.page["sweeps_measured"], _days(figures.measured, texts)),
            (texts.page["sweeps_partial"], _days(figures.partial, texts)),
            (texts.page["sweeps_missed"], _days(figures.missed, texts)),
        ],
        how=[texts.page[key].format(at_least=report.at_least) for key in HOW],
        made=texts.page["made"].format(
            day=texts.day(report.made), version=report.version, regulation=report.regulation
        ),
    )


def values(report: MonthlyReport) -> dict[str, Any]:
    """The same for --json."""
    figures, texts = report.figures, report.texts
    return {
        "month": f"{figures.first:%Y-%m}",
        "over": figures.over,
        "figures": not figures.empty,
        "made": report.made.isoformat(),
        "version": report.version,
        "at_least": report.at_least,
        "measured": [day.isoformat() for day in figures.measured],
        "partial": [day.isoformat() for day in figures.partial],
        "missed": [day.isoformat() for day in figures.missed],
        "rules": [
            {
                "rule": rule.rule,
                "name": report.name(rule.rule),
                "waivers": rule.waivers,
                "points": [
                    {
                        "from": point.period.first.isoformat(),
                        "until": point.period.last.isoformat(),
                        "measured_on": point.snapshot.day.isoformat() if point.snapshot else None,
                        "partial": point.snapshot.partial if point.snapshot else None,
                        "read": texts.seen(point),
                        "share": texts.share(point.share) if point.share else None,
                        "word": point.share.word.value if point.share else None,
                        "percent": point.share.percent if point.share else None,
                    }
                    for point in rule.points
                ],
                "departments": [
                    {
                        "department": report.department(one.code),
                        "share": texts.share(one.share),
                        "word": one.share.word.value,
                        "percent": one.share.percent,
                    }
                    for one in rule.departments
                ],
            }
            for rule in figures.rules
        ],
    }


def newest(rule: RuleMonth) -> Point | None:
    """The last point of the month itself that tells something."""
    told = [p for p in rule.points if p.share is not None and not p.period.whole_month]
    return told[-1] if told else None


def _rule(report: MonthlyReport, rule: RuleMonth) -> dict[str, Any]:
    texts, name = report.texts, report.name(rule.rule)
    norm = report.norms.get(rule.rule)
    last = newest(rule)
    article = texts.page["article"].format(article=norm.article, text=norm.text) if norm and norm.text else ""
    return {
        "id": f"rule-{rule.rule}",
        "name": name,
        "norm": article,
        "newest": _row(last, texts) if last else _nothing(texts),
        "waivers": texts.page["no_waivers"] if rule.waivers is None else str(rule.waivers),
        "chart": Markup(chart(f"chart-{rule.rule}", rule.points, texts)),  # our own drawing, of our own words
        "alternative": texts.page["chart"].format(rule=name),
        "any_partial": any(p.share and p.snapshot and p.snapshot.partial for p in rule.points),
        "history": texts.page["history"].format(rule=name, month=texts.month(report.figures.first)),
        "rows": [_row(point, texts) for point in rule.points],
        "departments": [
            {
                "name": report.department(one.code),
                "share": texts.share(one.share),
                "read": texts.seen(last) if last else "",
            }
            for one in rule.departments
        ],
        "departments_caption": texts.page["departments_caption"].format(
            rule=name, day=texts.day(last.snapshot.day) if last and last.snapshot else ""
        ),
    }


def _row(point: Point, texts: ReportTexts) -> dict[str, Any]:
    snapshot = point.snapshot
    return {
        "period": texts.period(point.period),
        "share": texts.point(point),
        "read": texts.seen(point) or "–",
        "partial": snapshot is not None and snapshot.partial,
        "day": texts.short_day(snapshot.day) if snapshot else "–",
    }


def _nothing(texts: ReportTexts) -> dict[str, Any]:
    return {"share": texts.page["no_figure"], "read": "–"}


def _empty(report: MonthlyReport, month: str) -> str:
    if not report.figures.empty:
        return ""
    why = "empty_too_few" if report.figures.measured else "empty_no_sweep"
    return report.texts.page[why].format(month=month)


def _days(days: Sequence[date], texts: ReportTexts) -> str:
    """Days of one month, those that follow each other taken together: 2–6, 9, 12 november."""
    if not days:
        return texts.page["no_days"]
    runs = []
    for _, run in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        found = [day for _, day in run]
        runs.append(f"{found[0].day}–{found[-1].day}" if len(found) > 1 else str(found[0].day))
    return f"{', '.join(runs)} {texts.months[days[0].month - 1]}"


def _colours(palette: Mapping[str, str]) -> Markup:
    return Markup(" ".join(f"--{name}: {colour};" for name, colour in palette.items()))
