"""What a sent mail sets in motion: copies in inboxes, automatic replies, reports of non-delivery."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mailbot.simulator.journal import Delivery, Journal
from mailbot.simulator.mailboxes import Item, Mailbox
from mailbot.simulator.town import Town

NON_DELIVERY_CLASS = "REPORT.IPM.Note.NDR"


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


def deliveries(town: Town, journal: Journal, item: Item, now: datetime) -> list[Delivery]:
    """All that arrives somewhere because `item` is sent now."""
    return [
        delivery
        for address in dict.fromkeys(address for address, _ in (*item.to, *item.cc, *item.bcc))
        for delivery in _to_one(town, journal, item, address, now)
    ]


def _to_one(town: Town, journal: Journal, item: Item, address: str, now: datetime) -> Iterator[Delivery]:
    sender = town.mailbox(item.sender)
    recipient = town.mailbox(address)
    if recipient is None:
        domain = address.rpartition("@")[2]
        if domain in town.domains and sender is not None:
            yield Delivery(sender.address, _report(journal, sender, item, address, now))
        elif domain not in town.domains:
            yield Delivery(address, _arrived(item, "", "", now))
        return
    inbox = recipient.folders.by_name["inbox"].id
    yield Delivery(recipient.address, _arrived(item, journal.new_id(recipient), inbox, now))
    if sender is not None and _answers(recipient, item, now):
        reply = _automatic_reply(journal, recipient, sender, item, now)
        yield Delivery(sender.address, reply, reply_to=item.sender)


def _answers(recipient: Mailbox, item: Item, now: datetime) -> bool:
    """Once per sender while the reply stays as it is, and never to mail that asks not to."""
    if item.header("X-Auto-Response-Suppress") or item.header("Auto-Submitted") not in (None, "no"):
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


def _automatic_reply(journal: Journal, away: Mailbox, sender: Mailbox, item: Item, now: datetime) -> Item:
    return Item(
        journal.new_id(sender),
        sender.folders.by_name["inbox"].id,
        subject=f"Automatisch antwoord: {item.subject}",
        body=away.reply.internal,
        item_class="IPM.Note.Rules.OofTemplate.Microsoft",
        sender=away.address,
        sender_name=away.name,
        to=[(sender.address, sender.name)],
        message_id=f"<{uuid.uuid4().hex}@voorbeeld.example>",
        headers={
            "Auto-Submitted": "auto-replied",
            "X-Auto-Response-Suppress": "All",
            "In-Reply-To": item.message_id,
        },
        created=now,
        sent=now,
        received=now,
        arrived=True,
    )


def _report(journal: Journal, sender: Mailbox, item: Item, address: str, now: datetime) -> Item:
    return Item(
        journal.new_id(sender),
        sender.folders.by_name["inbox"].id,
        subject=f"Niet te bezorgen: {item.subject}",
        body=f"550 5.1.10 RESOLVER.ADR.RecipientNotFound: {address}",
        item_class=NON_DELIVERY_CLASS,
        sender="postmaster@voorbeeld.example",
        to=[(sender.address, sender.name)],
        message_id=f"<{uuid.uuid4().hex}@voorbeeld.example>",
        headers={"Auto-Submitted": "auto-replied", "In-Reply-To": item.message_id},
        created=now,
        sent=now,
        received=now,
        arrived=True,
    )
