"""Which reader answers which need, apart from those about free/busy, which are asked for many at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mailbot.exchange.ews import access_calls, calls, readers
from mailbot.exchange.ews.access_readers import delegate_access, folder_access
from mailbot.exchange.ews.address_book import AddressBook
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.rule_readers import forward_rules, reply_rules
from mailbot.exchange.ews.sent_items import Reading, Shelf, through
from mailbot.exchange.ews.signatures import signature_setting
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model import needs
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.mailbox import (
    AccessList,
    ForwardRules,
    LeaverReply,
    Membership,
    ReplyRules,
    ReplySetting,
    SignatureSetting,
    Size,
)
from mailbot.model.needs import Need
from mailbot.ports import Bookmarks, NoBookmarks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """Of which mailbox, until when (monotonic), in whose zone days begin, and what time it is. `book` and
    `bookmarks` are the run's."""

    guid: ObjectGuid
    box: Box
    deadline: float
    zone: ZoneInfo
    book: AddressBook
    bookmarks: Bookmarks
    now: datetime


def _size(asking: Asking, _need: needs.MailboxSize) -> Size:
    folders: list[tuple[str, str, str | None, int | None, bool]] = []
    while True:
        page = readers.FolderPage(calls.find_folders(asking.box, len(folders), asking.deadline))
        folders += page.folders
        if page.last:
            break
        if not page.folders or page.next_offset != len(folders):
            raise readers.broken()  # pages that overlap or leave gaps cannot be summed
    if page.total != len(folders) or len({own for own, *_ in folders}) != len(folders):
        raise readers.broken()
    left_out = next((own for own, _, name, *_ in folders if name == "recoverableitemsroot"), None)
    if left_out is None:
        left_out = calls.folder_id(asking.box, "recoverableitemsroot", asking.deadline)
    return Size(*readers.tree_size(folders, left_out))


def _reply(asking: Asking, _need: needs.AutomaticReply) -> ReplySetting:
    return readers.reply_setting(calls.oof_settings(asking.box, asking.deadline))


def _rules(asking: Asking, _need: needs.InboxReplyRules) -> ReplyRules:
    return reply_rules(calls.inbox_rules(asking.box, asking.deadline))


def _inbox(asking: Asking, _need: needs.InboxAccess) -> AccessList:
    return folder_access(access_calls.inbox(asking.box, asking.deadline))


def _delegates(asking: Asking, _need: needs.OutlookDelegates) -> AccessList:
    return delegate_access(access_calls.delegates(asking.box, asking.deadline))


def _group(asking: Asking, need: needs.GroupMembers) -> Membership:
    return asking.book.membership(asking.box, need.address, asking.deadline)


def _private_folders(asking: Asking, need: needs.PrivateFolderAccess) -> int:
    """Only folders that certainly somebody else may read are counted."""
    words = [word for word in need.words if word]
    if not words:
        return 0
    ids = access_calls.folders_named(asking.box, words, asking.deadline)
    owner = Address(asking.box.primary_smtp_address)
    shared = 0
    for folder in access_calls.folders(asking.box, ids, asking.deadline):
        access = folder_access(folder)
        shared += access.everyone or bool(access.grants - {owner})
    return shared


def _signature(asking: Asking, need: needs.SignatureSettings) -> SignatureSetting:
    options = access_calls.user_options(asking.box, asking.deadline)
    return signature_setting(options, need.redactor)


def _sent(asking: Asking, need: needs.SentLabels | needs.SentSamples) -> tuple[Any, ...]:
    reading = Reading(asking.box, asking.book, asking.deadline, asking.zone, asking.now)
    marks, whose = asking.bookmarks, (asking.guid, need.name)
    # A road that remembers nothing need not follow the folder either.
    shelf = (
        None
        if isinstance(marks, NoBookmarks)
        else Shelf(partial(marks.recall, *whose), partial(marks.keep, *whose))
    )
    return reading.answers(need.since, need.redactor, shelf)


def _leaver_reply(asking: Asking, need: needs.ReplyOfLeaver) -> LeaverReply:
    def read(box: Box) -> LeaverReply:
        response = calls.oof_settings(box, asking.deadline)
        inside, outside = readers.reply_texts(response)
        return LeaverReply(
            readers.reply_setting(response),
            through(lambda: need.redactor.features(inside)) if inside else frozenset(),
            through(lambda: need.redactor.features(outside)) if outside else frozenset(),
        )

    return _or_as_ourselves(asking.box, read)


def _forwarding(asking: Asking, _need: needs.ForwardingRules) -> ForwardRules:
    def read(box: Box) -> ForwardRules:
        return forward_rules(calls.inbox_rules(box, asking.deadline))

    return _or_as_ourselves(asking.box, read)


def _or_as_ourselves(box: Box, read: Callable[[Box], T]) -> T:
    """Read in the owner's name; where that does not do, once more as the service account itself.

    Nobody can be impersonated whose account is closed, and full access may have been given to us. When
    that does not do either, the first trouble is told: it says what is wrong with the mailbox.
    """
    try:
        return read(box)
    except EwsTrouble as met:
        if not box.impersonates or met.reason not in NOT_IN_ITS_NAME:
            raise
        first = EwsTrouble(met.reason, met.code, met.rest)
    try:
        return read(box.as_ourselves())
    except EwsTrouble as met:
        if met.reason not in NOT_IN_ITS_NAME | {Reason.MAILBOX_MISSING}:
            raise
    raise first


NOT_IN_ITS_NAME = frozenset({Reason.MAILBOX_DISABLED, Reason.ACCESS_DENIED})
"""Why a mailbox does not open in the name of its owner, and may in ours."""

ALSO_WHEN_DISABLED: frozenset[type[Need[Any]]] = frozenset({needs.ReplyOfLeaver, needs.ForwardingRules})
"""Needs that are asked as ourselves where the owner cannot be impersonated."""

READERS: Mapping[type[Need[Any]], Callable[[Asking, Any], Any]] = {
    needs.MailboxSize: _size,
    needs.AutomaticReply: _reply,
    needs.InboxReplyRules: _rules,
    needs.InboxAccess: _inbox,
    needs.OutlookDelegates: _delegates,
    needs.GroupMembers: _group,
    needs.PrivateFolderAccess: _private_folders,
    needs.SignatureSettings: _signature,
    needs.SentLabels: _sent,
    needs.SentSamples: _sent,
    needs.ReplyOfLeaver: _leaver_reply,
    needs.ForwardingRules: _forwarding,
}
