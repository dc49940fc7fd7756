"""Sent items through a redactor, item by item: only what it answers leaves this module."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailbot.exchange.ews import sent_calls
from mailbot.exchange.ews.access_calls import next_page
from mailbot.exchange.ews.address_book import FOR_GOOD, AddressBook, Entry, Group
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.readers import Element, T, moment, text_of
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.sent import AttachmentMark, Recipient, RecipientKind, SentItem, SentRedactor

R = TypeVar("R")

PAGES = 50
"""Ten thousand labelled items of one person: then the server repeats itself."""

CUT_AT = 255
"""Characters of a string that FindItem shows (article "FindItem operation"): what is longer is cut off."""

FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def through(call: Callable[[], R]) -> R:
    """What a redactor answers. A fault in it is told without what it was looking at."""
    try:
        return call()
    except FAULTS:
        trouble = EwsTrouble(Reason.RULE_FAILED, "redactor")
    raise trouble  # out here it carries no context: that would keep the item in memory


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the Sent Items of a mailbox. `deadline` is monotonic."""

    box: Box
    book: AddressBook
    deadline: float

    def answers(self, since: date, zone: ZoneInfo, redactor: SentRedactor[R]) -> tuple[R, ...]:
        """All that the redactor answers about items sent from local midnight of `since` on.

        Raises EwsTrouble when one of them cannot be read: part of an answer is none.
        """
        search = redactor.search
        if not search.fragments:
            return ()
        start = datetime.combine(since, time(), zone).astimezone(UTC)
        found: list[R] = []
        seen: set[str] = set()
        offset = 0
        for _ in range(PAGES):
            page = sent_calls.find(self.box, start, search, offset, self.deadline)
            wanted = [id_ for id_ in self._wanted(page, redactor) if id_ not in seen]
            seen.update(wanted)
            for item in sent_calls.headings(self.box, wanted, redactor.headers, self.deadline):
                sent = self._sent_item(item)
                answer = through(lambda sent=sent: redactor.redact(sent))  # type: ignore[misc]
                if answer is not None:
                    found.append(answer)
            following = next_page(page, offset)
            if following is None:
                return tuple(found)
            offset = following
        raise EwsTrouble(Reason.ANSWER_BROKEN, "endless")

    def _wanted(self, page: Element, redactor: SentRedactor[R]) -> Iterator[str]:
        """Ids of the items that are labelled. A subject that may be cut off is read in full first."""
        cut = []
        for item in page.iterfind(f"{T}Items/*"):
            if len(item.findtext(T + "Subject") or "") >= CUT_AT:
                cut.append(sent_calls.item_id(item))
            elif _wants(item, redactor):
                yield sent_calls.item_id(item)
        items = sent_calls.listed(self.box, cut, self.deadline)
        for id_, item in zip(cut, items, strict=True):
            if _wants(item, redactor):
                yield id_

    def _sent_item(self, item: Element) -> SentItem:
        sent = item.findtext(T + "DateTimeSent") or item.findtext(T + "DateTimeCreated")
        return SentItem(
            subject=item.findtext(T + "Subject") or "",
            item_class=text_of(item, T + "ItemClass"),
            sensitivity=text_of(item, T + "Sensitivity"),
            sent=moment(sent) if sent else None,
            on_behalf=self._on_behalf(item),
            recipients=tuple(
                self._recipient(mailbox)
                for kind in ("To", "Cc", "Bcc")
                for mailbox in item.iterfind(f"{T}{kind}Recipients/{T}Mailbox")
            ),
            headers=MappingProxyType(dict(_headers(item))),
            attachments=tuple(_attachments(item)),
        )

    def _on_behalf(self, item: Element) -> bool:
        """Whether it is not the owner's own: sent as or on behalf of somebody else, or by somebody else.

        From must be the owner's address, and so must Sender where it is shown. What cannot be resolved to an
        address is not the owner's, and neither is a second address of the owner, which nobody here knows:
        then it is nobody's finding, which is the careful side.
        """
        author, sender = (item.find(f"{T}{field}/{T}Mailbox") for field in ("From", "Sender"))
        own = author is not None and self._owner(author) and (sender is None or self._owner(sender))
        return not own

    def _owner(self, who: Element) -> bool:
        address = self.book.entry(self.box, who, self.deadline).address
        return address is not None and address.casefold() == self.box.primary_smtp_address.casefold()

    def _recipient(self, mailbox: Element) -> Recipient:
        entry = self.book.entry(self.box, mailbox, self.deadline)
        if entry.kind is not RecipientKind.GROUP:
            return _person(entry)
        try:
            group = self._group(entry, mailbox)
        except EwsTrouble as trouble:
            if trouble.reason not in FOR_GOOD:
                raise
            group = None
        return Recipient(entry.address, RecipientKind.GROUP, _members(group))

    def _group(self, entry: Entry, mailbox: Element) -> Group | None:
        if entry.address is not None:
            return self.book.group(self.box, entry.address, self.deadline)
        id_ = mailbox.find(T + "ItemId")
        if id_ is None or not id_.get("Id"):
            return None
        return self.book.private_group(self.box, id_.get("Id", ""), self.deadline)


def _wants(item: Element, redactor: SentRedactor[R]) -> bool:
    subject = item.findtext(T + "Subject") or ""
    item_class, sensitivity = text_of(item, T + "ItemClass"), text_of(item, T + "Sensitivity")
    return through(lambda: redactor.wants(subject, item_class, sensitivity))


def _person(entry: Entry) -> Recipient:
    return Recipient(entry.address, entry.kind)


def _members(group: Group | None) -> tuple[Recipient, ...] | None:
    """None when nobody could be listed; where only a part could, one more member is somebody unknown."""
    if group is None or not group.members:
        return None
    members = tuple(map(_person, group.members))
    return members if group.complete else (*members, Recipient(None, RecipientKind.UNKNOWN))


def _headers(item: Element) -> Iterator[tuple[str, str]]:
    for extended in item.iterfind(T + "ExtendedProperty"):
        uri = extended.find(T + "ExtendedFieldURI")
        value = extended.findtext(T + "Value")
        if uri is not None and uri.get("PropertyName") and value is not None:
            yield uri.get("PropertyName", "").lower(), value


def _attachments(item: Element) -> Iterator[AttachmentMark]:
    for attachment in item.iterfind(f"{T}Attachments/*"):
        yield AttachmentMark(
            (attachment.findtext(T + "Name") or "").strip(),
            (attachment.findtext(T + "ContentType") or "").strip(),
        )
