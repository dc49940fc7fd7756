"""Hybrid modern authentication: a token of Microsoft Entra, by the certificate of an application. UNPROVEN.

No source says that Exchange on premises takes a token of an application together with impersonation, and no
such server was there to try. So the server is first asked, without credentials, whether it wants tokens.
Stands on msal, an optional extra that is imported when the first token is needed.
"""

import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from mailbot.exchange.ews.trouble import EwsTrouble, from_exception
from mailbot.exchange.ews.wire import Proxy, prepare
from mailbot.model.facts import Reason

AUTHORITY = "https://login.microsoftonline.com"

_OFFER = re.compile(r"(?:^|,)\s*Bearer\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]{1,40}")
"""Error codes of OAuth 2.0 (RFC 6749, 5.2). What else a token endpoint says is not repeated."""

QUIET = 30.0
"""Seconds for which a failure counts for all connections: each of them would ask anew, or be refused anew."""

PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


@dataclass(frozen=True, slots=True)
class App:
    """An application of Entra. `certificate_file` holds its certificate and private key, PEM."""

    tenant: str
    client_id: str
    certificate_file: Path
    authority: str = AUTHORITY


class Http:
    """What msal asks of a client, over our trust and our way; a connection for each request."""

    def __init__(self, ca_file: Path | None, proxy: Proxy | None, seconds: float) -> None:
        self._ca_file = ca_file
        self._proxy = proxy
        self._seconds = seconds

    def get(self, url: str, **asked: Any) -> requests.Response:
        return self.send("GET", url, **asked)

    def post(self, url: str, **asked: Any) -> requests.Response:
        return self.send("POST", url, **asked)

    def send(self, method: str, url: str, **asked: Any) -> requests.Response:
        asked = {**asked, "timeout": self._seconds, "allow_redirects": False}
        with prepare(requests.Session(), self._ca_file, self._proxy) as session:
            return session.request(method, url, **asked)

    def close(self) -> None:
        """msal asks for it; nothing is kept open."""


class Tokens:
    """The token of one application for one server, for all connections and threads of the process."""

    def __init__(self, app: App, endpoint: str, entra: Http, server: Http) -> None:
        self._app = app
        self._endpoint = endpoint
        self._entra = entra
        self._server = server
        self._lock = threading.Lock()
        self._client: Any = None
        self._trouble: EwsTrouble | None = None
        self._quiet_until = 0.0

    def token(self) -> str:
        """A token that lasts; msal keeps it and asks for another five minutes before its end. Raises
        EwsTrouble, SIGN_IN_REFUSED when Entra refuses the application: then it is not asked by all who wait
        for it, and the sign-in breaker says when to try again."""
        with self._lock:
            if self._trouble is None or time.monotonic() >= self._quiet_until:
                try:
                    return self._asked()
                except EwsTrouble as met:
                    # another one: what is kept must not keep the frames and answers that it came from
                    self._trouble = EwsTrouble(met.reason, met.code)
                    self._quiet_until = time.monotonic() + QUIET
            raise EwsTrouble(self._trouble.reason, self._trouble.code)

    def _asked(self) -> str:
        if self._client is None:
            self._probe()
        try:
            self._client = self._client or self._application()
            scope = f"https://{urlsplit(self._endpoint).hostname}/.default"
            answer = self._client.acquire_token_for_client(scopes=[scope])
        except requests.RequestException:
            raise EwsTrouble(Reason.CONNECTION_LOST, "token_unreachable") from None
        except (ValueError, KeyError, TypeError, RuntimeError, OSError):
            raise EwsTrouble(Reason.CONNECTION_LOST, "token_odd_answer") from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if isinstance(token, str) and token:
            self._trouble = None
            return token
        raise _refusal(answer)

    def _probe(self) -> None:
        """Ask the server whether it takes tokens; nothing that signs us in goes with it."""
        try:
            answer = self._server.post(self._endpoint, headers={"Authorization": "Bearer"}, data=b"")
        except requests.RequestException as error:
            raise from_exception(error) from None
        if answer.status_code != 401 or not _OFFER.search(answer.headers.get("WWW-Authenticate", "")):
            raise EwsTrouble(Reason.SERVER_FAILED, "no_bearer")

    def _application(self) -> Any:
        import msal

        pem = self._app.certificate_file.read_text(encoding="ascii")
        return msal.ConfidentialClientApplication(
            self._app.client_id,
            authority=f"{self._app.authority}/{self._app.tenant}",
            client_credential={"private_key": pem, "public_certificate": pem},
            http_client=self._entra,
            instance_discovery=False,
        )


def _refusal(answer: Any) -> EwsTrouble:
    said = answer.get("error") if isinstance(answer, dict) else None
    code = said if isinstance(said, str) and _WORD.fullmatch(said) else "odd_answer"
    passes = code in PASSING or code == "odd_answer"
    return EwsTrouble(Reason.CONNECTION_LOST if passes else Reason.SIGN_IN_REFUSED, f"token_{code}")


@cache
def tokens_of(app: App, endpoint: str, ca_file: Path | None, proxy: Proxy | None, seconds: float) -> Tokens:
    """Only the server is held against `ca_file`: Entra's certificate comes from a public authority."""
    return Tokens(app, endpoint, Http(None, proxy, seconds), Http(ca_file, proxy, seconds))


class BearerAuth(AuthBase):
    """Puts the token on every request. `aside` keeps the request for a token apart from the one it is for."""

    def __init__(self, tokens: Tokens, aside: Callable[[], AbstractContextManager[None]]) -> None:
        self._tokens = tokens
        self._aside = aside

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._aside():
            request.headers["Authorization"] = f"Bearer {self._tokens.token()}"
        return request
