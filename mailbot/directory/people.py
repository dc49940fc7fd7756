"""The directory port: accounts and personnel made into people, without those who are left out.

Whoever is left out is gone from everything that is told or counted. Conflicts that would show by what is
missing from them that somebody is left out are not told at all.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailbot.config.domains import read_domains
from mailbot.config.problems import report
from mailbot.directory.carriers import Carriers
from mailbot.directory.exclusion import Exclusion
from mailbot.directory.merge import House, Merged, merge, nobodys, ordered
from mailbot.directory.reporting import circles, without_circles
from mailbot.model import accounts
from mailbot.model.accounts import Language
from mailbot.model.clock import Clock
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import People, Person
from mailbot.model.restrictions import Restriction
from mailbot.model.sources import Source, SourceState

T = TypeVar("T")

Feed = tuple[tuple[Employment, ...], SourceState]
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class PeopleDirectory:
    """Everything is read anew for every run. `read_personnel` is None where there is no personnel feed;
    `excluded` and `restrictions` are those of single persons, from the store."""

    def __init__(
        self,
        read_directory: Callable[[], accounts.Directory],
        read_personnel: Callable[[], Feed] | None,
        domains_file: Path,
        exclusion: Exclusion,
        excluded: Callable[[], frozenset[ObjectGuid]],
        restrictions: Callable[[], Mapping[ObjectGuid, Restriction]],
        service_accounts: tuple[str, ...],
        clock: Clock,
        zone: ZoneInfo = AMSTERDAM,
        language: Language = Language.NL,
    ) -> None:
        self._read_directory = read_directory
        self._read_personnel = read_personnel
        self._domains_file = domains_file
        self._exclusion = exclusion
        self._excluded = excluded
        self._restrictions = restrictions
        self._service_accounts = service_accounts
        self._clock = clock
        self._zone = zone
        self._language = language

    def people(self) -> People:
        """Raises SettingsRefused with all errors of all sources at once, or what a source raises that does
        not answer."""
        wrong: list[str] = []
        domains = _tried(self._domains, wrong)
        directory = _tried(self._read_directory, wrong)
        feed = _tried(self._read_personnel, wrong) if self._read_personnel else ((), None)
        if domains is None or directory is None or feed is None:
            raise SettingsRefused("\n\n".join(wrong))
        employments, state = feed
        now = self._clock.now()
        house = House(domains, self._service_accounts, self._language, self._zone)
        merged = merge(directory, employments, house, now, state.as_of if state else None)
        everybody = {**merged.persons, **merged.apart}
        gone = self._gone(merged, everybody, Carriers.of(directory.accounts))
        restrictions = self._restrictions()
        paused = _with_second(merged, _of(restrictions, Restriction.PAUSED)) - gone
        limited = _with_second(merged, _of(restrictions, Restriction.SETTINGS_ONLY))
        hidden = gone | paused
        seen = {g: m for g, m in merged.named.items() if g not in hidden and m not in hidden}
        round_ = circles(seen)
        managers = without_circles(seen, round_)

        def told(guid: ObjectGuid) -> Person:
            person = merged.persons[guid]
            if merged.named.get(guid) in hidden:
                person = nobodys(person)
            only = guid in limited or self._exclusion.limits(person, merged.units.get(guid, ()))
            manager = managers.get(guid)
            if (person.manager, person.settings_only) == (manager, only):
                return person
            return replace(person, manager=manager, settings_only=only)

        return People(
            by_guid=MappingProxyType({guid: told(guid) for guid in merged.persons if guid not in hidden}),
            accepted_domains=domains,
            read_at=directory.read_at,
            unmatched_groups=self._exclusion.unmatched(everybody.values(), merged.units),
            colleagues=merged.colleagues,
            set_aside=MappingProxyType({guid: told(guid) for guid in merged.persons if guid in paused}),
            conflicts=self._told(merged, hidden, round_),
            sources=(source_state(directory), *((state,) if state else ())),
            unmatched=sum(not self._left_out(missing.employment) for missing in merged.missing),
        )

    def guid_of(self, address: Address) -> ObjectGuid | None:
        """By the directory alone: an exclusion can be lifted while personnel's feed is refused."""
        return Carriers.of(self._read_directory().accounts).holders.get(address)

    def _domains(self) -> frozenset[str]:
        domains, problems = read_domains(self._domains_file, self._domains_file.name)
        if problems:
            raise SettingsRefused(report(problems))
        return domains

    def _gone(
        self, merged: Merged, everybody: Mapping[ObjectGuid, Person], carriers: Carriers
    ) -> set[ObjectGuid]:
        """An address that is written in the settings stays that of the mailbox when it is called otherwise
        since, and has it beside a new one."""
        excluded = set(self._excluded())
        for address in self._exclusion.addresses:
            holder = carriers.holders.get(address)
            excluded |= carriers.all_.get(address, frozenset()) if holder is None else {holder}
        gone = {
            guid
            for guid, person in everybody.items()
            if guid in excluded or self._exclusion.covers(person, merged.units.get(guid, ()))
        }
        return _with_second(merged, gone)

    def _left_out(self, employment: Employment) -> bool:
        return self._exclusion.covers_unit(employment.unit) or employment.address in self._exclusion.addresses

    def _told(
        self, merged: Merged, hidden: Collection[ObjectGuid], round_: Collection[tuple[ObjectGuid, ...]]
    ) -> tuple[Conflict, ...]:
        told = [Conflict(Clash.MANAGER_CIRCLE, guids) for guids in round_]
        told += [
            Conflict(Clash.NO_MAILBOX)
            for missing in merged.missing
            if missing.names_address and not self._left_out(missing.employment)
        ]
        for conflict in merged.conflicts:
            if conflict.clash in (Clash.MANAGER_CIRCLE, Clash.NO_MAILBOX):
                continue
            left = tuple(guid for guid in conflict.mailboxes if guid not in hidden)
            half = len(left) == 1 and len(conflict.mailboxes) > 1  # it would tell of the other half
            if left and not half:
                told.append(Conflict(conflict.clash, left))
        return ordered(told)


def source_state(directory: accounts.Directory) -> SourceState:
    """How the directory is, in words for the administrator."""
    says = ""
    if directory.broken:
        entries = "1 entry" if directory.broken == 1 else f"{directory.broken} entries"
        says = (
            f"{entries} of the directory could not be used: an address, a GUID or another value is not what "
            "its attribute can hold"
        )
    return SourceState(Source.DIRECTORY, directory.read_at, None, says)


def _of(restrictions: Mapping[ObjectGuid, Restriction], kind: Restriction) -> set[ObjectGuid]:
    return {guid for guid, found in restrictions.items() if found is kind}


def _with_second(merged: Merged, guids: Collection[ObjectGuid]) -> set[ObjectGuid]:
    """With the other mailboxes of people who may have several: what holds for one of them, holds for all."""
    found = set(guids)
    for conflict in merged.conflicts:
        if conflict.clash is Clash.SECOND_MAILBOX and not found.isdisjoint(conflict.mailboxes):
            found.update(conflict.mailboxes)
    return found


def _tried(read: Callable[[], T], wrong: list[str]) -> T | None:
    try:
        return read()
    except SettingsRefused as refused:
        wrong.append(str(refused))
        return None
