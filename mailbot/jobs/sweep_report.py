"""What a sweep came to, for whoever started it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailbot.engine.brake import Alarm
from mailbot.model.conflicts import Clash
from mailbot.model.figures import SweepFigures
from mailbot.model.ids import PlanId, RuleId
from mailbot.model.slots import Slot, SlotResult
from mailbot.model.tasks import Task

Progress = Callable[[int, int], None]
"""Told how many mailboxes are done, and of how many."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """`plan` is None for a closed run; `counts` are its steps by rule and name, `tasks` the mailboxes that an
    administrator has work with and the conflicts of the sources. `why` goes with `result` on the first line.
    With `alarms` the plan is held.
    """

    slot: Slot
    result: SlotResult
    why: str
    figures: SweepFigures
    plan: PlanId | None = None
    counts: dict[tuple[RuleId, str], int] = field(default_factory=dict)
    closed_gates: tuple[str, ...] = ()
    tasks: dict[Task | Clash, int] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()


def quiet(_done: int, _all: int) -> None:
    """Progress for a service: nobody watches."""
