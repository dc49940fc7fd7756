"""The figures of one month for the directie, as they may be told: shares, never counts. Pure.

Nothing here is a number of people, not even of mailboxes that were looked at: a population that does not grow
when a known colleague joins shows who is left out of it. So coverage is told in tenths.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mailbot.engine.figures.words import Extent, Reach, lesser, reach
from mailbot.engine.group_figures import DEPARTMENT, FLOOR, safe_beside
from mailbot.engine.shares import Share, share_of, share_of_whole
from mailbot.model.figures import ORGANISATION, Coverage, GroupFigure
from mailbot.model.ids import RuleId

MONTHS_BACK = 11
"""Months before the one of the report that it looks back on."""

Measured = Mapping[date, tuple[Coverage, Sequence[GroupFigure]]]


@dataclass(frozen=True, slots=True)
class Period:
    """A week of the month, cut off at its ends, or a whole month before it."""

    first: date
    last: date
    whole_month: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands for a period: of the days that left figures the newest that was measured well, else the
    newest one."""

    day: date
    reach: Reach

    @property
    def partial(self) -> bool:
        return self.reach.extent is not Extent.NEARLY_ALL


@dataclass(frozen=True, slots=True)
class Point:
    """One rule in one period. No `snapshot`: nothing was measured, a gap. No `share`: too few were judged.
    `seen` is of how many of those whom the rule concerns it could tell something, beside a share only: a
    mailbox that answered does not show everything, and what is unknown is not in order."""

    period: Period
    snapshot: Snapshot | None
    share: Share | None
    seen: Reach | None = None


@dataclass(frozen=True, slots=True)
class DepartmentShare:
    code: str
    share: Share


@dataclass(frozen=True, slots=True)
class RuleMonth:
    """`departments` as they stood at the last snapshot of the month; `waivers` in force then, None when no
    figure tells."""

    rule: RuleId
    points: tuple[Point, ...]
    departments: tuple[DepartmentShare, ...]
    waivers: int | None


@dataclass(frozen=True, slots=True)
class MonthlyFigures:
    """`first` and `last` day of the month; `over` is False while it goes on. `measured` are days with a
    sweep, `partial` those among them that read too little, `missed` office days that had none."""

    first: date
    last: date
    over: bool
    measured: tuple[date, ...]
    partial: tuple[date, ...]
    missed: tuple[date, ...]
    rules: tuple[RuleMonth, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing can be told of this month itself."""
        return not any(
            point.share is not None and not point.period.whole_month
            for rule in self.rules
            for point in rule.points
        )


def month_after(first: date, months: int = 1) -> date:
    """The first day of the month so many months later, or earlier when negative."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def looks_back_to(first: date) -> date:
    """From which day on `monthly_figures` needs what was measured."""
    return month_after(first, -MONTHS_BACK - 1)


def monthly_figures(
    first: date,
    today: date,
    measured: Measured,
    rules: Collection[RuleId],
    is_office_day: Callable[[date], bool],
    k: int = FLOOR,
    departments: bool = True,
) -> MonthlyFigures:
    """The month that begins on `first`. A rule that is not among `rules`, or was not judged, is not in it.

    A department is shown when it may be in every snapshot of this month and the one before: who joins one of
    nine does not make it show what a month earlier could not be told. Raises ValueError for a month that has
    not begun, and for k below the floor.
    """
    if k < FLOOR:
        raise ValueError(f"figures of groups need at least {FLOOR} people")
    if first > today:
        raise ValueError("this month has not begun")
    last = month_after(first) - timedelta(days=1)
    weeks = [
        week
        for week in _weeks(first, min(last, today))
        if any(is_office_day(day) or day in measured for day in _days(week.first, week.last))
    ]
    months = [_month(month_after(first, -back)) for back in range(MONTHS_BACK, 0, -1)]
    safe = {day: (coverage, _safe(figures, k)) for day, (coverage, figures) in measured.items()}
    snapshots = {period: _snapshot(period, safe) for period in (*months, *weeks)}
    days = sorted(day for day in measured if first <= day <= last)
    recent = [*_weeks(*_bounds(month_after(first, -1))), *weeks]
    steady = [day for period in recent if (found := _snapshot(period, safe)) for day in (found.day,)]
    told = []
    for rule in sorted(rules):
        points = tuple(_point(rule, period, snapshot, safe) for period, snapshot in snapshots.items())
        if all(point.share is None for point in points):
            continue
        newest = [p.snapshot.day for p in points[len(months) :] if p.snapshot and p.share]
        shown = _departments(rule, newest[-1], steady, safe) if newest and departments else ()
        waivers = _whole(rule, safe[newest[-1]][1]).waived if newest else None
        told.append(RuleMonth(rule, points, shown, waivers))
    return MonthlyFigures(
        first,
        last,
        today > last,
        tuple(days),
        tuple(day for day in days if _partial(measured[day][0])),
        tuple(day for day in _days(first, min(last, today)) if is_office_day(day) and day not in measured),
        tuple(told),
    )


Figures = Mapping[RuleId, Mapping[str, GroupFigure]]
"""By rule and group."""


def _safe(figures: Sequence[GroupFigure], k: int) -> Figures:
    """Those that may be told with this k, which can be higher than when they were kept."""
    by_rule: dict[RuleId, dict[str, GroupFigure]] = {}
    for figure in figures:
        by_rule.setdefault(figure.rule, {})[figure.group] = figure
    safe: dict[RuleId, dict[str, GroupFigure]] = {}
    for rule, groups in by_rule.items():
        whole = groups.get(ORGANISATION)
        if whole is None or whole.judged < k:
            continue
        parts = {name: figure.judged for name, figure in groups.items() if name != ORGANISATION}
        names = {ORGANISATION, *safe_beside(parts, whole.judged, k)}
        safe[rule] = {name: figure for name, figure in groups.items() if name in names}
    return safe


def _whole(rule: RuleId, figures: Figures) -> GroupFigure:
    return figures[rule][ORGANISATION]


def _point(
    rule: RuleId,
    period: Period,
    snapshot: Snapshot | None,
    safe: Mapping[date, tuple[Coverage, Figures]],
) -> Point:
    """The share is told as beside all departments of that day, also of those that this report does not show:
    another one may have."""
    if snapshot is None or rule not in safe[snapshot.day][1]:
        return Point(period, snapshot, None)
    figures = safe[snapshot.day][1][rule]
    parts = [(f.judged, f.deviating) for name, f in figures.items() if name != ORGANISATION]
    whole = figures[ORGANISATION]
    told = reach(Coverage(whole.judged + whole.unknown, whole.judged))
    share = share_of_whole(whole.deviating, whole.judged, parts)
    return Point(period, snapshot, share, lesser(told, snapshot.reach))


def _departments(
    rule: RuleId, day: date, steady: Sequence[date], safe: Mapping[date, tuple[Coverage, Figures]]
) -> tuple[DepartmentShare, ...]:
    there = [frozenset(safe[one][1][rule]) for one in steady if rule in safe[one][1]]
    names = frozenset.intersection(*there) - {ORGANISATION}
    figures = safe[day][1][rule]
    shares = [(name, share_of(figures[name].deviating, figures[name].judged)) for name in sorted(names)]
    return tuple(DepartmentShare(name.removeprefix(DEPARTMENT), share) for name, share in shares)


def _snapshot(period: Period, safe: Mapping[date, tuple[Coverage, Figures]]) -> Snapshot | None:
    days = [day for day in safe if period.first <= day <= period.last]
    if not days:
        return None
    day = max(days, key=lambda one: (bool(safe[one][1]), not _partial(safe[one][0]), one))
    return Snapshot(day, reach(safe[day][0]))


def _partial(coverage: Coverage) -> bool:
    return reach(coverage).extent is not Extent.NEARLY_ALL


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _bounds(first: date) -> tuple[date, date]:
    return first, month_after(first) - timedelta(days=1)


def _month(first: date) -> Period:
    return Period(*_bounds(first), whole_month=True)


def _weeks(first: date, last: date) -> list[Period]:
    """Weeks from Monday to Sunday, those at the ends as far as they belong to it."""
    weeks = []
    while first <= last:
        sunday = first + timedelta(days=6 - first.weekday())
        weeks.append(Period(first, min(sunday, last), whole_month=False))
        first = sunday + timedelta(days=1)
    return weeks
