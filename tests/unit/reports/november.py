"""A November as the directie may get it, for tests of the page, its charts and its CSV."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from mailbot.engine.monthly import monthly_figures
from mailbot.model.accounts import Language
from mailbot.model.figures import ORGANISATION, Coverage, GroupFigure
from mailbot.model.ids import RuleId
from mailbot.reports.monthly import MonthlyReport, RuleNorm

QUOTA, DELEGATES = RuleId("quota"), RuleId("delegates")
FIRST = date(2026, 11, 1)
MADE = date(2026, 12, 3)
NORMS = {
    QUOTA: RuleNorm("Omvang van je postbus", "3", "Je postbus is hoogstens 5 gigabyte groot."),
    DELEGATES: RuleNorm("Collega's bij afwezigheid"),
}
NAMES = {"BZ": "Burgerzaken", "SD": "Sociaal Domein"}
WEEK_WITHOUT_SWEEPS = range(9, 14)
WEEK_OF_PARTIAL_SWEEPS = range(16, 21)


def measured(
    judged: int = 430,
    departments: Mapping[str, int] | None = None,
    first: date = date(2026, 6, 1),
    last: date = date(2026, 11, 30),
) -> dict[date, tuple[Coverage, Sequence[GroupFigure]]]:
    """Every weekday but those of one week in November; another week could be read in part only."""
    units = {"BZ": 60, "SD": 110} if departments is None else departments
    found: dict[date, tuple[Coverage, Sequence[GroupFigure]]] = {}
    day = first - timedelta(days=1)
    while day < last:
        day += timedelta(days=1)
        in_november = day.month == 11
        if day.weekday() > 4 or (in_november and day.day in WEEK_WITHOUT_SWEEPS):
            continue
        read = judged * 7 // 10 if in_november and day.day in WEEK_OF_PARTIAL_SWEEPS else judged
        figures = [
            GroupFigure(ORGANISATION, QUOTA, judged, judged * (16 - day.month) // 20, 2),
            GroupFigure(ORGANISATION, DELEGATES, judged, 2),
            *(GroupFigure(f"unit/{code}", QUOTA, size, size // 5) for code, size in units.items()),
        ]
        found[day] = (Coverage(judged, read), figures)
    return found


def november(
    found: Mapping[date, tuple[Coverage, Sequence[GroupFigure]]] | None = None,
    language: Language = Language.NL,
    names: Mapping[str, str] | None = None,
    by_department: bool = True,
    today: date = MADE,
    rules: Collection[RuleId] = (QUOTA, DELEGATES),
) -> MonthlyReport:
    figures = monthly_figures(
        FIRST,
        today,
        measured() if found is None else found,
        rules,
        lambda day: day.weekday() < 5,
        departments=by_department,
    )
    return MonthlyReport(
        figures=figures,
        organisation="Gemeente Voorbeeld",
        regulation="Protocol e-mail gemeente Voorbeeld 2024",
        norms=NORMS,
        departments=NAMES if names is None else names,
        by_department=by_department,
        at_least=10,
        made=today,
        version="0.1.0",
        language=language,
    )
