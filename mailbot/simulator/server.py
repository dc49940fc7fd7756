"""The HTTP side of the simulator: EWS and its control page on one port of the loopback address."""

import select
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from mailbot.simulator.access import SIGN_IN, Access, AccessLog
from mailbot.simulator.control import Control
from mailbot.simulator.delivery import Delivered, delivered, receive
from mailbot.simulator.ews import Answer, Ews
from mailbot.simulator.faults import FaultBoard, FaultKind
from mailbot.simulator.journal import Journal
from mailbot.simulator.signin import Accounts, Connection
from mailbot.simulator.town import Town

EWS_PATH = "/EWS/Exchange.asmx"
CONTROL_PATH = "/_control"
ACCOUNT_NAMES = ("VOORBEELD\\svc-mailbot", "svc-mailbot@voorbeeld.example")
DEMO_PASSWORD = "demo-only"
LARGEST_REQUEST = 4 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_REASONS |= {413: "Payload Too Large", 500: "Internal Server Error", 503: "Service Unavailable"}


class SimulatorServer:
    """Serves a town from its own threads. `methods` are the sign-in methods that it offers.

    `may_impersonate` False takes the right to impersonate away; `full_access` lets the service account open
    every mailbox without it.
    `latency_ms` is added to every answer. `converts_reports` False leaves reports from other mail servers as
    ordinary mail, without a class of their own.

    Raises ValueError for a host that is not on the loopback network.
    """

    def __init__(
        self,
        town: Town,
        journal: Path | None = None,
        *,
        password: str = DEMO_PASSWORD,
        methods: Sequence[str] = ("basic", "ntlm"),
        may_impersonate: bool = True,
        full_access: bool = False,
        converts_reports: bool = True,
        latency_ms: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not ip_address(host).is_loopback:
            raise ValueError("the simulator listens on the loopback address only")
        self.town = town
        self.faults = FaultBoard()
        self.log = AccessLog()
        self.converts_reports = converts_reports
        self._folder = tempfile.TemporaryDirectory(prefix="mailbot-simulator-")
        self._accounts = Accounts(ACCOUNT_NAMES, password, Path(self._folder.name), methods)
        self._journal = Journal(town, journal)
        self.stopping = threading.Event()
        self.latency = latency_ms / 1000
        self._ews = Ews(
            town,
            self._journal,
            self.log,
            self.faults,
            may_impersonate=may_impersonate,
            full_access=full_access,
        )
        self._control = Control(town, self.log, self.faults, self.delivered, self.receive)
        self._http = _Http((host, port), self)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, name="simulator", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection. A stopped server stays stopped."""
        self.stopping.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._http.close_connections()
        self._journal.close()
        self._folder.cleanup()

    def __enter__(self) -> "SimulatorServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def endpoint(self) -> str:
        return self.base_url + EWS_PATH

    @property
    def control(self) -> str:
        return self.base_url + CONTROL_PATH

    def access_log(self) -> list[Access]:
        return self.log.lines()

    def inbox_of(self, address: str) -> list[Delivered]:
        """What arrived at an address since the town was built, oldest first, automatic replies included."""
        wanted = address.lower()
        with self._journal.lock:
            mailbox = self.town.mailbox(wanted)
            if mailbox is None:
                return [delivered(item) for to, item in self.town.outside if to == wanted]
            inbox = mailbox.folders.by_name["inbox"]
            return [delivered(item) for item in mailbox.items_in(inbox) if item.arrived]

    def delivered(self) -> Mapping[str, list[Delivered]]:
        """Everything that arrived anywhere, by address."""
        addresses = [*self.town.mailboxes, *dict.fromkeys(to for to, _ in self.town.outside)]
        found = {address: self.inbox_of(address) for address in addresses}
        return {address: mails for address, mails in found.items() if mails}

    def takes(self, address: str) -> bool:
        """Whether mail to this address is for somebody here, or for the world outside."""
        known = address.lower() in self.town.mailboxes
        return known or address.lower().rpartition("@")[2] not in self.town.domains

    def receive(self, mime: bytes, to: Sequence[str]) -> None:
        """A mail comes in by SMTP, for these addresses. Who writes it is taken from its From."""
        receive(self.town, self._journal, mime, to, converts=self.converts_reports)

    def signed_in(self) -> Connection:
        """The sign-in state of a new connection."""
        return Connection(self._accounts)

    def answer_ews(self, account: str, content: bytes) -> Answer:
        return self._ews.answer(account, content)

    def answer_control(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        return self._control.answer(method, path.removeprefix(CONTROL_PATH), content)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], simulator: SimulatorServer) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are ordinary here: tests kill them on purpose."""

    def close_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                close_now(connection)


def close_now(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(BaseHTTPRequestHandler):
    """One connection. Every answer leaves in one write, so that no delay of small packets comes in."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.sign_in = self.server.simulator.signed_in()

    def log_message(self, format: str, *args: object) -> None:
        """The access log is the only log."""

    def do_GET(self) -> None:
        self._control(b"")

    def do_DELETE(self) -> None:
        self._control(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            self.close_connection = True
            self._send(413, b"", "text/plain")
            return
        content = self.rfile.read(int(length))
        if self.path.startswith(CONTROL_PATH):
            self._control(content)
        elif self.path.lower() == EWS_PATH.lower():
            self._ews(content)
        else:
            self._send(404, b"", "text/plain")

    def _control(self, content: bytes) -> None:
        if not self.path.startswith(CONTROL_PATH):
            self._send(404, b"", "text/plain")
            return
        status, body = self.server.simulator.answer_control(self.command, self.path, content)
        self._send(status, body, "application/json")

    def _ews(self, content: bytes) -> None:
        simulator = self.server.simulator
        sign_in = self.sign_in.check(self.headers.get("Authorization"))
        if sign_in.account is None:
            now = simulator.town.clock.now()
            simulator.log.add(Access(now, SIGN_IN, "", None, (), (), 401, refused=sign_in.refused))
            self._send(401, b"", "text/html", [("WWW-Authenticate", text) for text in sign_in.challenges])
            return
        answer = simulator.answer_ews(sign_in.account, content)
        if simulator.latency:
            simulator.stopping.wait(simulator.latency)
        match answer.fault:
            case FaultKind.HANG:
                self._wait_for_the_client()
                self._drop()
            case FaultKind.DROP_BEFORE | FaultKind.DROP_AFTER:
                self._drop()
            case FaultKind.DROP_MIDWAY:
                self._send(answer.status, answer.body, answer.content_type, cut=len(answer.body) // 2)
                self._drop()
            case FaultKind.SLOW:
                simulator.stopping.wait(answer.seconds)
                self._send(answer.status, answer.body, answer.content_type)
            case FaultKind.UNAUTHORIZED:
                offers = self.server.simulator.signed_in().check(None).challenges
                self._send(401, b"", "text/html", [("WWW-Authenticate", text) for text in offers])
            case FaultKind.BUSY_503:
                retry = [("Retry-After", f"{answer.seconds:.0f}")] if answer.seconds else []
                self._send(503, answer.body, answer.content_type, retry)
            case _:
                self._send(answer.status, answer.body, answer.content_type)

    def _wait_for_the_client(self) -> None:
        """Until the client hangs up or the simulator stops."""
        while not self.server.simulator.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return

    def _drop(self) -> None:
        self.close_connection = True
        close_now(self.connection)

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str,
        headers: Sequence[tuple[str, str]] = (),
        *,
        cut: int | None = None,
    ) -> None:
        lines = [
            f"HTTP/1.1 {status} {_REASONS.get(status, 'Answer')}",
            "Server: Microsoft-IIS/10.0",
            f"Content-Type: {content_type}; charset=utf-8",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
            "Connection: close" if self.close_connection else "Connection: keep-alive",
        ]
        head = "\r\n".join(lines) + "\r\n\r\n"
        self.wfile.write(head.encode("latin-1") + body[:cut])
