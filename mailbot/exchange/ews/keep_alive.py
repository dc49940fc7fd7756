"""Requests on a connection that is open and signed in, past most of requests and urllib3: they cost more
than the rest of reading a mailbox together.

The first request of a connection always goes through requests, and so does every one that needs anything
said about who we are. What is sent is what requests sent; what fails, fails with the same exceptions.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from io import BytesIO
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

PIECE = 64 * 1024
"""Bytes that are read at once, and that the head of an answer may have."""

OF_ONE_REQUEST = frozenset({"authorization", "content-length", "cookie"})
"""Headers that are made anew for each request."""

ASKS_WHO = frozenset({401, 407})
"""Status by which a server asks who we are. Nothing was done by a request that is answered so."""

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LINES = re.compile(r"\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: .*)?")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class NoHttp(Exception):
    """Not what a server says in HTTP."""


class HungUp(Exception):
    """The server hung up in the middle."""


class Stream:
    """What a server sends, read as far as one answer goes."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._held = b""

    @property
    def empty(self) -> bool:
        return not self._held

    def _more(self) -> bytes:
        piece = self._socket.recv(PIECE)
        if not piece:
            raise HungUp
        return piece

    def _until(self, end: re.Pattern[bytes]) -> bytes:
        while (found := end.search(self._held)) is None:
            if len(self._held) > PIECE:
                raise NoHttp
            self._held += self._more()
        before, self._held = self._held[: found.start()], self._held[found.end() :]
        return before

    def head(self) -> str:
        return self._until(_BLANK_LINE).decode("latin-1")

    def line(self) -> bytes:
        return self._until(_LINE_END)

    def exactly(self, size: int) -> bytes:
        pieces, missing = [self._held], size - len(self._held)
        while missing > 0:
            pieces.append(self._more())
            missing -= len(pieces[-1])
        all_ = b"".join(pieces)
        self._held = all_[size:]
        return all_[:size]

    def rest(self) -> bytes:
        """All until the server hangs up."""
        pieces = [self._held]
        while piece := self._socket.recv(PIECE):
            pieces.append(piece)
        self._held = b""
        return b"".join(pieces)

    def chunks(self) -> bytes:
        """A body in chunks (RFC 9112, 7.1); what is told behind it is passed over."""
        pieces: list[bytes] = []
        while size := self._size():
            pieces.append(self.exactly(size))
            if self.line():
                raise NoHttp
        while self.line():
            pass
        return b"".join(pieces)

    def _size(self) -> int:
        text = self.line().partition(b";")[0].strip()
        if not _SIZE.fullmatch(text):
            raise NoHttp
        return int(text, 16)


_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer, those of one name in one, as requests has them; cookies apart."""

    status: int
    keeps_open: bool
    headers: CaseInsensitiveDict[str]
    cookies: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Head":
        first, *lines = _LINES.split(_FOLD.sub(" ", text))
        status = _STATUS.fullmatch(first)
        if status is None:
            raise NoHttp
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        cookies = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise NoHttp
            name, value = name.strip(), value.strip()
            if name.lower() == "set-cookie":
                cookies.append(value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        connection = headers.get("Connection", "").lower()
        keeps_open = "close" not in connection and (status[1] == "1" or "keep-alive" in connection)
        return cls(int(status[2]), keeps_open, headers, tuple(cookies))


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection on which a request through requests was answered, and how that request began."""

    connection: HTTPConnection
    socket: socket.socket
    url: str
    start: bytes
    headers: Mapping[str, str]
    password: str | None
    """The Authorization header of a password, which goes with every request."""

    def usable(self) -> bool:
        """Whether it is as it was left: the same, open, and with nothing to read."""
        return self.connection.sock is self.socket and self.connection.is_connected

    def exchange(self, written: bytes, timeout: float) -> tuple[Head, bytes]:
        """Send a request and read its answer. Raises what requests raises; then the connection is closed."""
        whole = False
        stream = Stream(self.socket)
        try:
            self._send(written, timeout)
            head = self._head(stream)
            body, ended = self._body(stream, head)
            whole = head.keeps_open and not ended and stream.empty
        finally:
            if not whole:
                self.connection.close()
        return head, body

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

    def _head(self, stream: Stream) -> Head:
        try:
            while (head := Head.of(stream.head())).status < 200:
                pass
        except TimeoutError:
            raise requests.ReadTimeout("head") from None
        except ssl.SSLError:
            raise requests.exceptions.SSLError("head") from None
        except (OSError, NoHttp, HungUp):
            raise requests.ConnectionError("head") from None
        return head

    def _body(self, stream: Stream, head: Head) -> tuple[bytes, bool]:
        """The body, and whether it ended with the connection."""
        length = head.headers.get("Content-Length")
        ended = False
        try:
            if head.status in (204, 304):
                body = b""
            elif head.headers.get("Transfer-Encoding", "").lower() == "chunked":
                body = stream.chunks()
            elif length is not None:
                if not (length.isascii() and length.isdigit()):
                    raise NoHttp
                body = stream.exactly(int(length))
            else:
                body, ended = stream.rest(), True
        except (NoHttp, HungUp):
            raise requests.exceptions.ChunkedEncodingError("body") from None
        except OSError:
            raise requests.ConnectionError("body") from None
        return _decoded(body, head.headers), ended


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """As urllib3 decodes it."""
    if "Content-Encoding" not in headers:
        return body
    packed = HTTPResponse(
        BytesIO(body), {"Content-Encoding": headers["Content-Encoding"]}, preload_content=False
    )
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
        head, body = opened.exchange(opened.start + lines.encode("latin-1") + b"\r\n" + data, timeout)
        if head.cookies:
            shown = Message()
            for value in head.cookies:
                shown["Set-Cookie"] = value
            raw = SimpleNamespace(_original_response=SimpleNamespace(msg=shown))
            extract_cookies_to_jar(self.cookies, request, raw)  # type: ignore[no-untyped-call]
        answer = requests.Response()
        answer.status_code, answer.headers, answer.url, answer.request = (
            head.status,
            head.headers,
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
