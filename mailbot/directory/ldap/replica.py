"""Which copy of the directory a domain controller holds, and how far its own count of changes is.

Update sequence numbers (uSNChanged, highestCommittedUSN) are a domain controller's own: they mean nothing on
another one, nor on the same one after it was restored. Its invocationId says which count it is
(MS-ADTS 3.1.1.1.9 and 3.1.1.1.10).
"""

from dataclasses import dataclass

from mailbot.directory.entry import Entry
from mailbot.directory.ldap.filters import ANYTHING
from mailbot.directory.ldap.session import Scope, Search, Session
from mailbot.directory.names import fold_dn
from mailbot.model.errors import SettingsRefused

_ASKED = (
    "defaultNamingContext", "configurationNamingContext", "dnsHostName", "dsServiceName",
    "highestCommittedUSN",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replica:
    """`count` names the count that `usn` is in. `domain` and `configuration` are names of partitions."""

    count: str
    usn: int
    domain: str
    configuration: str


def replica(session: Session, base: str) -> Replica:
    """From the server's own entry, as it is now: what changes later has a higher number.

    Raises Unreachable, and SettingsRefused when this is no Active Directory or `base` lies elsewhere.
    """
    own = _one(session, "", _ASKED)
    domain, configuration = _text(own, "defaultnamingcontext"), _text(own, "configurationnamingcontext")
    service, usn = _text(own, "dsservicename"), _text(own, "highestcommittedusn")
    if not (domain and configuration and service and usn.isdecimal()):
        raise SettingsRefused(
            "[ldap] servers: what answers there is no domain controller of Active Directory"
        )
    place, root = fold_dn(base), fold_dn(domain)
    if place[-len(root) :] != root:
        raise SettingsRefused(
            "[ldap] base lies in another domain than the one of [ldap] servers; name servers of that domain"
        )
    return Replica(_count(session, service, _text(own, "dnshostname")), int(usn), domain, configuration)


def _count(session: Session, service: str, host: str) -> str:
    """The invocationId; where the account may not read it, the name of the server, which a restored one
    keeps. Then only a number that runs backwards tells."""
    try:
        values = _one(session, service, ("invocationId",)).values.get("invocationid")
    except SettingsRefused:
        values = None
    return values[0].hex() if values else f"{service} {host}".lower()


def _one(session: Session, dn: str, attributes: tuple[str, ...]) -> Entry:
    found = list(session.search(Search(dn, ANYTHING, attributes, Scope.BASE)))
    return found[0] if found else Entry(dn, {})


def _text(entry: Entry, name: str) -> str:
    values = entry.values.get(name)
    return values[0].decode("utf-8", "replace") if values else ""
