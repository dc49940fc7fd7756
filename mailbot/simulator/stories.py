"""The shape of a staged person: a story, what is set up for it, and the verdicts it must lead to.

Expected verdicts are literals written by hand beside each story. They hold at the staged moment and under
the pack *voorbeeld*: at most 5 x 1024^3 bytes, a tip from 90 percent; an automatic reply for more than 2
own working days away, a day counting from half its hours, 2 hours of tolerance at both ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from mailbot.simulator import canaries
from mailbot.simulator.calendars import HOME, CalendarEntry
from mailbot.simulator.mailboxes import Flaw, InboxRule, Reply, Trouble
from mailbot.simulator.residents import ApprovedLeave
from mailbot.simulator.weeks import FULL_TIME, Week

STAGED_NOW = datetime(2026, 11, 23, 6, tzinfo=ZoneInfo(HOME))
"""Monday 23 November 2026, 06:00 in Amsterdam."""

MIB = 1024**2
GIB = 1024**3
LIMIT = 5 * GIB
NEAR = 4_831_838_208
"""Exactly 90 percent of the limit, in bytes."""

COMPLIANT = "compliant"
DEVIATION = "deviation"
TIP = "tip"
NOT_APPLICABLE = "not_applicable"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Story:
    """`quota` and `out_of_office` are the expected verdicts.

    Sizes in bytes: `size` is the whole mailbox; of it `deep` lies in a folder six levels down, `private`
    in a folder with a confidential name, and `small_folders` says over how many folders of their own the
    rest of a big archive is spread. `recoverable`, `searches` and `archive` come on top of `size`.
    `outlook` are the hours set in Outlook, `roster` those in the personnel system.
    """

    id: str
    name: str
    text: str
    quota: str
    out_of_office: str
    size: int = 1_400 * MIB
    deep: int = 0
    private: int = 0
    small_folders: int = 0
    recoverable: int = 0
    searches: int = 0
    archive: int = 0
    size_missing: bool = False
    calendar: tuple[CalendarEntry, ...] = ()
    reply: Reply = field(default_factory=Reply)
    rules: tuple[InboxRule, ...] = ()
    roster: Week | None = FULL_TIME
    outlook: Week | None = FULL_TIME
    language: str = "nl"
    enabled: bool | None = True
    recipient_type: str | None = "user"
    hold: bool | None = False
    trouble: Trouble | None = None
    flaws: frozenset[Flaw] = frozenset()
    leaves_on: date | None = None
    leave: tuple[ApprovedLeave, ...] = ()
    full_access: bool = False

    @property
    def expected(self) -> Mapping[str, str]:
        return {"quota": self.quota, "out_of_office": self.out_of_office}


def day(month: int, number: int, year: int = 2026) -> date:
    return date(year, month, number)


def at(month: int, number: int, clock: str, year: int = 2026) -> datetime:
    """A moment on the town's clocks."""
    return datetime.combine(date(year, month, number), time.fromisoformat(clock), ZoneInfo(HOME))


TEXT = f"<html><body><p>Ik ben afwezig. {canaries.REPLY}</p></body></html>"


def scheduled(start: datetime, end: datetime, *, internal: str = TEXT, external: str = TEXT) -> Reply:
    return Reply("Scheduled", "All", start, end, internal, external)


def enabled(*, audience: str = "All", internal: str = TEXT, external: str = TEXT) -> Reply:
    return Reply("Enabled", audience, None, None, internal, external)
