"""Active Directory as a source of accounts."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from threading import Lock

import structlog

from mailbot.directory.ad_values import Unusable, guid
from mailbot.directory.attributes import ATTRIBUTES, STORE_ATTRIBUTES, read_directory
from mailbot.directory.entry import Entry
from mailbot.directory.ldap.groups import members
from mailbot.directory.ldap.replica import replica
from mailbot.directory.ldap.session import Opener, Search, Session
from mailbot.directory.ldap.snapshot import Snapshot, read_changes, read_whole
from mailbot.model.accounts import Directory
from mailbot.model.clock import Clock
from mailbot.model.errors import SettingsRefused, Unreachable
from mailbot.model.ids import ObjectGuid

log = structlog.get_logger(__name__)

_CATALOG_PORTS = (":3268", ":3269")
_STORES = "(objectClass=msExchPrivateMDB)"


class LdapDirectory:
    """Reads mailboxes below `base`, their databases, and who is in `groups`, from the first of `servers` that
    answers.

    `servers` are URLs of domain controllers of one domain; `deadline` is how many seconds a whole reading may
    last. The first reading asks everything, a later one what changed; see snapshot. A reading that fails
    leaves what was known for the next one as it was.
    """

    def __init__(
        self,
        opener: Opener,
        servers: Sequence[str],
        base: str,
        groups: frozenset[str],
        clock: Clock,
        deadline: float,
    ) -> None:
        self._opener = opener
        self._servers = tuple(servers)
        self._base = base
        self._groups = groups
        self._clock = clock
        self._deadline = deadline
        self._last: Snapshot | None = None
        self._lock = Lock()

    def read(self) -> Directory:
        """Raises Unreachable when no server gave all of it in time; SignInRefused, after which no other
        server is tried, since all of them count the same account's refusals; SettingsRefused."""
        end = self._clock.monotonic() + self._deadline
        troubles: list[Unreachable] = []
        with self._lock:
            for url in self._servers:
                try:
                    return self._from(url, end)
                except Unreachable as error:
                    log.warning("a directory server was passed over", why=str(error))
                    troubles.append(error)
        if len(troubles) == 1:
            raise troubles[0]
        told = "; ".join(dict.fromkeys(str(trouble) for trouble in troubles))
        raise Unreachable(f"none of the {len(troubles)} directory servers gave a whole answer: {told}")

    def _from(self, url: str, end: float) -> Directory:
        if self._clock.monotonic() > end:
            raise self._too_late()
        if url.rstrip("/").endswith(_CATALOG_PORTS):
            raise SettingsRefused(
                "[ldap] servers: that port is the global catalog's, which keeps some of the attributes only: "
                "accounts would seem never to expire; leave the port out"
            )
        with closing(self._opener(url)) as opened:
            session = _Bounded(opened, self._clock, end, self._too_late())
            known = replica(session, self._base)  # before all else: what changes meanwhile is asked next time
            now = self._clock.now()
            fresh = None
            if self._last is not None:
                fresh = read_changes(session, self._base, known, now, self._last)
            if fresh is None:
                fresh = read_whole(session, self._base, known, now)
            places = f"CN=Services,{known.configuration}"
            stores = list(session.search(Search(places, _STORES, STORE_ATTRIBUTES)))
            inside = members(session, self._groups, known.domain, self._base)
        entries = (*stores, *fresh.entries())
        asked = frozenset(name.lower() for name in (*ATTRIBUTES, *STORE_ATTRIBUTES))
        directory = read_directory(entries, asked, dict(_by_guid(inside.items())), now)
        if not directory.accounts:
            # what an account may not see is left out without a word; a house without mailboxes there is not
            raise SettingsRefused(
                "[ldap] base: below it is no mailbox that can be used; is it the right place, and may the "
                "service account read what stands there?"
            )
        self._last = fresh
        return directory

    def _too_late(self) -> Unreachable:
        return Unreachable(
            f"reading the directory was given up after {self._deadline:g} seconds; "
            "see [ldap] deadline_seconds"
        )


def _by_guid(
    inside: Iterable[tuple[bytes, frozenset[str]]],
) -> Iterator[tuple[ObjectGuid, frozenset[str]]]:
    for raw, names in inside:
        try:
            yield guid((raw,)), names
        except Unusable:
            continue  # its entry is counted as broken


class _Bounded:
    """A session whose searches end when the time for all of them is up, page by page as it may come."""

    def __init__(self, session: Session, clock: Clock, end: float, too_late: Unreachable) -> None:
        self._session = session
        self._clock = clock
        self._end = end
        self._too_late = too_late

    def search(self, search: Search) -> Iterator[Entry]:
        if self._clock.monotonic() > self._end:
            raise self._too_late
        for entry in self._session.search(search):
            yield entry
            if self._clock.monotonic() > self._end:
                raise self._too_late

    def close(self) -> None:
        self._session.close()
