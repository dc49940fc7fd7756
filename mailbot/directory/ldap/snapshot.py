"""What a domain controller last said of each mailbox, so that next time only what changed has to be asked.

Three kinds of value go out of date without the number of changes (uSNChanged) of their own entry rising:
where an entry stands (a unit above it was renamed or moved), what its links name (their target was renamed,
moved or deleted), and what the service account may see. So places and links are read of every entry each
time, and all of every entry once a day.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailbot.directory.attributes import ATTRIBUTES
from mailbot.directory.entry import Entry
from mailbot.directory.ldap.filters import mailboxes
from mailbot.directory.ldap.replica import Replica
from mailbot.directory.ldap.session import Search, Session

WHOLE_AFTER = timedelta(days=1)
_LINKS = ("manager", "homeMDB", "altRecipient", "publicDelegates", "msExchDelegateListLink")
_IDENTITY = "objectGUID"
_OWN = tuple(name for name in ATTRIBUTES if name not in _LINKS)
_LINK_KEYS = frozenset(name.lower() for name in _LINKS)

Values = Mapping[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All mailboxes below a base. It lives in memory only: what is stored of people is under a key.

    `count` and `usn` tell up to which change it goes; `whole_at` is when everything was last read, aware.
    `own` holds the values of each entry, without links, by objectGUID; `places` the name and the links.
    """

    count: str
    usn: int
    whole_at: datetime
    own: Mapping[bytes, Values] = field(repr=False)
    places: Mapping[bytes, Entry] = field(repr=False)

    def entries(self) -> Iterator[Entry]:
        for guid, place in self.places.items():
            yield Entry(place.dn, {**self.own[guid], **place.values})


def read_whole(session: Session, base: str, replica: Replica, now: datetime) -> Snapshot:
    """Everything of every mailbox."""
    own: dict[bytes, Values] = {}
    places: dict[bytes, Entry] = {}
    for entry in session.search(Search(base, mailboxes(), ATTRIBUTES)):
        for guid in entry.values.get(_IDENTITY.lower(), ()):
            own[guid] = _without_links(entry)
            places[guid] = _links_only(entry)
    return Snapshot(replica.count, replica.usn, now, own, places)


def read_changes(
    session: Session, base: str, replica: Replica, now: datetime, last: Snapshot
) -> Snapshot | None:
    """What `last` has become. None when that cannot be told and all must be read: another count of changes,
    one that runs backwards, a day gone by, or a mailbox that came in sight without having been changed."""
    if replica.count != last.count or replica.usn < last.usn or not now - last.whole_at < WHOLE_AFTER:
        return None
    if now < last.whole_at:
        return None
    places: dict[bytes, Entry] = {}
    for entry in session.search(Search(base, mailboxes(), (_IDENTITY, *_LINKS))):
        for guid in entry.values.get(_IDENTITY.lower(), ()):
            places[guid] = _links_only(entry)
    changed: dict[bytes, Values] = {}
    for entry in session.search(Search(base, mailboxes(f"(uSNChanged>={last.usn + 1})"), _OWN)):
        for guid in entry.values.get(_IDENTITY.lower(), ()):
            changed[guid] = _without_links(entry)
    if not places.keys() <= last.own.keys() | changed.keys():
        return None
    own = {guid: changed[guid] if guid in changed else last.own[guid] for guid in places}
    return Snapshot(replica.count, replica.usn, last.whole_at, own, places)


def _without_links(entry: Entry) -> Values:
    # thousands of entries share one text for each attribute
    return {sys.intern(name): values for name, values in entry.values.items() if name not in _LINK_KEYS}


def _links_only(entry: Entry) -> Entry:
    values = {sys.intern(name): values for name, values in entry.values.items() if name in _LINK_KEYS}
    return Entry(entry.dn, values)
