"""Looks into the service mailbox through EWS: what came in, by class and headers; copies of our own letters.

A report of delivery is the only thing of which more is read than that: what became of which letter, from its
MIME text, in memory. What people wrote is listed, counted as such and left as it is, unread.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from mailbot.engine.breaker import Breaker
from mailbot.exchange.delivery_report import LARGEST, Action, DeliveryReport, read_report
from mailbot.exchange.ews import inbox_calls, letter_calls
from mailbot.exchange.ews.connection import Server
from mailbot.exchange.ews.inbox_calls import AT_ONCE, BY_NAME, Listed
from mailbot.exchange.ews.own_mailbox import OwnMailbox
from mailbot.model.errors import Unreachable
from mailbot.model.ids import Address
from mailbot.model.incoming import Incoming, IncomingKind
from mailbot.model.message_id import letter_of

TRIES = 4
PATIENCE = 120.0
"""Seconds that one look may last in all."""

DELETE_BATCH = 50

_BY_ACTION = {
    Action.FAILED: IncomingKind.BOUNCE,
    Action.DELAYED: IncomingKind.DELAY,
    Action.OTHER: IncomingKind.AUTOMATIC,
}
_REPLIES = ("ipm.note.rules.ooftemplate", "ipm.note.rules.replytemplate")


class EwsServiceMailbox(OwnMailbox):
    """Implements ports.ServiceMailbox over a connection of its own. For one thread at a time."""

    def __init__(self, server: Server, mailbox: Address, breaker: Breaker) -> None:
        super().__init__(server, mailbox, breaker)
        self._address = mailbox

    def incoming(self, since: datetime) -> Iterator[Incoming]:
        until = time.monotonic() + PATIENCE
        offset, last = 0, False
        while not last:
            if time.monotonic() >= until:
                raise Unreachable("Exchange answers too slowly to look through the service mailbox")
            page, last = self._ask(self._page(since, offset), TRIES)
            offset += len(page)
            reports = self._reports([item for item in page if _is_report(item)])
            for item in page:
                yield reports.get(item.reference) or self._plain(item)

    def copies(self, message_ids: Collection[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        wanted = sorted(set(message_ids))
        for first in range(0, len(wanted), BY_NAME):
            names = wanted[first : first + BY_NAME]
            copies = self._ask(partial(inbox_calls.find_copies, self._box, names), TRIES)
            for message_id, reference in copies:
                if message_id in names:
                    found.setdefault(message_id, reference)
        return found

    def delete(self, references: Collection[str]) -> int:
        """A request without an answer is not sent again: the caller looks once more."""
        gone, wanted = 0, sorted(set(references))
        for first in range(0, len(wanted), DELETE_BATCH):
            batch = wanted[first : first + DELETE_BATCH]
            gone += self._ask(partial(letter_calls.delete_for_good, self._box, batch))
        return gone

    def _page(self, since: datetime, offset: int) -> "partial[tuple[list[Listed], bool]]":
        return partial(inbox_calls.list_inbox, self._box, since, offset)

    def _plain(self, item: Listed) -> Incoming:
        kind = IncomingKind.OTHER
        if self._ours([item.message_id]) is not None:
            kind = IncomingKind.COPY
        elif _is_automatic(item):
            kind = IncomingKind.AUTOMATIC
        about = item.message_id if kind is IncomingKind.COPY else None
        return Incoming(item.reference, kind, item.received, about)

    def _reports(self, items: Sequence[Listed]) -> dict[str, Incoming]:
        """What the reports of delivery on one page say, by reference. The text of those that name another
        mail than ours is not asked for, nor of those that are too long."""
        if not items:
            return {}
        named = self._ask(
            partial(inbox_calls.referring, self._box, [item.reference for item in items]), TRIES
        )
        readable = [
            item.reference
            for item in items
            if item.size is not None
            and item.size <= LARGEST
            and item.reference in named
            and (not named[item.reference] or self._ours(named[item.reference]) is not None)
        ]
        texts: dict[str, bytes] = {}
        for first in range(0, len(readable), AT_ONCE):
            batch = readable[first : first + AT_ONCE]
            texts |= self._ask(partial(inbox_calls.report_texts, self._box, batch), TRIES)
        return {
            item.reference: self._told(
                item, self._ours(named.get(item.reference, ())), texts.get(item.reference)
            )
            for item in items
        }

    def _told(self, item: Listed, referred: str | None, text: bytes | None) -> Incoming:
        """By the report itself. Where it cannot be read, by the class that Exchange gave it and the letter
        that its headers name."""
        report = None if text is None else read_report(text, self._address.value)
        if report is None:
            report = DeliveryReport(_action(item.item_class), "", referred)
        about = self._ours([report.about or ""]) or (referred if report.about is None else None)
        if referred is not None and about != referred:
            about = None  # it contradicts itself
        return Incoming(item.reference, _BY_ACTION[report.action], item.received, about, report.status)

    def _ours(self, message_ids: Sequence[str]) -> str | None:
        """The first Message-ID among these that a letter of ours could have."""
        return next((one for one in message_ids if letter_of(one, self._address) is not None), None)


def _is_report(item: Listed) -> bool:
    """Of delivery: by its class, or by its headers where the server gave it none. Receipts are none."""
    words = item.item_class.casefold().split(".")
    if words[0] == "report":
        return words[-1] in ("ndr", "dr")
    kind = item.headers.get("content-type", "").casefold().replace(" ", "")
    return kind.startswith("multipart/report") and "delivery-status" in kind


def _action(item_class: str) -> Action:
    """By the class alone (MS-OXCMAIL 2.2.3.7.1.1)."""
    words = item_class.casefold().split(".")
    if words[0] != "report":
        return Action.OTHER
    if words[-1] == "ndr":
        return Action.FAILED
    return Action.DELAYED if words[-2:] == ["delayed", "dr"] else Action.OTHER


def _is_automatic(item: Listed) -> bool:
    """RFC 3834, 5; classes of the automatic replies of Exchange: MS-OXORULE. Receipts are automatic too."""
    item_class = item.item_class.casefold()
    submitted = item.headers.get("auto-submitted", "no").partition(";")[0].strip().casefold()
    return item_class.startswith((*_REPLIES, "report.")) or submitted != "no"
