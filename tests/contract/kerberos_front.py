"""A front like Exchange's: TLS, Negotiate with real tickets, Extended Protection; behind it the simulator."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailbot.exchange.ews.kerberos import channel_binding
from mailbot.simulator import SimulatorServer
from tests.contract.fronts import onward, received, send
from tests.contract.wires import encrypted, listening

CHANNEL_BOUND = 2048
"""GSS_C_CHANNEL_BOUND_FLAG: the client sent bindings, and they are ours."""


@dataclass
class Front:
    """How it behaves, and what it saw. `wanted` is Extended Protection = Required; `every_request` asks for a
    ticket each time, as IIS does; `proves` sends the server's own token."""

    server: SimulatorServer
    service_keytab: Path
    chain_file: Path
    wanted: bool = True
    every_request: bool = False
    proves: bool = True
    offers: str = "Negotiate"
    seen: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}/EWS/Exchange.asmx"

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        known = False
        for _, headers, body in received(connection, over):
            known = self._answer(connection, headers, body, known)

    def _answer(self, connection: socket.socket, headers: Message, body: bytes, known: bool) -> bool:
        """Whether this connection is signed in after it."""
        shown = str(headers.get("Authorization", ""))
        proof = ""
        if shown.startswith("Negotiate "):
            known, proof = self._accept(base64.b64decode(shown.removeprefix("Negotiate ")))
        elif not known or self.every_request:
            self.seen.append("asked")
            known = False
        if not known:
            send(connection, 401, b"<html>401</html>", "text/html", {"WWW-Authenticate": self.offers})
            return False
        status, content = onward(self.server, body)
        told = {"WWW-Authenticate": f"Negotiate {proof}"} if proof and self.proves else {}
        send(connection, status, content, "text/xml; charset=utf-8", told)
        return True

    def _accept(self, token: bytes) -> tuple[bool, str]:
        import gssapi

        own = x509.load_pem_x509_certificate(self.chain_file.read_bytes())
        der = own.public_bytes(Encoding.DER)
        store = {"keytab": f"FILE:{self.service_keytab}", "rcache": "none:"}
        context = gssapi.SecurityContext(
            usage="accept",
            creds=gssapi.Credentials(usage="accept", store=store),
            channel_bindings=gssapi.raw.ChannelBindings(application_data=channel_binding(der)),
        )
        context.__DEFER_STEP_ERRORS__ = False
        try:
            answer: Any = context.step(token)
        except gssapi.exceptions.GSSError as error:
            self.seen.append(type(error).__name__)
            return False, ""
        if self.wanted and not int(context.actual_flags) & CHANNEL_BOUND:
            self.seen.append("unbound")
            return False, ""
        self.seen.append(f"let in {context.initiator_name}")
        return True, base64.b64encode(answer or b"").decode()


@contextmanager
def standing(front: Front) -> Iterator[Front]:
    with listening(encrypted(front.serve, front.chain_file)) as front.port:
        yield front
