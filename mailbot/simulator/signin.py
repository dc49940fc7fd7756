"""Who is calling: Basic and NTLM, with the password really checked, per connection."""

import base64
import binascii
import hmac
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NTLM_TYPE_AT = 8
_STORE_VARIABLE = "NTLM_USER_FILE"
_store_lock = threading.Lock()


class NtlmMissing(Exception):
    """NTLM was asked for and the package that accepts it is not there."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What came of one Authorization header: the account, or the challenges to answer 401 with.

    `refused` tells a finished handshake with a wrong name or password; the first rounds are not that.
    """

    account: str | None
    challenges: tuple[str, ...] = ()
    refused: bool = False


class Accounts:
    """The one account that may sign in, under several spellings. `methods` of "basic" and "ntlm".

    Raises NtlmMissing when NTLM is asked for and pyspnego is not installed, and ValueError for a password
    with a colon, which its list of users cannot hold.
    """

    def __init__(
        self, names: Sequence[str], password: str, folder: Path, methods: Sequence[str] = ("basic", "ntlm")
    ) -> None:
        self.names = {name.lower() for name in names}
        self.account = names[0]
        self.methods = tuple(methods)
        self._password = password
        self._store = folder / "ntlm-users"
        if "ntlm" in self.methods:
            _acceptor_module()
            if ":" in password:
                raise ValueError("with NTLM the simulator's password cannot hold a colon")
            lines = (
                f"{name.rpartition(chr(92))[0]}:{name.rpartition(chr(92))[2]}:{password}" for name in names
            )
            self._store.touch(mode=0o600)
            self._store.write_text("\n".join(lines) + "\n")

    @property
    def offers(self) -> tuple[str, ...]:
        """The challenges of a first answer."""
        texts = {"ntlm": "NTLM", "basic": 'Basic realm="Exchange van gemeente Voorbeeld"'}
        return tuple(texts[method] for method in self.methods)

    def check_basic(self, credentials: str) -> bool:
        try:
            name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeError):
            return False
        return name.lower() in self.names and hmac.compare_digest(password.encode(), self._password.encode())

    def step(self, context: Any, token: bytes) -> bytes | None:
        """One round of an NTLM handshake. Raises SpnegoError when the client is refused."""
        with self._users_in_environment():
            answer: bytes | None = context.step(token)
            return answer

    def new_context(self) -> Any:
        spnego = _acceptor_module()
        with self._users_in_environment():
            return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)

    @contextmanager
    def _users_in_environment(self) -> Iterator[None]:
        """The acceptor finds its users through an environment variable only, so it is set for a moment."""
        with _store_lock:
            before = os.environ.get(_STORE_VARIABLE)
            os.environ[_STORE_VARIABLE] = str(self._store)
            try:
                yield
            finally:
                if before is None:
                    del os.environ[_STORE_VARIABLE]
                else:
                    os.environ[_STORE_VARIABLE] = before


class Connection:
    """Sign-in state of one connection. NTLM signs in the connection, Basic every single request."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._account: str | None = None
        self._context: Any = None

    def check(self, header: str | None) -> SignIn:
        offers = self._accounts.offers
        scheme, _, value = (header or "").partition(" ")
        match scheme.lower():
            case "basic" if "basic" in self._accounts.methods:
                if self._accounts.check_basic(value):
                    return SignIn(self._accounts.account)
                return SignIn(None, offers, refused=True)
            case "ntlm" if "ntlm" in self._accounts.methods:
                return self._ntlm(value)
            case "" if self._account is not None:
                return SignIn(self._account)
        return SignIn(None, offers)

    def _ntlm(self, value: str) -> SignIn:
        offers = self._accounts.offers
        try:
            token = base64.b64decode(value, validate=True)
        except binascii.Error:
            return SignIn(None, offers, refused=True)
        first = len(token) > _NTLM_TYPE_AT and token[_NTLM_TYPE_AT] == 1
        if first:
            self._account, self._context = None, self._accounts.new_context()
        elif self._context is None:
            return SignIn(None, offers)
        try:
            answer = self._accounts.step(self._context, token)
        except _acceptor_module().exceptions.SpnegoError:
            self._context = None
            return SignIn(None, offers, refused=not first)
        if self._context.complete:
            self._account, self._context = self._accounts.account, None
            return SignIn(self._account)
        return SignIn(None, (f"NTLM {base64.b64encode(answer or b'').decode('ascii')}",))


def _acceptor_module() -> Any:
    try:
        import spnego
        import spnego.exceptions
    except ImportError:
        raise NtlmMissing(
            "the simulator accepts NTLM with the package pyspnego: install it, or offer basic only"
        ) from None
    return spnego
