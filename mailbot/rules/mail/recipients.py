"""Whether a mail left the organisation. The strictest recipient decides; what nobody knows stays unclear."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from mailbot.model.secure_mail import TrustedDomain
from mailbot.model.sent import Reach, Recipient, RecipientKind

DEEPEST = 20
"""Groups within groups that are followed; a circle of groups stops there and stays unclear."""

GUEST = "#ext#"
"""Stands in the account name of a guest: an address under the own tenant that is somebody else's mailbox."""


@dataclass(frozen=True, slots=True, repr=False)
class Recipients:
    """`external` are the domains outside. `guests` tells of guests, whose own domain no address gives;
    `unclear` of recipients that might be outside."""

    external: frozenset[str]
    guests: bool
    unclear: bool

    @property
    def reach(self) -> Reach:
        if self.external or self.guests:
            return Reach.EXTERNAL
        return Reach.UNCLEAR if self.unclear else Reach.INTERNAL


def resolve(recipients: Iterable[Recipient], own: Iterable[str]) -> Recipients:
    """Where the recipients are, seen from the organisation whose mail domains are `own`.

    A mail without any recipient is unclear: the copy does not show them. So is every domain when nobody
    knows which are the organisation's own.
    """
    domains = tuple(filter(None, (domain(name) for name in own)))
    external: set[str] = set()
    guests = unclear = False
    anybody = False
    for leaf in _leaves(recipients):
        anybody = True
        local, at, host = (leaf.address or "").strip().strip("<>").rpartition("@")
        found = domain(host)
        if GUEST in local.casefold():
            guests = True
        elif not at or not local or found is None or not domains:
            unclear = True
        elif not any(within(found, name) for name in domains):
            external.add(found)
        elif leaf.kind is RecipientKind.CONTACT:
            unclear = True  # an own address in the address list may lead to somebody outside
    return Recipients(frozenset(external), guests, unclear or not anybody)


def with_partners(to: Recipients, trusted: Iterable[TrustedDomain], sent: date, today: date) -> Recipients:
    """The same recipients where partners of the organisation are inside: those whose domain is trusted. Where
    the trust is past its review, or younger than the mail, they are unclear. A guest stays outside."""
    entries = tuple(trusted)
    standing = {name: covering(name, entries, sent, today) for name in to.external}
    return Recipients(
        frozenset(name for name, holds in standing.items() if holds is None),
        to.guests,
        to.unclear or False in standing.values(),
    )


def covering(name: str, trusted: Iterable[TrustedDomain], sent: date, today: date) -> bool | None:
    """Whether an entry that covers the domain is in force; None when no entry covers it."""
    entries = [
        entry
        for entry in trusted
        if (found := domain(entry.domain)) and (name == found or (entry.subdomains and within(name, found)))
    ]
    return any(entry.holds(sent, today) for entry in entries) if entries else None


def domain(text: str) -> str | None:
    """A mail domain as the name system compares it: lower case, no dot at the end, letters outside ASCII in
    their `xn--` form. None when it is none, an address literal such as [192.0.2.1] or a bare host."""
    labels = text.strip().casefold().replace("\u3002", ".").replace("\uff0e", ".").rstrip(".").split(".")
    if len(labels) < 2 or not all(labels) or any(set("[]:@<>\"' ") & set(label) for label in labels):
        return None
    return ".".join(_ascii(label) for label in labels)


def within(name: str, parent: str) -> bool:
    """Whether a domain is another one or lies below it; both as `domain` gives them."""
    return name == parent or name.endswith(f".{parent}")


def _leaves(recipients: Iterable[Recipient]) -> Iterator[Recipient]:
    """The people behind groups; a group that cannot be listed stands for itself, without an address."""
    waiting = [(recipient, 0) for recipient in recipients]
    while waiting:
        recipient, depth = waiting.pop()
        if recipient.kind is not RecipientKind.GROUP:
            yield recipient
        elif recipient.members is None or depth >= DEEPEST:
            yield Recipient(None, RecipientKind.GROUP)
        else:
            waiting += [(member, depth + 1) for member in recipient.members]


def _ascii(label: str) -> str:
    """Labels that no registry could issue stay as they are: they equal nothing of the organisation."""
    try:
        return label.encode("idna").decode("ascii").casefold()
    except UnicodeError:
        return label
