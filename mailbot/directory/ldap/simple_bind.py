"""Sign-in by name and password over TLS (a simple bind, RFC 4513 5.1.3), with ldap3."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ldap3
import structlog
from ldap3.core.exceptions import LDAPException

from mailbot.config import authorities
from mailbot.directory.entry import Entry
from mailbot.directory.ldap import trouble
from mailbot.directory.ldap.deadline import BoundedSocket, Deadline
from mailbot.directory.ldap.session import PAGE, Scope, Search
from mailbot.directory.ldap.sign_in import place_of, signing_in
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import Clock
from mailbot.model.errors import SettingsRefused

log = structlog.get_logger(__name__)

_STARTTLS = "1.3.6.1.4.1.1466.20037"
_PAGED = "1.2.840.113556.1.4.319"
_SCOPES = {Scope.BASE: ldap3.BASE, Scope.SUBTREE: ldap3.SUBTREE}

_BROKEN = (LDAPException, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What ldap3 raises on a lost connection, and what its decoder falls over when bytes are no LDAP."""


@dataclass(frozen=True, slots=True)
class SimpleBind:
    """Implements session.Opener. `each` and `whole` are the seconds of one call and of one session.

    `ca_file` stands in the place of the machine's authorities. With `starttls` a URL may be ldap://; without
    it that is refused, because the password would be readable on the way.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    clock: Clock
    breaker: Breaker
    ca_file: Path | None = None
    starttls: bool = False
    each: float = 15.0
    whole: float = 300.0

    def __call__(self, url: str) -> "Ldap3Session":
        """See session.Opener. Nothing is sent in the half hour after a refusal, see Breaker."""
        place = place_of(url)
        if place.scheme == "ldap" and not self.starttls:
            raise SettingsRefused(
                "[ldap] servers: ldap:// without [ldap] starttls = true would send the password in the open; "
                "use ldaps://"
            )
        if not self.username or not self.password:
            # a bind without a password is answered as a success, of nobody (RFC 4513, 5.1.2)
            raise SettingsRefused("[ldap] username and password_file: one of them is empty")
        self.breaker.check()
        deadline = Deadline(self.clock, self.each, self.whole)
        try:
            connection = _connected(place.host, place.port, deadline, self.username, self.password)
        except _BROKEN as error:
            raise trouble.lost(error) from None
        session = Ldap3Session(connection, deadline)
        with signing_in(session, self.breaker):
            if place.scheme == "ldap":
                session.ask_for_tls()
            session.encrypt(place.host, self.ca_file)
            session.sign_in()
        return session


class Ldap3Session:
    """Implements session.Session. `references` counts pointers to other partitions, which are not followed;
    `pages` those that were asked."""

    def __init__(self, connection: ldap3.Connection, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self.references = 0
        self.pages = 0

    def ask_for_tls(self) -> None:
        """StartTLS, RFC 4511 4.14, up to where the handshake begins."""
        self._deadline.next_call()
        try:
            self._connection.extended(_STARTTLS)
        except _BROKEN as error:
            raise trouble.lost(error) from None
        if code := self._result():
            raise trouble.no_starttls(code)

    def encrypt(self, host: str, ca_file: Path | None) -> None:
        """The handshake, by our own hand: ldap3 would check the host name with rules that Python has given
        up, and after the fact."""
        try:
            context = authorities.trust(ca_file)
        except OSError:
            raise trouble.no_authorities() from None
        self._deadline.next_call()
        try:
            self._connection.socket = self._connection.socket.encrypted(context, host)
        except OSError as error:
            raise trouble.no_handshake(error) from None

    def sign_in(self) -> None:
        self._deadline.next_call()
        try:
            self._connection.bind(read_server_info=False)
        except _BROKEN as error:
            raise trouble.lost(error) from None
        if code := self._result():
            raise trouble.refused_sign_in(code, str(self._connection.result.get("message", "")))

    def search(self, search: Search) -> Iterator[Entry]:
        cookie: bytes | None = None
        while True:
            found, cookie = self._page(search, cookie)
            yield from found
            if not cookie:
                return

    def close(self) -> None:
        if self.references:
            log.info("references to other partitions were left out", rows=self.references)
            self.references = 0
        self._deadline.next_call()
        try:
            self._connection.unbind()
        except _BROKEN:
            self._connection.strategy.close()

    def _page(self, search: Search, cookie: bytes | None) -> tuple[list[Entry], bytes | None]:
        """One page and where the next begins. An answer counts only when its end was seen and was success."""
        self._deadline.next_call()
        paged = search.scope is not Scope.BASE
        try:
            self._connection.search(
                search.base,
                search.filter,
                _SCOPES[search.scope],
                ldap3.DEREF_NEVER,
                list(search.attributes),
                paged_size=PAGE if paged else None,
                paged_criticality=True,
                paged_cookie=cookie,
            )
            self.pages += 1
            result, answers = self._connection.result, self._connection.response
            if result["result"] == 0:
                controls = result.get("controls") or {}
                next_page = controls[_PAGED]["value"]["cookie"] if paged else None
                found = [_entry(one) for one in answers if one["type"] == "searchResEntry"]
                self.references += sum(one["type"] == "searchResRef" for one in answers)
                return found, next_page
        except _BROKEN as error:
            raise trouble.lost(error) from None
        raise trouble.refused_search(int(result["result"]))

    def _result(self) -> int:
        result = self._connection.result
        return int(result["result"]) if isinstance(result, Mapping) and "result" in result else -1


def _connected(host: str, port: int, deadline: Deadline, username: str, password: str) -> ldap3.Connection:
    """To the first of the host's addresses that takes the call, bounded from its first byte."""
    last: BaseException = OSError("no address")
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        server = ldap3.Server(str(address[0]), port, get_info=ldap3.NONE, connect_timeout=deadline.left())
        connection = ldap3.Connection(
            server,
            username,
            password,
            auto_bind=ldap3.AUTO_BIND_NONE,
            client_strategy=ldap3.SYNC,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            read_only=True,
            raise_exceptions=False,
            return_empty_attributes=False,
            auto_escape=False,
        )
        try:
            connection.open(read_server_info=False)
        except LDAPException as error:
            last = error
            continue
        connection.socket = BoundedSocket(connection.socket, deadline)
        return connection
    raise last


def _entry(answer: dict[str, object]) -> Entry:
    dn, raw = answer["raw_dn"], answer["raw_attributes"]
    if not isinstance(dn, bytes | bytearray) or not isinstance(raw, Mapping):
        raise TypeError("not an entry")
    # of an attribute with very many values a server gives the first 1500, as `name;range=0-1499`; nobody has
    # that many of what is asked here, and some of them say more than none
    values = {
        str(name).lower().partition(";")[0]: tuple(map(bytes, many)) for name, many in raw.items() if many
    }
    return Entry(bytes(dn).decode("utf-8"), values)
