"""One connection to a domain controller that signs in with a keytab, in a process of its own.

libldap can hang in the middle of a handshake and hold the interpreter while it does; only ending its process
helps. So it lives here, and `kerberos` ends it. Run as `python -P -m mailbot.directory.ldap.kerberos_child`.

It reads one JSON object per line and answers with lines of JSON. The first, `Terms`, is answered by
`{"signed_in": true}`; each further one, a `Question`, by `{"dn": ..., "values": {name: [base64, ...]}}` for
an entry, `{"page": true}` after each page but the last and `{"end": true}` after that. Any answer may be
`{"failed": FAILURE, "code": number}` instead. Nothing of it is for a person's eyes, and it says no more.
"""

import base64
import json
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypedDict


class Failure(StrEnum):
    """What a `code` is of."""

    MISSING = "missing"  # a package is not installed; no code
    KERBEROS = "kerberos"  # a ticket was not given: MIT's number
    SIGN_IN = "sign_in"  # an LDAP result; below zero one of libldap's own
    SEARCH = "search"  # the same
    GARBLED = "garbled"  # an answer that is no entry; no code


class Terms(TypedDict):
    """`sealed` lets Kerberos encrypt what passes, in the place of TLS. Seconds are whole."""

    url: str
    host: str
    starttls: bool
    sealed: bool
    ca_file: str | None
    ca_folder: str | None
    principal: str
    keytab: str
    each: int
    whole: int


class Question(TypedDict):
    """`page` is 0 where pages are not asked for."""

    base: str
    filter: str
    attributes: list[str]
    subtree: bool
    page: int


ENCRYPTED = 56
"""The least strength that is more than a signature, in SASL's count."""

ANYTHING = "(objectClass=*)"
NO_SUCH_OBJECT = 32
"""The LDAP result, RFC 4511 appendix A."""

KERBEROS = "1.2.840.113554.1.2.2"
"""The mechanism, RFC 1964."""

HERE = "MEMORY:mailbot"
"""Tickets, kept nowhere else. Also the environment's KRB5CCNAME, where libldap looks for them."""


class Failed(Exception):
    def __init__(self, failure: Failure, code: int = 0) -> None:
        super().__init__(failure)
        self.code = code
        self.answer = {"failed": failure, "code": code}


def main() -> None:
    """Serves until nobody asks any more, or the time of the whole session is up."""
    asked = sys.stdin.buffer
    terms: Terms = json.loads(asked.readline())
    # the kernel ends us, also in the middle of a call that hangs, when nobody is left to do it
    signal.alarm(terms["whole"] + 1)
    try:
        client, connection = signed_in(terms)
        say({"signed_in": True})
        for line in asked:
            question: Question = json.loads(line)
            client.set_raw_attributes(question["attributes"])  # as bytes, whatever they look like
            try:
                answer(connection, question, terms["each"])
            except Failed as failed:
                if failed.code <= 0:
                    raise
                say(failed.answer)  # the server answered, and can be asked on
    except Failed as failed:
        say(failed.answer)


def say(what: Mapping[str, object]) -> None:
    put(what)
    sys.stdout.buffer.flush()


def put(what: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(what).encode("ascii") + b"\n")


def signed_in(terms: Terms) -> tuple[Any, Any]:
    """bonsai's client, which has the settings, and its connection."""
    try:
        import bonsai
    except ImportError:
        raise Failed(Failure.MISSING) from None
    get_ticket(terms)
    client = bonsai.LDAPClient(terms["url"], terms["starttls"])
    client.set_cert_policy("demand")
    client.set_ca_cert(terms["ca_file"])
    client.set_ca_cert_dir(terms["ca_folder"])
    client.set_server_chase_referrals(False)
    client.set_auto_page_acquire(False)
    client.set_credentials("GSSAPI")
    if terms["sealed"]:
        client.set_sasl_security_properties(min_ssf=ENCRYPTED)
    else:
        # a domain controller refuses to encrypt twice
        client.set_sasl_security_properties(max_ssf=0)
    try:
        return client, client.connect(timeout=terms["each"])
    except bonsai.LDAPError as error:
        raise Failed(Failure.SIGN_IN, error.code) from None


def get_ticket(terms: Terms) -> None:
    """For the server at hand, into the place where libldap looks: it would not say why it got none."""
    try:
        import gssapi
        import gssapi.exceptions
    except ImportError:
        raise Failed(Failure.MISSING) from None
    try:
        own = gssapi.Name(terms["principal"], gssapi.NameType.kerberos_principal)
        server = gssapi.Name(f"ldap@{terms['host']}", gssapi.NameType.hostbased_service)
        mechanism = gssapi.OID.from_int_seq(KERBEROS)
        store = {"client_keytab": f"FILE:{terms['keytab']}", "ccache": HERE}
        ticket = gssapi.Credentials(usage="initiate", name=own, mechs=[mechanism], store=store)
        gssapi.SecurityContext(usage="initiate", name=server, creds=ticket, mech=mechanism).step()
    except gssapi.exceptions.GSSError as error:
        number = int(error.min_code) & 0xFFFFFFFF
        raise Failed(Failure.KERBEROS, number - 2**32 if number >= 2**31 else number) from None


def answer(connection: Any, question: Question, each: int) -> None:
    """All pages of one answer."""
    import bonsai

    scope = bonsai.LDAPSearchScope.SUBTREE if question["subtree"] else bonsai.LDAPSearchScope.BASE
    names = question["attributes"]
    terms = (question["base"], scope, question["filter"], names, each)
    try:
        if question["page"]:
            found = connection.paged_search(*terms, page_size=question["page"])
            told = tell(found)
            while (number := found.acquire_next_page()) is not None:
                say({"page": True})
                told += tell(connection.get_result(number, each))
        else:
            told = tell(connection.search(*terms))
        # bonsai gives no entries, and no error, for a base that is nowhere or on another server
        if not told and not is_there(connection, question["base"], each):
            raise Failed(Failure.SEARCH, NO_SUCH_OBJECT)
    except bonsai.LDAPError as error:
        raise Failed(Failure.SEARCH, error.code) from None
    say({"end": True})


def is_there(connection: Any, base: str, each: int) -> bool:
    import bonsai

    return bool(connection.search(base, bonsai.LDAPSearchScope.BASE, ANYTHING, ["1.1"], each))


def tell(entries: Any) -> int:
    """How many there were."""
    told = 0
    for entry in entries:
        values = {}
        for name, many in entry.items():
            if name == "dn":
                continue
            if not all(isinstance(value, bytes) for value in many):
                raise Failed(Failure.GARBLED)
            values[name] = [base64.b64encode(value).decode("ascii") for value in many]
        put({"dn": str(entry.dn), "values": values})
        told += 1
    return told


if __name__ == "__main__":
    main()
