"""All tables, each with what it is allowed to keep and for how long.

A person stands here under a key only (`person`), never by name, address or objectGUID. Every table with
such a column is emptied of a person by erasure; every table declares its retention.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterKind, LetterState
from mailbot.model.plan import PlanState
from mailbot.model.slots import Job, SlotResult
from mailbot.model.verdicts import Kind, Outcome
from mailbot.store.columns import Json, Moment, Word

HEAD = "0005"
"""The newest migration: what a database must be at before it is used."""


class DataKind(StrEnum):
    """What a table says something about."""

    PERSON = "person"  # one person, under a key
    EXCLUSION = "exclusion"  # one person who wants or must be left out of all, or of something
    RUN = "run"  # the bot's own work, in counts
    AUDIT = "audit"  # what the bot and its operators did
    AGGREGATE = "aggregate"  # groups large enough to hide in
    HOUSE = "house"  # the installation itself


@dataclass(frozen=True, slots=True)
class Limit:
    """A row goes when the moment in column `clock` is longer ago than `after`."""

    clock: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a table keeps its rows: until the first of `limits`, and what ends them before that.

    No limits means that only what `ends` says takes a row away.
    """

    kind: DataKind
    limits: tuple[Limit, ...]
    ends: str


BOOKMARK_AGE = timedelta(days=21)
"""What was read longer ago is read again."""

SMALLEST_GROUP = 10
"""People judged, at least, in a figure that is kept for the report: in a smaller group one can be guessed."""

QUARTER = timedelta(weeks=13)
HALF_YEAR = timedelta(weeks=26)
TWO_YEARS = timedelta(days=730)


def keep(kind: DataKind, *limits: Limit, ends: str = "nothing") -> dict[str, Retention]:
    return {"retention": Retention(kind, limits, ends)}


def shortened(after: timedelta, personal: timedelta | None) -> timedelta:
    """A limit where the policy keeps what is about people for less. What bounds a row whatever changes stays
    twice as long as what its last change allows."""
    if personal is None:
        return after
    return min(after, personal if after <= QUARTER else 2 * personal)


def retention(table: Table) -> Retention:
    """Raises KeyError for a table that nobody gave a limit."""
    declared = table.info["retention"]
    assert isinstance(declared, Retention)
    return declared


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

house = Table(
    "house",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    info=keep(DataKind.HOUSE, ends="the installation"),
)

slot = Table(
    "slot",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Word(Job), nullable=False),
    Column("day", Date, nullable=False),
    Column("label", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("lease", Moment, nullable=False),
    Column("claimed", Moment, nullable=False),
    Column("finished", Moment),
    Column("result", Word(SlotResult)),
    Column("counts", Json),
    UniqueConstraint("job", "day", "label"),
    info=keep(DataKind.RUN, Limit("claimed", HALF_YEAR)),
)

visited = Table(
    "visited",
    metadata,
    Column("slot", Text, ForeignKey("slot.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("read", Boolean, nullable=False),
    Column("missed", Text),
    Column("at", Moment, nullable=False),
    info=keep(DataKind.PERSON, Limit("at", timedelta(days=14)), ends="the next sweep"),
)

last_read = Table(
    "last_read",
    metadata,
    Column("person", Text, primary_key=True),
    Column("at", Moment),
    Column("failed", Moment),
    info=keep(
        DataKind.PERSON, Limit("at", QUARTER), Limit("failed", QUARTER), ends="leaving the organisation"
    ),
)

bookmark = Table(
    "bookmark",
    metadata,
    Column("person", Text, primary_key=True),
    Column("need", Text, primary_key=True),
    # What a server says of its items can carry whose mailbox they are in: it is kept under the key.
    Column("text", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    info=keep(
        DataKind.PERSON,
        Limit("at", BOOKMARK_AGE),
        ends="leaving the organisation, or no rule that may ask this any more",
    ),
)

judgement = Table(
    "judgement",
    metadata,
    Column("slot", Text, ForeignKey("slot.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("kind", Word(Kind), nullable=False),
    Column("outcome", Word(Outcome), nullable=False),
    Column("why", Text, nullable=False),
    Column("reason", Text),
    Column("occurrence_start", Moment),
    Column("occurrence_end", Moment),
    Column("detail", Json),
    Column("tasks", Json),
    Column("at", Moment, nullable=False),
    info=keep(DataKind.PERSON, Limit("at", timedelta(days=14)), ends="the next sweep"),
)

finding = Table(
    "finding",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("kind", Word(Kind), nullable=False),
    Column("state", Word(FindingState), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("occurrence_start", Moment),
    Column("occurrence_end", Moment),
    Column("letters", Integer, nullable=False),
    Column("steps", Integer, nullable=False, server_default="0"),
    Column("told", Moment),
    info=keep(DataKind.PERSON, Limit("changed", QUARTER), Limit("opened", HALF_YEAR)),
)

finding_history = Table(
    "finding_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("finding", Text, ForeignKey("finding.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("from_state", Word(FindingState)),
    Column("to_state", Word(FindingState), nullable=False),
    info=keep(DataKind.PERSON, Limit("at", QUARTER), ends="its finding"),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slot", Text, nullable=False),
    Column("made", Moment, nullable=False),
    Column("mode", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("state", Word(PlanState), nullable=False),
    Column("changed", Moment, nullable=False),
    info=keep(DataKind.RUN, Limit("changed", QUARTER)),
)

plan_step = Table(
    "plan_step",
    metadata,
    Column("plan", Text, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("made", Moment, nullable=False),
    Column("step", Json, nullable=False),
    info=keep(DataKind.PERSON, Limit("made", QUARTER), ends="its plan"),
)

letter = Table(
    "letter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Word(LetterKind), nullable=False),
    Column("topic", Text, nullable=False),
    Column("person", Text, nullable=False, index=True),
    Column("finding", Text, ForeignKey("finding.id", ondelete="SET NULL"), index=True),
    Column("shown", Json, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("weekly", Boolean, nullable=False),
    Column("state", Word(LetterState), nullable=False),
    Column("draft", Text),
    Column("tidy", Boolean, nullable=False, server_default=false()),
    Column("test", Boolean, nullable=False, server_default=false()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Whether the ladder counts it as a step. Nobody is told twice by one letter, however often we hear of it.
    Column("counted", Boolean, nullable=False, server_default=false()),
    Column("ordered", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Index("ix_letter_state_not_before", "state", "not_before"),
    info=keep(DataKind.PERSON, Limit("changed", QUARTER), Limit("ordered", HALF_YEAR)),
)

# Who was told of what, as dates alone: as many rows as letters, all with the day on which silence ends.
topic_letter = Table(
    "topic_letter",
    metadata,
    Column("person", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("until", Moment, nullable=False),
    info=keep(DataKind.PERSON, Limit("until", timedelta(0))),
)

rest = Table(
    "rest",
    metadata,
    Column("person", Text, primary_key=True),
    Column("until", Moment, nullable=False),
    info=keep(DataKind.PERSON, Limit("until", timedelta(0))),
)

exclusion = Table(
    "exclusion",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("guid", LargeBinary, nullable=False),
    Column("made", Moment, nullable=False),
    info=keep(DataKind.EXCLUSION, ends="being lifted"),
)

restriction = Table(
    "restriction",
    metadata,
    # One tag for each person and kind: neither can be read from it, nor that two rows are of one person.
    Column("tag", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("made", Moment, nullable=False),
    info=keep(DataKind.EXCLUSION, ends="being lifted, or an exclusion"),
)

disclosure = Table(
    "disclosure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("due", Date, nullable=False),
    Column("told", Moment),
    # A number must not come back after its row was erased: it would then mean somebody else's.
    sqlite_autoincrement=True,
    info=keep(DataKind.PERSON, Limit("told", QUARTER), Limit("at", HALF_YEAR)),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", Text),
    Column("salt", Text),
    Column("commitment", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    info=keep(DataKind.AUDIT, Limit("at", TWO_YEARS)),
)

problem = Table(
    "problem",
    metadata,
    Column("code", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    info=keep(DataKind.HOUSE, ends="being solved"),
)

measured_day = Table(
    "measured_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("population", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("made", Moment, nullable=False),
    info=keep(DataKind.AGGREGATE, Limit("made", TWO_YEARS)),
)

figure = Table(
    "figure",
    metadata,
    Column("period", Date, ForeignKey("measured_day.day", ondelete="CASCADE"), primary_key=True),
    Column("cell", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("judged", Integer, nullable=False),
    Column("deviating", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("made", Moment, nullable=False),
    CheckConstraint(f"judged >= {SMALLEST_GROUP}", name="k_safe"),
    info=keep(DataKind.AGGREGATE, Limit("made", TWO_YEARS)),
)
