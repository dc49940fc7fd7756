"""The way to the server under requests: trust, the proxy, and a socket that the watchdog can shut."""

import base64
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.ews.trust import told_of, trust
from mailbot.model.facts import Reason


@dataclass(frozen=True, slots=True)
class Proxy:
    """http://host:port, with an account where it wants one. `password` is never shown."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        if self.username is None:
            return {}
        account = f"{self.username}:{self.password or ''}".encode()
        return {"Proxy-Authorization": "Basic " + base64.b64encode(account).decode("ascii")}


Tap = Callable[[socket.socket | None], None]

_here = threading.local()
_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")


@contextmanager
def tapped_by(tap: Tap) -> Iterator[None]:
    """Connections that this thread opens meanwhile hand their socket to `tap`."""
    before = getattr(_here, "tap", None)
    _here.tap = tap
    try:
        yield
    finally:
        _here.tap = before


CONNECT_WITHIN = 10.0
"""Seconds. A server that has not taken up a connection by then is not there: lost packets were sent again."""


class _Tapped:
    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        try:
            opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        except HTTPError:
            if self.proxy:  # type: ignore[attr-defined]
                raise EwsTrouble(Reason.CONNECTION_LOST, "proxy_unreachable") from None
            raise
        _show(opened)  # what a proxy says comes before the connection counts as open
        return opened

    def _tunnel(self) -> None:
        """Only the status of a proxy's refusal is told; its page may name people."""
        try:
            super()._tunnel()  # type: ignore[misc]
        except http.client.HTTPException:
            raise EwsTrouble(Reason.CONNECTION_LOST, "proxy_odd_answer") from None
        except OSError as error:
            refused = _REFUSED_TUNNEL.search(str(error))
            if refused is None:
                raise
            raise EwsTrouble(Reason.CONNECTION_LOST, f"proxy_{refused[1]}") from None

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except ssl.SSLCertVerificationError as error:
            raise told_of(error) from None
        _show(self.sock)


def _show(opened: socket.socket | None) -> None:
    tap = getattr(_here, "tap", None)
    if tap is not None:
        tap(opened)


class _TappedHTTP(_Tapped, HTTPConnection):
    pass


class _TappedHTTPS(_Tapped, HTTPSConnection):
    pass


class _One:
    """A pool of one connection, which can be had from it at any time."""

    only: Any = None

    def _new_conn(self) -> Any:
        self.only = super()._new_conn()  # type: ignore[misc]
        return self.only


class _HTTPPool(_One, HTTPConnectionPool):
    ConnectionCls = _TappedHTTP


class _HTTPSPool(_One, HTTPSConnectionPool):
    ConnectionCls = _TappedHTTPS


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class Adapter(HTTPAdapter):
    """requests' adapter with one connection, our trust instead of certifi's list, and the proxy's account in
    a header: in an address it would come into error texts."""

    def __init__(self, context: ssl.SSLContext, proxy: Proxy | None) -> None:
        self._context = context
        self._proxy_headers = proxy.headers() if proxy else {}
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def connection_of(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str]
    ) -> HTTPConnection | None:
        """The connection on which `request` was answered, when it leads to the server alone: a proxy before a
        server without encryption sees every request."""
        if self.request_url(request, proxies) != request.path_url:
            return None
        pool = self.get_connection_with_tls_context(request, True, proxies)
        return pool.only if isinstance(pool, _One) else None

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return self._proxy_headers

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """`timeout` is in seconds, for one read as for all of them; connecting has a shorter one."""
        timeout = kwargs.get("timeout")
        if isinstance(timeout, int | float):
            kwargs["timeout"] = (min(timeout, CONNECT_WITHIN), timeout)
        return super().send(request, *args, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """requests would put certifi's list beside ours here; `verify` is True in every session of ours."""
        conn.cert_reqs = "CERT_REQUIRED"


def prepare(session: requests.Session, ca_file: Path | None, proxy: Proxy | None) -> requests.Session:
    """The session with our trust and way for every address, and nothing from the environment: no proxy, no
    .netrc, no list of authorities. Raises EwsTrouble when the authorities cannot be read."""
    session.trust_env = False
    session.verify = True
    session.proxies = {"http": proxy.url, "https": proxy.url} if proxy else {}
    context = trust(ca_file)
    for prefix in list(session.adapters):
        session.mount(prefix, Adapter(context, proxy))
    return session
