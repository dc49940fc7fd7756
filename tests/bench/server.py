"""The bench's server: `python -m tests.bench.server` prints its port and answers until its input closes.

A process of its own, so that none of its work counts as a client's. One answer is made once and kept; for
the next mailbox with the same question only the mailbox in it is replaced. GET /counts tells what was asked
since the last time; GET /latency/20 makes each answer wait 20 ms from now on.
"""

import asyncio
import json
import re
import sys
import zlib
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lxml import etree

from tests.bench.answers import MAILBOX, Exchange, M, T, Unanswered, fields, operation
from tests.bench.payload import Payload, load

TOKEN = re.compile(rb"m\d{5}(?=[@.])")
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OPEN = (
    '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    '<s:Header><h:ServerVersionInfo xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types" '
    'xmlns="http://schemas.microsoft.com/exchange/services/2006/types" MajorVersion="15" MinorVersion="2" '
    'MajorBuildNumber="1544" MinorBuildNumber="14" Version="V2017_07_11"/></s:Header><s:Body '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
)
CLOSE = "</s:Body></s:Envelope>"
HEAD = (
    "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Type: text/xml; charset=utf-8\r\n"
    "Server: Microsoft-IIS/10.0\r\nrequest-id: 11111111-2222-3333-4444-555555555555\r\n"
    "X-CalculatedBETarget: mail.voorbeeld.example\r\nX-DiagInfo: MAIL\r\nX-BEServer: MAIL\r\n"
    "X-AspNet-Version: 4.0.30319\r\nX-Powered-By: ASP.NET\r\nX-FEServer: MAIL\r\n"
    "Date: Mon, 23 Nov 2026 05:00:00 GMT\r\nContent-Length: {}\r\n\r\n"
)
UNAUTHORIZED = (
    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="voorbeeld"\r\nContent-Length: 0\r\n\r\n'
)
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"


class Desk:
    """Answers requests for all mailboxes, and counts them by what they ask. `made` are the answers kept, with
    what is asked in words, by the traits of the mailbox and the request."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._exchanges: dict[frozenset[str], Exchange] = {}
        self.made: dict[tuple[frozenset[str], bytes], tuple[str, bytes]] = {}
        self._views: dict[tuple[frozenset[str], str, str], str] = {}
        self.counts: Counter[str] = Counter()
        self.sent = 0

    def answer(self, request: bytes) -> bytes:
        """The content of an HTTP answer. Raises Unanswered."""
        tokens = set(TOKEN.findall(request))
        if b"GetUserAvailabilityRequest>" in request:
            asked, content = self._availability(request)
        else:
            if len(tokens) > 1:
                raise Unanswered("several mailboxes")
            token = tokens.pop() if tokens else b""
            asked, content = self._one(request, token)
        self.counts[asked] += 1
        self.sent += len(content)
        return content

    def told(self) -> bytes:
        """What was asked since the last time, as JSON."""
        said = json.dumps({"counts": dict(self.counts), "bytes": self.sent})
        self.counts.clear()
        self.sent = 0
        return said.encode()

    def _one(self, request: bytes, token: bytes) -> tuple[str, bytes]:
        traits = self._payload.traits(int(token[1:])) if token else frozenset()
        asked = request.replace(token, MAILBOX.encode()) if token else request
        if (traits, asked) not in self.made:
            element = body_of(asked)
            content = OPEN + self._exchange(traits).answer(element) + CLOSE
            self.made[traits, asked] = label(element), content.encode()
        name, answer = self.made[traits, asked]
        return name, answer.replace(MAILBOX.encode(), token) if token else answer

    def _exchange(self, traits: frozenset[str]) -> Exchange:
        if traits not in self._exchanges:
            self._exchanges[traits] = Exchange(self._payload, traits)
        return self._exchanges[traits]

    def _availability(self, request: bytes) -> tuple[str, bytes]:
        element = body_of(request)
        start, end = (
            element.findtext(f"{T}FreeBusyViewOptions/{T}TimeWindow/{T}{edge}") or ""
            for edge in ("StartTime", "EndTime")
        )
        shown = []
        for address in element.iter(T + "Address"):
            text = address.text or ""
            traits = self._payload.traits(int(text[1:6])) if TOKEN.match(text.encode()) else frozenset()
            key = traits, start, end
            if key not in self._views:
                window = (datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in (start, end))
                self._views[key] = self._exchange(traits).free_busy(*window)
            shown.append(self._views[key])
        content = (
            f"{OPEN}<m:GetUserAvailabilityResponse><m:FreeBusyResponseArray>{''.join(shown)}"
            f"</m:FreeBusyResponseArray></m:GetUserAvailabilityResponse>{CLOSE}"
        )
        return f"GetUserAvailability x {len(shown)} from {start} until {end}", content.encode()


def body_of(request: bytes) -> etree._Element:
    (element,) = etree.fromstring(request).iterfind(f"{SOAP}Body/*")
    return element


def label(request: etree._Element) -> str:
    """What is asked, in words: two clients that ask the same have the same label."""
    words = [operation(request)]
    if operation(request) == "SyncFolderItems":
        words.append("first" if request.find(M + "SyncState") is None else "from a state")
    for ids in ("ParentFolderIds", "FolderIds", "ItemIds", "SyncFolderId"):
        found = list(request.iterfind(f"{M}{ids}/*"))
        if len(found) > 1 or ids == "ItemIds":
            words += [f"x {len(found)}"] if found else []
        elif found:
            words.append(found[0].get("Id", "") if "Distinguished" in found[0].tag else "x 1")
    condition = request.find(M + "Restriction")
    if condition is not None:
        words.append(f"where {zlib.crc32(etree.tostring(condition, method='c14n', exclusive=True)):08x}")
    asked = sorted(name.rpartition(":")[2] for name in fields(request))
    if len(asked) > 12:
        words.append(f"({len(asked)} properties)")
    elif asked:
        words.append(f"({', '.join(asked)})")
    return " ".join(words)


class Connection(asyncio.Protocol):
    """One keep-alive connection; a request is answered when it is whole."""

    latency = 0.0

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end]
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < whole:
                return
            request, self._read = self._read[end + 4 : whole], self._read[whole:]
            self._answer(head, request)

    def _answer(self, head: bytes, request: bytes) -> None:
        if head.startswith(b"GET "):
            self._control(head)
            return
        if not re.search(rb"(?i)\r\nauthorization: basic ", head):
            self._transport.write(UNAUTHORIZED)
            return
        try:
            content = self._desk.answer(request)
        except (Unanswered, ValueError, KeyError, etree.XMLSyntaxError) as error:
            sys.stderr.write(f"no answer: {error!r}\n")
            self._desk.counts["no answer"] += 1
            self._transport.write(FAILED)
            return
        answer = HEAD.format(len(content)).encode() + content
        if Connection.latency:
            asyncio.get_running_loop().call_later(Connection.latency, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _control(self, head: bytes) -> None:
        path = urlsplit(head.split(b" ", 2)[1].decode()).path
        content = b"{}"
        if path == "/counts":
            content = self._desk.told()
        elif path.startswith("/latency/"):
            Connection.latency = int(path.rpartition("/")[2]) / 1000
        self._transport.write(HEAD.format(len(content)).encode() + content)


async def listen(desk: Desk) -> asyncio.Server:
    """On a free port of the loopback address."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(desk), "127.0.0.1", 0)


async def main() -> None:
    server = await listen(Desk(load()))
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until who started us is gone


if __name__ == "__main__":
    asyncio.run(main())
