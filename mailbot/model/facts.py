"""What was read, and what could not be: `Known(value, read_at)` or `Unknown(reason)`, never a guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from mailbot.model.ids import ObjectGuid
from mailbot.model.needs import EXPORTED, Need

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Mender(StrEnum):
    """Who can make an unknown fact readable again."""

    ADMINISTRATOR = "administrator"  # rights, switches and settings in Exchange or in mailbot
    PERSONNEL = "personnel"  # the personnel feed and the calendar
    SUPPLIER = "supplier"  # the server answers in a way that mailbot does not understand
    TIME = "time"  # passes by itself; the next sweep tries again


class Reason(Enum):
    """Why a fact is unknown. Closed: a new cause is added here, with the one who can mend it."""

    NOT_ASKED = ("not_asked", Mender.SUPPLIER)
    NOT_VISITED = ("not_visited", Mender.TIME)
    TIMED_OUT = ("timed_out", Mender.TIME)
    THROTTLED = ("throttled", Mender.TIME)
    CONNECTION_LOST = ("connection_lost", Mender.TIME)
    SERVER_FAILED = ("server_failed", Mender.TIME)
    SIGN_IN_REFUSED = ("sign_in_refused", Mender.ADMINISTRATOR)
    ACCESS_DENIED = ("access_denied", Mender.ADMINISTRATOR)
    MAILBOX_MISSING = ("mailbox_missing", Mender.ADMINISTRATOR)
    MAILBOX_DISABLED = ("mailbox_disabled", Mender.ADMINISTRATOR)
    MAILBOX_MOVED = ("mailbox_moved", Mender.ADMINISTRATOR)
    OPERATION_MISSING = ("operation_missing", Mender.SUPPLIER)
    ANSWER_BROKEN = ("answer_broken", Mender.SUPPLIER)
    VALUE_MISSING = ("value_missing", Mender.SUPPLIER)
    RULES_HIDDEN = ("rules_hidden", Mender.ADMINISTRATOR)
    REPLY_RULE_CONDITIONAL = ("reply_rule_conditional", Mender.ADMINISTRATOR)
    REPLY_TEXT_UNCLEAR = ("reply_text_unclear", Mender.ADMINISTRATOR)
    NOT_IN_SOURCES = ("not_in_sources", Mender.PERSONNEL)
    WORK_PATTERN_MISSING = ("work_pattern_missing", Mender.PERSONNEL)
    CALENDAR_YEAR_MISSING = ("calendar_year_missing", Mender.ADMINISTRATOR)
    BEYOND_WINDOW = ("beyond_window", Mender.TIME)
    EXPORT_MISSING = ("export_missing", Mender.ADMINISTRATOR)
    EXPORT_STALE = ("export_stale", Mender.ADMINISTRATOR)
    EXPORT_BROKEN = ("export_broken", Mender.ADMINISTRATOR)
    NOT_IN_EXPORT = ("not_in_export", Mender.ADMINISTRATOR)
    ACCOUNT_UNRESOLVED = ("account_unresolved", Mender.ADMINISTRATOR)
    GROUP_HIDDEN = ("group_hidden", Mender.ADMINISTRATOR)
    SIGNATURE_ELSEWHERE = ("signature_elsewhere", Mender.ADMINISTRATOR)
    SERVER_SIGNATURE_UNSTATED = ("server_signature_unstated", Mender.ADMINISTRATOR)
    TOO_FEW_MESSAGES = ("too_few_messages", Mender.TIME)
    LABEL_UNCLEAR = ("label_unclear", Mender.TIME)
    RECIPIENT_UNRESOLVED = ("recipient_unresolved", Mender.ADMINISTRATOR)
    NOT_CALIBRATED = ("not_calibrated", Mender.ADMINISTRATOR)
    ENCRYPTION_UNPROVEN = ("encryption_unproven", Mender.ADMINISTRATOR)
    RULE_FAILED = ("rule_failed", Mender.SUPPLIER)

    def __init__(self, code: str, mender: Mender) -> None:
        self.code = code
        self.mender = mender

    @classmethod
    def of(cls, code: str) -> "Reason":
        """The reason with this stored code. Raises ValueError for a code that does not exist."""
        for reason in cls:
            if reason.code == code:
                return reason
        raise ValueError(f"no such reason: {code}")


WITHOUT_TURN = frozenset({Reason.NOT_VISITED, Reason.THROTTLED})
"""Why a mailbox had no turn in a sweep, through no fault of its own."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    value: T_co
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    reason: Reason


Fact = Known[T] | Unknown


class FactUnknown(Exception):
    """A rule asked for the value of an unknown fact. The judge turns it into the verdict *unknown*."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def known(fact: "Fact[T]") -> T:
    """The value of a fact. Raises FactUnknown, so that no rule can go on from what was not read."""
    if isinstance(fact, Unknown):
        raise FactUnknown(fact.reason)
    return fact.value


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """All that one sweep read of one mailbox. A need that nobody asked for is unknown, not absent."""

    guid: ObjectGuid
    values: Mapping[Need[Any], "Fact[Any]"] = field(default_factory=dict)

    def get(self, need: Need[T]) -> "Fact[T]":
        return self.values.get(need, Unknown(Reason.NOT_ASKED))

    def with_values(self, more: Mapping[Need[Any], "Fact[Any]"]) -> "MailboxFacts":
        return MailboxFacts(self.guid, MappingProxyType({**self.values, **more}))

    @property
    def was_read(self) -> bool:
        """Whether the mailbox itself answered at least one question; the nightly export does not count."""
        return any(
            isinstance(fact, Known) and not isinstance(need, EXPORTED) for need, fact in self.values.items()
        )
