"""People, groups and databases as LDIF, for the domain controller of the tests."""

import base64
import uuid
from collections.abc import Iterable

from tests.contract.domain_controller import BASE, DATABASES, GROUPS, PEOPLE

STORE = f"CN=DB1,{DATABASES}"


def guid_of(login: str) -> uuid.UUID:
    """The same every time, so that a test can say who somebody is."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, f"{login}.voorbeeld.example")


def dn_of(login: str, unit: str = PEOPLE) -> str:
    return f"CN={login},{unit}"


def _line(name: str, value: bytes | str) -> str:
    raw = value if isinstance(value, bytes) else value.encode()
    return f"{name}:: {base64.b64encode(raw).decode()}"


def person(login: str, unit: str = PEOPLE, **values: str | Iterable[str]) -> str:
    """A mailbox, with what `values` adds or says otherwise."""
    guid = guid_of(login)
    plain: dict[str, str | Iterable[str]] = {
        "sAMAccountName": login,
        "displayName": f"{login.title()} Voorbeeld",
        "mail": f"{login}@voorbeeld.example",
        "proxyAddresses": [f"SMTP:{login}@voorbeeld.example", f"smtp:{login}@oud.voorbeeld.example"],
        "userAccountControl": "512",
        "employeeID": f"9{guid.int % 100_000:05}",
        "mDBUseDefaults": "TRUE",
        "msExchRecipientTypeDetails": "1",
        **values,
    }
    lines = [_line("dn", dn_of(login, unit)), "objectClass: user", _line("objectGUID", guid.bytes_le)]
    lines.append(_line("msExchMailboxGuid", uuid.uuid5(guid, "mailbox").bytes_le))
    for name, told in plain.items():
        lines += [_line(name, value) for value in ([told] if isinstance(told, str) else told)]
    return "\n".join(lines) + "\n"


def group(name: str, *members: str, unit: str = GROUPS) -> str:
    """`members` are names of entries."""
    cn = name.replace("\\", "\\\\").replace(",", "\\,").replace('"', '\\"')
    sam = "g-" + uuid.uuid5(uuid.NAMESPACE_DNS, name).hex[:12]
    lines = [_line("dn", f"CN={cn},{unit}"), "objectClass: group", _line("sAMAccountName", sam)]
    return "\n".join((*lines, *(_line("member", member) for member in members))) + "\n"


def store(kilobytes: int) -> str:
    """A database with this limit."""
    return f"dn: {STORE}\nobjectClass: msExchPrivateMDB\nmDBOverHardQuotaLimit: {kilobytes}\n"


def ldif(*entries: str) -> str:
    return "\n".join(("version: 1\n", *entries))


def change(dn: str, attribute: str, *values: str) -> str:
    """Replace the values of one attribute."""
    lines = [_line("dn", dn), "changetype: modify", f"replace: {attribute}"]
    return "\n".join((*lines, *(_line(attribute, value) for value in values))) + "\n"


__all__ = ["BASE", "STORE", "change", "dn_of", "group", "guid_of", "ldif", "person", "store"]
