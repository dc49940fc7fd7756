"""Which sent messages can tell whether somebody signs, and what they tell together.

Content: nothing in this version may ask for a message's text, and no road reads it. What is judged here is
what a decision could open one day. Practice, section on signatures, "not assessed": in doubt, not assessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from mailbot.model.mailbox import SignatureSample
from mailbot.model.sent import AttachmentMark, Reach
from mailbot.rules.mail.body_lines import Mark, lines, plain
from mailbot.rules.mail.quoted_text import own_text, quote_mark
from mailbot.rules.mail.signature_text import Seen, Sender, is_mobile, seen, signature_mark, typed

FEWEST_WORDS = 20
FEWEST_PLAIN_LINES = 4

_ENCRYPTED = (".p7m", ".rpmsg")
_AUTOMATIC = ("auto-submitted", "x-auto-response-suppress", "list-id", "x-scanner")
_MOBILE_PROGRAMS = ("iphone", "ipad", "android", "outlook-ios", "mobile")


class Assessed(Enum):
    """What one message tells."""

    SIGNED = auto()
    UNSIGNED = auto()
    NOTHING = auto()  # it cannot tell, or nobody should ask it


@dataclass(frozen=True, slots=True, repr=False)
class SentMessage:
    """A sent message with its text. It has no repr and lives as long as it is looked at.

    `hands_off` tells that its headings bear a word or a sensitivity that keeps everybody out;
    `first_of_mine` that the sender wrote nothing earlier in the conversation.
    """

    body: str
    reach: Reach = Reach.EXTERNAL
    item_class: str = "IPM.Note"
    sensitivity: str = "Normal"
    on_behalf: bool = False
    hands_off: bool = False
    first_of_mine: bool = True
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attachments: tuple[AttachmentMark, ...] = ()


def assess(message: SentMessage, sender: Sender) -> Assessed:
    """Pure, and safe for any body."""
    if not _may_be_asked(message):
        return Assessed.NOTHING
    shown = lines(message.body, _mark)
    own = own_text(shown)
    written = typed(own.lines)
    if own.below or is_mobile(own.lines):
        return Assessed.NOTHING
    if sum(len(line.text.split()) for line in written) < FEWEST_WORDS:
        return Assessed.NOTHING
    if "<" not in message.body and len(own.lines) < FEWEST_PLAIN_LINES:
        return Assessed.NOTHING
    match seen(own.lines, sender):
        case Seen.SIGNED:
            return Assessed.SIGNED
        case Seen.UNSIGNED:
            return Assessed.UNSIGNED
        case Seen.PICTURE:
            return Assessed.NOTHING


def sample(messages: Iterable[SentMessage], sender: Sender) -> SignatureSample:
    """All that is kept: two counts."""
    said = [assess(message, sender) for message in messages]
    lacking = said.count(Assessed.UNSIGNED)
    return SignatureSample(assessed=lacking + said.count(Assessed.SIGNED), lacking=lacking)


def _mark(tag: str, attributes: Mapping[str, str]) -> Mark | None:
    return quote_mark(tag, attributes) or signature_mark(tag, attributes)


def _may_be_asked(message: SentMessage) -> bool:
    """By its headings alone; of a message that may not be asked the text is not looked at."""
    headers = {name.lower(): plain(value) for name, value in message.headers.items()}
    encrypted = any(mark.name.lower().endswith(_ENCRYPTED) for mark in message.attachments)
    mobile = any(program in headers.get("x-mailer", "") for program in _MOBILE_PROGRAMS)
    return (
        message.reach is Reach.EXTERNAL
        and message.item_class.lower() == "ipm.note"
        and message.sensitivity.lower() == "normal"
        and message.first_of_mine
        and not (message.on_behalf or message.hands_off or encrypted or mobile)
        and not any(name in headers for name in _AUTOMATIC)
    )
