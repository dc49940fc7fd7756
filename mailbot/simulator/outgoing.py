"""Mail that was sent before the town's clock starts: what people sent, and the test mails of a calibration.

What products leave on a copy: practice of Zivver (encrypted copy, or a readable one with a relay header),
rights management (MS-OXORMMS 2.2.3) and a gateway that acts on a tag in the subject.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from mailbot.simulator import canaries
from mailbot.simulator.mailboxes import Item, Mailbox, opaque
from mailbot.simulator.stories import Sent
from mailbot.simulator.stories_confidential import RELAY, RIGHTS_MANAGED, TAG, ZIVVER_CLASS

CALIBRATION = "calibratie"
"""The part before the @ of the mailbox from which the administrator sends test mails."""

TESTER = "testontvanger@buitenwereld.example"

_SECURED: dict[str, Callable[[Sent], Sent]] = {
    "Outlook met Zivver": lambda mail: replace(mail, item_class=ZIVVER_CLASS),
    "Outlook": lambda mail: replace(
        mail, headers=(("content-class", "rpmsg.message"),), attachments=(RIGHTS_MANAGED,)
    ),
    "Outlook op het web": lambda mail: replace(mail, headers=(RELAY,)),
    "iPhone": lambda mail: replace(mail, subject=f"{mail.subject} {TAG}"),
}
"""What secure mail of each client shows that plain mail does not."""


def send(
    mailbox: Mailbox, mails: Iterable[Sent], resolve: Callable[[Iterable[str]], tuple[str, ...]]
) -> None:
    """Lay messages in Sent Items. `resolve` turns words into addresses."""
    for number, mail in enumerate(mails):
        item = Item(
            opaque(f"sent|{mailbox.guid}|{number}"),
            mailbox.folders.by_name["sentitems"].id,
            subject=mail.subject,
            body=f"<p>{canaries.BODY}</p>",
            item_class=mail.item_class,
            sensitivity=mail.sensitivity,
            sender=mailbox.address,
            sender_name=mailbox.name,
            to=_named(resolve(mail.to)),
            cc=_named(resolve(mail.cc)),
            bcc=_named(resolve(mail.bcc)),
            message_id=f"<sent.{number}.{mailbox.guid}@voorbeeld.example>",
            headers=dict(mail.headers),
            created=mail.at,
            sent=mail.at,
            attachments=list(mail.attachments),
            on_behalf_of=resolve((mail.on_behalf_of,))[0],
        )
        mailbox.items[item.id] = item


def send_samples(mailbox: Mailbox, now: datetime) -> None:
    """One plain and one secure mail per client, sent over the three days before `now`."""
    mails = []
    for number, (client, secured) in enumerate(_SECURED.items()):
        sent = now - timedelta(days=3) + timedelta(hours=number)
        mails.append(Sent(f"mailbot calibration plain: {client}", (TESTER,), at=sent))
        secure = Sent(f"mailbot calibration secure: {client}", (TESTER,), at=sent + timedelta(minutes=5))
        mails.append(secured(secure))
    send(mailbox, mails, tuple)


def _named(addresses: Iterable[str]) -> list[tuple[str, str]]:
    return [(address, f"{canaries.CORRESPONDENT_NAME} {number}") for number, address in enumerate(addresses)]
