"""A server that speaks just enough LDAP (RFC 4511) to answer what a test wants, and to fail in its ways."""

import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from tests.contract.wires import Serve

BIND, SEARCH, EXTENDED, UNBIND = 0x60, 0x63, 0x77, 0x42
"""Tags of requests."""

PAGED = b"1.2.840.113556.1.4.319"
Answer = Callable[[int], bytes]
"""Given the number of the message, its answer."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """One BER element."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + body


def number(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def message(of: int, operation: bytes, controls: bytes = b"") -> bytes:
    return tlv(0x30, number(of), operation, controls)


def result(tag: int, code: int, text: bytes = b"", referral: bytes = b"") -> bytes:
    refers = tlv(0xA3, octets(referral)) if referral else b""
    return tlv(tag, number(code, 0x0A), octets(b""), octets(text), refers)


def bound(code: int = 0, text: bytes = b"") -> Answer:
    return lambda of: message(of, result(0x61, code, text))


def extended(code: int = 0) -> Answer:
    return lambda of: message(of, result(0x78, code))


def entry(dn: bytes, values: Mapping[bytes, Sequence[bytes]]) -> Answer:
    attributes = [tlv(0x30, octets(k), tlv(0x31, *map(octets, v))) for k, v in values.items()]
    return lambda of: message(of, tlv(0x64, octets(dn), tlv(0x30, *attributes)))


def reference(url: bytes) -> Answer:
    return lambda of: message(of, tlv(0x73, octets(url)))


def done(code: int = 0, cookie: bytes = b"", referral: bytes = b"") -> Answer:
    page = octets(tlv(0x30, number(0), octets(cookie)))
    controls = tlv(0xA0, tlv(0x30, octets(PAGED), page))
    return lambda of: message(of, result(0x65, code, referral=referral), controls)


def together(*answers: Answer) -> Answer:
    return lambda of: b"".join(answer(of) for answer in answers)


def raw(data: bytes) -> Answer:
    return lambda _of: data


class Speaker:
    """Answers requests by their kind; `asked` are the kinds that came. A kind without an answer hears
    nothing, and None hangs up."""

    def __init__(self, **answers: Answer | None) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.received = b""

    def __call__(self, connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(0.02)
        waiting = b""
        while not over.is_set():
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            self.received += data
            waiting += data
            while (size := _size(waiting)) and len(waiting) >= size:
                request, waiting = waiting[:size], waiting[size:]
                if not self._answered(connection, request):
                    return

    def _answered(self, connection: socket.socket, request: bytes) -> bool:
        start = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
        of = int.from_bytes(request[start + 2 : start + 2 + request[start + 1]], "big")
        tag = request[start + 2 + request[start + 1]]
        kind = {BIND: "bind", SEARCH: "search", EXTENDED: "extended", UNBIND: "unbind"}[tag]
        self.asked.append(kind)
        if kind not in self._answers:
            return True
        answer = self._answers[kind]
        if answer is not None:
            connection.sendall(answer(of))
        return answer is not None


def after_starttls(plain: Speaker, then: Serve) -> Serve:
    """Answers the first request in the open; what comes next is for `then`."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(5)
        assert plain._answered(connection, connection.recv(65536))
        then(connection, over)

    return serve


def dripping(connection: socket.socket, over: threading.Event) -> None:
    """The begin of a long answer, and then a byte now and again."""
    connection.settimeout(5)
    connection.recv(65536)
    connection.sendall(bytes([0x30, 0x84, 0, 0, 0x40, 0]))
    while not over.wait(0.02):
        connection.sendall(b"\0")


def slow_relay(to: tuple[str, int], chunk: int = 65536, pause: float = 0.0) -> Serve:
    """Hands everything on to another server, and its answers back: so many bytes, and then a pause."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        with socket.create_connection(to) as onward:
            ways = {connection: onward, onward: connection}
            while not over.is_set():
                ready, _, _ = select.select(list(ways), [], [], 0.02)
                for one in ready:
                    data = one.recv(chunk)
                    if not data:
                        return
                    ways[one].sendall(data)
                    over.wait(pause)

    return serve


def _size(data: bytes) -> int:
    """Of the first element, 0 while that cannot be told."""
    if len(data) < 2:
        return 0
    if data[1] < 0x80:
        return 2 + data[1]
    count = data[1] & 0x7F
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big") if len(data) >= 2 + count else 0
