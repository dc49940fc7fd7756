"""The shape of a staged person: a story, what is set up for it, and the verdicts it must lead to.

Expected verdicts are literals written by hand beside each story. They hold at the staged moment and under
the pack *voorbeeld*: at most 5 x 1024^3 bytes, a tip from 90 percent; an automatic reply for more than 2
own working days away, a day counting from half its hours, 2 hours of tolerance at both ends; 2 colleagues
who may read the inbox; a signature that is added by itself; labelled mail that leaves only encrypted, seen
over the week of 16 November and of whoever is in the decision's sample; a leaver's reply of one month.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from mailbot.simulator import canaries
from mailbot.simulator.calendars import HOME, CalendarEntry
from mailbot.simulator.mailboxes import Flaw, Group, InboxRule, OwaOptions, Reply, Right, Trouble
from mailbot.simulator.residents import ORDINARY, ApprovedLeave, Contract, Records
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

RULES = ("quota", "out_of_office", "delegates", "signature", "confidential_external", "leaver")

SELF = "self"
MATES = MATE_1, MATE_2, MATE_3 = "mate 1", "mate 2", "mate 3"
COUNCIL = "works council"
"""Words that stand for an address once the town is built: the person, three colleagues in service with an
open account, and a member of the works council, who is excluded."""

NOBODY = "nobody"
"""Who has no manager."""

SIGNED = OwaOptions(True, f"<div>Team Voorbeeld, 14 0999<br>{canaries.SIGNATURE}</div>")
SIGNED_PLAIN = OwaOptions(True, None, f"Met vriendelijke groet,\nteam Voorbeeld\n{canaries.SIGNATURE}")
LOOKED_AFTER = (Right(MATE_1), Right(MATE_2, "Editor", delegate=True))


@dataclass(frozen=True, slots=True)
class Sent:
    """A message in Sent Items. Addresses may be words such as `MATE_1`; an empty one is an old entry
    that nobody can resolve. `at` is on the town's clocks."""

    subject: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    at: datetime = datetime(2026, 11, 18, 10, 15, tzinfo=ZoneInfo(HOME))
    item_class: str = "IPM.Note"
    sensitivity: str = "Normal"
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The names of `RULES` are the expected verdicts, `tasks` the work that an administrator is told of.

    Sizes in bytes: `size` is the whole mailbox; of it `deep` lies in a folder six levels down, `private`
    in a folder with a confidential name, and `small_folders` says over how many folders of their own the
    rest of a big archive is spread. `recoverable`, `searches` and `archive` come on top of `size`.
    `outlook` are the hours set in Outlook, `roster` those in the personnel system.

    `rights` are permissions on the inbox, `private_rights` on the folder *Vertrouwelijk* in it,
    `calendar_rights` on the calendar; `trustees` have full access. `exported` is False when the nightly
    export lacks the mailbox. `groups` are added to the town. `leaves_on` is the last day of the only
    contract; `contracts` replaces that contract.

    `records` tells what is out of the ordinary in the directory or in personnel, and `conflicts` the clashes
    between them (`model.conflicts.Clash`) that an administrator is told of on account of this story.
    `manager` is `SELF`, `NOBODY` or the id of another story; empty for the head of the team. `leads` tells
    that this is the head of a team. `key` is the `person_key`, `member_of` are groups of the directory.
    """

    id: str
    name: str
    text: str
    quota: str
    out_of_office: str
    delegates: str = COMPLIANT
    signature: str = COMPLIANT
    confidential_external: str = NOT_APPLICABLE
    leaver: str = NOT_APPLICABLE
    tasks: tuple[str, ...] = ()
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
    hold: bool = False
    trouble: Trouble | None = None
    flaws: frozenset[Flaw] = frozenset()
    leaves_on: date | None = None
    leave: tuple[ApprovedLeave, ...] = ()
    full_access: bool = False
    contracts: tuple[Contract, ...] = ()
    rights: tuple[Right, ...] = LOOKED_AFTER
    private_rights: tuple[Right, ...] = ()
    calendar_rights: tuple[Right, ...] = ()
    trustees: tuple[str, ...] = ()
    exported: bool = True
    groups: tuple[Group, ...] = ()
    owa: OwaOptions | None = SIGNED
    sent: tuple[Sent, ...] = ()
    forwards_to: str = ""
    records: Records = ORDINARY
    conflicts: tuple[str, ...] = ()
    manager: str = ""
    leads: bool = False
    key: str = ""
    member_of: tuple[str, ...] = ()

    @property
    def expected(self) -> Mapping[str, str]:
        return {rule: getattr(self, rule) for rule in RULES}


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
