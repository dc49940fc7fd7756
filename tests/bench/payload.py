"""The fixed payload of the bench, payload.toml: what each mailbox holds, and in which ones it differs."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FILE = Path(__file__).with_name("payload.toml")
ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Folder:
    """`key` is what tells it apart in ids; `parent` is the key of the folder above, empty for the root.
    `private` is its name in mailboxes with a private folder."""

    key: str
    parent: str
    name: str
    kind: str
    folder_class: str
    distinguished: str
    size: int
    items: int
    private: str


@dataclass(frozen=True, slots=True)
class Sent:
    """`late` is the one that a second folder sync shows where something changed."""

    key: str
    subject: str
    labelled: str
    sent: datetime
    body: str
    late: bool


@dataclass(frozen=True, slots=True)
class Event:
    key: str
    subject: str
    start: datetime
    end: datetime
    body: str
    busy: str = "Busy"


@dataclass(frozen=True, slots=True)
class Payload:
    """`every` tells by name in which mailboxes something differs; `settings` are the other tables."""

    now: datetime
    domain: str
    sentence: str
    every: Mapping[str, int]
    folders: Sequence[Folder]
    sent: Sequence[Sent]
    events: Sequence[Event]
    settings: Mapping[str, Any]

    def address(self, number: int) -> str:
        return f"m{number:05d}@{self.domain}"

    def traits(self, number: int) -> frozenset[str]:
        """What differs in this mailbox, counted from 0."""
        return frozenset(name for name, n in self.every.items() if number % n == n - 1)

    def text(self, size: int) -> str:
        """The sentence over and over, `size` bytes of it."""
        return (self.sentence * (size // len(self.sentence) + 1))[:size]

    def away(self) -> Event:
        """The absence of who is away."""
        settings = self.settings["absence"]
        today = self.now.astimezone(ZONE).date()
        start, end = (
            local(today + timedelta(days=settings[day]), settings[clock])
            for day, clock in (("first", "from"), ("last", "until"))
        )
        return Event("away", "Afwezig", start, end, "", "OOF")


def local(day: date, clock: str) -> datetime:
    """A local time as a moment in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE).astimezone(UTC)


def load(file: Path = FILE) -> Payload:
    """Raises KeyError or ValueError when the file does not hold what the bench is about."""
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    now: datetime = read["now"]
    today = now.astimezone(ZONE).date()
    sentence = read["sentence"]
    made = Payload(now, read["domain"], sentence, read["every"], _folders(read["folder"]), (), (), read)
    sent = [
        Sent(
            f"sent{number:02d}",
            item["subject"],
            item.get("labelled", item["subject"]),
            local(today - timedelta(days=item["days_ago"]), "10:15"),
            _html(made.text(item["body_bytes"])),
            item.get("late", False),
        )
        for number, item in enumerate(read["sent"])
    ]
    events = []
    for number, item in enumerate(read["event"]):
        start = local(today + timedelta(days=item["day"]), item["start"])
        end = start + timedelta(minutes=item["minutes"])
        body = _html(made.text(item["body_bytes"]))
        events.append(Event(f"event{number:02d}", item["subject"], start, end, body))
    if (len(made.folders) - 1, len(sent), len(events)) != (60, 20, 10):
        raise ValueError("the bench is about 60 folders, 20 sent items and 10 calendar items")
    return Payload(now, made.domain, sentence, made.every, made.folders, sent, events, read)


def _html(text: str) -> str:
    return f"<html><body><p>{text}</p></body></html>"


def _folders(tables: Sequence[Mapping[str, Any]]) -> list[Folder]:
    """The root and all below it, parents first."""
    keys = {"root": "f00"}
    found = [Folder("f00", "", "Root", "Folder", "", "root", 0, 0, "Root")]
    for number, table in enumerate(tables, start=1):
        key = f"f{number:02d}"
        parent = keys[table["parent"]]
        path = f"{table['parent']}/{table['name']}"
        keys[table.get("distinguished", path)] = keys[path] = key
        folder_class = table.get("class", "IPF.Note")
        kind = table.get("kind") or _KINDS.get(folder_class, "Folder")
        found.append(
            Folder(
                key,
                parent,
                table["name"],
                kind,
                folder_class,
                table.get("distinguished", ""),
                table["size"],
                table["items"],
                table.get("private", table["name"]),
            )
        )
    return found


_KINDS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
