"""What signing in to a domain controller has in common, whatever it is done with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from mailbot.directory.ldap.session import Session
from mailbot.engine.breaker import Breaker
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused

log = structlog.get_logger(__name__)

_PORTS = {"ldaps": 636, "ldap": 389}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is. `scheme` is ldaps or ldap."""

    scheme: str
    host: str
    port: int


def place_of(url: str) -> Place:
    """Raises SettingsRefused for what is no URL of a server."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (LookupError, ValueError):
        host = None
    if not host:
        raise SettingsRefused("[ldap] servers: write a URL such as ldaps://dc1.voorbeeld.example")
    return Place(parts.scheme, host, port)


@contextmanager
def signing_in(session: Session, breaker: Breaker) -> Iterator[None]:
    """What fails in it closes the session. A refusal is remembered at once: a crash must not forget it."""
    try:
        yield
    except MailbotError as error:
        session.close()
        if isinstance(error, SignInRefused):
            _remember(breaker)
        raise
    breaker.accepted()


def _remember(breaker: Breaker) -> None:
    try:
        breaker.refused()
    except MailbotError as error:
        log.error("refused sign-in could not be remembered", error=type(error).__name__)
