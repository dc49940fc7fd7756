"""A sent item while it is being looked at. None of these has a readable `repr`; they die inside the road.

What leaves the road is what a redactor answered: enums, counts and dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar


class RecipientKind(StrEnum):
    """What Exchange says that a recipient is (EWS MailboxTypeType)."""

    MAILBOX = "mailbox"
    GROUP = "group"
    CONTACT = "contact"
    ONE_OFF = "one_off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """`address` is the SMTP address as written, None when it could not be resolved to one.

    `members` are those of a group, nested groups already flattened; None when they could not be listed.
    """

    address: str | None
    kind: RecipientKind = RecipientKind.MAILBOX
    members: "tuple[Recipient, ...] | None" = None


@dataclass(frozen=True, slots=True, repr=False)
class AttachmentMark:
    """Name and content type of an attachment; its content is never asked for."""

    name: str
    content_type: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SentItem:
    """Headings of one item in Sent Items.

    `recipients` are To, Cc and Bcc together. `on_behalf` tells that it was sent in the name of another.
    `headers` are named properties of the internet headers that were asked for, names in lower case;
    `sensitivity` is one of Exchange's four words.
    """

    subject: str
    item_class: str = "IPM.Note"
    sensitivity: str = "Normal"
    sent: datetime | None = None
    on_behalf: bool = False
    recipients: tuple[Recipient, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attachments: tuple[AttachmentMark, ...] = ()


class Strength(StrEnum):
    """How surely a subject carries a label: at a label's place, or somewhere in a sentence."""

    STRONG = "strong"
    WEAK = "weak"


class Reach(StrEnum):
    """Whether it left the organisation."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    UNCLEAR = "unclear"


class Evidence(StrEnum):
    """What the sent copy and the channels prove about encryption."""

    SECURED = "secured"
    PLAIN = "plain"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class SentLabel:
    """All that is kept of a labelled item. `week` is the Monday of the local week in which it was sent."""

    strength: Strength
    reach: Reach
    evidence: Evidence
    week: date


@dataclass(frozen=True, slots=True)
class SubjectSearch:
    """What the server looks for: subjects with one of `fragments` and none of `without`, cases ignored."""

    fragments: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailSample:
    """A test mail that the administrator sent for the calibration. Nothing in it is about anybody."""

    client: str
    secure: bool
    item_class: str
    headers: Mapping[str, str]
    attachments: tuple[str, ...]
    tags: tuple[str, ...]
    sent: datetime | None = None


T = TypeVar("T")


class Keeping(Protocol[T]):
    """How answers of a redactor are kept until the next sweep, so that it reads only what is new. Pure."""

    @property
    def fingerprint(self) -> str:
        """Of all that the answers depend on beside the item, and of nothing else: while it stays the same,
        so does the answer about the same item."""

    def reads(self, item_class: str) -> bool:
        """Whether an item of this class may have an answer; for others nothing needs to be searched."""

    def settled(self, answer: T) -> bool:
        """False for an answer that somebody may mend: its day is read again at every sweep."""

    def write(self, answer: T) -> str:
        """A short text of enums and dates."""

    def read(self, text: str) -> T:
        """What `write` wrote. Raises ValueError for anything else."""


class SentRedactor(Protocol[T]):
    """Pure. Called item by item inside the road; only its answers leave it."""

    @property
    def search(self) -> SubjectSearch: ...

    @property
    def headers(self) -> tuple[str, ...]:
        """Named internet headers to ask for, in lower case."""

    @property
    def keeping(self) -> Keeping[T] | None:
        """None where no answer may be kept: then every sweep reads all."""

    def wants(self, subject: str, item_class: str, sensitivity: str) -> bool:
        """Whether the listed item is labelled at all; of others nothing more is asked."""

    def redact(self, item: SentItem) -> T | None:
        """None when the item is nobody's finding: a report, a meeting, sent for another, hands-off."""


class TextRedactor(Protocol):
    """Pure. Given the HTML or plain text of a signature or reply, says which features it has."""

    def features(self, text: str) -> frozenset[str]: ...
