"""Sign-in with a keytab, without a password. The client that can do it runs in a process of its own.

Whatever that process does, a call ends by its deadline: then it is killed, and waited for. On Linux only: a
member server of Windows has no use for a keytab.
"""

import base64
import binascii
import json
import os
import select
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from mailbot.config import authorities
from mailbot.directory.entry import Entry
from mailbot.directory.ldap import kerberos_trouble, trouble
from mailbot.directory.ldap.deadline import Deadline
from mailbot.directory.ldap.kerberos_child import HERE, Failure, Question, Terms
from mailbot.directory.ldap.server_proof import prove
from mailbot.directory.ldap.session import PAGE, Scope, Search
from mailbot.directory.ldap.sign_in import place_of, signing_in
from mailbot.engine.breaker import Breaker
from mailbot.model.clock import Clock
from mailbot.model.errors import MailbotError

CHILD = (sys.executable, "-P", "-m", "mailbot.directory.ldap.kerberos_child")

_SPARE = 5.0
"""Seconds that the process gets to start, beside those of its first answer."""


@dataclass(frozen=True, slots=True)
class KerberosBind:
    """Implements session.Opener. `principal` is name@REALM; `each` and `whole` are the seconds of one call
    and of one session.

    ldaps:// is encrypted by TLS, ldap:// by StartTLS with `starttls` and else by Kerberos itself; in all
    three the server proves who it is. `ca_file` stands in the place of the machine's authorities.
    """

    principal: str = field(repr=False)
    keytab: Path = field(repr=False)
    clock: Clock
    breaker: Breaker
    ca_file: Path | None = None
    starttls: bool = False
    each: float = 15.0
    whole: float = 300.0
    child: tuple[str, ...] = CHILD

    def __call__(self, url: str) -> "ChildSession":
        """See session.Opener. Nothing is sent in the half hour after a refusal, see Breaker."""
        place = place_of(url)
        self.breaker.check()
        deadline = Deadline(self.clock, self.each, self.whole)
        by_starttls = self.starttls and place.scheme == "ldap"
        sealed = place.scheme == "ldap" and not self.starttls
        if not sealed:
            prove(place.host, place.port, by_starttls, self.ca_file, deadline)
        file, folder = (None, None) if sealed else _authorities(self.ca_file)
        terms: Terms = {
            "url": url,
            "host": place.host,
            "starttls": by_starttls,
            "sealed": sealed,
            "ca_file": file,
            "ca_folder": folder,
            "principal": self.principal,
            "keytab": str(self.keytab),
            "each": ceil(self.each),
            "whole": ceil(self.whole),
        }
        session = ChildSession(self.child, _environment(self.each), deadline)
        with signing_in(session, self.breaker):
            session.sign_in(terms, Deadline(self.clock, self.each + _SPARE, self.whole))
        return session


def _authorities(ca_file: Path | None) -> tuple[str | None, str | None]:
    try:
        return (str(ca_file), None) if ca_file else authorities.lists_of_the_machine()
    except OSError:
        raise trouble.no_authorities() from None


def _environment(each: float) -> dict[str, str]:
    """All that the process knows of this one: no proxies, no tickets of others, no settings of libldap."""
    known = {
        "KRB5CCNAME": HERE,
        "LDAPNETWORK_TIMEOUT": str(ceil(each)),
        "LDAPSASL_NOCANON": "on",  # the name in the URL is the one that a ticket is asked for
        "LDAPSASL_CBINDING": "tls-endpoint",  # a ticket holds on its own TLS connection only (RFC 5929)
    }
    return known | {name: os.environ[name] for name in ("KRB5_CONFIG",) if name in os.environ}


class ChildSession:
    """Implements session.Session. `pid` is that of the process behind it."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], deadline: Deadline) -> None:
        try:
            self._child = subprocess.Popen(
                words,
                env=environment,
                cwd=os.sep,  # anywhere else a file with settings for libldap may lie
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            raise kerberos_trouble.ended() from None
        self.pid = self._child.pid
        # also when nobody closes this, and at the latest when this process ends
        self._end = weakref.finalize(self, _end, self._child)
        self._deadline = deadline
        self._received = b""
        self._answering = False

    def sign_in(self, terms: Terms, deadline: Deadline) -> None:
        deadline.next_call()
        self._ask(terms, deadline)
        answer = self._answer(deadline)
        if "signed_in" not in answer:
            raise self._lost(kerberos_trouble.garbled())

    def search(self, search: Search) -> Iterator[Entry]:
        if self._answering:
            raise self._lost(kerberos_trouble.ended())  # an answer that was not read to its end is in the way
        question: Question = {
            "base": search.base,
            "filter": search.filter,
            "attributes": list(search.attributes),
            "subtree": search.scope is Scope.SUBTREE,
            "page": PAGE if search.scope is Scope.SUBTREE else 0,
        }
        self._deadline.next_call()
        self._ask(question, self._deadline)
        self._answering = True
        while self._answering:
            self._deadline.next_call()
            yield from self._page()

    def close(self) -> None:
        self._end()

    def _page(self) -> list[Entry]:
        """All of it, or nothing."""
        found: list[Entry] = []
        while True:
            answer = self._answer(self._deadline)
            if "dn" in answer:
                found.append(self._entry(answer))
            elif "page" in answer:
                return found
            elif "end" in answer:
                self._answering = False
                return found
            else:
                raise self._lost(kerberos_trouble.garbled())

    def _entry(self, answer: Mapping[str, Any]) -> Entry:
        try:
            values = {
                str(name).lower(): tuple(base64.b64decode(value, validate=True) for value in many)
                for name, many in answer["values"].items()
                if many
            }
            return Entry(str(answer["dn"]), values)
        except (LookupError, TypeError, AttributeError, binascii.Error, ValueError):
            raise self._lost(kerberos_trouble.garbled()) from None

    def _ask(self, what: Mapping[str, Any], deadline: Deadline) -> None:
        assert self._child.stdin is not None
        pipe, left = self._child.stdin.fileno(), json.dumps(what).encode("ascii") + b"\n"
        try:
            while left:
                _wait(pipe, select.POLLOUT, deadline)
                left = left[os.write(pipe, left[: select.PIPE_BUF]) :]
        except (OSError, ValueError) as error:
            raise self._lost(_of(error)) from None

    def _answer(self, deadline: Deadline) -> Mapping[str, Any]:
        """The next line. Raises what the process says has failed."""
        try:
            answer = json.loads(self._line(deadline))
            if not isinstance(answer, dict):
                raise TypeError
            if "failed" not in answer:
                return answer
            failure, code = Failure(answer["failed"]), int(answer["code"])
        except (OSError, EOFError) as error:
            raise self._lost(_of(error)) from None
        except (LookupError, TypeError, ValueError, RecursionError):
            raise self._lost(kerberos_trouble.garbled()) from None
        failed = kerberos_trouble.of(failure, code)
        if failure is not Failure.SEARCH or code <= 0:
            raise self._lost(failed)
        self._answering = False
        raise failed

    def _line(self, deadline: Deadline) -> bytes:
        assert self._child.stdout is not None
        pipe = self._child.stdout.fileno()
        parts = [self._received]
        while b"\n" not in parts[-1]:
            _wait(pipe, select.POLLIN, deadline)
            parts.append(os.read(pipe, 65536))
            deadline.received(len(parts[-1]))
            if not parts[-1]:
                raise EOFError
        line, _, self._received = b"".join(parts).partition(b"\n")
        return line

    def _lost(self, error: MailbotError) -> MailbotError:
        """Nothing more is asked of a process that did not do as it was asked."""
        self.close()
        return error


def _wait(pipe: int, event: int, deadline: Deadline) -> None:
    """Raises TimeoutError."""
    ready = select.poll()
    ready.register(pipe, event)
    if not ready.poll(deadline.left() * 1000):
        raise TimeoutError


def _of(error: Exception) -> MailbotError:
    return trouble.lost(error) if isinstance(error, TimeoutError) else kerberos_trouble.ended()


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Kills and waits. It has nothing to tidy up, and may not be able to."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
