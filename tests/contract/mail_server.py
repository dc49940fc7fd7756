"""A real mail server between mailbot and the simulated Exchange: Postfix, with a queue of its own.

Mail is submitted to it with STARTTLS or implicit TLS and an account; it hands everything on to an `Inward`,
the door by which mail from outside enters the simulator. What the door refuses comes back as Postfix's own
report (RFC 3464) to the envelope's sender, through the same door.
"""

import base64
import hmac
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509

from mailbot.simulator import SimulatorServer
from tests.contract.wires import LOOPBACK, Authority, authority
from tests.free_ports import free_port

HOST = "localhost"
"""The name in its certificate."""

USERNAME, PASSWORD = "postbushulp", "Alleen-versturen-42"
PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
PATIENCE, LOOKS = 90.0, 8
MASTER_PROGRAM = "/usr/lib/postfix/sbin/master"
WHILE_WE_LIVE = 'setsid "$@" & read -r _; kill $!; wait $!'
"""It ends when its standard input does, so never outlives this process, however that ends."""

ROOM = "/tmp"
"""Where its folder is made: Postfix gives up its rights, so every folder above must be open to all."""

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = {address}
inet_protocols = ipv4
smtp_host_lookup = native
myhostname = post.voorbeeld.example
myorigin = voorbeeld.example
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =
relayhost = [{address}]:{door}
smtp_tls_security_level = none
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {chain}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/accounts
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_policy_service unix:{folder}/answers, permit_sasl_authenticated, reject
smtpd_error_sleep_time = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
maximal_queue_lifetime = {gives_up}s
bounce_queue_lifetime = {gives_up}s
delay_warning_time = {warns}s
"""

MASTER = """\
{address}:{port} inet n - n - - smtpd
{address}:{implicit_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def absent() -> str | None:
    """Why there can be no mail server here; None when there can."""
    if shutil.which("postfix", path=PATH) is None:
        return "it is not installed (Debian: postfix)"
    if os.geteuid() != 0:
        return "it gives its processes accounts of their own, and this is not root"
    return None


def required() -> bool:
    return "postfix" in os.environ.get("MAILBOT_REQUIRE", "").split(",")


def needed() -> None:
    """Skip, or fail where the component is required, when it is not here."""
    reason = absent()
    if reason is not None and required():
        pytest.fail(f"postfix is required: {reason}")
    elif reason is not None:
        pytest.skip(f"postfix: {reason}")


@dataclass(frozen=True)
class Passed:
    """One mail that came to the door: the envelope, and the text as it was. A report comes from "<>"."""

    sender: str
    to: tuple[str, ...]
    mime: bytes = field(repr=False)


class Inward:
    """The simulator's SMTP door on the loopback address. An address that the town should know and does not is
    refused for good; `refuse` and `defer` are what a test wants of others.

    Every mail that was let in stands in `passed`.
    """

    def __init__(self, simulator: SimulatorServer) -> None:
        self._simulator = simulator
        self._answers: dict[str, list[str]] = {}
        self.passed: list[Passed] = []
        self.tried: list[str] = []
        self.port = free_port()
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port, ready_timeout=PATIENCE)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def into(self, simulator: SimulatorServer) -> None:
        """From now on mail goes into this one."""
        self._simulator = simulator

    def refuse(self, address: str, answer: str = "550 5.1.1 no such user") -> None:
        """From now on, for good: a report of it goes back to the sender."""
        self._answers[address.lower()] = [answer, ""]

    def defer(self, address: str, times: int, answer: str = "451 4.3.0 try later") -> None:
        """Put it off this often, and then take it."""
        self._answers[address.lower()] = [answer] * times

    def accept(self, address: str) -> None:
        self._answers.pop(address.lower(), None)

    def fresh(self) -> None:
        self._answers.clear()
        self.passed.clear()
        self.tried.clear()

    # called by aiosmtpd
    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, to: str, options: Any) -> str:
        address = to.lower()
        self.tried.append(address)
        answers = self._answers.get(address, [])
        if answers:
            for_good = answers[-1] == ""
            return answers[0] if for_good else answers.pop(0)
        if not self._simulator.takes(address):
            return "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        mail = Passed(envelope.mail_from or "", tuple(envelope.rcpt_tos), bytes(envelope.content))
        self._simulator.receive(mail.mime, mail.to)
        self.passed.append(mail)
        return "250 2.6.0 queued for delivery"


class _Lines(socketserver.ThreadingUnixStreamServer):
    """A service on a socket of a file that Postfix may open, one thread for each connection."""

    daemon_threads = True

    def __init__(self, path: Path, serve: Callable[[Iterator[str], Callable[[str], None]], None]) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                def say(text: str) -> None:
                    self.wfile.write(text.encode())
                    self.wfile.flush()

                lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in self.rfile)
                with suppress(OSError):
                    serve(lines, say)

        super().__init__(str(path), Handler)
        path.chmod(0o666)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class MailServer:
    """One Postfix. `accounts` are names and passwords that may submit; nobody else may.

    `gives_up` are seconds after which mail that is put off comes back, `warns` those after which its sender
    hears of the delay (0: never).
    """

    def __init__(self, door: Inward, *, gives_up: int = 30, warns: int = 0) -> None:
        self.door = door
        self.accounts = {USERNAME: PASSWORD}
        self._gives_up, self._warns = gives_up, warns
        self._answers: dict[str, str] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="mailbot-post-", dir=ROOM))
        self.folder.chmod(0o755)
        self.port, self.implicit_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._services: list[_Lines] = []
        self.tls: Authority = authority(self.folder / "tls", "de mailserver", names=[x509.DNSName(HOST)])
        self.other_tls: Authority = authority(self.folder / "other", "een ander")

    @property
    def ca_file(self) -> Path:
        return self.tls.ca_file

    @property
    def other_ca_file(self) -> Path:
        """Of an authority that signed nothing here."""
        return self.other_tls.ca_file

    def refuse(self, address: str, answer: str = "550 5.1.1 no such user") -> None:
        """Say no to a recipient while the mail is handed in."""
        self._answers[address.lower()] = answer

    def defer(self, address: str, answer: str = "451 4.3.0 try later") -> None:
        """Put a recipient off while the mail is handed in, until `accept`."""
        self._answers[address.lower()] = answer

    def accept(self, address: str) -> None:
        self._answers.pop(address.lower(), None)

    def fresh(self) -> None:
        """As it was when it started, with an empty queue."""
        self._answers.clear()
        self.accounts = {USERNAME: PASSWORD}
        self._run("postsuper", "-d", "ALL")
        self.door.fresh()

    def start(self) -> None:
        """Takes mail when this returns."""
        (self.folder / "etc").mkdir()
        (self.folder / "spool").mkdir()
        (self.folder / "data").mkdir()
        shutil.chown(self.folder / "data", "postfix")
        (self.folder / "log").touch()
        (self.folder / "log").chmod(0o666)  # its commands write there after they gave up their rights
        terms = {
            "folder": self.folder,
            "address": LOOPBACK,
            "door": self.door.port,
            "port": self.port,
            "implicit_port": self.implicit_port,
            "chain": self.tls.chain_file,
            "gives_up": self._gives_up,
            "warns": self._warns,
        }
        (self.folder / "etc" / "main.cf").write_text(MAIN.format(**terms), encoding="ascii")
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(**terms), encoding="ascii")
        self._services = [
            _Lines(self.folder / "accounts", self._check_account),
            _Lines(self.folder / "answers", self._answer),
        ]
        self._run("postfix", "check")
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", WHILE_WE_LIVE, "sh", MASTER_PROGRAM, "-c", str(self.folder / "etc"), "-d"],
                env={"PATH": PATH},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + PATIENCE
        while not (self._listens(self.port) and self._listens(self.implicit_port)):
            said = (self.folder / "output").read_text() + self.log()
            assert self._process.poll() is None and time.monotonic() < end, said
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=PATIENCE)
            self._process = None
        for service in self._services:
            service.close()
        shutil.rmtree(self.folder)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def queued(self) -> int:
        """Mails that it still has."""
        return len(self._run("postqueue", "-j").splitlines())

    def settled(self, after: Callable[[], bool] = lambda: True) -> None:
        """Wait until all has arrived somewhere, reports too: `after` has come true, and its queue is empty in
        several looks in a row. One look is not enough, however long it takes: mail that moves inside the
        queue meanwhile is not listed."""
        end = time.monotonic() + PATIENCE + self._gives_up
        empty = 0
        while empty < LOOKS:
            empty = empty + 1 if after() and not self.queued() else 0
            assert time.monotonic() < end, self.log()[-2000:]
            time.sleep(0.02)

    def _run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [program, "-c", str(self.folder / "etc"), *words],
            env={"PATH": PATH},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @staticmethod
    def _listens(port: int) -> bool:
        try:
            socket.create_connection((LOOPBACK, port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    def _check_account(self, lines: Iterator[str], say: Callable[[str], None]) -> None:
        """The side of Dovecot in its authentication protocol (version 1.1), for PLAIN alone."""
        say(f"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t{'0' * 32}\nDONE\n")
        for line in lines:
            command, *words = line.split("\t")
            if command != "AUTH":
                continue
            given = next((word[5:] for word in words if word.startswith("resp=")), "")
            _, name, password = base64.b64decode(given).decode().split("\0")
            known = self.accounts.get(name)
            good = known is not None and hmac.compare_digest(known.encode(), password.encode())
            say(f"{'OK' if good else 'FAIL'}\t{words[0]}\tuser={name}\n")

    def _answer(self, lines: Iterator[str], say: Callable[[str], None]) -> None:
        """Postfix's own protocol for policies: attributes, an empty line, one action."""
        asked: dict[str, str] = {}
        for line in lines:
            if line:
                name, _, value = line.partition("=")
                asked[name] = value
                continue
            say(f"action={self._answers.get(asked.get('recipient', '').lower(), 'DUNNO')}\n\n")
            asked = {}


@contextmanager
def mail_server(simulator: SimulatorServer, **terms: int) -> Iterator[MailServer]:
    """A running Postfix before this simulator; `terms` are those of `MailServer`."""
    needed()
    door = Inward(simulator)
    door.start()
    server = MailServer(door, **terms)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        door.stop()
