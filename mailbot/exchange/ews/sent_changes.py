"""SyncFolderItems on Sent Items as a change feed: whether anything came in since last time, and sent when.

Asks ids, classes and dates, never a subject. Deletions and read flags are passed over: what was sent was
sent. Article: "SyncFolderItems operation" of Microsoft's EWS reference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from exchangelib.services import SyncFolderItems

from mailbot.exchange.ews.calls import Element, M, Raw, T, _ask, distinguished, el, only
from mailbot.exchange.ews.connection import Box
from mailbot.exchange.ews.item_calls import shape
from mailbot.exchange.ews.readers import moment
from mailbot.exchange.ews.sent_bookmark import LONGEST_STATE, Bookmark
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

PAGE = 512
"""Changes of one page: the most that the schema allows."""

PAGES = 20
"""Pages of one visit. Ten thousand items: most folders are caught up with in one visit, and one of 400,000
in forty, at some seconds each. Until then every search has an overlap instead."""

DATED = ("item:ItemClass", "item:DateTimeSent", "item:DateTimeCreated")
STALE = frozenset({"ErrorInvalidSyncStateData", "ErrorSyncFolderNotFound", "ErrorCorruptData"})
"""Response codes that speak of the state, or of the folder that it was given for."""

WITHOUT = frozenset({Reason.OPERATION_MISSING, Reason.SERVER_FAILED, Reason.ANSWER_BROKEN, Reason.TIMED_OUT})
"""Troubles with which a visit goes on without sync: they may be of this operation alone."""


class _SyncFolderItems(Raw, SyncFolderItems):  # type: ignore[misc]
    pass


class StateUnusable(Exception):
    """The server refuses the state, gives none, or gives the same one for ever."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes. `oldest` is the local day on which the oldest mail in it was sent, None when it
    shows nothing new; `last` tells that nothing follows."""

    state: str
    last: bool
    oldest: date | None


def sync(box: Box, state: str, deadline: float) -> Element:
    """SyncFolderItems in Sent Items. Gives its response message; an empty `state` asks for everything.

    Raises StateUnusable when the server does not take the state.
    """
    payload = el(
        "m:SyncFolderItems",
        shape(DATED),
        el("m:SyncFolderId", distinguished(box, "sentitems")),
        *([el("m:SyncState", text=state)] if state else []),
        el("m:MaxChangesReturned", text=str(PAGE)),
    )
    try:
        return only(_ask(_SyncFolderItems(account=box), box.line, payload, deadline))
    except EwsTrouble as trouble:
        if trouble.code not in STALE:
            raise
    raise StateUnusable


def follow(
    box: Box,
    bookmark: Bookmark,
    reads: Callable[[str], bool],
    keep: Callable[[], None],
    deadline: Callable[[], float | None],
) -> None:
    """Bring the bookmark up to what the folder holds now, by `PAGES` pages at most; `keep` after each.

    `deadline` gives the moment (monotonic) until which the next page may take, None when there is no time
    for one. When a state turns out unusable all is read again, and one more begin is made. When the server
    cannot answer this question, the next visit asks it again from where this one was.
    """
    begun_anew = not bookmark.state
    for _ in range(PAGES):
        until = deadline()
        if until is None:
            return
        try:
            page = read_page(sync(box, bookmark.state, until), bookmark, reads)
        except StateUnusable:
            bookmark.doubt_state()
            keep()
            if begun_anew:
                return
            begun_anew = True
            continue
        except EwsTrouble as trouble:
            if trouble.reason not in WITHOUT:
                raise
            bookmark.caught_up = False
            return
        if page.oldest is not None:
            bookmark.read_again(page.oldest)
        if len(page.state) > LONGEST_STATE:
            bookmark.lose_track()
        else:
            bookmark.state, bookmark.caught_up = page.state, page.last
        keep()
        if page.last or not bookmark.state:
            return


def read_page(message: Element, bookmark: Bookmark, reads: Callable[[str], bool]) -> Page:
    """Raises StateUnusable when no next page could be asked for."""
    state = (message.findtext(M + "SyncState") or "").strip()
    last = (message.findtext(M + "IncludesLastItemInRange") or "").strip() in ("true", "1")
    if not state or (not last and state == bookmark.state):
        raise StateUnusable
    sent = [
        _day(item, bookmark)
        for change in ("Create", "Update")
        for item in message.iterfind(f"{M}Changes/{T}{change}/*")
        if reads((item.findtext(T + "ItemClass") or "").strip())
    ]
    return Page(state, last, min((day for day in sent if day >= bookmark.since), default=None))


def _day(item: Element, bookmark: Bookmark) -> date:
    """The local day of sending; the first that is covered when the server does not tell."""
    text = item.findtext(T + "DateTimeSent") or item.findtext(T + "DateTimeCreated")
    try:
        return bookmark.day(moment(text)) if text else bookmark.since
    except (EwsTrouble, OverflowError):
        return bookmark.since
