"""Requests on a connection that is open and signed in, past most of requests and urllib3: they cost more
than the rest of reading a mailbox together.

The first request of a connection always goes through requests, and so does every one that needs anything
said about who we are. What is sent is what requests sent; what fails, fails with the same exceptions.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from http.client import HTTPResponse as HttpAnswer
from io import BufferedReader, BytesIO, RawIOBase
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests.cookies import extract_cookies_to_jar, get_cookie_header
from requests.structures import CaseInsensitiveDict
from requests_ntlm import HttpNtlmAuth
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from mailbot.exchange.ews.kerberos import KerberosAuth
from mailbot.exchange.ews.modern_auth import BearerAuth
from mailbot.exchange.ews.wire import Adapter

OF_ONE_REQUEST = frozenset({"authorization", "content-length", "cookie"})
"""Headers that are made anew for each request."""

ASKS_WHO = frozenset({401, 407})
"""Status by which a server asks who we are. Nothing was done by a request that is answered so."""


class _Incoming(RawIOBase):
    """What comes in on a socket, until nobody wants more of it."""

    def __init__(self, opened: socket.socket) -> None:
        self.over = False
        self._socket = opened

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        return 0 if self.over else self._socket.recv_into(room)


class _Heard(BufferedReader):
    """`surplus` tells, once it is closed, that more had come than the answer: it would pass for the next."""

    raw: _Incoming
    surplus = False

    def close(self) -> None:
        if not self.closed:
            self.raw.over = True
            self.surplus = bool(self.peek(1))
        super().close()


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection on which a request through requests was answered, and how that request began."""

    connection: HTTPConnection
    socket: socket.socket
    url: str
    start: bytes = field(repr=False)
    headers: Mapping[str, str]
    password: str | None = field(repr=False)
    """The Authorization header of a password, which goes with every request."""

    def usable(self) -> bool:
        """Whether it is as it was left: the same, open, and with nothing to read."""
        return self.connection.sock is self.socket and self.connection.is_connected

    def exchange(self, written: bytes, timeout: float) -> tuple[HttpAnswer, bytes]:
        """Send a request and read its answer. Raises what requests raises; then the connection is closed."""
        whole = False
        try:
            self._send(written, timeout)
            heard = _Heard(_Incoming(self.socket))
            answer = self._head(heard)
            with answer:
                body = self._body(answer)
            heard.close()
            whole = not (answer.will_close or heard.surplus or self._decrypted())
        finally:
            if not whole:
                self.connection.close()
        return answer, body

    def _send(self, written: bytes, timeout: float) -> None:
        self.socket.settimeout(timeout)
        try:
            self.socket.sendall(written)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have said why before it hung up
        except ssl.SSLError:
            raise requests.exceptions.SSLError("send") from None
        except OSError:
            raise requests.ConnectionError("send") from None

    def _decrypted(self) -> int:
        """Bytes that have come in and that no look at the socket shows."""
        return self.socket.pending() if isinstance(self.socket, ssl.SSLSocket) else 0

    @staticmethod
    def _head(heard: BufferedReader) -> HttpAnswer:
        source: Any = SimpleNamespace(makefile=lambda _mode: heard)
        answer = HttpAnswer(source, method="POST")
        try:
            answer.begin()
        except TimeoutError:
            raise requests.ReadTimeout("head") from None
        except ssl.SSLError:
            raise requests.exceptions.SSLError("head") from None
        except (OSError, HTTPException, ValueError):
            raise requests.ConnectionError("head") from None
        if answer.status < 200:  # another answer would follow
            raise requests.ConnectionError("head")
        return answer

    @staticmethod
    def _body(answer: HttpAnswer) -> bytes:
        try:
            body = answer.read()
        except (HTTPException, ValueError):
            raise requests.exceptions.ChunkedEncodingError("body") from None
        except OSError:
            raise requests.ConnectionError("body") from None
        return _decoded(body, answer.headers.get("Content-Encoding"))


def _decoded(body: bytes, packing: str | None) -> bytes:
    """As urllib3 decodes it."""
    if packing is None:
        return body
    packed = HTTPResponse(BytesIO(body), {"Content-Encoding": packing}, preload_content=False)
    try:
        return packed.read(decode_content=True)
    except HTTPError:
        raise requests.exceptions.ContentDecodingError("body") from None


class Session(requests.Session):
    """A session that knows the connection on which its last request was answered."""

    _opened: Opened | None = None

    def post(self, url: Any, data: Any = None, json: Any = None, **how: Any) -> requests.Response:
        opened, self._opened = self._opened, None
        if opened is not None and json is None and not how.get("stream") and self._may(opened, url, data):
            extra = how.get("headers") or {}
            signature = self._signature(opened)
            if all(_plain(value) for value in extra.values()) and not extra.keys() & opened.headers.keys():
                answer = self._exchange(opened, signature, extra, data, how["timeout"])
                if answer.status_code not in ASKS_WHO or signature is not None:
                    self._opened = opened
                    return answer
                if isinstance(self.auth, KerberosAuth):
                    self.auth.asked_again()
        response = super().post(url, data=data, json=json, **how)
        self._opened = self._settled(response, how.get("headers") or {})
        return response

    def _may(self, opened: Opened, url: Any, data: Any) -> bool:
        """Whether nothing has to be said about who we are, but for what goes with every request."""
        auth = self.auth
        if isinstance(auth, KerberosAuth) and not auth.stays_signed_in():
            return False
        return url == opened.url and isinstance(data, bytes) and opened.usable()

    def _signature(self, opened: Opened) -> str | None:
        """The Authorization header that every request has to have; None where the connection is signed in."""
        if isinstance(self.auth, BearerAuth):
            request = requests.PreparedRequest()
            request.headers = CaseInsensitiveDict()
            return str(self.auth(request).headers["Authorization"])
        return opened.password

    def _exchange(
        self,
        opened: Opened,
        signature: str | None,
        extra: Mapping[str, str],
        data: bytes,
        timeout: float,
    ) -> requests.Response:
        request = requests.PreparedRequest()
        request.method, request.url, request.body = "POST", opened.url, data
        request.headers = CaseInsensitiveDict(opened.headers)
        request.headers.update(extra)
        own = dict(extra)
        if signature is not None:
            request.headers["Authorization"] = own["Authorization"] = signature
        if self.cookies and (cookie := get_cookie_header(self.cookies, request)):  # type: ignore[no-untyped-call]
            own["Cookie"] = cookie
        own["Content-Length"] = str(len(data))
        lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        heard, body = opened.exchange(opened.start + lines.encode("latin-1") + b"\r\n" + data, timeout)
        if "Set-Cookie" in heard.headers:
            raw = SimpleNamespace(_original_response=heard)
            extract_cookies_to_jar(self.cookies, request, raw)  # type: ignore[no-untyped-call]
        answer = requests.Response()
        answer.status_code, answer.headers, answer.url, answer.request = (
            heard.status,
            _joined(heard),
            opened.url,
            request,
        )
        answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined]
        return answer

    def _settled(self, response: requests.Response, extra: Mapping[str, str]) -> Opened | None:
        """What the next request may be sent on; None where it has to go through requests again."""
        request = response.request
        auth = self.auth
        if response.status_code != 200 or not isinstance(
            auth, HTTPBasicAuth | BearerAuth | HttpNtlmAuth | KerberosAuth
        ):
            return None
        adapter = self.get_adapter(str(request.url))
        connection = adapter.connection_of(request, self.proxies) if isinstance(adapter, Adapter) else None
        if connection is None or connection.sock is None:
            return None
        left_out = OF_ONE_REQUEST | {name.lower() for name in extra}
        headers = {
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in request.headers.items()
            if name.lower() not in left_out
        }
        lines = {"Host": _host(str(request.url)), **headers}
        start = f"POST {request.path_url} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
        password = request.headers.get("Authorization") if isinstance(auth, HTTPBasicAuth) else None
        return Opened(
            connection, connection.sock, str(request.url), start.encode("latin-1"), headers, password
        )


def _joined(heard: HttpAnswer) -> CaseInsensitiveDict[str]:
    """Headers of one name in one, as requests has them."""
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in heard.getheaders():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _plain(value: str) -> bool:
    """Whether it can stand in a header; requests says what is wrong with others."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()


def _host(url: str) -> str:
    """The server's name and port, however it is reached."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"
