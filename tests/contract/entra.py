"""A stand-in for Microsoft Entra's token endpoint and for an Exchange that takes its tokens.

Nobody knows yet whether a real one takes them in this way; this shows what mailbot says and keeps to itself.
"""

import json
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mailbot.simulator import SimulatorServer
from tests.contract.fronts import onward, received, send

CLIENT = "01234567-89ab-cdef-0123-456789abcdef"
TENANT = "voorbeeld.example"
LIES = "Beste Jan Jansen, AADSTS700027"


@dataclass
class Entra:
    """`refuses` is an OAuth error that it answers with; `page` answers with HTML instead; `lasts` is how many
    seconds a token is good for. A signature is checked against the certificate."""

    certificate: Path
    port: int = 0
    refuses: str | None = None
    page: bool = False
    lasts: int = 3600
    given: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)

    @property
    def authority(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        for line, _, body in received(connection, over):
            if self.page:
                send(connection, 200, f"<html>{LIES}</html>".encode(), "text/html")
            elif line.startswith("GET"):
                self._say(connection, 200, self._addresses())
            else:
                self._give(connection, body)

    def _addresses(self) -> dict[str, str]:
        base = f"{self.authority}/{TENANT}"
        return {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "issuer": f"{base}/v2.0",
        }

    def _give(self, connection: socket.socket, body: bytes) -> None:
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if self.refuses:
            self._say(connection, 400, {"error": self.refuses, "error_description": LIES})
            return
        own = x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_key()
        assert isinstance(own, RSAPublicKey)
        audience = self._addresses()["token_endpoint"]
        claims = jwt.decode(asked["client_assertion"], own, ["PS256", "RS256"], audience=audience)
        assert claims["iss"] == asked["client_id"] == CLIENT
        assert asked["grant_type"] == "client_credentials"
        self.scopes.append(asked["scope"])
        self.given.append(f"token-{len(self.given) + 1}-Zeer-Geheim")
        told = {"token_type": "Bearer", "expires_in": self.lasts, "access_token": self.given[-1]}
        self._say(connection, 200, told)

    def _say(self, connection: socket.socket, status: int, told: object) -> None:
        send(connection, status, json.dumps(told).encode(), "application/json")


@dataclass
class TokenFront:
    """Takes the newest token of `entra` and hands the request on; `offers` is its challenge."""

    server: SimulatorServer
    entra: Entra
    offers: str = 'Negotiate, Bearer client_id="00000002-0000-0ff1-ce00-000000000000"'
    takes: bool = True
    seen: list[str] = field(default_factory=list)

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        for _, headers, body in received(connection, over):
            shown = str(headers.get("Authorization", ""))
            self.seen.append(shown)
            if self.takes and self.entra.given and shown == f"Bearer {self.entra.given[-1]}":
                send(connection, *onward(self.server, body), "text/xml; charset=utf-8")
            else:
                send(connection, 401, b"", "text/html", {"WWW-Authenticate": self.offers})
