"""The nightly export of Exchange, as deploy/exchange/export-access.ps1 writes it, and names of files."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from mailbot.simulator import directory
from mailbot.simulator.mailboxes import Mailbox
from mailbot.simulator.residents import Resident

DIRECTORY_FILE = "directory.ldf"
ACCESS_FILE = "access.csv"
DOMAINS_FILE = "accepted_domains.txt"

ACCESS_COLUMNS = (
    "object_guid",
    "primary_smtp",
    "recipient_type",
    "full_access",
    "send_as",
    "forwarding",
    "hold",
    "quota_bytes",
    "exported_at",
)
_TYPES = {
    "shared": "SharedMailbox",
    "room": "RoomMailbox",
    "equipment": "EquipmentMailbox",
    "linked": "LinkedMailbox",
    "system": "SystemMailbox",
}
_EXPORTED_AT = 2


def access_csv(mailboxes: Iterable[tuple[Mailbox, Resident | None]], now: datetime) -> str:
    """What the export script writes in the night before `now`, a local time: one row per mailbox."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(ACCESS_COLUMNS)
    exported_at = now.replace(hour=_EXPORTED_AT, minute=0, second=0, microsecond=0).isoformat()
    for mailbox, resident in mailboxes:
        kind = resident.recipient_type if resident else "shared"
        writer.writerow(
            (
                mailbox.guid,
                mailbox.address,
                _TYPES.get(kind or "", "UserMailbox"),
                ",".join(mailbox.trustees),
                ",".join(mailbox.send_as),
                _true_false(bool(mailbox.forwards_to)),
                _true_false(bool(resident and resident.hold)),
                _quota(resident),
                exported_at,
            )
        )
    return out.getvalue()


def _quota(resident: Resident | None) -> str:
    limit = directory.limit_bytes(resident) if resident else None
    return "unlimited" if limit is None else str(limit)


def _true_false(value: bool) -> str:
    return "true" if value else "false"
