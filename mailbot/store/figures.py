"""Figures of groups, as the report reads them back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, insert, select

from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.ids import RuleId
from mailbot.store.part import Part
from mailbot.store.schema import SMALLEST_GROUP, figure, measured_day


class Figures(Part):
    def measure(self, day: date, coverage: Coverage, figures: Sequence[GroupFigure], now: datetime) -> None:
        for one in figures:
            if (
                one.judged < SMALLEST_GROUP
                or not 0 <= one.deviating <= one.judged
                or min(one.waived, one.unknown) < 0
            ):
                raise ValueError(f"a figure needs {SMALLEST_GROUP} people judged, of whom some may deviate")
        self.connection.execute(delete(figure).where(figure.c.period == day))
        self.connection.execute(delete(measured_day).where(measured_day.c.day == day))
        measured = {"day": day, "population": coverage.population, "read": coverage.read, "made": now}
        self.connection.execute(insert(measured_day), measured)
        if figures:
            rows = [
                {
                    "period": day,
                    "cell": one.group,
                    "rule": one.rule,
                    "judged": one.judged,
                    "deviating": one.deviating,
                    "waived": one.waived,
                    "unknown": one.unknown,
                    "made": now,
                }
                for one in figures
            ]
            self.connection.execute(insert(figure), rows)

    def measured(self, first: date, last: date) -> Mapping[date, tuple[Coverage, Sequence[GroupFigure]]]:
        days = select(measured_day).where(measured_day.c.day.between(first, last))
        found: dict[date, tuple[Coverage, list[GroupFigure]]] = {
            row.day: (Coverage(row.population, row.read), [])
            for row in self.rows(days.order_by(measured_day.c.day))
        }
        cells = select(figure).where(figure.c.period.between(first, last))
        for row in self.rows(cells.order_by(figure.c.period, figure.c.cell, figure.c.rule)):
            one = GroupFigure(row.cell, RuleId(row.rule), row.judged, row.deviating, row.waived, row.unknown)
            found[row.period][1].append(one)
        return found
