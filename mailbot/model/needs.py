"""What a rule asks of Exchange. A need is a value with parameters; both roads answer the same needs."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import ClassVar, Generic, TypeVar

from mailbot.model.mailbox import AbsenceList, ReplyRules, ReplySetting, Size
from mailbot.model.worktime import WorkPattern

T = TypeVar("T")


class DataClass(IntEnum):
    """How deep a need looks, in the order of practice: settings and sizes, then headings, then content."""

    TRAFFIC = 1
    HEADING = 2
    CONTENT = 3


@dataclass(frozen=True, slots=True)
class Need(Generic[T]):
    """One question about a mailbox whose answer has type T."""

    data_class: ClassVar[DataClass] = DataClass.TRAFFIC
    name: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class MailboxSize(Need[Size]):
    """Bytes of the whole folder tree, without the archive mailbox and Recoverable Items."""

    name: ClassVar[str] = "mailbox size"


@dataclass(frozen=True, slots=True)
class Absences(Need[AbsenceList]):
    """Free/busy blocks marked "away" from `back` before the sweep until `ahead` after it."""

    ahead: timedelta = timedelta(days=35)
    back: timedelta = timedelta(days=7)
    name: ClassVar[str] = "absences"


@dataclass(frozen=True, slots=True)
class WorkingHours(Need[WorkPattern]):
    """The working hours that the person set in Outlook."""

    name: ClassVar[str] = "working hours"


@dataclass(frozen=True, slots=True)
class AutomaticReply(Need[ReplySetting]):
    """The out-of-office setting; of the texts only whether they are empty."""

    name: ClassVar[str] = "automatic reply"


@dataclass(frozen=True, slots=True)
class InboxReplyRules(Need[ReplyRules]):
    """The server-side inbox rules that reply by themselves; of other rules nothing is kept."""

    name: ClassVar[str] = "inbox rules"
