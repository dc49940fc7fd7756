"""From settings to the sources of people: the directory, by LDAP or export, and personnel's feed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.config.load import Configuration
from mailbot.config.secrets import plain
from mailbot.directory.exclusion import Exclusion
from mailbot.directory.export import ExportedDirectory
from mailbot.directory.hr.feed import HrFeed
from mailbot.directory.people import PeopleDirectory
from mailbot.engine.breaker import Breaker
from mailbot.model.accounts import Directory
from mailbot.model.clock import Clock, SystemClock
from mailbot.model.errors import SettingsRefused
from mailbot.model.ids import ObjectGuid
from mailbot.model.restrictions import Restriction
from mailbot.ports import PersonnelFeed, Store

if TYPE_CHECKING:
    from mailbot.directory.ldap.session import Opener

WHOLE_READING = 15
"""How many times the wait for one answer a whole reading may last: the directory may be slow throughout."""


@dataclass(frozen=True, slots=True)
class Sources:
    """`personnel` is None where no feed is set."""

    directory: PeopleDirectory
    personnel: PersonnelFeed | None


def sources(found: Configuration, clock: Clock, store: Store, breaker: Breaker) -> Sources:
    """Nothing is read yet. `breaker` is that of the account for LDAP."""
    settings = found.settings
    feed = _feed(found, clock)

    def excluded() -> frozenset[ObjectGuid]:
        with store.begin() as work:
            return work.exclusions()

    def restrictions() -> Mapping[ObjectGuid, Restriction]:
        with store.begin() as work:
            return work.restrictions()

    directory = PeopleDirectory(
        _directory(found, clock, breaker),
        feed.read if feed else None,
        settings.people.accepted_domains,
        Exclusion.of(settings.people, settings.delivery.sender),
        excluded,
        restrictions,
        settings.people.service_accounts,
        clock,
        settings.organisation.zone,
        settings.organisation.language,
    )
    return Sources(directory, feed)


def also_wrong(export: Path | None) -> list[str]:
    """What is wrong with the export of the directory, so that who mends settings need not come back for it.
    Sound settings leave this to the first reading: it costs seconds."""
    try:
        if export is not None:
            ExportedDirectory(export, (), SystemClock()).read()
    except SettingsRefused as error:
        return [str(error)]
    return []


def _directory(found: Configuration, clock: Clock, breaker: Breaker) -> Callable[[], Directory]:
    people, ldap = found.settings.people, found.settings.ldap
    if people.directory == "export":
        max_age = timedelta(hours=people.directory_max_age_hours)
        return ExportedDirectory(people.directory_export, people.named_groups, clock, max_age).read
    from mailbot.directory.ldap.source import LdapDirectory

    each = float(ldap.deadline_seconds)
    whole = each * WHOLE_READING
    base = ldap.base or ""  # the settings are refused without one
    return LdapDirectory(
        _opener(found, clock, breaker, each, whole), ldap.servers, base, people.named_groups, clock, whole
    ).read


def _opener(found: Configuration, clock: Clock, breaker: Breaker, each: float, whole: float) -> "Opener":
    ldap = found.settings.ldap
    if ldap.auth == "kerberos" and ldap.keytab_file is not None:
        from mailbot.directory.ldap.kerberos import KerberosBind

        return KerberosBind(
            ldap.username or "", ldap.keytab_file, clock, breaker, ldap.ca_file, ldap.starttls, each, whole
        )
    from mailbot.directory.ldap.simple_bind import SimpleBind

    password = plain(found.secrets.ldap_password)
    return SimpleBind(ldap.username or "", password, clock, breaker, ldap.ca_file, ldap.starttls, each, whole)


def _feed(found: Configuration, clock: Clock) -> HrFeed | None:
    people = found.settings.people
    if people.hr_folder is None:
        return None
    return HrFeed(
        people.hr_folder,
        encoding=people.hr_encoding,
        separator=people.hr_separator,
        max_age=timedelta(days=people.hr_max_age_days),
        clock=clock,
        zone=found.settings.organisation.zone,
    )
