"""The monthly report as CSV that a Dutch Excel opens as it is: UTF-8 with a mark, semicolons."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from mailbot.model.accounts import Language
from mailbot.reports.monthly import MonthlyReport, newest

ENCODING = "utf-8-sig"
FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CONTROLS = ("\t", "\r", "\n")
"""With these a spreadsheet begins to calculate, also after blanks (OWASP, CSV injection)."""
UNSEEN = re.compile(r"^[\s\x00-\x1f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
"""Blanks and marks without a shape, in any order, before what a reader sees first."""

HEADERS: Mapping[Language, tuple[str, ...]] = {
    Language.NL: (
        *("onderdeel", "onderwerp", "periode", "van", "tot en met"),
        *(
            "postbussen waar iets beter kan",
            "bekeken postbussen in de hele organisatie",
            "gedeeltelijke meting",
            "gemeten op",
            "uitzonderingen",
        ),
    ),
    Language.EN: (
        *("part", "topic", "period", "from", "until"),
        *(
            "mailboxes to improve",
            "mailboxes looked at in the whole organisation",
            "partial sweep",
            "measured on",
        ),
        "waivers",
    ),
}
YES_NO = {Language.NL: ("ja", "nee"), Language.EN: ("yes", "no")}
SWEEPS: Mapping[Language, tuple[str, str, tuple[str, str, str]]] = {
    Language.NL: ("dag", "meting", ("volledig", "gedeeltelijk", "geen meting")),
    Language.EN: ("day", "sweep", ("complete", "partial", "not measured")),
}


def figures_csv(report: MonthlyReport) -> str:
    """One line per rule and period, and per rule and department; never a number of people."""
    texts, (yes, no) = report.texts, YES_NO[report.language]
    rows: list[Sequence[str]] = [HEADERS[report.language]]
    for rule in report.figures.rules:
        name, last = report.name(rule.rule), newest(rule)
        for point in rule.points:
            snapshot = point.snapshot
            rows.append(
                (
                    report.organisation,
                    name,
                    texts.period(point.period),
                    point.period.first.isoformat(),
                    point.period.last.isoformat(),
                    texts.point(point),
                    texts.seen(point) or "",
                    (yes if snapshot.partial else no) if snapshot else "",
                    snapshot.day.isoformat() if snapshot else "",
                    str(rule.waivers) if point is last and rule.waivers is not None else "",
                )
            )
        if last is None or last.snapshot is None:
            continue
        for department in rule.departments:
            rows.append(
                (
                    report.department(department.code),
                    name,
                    texts.month(report.figures.first),
                    report.figures.first.isoformat(),
                    report.figures.last.isoformat(),
                    texts.share(department.share),
                    texts.seen(last) or "",
                    yes if last.snapshot.partial else no,
                    last.snapshot.day.isoformat(),
                    "",
                )
            )
    return _written(rows)


def sweeps_csv(report: MonthlyReport) -> str:
    """One line per day that was measured or should have been."""
    day, sweep, (complete, partial, missed) = SWEEPS[report.language]
    figures = report.figures
    said = dict.fromkeys(figures.measured, complete) | dict.fromkeys(figures.partial, partial)
    said |= dict.fromkeys(figures.missed, missed)
    return _written([(day, sweep), *((one.isoformat(), said[one]) for one in sorted(said))])


def _written(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return written.getvalue()


def _harmless(cell: str) -> str:
    """Names come from personnel: whatever they begin with, they stay text."""
    begins = UNSEEN.sub("", cell)
    return f"'{cell}" if begins.startswith(FORMULAS) or cell.startswith(CONTROLS) else cell
