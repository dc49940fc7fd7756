"""Content records of a directory made ready for a server that already owns part of what they say."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.contract import ad_schema

OWNED = frozenset(
    {
        "distinguishedname",
        "name",
        "cn",
        "ou",
        "objectcategory",
        "objectsid",
        "samaccounttype",
        "primarygroupid",
        "memberof",
        "directreports",
        "managedobjects",
        "whencreated",
        "whenchanged",
        "usncreated",
        "usnchanged",
        "dscorepropagationdata",
        "instancetype",
        "ntsecuritydescriptor",
        "pwdlastset",
        "badpasswordtime",
        "badpwdcount",
        "lastlogon",
        "lastlogoff",
        "lastlogontimestamp",
        "logoncount",
        "publicdelegatesbl",
        "msexchdelegatelistbl",
        "altrecipientbl",
    }
)
"""Attributes that the server itself keeps."""
LINKS = ad_schema.LINKS | {"manager", "member", "managedby"}
"""Attributes that may name an entry that comes later."""

Value = tuple[str, bytes]


@dataclass
class Record:
    dn: str
    values: list[Value] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(re.findall(r"(?<!\\),", self.dn))


def records(text: str) -> Iterator[Record]:
    """Content records; comments, the version and what the server owns are left out."""
    unfolded = re.sub(r"\r?\n ", "", text)
    for block in re.split(r"(?:\r?\n){2,}", unfolded):
        values = [_value(line) for line in block.splitlines() if line and not line.startswith("#")]
        values = [(name, value) for name, value in values if name.lower() != "version"]
        if not values:
            continue
        (first, dn), *rest = values
        assert first.lower() == "dn", "a record begins with its name"
        yield Record(dn.decode(), [(name, value) for name, value in rest if name.lower() not in OWNED])


def _value(line: str) -> Value:
    name, _, rest = line.partition(":")
    if rest.startswith(":"):
        return name, base64.b64decode(rest[1:])
    return name, rest.strip().encode()


def additions(found: Iterable[Record]) -> str:
    """The entries themselves, parents first, without what links them."""
    lines = []
    for record in sorted(found, key=lambda record: record.depth):
        lines += [_line("dn", record.dn.encode()), "changetype: add"]
        lines += [_line(name, value) for name, value in record.values if name.lower() not in LINKS]
        lines.append("")
    return "\n".join(lines)


def linking(found: Iterable[Record]) -> str:
    """What links the entries, once they are all there."""
    lines = []
    for record in found:
        links = [(name, value) for name, value in record.values if name.lower() in LINKS]
        if links:
            lines += [_line("dn", record.dn.encode()), "changetype: modify"]
            for name in dict.fromkeys(name for name, _ in links):
                lines.append(f"add: {name}")
                lines += [_line(name, value) for other, value in links if other == name]
                lines.append("-")
            lines.append("")
    return "\n".join(lines)


def _line(name: str, value: bytes) -> str:
    return f"{name}:: {base64.b64encode(value).decode()}"


def parents(found: Iterable[Record], base: str) -> list[Record]:
    """The containers above these entries that are none of the entries, up to the base."""
    there = {record.dn.lower() for record in found}
    made: dict[str, Record] = {}
    for record in found:
        dn = record.dn
        while dn.lower() != base.lower() and (cut := re.search(r"(?<!\\),", dn)):
            dn = dn[cut.end() :]
            if dn.lower() in there or dn.lower() in made or not dn.lower().endswith("," + base.lower()):
                continue
            kind = "organizationalUnit" if dn.upper().startswith("OU=") else "container"
            made[dn.lower()] = Record(dn, [("objectClass", kind.encode())])
    return list(made.values())
