"""Mailboxes and personnel records of a small house, for tests to change one thing of.

Number 1 is `p1@voorbeeld.example` with staff number 1001, and so on. It is Monday 23 November 2026.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.directory.merge import House, Merged, merge
from mailbot.model.accounts import Account, Directory, Language, RecipientType
from mailbot.model.conflicts import Clash, Conflict
from mailbot.model.employment import Employment, OrgUnit
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.worktime import Hours, WorkPattern

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
READ_AT = datetime(2026, 11, 23, 4, 50, tzinfo=UTC)
DELIVERED = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
HOUSE = House(frozenset({"voorbeeld.example"}), ("svc-*", "adm-*"), Language.NL, ZONE)
MONDAY_TO_FRIDAY = WorkPattern({day: (Hours(time(8, 30), time(17)),) for day in range(5)})
CIVIL_AFFAIRS = OrgUnit("100", "Burgerzaken")


def guid(number: int) -> ObjectGuid:
    return ObjectGuid(f"00000000-0000-4000-8000-{number:012d}")


def address(name: str) -> Address:
    return Address(f"{name}@voorbeeld.example")


def account(number: int, **changes: Any) -> Account:
    """A user's open mailbox, as a directory that says everything tells it. `mail` is short for an address."""
    mail = address(changes.pop("mail", f"p{number}"))
    values: dict[str, Any] = {
        "address": mail,
        "name": f"Persoon {number}",
        "login": f"p{number}",
        "kind": RecipientType.USER,
        "closed": False,
        "hold": False,
        "forwards": False,
        "delegates": frozenset(),
        "staff_number": str(1000 + number),
    }
    return Account(guid(number), **(values | changes))


def record(number: int, **changes: Any) -> Employment:
    """Somebody in service since 2015 in Civil Affairs, whom nobody manages."""
    values: dict[str, Any] = {
        "key": str(1000 + number),
        "address": address(changes.pop("mail", f"p{number}")),
        "starts": date(2015, 3, 1),
        "unit": CIVIL_AFFAIRS,
        "roster": MONDAY_TO_FRIDAY,
    }
    return Employment(**(values | changes))


def merged(accounts: Sequence[Account], records: Collection[Employment] = (), house: House = HOUSE) -> Merged:
    return merge(Directory(tuple(accounts), READ_AT), records, house, NOW, DELIVERED)


def clashes(found: Merged, *kinds: Clash) -> list[Conflict]:
    """Conflicts of these kinds; without kinds all but those about who manages whom."""
    managers = {Clash.NO_MANAGER, Clash.OWN_MANAGER, Clash.MANAGER_CIRCLE}
    return [one for one in found.conflicts if one.clash in (kinds or set(Clash) - managers)]


def about(clash: Clash, *numbers: int) -> Conflict:
    return Conflict(clash, tuple(map(guid, numbers)))
