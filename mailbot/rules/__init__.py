"""One file per rule. A file in this folder that applies `@rule` is a rule; there is no other list."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from mailbot.model.facts import MailboxFacts
from mailbot.model.ids import RuleId
from mailbot.model.needs import DataClass, Need
from mailbot.model.people import Person
from mailbot.model.verdicts import Kind, Verdict
from mailbot.model.worktime import WorkCalendar


class Parameters(BaseModel):
    """What a norm in a pack may set for its rule: every number has bounds, nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a rule judges: the person and what was read of the mailbox."""

    person: Person
    mailbox: MailboxFacts


Judge = Callable[[Subject, P, WorkCalendar], Verdict]
More = Callable[[Subject, P, WorkCalendar], Collection[Need[Any]]]


def nothing_more(_subject: Subject, _norm: Any, _calendar: WorkCalendar) -> Collection[Need[Any]]:
    """The follow-up of a rule that asks everything at once."""
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` is asked of everybody; `more` says what else to ask once these are in (second step).

    `decisive` lists the needs without which the rule cannot say *deviation*; `doctor` prints what follows
    from it. `priority` orders letters when one a week has to choose (lowest first).
    """

    id: RuleId
    kind: Kind
    needs: tuple[Need[Any], ...]
    decisive: tuple[Need[Any], ...]
    parameters: type[Parameters]
    judge: Judge[Any]
    more: More[Any]
    priority: int

    @property
    def data_class(self) -> DataClass:
        return max((need.data_class for need in (*self.needs, *self.decisive)), default=DataClass.TRAFFIC)


def rule(
    name: str,
    *,
    kind: Kind,
    parameters: type[P],
    needs: Sequence[Need[Any]],
    decisive: Sequence[Need[Any]] = (),
    more: More[P] = nothing_more,
    priority: int = 50,
) -> Callable[[Judge[P]], Rule]:
    """Make the judging function of a file its rule. The file's name must be the rule's name."""

    def make(judge: Judge[P]) -> Rule:
        module = judge.__module__.rpartition(".")[2]
        if module != name:
            raise ValueError(f"rule {name!r} stands in {module}.py: name the file after its rule")
        return Rule(
            RuleId(name), kind, tuple(needs), tuple(decisive or needs), parameters, judge, more, priority
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
