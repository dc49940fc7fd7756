"""How commands print: a table for people, or the same values as JSON."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mailbot.engine.brake import Alarm
    from mailbot.engine.stages import Standing


def as_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns of numbers are set to the right."""
    if not rows:
        typer.echo(f"{title}: none")
        return
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[index], (int, float)) for row in rows)
        drawn.add_column(column, justify="right" if numbers else "left")
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    console.print(drawn)


OUTCOMES = ("compliant", "deviation", "tip", "not_applicable", "unknown")


def verdict_rows(rules: Mapping[Any, Mapping[Any, int]]) -> list[list[Any]]:
    return [
        [rule, *(counts.get(outcome, 0) for outcome in OUTCOMES)] for rule, counts in sorted(rules.items())
    ]


def verdicts(rules: Mapping[Any, Mapping[Any, int]]) -> dict[str, dict[str, int]]:
    """Per rule all five outcomes, zeros included."""
    return {
        str(rule): {outcome: counts.get(outcome, 0) for outcome in OUTCOMES}
        for rule, counts in sorted(rules.items())
    }


def alarms(found: Sequence["Alarm"]) -> list[dict[str, Any]]:
    """Why a plan is held, as printed by --json."""
    return [
        {"jump": a.jump.value, "rule": a.rule, "found": a.found, "limit": a.limit, "says": a.says}
        for a in found
    ]


def stages(found: Iterable["Standing"]) -> list[dict[str, Any]]:
    """How far each rule has come, as printed by --json."""
    return [
        {"rule": s.rule, "stage": s.stage.value, "terms": s.terms, "doubt": s.doubt, "says": s.says}
        for s in sorted(found, key=lambda standing: standing.rule)
    ]


class Bar:
    """A progress bar on a terminal, silence elsewhere; begin() is called once the number is known."""

    def __init__(self, what: str, hidden: bool = False) -> None:
        self._what = what
        self._hidden = hidden or not sys.stderr.isatty()
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, done: int, everything: int) -> None:
        if self._hidden:
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, Progress

            self._progress = Progress(
                *Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True)
            )
            self._task = self._progress.add_task(self._what, total=everything)
            self._progress.start()
        self._progress.update(self._task, completed=done, total=everything)
