"""One worker's connection to EWS: its own exchangelib Protocol, one socket, a deadline on every call.

exchangelib's own pool is not used: it deadlocks when throttled, and its cache hands out one Protocol for
equal credentials. Retries are ours as well (its policy retries 401, which locks accounts).
"""

import logging
import math
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from exchangelib import (
    BASIC,
    DELEGATE,
    IMPERSONATION,
    NTLM,
    UTC,
    Build,
    Configuration,
    Credentials,
    Version,
)
from exchangelib.account import Identity
from exchangelib.protocol import FailFast, Protocol
from exchangelib.transport import NOAUTH
from exchangelib.util import is_xml
from requests.auth import AuthBase
from requests_ntlm import HttpNtlmAuth

from mailbot.exchange.ews.door import door_of, heed
from mailbot.exchange.ews.keep_alive import Session
from mailbot.exchange.ews.kerberos import KerberosAuth, Keytab, tickets_of
from mailbot.exchange.ews.modern_auth import App, BearerAuth, tokens_of
from mailbot.exchange.ews.trouble import EARLIER, EwsTrouble, HttpTrouble, from_exception
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.exchange.ews.wire import Proxy, prepare, tapped_by
from mailbot.model.facts import Reason

USER_AGENT = "mailbot"
HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "Accept-Encoding": "gzip, deflate",
}

# exchangelib logs whole requests and answers, with people's mail in them; the others log what signs us in
for _name in ("exchangelib", "spnego", "msal"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
    logging.getLogger(_name).propagate = False


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to sign in. `password` is never shown. `build` is major and minor, as in 15.2.

    `auth` is basic or ntlm, with user name and password; kerberos, with `keytab`; or modern, with `app`.
    """

    endpoint: str
    auth: str
    username: str
    password: str = field(repr=False)
    impersonate: bool
    build: tuple[int, int] = (15, 2)
    ca_file: Path | None = None
    request_deadline: float = 60.0
    keytab: Keytab | None = None
    app: App | None = None
    proxy: Proxy | None = None


class Strict(FailFast):  # type: ignore[misc]
    """Never retry, never put an answer's text into an error."""

    def raise_response_errors(self, response: requests.Response) -> None:
        if response.status_code == 200:
            return
        if response.status_code == 500 and response.content and is_xml(response.content):
            return
        raise HttpTrouble(response.status_code, rest_asked(response), credentials_sent(response))


def rest_asked(response: requests.Response) -> float | None:
    """Seconds of Retry-After (RFC 9110): a number, or a date that is held against the server's own clock."""
    asked = response.headers.get("Retry-After", "").strip()
    try:
        if asked[-3:] == "GMT":
            now = parsedate_to_datetime(response.headers.get("Date", ""))
            seconds = (parsedate_to_datetime(asked) - now).total_seconds()
        else:
            seconds = float(asked)
    except (ValueError, TypeError):
        return None
    return seconds if seconds > 0 else None


def credentials_sent(response: requests.Response) -> bool:
    """Basic and Bearer send them at once; NTLM's third message (type 3) ends its handshake, and any other
    token of Negotiate is a ticket."""
    sent = response.request.headers.get("Authorization", "") if response.request is not None else ""
    sent = sent if isinstance(sent, str) else sent.decode("ascii", "replace")
    scheme, _, token = sent.partition(" ")
    match scheme:
        case "Basic" | "Bearer":
            return True
        case "NTLM" | "Negotiate" if token.startswith(_NTLM):
            return token.startswith(_NTLM_LAST)
        case "Negotiate":
            return bool(token)
    return False


_NTLM, _NTLM_LAST = "TlRMTVNTUAA", "TlRMTVNTUAADAAAA"
"""How NTLM's messages begin in base64, and the third of them ([MS-NLMP] 2.2.1)."""


Turn = Callable[[bool, float], AbstractContextManager[None]]
"""What a request waits for before it is sent: whether it is in our own name, and its deadline."""


def _nobody() -> None:
    pass


def at_once(_ours: bool, _deadline: float) -> AbstractContextManager[None]:
    return nullcontext()


class NtlmAuth(HttpNtlmAuth):
    """Signs connections in a few at a time, and none after a refusal; one that is signed in stays so."""

    def __init__(self, line: "Line", by: HttpNtlmAuth) -> None:
        super().__init__(by.username, by.password)
        self._line = line

    def retry_using_http_NTLM_auth(
        self, field: str, header: str, response: requests.Response, scheme: str, how: Any
    ) -> requests.Response:
        line = self._line
        try:
            with line.door.signing_in(line.refused, line.left()):
                answer: requests.Response = super().retry_using_http_NTLM_auth(
                    field, header, response, scheme, how
                )
                if answer.status_code == 401 and credentials_sent(answer):
                    line.refuse()
        except EwsTrouble:
            response.close()  # else its connection would stay taken, and there is only one
            raise
        return answer


class LineProtocol(Protocol):  # type: ignore[misc]
    """exchangelib's Protocol with one connection, our adapter and explicit trust."""

    USERAGENT = USER_AGENT
    MAX_SESSION_USAGE_COUNT = 500

    line: "Line"

    @classmethod
    def raw_session(
        cls,
        prefix: str,
        oauth2_client: object = None,
        oauth2_session_params: object = None,
        oauth2_token_endpoint: object = None,
    ) -> Session:
        """Without OAuth, for which exchangelib has a client of its own: our tokens come another way."""
        session = Session()
        session.headers.update(HEADERS)
        session.headers["User-Agent"] = cls.USERAGENT
        return session

    def create_session(self) -> requests.Session:
        session: requests.Session = super().create_session()
        prepare(session, self.line.server.ca_file, self.line.server.proxy)
        session.auth = self.line.signs_in() or session.auth
        if isinstance(session.auth, HttpNtlmAuth):
            session.auth = NtlmAuth(self.line, session.auth)
        return session

    def get_session(self) -> requests.Session:
        """Never waits, for nothing could cut that short: a line has one thread, so an empty pool means that
        the last connection could not be made anew (exchangelib issue 1373)."""
        if self._session_pool.empty():
            self._session_pool_size = 0
        session: requests.Session = super().get_session()
        return session


class Line:
    """A connection owned by one thread. `counts` are the requests that it sent, by operation; `turn` is what
    each of them waits for; `envelope` is the last one around a payload, and whose.

    `refused` ends all requests once it is set, and the first refusal sets it; `on_refused` is told, before
    anybody else may take this line's turn.
    """

    def __init__(self, server: Server, watchdog: Watchdog) -> None:
        self.server = server
        self.counts: Counter[str] = Counter()
        self.socket: socket.socket | None = None
        self.turn: Turn = at_once
        self.envelope: tuple[object, tuple[bytes, bytes]] | None = None
        self.door = door_of(server.endpoint)
        self.refused = self.door.refused
        self.on_refused: Callable[[], None] = _nobody
        self._until = math.inf
        self._watchdog = watchdog
        by_password = {"basic": BASIC, "ntlm": NTLM}.get(server.auth)
        config = Configuration(
            service_endpoint=server.endpoint,
            credentials=Credentials(server.username, server.password) if by_password else None,
            auth_type=by_password or NOAUTH,
            version=Version(build=Build(*server.build, 0, 0), api_version="Exchange2016"),
            retry_policy=Strict(),
            max_connections=1,
        )
        # past the metaclass on purpose: its cache would give all workers one and the same Protocol
        self.protocol: LineProtocol = type.__call__(LineProtocol, config=config)
        self.protocol.line = self

    def signs_in(self) -> AuthBase | None:
        """What signs requests without a password; None where user name and password do."""
        server = self.server
        if server.keytab is not None:
            service = server.keytab.service_host or urlsplit(server.endpoint).hostname or ""
            return KerberosAuth(tickets_of(server.keytab), service, lambda: self.socket)
        if server.app is not None:
            tokens = tokens_of(
                server.app, server.endpoint, server.ca_file, server.proxy, server.request_deadline
            )
            return BearerAuth(tokens, self.aside)
        return None

    def box(self, address: str) -> "Box":
        return Box(self, address, self.server.impersonate)

    @contextmanager
    def watched(self, operation: str, deadline: float) -> Iterator[None]:
        """Count a request; the watchdog shuts its socket at `deadline` (monotonic), however it hangs. Raises
        EwsTrouble when the account was refused since its turn came."""
        heed(self.refused)
        self.counts[operation] += 1
        self._until = deadline
        try:
            with tapped_by(self._hold), self._watchdog.watching(self, deadline):
                yield
        except (EwsTrouble, HttpTrouble) as error:
            trouble = from_exception(error)
            if trouble.reason is Reason.SIGN_IN_REFUSED and trouble.code != EARLIER:
                self.refuse()
            raise

    def refuse(self) -> None:
        """Stop everybody else who signs in with this account."""
        self.door.refuse(self.refused, self.on_refused)

    def left(self) -> float:
        """Seconds until the end of the present request's time."""
        return self._until - time.monotonic()

    def _hold(self, opened: socket.socket | None) -> None:
        self.socket = opened

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Time for a request to another server inside one that is watched: its connection is cut at the same
        deadline, and ours is back in hand afterwards."""
        ours = self.socket
        try:
            yield
        finally:
            self.socket = ours

    def cut(self) -> None:
        """Shut the socket under a call that hangs; the call then fails in its own thread. From any thread."""
        if self.socket is not None:
            with suppress(OSError):
                # not SSLSocket.shutdown: it drops the encryption first, under whoever is sending
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self.protocol.close()


class Box:
    """What exchangelib's services need to know of an account, and nothing that would fetch more.

    `impersonates` tells that it is opened in the name of its owner.
    """

    affinity_cookie = None
    default_timezone = UTC

    def __init__(self, line: Line, address: str, impersonates: bool) -> None:
        self.line = line
        self.protocol = line.protocol
        self.primary_smtp_address = address
        self.impersonates = impersonates
        self.access_type = IMPERSONATION if impersonates else DELEGATE
        self.identity = Identity(primary_smtp_address=address)

    def as_ourselves(self) -> "Box":
        """The same mailbox, opened with the rights of the service account."""
        return Box(self.line, self.primary_smtp_address, False)

    @property
    def version(self) -> Version:
        return self.protocol.config.version
