"""A slot is one turn of one job: its name and local date make it unique for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from mailbot.model.ids import SlotId


class Job(StrEnum):
    SWEEP = "sweep"
    DELIVER = "deliver"
    DIGEST = "digest"
    RETAIN = "retain"


@dataclass(frozen=True, slots=True)
class Slot:
    """`label` tells turns of one day apart: a clock time such as 06:00, or `manual-...`."""

    job: Job
    day: date
    label: str

    @property
    def id(self) -> SlotId:
        return SlotId(f"{self.job}/{self.day.isoformat()}/{self.label}")


class Claim(StrEnum):
    """What came of trying to take a slot."""

    NEW = "new"
    RESUMED = "resumed"  # an earlier process died in it; its checkpoints stand
    DONE = "done"
    HELD = "held"  # another living process has it


class SlotResult(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"  # some mailboxes had no turn, or too many did not answer
    ABORTED = "aborted"  # broken off, and not taken up again in time: nothing follows from it
    CLOSED = "closed"  # a gate was closed: reachable mailboxes were counted, nothing else
    SKIPPED = "skipped"  # too late to be of use; said so


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A turn as it is kept. `counts` is what it came to, or how far the process came that left it."""

    slot: Slot
    claimed: datetime
    finished: datetime | None
    result: SlotResult | None
    lease: datetime
    counts: Mapping[str, Any] = field(default_factory=dict)
