"""What Exchange keeps for one mailbox: folders, calendar, automatic reply, inbox rules and items."""

import base64
from collections import UserDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mailbot.model.ids import ObjectGuid
from mailbot.simulator.calendars import CalendarEntry
from mailbot.simulator.weeks import Week


class FolderKind(StrEnum):
    """Element names of folders in answers."""

    MAIL = "Folder"
    SEARCH = "SearchFolder"
    CALENDAR = "CalendarFolder"
    CONTACTS = "ContactsFolder"
    TASKS = "TasksFolder"


@dataclass(slots=True)
class Folder:
    """`size` in bytes of the folder's own items; None when the server gives no size."""

    id: str
    parent: str
    name: str
    kind: FolderKind
    folder_class: str
    distinguished: str
    size: int | None
    items: int


class Folders:
    """One folder tree. The first folder that is added is its root."""

    def __init__(self, guid: ObjectGuid, store: str) -> None:
        self._prefix = f"{store}|{guid}|"
        self.by_id: dict[str, Folder] = {}
        self.by_name: dict[str, Folder] = {}
        self._children: dict[str, list[Folder]] = {}

    def add(
        self,
        name: str,
        parent: Folder | None,
        *,
        size: int | None = 0,
        items: int = 0,
        kind: FolderKind = FolderKind.MAIL,
        folder_class: str = "IPF.Note",
        distinguished: str = "",
    ) -> Folder:
        folder = Folder(
            opaque(f"{self._prefix}{len(self.by_id)}"),
            parent.id if parent else "",
            name,
            kind,
            folder_class,
            distinguished,
            size,
            items,
        )
        self.by_id[folder.id] = folder
        self._children.setdefault(folder.parent, []).append(folder)
        if distinguished:
            self.by_name[distinguished] = folder
        return folder

    def children(self, folder: Folder) -> list[Folder]:
        return self._children.get(folder.id, [])

    def below(self, folder: Folder) -> Iterator[Folder]:
        """All folders under `folder`, parents before children."""
        for child in self.children(folder):
            yield child
            yield from self.below(child)


@dataclass(frozen=True, slots=True)
class Reply:
    """The automatic reply in Exchange's own words; `start` and `end` are aware."""

    state: str = "Disabled"
    audience: str = "All"
    start: datetime | None = None
    end: datetime | None = None
    internal: str = ""
    external: str = ""

    def active(self, now: datetime) -> bool:
        if self.state == "Scheduled":
            return self.start is not None and self.end is not None and self.start <= now < self.end
        return self.state == "Enabled"


@dataclass(frozen=True, slots=True)
class InboxRule:
    """An inbox rule. An unsupported one is shown by Exchange without conditions and actions."""

    name: str
    enabled: bool = True
    supported: bool = True
    replies: bool = False
    moves: bool = False
    forwards_to: str = ""
    only_from: str = ""
    except_from: str = ""
    subject_words: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """An entry of a folder's permissions. `account` is an address, "Default" or "Anonymous"; empty for an
    account that the server shows by its SID only. `level` is Exchange's own word; `reads` tells whether level
    Custom may read items. `delegate` tells that Outlook shows it as a delegate, `orphan` that the account is
    no more."""

    account: str
    level: str = "Reviewer"
    delegate: bool = False
    orphan: bool = False
    reads: bool = True


@dataclass(frozen=True, slots=True)
class OwaOptions:
    """The dictionary `OWA.UserOptions`; a text that is None is not in it."""

    auto_add: bool | None = None
    html: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A distribution group: addresses of its members, groups among them. `hidden` keeps them from view."""

    address: str
    members: tuple[str, ...]
    hidden: bool = False


PropertyKey = tuple[str, str, str]
"""An extended property: its set (or "tag"), its name, id or tag, and its type."""


@dataclass(slots=True)
class Item:
    """A message. `headers` are internet headers by name as written, `named` other extended properties.
    `attachments` are names and content types. `on_behalf_of` is the address in whose name `sender` sent it.
    An address of a correspondent that begins with "/o=" is one of Exchange itself; an empty one is unknown.
    `arrived` tells mail that came in after the town was built from what it was furnished with."""

    id: str
    folder: str
    subject: str = ""
    body: str = ""
    body_type: str = "HTML"
    mime: str = ""
    item_class: str = "IPM.Note"
    sensitivity: str = "Normal"
    importance: str = "Normal"
    sender: str = ""
    sender_name: str = ""
    to: list[tuple[str, str]] = field(default_factory=list)
    cc: list[tuple[str, str]] = field(default_factory=list)
    bcc: list[tuple[str, str]] = field(default_factory=list)
    message_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    named: dict[PropertyKey, str] = field(default_factory=dict)
    created: datetime | None = None
    sent: datetime | None = None
    received: datetime | None = None
    draft: bool = False
    attachments: list[tuple[str, str]] = field(default_factory=list)
    on_behalf_of: str = ""
    arrived: bool = False

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


class ChangeKind(StrEnum):
    """Element names of changes in answers."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Items(UserDict[str, Item]):
    """Items by id, and all that became of them since the town was built: the kind of change, the id and the
    folder, oldest first. `age` counts how often the server forgot what it had shown to clients."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[ChangeKind, str, str]] = []
        self.age = 0

    def __setitem__(self, key: str, item: Item) -> None:
        kind = ChangeKind.UPDATE if key in self.data else ChangeKind.CREATE
        self.changes.append((kind, key, item.folder))
        self.data[key] = item

    def __delitem__(self, key: str) -> None:
        self.changes.append((ChangeKind.DELETE, key, self.data.pop(key).folder))

    def forget_states(self) -> None:
        """From now on no sync state of earlier is known."""
        self.age += 1


@dataclass(frozen=True, slots=True)
class Past:
    """Mail that somebody sent over the years, too much to keep: an item is made when it is looked at.

    The first was sent at `first`, each other one `step` after the one before. Every `labelled`-th has
    `label` before its subject. All went to `to`.
    """

    sender: str
    folder: str
    owner: str
    count: int
    first: datetime
    step: timedelta
    to: str
    labelled: int = 1000
    label: str = "Vertrouwelijk: "

    def item(self, number: int) -> Item:
        sent = self.first + number * self.step
        label = "" if number % self.labelled else self.label
        return Item(
            opaque(f"past|{self.owner}|{number}"),
            self.folder,
            subject=f"{label}stuk {number}",
            sender=self.sender,
            to=[(self.to, "")],
            created=sent,
            sent=sent,
        )

    def find(self, item_id: str) -> Item | None:
        try:
            kind, _, number = base64.b64decode(item_id.encode("ascii")).decode().split("|")
        except ValueError:
            return None
        return self.item(int(number)) if kind == "past" and int(number) < self.count else None

    def since(self, moment: datetime | None) -> Iterator[Item]:
        """What was sent at that moment or later, oldest first; everything when it is None."""
        skipped = 0 if moment is None else -((self.first - moment) // self.step)
        return map(self.item, range(max(skipped, 0), self.count))


class Trouble(StrEnum):
    """What is wrong with a mailbox as a whole; the value is Exchange's response code for it."""

    MOVING = "ErrorMailboxMoveInProgress"
    STORE_DOWN = "ErrorMailboxStoreUnavailable"
    ELSEWHERE = "ErrorNonExistentMailbox"
    OUT_OF_SCOPE = "ErrorImpersonateUserDenied"
    DISABLED = "ErrorAccountDisabled"


class Flaw(StrEnum):
    """One thing that cannot be read of an otherwise healthy mailbox."""

    FREE_BUSY_HIDDEN = "free_busy_hidden"
    REPLY_MISSING = "reply_missing"
    RULES_DENIED = "rules_denied"
    PERMISSIONS_DENIED = "permissions_denied"
    DELEGATES_DENIED = "delegates_denied"
    OPTIONS_DENIED = "options_denied"
    SENT_DENIED = "sent_denied"


@dataclass(slots=True)
class Mailbox:
    """`full_access` tells that the service account may open it without impersonation. `hours` are the
    working hours set in Outlook, None when nobody ever set or published any. `past` is mail of years ago
    that lies in Sent Items beside `items`. `rights` are permissions by folder id. `trustees` have full
    access, `send_as` may send under its name and `forwards_to` gets all mail: only the nightly export tells.
    `parrot` answers every mail with its text, whatever asks it not to and however often.
    """

    guid: ObjectGuid
    address: str
    name: str
    folders: Folders
    archive: Folders | None = None
    calendar: list[CalendarEntry] = field(default_factory=list)
    hours: Week | None = None
    reply: Reply = field(default_factory=Reply)
    rules: list[InboxRule] = field(default_factory=list)
    items: Items = field(default_factory=Items)
    past: Past | None = None
    replied_to: set[str] = field(default_factory=set)
    full_access: bool = False
    trouble: Trouble | None = None
    flaws: frozenset[Flaw] = frozenset()
    rights: dict[str, list[Right]] = field(default_factory=dict)
    owa: OwaOptions | None = None
    trustees: tuple[str, ...] = ()
    send_as: tuple[str, ...] = ()
    forwards_to: str = ""
    parrot: str = ""

    def items_in(self, folder: Folder, since: datetime | None = None) -> list[Item]:
        """What lies in the folder; of the past only what was sent at `since` or later."""
        found = [item for item in self.items.values() if item.folder == folder.id]
        if self.past is not None and folder.id == self.past.folder:
            found = [*self.past.since(since), *found]
        return found

    def item(self, item_id: str) -> Item | None:
        return self.items.get(item_id) or (self.past.find(item_id) if self.past is not None else None)

    def folder(self, folder_id: str) -> Folder | None:
        found = self.folders.by_id.get(folder_id)
        if found is None and self.archive is not None:
            found = self.archive.by_id.get(folder_id)
        return found


def legacy_dn(address: str) -> str:
    """The address of Exchange itself (routing type EX) that belongs to an SMTP address of the town."""
    return (
        "/o=Voorbeeld/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
        f"cn={address.partition('@')[0]}"
    )


def opaque(text: str) -> str:
    """An identifier that looks as Exchange's do: base64, no meaning for clients."""
    return base64.b64encode(text.encode()).decode("ascii")


def owner_of(identifier: str) -> str | None:
    """The objectGUID inside an identifier of a folder or item, None when it is malformed."""
    try:
        parts = base64.b64decode(identifier.encode("ascii"), validate=True).decode().split("|")
    except (ValueError, UnicodeError):
        return None
    return parts[1] if len(parts) == 3 else None
