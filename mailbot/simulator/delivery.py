"""What a sent mail sets in motion: copies in inboxes, automatic replies, reports of non-delivery."""

import uuid
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mailbot.simulator.journal import Delivery, Journal
from mailbot.simulator.mailboxes import Item, Mailbox
from mailbot.simulator.mime import read_arrived
from mailbot.simulator.returning import non_delivery
from mailbot.simulator.town import Town

REPLY_CLASS = "IPM.Note.Rules.OofTemplate.Microsoft"
LONGEST_CHAIN = 20
"""Answers to answers after which a mail stops, as servers count its hops."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that arrived after the start, as tests look at it. `headers` by name as written."""

    subject: str
    sender: str
    message_id: str
    headers: Mapping[str, str]
    sensitivity: str
    body: str
    body_type: str
    item_class: str
    when: datetime


def delivered(item: Item) -> Delivered:
    assert item.received is not None
    return Delivered(
        item.subject,
        item.sender,
        item.message_id,
        MappingProxyType(dict(item.headers)),
        item.sensitivity,
        item.body,
        item.body_type,
        item.item_class,
        item.received,
    )


def deliveries(
    town: Town, journal: Journal, item: Item, now: datetime, to: Iterable[str] | None = None
) -> list[Delivery]:
    """All that arrives somewhere because `item` is sent now, to its recipients or to those of its envelope:
    the mail itself, what answers it, what answers that."""
    found: list[Delivery] = []
    answered: dict[str, set[str]] = {}
    named = [address for address, _ in (*item.to, *item.cc, *item.bcc)] if to is None else to
    waiting = deque([(item, tuple(dict.fromkeys(named)), 0)])
    while waiting:
        mail, addresses, links = waiting.popleft()
        for address in addresses:
            recipient = town.mailbox(address)
            if recipient is None:
                found += _undelivered(town, journal, mail, address, now)
                continue
            inbox = recipient.folders.by_name["inbox"].id
            found.append(Delivery(recipient.address, _arrived(mail, journal.new_id(recipient), inbox, now)))
            if links == LONGEST_CHAIN or not mail.sender or mail.sender == recipient.address:
                continue
            if _replies(recipient, mail, now) and mail.sender not in answered.get(address, ()):
                answered.setdefault(address, set()).add(mail.sender)
                found[-1] = Delivery(recipient.address, found[-1].item, answers=mail.sender)
                waiting.append((_automatic_reply(recipient, mail, now), (mail.sender,), links + 1))
            if recipient.parrot:
                waiting.append((_repeated(recipient, mail, now), (mail.sender,), links + 1))
    return found


def receive(town: Town, journal: Journal, mime: bytes, to: Sequence[str], *, converts: bool) -> None:
    """A mail arrives by SMTP for the addresses of its envelope. `converts` tells that reports of other
    servers get a class of their own."""
    now = town.clock.now()
    item = Item("", "", created=now, arrived=True)
    read_arrived(item, mime, converts=converts)
    with journal.lock:
        journal.receive(deliveries(town, journal, item, now, [address.lower() for address in to]))


def _undelivered(town: Town, journal: Journal, item: Item, address: str, now: datetime) -> list[Delivery]:
    """To the world outside, or back to a sender in the town: never about a report."""
    if address.rpartition("@")[2] not in town.domains:
        return [Delivery(address, _arrived(item, "", "", now))]
    sender = town.mailbox(item.sender)
    if sender is None or item.item_class.startswith("REPORT."):
        return []
    inbox = sender.folders.by_name["inbox"].id
    return [Delivery(sender.address, non_delivery(journal.new_id(sender), inbox, item, address, now))]


def _replies(recipient: Mailbox, item: Item, now: datetime) -> bool:
    """Once per sender while the reply stays as it is, and never to mail that asks not to."""
    if item.header("X-Auto-Response-Suppress") or item.header("Auto-Submitted") not in (None, "no"):
        return False
    if item.item_class.startswith("REPORT."):
        return False
    return recipient.reply.active(now) and item.sender not in recipient.replied_to


def _arrived(item: Item, item_id: str, folder: str, now: datetime) -> Item:
    values = {name: getattr(item, name) for name in Item.__slots__}
    values.update(
        id=item_id,
        folder=folder,
        draft=False,
        arrived=True,
        sent=now,
        received=now,
        bcc=[],
        headers=dict(item.headers),
    )
    return Item(**values)


def _automatic_reply(away: Mailbox, item: Item, now: datetime) -> Item:
    reply = _reply(away, item, now, f"Automatisch antwoord: {item.subject}", away.reply.internal)
    reply.item_class = REPLY_CLASS
    reply.headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    return reply


def _repeated(parrot: Mailbox, item: Item, now: datetime) -> Item:
    """What a home-made responder says: it knows of no headers, and looks like mail of a person."""
    return _reply(parrot, item, now, f"Re: {item.subject}", parrot.parrot)


def _reply(author: Mailbox, item: Item, now: datetime, subject: str, body: str) -> Item:
    return Item(
        "",
        "",
        subject=subject,
        body=body,
        sender=author.address,
        sender_name=author.name,
        to=[(item.sender, item.sender_name)],
        message_id=f"<{uuid.uuid4().hex}@voorbeeld.example>",
        headers={"In-Reply-To": item.message_id, "References": item.message_id},
        created=now,
        sent=now,
        received=now,
        arrived=True,
    )
