"""A domain controller in memory, as far as the reading of a directory asks one: its tree, links, count
of changes, and filters.

It has the traps of a real one: a link names what it points to, wherever that is now; what happens to a unit
above an entry, to the target of its links, or to its groups leaves the entry's own number of changes as it
was.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailbot.directory.entry import Entry
from mailbot.directory.ldap.session import Scope, Search
from mailbot.model.errors import SettingsRefused, Unreachable

DOMAIN = "DC=ad,DC=voorbeeld,DC=example"
CONFIGURATION = f"CN=Configuration,{DOMAIN}"
SERVICE = f"CN=NTDS Settings,CN=DC1,{CONFIGURATION}"
IN_CHAIN = "memberof:1.2.840.113556.1.4.1941:"
LINKS = ("manager", "publicDelegates", "altRecipient", "homeMDB")

_TOKEN = re.compile(r"\(([&|!]?)|\)|([^()]+)")


@dataclass
class Thing:
    """An object of the directory. `links` and `member` hold other objects' identities."""

    guid: uuid.UUID
    name: str
    above: uuid.UUID | None
    values: dict[str, list[bytes]]
    links: dict[str, list[uuid.UUID]] = field(default_factory=dict)
    member: set[uuid.UUID] = field(default_factory=set)
    usn: int = 0


class SmallDomain:
    def __init__(self) -> None:
        self.things: dict[uuid.UUID, Thing] = {}
        self.usn = 1000
        self.invocation = uuid.uuid4()
        self.tells_invocation = True
        self.served = 0
        self.breaks_after: int | None = None
        self.questions: list[Search] = []
        self.closed = 0

    # -- what administrators do ------------------------------------------------------------------------

    def unit(self, name: str, above: Thing | None = None) -> Thing:
        return self._add(name, above, {"objectClass": [b"top", b"organizationalUnit"]}, "OU")

    def person(self, login: str, unit: Thing, mailbox: bool = True) -> Thing:
        guid = uuid.uuid4()
        values = {
            "objectClass": [b"top", b"person", b"user"],
            "sAMAccountName": [login.encode()],
            "mail": [f"{login}@voorbeeld.example".encode()],
            "displayName": [login.title().encode()],
            "userAccountControl": [b"512"],
            "primaryGroupID": [b"513"],
            "mDBUseDefaults": [b"TRUE"],
        }
        if mailbox:
            values |= {"msExchMailboxGuid": [guid.bytes], "msExchRecipientTypeDetails": [b"1"]}
        return self._add(login, unit, values, "CN", guid)

    def group(self, name: str, unit: Thing, number: int) -> Thing:
        sid = bytes.fromhex("010500000000000515000000") + bytes(12) + number.to_bytes(4, "little")
        values = {"objectClass": [b"top", b"group"], "cn": [name.encode()], "objectSid": [sid]}
        return self._add(name, unit, values, "CN")

    def change(self, thing: Thing, name: str, *values: str) -> None:
        thing.values[name] = [value.encode() for value in values]
        self._changed(thing)

    def link(self, thing: Thing, name: str, *targets: Thing) -> None:
        thing.links[name] = [target.guid for target in targets]
        self._changed(thing)

    def move(self, thing: Thing, unit: Thing) -> None:
        thing.above = unit.guid
        self._changed(thing)

    def rename(self, thing: Thing, name: str) -> None:
        thing.name = f"{thing.name.partition('=')[0]}={name}"
        self._changed(thing)

    def join(self, group: Thing, *who: Thing) -> None:
        group.member |= {one.guid for one in who}
        self._changed(group)

    def quit(self, group: Thing, who: Thing) -> None:
        group.member.discard(who.guid)
        self._changed(group)

    def delete(self, thing: Thing) -> None:
        del self.things[thing.guid]
        self.usn += 1

    def become_another_server(self) -> None:
        """The same directory on another controller: each of its numbers means something else."""
        self.invocation = uuid.uuid4()
        reached = self.usn
        self._count_anew(1)
        self.usn = reached + 5

    def run_backwards(self) -> None:
        """Restored from a copy without anybody telling it: the count begins lower."""
        self._count_anew(1)

    def dn(self, thing: Thing) -> str:
        above = self.dn(self.things[thing.above]) if thing.above else DOMAIN
        return f"{thing.name},{above}"

    def _add(
        self, name: str, above: Thing | None, values: dict[str, list[bytes]], kind: str,
        guid: uuid.UUID | None = None,
    ) -> Thing:  # fmt: skip
        guid = guid or uuid.uuid4()
        values["objectGUID"] = [guid.bytes_le]
        thing = Thing(guid, f"{kind}={name}", above.guid if above else None, values)
        self.things[guid] = thing
        self._changed(thing)
        return thing

    def _changed(self, thing: Thing) -> None:
        self.usn += 1
        thing.usn = self.usn

    def _count_anew(self, first: int) -> None:
        self.usn = first
        for thing in reversed(self.things.values()):
            self._changed(thing)

    # -- what a client sees ----------------------------------------------------------------------------

    def open(self, _url: str) -> "SmallDomain":
        self.served = 0
        return self

    def close(self) -> None:
        self.closed += 1

    def search(self, search: Search) -> Iterator[Entry]:
        self.questions.append(search)
        for entry in self._answer(search):
            self.served += 1
            if self.breaks_after is not None and self.served > self.breaks_after:
                raise Unreachable("cut in the middle")
            yield entry

    def _answer(self, search: Search) -> list[Entry]:
        if search.scope is Scope.BASE:
            return [self._special(search.base)]
        end = search.base.lower()
        inside = [thing for thing in self.things.values() if self.dn(thing).lower().endswith(end)]
        known = {DOMAIN.lower(), f"cn=services,{CONFIGURATION}".lower()}
        if end not in known and end not in {self.dn(thing).lower() for thing in self.things.values()}:
            raise SettingsRefused("no such place")
        wanted = {name.lower() for name in search.attributes}
        test = _Filter(search.filter)
        return [self._seen(thing, wanted) for thing in inside if test.fits(self._all(thing), self, thing)]

    def _special(self, base: str) -> Entry:
        if base == "":
            return Entry(
                "",
                {
                    "defaultnamingcontext": (DOMAIN.encode(),),
                    "configurationnamingcontext": (CONFIGURATION.encode(),),
                    "dnshostname": (b"dc1.ad.voorbeeld.example",),
                    "dsservicename": (SERVICE.encode(),),
                    "highestcommittedusn": (str(self.usn).encode(),),
                },
            )
        if base == SERVICE and self.tells_invocation:
            return Entry(base, {"invocationid": (self.invocation.bytes_le,)})
        raise SettingsRefused("no such place")

    def _all(self, thing: Thing) -> dict[str, tuple[bytes, ...]]:
        found = {name.lower(): tuple(values) for name, values in thing.values.items() if values}
        for name, targets in thing.links.items():
            there = [self.dn(self.things[guid]).encode() for guid in targets if guid in self.things]
            if there:
                found[name.lower()] = tuple(there)
        found["usnchanged"] = (str(thing.usn).encode(),)
        return found

    def _seen(self, thing: Thing, wanted: set[str]) -> Entry:
        values = {name: value for name, value in self._all(thing).items() if name in wanted}
        return Entry(self.dn(thing), values)

    def in_chain(self, thing: Thing, dn: str) -> bool:
        found = {thing.guid}
        while True:
            groups = {g.guid for g in self.things.values() if not g.member.isdisjoint(found)}
            if groups <= found:
                break
            found |= groups
        return any(self.dn(self.things[guid]).lower() == dn.lower() for guid in found - {thing.guid})


class _Filter:
    """A filter of RFC 4515, as far as it is used here."""

    def __init__(self, text: str) -> None:
        self._parts = [match.group(0) for match in _TOKEN.finditer(text)]
        self._tree = self._parse()
        assert not self._parts, text

    def _parse(self) -> tuple[str, list[object]] | str:
        opening = self._parts.pop(0)
        assert opening[0] == "("
        if len(opening) == 1:
            leaf = self._parts.pop(0)
            assert self._parts.pop(0) == ")"
            return leaf
        children: list[object] = []
        while self._parts[0] != ")":
            children.append(self._parse())
        self._parts.pop(0)
        return opening[1], children

    def fits(self, values: dict[str, tuple[bytes, ...]], domain: SmallDomain, thing: Thing) -> bool:
        def fits(node: object) -> bool:
            if isinstance(node, tuple):
                kind, children = node
                results = [fits(child) for child in children]
                return all(results) if kind == "&" else any(results) if kind == "|" else not results[0]
            assert isinstance(node, str)
            name, _, wanted = node.partition("=")
            text = re.sub(r"\\([0-9a-f]{2})", lambda found: chr(int(found.group(1), 16)), wanted)
            if name.lower() == IN_CHAIN:
                return domain.in_chain(thing, text)
            if name.endswith(">"):
                return any(int(value) >= int(text) for value in values.get(name[:-1].lower(), ()))
            if wanted == "*":
                return name.lower() in values
            return any(value.lower() == text.lower().encode() for value in values.get(name.lower(), ()))

        return fits(self._tree)
