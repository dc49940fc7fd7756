"""Readings of the tests' domain controller, watched."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mailbot.directory.entry import Entry
from mailbot.directory.ldap.session import Scope, Search, Session
from mailbot.directory.ldap.simple_bind import Ldap3Session, SimpleBind
from mailbot.directory.ldap.source import LdapDirectory
from mailbot.engine.breaker import Breaker
from mailbot.model.accounts import Account
from mailbot.model.clock import SetClock, SystemClock
from tests.contract.domain_controller import PEOPLE, DomainController
from tests.contract.ldap_people import dn_of, guid_of, ldif, person
from tests.contract.roads import Memory

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Watched:
    """A session that remembers what it was asked, and can say that its server is another one."""

    def __init__(self, session: Ldap3Session, watch: "Watch") -> None:
        self._session = session
        self._watch = watch

    def search(self, search: Search) -> Iterator[Entry]:
        self._watch.asked.append(search)
        for entry in self._session.search(search):
            if "invocationid" in entry.values and self._watch.other_server:
                yield Entry(entry.dn, {"invocationid": (bytes(16),)})
            else:
                yield entry

    def close(self) -> None:
        self._watch.pages += self._session.pages
        self._session.close()


class Watch:
    """An opener. `asked` are the questions and `pages` how often the server was asked for one."""

    def __init__(self, dc: DomainController, memory: Memory) -> None:
        clock = SystemClock()
        breaker = Breaker(clock, lambda: memory.text, memory.remember, "The directory")
        self.bind = SimpleBind(dc.username, dc.password, clock, breaker, dc.ca_file)
        self.asked: list[Search] = []
        self.pages = 0
        self.other_server = False

    def __call__(self, url: str) -> Session:
        return Watched(self.bind(url), self)

    def whole(self) -> bool:
        """Whether everything was asked of everybody, since the last time this was called."""
        asked, self.asked = self.asked, []
        return any("employeeID" in one.attributes and "uSNChanged" not in one.filter for one in asked)


@dataclass
class Corner:
    """A unit of the domain with people and groups of its own, so that tests can share a server."""

    dc: DomainController
    watch: Watch
    number: int

    @property
    def unit(self) -> str:
        return f"OU=Proef{self.number},{PEOPLE}"

    @property
    def team(self) -> str:
        return f"OU=Team,{self.unit}"

    @property
    def inner(self) -> str:
        return f"Binnen{self.number}"

    @property
    def secret(self) -> str:
        return f'Geheim (OR) {self.number}, "afdeling"'

    def dn(self, name: str, unit: str | None = None) -> str:
        return dn_of(f"{name}-{self.number}", unit or self.unit)

    def guid(self, name: str) -> str:
        return str(guid_of(f"{name}-{self.number}"))

    def person(self, name: str, unit: str | None = None, **values: str) -> str:
        return person(f"{name}-{self.number}", unit or self.unit, **values)

    def load(self, *entries: str) -> None:
        self.dc.load(ldif(*entries))

    def reader(self, *urls: str, base: str | None = None, deadline: float = 60) -> LdapDirectory:
        named = frozenset({self.secret})
        servers = urls or (self.dc.url,)
        return LdapDirectory(self.watch, servers, base or self.unit, named, SetClock(NOW), deadline)

    def read(self, directory: LdapDirectory) -> dict[str, Account]:
        """By first name."""
        return {account.login.partition("-")[0]: account for account in directory.read().accounts}

    def value(self, dn: str, attribute: str) -> bytes:
        session = self.watch.bind(self.dc.url)
        [entry] = session.search(Search(dn, "(objectClass=*)", (attribute,), Scope.BASE))
        session.close()
        return entry.values[attribute.lower()][0]

    def patience(self, seconds: float) -> None:
        """From here on, of one call."""
        self.watch.bind = replace(self.watch.bind, each=seconds)
