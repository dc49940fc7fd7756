"""The lines about the person and the account, as the directory would deliver them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from mailbot.casefiles.lines import Lines
from mailbot.casefiles.notation import day, leave, one_of, truth
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.employment import OrgUnit
from mailbot.model.facts import Fact, Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.people import Person
from mailbot.model.work_days import parse_work_days
from mailbot.model.worktime import WorkPattern

GUID = ObjectGuid("11111111-2222-3333-4444-555555555555")
ADDRESS = Address("kim.de.wit@voorbeeld.example")

FACTS = ("mailbox", "account", "hold", "roster")
"""Lines of which the directory may lack the answer: these can be unknown."""

LINES = frozenset({*FACTS, "name", "unit", "starts", "ends", "leave"})

T = TypeVar("T")


def service_day(lines: Lines, name: str) -> date | None:
    """The day on that line; None without the line, and for "" where [base] has one."""
    return day(lines[name]) if lines.get(name, "") != "" else None


def mailbox(lines: Lines) -> RecipientType:
    kind: RecipientType = one_of({kind.value: kind for kind in RecipientType}, lines["mailbox"])
    return kind


def account(lines: Lines) -> bool:
    return bool(one_of({"open": True, "closed": False}, lines["account"]))


def hold(lines: Lines) -> bool:
    return truth(lines["hold"])


def roster(lines: Lines) -> WorkPattern:
    return parse_work_days(lines["roster"])


def unit(lines: Lines) -> OrgUnit:
    code, space, name = str(lines["unit"]).partition(" ")
    if not space:
        raise ValueError("a unit reads like SOC Sociaal domein: its code, then its name")
    return OrgUnit(code, name)


def name(lines: Lines) -> str:
    if not isinstance(lines["name"], str) or not lines["name"]:
        raise ValueError("a name is a text in quotes")
    return lines["name"]


READERS: tuple[tuple[str, Callable[[Lines], Any]], ...] = (
    ("mailbox", mailbox),
    ("account", account),
    ("hold", hold),
    ("roster", roster),
    ("name", name),
    ("unit", unit),
    ("starts", lambda lines: service_day(lines, "starts")),
    ("ends", lambda lines: service_day(lines, "ends")),
    ("leave", lambda lines: leave(lines["leave"])),
)
"""For checking the lines one by one; each raises ValueError in words for whoever wrote it."""


def person(lines: Lines, unknown: dict[str, Reason], now: datetime) -> Person:
    """Whom the case is about. Lines that are not there: a user, an open account, no hold, in service."""

    def fact(line: str, read: Callable[[Lines], T], otherwise: Fact[T]) -> Fact[T]:
        if line in unknown:
            return Unknown(unknown[line])
        return Known(read(lines), now) if line in lines else otherwise

    return Person(
        guid=GUID,
        address=ADDRESS,
        name=name(lines) if "name" in lines else "Kim de Wit",
        language=Language.NL,
        enabled=fact("account", account, Known(True, now)),
        recipient_type=fact("mailbox", mailbox, Known(RecipientType.USER, now)),
        hold=fact("hold", hold, Known(False, now)),
        roster=fact("roster", roster, Unknown(Reason.WORK_PATTERN_MISSING)),
        unit=unit(lines) if "unit" in lines else None,
        starts=service_day(lines, "starts"),
        ends=service_day(lines, "ends"),
        leave=leave(lines.get("leave", [])),
    )
