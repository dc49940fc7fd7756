"""How far the Sent Items of one mailbox were read, and what was answered, day by day.

Holds enums, dates, moments and the server's own sync state: no subject, no correspondent, no id of an item.
Answers are kept per local day of sending. A day that is read again replaces its answers, so nothing is
counted twice.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

VERSION = 1
LONGEST = 64 * 1024
"""Bytes of a bookmark that the store takes."""

LONGEST_STATE = 40 * 1024
"""Characters of a sync state that is kept. Exchange's are some hundreds; one of this length is no help."""

MOST = 1_000_000
"""Equal answers of one day; a larger number was not written here."""

OVERLAP = timedelta(days=3)
"""How far before the last search the next one begins while no folder sync tells what came in late: mail of a
Friday that left Outlook's outbox on Monday."""

WHOLE = timedelta(days=7)
"""How often all days are read again while no folder sync tells what came in late: then what came in later
still is found within a week, in time to be told of."""


@dataclass(slots=True)
class Bookmark:
    """`since` is the first local day that is covered. Answers in `days` are those of all mail sent before
    `unread`, of all mail when that is None. `begun` is when the last search began, `whole` when the
    last one of all days did; `searching` tells that it did not come to its end, which is at `unread`.

    `state` is the sync state: empty where none can be used. `caught_up` tells that the server has shown all
    changes up to now, and those that count are in `unread`.
    """

    fingerprint: str
    since: date
    zone: ZoneInfo
    unread: datetime | None
    begun: datetime | None = None
    whole: datetime | None = None
    searching: bool = False
    days: dict[date, Counter[str]] = field(default_factory=dict)
    state: str = ""
    caught_up: bool = False

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def read_again(self, day: date) -> None:
        """From that day on, or from the first that is covered."""
        start = self.midnight(max(day, self.since))
        if self.unread is None or start < self.unread:
            self.unread, self.searching = start, False

    def read_all_again(self) -> None:
        self.read_again(self.since)

    def lose_track(self) -> None:
        """From here on nothing tells what comes in late."""
        self.state, self.caught_up = "", False

    def doubt_state(self) -> None:
        """The server does not know any more what it has shown: then nobody knows what was missed."""
        self.lose_track()
        self.read_all_again()

    def begin(self, now: datetime) -> datetime | None:
        """From which moment of sending on a search must read; None when it would find nothing new.

        A search that did not come to its end goes on where it was.
        """
        start = self.midnight(self.since)
        if self.searching and self.unread is not None:
            self.unread = max(self.unread, start)
            return self.unread
        if not self.caught_up and self.begun is not None:
            if self.whole is None or now - self.whole >= WHOLE:
                self.read_all_again()
            self.read_again(self.day(self.begun) - OVERLAP)
        self.begun = now
        if self.unread is None:
            return None
        self.unread, self.searching = max(self.unread, start), True
        if self.unread == start:
            self.whole = now
        first = self.day(self.unread)
        self.days = {day: answers for day, answers in self.days.items() if day < first}
        return self.unread

    def add(self, sent: datetime, answer: str) -> None:
        self.days.setdefault(self.day(sent), Counter())[answer] += 1

    def finish(self) -> None:
        self.unread, self.searching = None, False

    def text(self) -> str:
        days = {day.isoformat(): dict(answers) for day, answers in sorted(self.days.items())}
        kept = {
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "since": self.since.isoformat(),
            "unread": self.unread and self.unread.isoformat(),
            "begun": self.begun and self.begun.isoformat(),
            "whole": self.whole and self.whole.isoformat(),
            "searching": self.searching,
            "days": days,
            "state": self.state,
            "caught_up": self.caught_up,
        }
        return json.dumps(kept, separators=(",", ":"))


def opened(
    text: str | None,
    fingerprint: str,
    since: date,
    zone: ZoneInfo,
    now: datetime,
    answer: Callable[[str], object],
) -> Bookmark:
    """The bookmark for this question: what was kept as far as it still answers it. `answer` raises
    ValueError for what is the text of no answer.

    Nothing of an unreadable text is used. Answers are dropped, and all days read again, when they depend on
    what has changed since, when days are asked for that they do not cover, and when the clock was set back.
    """
    fresh = Bookmark(fingerprint, since, zone, None)
    fresh.read_all_again()
    if text is None:
        return fresh
    try:
        bookmark = _parsed(json.loads(text), zone)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return fresh
    usable = (
        bookmark.fingerprint == fingerprint
        and bookmark.since <= since
        and bookmark.begun is not None
        and bookmark.begun <= now
        and _all_answers(bookmark, answer)
    )
    bookmark.fingerprint, bookmark.since = fingerprint, since
    bookmark.days = {day: answers for day, answers in bookmark.days.items() if day >= since}
    if not usable:
        bookmark.days.clear()
        bookmark.unread, bookmark.searching = fresh.unread, False
        bookmark.begun = bookmark.whole = None
    return bookmark


def _all_answers(bookmark: Bookmark, answer: Callable[[str], object]) -> bool:
    try:
        for texts in bookmark.days.values():
            for text in texts:
                answer(text)
    except ValueError:
        return False
    return True


def _parsed(kept: Any, zone: ZoneInfo) -> Bookmark:
    """Raises ValueError, LookupError or TypeError for what `Bookmark.text` did not write."""
    if kept["version"] != VERSION:
        raise ValueError("another version")
    days = {
        date.fromisoformat(day): Counter({_text(answer): _count(count) for answer, count in answers.items()})
        for day, answers in _table(kept["days"]).items()
    }
    return Bookmark(
        _text(kept["fingerprint"]),
        date.fromisoformat(kept["since"]),
        zone,
        _moment(kept["unread"]),
        _moment(kept["begun"]),
        _moment(kept["whole"]),
        bool(kept["searching"]),
        days,
        _text(kept["state"]),
        bool(kept["caught_up"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 1 <= value <= MOST:
        raise ValueError("not a count")
    return value


def _table(value: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(row, dict) for row in value.values()):
        raise ValueError("not a table")
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(UTC)
