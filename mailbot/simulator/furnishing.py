"""Filling one mailbox: a folder tree of a given size, a few messages, the appointments of a working year."""

from datetime import date, datetime, timedelta
from random import Random

from mailbot.simulator import canaries
from mailbot.simulator.calendars import Busy, CalendarEntry, all_day, timed, weekly
from mailbot.simulator.mailboxes import Folder, FolderKind, Folders, Item, Mailbox, opaque
from mailbot.simulator.stories import STAGED_NOW, Story

AVERAGE_ITEM = 90_000
_CONTACTS = "IPF.Contact"
_SHARES = {"sentitems": 0.22, "deleteditems": 0.06, "archief": 0.24, "calendar": 0.02, "contacts": 0.004}


def plant_tree(folders: Folders, random: Random, total: int) -> Folder:
    """The folders that every mailbox has, and some of its own, holding `total` bytes together.

    Recoverable Items and search folders come on top of `total`: they are no part of a mailbox's size.
    Gives the top of the visible folders.
    """
    root = folders.add("", None, distinguished="root", folder_class="")
    top = folders.add(
        "Bovenste map van gegevensarchief", root, distinguished="msgfolderroot", folder_class="IPF"
    )
    spent = 0

    def share(part: float) -> int:
        nonlocal spent
        size = int(total * part)
        spent += size
        return size

    def mail(name: str, parent: Folder, size: int, distinguished: str = "") -> Folder:
        return folders.add(name, parent, size=size, items=size // AVERAGE_ITEM, distinguished=distinguished)

    inbox = mail("Postvak IN", top, 0, "inbox")
    mail("Verzonden items", top, share(_SHARES["sentitems"]), "sentitems")
    mail("Verwijderde items", top, share(_SHARES["deleteditems"]), "deleteditems")
    mail("Concepten", top, 0, "drafts")
    mail("Postvak UIT", top, 0, "outbox")
    mail("Ongewenste e-mail", top, share(0.003), "junkemail")
    folders.add(
        "Agenda",
        top,
        size=share(_SHARES["calendar"]),
        items=random.randint(100, 900),
        kind=FolderKind.CALENDAR,
        folder_class="IPF.Appointment",
        distinguished="calendar",
    )
    folders.add(
        "Contactpersonen",
        top,
        size=share(_SHARES["contacts"]),
        items=random.randint(10, 200),
        kind=FolderKind.CONTACTS,
        folder_class=_CONTACTS,
        distinguished="contacts",
    )
    folders.add("Taken", top, kind=FolderKind.TASKS, folder_class="IPF.Task", distinguished="tasks")
    folders.add("Notities", top, folder_class="IPF.StickyNote", distinguished="notes")
    archive = mail("Archief", top, 0)
    years = random.randint(1, 4)
    for year in range(2026 - years, 2026):
        mail(str(year), archive, share(_SHARES["archief"] / years))
    mail("Vertrouwelijk", inbox, share(0.01))
    mail(f"Dossier {canaries.FOLDER}", inbox, share(0.02))
    for name in random.sample(("Projecten", "Nieuwsbrieven", "Raad", "Leveranciers", "Team"), 2):
        mail(name, inbox, share(0.03))
    for name in ("Gemeenschappelijke weergaven", "Freebusy Data", "Schedule", "Snelkoppelingen", "System"):
        folders.add(name, root, folder_class="")
    finder = folders.add("Finder", root, distinguished="searchfolders", folder_class="IPF")
    folders.add("Ongelezen e-mail", finder, kind=FolderKind.SEARCH, size=total // 10, items=40)
    recoverable = folders.add(
        "Recoverable Items", root, distinguished="recoverableitemsroot", folder_class=""
    )
    for name, distinguished in (
        ("Deletions", "recoverableitemsdeletions"),
        ("Versions", "recoverableitemsversions"),
        ("Purges", "recoverableitemspurges"),
    ):
        folders.add(name, recoverable, distinguished=distinguished, size=int(total * random.uniform(0, 0.03)))
    inbox.size = total - spent
    inbox.items = inbox.size // AVERAGE_ITEM
    return top


def _plant_archive(mailbox: Mailbox, total: int) -> None:
    """An archive mailbox of `total` bytes: a tree of its own, beside the mailbox."""
    tree = Folders(mailbox.guid, "archive")
    root = tree.add("", None, distinguished="archiveroot", folder_class="")
    top = tree.add("Online archief", root, distinguished="archivemsgfolderroot", folder_class="IPF")
    tree.add("Postvak IN", top, size=total, items=total // AVERAGE_ITEM, distinguished="archiveinbox")
    mailbox.archive = tree


def plant_messages(mailbox: Mailbox, now: datetime) -> None:
    """A received and a sent message full of words that may never be seen elsewhere. The sent one carries no
    label: whoever sent labelled mail to the outside has a story about it."""
    for number, (folder, label) in enumerate((("inbox", "Vertrouwelijk: "), ("sentitems", ""))):
        sent = now - timedelta(days=3 + number)
        outside = (canaries.CORRESPONDENT, canaries.CORRESPONDENT_NAME)
        own = (mailbox.address, mailbox.name)
        author, reader = (outside, own) if folder == "inbox" else (own, outside)
        item = Item(
            opaque(f"item|{mailbox.guid}|{number}"),
            mailbox.folders.by_name[folder].id,
            subject=f"{label}{canaries.SUBJECT}",
            body=f"<p>{canaries.BODY}</p>",
            sender=author[0],
            sender_name=author[1],
            to=[reader],
            message_id=f"<{number}.{mailbox.guid}@buitenwereld.example>",
            headers={"X-Dossier": canaries.HEADER},
            created=sent,
            sent=sent,
            received=sent if folder == "inbox" else None,
        )
        mailbox.items[item.id] = item


def working_year(random: Random, today: date) -> list[CalendarEntry]:
    """Meetings of the past months and the coming weeks; nobody is away in any of them."""
    monday = today - timedelta(days=today.weekday() + 26 * 7)
    entries = [
        weekly(f"Teamoverleg {canaries.EVENT}", monday, (random.randint(0, 3),), "09:30", "10:30"),
        weekly("Werkblok", monday, (random.randint(0, 4),), "13:00", "15:00", Busy.TENTATIVE),
    ]
    for week in range(-8, 5):
        day = today - timedelta(days=today.weekday()) + timedelta(days=7 * week + random.randint(0, 4))
        hour = random.randint(9, 15)
        busy = random.choice((Busy.BUSY, Busy.BUSY, Busy.TENTATIVE, Busy.ELSEWHERE))
        entries.append(timed(f"Gesprek {canaries.EVENT}", day, f"{hour:02}:00", f"{hour + 1:02}:00", busy))
    if random.random() < 0.3:
        birthday = today + timedelta(days=random.randint(1, 30))
        entries.append(all_day("Verjaardag", birthday, birthday, Busy.FREE))
    return entries


def furnish(mailbox: Mailbox, story: Story, random: Random) -> None:
    """Set up a mailbox as its story tells. It holds what lies neither deep nor private already."""
    folders = mailbox.folders
    inbox = folders.by_name["inbox"]
    here = inbox
    for level in range(6):
        here = folders.add(f"Map {level + 1}", here, size=0) if story.deep else here
    if story.deep:
        here.size = story.deep
    if story.private:
        folders.add(f"Vertrouwelijk {canaries.FOLDER}", inbox, size=story.private, items=900)
    if story.small_folders:
        each = (inbox.size or 0) // story.small_folders
        archive = folders.add("Zaken", inbox)
        for number in range(story.small_folders):
            folders.add(f"Zaak {number + 1}", archive, size=each, items=each // AVERAGE_ITEM)
        inbox.size = (inbox.size or 0) - each * story.small_folders
    if story.size_missing:
        folders.add("Sync", inbox, size=None)
    if story.recoverable:
        folders.by_name["recoverableitemspurges"].size = story.recoverable
    if story.searches:
        folders.add(
            "Alle e-mail", folders.by_name["searchfolders"], size=story.searches, kind=FolderKind.SEARCH
        )
    if story.archive:
        _plant_archive(mailbox, story.archive)
    mailbox.calendar += [*working_year(random, STAGED_NOW.date()), *story.calendar]
    mailbox.reply, mailbox.rules, mailbox.hours = story.reply, list(story.rules), story.outlook
    mailbox.trouble, mailbox.flaws = story.trouble, story.flaws
    mailbox.full_access, mailbox.owa, mailbox.forwards_to = story.full_access, story.owa, story.forwards_to
