"""The second request of a connection goes past requests: it must end as it would have ended there."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests_ntlm import HttpNtlmAuth

from mailbot.exchange.ews.keep_alive import Session
from mailbot.exchange.ews.wire import Proxy, prepare
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenRoad
from tests.contract.proxies import Forwarding, address
from tests.contract.roads import SIZE, read
from tests.contract.wires import authority, encrypted, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
FIRST = OK + b"Content-Length: 5\r\n\r\nfirst"
ODD_HEADER = b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n"
ODD_LENGTH = OK + b"Content-Length: many\r\n\r\n"
HALF = OK + b"Content-Length: 6\r\n\r\nsec"
UNENDED = (ODD_HEADER, ODD_LENGTH, HALF)
"""Answers of which more could follow: what is wrong with them shows when the time is over."""


@dataclass
class Scripted:
    """Answers the n-th request with the n-th text, whatever the connection; None hangs up. `requests` are
    what came, `connections` counts."""

    answers: list[bytes | None]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        self.connections += 1
        connection.settimeout(60)
        while not over.is_set() and (request := _request(connection)):
            self.requests.append(request)
            answer = self.answers[len(self.requests) - 1]
            if answer is None:
                return
            connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    came = b""
    while b"\r\n\r\n" not in came or not came.endswith(b"</end>"):
        piece = connection.recv(65536)
        if not piece:
            return b""
        came += piece
    return came


@contextmanager
def talking(
    *answers: bytes | None, auth: AuthBase | None = None
) -> Iterator[tuple[Scripted, Callable[..., requests.Response]]]:
    """A scripted server, and a way to post to it over one session, with a password in every
    request unless `auth` is another."""
    server = Scripted(list(answers))
    with listening(server.serve) as port, prepare(Session(), None, None) as session:
        session.auth = auth or HTTPBasicAuth("svc", "demo-only")

        yield (
            server,
            lambda timeout=60, **headers: _post(session, f"http://127.0.0.1:{port}", timeout, headers),
        )
        session.close()


def _post(
    session: requests.Session, base: str, timeout: float = 60, headers: dict[str, str] | None = None
) -> requests.Response:
    """As exchangelib does it."""
    return session.post(
        url=f"{base}/EWS/Exchange.asmx",
        headers=headers or {},
        data=b"<end>question</end>",
        allow_redirects=False,
        timeout=timeout,
        stream=False,
    )


def _headers(request: bytes) -> dict[str, str]:
    _, *lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def test_what_is_sent_is_what_requests_sent() -> None:
    with talking(FIRST, FIRST) as (server, post):
        for anchor in ("een@voorbeeld.example", "twee@voorbeeld.example"):
            answer = post(**{"X-AnchorMailbox": anchor})
            assert (answer.status_code, answer.content) == (200, b"first")
            assert answer.request.headers["Authorization"].startswith("Basic ")
    one, two = map(_headers, server.requests)
    assert two.pop("x-anchormailbox") == "twee@voorbeeld.example"
    assert one.pop("x-anchormailbox") == "een@voorbeeld.example"
    assert one == two
    assert server.requests[0].partition(b"\r\n")[0] == server.requests[1].partition(b"\r\n")[0]
    assert server.connections == 1


def test_through_a_tunnel_the_server_is_named_and_not_the_proxy(tmp_path: Path) -> None:
    ours, server, forwarding = authority(tmp_path / "ca", "ons"), Scripted([FIRST, FIRST]), Forwarding()
    with (
        listening(encrypted(server.serve, ours.chain_file)) as port,
        listening(forwarding.serve) as proxy_port,
        prepare(Session(), ours.ca_file, Proxy(address(proxy_port))) as session,
    ):
        session.auth = HTTPBasicAuth("svc", "demo-only")
        for _ in range(2):
            assert _post(session, f"https://127.0.0.1:{port}").content == b"first"
    one, two = map(_headers, server.requests)
    assert one == two
    assert one["host"] == f"127.0.0.1:{port}"
    assert len(forwarding.asked) == 1


def test_a_proxy_that_sees_each_request_is_told_where_it_goes() -> None:
    server = Scripted([FIRST, FIRST])
    with listening(server.serve) as port, prepare(Session(), None, Proxy(address(port))) as session:
        session.auth = HTTPBasicAuth("svc", "demo-only")
        for _ in range(2):
            _post(session, "http://mail.voorbeeld.example")
    lines = [request.partition(b"\r\n")[0] for request in server.requests]
    assert lines == [b"POST http://mail.voorbeeld.example/EWS/Exchange.asmx HTTP/1.1"] * 2


def test_a_header_of_one_request_is_not_sent_with_the_next() -> None:
    with talking(FIRST, FIRST, FIRST) as (server, post):
        post(**{"X-AnchorMailbox": "een@voorbeeld.example"})
        post(**{"X-AnchorMailbox": "twee@voorbeeld.example"})
        post()
    assert "x-anchormailbox" not in _headers(server.requests[2])


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 6\r\n\r\nsecond",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3;x=y\r\nond\r\n0\r\nX-Behind: it\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 26\r\n\r\n" + gzip.compress(b"second", mtime=0),
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 6\r\n\r\nsecond",
        b"HTTP/1.1 200 OK\nContent-Length: 6\n\nsecond",
    ],
    ids=["by length", "in chunks", "packed", "after a word in between", "with bare line ends"],
)
def test_bodies_of_every_kind_are_read_and_the_connection_used_on(answer: bytes) -> None:
    with talking(FIRST, answer, FIRST) as (server, post):
        assert [post().content for _ in range(3)] == [b"first", b"second", b"first"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecond",
        b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nsecond",
        OK + b"Content-Length: 6\r\n\r\nsecond" + OK + b"Content-Length: 5\r\n\r\nstale",
        OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n" + OK,
    ],
    ids=["it says so", "an old server", "another answer behind it", "more behind its chunks"],
)
def test_a_connection_that_cannot_go_on_is_not_used_again(answer: bytes) -> None:
    with talking(FIRST, answer, FIRST) as (server, post):
        assert [post().content for _ in range(3)] == [b"first", b"second", b"first"]
    assert server.connections == 2


def test_an_answer_that_nobody_asked_for_never_passes_for_the_next_one(tmp_path: Path) -> None:
    """Over TLS it may be decrypted already and lie where no look at the socket shows it."""
    unasked = OK + b"Content-Length: 5\r\n\r\nstale"
    second = OK + b"Content-Length: %d\r\n\r\n"
    # as long as the buffer of a reader, so that the rest of the record stays behind in the TLS library
    filling = b"s" * (8192 - len(second % 1000))
    server = Scripted([FIRST, second % len(filling) + filling + unasked, FIRST])
    ca = authority(tmp_path / "ca", "x")
    with (
        listening(encrypted(server.serve, ca.chain_file)) as port,
        prepare(Session(), ca.ca_file, None) as session,
    ):
        session.auth = HTTPBasicAuth("svc", "demo-only")
        found = [_post(session, f"https://127.0.0.1:{port}").content for _ in range(3)]
        session.close()
    assert found == [b"first", filling, b"first"]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (None, requests.ConnectionError),
        (b"what is this\r\n\r\n", requests.ConnectionError),
        (ODD_HEADER, requests.ConnectionError),
        (b"HTTP/2 200 OK\r\n\r\n", requests.ConnectionError),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + FIRST, requests.ConnectionError),
        (ODD_LENGTH, requests.ConnectionError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nwhat\r\n", requests.exceptions.ChunkedEncodingError),
        (
            OK + b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nsecond",
            requests.exceptions.ContentDecodingError,
        ),
        (b"", requests.ReadTimeout),
        (b"HTTP/1.1 200", requests.ReadTimeout),
        (HALF, requests.ConnectionError),
    ],
    ids=[
        "hangs up",
        "no http",
        "odd header",
        "another http",
        "more to come",
        "odd length",
        "odd chunk",
        "odd packing",
        "nothing",
        "half a head",
        "half",
    ],
)
def test_what_goes_wrong_is_raised_once_and_never_sent_twice(
    answer: bytes | None, trouble: type[Exception]
) -> None:
    with talking(FIRST, answer, FIRST) as (server, post):
        post()
        with pytest.raises(trouble):
            post(timeout=1 if trouble is requests.ReadTimeout or answer in UNENDED else 60)
        assert len(server.requests) == 2
        assert post().content == b"first"
    assert server.connections == 2


@pytest.mark.parametrize("status", [302, 401, 403, 500, 503])
def test_any_other_status_is_handed_over_as_it_is(status: int) -> None:
    """Also 401: with a password in every request there is nothing to add to it."""
    answer = f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".encode()
    with talking(FIRST, answer) as (server, post):
        post()
        found = post()
    assert (found.status_code, found.headers["retry-after"]) == (status, "7")
    assert len(server.requests) == 2


def test_cookies_are_taken_and_given_back() -> None:
    """A front end of Exchange tells by them which of its servers a mailbox is on."""
    cookies = b"Set-Cookie: X-BackEndCookie=one; path=/EWS\r\nSet-Cookie: b=two; path=/\r\n"
    with talking(FIRST, OK + cookies + b"Content-Length: 0\r\n\r\n", FIRST) as (server, post):
        for _ in range(3):
            post()
    assert "cookie" not in _headers(server.requests[1])
    assert set(_headers(server.requests[2])["cookie"].split("; ")) == {"X-BackEndCookie=one", "b=two"}


def test_a_header_that_could_smuggle_one_in_is_refused_as_before() -> None:
    with talking(FIRST, FIRST) as (server, post):
        post()
        with pytest.raises(requests.exceptions.InvalidHeader):
            post(**{"X-AnchorMailbox": "een\r\nX-More: headers"})
    assert len(server.requests) == 1


def test_headers_of_one_name_are_put_together() -> None:
    twice = b"WWW-Authenticate: NTLM\r\nwww-authenticate: Basic\r\nX: a\x85b\r\nContent-Length: 0\r\n\r\n"
    with talking(FIRST, OK + twice) as (_, post):
        post()
        headers = post().headers
    assert (headers["WWW-Authenticate"], headers["x"]) == ("NTLM, Basic", "a\x85b")


def test_a_server_that_asks_who_we_are_again_is_answered_through_requests() -> None:
    """NTLM signs a connection in. This one is to be signed in again, and the server names no way to."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with talking(FIRST, FIRST, refusal, refusal, FIRST, auth=HttpNtlmAuth("x", "y")) as (server, post):
        assert [post().status_code for _ in range(4)] == [200, 200, 401, 200]
    assert len(server.requests) == 5
    assert server.connections == 1
    assert not any("authorization" in _headers(request) for request in server.requests)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_connection_signs_in_once_and_is_used_on(
    open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox], auth: str
) -> None:
    facts = read(open_road(auth=auth, workers=1), people, [SIZE])
    assert all(found.was_read for found in facts.values())
