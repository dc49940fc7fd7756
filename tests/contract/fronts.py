"""What servers in front of the simulator have in common: they read HTTP, sign in for us and hand it on."""

import base64
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesParser

from mailbot.simulator import SimulatorServer
from tests.contract.roads import ACCOUNT, PASSWORD

BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()


def received(connection: socket.socket, over: threading.Event) -> Iterator[tuple[str, Message, bytes]]:
    """The requests of one connection: first line, headers, body."""
    with connection.makefile("rb") as incoming:
        while not over.is_set():
            try:
                line = incoming.readline()
            except OSError:
                return
            if not line.strip():
                return
            head = b""
            while (more := incoming.readline()) not in (b"\r\n", b""):
                head += more
            headers = BytesParser().parsebytes(head)
            yield (
                line.decode("latin-1").strip(),
                headers,
                incoming.read(int(headers.get("Content-Length", 0))),
            )


def onward(server: SimulatorServer, body: bytes) -> tuple[int, bytes]:
    """The simulator's answer to a request whose sender was let in: status and content."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.base_url.rpartition(":")[2]))
    headers = {"Authorization": BASIC, "Content-Type": "text/xml; charset=utf-8"}
    connection.request("POST", "/EWS/Exchange.asmx", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def send(
    connection: socket.socket, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None
) -> None:
    lines = [f"HTTP/1.1 {status} Answer", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (more or {}).items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii") + body)
