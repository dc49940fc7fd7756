"""Sent items through a redactor, item by item: only what it answers leaves this module."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from time import monotonic
from types import MappingProxyType
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from mailbot import __version__
from mailbot.exchange.ews import sent_calls
from mailbot.exchange.ews.access_calls import next_page
from mailbot.exchange.ews.address_book import FOR_GOOD, AddressBook, Entry, Group
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.readers import Element, T, moment, text_of
from mailbot.exchange.ews.sent_bookmark import LONGEST, Bookmark, opened
from mailbot.exchange.ews.sent_changes import follow
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason
from mailbot.model.sent import AttachmentMark, Keeping, Recipient, RecipientKind, SentItem, SentRedactor

R = TypeVar("R")

PAGES = 50
"""Ten thousand labelled items of one person: then the server repeats itself."""

SHARE = 1 / 4
"""Part of the time that following the folder may take."""

ITEMS = f"{T}Items/*"

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
class Page(Generic[R]):
    """The answers of one page with the moments of sending. All mail sent before `upto` is answered, by this
    page and those before it; all mail when that is None."""

    answers: tuple[tuple[datetime, R], ...]
    upto: datetime | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the bookmark of this mailbox and question lies."""

    recall: Callable[[], str | None]
    put: Callable[[str], None]

    def keep(self, bookmark: Bookmark) -> None:
        """One that is too long is not kept: then the last one stays, from which the same is found again."""
        text = bookmark.text()
        if len(text) <= LONGEST:
            self.put(text)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the Sent Items of a mailbox at the moment `now`. `deadline` is monotonic."""

    box: Box
    book: AddressBook
    deadline: float
    zone: ZoneInfo
    now: datetime

    def answers(self, since: date, redactor: SentRedactor[R], shelf: Shelf | None) -> tuple[R, ...]:
        """All that the redactor answers about items sent from local midnight of `since` on.

        What the bookmark on the shelf tells is not read again; it is kept anew after every page. Without a
        shelf, or for a redactor whose answers may not be kept, all is read. Raises EwsTrouble when one item
        cannot be read: part of an answer is none.
        """
        if not redactor.search.fragments:
            return ()
        keeping = redactor.keeping
        if keeping is None or shelf is None:
            start = datetime.combine(since, time(), self.zone).astimezone(UTC)
            return tuple(answer for page in self._pages(start, redactor) for _, answer in page.answers)
        bookmark = opened(
            shelf.recall(), self._fingerprint(keeping), since, self.zone, self.now, keeping.read
        )
        self._follow(bookmark, keeping, shelf)
        return self._continued(bookmark, redactor, keeping, shelf)

    def _fingerprint(self, keeping: Keeping[R]) -> str:
        """The program counts too, with its words and marks, and whose mail it is: what somebody sent under
        an earlier address looks like another's."""
        parts = (__version__, keeping.fingerprint, self.zone.key, self.box.primary_smtp_address.casefold())
        return sha256("\n".join(parts).encode()).hexdigest()

    def _follow(self, bookmark: Bookmark, keeping: Keeping[R], shelf: Shelf) -> None:
        """Nothing rests on having caught up, so it gets a part of the time and the search gets the rest."""
        start = monotonic()
        until = start + (self.deadline - start) * SHARE
        follow(
            self.box,
            bookmark,
            lambda item_class: through(lambda: keeping.reads(item_class)),
            lambda: shelf.keep(bookmark),
            lambda: self.deadline if monotonic() < until else None,
        )

    def _continued(
        self, bookmark: Bookmark, redactor: SentRedactor[R], keeping: Keeping[R], shelf: Shelf
    ) -> tuple[R, ...]:
        """Mail of the very second at which a page ends may go on behind it: that waits for the next page."""
        start = bookmark.begin(self.now)
        waiting: list[tuple[datetime, str]] = []
        for page in self._pages(start, redactor) if start is not None else ():
            waiting += [(sent, _written(keeping, answer)) for sent, answer in page.answers]
            for sent, text in waiting:
                if page.upto is None or sent < page.upto:
                    bookmark.add(sent, text)
            if page.upto is not None:
                waiting = [(sent, text) for sent, text in waiting if sent >= page.upto]
                bookmark.unread = page.upto
                shelf.keep(bookmark)
        bookmark.finish()
        found: list[R] = []
        for day, texts in sorted(bookmark.days.items()):
            answers = [keeping.read(text) for text in texts.elements()]
            if not all(map(keeping.settled, answers)):
                bookmark.read_again(day)
            found += answers
        shelf.keep(bookmark)
        return tuple(found)

    def _pages(self, start: datetime, redactor: SentRedactor[R]) -> Iterator[Page[R]]:
        """By moment of sending, oldest first, each page from the last moment of the one before; by offset
        only where one whole page was sent within one second. `start` is a whole second."""
        key, offset = start, 0
        known: set[str] = set()
        for _ in range(PAGES):
            root = sent_calls.find(self.box, key, redactor.search, offset, self.deadline)
            listed = [(_second(item), sent_calls.item_id(item), item) for item in root.iterfind(ITEMS)]
            moments = [sent for sent, _, _ in listed]
            if moments != sorted(moments) or any(sent < key for sent in moments[:1]):
                raise EwsTrouble(Reason.ANSWER_BROKEN, "order")
            new = {id_: (sent, item) for sent, id_, item in listed if id_ not in known}
            following = next_page(root, offset)
            if following is None:
                yield Page(tuple(self._redacted(new, redactor)), None)
                return
            if moments and moments[-1] > key:
                key, offset, known = moments[-1], 0, set()
            else:
                offset = following
            known.update(id_ for sent, id_, _ in listed if sent == key)
            yield Page(tuple(self._redacted(new, redactor)), key)
        raise EwsTrouble(Reason.ANSWER_BROKEN, "endless")

    def _redacted(
        self, listed: Mapping[str, tuple[datetime, Element]], redactor: SentRedactor[R]
    ) -> Iterator[tuple[datetime, R]]:
        wanted = list(self._wanted({id_: item for id_, (_, item) in listed.items()}, redactor))
        items = sent_calls.headings(self.box, wanted, redactor.headers, self.deadline)
        for id_, item in zip(wanted, items, strict=True):
            sent = self._sent_item(item)
            answer = through(lambda sent=sent: redactor.redact(sent))  # type: ignore[misc]
            if answer is not None:
                yield listed[id_][0], answer

    def _wanted(self, listed: Mapping[str, Element], redactor: SentRedactor[R]) -> Iterator[str]:
        """Ids of the items that are labelled. A subject that may be cut off is read in full first."""
        cut = []
        for id_, item in listed.items():
            if len(item.findtext(T + "Subject") or "") >= CUT_AT:
                cut.append(id_)
            elif _wants(item, redactor):
                yield id_
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


def _second(item: Element) -> datetime:
    """When a listed item was sent, by the second, which is as the server compares it."""
    return moment(text_of(item, T + "DateTimeSent")).replace(microsecond=0)


def _written(keeping: Keeping[R], answer: R) -> str:
    return through(lambda: keeping.write(answer))


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
