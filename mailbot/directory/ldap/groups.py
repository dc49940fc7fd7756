"""Who is in the groups that the settings name, through however many other groups."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from mailbot.directory.entry import Entry
from mailbot.directory.exclusion import folded
from mailbot.directory.ldap.filters import IN_CHAIN, any_of, escaped, mailboxes
from mailbot.directory.ldap.session import Search, Session

_NAMES = ("cn", "sAMAccountName", "displayName")
_AT_ONCE = 100
"""Conditions in one question."""


def members(
    session: Session, names: frozenset[str], domain: str, base: str
) -> Mapping[bytes, frozenset[str]]:
    """By objectGUID, the groups that a mailbox below `base` is in, as the settings write them. The groups
    themselves may stand anywhere in `domain`.

    Asked anew at every reading: `memberOf` is a back link, and one that changes leaves the number of changes
    of its user as it was. The server follows the chain (filters.IN_CHAIN). A user's primary group is in no
    `memberOf`, so it is asked for apart.
    """
    found: dict[bytes, set[str]] = defaultdict(set)
    for group, called in _named(session, names, domain):
        for guid in _inside(session, group, domain, base):
            found[guid] |= called
    return {guid: frozenset(called) for guid, called in found.items()}


def _named(session: Session, names: frozenset[str], domain: str) -> Iterator[tuple[Entry, frozenset[str]]]:
    """Groups by one of these names. The server compares more loosely than we do, so its answer is sifted."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for form in folded((name,)):
            wanted[form].add(name)
    wanted.pop("", None)
    groups: dict[str, tuple[Entry, set[str]]] = {}
    conditions = [
        f"({attribute}={escaped(unicodedata.normalize('NFKC', name).strip())})"
        for form in sorted(wanted)
        for name in sorted(wanted[form])
        for attribute in _NAMES
    ]
    for some in _portions(conditions):
        question = Search(domain, f"(&(objectClass=group){any_of(some)})", ("objectSid", *_NAMES))
        for entry in session.search(question):
            own = [value for name in _NAMES for value in entry.values.get(name.lower(), ())]
            forms = folded([value.decode("utf-8", "replace") for value in own])
            called = {name for form in forms & wanted.keys() for name in wanted[form]}
            if called:
                groups.setdefault(entry.dn, (entry, set()))[1].update(called)
    for entry, called in groups.values():
        yield entry, frozenset(called)


def _inside(session: Session, group: Entry, domain: str, base: str) -> Iterator[bytes]:
    """objectGUIDs of the mailboxes in the group, some of them twice."""
    chain = f"(memberOf:{IN_CHAIN}:={escaped(group.dn)})"
    nested = list(session.search(Search(domain, f"(&(objectClass=group){chain})", ("objectSid",))))
    primary = [f"(primaryGroupID={number})" for number in _relative_ids([group, *nested])]
    for some in _portions([chain, *primary]):
        for entry in session.search(Search(base, mailboxes(any_of(some)), ("objectGUID",))):
            yield from entry.values.get("objectguid", ())


def _relative_ids(groups: Iterable[Entry]) -> list[int]:
    """The last part of each objectSid, which is what primaryGroupID holds (MS-DTYP 2.4.2.2)."""
    sids = (value for group in groups for value in group.values.get("objectsid", ()))
    return sorted({int.from_bytes(sid[-4:], "little") for sid in sids if len(sid) > 8})


def _portions(conditions: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(conditions), _AT_ONCE):
        yield conditions[start : start + _AT_ONCE]
