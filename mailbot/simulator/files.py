"""The files that the town publishes: the people file, the nightly export of Exchange, the accepted domains.

Shape: practice 4.4 (personnel columns) with the account columns of the people contract.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest

from mailbot.simulator.mailboxes import Mailbox
from mailbot.simulator.residents import ApprovedLeave, Contract, Resident

PEOPLE_FILE = "people.csv"
ACCESS_FILE = "access.csv"
DOMAINS_FILE = "accepted_domains.txt"

COLUMNS = (
    "object_guid",
    "display_name",
    "mail",
    "language",
    "pilot_group",
    "enabled",
    "recipient_type",
    "hold",
    "person_key",
    "dienst_in",
    "dienst_uit",
    "contract_volgnr",
    "manager_key",
    "org_code",
    "org_naam",
    "werkdagen",
    "verlof_van",
    "verlof_tot",
    "verlof_goedgekeurd_op",
)

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


def people_csv(residents: Iterable[Resident]) -> str:
    """UTF-8 text without BOM, `;` between columns; several contracts or leaves make several rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for resident in residents:
        writer.writerows(_rows(resident))
    return out.getvalue()


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
                "unlimited",
                exported_at,
            )
        )
    return out.getvalue()


def _true_false(value: bool) -> str:
    return "true" if value else "false"


def _rows(resident: Resident) -> Iterator[tuple[str, ...]]:
    """Contract and leave columns side by side; rows beyond the last contract repeat the last one."""
    contracts: tuple[Contract, ...] = resident.contracts
    for contract, leave in zip_longest(contracts or (None,), resident.leave):
        yield (
            resident.guid,
            resident.name,
            resident.address,
            resident.language,
            ",".join(resident.groups),
            _yes_no(resident.enabled),
            resident.recipient_type or "",
            _yes_no(resident.hold),
            resident.person_key,
            *_contract(contract or (contracts[-1] if contracts else None)),
            resident.manager_key,
            resident.unit.code if resident.unit else "",
            resident.unit.name if resident.unit else "",
            resident.workdays,
            *_leave(leave),
        )


def _contract(contract: Contract | None) -> tuple[str, str, str]:
    if contract is None:
        return "", "", ""
    return (
        contract.starts.isoformat(),
        contract.ends.isoformat() if contract.ends else "",
        str(contract.number),
    )


def _leave(leave: ApprovedLeave | None) -> tuple[str, str, str]:
    if leave is None:
        return "", "", ""
    return leave.first.isoformat(), leave.last.isoformat(), leave.approved.isoformat()


def _yes_no(value: bool | None) -> str:
    return {True: "ja", False: "nee", None: ""}[value]
