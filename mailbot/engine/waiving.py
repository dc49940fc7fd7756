"""Who is left alone by a waiver, and whose waivers end soon. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from mailbot.model.ids import Address, ObjectGuid, RuleId
from mailbot.model.people import People
from mailbot.policy.waivers import Waiver

AHEAD = timedelta(days=14)
"""How long before the last day its owner hears of it."""

TOGETHER = timedelta(days=7)
"""What ends so soon after one that its owner must hear of, is told in the same letter."""


def waived(waivers: Sequence[Waiver], people: People, day: date) -> Mapping[RuleId, frozenset[ObjectGuid]]:
    """The people whom a rule leaves alone on this day. A waiver for an address of nobody does nothing."""
    by_address = {person.address: person.guid for person in people.by_guid.values()}
    found: dict[RuleId, set[ObjectGuid]] = {}
    for waiver in waivers:
        guid = by_address.get(waiver.address)
        if guid is not None and waiver.holds(day):
            found.setdefault(waiver.rule, set()).add(guid)
    return {rule: frozenset(guids) for rule, guids in found.items()}


def in_force(waivers: Sequence[Waiver], day: date) -> Mapping[RuleId, int]:
    """How many waivers hold, by rule: of the file, whoever the mailboxes belong to. To count those of people
    would tell whoever knows the file that somebody is left out."""
    rules = [waiver.rule for waiver in waivers if waiver.holds(day)]
    return {rule: rules.count(rule) for rule in sorted(set(rules))}


def ending(waivers: Sequence[Waiver], day: date) -> Mapping[Address, tuple[Waiver, ...]]:
    """Which waivers each owner must hear of, in the order in which they end. One that goes on in a next one
    does not end. Nobody is in it of whom no waiver ends within 14 days."""
    found: dict[Address, list[Waiver]] = {}
    for waiver in waivers:
        if day <= waiver.until and not any(waiver.goes_on_in(other) for other in waivers):
            found.setdefault(waiver.owner_address, []).append(waiver)
    return {
        owner: tuple(sorted((w for w in theirs if w.until <= day + AHEAD + TOGETHER), key=_by_end))
        for owner, theirs in found.items()
        if min(waiver.until for waiver in theirs) <= day + AHEAD
    }


def _by_end(waiver: Waiver) -> tuple[date, str, str]:
    return waiver.until, waiver.rule, waiver.address.value
