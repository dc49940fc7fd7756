"""One worker's connection to EWS: its own exchangelib Protocol, one socket, a deadline on every call.

exchangelib's own pool is not used: it deadlocks when throttled, and its cache hands out one Protocol for
equal credentials. Retries are ours as well (its policy retries 401, which locks accounts).
"""

import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
from exchangelib import BASIC, DELEGATE, IMPERSONATION, NTLM, UTC, Build, Configuration, Credentials, Version
from exchangelib.account import Identity
from exchangelib.protocol import FailFast, Protocol
from exchangelib.util import is_xml
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from mailbot.exchange.ews.trouble import HttpTrouble
from mailbot.exchange.ews.watchdog import Watchdog

USER_AGENT = "mailbot"

# exchangelib logs whole requests and answers, with people's mail in them; spnego logs what signs us in
for _name in ("exchangelib", "spnego"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
    logging.getLogger(_name).propagate = False


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to sign in. `password` is never shown. `build` is major and minor, as in 15.2."""

    endpoint: str
    auth: str
    username: str
    password: str = field(repr=False)
    impersonate: bool
    build: tuple[int, int] = (15, 2)
    ca_file: Path | None = None
    request_deadline: float = 60.0


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
    """Basic sends them at once; NTLM's third message (type 3) ends its handshake."""
    sent = response.request.headers.get("Authorization", "") if response.request is not None else ""
    sent = sent if isinstance(sent, str) else sent.decode("ascii", "replace")
    scheme, _, token = sent.partition(" ")
    return scheme == "Basic" or (scheme in ("NTLM", "Negotiate") and token.startswith("TlRMTVNTUAADAAAA"))


_here = threading.local()


class _Tapped:
    """A connection that shows its socket to the line on whose behalf it was opened."""

    sock: socket.socket | None

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        line = getattr(_here, "line", None)
        if line is not None:
            line.socket = self.sock


class _TappedHTTP(_Tapped, HTTPConnection):
    pass


class _TappedHTTPS(_Tapped, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _TappedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TappedHTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class LineProtocol(Protocol):  # type: ignore[misc]
    """exchangelib's Protocol with one connection, our adapter and explicit trust."""

    USERAGENT = USER_AGENT
    HTTP_ADAPTER_CLS = _Adapter
    MAX_SESSION_USAGE_COUNT = 500

    ca_file: Path | None = None

    def create_session(self) -> requests.Session:
        session: requests.Session = super().create_session()
        session.trust_env = False  # no proxies, .netrc or CA bundle from the environment
        session.verify = str(self.ca_file) if self.ca_file else True
        return session


class Line:
    """A connection owned by one thread. `counts` are the requests that it sent, by operation."""

    def __init__(self, server: Server, watchdog: Watchdog) -> None:
        self.server = server
        self.counts: Counter[str] = Counter()
        self.socket: socket.socket | None = None
        self._watchdog = watchdog
        config = Configuration(
            service_endpoint=server.endpoint,
            credentials=Credentials(server.username, server.password),
            auth_type={"basic": BASIC, "ntlm": NTLM}[server.auth],
            version=Version(build=Build(*server.build, 0, 0), api_version="Exchange2016"),
            retry_policy=Strict(),
            max_connections=1,
        )
        # past the metaclass on purpose: its cache would give all workers one and the same Protocol
        self.protocol: LineProtocol = type.__call__(LineProtocol, config=config)
        self.protocol.ca_file = server.ca_file

    def box(self, address: str) -> "Box":
        return Box(self, address, self.server.impersonate)

    @contextmanager
    def watched(self, operation: str, deadline: float) -> Iterator[None]:
        """Count a request; the watchdog shuts its socket at `deadline` (monotonic), however it hangs."""
        self.counts[operation] += 1
        _here.line = self
        try:
            with self._watchdog.watching(self, deadline):
                yield
        finally:
            _here.line = None

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
