"""The files that the town publishes about its people: the people file and the accepted domains.

Shape: practice 4.4 (personnel columns) with the account columns of the people contract.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from mailbot.simulator.residents import ApprovedLeave, Contract, Resident

PEOPLE_FILE = "people.csv"
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


def people_csv(residents: Iterable[Resident]) -> str:
    """UTF-8 text without BOM, `;` between columns; several contracts or leaves make several rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for resident in residents:
        writer.writerows(_rows(resident))
    return out.getvalue()


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
