"""Everything that changes after the start: one JSON line per write, replayed when the simulator restarts.

A line is written before it takes effect and holds the whole operation, so that a killed simulator comes
back either before or after it, never in between.
"""

import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from mailbot.simulator.mailboxes import Item, Mailbox, Reply, opaque
from mailbot.simulator.town import Town

_MOMENTS = ("created", "sent", "received", "start", "end")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail on its way into the inbox of `address`; an address outside the town has no mailbox here.

    `answers` is the sender who from now on has had the automatic reply of this mailbox.
    """

    address: str
    item: Item
    answers: str = ""


class Journal:
    """Applies writes to the town. Keep `lock` while looking at items."""

    def __init__(self, town: Town, path: Path | None) -> None:
        self.lock = threading.RLock()
        self._town = town
        self._file = None
        if path is not None:
            if path.exists():
                self._replay(path)
            self._file = path.open("a", encoding="utf-8")

    def _replay(self, path: Path) -> None:
        """A last line without an end was cut off by a kill: its operation never took effect."""
        text = path.read_text(encoding="utf-8")
        whole, _, rest = text.rpartition("\n")
        if rest:
            path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
        for line in whole.splitlines():
            self._apply(json.loads(line))

    def close(self) -> None:
        with self.lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def new_id(self, mailbox: Mailbox) -> str:
        return opaque(f"item|{mailbox.guid}|{uuid.uuid4().hex}")

    def create(self, mailbox: Mailbox, item: Item) -> None:
        self._write({"event": "created", "mailbox": mailbox.address, "item": _plain(item)})

    def delete(self, mailbox: Mailbox, item_id: str) -> None:
        self._write({"event": "deleted", "mailbox": mailbox.address, "id": item_id})

    def send(
        self, mailbox: Mailbox, draft_id: str | None, saved: Item | None, out: Sequence[Delivery]
    ) -> None:
        """One mail leaves: the draft goes, the saved copy comes, the recipients get theirs."""
        self._write(
            {
                "event": "sent",
                "mailbox": mailbox.address,
                "draft": draft_id,
                "saved": _plain(saved) if saved else None,
                "deliveries": _plain_deliveries(out),
            }
        )

    def receive(self, out: Sequence[Delivery]) -> None:
        """One mail comes in from outside."""
        self._write({"event": "received", "deliveries": _plain_deliveries(out)})

    def set_reply(self, mailbox: Mailbox, reply: Reply) -> None:
        self._write({"event": "reply_set", "mailbox": mailbox.address, "reply": _plain(reply)})

    def _write(self, event: dict[str, Any]) -> None:
        with self.lock:
            if self._file is not None:
                self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
                self._file.flush()
            self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        if event["event"] == "received":
            for delivery in event["deliveries"]:
                self._deliver(delivery)
            return
        mailbox = self._town.mailbox(event["mailbox"])
        if mailbox is None:
            return
        match event["event"]:
            case "created":
                self._put(mailbox, event["item"])
            case "deleted":
                mailbox.items.pop(event["id"], None)
            case "reply_set":
                mailbox.reply = Reply(**_moments(event["reply"]))
                mailbox.replied_to.clear()
            case "sent":
                mailbox.items.pop(event["draft"], None)
                if event["saved"]:
                    self._put(mailbox, event["saved"])
                for delivery in event["deliveries"]:
                    self._deliver(delivery)

    def _deliver(self, delivery: dict[str, Any]) -> None:
        target = self._town.mailbox(delivery["address"])
        if target is None:
            self._town.outside.append((delivery["address"], _item(delivery["item"])))
            return
        self._put(target, delivery["item"])
        if delivery["answers"]:
            target.replied_to.add(delivery["answers"])

    def _put(self, mailbox: Mailbox, plain: dict[str, Any]) -> None:
        item = _item(plain)
        mailbox.items[item.id] = item


def _plain_deliveries(out: Sequence[Delivery]) -> list[dict[str, Any]]:
    return [{"address": d.address, "item": _plain(d.item), "answers": d.answers} for d in out]


def _plain(value: Item | Reply) -> dict[str, Any]:
    plain = asdict(value)
    for name in _MOMENTS:
        if isinstance(plain.get(name), datetime):
            plain[name] = plain[name].isoformat()
    if "named" in plain:
        plain["named"] = [[*key, text] for key, text in plain["named"].items()]
    return plain


def _moments(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _MOMENTS and value else value
        for name, value in plain.items()
    }


def _item(plain: dict[str, Any]) -> Item:
    values = _moments({field.name: plain[field.name] for field in fields(Item)})
    values["named"] = {(row[0], row[1], row[2]): row[3] for row in plain["named"]}
    for name in ("to", "cc", "bcc", "attachments"):
        values[name] = [(first, second) for first, second in values[name]]
    return Item(**values)
