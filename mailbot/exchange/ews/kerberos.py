"""Kerberos from a keytab: tickets in memory, renewed in time, bound to the TLS connection they are used on.

Stands on gssapi (MIT Kerberos), an optional extra that is imported when the first ticket is needed. Nothing
comes from the environment: no kinit, no cache file, no KRB5_CLIENT_KTNAME. The realm and its servers are
those of the machine's krb5.conf.
"""

import base64
import binascii
import re
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from requests.auth import AuthBase

from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

KERBEROS, SPNEGO = "1.2.840.113554.1.2.2", "1.3.6.1.5.5.2"
"""Mechanisms: RFC 1964 and RFC 4178."""

QUIET = 30.0
"""Seconds for which a failure counts for all connections: each of them would wait for a dead KDC anew."""

AGAIN = 1800.0
"""Seconds before the next try with a key that was refused while the old ticket still lasts: as long as the
sign-in breaker rests, for the same reason."""

REFUSED = {
    -1765328383: "account_expired",  # KDC_ERR_NAME_EXP
    -1765328378: "account_unknown",  # KDC_ERR_C_PRINCIPAL_UNKNOWN
    -1765328366: "account_disabled",  # KDC_ERR_CLIENT_REVOKED: also locked
    -1765328363: "account_disabled",  # KDC_ERR_CLIENT_NOTYET
    -1765328361: "password_expired",  # KDC_ERR_KEY_EXP
    -1765328360: "keytab_refused",  # KDC_ERR_PREAUTH_FAILED
    -1765328353: "keytab_refused",  # KRB_AP_ERR_BAD_INTEGRITY: the answer cannot be read with our key
}
"""The KDC says no to the account (RFC 4120, 7.5.9; numbers of MIT's krb5_err): asking again can lock it."""

FAILED = {
    -1765328377: "service_unknown",  # KDC_ERR_S_PRINCIPAL_UNKNOWN
    -1765328370: "encryption_unsupported",  # KDC_ERR_ETYPE_NOSUPP
    -1765328347: "clock_skew",  # KRB_AP_ERR_SKEW
    -1765328230: "kdc_unknown",  # KRB5_REALM_UNKNOWN
    -1765328228: "kdc_unreachable",  # KRB5_KDC_UNREACH
    -1765328203: "keytab_unusable",  # KRB5_KT_NOTFOUND
    -1765328189: "keytab_unusable",  # KRB5_FCC_NOFILE: MIT's word for no key of this name
    -1765328164: "kdc_unknown",  # KRB5_REALM_CANT_RESOLVE
}

_OFFER = re.compile(r"(?:^|,)\s*Negotiate(?:\s+([A-Za-z0-9+/=]+))?\s*(?=,|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keytab:
    """A service account without a password: `principal` is name@REALM. `service_host` is the host in the
    server's name (HTTP/host) where that is not the one of the endpoint."""

    file: Path
    principal: str
    service_host: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Credentials of both mechanisms; `plain` tells what is wrong, SPNEGO keeps that to itself."""

    plain: Any
    spnego: Any


def libraries() -> Any:
    """The module gssapi. Raises ImportError where the extra or libkrb5 is missing."""
    import gssapi
    import gssapi.exceptions

    return gssapi


class Tickets:
    """The ticket of one account, for all connections and threads of the process."""

    def __init__(self, keytab: Keytab) -> None:
        self._keytab = keytab
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._renew_at = 0.0
        self._trouble: EwsTrouble | None = None
        self._quiet_until = 0.0

    def held(self) -> Held:
        """A ticket that lasts, renewed at half its life. Raises EwsTrouble, SIGN_IN_REFUSED when the KDC
        refuses the account: with the end of the ticket, if there is one still."""
        if not self._lock.acquire(timeout=0 if self._lasting() else QUIET):
            held = self._lasting()
            if held is None:  # somebody else waits for the KDC, and has for as long as its silence counts
                raise EwsTrouble(Reason.CONNECTION_LOST, "kdc_unreachable")
            return held
        try:
            return self._renewed()
        finally:
            self._lock.release()

    def _renewed(self) -> Held:
        now, lasting = time.monotonic(), self._lasting()
        if lasting is not None and now < self._renew_at:
            return lasting
        if self._trouble is None or now >= self._quiet_until:
            try:
                return self._acquire()
            except libraries().exceptions.GSSError as error:
                self._trouble = trouble_of(error)
            refused = self._trouble.reason is Reason.SIGN_IN_REFUSED
            # not from when it was begun: a silent KDC may take longer than its silence is to count
            self._quiet_until = time.monotonic() + (AGAIN if refused and lasting is not None else QUIET)
        if lasting is not None:
            self._renew_at = self._quiet_until
            return lasting
        # from here on the sign-in breaker knows of a refusal, and says when to try again
        self._quiet_until = min(self._quiet_until, time.monotonic() + QUIET)
        raise EwsTrouble(self._trouble.reason, self._trouble.code)

    def _lasting(self) -> Held | None:
        held = self._held
        return held if held is not None and _lasts(held) else None

    def _acquire(self) -> Held:
        """Into a store of its own: while MIT has an old ticket there, it goes on with that one and does not
        say why it gets no new one. One try, for the second mechanism takes what the first was given."""
        gssapi = libraries()
        name = gssapi.Name(self._keytab.principal, gssapi.NameType.kerberos_principal)
        ccache = f"MEMORY:mailbot-{uuid.uuid4().hex}"

        def of(mechanism: str, keytab: str) -> Any:
            mechs = [gssapi.OID.from_int_seq(mechanism)]
            store = {"client_keytab": keytab, "ccache": ccache}
            return gssapi.Credentials(usage="initiate", name=name, mechs=mechs, store=store)

        plain = of(KERBEROS, f"FILE:{self._keytab.file}")
        lasts = plain.lifetime  # asked now: MIT gets the ticket no earlier than it has to
        held = Held(plain, of(SPNEGO, ccache))  # an empty keytab of that name: it has no key to try
        self._renew_at = time.monotonic() + lasts / 2
        self._held, self._trouble = held, None
        return held


@cache
def tickets_of(keytab: Keytab) -> Tickets:
    return Tickets(keytab)


def _lasts(held: Held) -> bool:
    try:
        return bool(held.plain.lifetime > 0)
    except libraries().exceptions.GSSError:
        return False


def trouble_of(error: Any) -> EwsTrouble:
    """By MIT's number. Its text names the account and is not repeated."""
    number = (int(error.min_code) & 0xFFFFFFFF) - 2**32
    if number in REFUSED:
        return EwsTrouble(Reason.SIGN_IN_REFUSED, REFUSED[number])
    return EwsTrouble(Reason.CONNECTION_LOST, FAILED.get(number, "kerberos_failed"))


def channel_binding(certificate: bytes) -> bytes:
    """tls-server-end-point of a DER certificate (RFC 5929, 4.1): its hash, MD5 and SHA-1 made SHA-256."""
    shown = x509.load_der_x509_certificate(certificate)
    own = shown.signature_hash_algorithm
    weak = own is None or isinstance(own, hashes.MD5 | hashes.SHA1)
    return b"tls-server-end-point:" + shown.fingerprint(hashes.SHA256() if weak or own is None else own)


class KerberosAuth(AuthBase):
    """Signs the requests of one connection; for one thread. The server must prove itself too.

    A ticket is sent when the server asks for one, and once: a second would be refused like the first. A
    server that asks at every request (IIS does unless it is told otherwise) gets it beforehand from then on.
    `connection` gives the socket in use, whose certificate the ticket is bound to (Extended Protection).
    """

    def __init__(self, tickets: Tickets, host: str, connection: Callable[[], socket.socket | None]) -> None:
        self._tickets = tickets
        self._host = host
        self._connection = connection
        self._context: Any = None
        self._proven: socket.socket | None = None
        self._beforehand = False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._beforehand and self._proven is self._connection():
            request.headers["Authorization"] = self._ticket()
        request.register_hook("response", self._answered)  # type: ignore[no-untyped-call]
        return request

    def stays_signed_in(self) -> bool:
        """Whether the connection in use is, and the server asks for no ticket with each request."""
        opened = self._connection()
        return opened is not None and self._proven is opened and not self._beforehand

    def asked_again(self) -> None:
        """The server wants a ticket; on a connection that has signed in, it will want one each time."""
        self._beforehand = self._proven is not None and self._proven is self._connection()

    def _answered(self, response: requests.Response, **how: Any) -> requests.Response:
        try:
            if response.status_code == 401:
                if not _OFFER.search(_challenge(response)):
                    raise EwsTrouble(Reason.SERVER_FAILED, "no_negotiate")
                if "Authorization" in response.request.headers:
                    return response  # the ticket that was sent beforehand is refused
                self.asked_again()
                response = self._again(response, **how)
            if response.status_code != 401:
                self._believe(response)
        except EwsTrouble:
            response.close()  # else its connection would stay taken, and there is only one
            raise
        return response

    def _again(self, response: requests.Response, **how: Any) -> requests.Response:
        ticket = self._ticket()
        _ = response.content  # read to its end, so that the connection can be used on
        response.close()
        request = response.request.copy()
        request.headers["Authorization"] = ticket
        answer: requests.Response = response.connection.send(request, **how)
        answer.history.append(response)
        answer.request = request
        return answer

    def _ticket(self) -> str:
        gssapi = libraries()
        held = self._tickets.held()
        name = gssapi.Name(f"HTTP@{self._host}", gssapi.NameType.hostbased_service)
        terms = {
            "usage": "initiate",
            "name": name,
            "flags": [gssapi.RequirementFlag.mutual_authentication],
            "channel_bindings": self._binding(),
        }
        spnego, plain = (gssapi.OID.from_int_seq(mechanism) for mechanism in (SPNEGO, KERBEROS))
        try:
            self._context = gssapi.SecurityContext(creds=held.spnego, mech=spnego, **terms)
            token = self._context.step()
        except gssapi.exceptions.GSSError:
            trouble = EwsTrouble(Reason.CONNECTION_LOST, "kerberos_failed")
            try:
                gssapi.SecurityContext(creds=held.plain, mech=plain, **terms).step()
            except gssapi.exceptions.GSSError as error:
                trouble = trouble_of(error)
            raise trouble from None
        return f"Negotiate {base64.b64encode(token).decode('ascii')}"

    def _binding(self) -> Any:
        """Plain HTTP, which only a simulator on this machine speaks, has nothing to bind to."""
        opened = self._connection()
        certificate = opened.getpeercert(True) if isinstance(opened, ssl.SSLSocket) else None
        if certificate is None:
            return None
        return libraries().raw.ChannelBindings(application_data=channel_binding(certificate))

    def _believe(self, response: requests.Response) -> None:
        """The server's own proof comes with its first answer. An error without one is taken for one."""
        opened = self._connection()
        found = _OFFER.search(_challenge(response))
        proof = found[1] if found else None
        if proof is not None and self._context is not None:
            try:
                self._context.step(base64.b64decode(proof, validate=True))
            except (libraries().exceptions.GSSError, binascii.Error):
                raise EwsTrouble(Reason.SERVER_FAILED, "server_unproven") from None
            self._proven = opened if self._context.complete else None
        if self._proven is not opened and response.status_code < 400:
            raise EwsTrouble(Reason.SERVER_FAILED, "server_unproven")


def _challenge(response: requests.Response) -> str:
    return response.headers.get("WWW-Authenticate", "")
