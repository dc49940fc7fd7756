"""A small forward proxy on loopback: CONNECT, an account of its own, and the ways in which proxies refuse."""

import base64
import socket
import threading
from dataclasses import dataclass, field

from tests.contract.wires import LOOPBACK, relay

PAGE = b"<html><body>Beste Jan Jansen, deze pagina is geblokkeerd</body></html>"


@dataclass
class Forwarding:
    """`account` is name:password where it wants one; `answer` a status that it gives instead of a way."""

    account: str | None = None
    answer: str | None = None
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(5)
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        first, _, rest = head.decode("latin-1").partition("\r\n")
        self.asked.append(first)
        self.heads.append(rest)
        if self.answer is not None:
            self._refuse(connection, self.answer)
        elif self.account is not None and not self._knows(rest):
            self._refuse(connection, "407 Proxy Authentication Required")
        else:
            port = int(first.split()[1].rpartition(":")[2])
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(port)(connection, over)

    def _knows(self, head: str) -> bool:
        wanted = base64.b64encode((self.account or "").encode()).decode()
        return f"Proxy-Authorization: Basic {wanted}" in head

    def _refuse(self, connection: socket.socket, status: str) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(PAGE)}"]
        lines += ['Proxy-Authenticate: Basic realm="proxy"', "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode("ascii") + PAGE)


def address(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
