"""What becomes of one drop: it is accepted, held or refused. Pure; nothing is kept or moved here."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailbot.directory.hr.content import Feed, read_feed
from mailbot.directory.hr.guards import Doubt, doubt, leavers
from mailbot.directory.hr.text import AUTO
from mailbot.model.employment import Employment
from mailbot.model.sources import Source, SourceState, Trouble

AHEAD = timedelta(days=1)
"""A drop that is dated further into the future comes from a clock that is wrong."""

LARGEST = 100 * 1024 * 1024
"""Bytes; a feed of 20,000 lines has two million."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How feeds are read: encoding and separator in the words of the settings, and the organisation's
    zone."""

    encoding: str
    separator: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Drop:
    """One file as the other system left it. `delivered` is when it was last written, aware. Of a file that is
    larger than LARGEST the rest is missing."""

    file: str
    delivered: datetime
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """A feed that mailbot keeps, and why. `sha256` is that of its content, which is gone (None) once its time
    is over; what was wrong with it (`trouble`, `says`) is told for as long as nothing better came. `left` are
    the leavers of all accepted feeds that were delivered on the local day `counted`, by last day: by number,
    for the guard."""

    delivered: datetime
    sha256: str
    rows: int
    encoding: str
    separator: str
    trouble: Trouble | None = None
    says: str = field(default="", repr=False)
    data: bytes | None = field(default=None, repr=False)
    counted: date | None = None
    left: Mapping[date, int] = field(default_factory=dict)

    def left_by(self, day: date) -> Mapping[date, int]:
        """Leavers of the feeds that were delivered on this day and accepted."""
        return self.left if self.counted == day else {}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The feed that is used, and the newest of those that are not."""

    accepted: Copy | None = None
    held: Copy | None = None
    refused: Copy | None = None

    def followed_by(self, drop: Drop, reading: Reading, now: datetime) -> "Ledger":
        """What is kept once this drop was looked at. It is judged against the last good feed, whatever is
        held."""
        used = self.accepted
        if len(drop.data) > LARGEST:
            large = f"It is larger than {LARGEST // 1024 // 1024} MB: no personnel feed is."
            return self._refusing(drop, large, min(drop.delivered, now))
        if drop.delivered - now > AHEAD:
            ahead = (
                "It is dated more than a day ahead: compare the clocks of the two machines (both need NTP)."
            )
            return self._refusing(drop, ahead, now)
        same = used is not None and digest(drop.data) == used.sha256
        if used is not None and drop.delivered < used.delivered and not same:
            stale = (
                f"It was written before the feed that is used ({_clock(used.delivered, reading.zone)}). "
                "If it is meant to replace it, let it be written again."
            )
            return self._refusing(drop, stale, drop.delivered)
        day = now.astimezone(reading.zone).date()
        feed, place = read_feed(drop.data, drop.file, day, reading.encoding, reading.separator)
        if feed is None:
            says = place.told("in the personnel feed; it is not used")
            kept = None if place.forbidden else drop.data
            return self._refusing(drop, says, drop.delivered, kept)
        if used is not None and same:
            newest = replace(drop, delivered=max(used.delivered, drop.delivered))
            return self._using(replace(_copy(newest, feed), counted=used.counted, left=used.left))
        since = used.delivered.astimezone(reading.zone).date() if used else None
        before = _people_before(used, now, reading)
        delivered_on = drop.delivered.astimezone(reading.zone).date()
        earlier = used.left_by(delivered_on) if used else {}
        reason = doubt(before, feed.employments, day, since, earlier)
        if reason is not None:
            return self._holding(_copy(drop, feed, reason))
        left = leavers(before or (), feed.employments, day) + Counter(earlier)
        return self._using(replace(_copy(drop, feed), counted=delivered_on, left=dict(left)))

    def _using(self, copy: Copy) -> "Ledger":
        return Ledger(copy, _newer(self.held, copy), _newer(self.refused, copy))

    def _holding(self, copy: Copy) -> "Ledger":
        if self.held is not None and self.held.delivered > copy.delivered:
            return self
        return Ledger(self.accepted, copy, _newer(self.refused, copy))

    def _refusing(self, drop: Drop, says: str, delivered: datetime, kept: bytes | None = None) -> "Ledger":
        """Only what was read as far as its header, and may be received, is kept for a look."""
        if self.refused is not None and self.refused.delivered > delivered:
            return self
        refused = Copy(delivered, digest(drop.data), 0, AUTO, AUTO, Trouble.REFUSED, says, kept)
        return replace(self, refused=refused)

    def with_held_accepted(self) -> "Ledger":
        """After an administrator let the held feed through."""
        if self.held is None:
            raise ValueError("nothing is held")
        return self._using(replace(self.held, trouble=None, says=""))

    def state(self, now: datetime, max_age: timedelta, zone: ZoneInfo) -> SourceState:
        """How personnel is as a source. What waits for an administrator comes first, then what came last and
        is not used, then the age."""
        used = self.accepted
        told: list[str] = []
        trouble: Trouble | None = None
        waiting = [copy for copy in (self.held, self.refused) if copy is not None]
        waiting.sort(key=lambda one: (one is self.held and one.data is not None, one.delivered), reverse=True)
        for copy in waiting:
            trouble = trouble or copy.trouble
            kept = "held" if copy is self.held else "refused"
            gone = (
                " Its copy was deleted: let it be written again."
                if kept == "held" and copy.data is None
                else ""
            )
            told.append(f"The drop of {_clock(copy.delivered, zone)} is {kept}. {copy.says}{gone}")
        if used is None:
            told.append(
                "There is no good personnel feed. Let personnel's system write one into that folder: "
                "deploy/directory/personnel-feed.md tells what stands in it."
            )
        elif now - used.delivered > max_age:
            trouble = trouble or Trouble.OLD
            days = (now - used.delivered).days
            told.append(f"Nothing good came for {days} days, since {_clock(used.delivered, zone)}.")
        elif trouble is not None:
            told.append(f"The last good feed is used: that of {_clock(used.delivered, zone)}.")
        return SourceState(
            Source.PERSONNEL, None if used is None else used.delivered, trouble, "\n\n".join(told)
        )


def people_of(copy: Copy, now: datetime, reading: Reading) -> tuple[Employment, ...]:
    """The people of a feed that was found good. Raises ValueError when it cannot be read any more; its text
    tells all of it."""
    day = now.astimezone(reading.zone).date()
    feed, place = read_feed(copy.data or b"", "kept/accepted.csv", day, copy.encoding, copy.separator)
    if feed is None:
        raise ValueError(place.told("in a feed that was read before; have settings changed since?"))
    return feed.employments


def _people_before(used: Copy | None, now: datetime, reading: Reading) -> tuple[Employment, ...] | None:
    """None when there was no good feed, or when settings have changed so that it can be read no longer."""
    try:
        return None if used is None else people_of(used, now, reading)
    except ValueError:
        return None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _copy(drop: Drop, feed: Feed, reason: Doubt | None = None) -> Copy:
    return Copy(
        delivered=drop.delivered,
        sha256=digest(drop.data),
        rows=feed.rows,
        encoding=feed.encoding,
        separator=feed.separator,
        trouble=reason.trouble if reason else None,
        says=reason.says if reason else "",
        data=drop.data,
    )


def _newer(other: Copy | None, copy: Copy) -> Copy | None:
    return other if other is not None and other.delivered > copy.delivered else None


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
