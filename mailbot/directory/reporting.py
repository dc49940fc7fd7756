"""Who reports to whom: every line upward comes to an end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mailbot.directory.joining import Joined, Numbers
from mailbot.directory.trust import trusted
from mailbot.model.accounts import Account
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment
from mailbot.model.facts import Known
from mailbot.model.ids import ObjectGuid
from mailbot.model.people import Person
from mailbot.model.sources import Attribute, Source


@dataclass(frozen=True, slots=True)
class Line:
    """What the sources say about somebody's manager. `own` tells that it is the person; `said`, that a source
    names somebody, with or without a mailbox."""

    manager: ObjectGuid | None = field(default=None, repr=False)
    source: Source | None = None
    own: bool = False
    said: bool = False


class Lines:
    """Finds managers, by the order of trust."""

    def __init__(
        self, accounts: Mapping[ObjectGuid, Account], records: Sequence[Employment], joined: Joined
    ) -> None:
        self._accounts = accounts
        self._records = records
        self._joined = joined
        self._numbers = Numbers(records)
        self._mailbox = {record.key: guid for guid, record in joined.records.items()}

    def of(self, account: Account) -> Line:
        """A source whose manager has no mailbox leaves the word to the next; one that names the person
        themselves does not."""
        record = self._joined.records.get(account.guid)
        key = (record.manager_key or "").strip() if record else ""
        said: dict[Source, ObjectGuid] = {}
        place = self._numbers.one(key)
        if place is not None and (by_key := self._mailbox.get(self._records[place].key)) is not None:
            said[Source.PERSONNEL] = by_key
        if account.manager is not None and self._may_manage(account.manager):
            said[Source.DIRECTORY] = account.manager
        word = trusted(Attribute.MANAGER, said)
        if word is None:
            return Line(said=bool(key) or account.has_manager or account.manager is not None)
        if word.value == account.guid:
            return Line(own=True, said=True)
        return Line(word.value, word.source, said=True)

    def _may_manage(self, guid: ObjectGuid) -> bool:
        """Whether this is a person's mailbox. A shared one is, when personnel knows whose it was."""
        account = self._accounts.get(guid)
        if account is None or guid in self._joined.admin:
            return False
        return guid in self._joined.records or account.kind is None or account.kind.personal


def unmanaged(
    persons: Mapping[ObjectGuid, Person],
    lines: Mapping[ObjectGuid, Line],
    in_doubt: Collection[ObjectGuid],
    today: date,
) -> list[Conflict]:
    """Who should have a manager and has none. Somebody of whom no source names one, and to whom others
    report, is the top of the house. Whose mailbox is in doubt has a conflict already."""
    have_reports = {line.manager for line in lines.values()}
    found: list[Conflict] = []
    for guid, person in persons.items():
        line = lines[guid]
        if line.own:
            found.append(Conflict(Clash.OWN_MANAGER, (guid,)))
            continue
        at_the_top = not line.said and guid in have_reports
        if line.manager is None and not at_the_top and guid not in in_doubt and _works(person, today):
            found.append(Conflict(Clash.NO_MANAGER, (guid,)))
    return found


def circles(named: Mapping[ObjectGuid, ObjectGuid]) -> list[tuple[ObjectGuid, ...]]:
    """Managers who in the end report to themselves, each circle once and in order. `named` gives the manager
    of each person who has one, never the person."""
    settled: set[ObjectGuid] = set()
    found: list[tuple[ObjectGuid, ...]] = []
    for start in named:
        path: dict[ObjectGuid, None] = {}
        here: ObjectGuid | None = start
        while here is not None and here not in settled and here not in path:
            path[here] = None
            here = named.get(here)
        if here is not None and here in path:
            line = list(path)
            found.append(tuple(sorted(line[line.index(here) :])))
        settled.update(path)
    return sorted(found)


def without_circles(
    named: Mapping[ObjectGuid, ObjectGuid], found: Iterable[tuple[ObjectGuid, ...]]
) -> dict[ObjectGuid, ObjectGuid]:
    """The managers of those who are in none of these circles."""
    inside = {guid for circle in found for guid in circle}
    return {guid: manager for guid, manager in named.items() if guid not in inside}


def _works(person: Person, today: date) -> bool:
    """A human being in service whose account is not known to be closed."""
    kind, enabled = person.recipient_type, person.enabled
    if not (isinstance(kind, Known) and kind.value.personal) or not person.in_service(today):
        return False
    return not isinstance(enabled, Known) or enabled.value
