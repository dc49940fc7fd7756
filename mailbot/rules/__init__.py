"""One file per rule. A file in this folder that applies `@rule` is a rule; there is no other list."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from mailbot.model.decisiveness import Decisive, Lean, Road, everything
from mailbot.model.facts import MailboxFacts
from mailbot.model.ids import RuleId
from mailbot.model.needs import DataClass, Need
from mailbot.model.organisation import NOWHERE, Organisation
from mailbot.model.people import Person
from mailbot.model.verdicts import Kind, Outcome, Verdict
from mailbot.model.worktime import WorkCalendar


class Parameters(BaseModel):
    """What a norm in a pack may set for its rule: every number has bounds, nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def excuses(self, lean: Lean) -> bool:
        """Whether under this norm the rule needs this part of its table of decisiveness not at all."""
        return False


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a rule judges: the person, what was read of the mailbox, and where both belong.

    `decided_from` is the first day about which a decision lets headings or content be read; None without one.
    """

    person: Person
    mailbox: MailboxFacts
    organisation: Organisation = NOWHERE
    decided_from: date | None = None


class Tells(StrEnum):
    """Who hears of a deviation."""

    PERSON = "person"  # a letter to the person alone; the team's figures count it
    ADMINISTRATOR = "administrator"  # tasks; no letter, and no team figure


Judge = Callable[[Subject, P, WorkCalendar], Verdict]
More = Callable[[Subject, P, WorkCalendar], Collection[Need[Any]]]


def nothing_more(_subject: Subject, _norm: Any, _calendar: WorkCalendar) -> Collection[Need[Any]]:
    """The follow-up of a rule that asks everything at once."""
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` is asked of everybody; `more` says what else to ask once these are in (second step): nothing
    but questions of the kinds in `follow_ups`, whatever it says.

    `decisive` says per road what must be readable for it to say *deviation*; `doctor` prints what follows.
    `says` is the table of its outcomes: which it can give, and when. `data_class` is the deepest data that
    it cannot do without: over TRAFFIC it runs under a decision only. `priority` orders letters when one a
    week has to choose (lowest first); an `urgent` letter is of use on its own day only, and not counted
    among them. `hints` are the codes of tips that are worth a letter; other tips are shown on request.
    `absences` tells that what it finds in a calendar are times in which the person is away. `formerly` are
    names that it had: what is kept under them moves along. `edition` goes up when it judges otherwise than
    before: it then begins again by observing.
    """

    id: RuleId
    kind: Kind
    needs: tuple[Need[Any], ...]
    decisive: Mapping[Road, Decisive]
    says: Mapping[Outcome, str]
    data_class: DataClass
    tells: Tells
    parameters: type[Parameters]
    judge: Judge[Any]
    more: More[Any]
    follow_ups: tuple[type[Need[Any]], ...]
    priority: int
    urgent: bool
    hints: frozenset[str]
    absences: bool = False
    formerly: frozenset[RuleId] = frozenset()
    edition: int = 1


def rule(
    name: str,
    *,
    kind: Kind,
    parameters: type[P],
    needs: Sequence[Need[Any]],
    says: Mapping[Outcome, str],
    decisive: Mapping[Road, Decisive] | None = None,
    data_class: DataClass = DataClass.TRAFFIC,
    tells: Tells = Tells.PERSON,
    more: More[P] = nothing_more,
    follow_ups: Sequence[type[Need[Any]]] = (),
    priority: int = 50,
    urgent: bool = False,
    hints: Collection[str] = (),
    absences: bool = False,
    formerly: Collection[str] = (),
    edition: int = 1,
) -> Callable[[Judge[P]], Rule]:
    """Make the judging function of a file its rule. The file's name must be the rule's name."""

    def make(judge: Judge[P]) -> Rule:
        module = judge.__module__.rpartition(".")[2]
        if module != name:
            raise ValueError(f"rule {name!r} stands in {module}.py: name the file after its rule")
        return Rule(
            RuleId(name),
            kind,
            tuple(needs),
            MappingProxyType(dict(decisive or everything(*needs))),
            MappingProxyType(dict(says)),
            max((data_class, *(need.data_class for need in needs))),
            tells,
            parameters,
            judge,
            more,
            tuple(follow_ups),
            priority,
            urgent,
            frozenset(hints),
            absences,
            frozenset(RuleId(old) for old in formerly),
            edition,
        )

    return make


@cache
def registry() -> Mapping[RuleId, Rule]:
    """All rules of this installation, by id, in alphabetical order."""
    found: dict[RuleId, Rule] = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, Rule):
                found[value.id] = value
    return MappingProxyType(found)
