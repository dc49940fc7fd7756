"""What the personnel system drops into a folder: contracts, rosters and approved leave (practice 4.4).

Two drops lie there: one of three days ago in Windows-1252, as the old export tool wrote it, and today's of
05:00 in UTF-8 with a byte order mark. Neither knows an account, a kind of leave or a reason for it.
"""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from zoneinfo import ZoneInfo

from mailbot.simulator.calendars import HOME
from mailbot.simulator.residents import ApprovedLeave, Contract, Resident

FOLDER = "hr"

COLUMNS = (
    "person_key",
    "mail",
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

_HOUR = time(5)
_EARLIER = timedelta(days=3)
_QUIET = timedelta(minutes=2)
"""So long nothing was written to a drop that may be read."""

_BROUGHT = ".brought"


@dataclass(frozen=True, slots=True)
class Drop:
    """A file of the folder and the moment at which it was brought."""

    name: str
    content: bytes
    delivered: datetime


def drops(residents: Iterable[Resident], now: datetime) -> tuple[Drop, Drop]:
    """The earlier and the newest drop at the moment `now`, which is aware."""
    staff = [resident for resident in residents if resident.person_key and resident.records.employed]
    local = now.astimezone(ZoneInfo(HOME))
    today = local.date() if local.time() >= _HOUR else local.date() - timedelta(days=1)
    return (
        _drop(
            today - _EARLIER, (row for resident in staff for row in _rows(resident, earlier=True)), "cp1252"
        ),
        _drop(today, (row for resident in staff for row in _rows(resident, earlier=False)), "utf-8-sig"),
    )


def write(found: tuple[Drop, Drop], folder: Path, now: datetime) -> None:
    """Put the earlier and the newest drop into an existing folder, each in one step and as old as it is.

    Whoever reads them may take them away, so a list beside them tells what was brought: nothing comes twice,
    and what changed during the day comes anew, as of two minutes before `now` and under another name.
    """
    listed = folder / _BROUGHT
    before = listed.read_text(encoding="ascii").splitlines() if listed.exists() else []
    earlier, newest = found
    if not before:
        before.append(_bring(earlier, folder))
    today = [line for line in before if line.startswith(Path(newest.name).stem)]
    if today and not today[-1].endswith(_digest(newest)):
        changed = f"{Path(newest.name).stem}-{len(today) + 1}.csv"
        newest, today = replace(newest, name=changed, delivered=max(newest.delivered, now - _QUIET)), []
    if not today:
        before.append(_bring(newest, folder))
    listed.write_text("".join(f"{line}\n" for line in before), encoding="ascii")


def _digest(drop: Drop) -> str:
    return hashlib.sha256(drop.content).hexdigest()


def _bring(drop: Drop, folder: Path) -> str:
    part = folder / f"{drop.name}.part"
    part.write_bytes(drop.content)
    os.utime(part, (drop.delivered.timestamp(),) * 2)
    part.replace(folder / drop.name)
    return f"{drop.name} {_digest(drop)}"


def _drop(day: date, rows: Iterable[tuple[str, ...]], encoding: str) -> Drop:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    delivered = datetime.combine(day, _HOUR, ZoneInfo(HOME))
    return Drop(f"personeel-{day.isoformat()}.csv", out.getvalue().encode(encoding), delivered)


def _rows(resident: Resident, *, earlier: bool) -> Iterator[tuple[str, ...]]:
    """Contract and leave columns side by side; rows beyond the last contract repeat the last one."""
    records = resident.records
    contracts = resident.contracts
    if earlier and records.before is not None:
        contracts = records.before
    leave = () if earlier and records.fresh else resident.leave
    mail = resident.address if records.mail is None else records.mail
    place = (
        resident.manager_key if records.led else "",
        resident.unit.code if resident.unit else "",
        resident.unit.name if resident.unit else "",
        resident.workdays,
    )
    for contract, off in zip_longest(contracts, leave):
        written = _contract(contract or contracts[-1])
        yield (resident.person_key, mail, *written, *place, *_leave(off))
    if records.double:
        yield (records.double, mail, *_contract(contracts[-1]), *place, *_leave(None))


def _contract(contract: Contract) -> tuple[str, str, str]:
    ends = contract.ends.isoformat() if contract.ends else ""
    return contract.starts.isoformat(), ends, str(contract.number)


def _leave(leave: ApprovedLeave | None) -> tuple[str, str, str]:
    if leave is None:
        return "", "", ""
    return leave.first.isoformat(), leave.last.isoformat(), leave.approved.isoformat()
