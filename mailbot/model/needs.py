"""What a rule asks of Exchange. A need is a value with parameters; both roads answer the same needs."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from typing import Any, ClassVar, Generic, TypeVar

from mailbot.model.ids import Address
from mailbot.model.mailbox import (
    AbsenceList,
    AccessList,
    ForwardRules,
    LeaverReply,
    Membership,
    ReplyRules,
    ReplySetting,
    SignatureSample,
    SignatureSetting,
    Size,
)
from mailbot.model.sent import MailSample, SentLabel, SentRedactor, TextRedactor
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
    """The working hours that the person set in Outlook; no days when nobody set any."""

    name: ClassVar[str] = "working hours"


@dataclass(frozen=True, slots=True)
class AutomaticReply(Need[ReplySetting]):
    """The out-of-office setting; of the texts only whether they are empty."""

    name: ClassVar[str] = "automatic reply"


@dataclass(frozen=True, slots=True)
class InboxReplyRules(Need[ReplyRules]):
    """The server-side inbox rules that reply by themselves; of other rules nothing is kept."""

    name: ClassVar[str] = "inbox rules"


@dataclass(frozen=True, slots=True)
class InboxAccess(Need[AccessList]):
    """Who may read the inbox, by the permissions of that folder."""

    name: ClassVar[str] = "inbox permissions"


@dataclass(frozen=True, slots=True)
class OutlookDelegates(Need[AccessList]):
    """The delegates that Outlook shows, those with reading rights on the inbox; orphans among them."""

    name: ClassVar[str] = "Outlook delegates"


@dataclass(frozen=True, slots=True)
class FullAccess(Need[AccessList]):
    """Who has full access to the mailbox. No protocol tells; the nightly export does."""

    name: ClassVar[str] = "full access"


@dataclass(frozen=True, slots=True)
class HeldAccess(Need[int]):
    """To how many mailboxes of others this one has full access or send-as; from the nightly export."""

    name: ClassVar[str] = "access to other mailboxes"


@dataclass(frozen=True, slots=True)
class MailboxForwarding(Need[bool]):
    """Whether the mailbox itself forwards; from the nightly export."""

    name: ClassVar[str] = "mailbox forwarding"


@dataclass(frozen=True, slots=True)
class ExportedHold(Need[bool]):
    """Whether Exchange keeps the mailbox on hold; from the nightly export. The directory has its own."""

    name: ClassVar[str] = "hold in Exchange"


@dataclass(frozen=True, slots=True)
class ExportedQuota(Need[int | None]):
    """Bytes at which Exchange stops sending and receiving, None for never; from the nightly export. No rule
    asks for it: the norm of a municipality is its own."""

    name: ClassVar[str] = "quota in Exchange"


@dataclass(frozen=True, slots=True)
class GroupMembers(Need[Membership]):
    """Whether this address is a group, and who is in it."""

    address: Address
    name: ClassVar[str] = "group members"


@dataclass(frozen=True, slots=True)
class PrivateFolderAccess(Need[int]):
    """How many folders whose name has one of these words others may read. The server compares the names;
    none of them is asked for."""

    words: tuple[str, ...]
    name: ClassVar[str] = "permissions of private folders"


@dataclass(frozen=True, slots=True)
class SignatureSettings(Need[SignatureSetting]):
    """The signature of Outlook on the web and whether it is added by itself."""

    redactor: TextRedactor = field(compare=False, repr=False)
    name: ClassVar[str] = "signature settings"


@dataclass(frozen=True, slots=True)
class SentSignatures(Need[SignatureSample]):
    """Signatures under messages that the person sent outside. Reads content: only under a decision."""

    data_class: ClassVar[DataClass] = DataClass.CONTENT
    name: ClassVar[str] = "signatures of sent messages"


@dataclass(frozen=True, slots=True)
class SentLabels(Need[tuple[SentLabel, ...]]):
    """Items sent from local midnight of `since` on whose subject carries a label. Reads headings."""

    since: date
    redactor: SentRedactor[SentLabel] = field(compare=False, repr=False)
    data_class: ClassVar[DataClass] = DataClass.HEADING
    name: ClassVar[str] = "labelled sent items"


@dataclass(frozen=True, slots=True)
class SentSamples(Need[tuple[MailSample, ...]]):
    """The administrator's own test mails of a calibration. No rule asks for it."""

    since: date
    redactor: SentRedactor[MailSample] = field(compare=False, repr=False)
    data_class: ClassVar[DataClass] = DataClass.HEADING
    name: ClassVar[str] = "calibration samples"


@dataclass(frozen=True, slots=True)
class ReplyOfLeaver(Need[LeaverReply]):
    """The automatic reply with the features of its texts; asked only about who has left."""

    redactor: TextRedactor = field(compare=False, repr=False)
    name: ClassVar[str] = "automatic reply of a leaver"


@dataclass(frozen=True, slots=True)
class ForwardingRules(Need[ForwardRules]):
    """Inbox rules that forward or redirect."""

    name: ClassVar[str] = "forwarding rules"


EXPORTED: tuple[type[Need[Any]], ...] = (
    FullAccess,
    HeldAccess,
    MailboxForwarding,
    ExportedHold,
    ExportedQuota,
)
"""Needs that no protocol answers; the nightly export of Exchange does."""
