"""No call of a directory server lasts longer than it may, however little it says at a time."""

import socket
import ssl

from mailbot.model.clock import Clock

MOST = 64 * 1024 * 1024
"""Bytes of one answer. A page of 500 people is some 2 MB; a server that sends more than this is broken."""


class Deadline:
    """When one call must have ended, and when the whole session must: whichever comes first.

    `each` and `whole` are seconds.
    """

    def __init__(self, clock: Clock, each: float, whole: float) -> None:
        self._clock = clock
        self._each = each
        self._session_end = clock.monotonic() + whole
        self.next_call()

    def next_call(self) -> None:
        self._end = min(self._clock.monotonic() + self._each, self._session_end)
        self._received = 0

    def left(self) -> float:
        """Seconds, more than 0. Raises TimeoutError."""
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def received(self, count: int) -> None:
        """Raises OSError when one answer does not end."""
        self._received += count
        if self._received > MOST:
            raise OSError("the answer does not end")


class BoundedSocket:
    """A connected socket with what ldap3 uses of one. A time-out of a socket starts anew with each byte; here
    all bytes of one call have to come by its deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def encrypted(self, context: ssl.SSLContext, host: str) -> "BoundedSocket":
        """The same connection from here on under TLS. Raises ssl.SSLError and other OSErrors."""
        wrapped = context.wrap_socket(self._socket, do_handshake_on_connect=False, server_hostname=host)
        try:
            wrapped.settimeout(self._deadline.left())
            wrapped.do_handshake()
        except OSError:
            wrapped.close()
            raise
        return BoundedSocket(wrapped, self._deadline)

    def recv(self, size: int) -> bytes:
        self._socket.settimeout(self._deadline.left())
        data = self._socket.recv(size)
        self._deadline.received(len(data))
        return data

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def shutdown(self, how: int) -> None:
        self._socket.shutdown(how)

    def close(self) -> None:
        self._socket.close()
