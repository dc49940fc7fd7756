"""Who is in the groups that the settings name, also through groups inside them."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from mailbot.directory.ad_values import plain
from mailbot.directory.entry import Entry
from mailbot.directory.exclusion import folded
from mailbot.directory.names import FoldedDn, fold_dn
from mailbot.model.ids import ObjectGuid

NAMES = ("cn", "samaccountname", "displayname")
"""Attributes by which settings may name a group."""


def named(group: Entry, names: Collection[str]) -> frozenset[str]:
    """Those of `names`, as the settings write them, that this group carries. Raises Unusable."""
    told = folded({name for attribute in NAMES for name in _texts(group.values.get(attribute, ()))})
    return frozenset(name for name in names if not told.isdisjoint(folded([name])))


def members(
    groups: Iterable[Entry], names: Collection[str], holders: Mapping[FoldedDn, ObjectGuid]
) -> dict[ObjectGuid, frozenset[str]]:
    """The groups of `names` by everybody in them. `holders` gives mailboxes by their name in the directory.

    A member that is a group among `groups` stands for its members; groups that hold each other end. Raises
    Unusable for a group with a name or member that cannot be read: somebody might not be left out.
    """
    inside: dict[FoldedDn, set[FoldedDn]] = {}
    roots: dict[str, set[FoldedDn]] = {}
    for group in groups:
        dn = fold_dn(group.dn)
        inside.setdefault(dn, set()).update(fold_dn(name) for name in _texts(group.values.get("member", ())))
        for name in named(group, names):
            roots.setdefault(name, set()).add(dn)
    found: dict[ObjectGuid, set[str]] = {}
    for name, start in roots.items():
        for dn in _reached(start, inside):
            if dn in holders:
                found.setdefault(holders[dn], set()).add(name)
    return {guid: frozenset(groups) for guid, groups in found.items()}


def _reached(start: Collection[FoldedDn], inside: Mapping[FoldedDn, Collection[FoldedDn]]) -> set[FoldedDn]:
    reached = set(start)
    waiting = deque(start)
    while waiting:
        for dn in inside.get(waiting.popleft(), ()):
            if dn not in reached:
                reached.add(dn)
                waiting.append(dn)
    return reached


def _texts(values: Sequence[bytes]) -> list[str]:
    """Raises Unusable. An empty text is nobody's name."""
    return [text for value in values if (text := plain(value))]
