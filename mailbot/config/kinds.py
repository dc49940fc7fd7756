"""Kinds of values in settings: what a time, an address, a path or a URL must look like, and in which words
another one is refused."""

import ipaddress
import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from mailbot.model.ids import Address
from mailbot.policy.typed import Line, refusal

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATABASES = ("sqlite", "postgresql+psycopg")


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise refusal("a time of day such as 08:30", 'write it as "08:30"')
    return time.fromisoformat(value)


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Address(value)
    except ValueError:
        raise refusal("an e-mail address", "write one plain address, without a name") from None


def _zone(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value
    if value not in available_timezones():
        raise refusal("a time zone such as Europe/Amsterdam", "use the name of the zone database")
    return ZoneInfo(str(value))


def is_loopback(host: str | None) -> bool:
    """Whether a host name means this machine."""
    if host is None:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoint(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise refusal(
            "a URL such as https://mail.voorbeeld.example/EWS/Exchange.asmx",
            "write the EWS address of your server, without a user name in it",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise refusal(
            "https, because sign-in and personal data travel over it",
            "use https; plain http is only for a simulator on this machine",
            "plain http",
        )
    return value


def _split(value: str) -> Any:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # a bad port only shows when it is asked for
    except ValueError:
        raise refusal("a URL", "correct the address") from None
    return parts


def _account(value: str) -> str:
    if not value.isprintable():
        raise refusal(
            r"one line: DOMAIN\name or name@domain",
            "use single quotes around a text with a backslash",
            "a line break or another control character",
        )
    return value


_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _proxy(value: str) -> str:
    parts = _split(value)
    if parts.username or parts.password:
        raise refusal(
            "a proxy's address without an account in it",
            "move the account to exchange.proxy_username and the password to a file",
            "an address with an account in it",
        )
    rest = (parts.path.strip("/"), parts.query, parts.fragment)
    if parts.scheme != "http" or not parts.hostname or not parts.port or any(rest):
        raise refusal(
            "http://HOST:PORT", "write the address of the proxy so; the sign-in is encrypted inside it"
        )
    if not value.isprintable() or " " in value:
        raise refusal("http://HOST:PORT", "correct the address of the proxy")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise refusal(
            "a host name such as mail.voorbeeld.example",
            "write the host alone, without HTTP/ and without a port",
        )
    return value


GLOBAL_CATALOG = (3268, 3269)


def _ldap_server(value: str) -> str:
    parts = _split(value)
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in ("ldaps", "ldap") or not parts.hostname or any(rest) or not value.isprintable():
        raise refusal(
            "an address such as ldaps://dc1.voorbeeld.example",
            "write the name of a domain controller as it stands in its certificate",
        )
    if parts.port in GLOBAL_CATALOG:
        raise refusal(
            "a domain controller, not its global catalog",
            "take the port away: the catalog lacks attributes, and accounts would seem never to expire",
            f"port {parts.port}",
        )
    return value


def _tenant(value: str) -> str:
    if not _TENANT.fullmatch(value):
        raise refusal("a tenant such as voorbeeld.example, or its id", "copy it from Entra")
    return value


def _guid(value: str) -> str:
    if not _GUID.fullmatch(value):
        raise refusal("an id such as 01234567-89ab-cdef-0123-456789abcdef", "copy it from Entra")
    return value


def is_principal(text: str) -> bool:
    """Whether this is an account as Kerberos names it: name@REALM."""
    name, at, realm = text.partition("@")
    return bool(name and at and _HOST.fullmatch(realm)) and not any(c in name for c in "\\/ ")


def principal(value: str | None, auth: object) -> str | None:
    """The account as it is, when the way of signing in is not Kerberos or names it as Kerberos does."""
    if value is not None and auth == "kerberos" and not is_principal(value):
        raise refusal(
            "name@REALM, because auth is `kerberos`",
            "write the account as it stands in the keytab, with the realm in capitals",
        )
    return value


def is_path(text: str) -> bool:
    """Whether a path can be looked for at all: no control characters, and no home folder of nobody."""
    try:
        return text.isprintable() and bool(Path(text).expanduser())
    except RuntimeError:
        return False


def _path(value: Path) -> Path:
    if not is_path(str(value)):
        raise refusal(
            "a path without control characters, and after ~ a user of this machine",
            "correct the path; one that begins with / is the clearest",
            "a path that cannot be looked for",
        )
    return value


def _database(value: str) -> str:
    if not value.isprintable():
        raise refusal("an address without control characters", "correct the address of the database")
    scheme, _, rest = value.partition("://")
    if scheme not in _DATABASES or not rest.lstrip("/"):
        raise refusal(
            "sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE", "correct the address of the database"
        )
    if scheme != "sqlite" and _split(value).password:
        raise refusal(
            "a database address without a password",
            "move the password to a file and name it in store.password_file",
            "an address with a password in it",
        )
    return value


Account = Annotated[Line, AfterValidator(_account)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
ProxyAddress = Annotated[str, AfterValidator(_proxy)]
LdapServer = Annotated[str, AfterValidator(_ldap_server)]
HostName = Annotated[str, AfterValidator(_host)]
Tenant = Annotated[str, AfterValidator(_tenant)]
Guid = Annotated[str, AfterValidator(_guid)]
Database = Annotated[str, AfterValidator(_database)]
FilePath = Annotated[Path, AfterValidator(_path)]
ClockTime = Annotated[time, BeforeValidator(_clock)]
Mailbox = Annotated[Address, BeforeValidator(_address)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
