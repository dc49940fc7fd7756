"""Who stands in for managers on leave, and who heads a department: the file managers.toml."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mailbot.config.problems import Problem
from mailbot.config.tomlfile import read_model
from mailbot.model.arrangements import Arrangements, Deputy, Head, folded_code
from mailbot.model.ids import Address
from mailbot.policy.typed import Day, Line, Typed, refusal


def _mailbox(value: object) -> object:
    try:
        return Address(value) if isinstance(value, str) else value
    except ValueError:
        raise refusal("an e-mail address", "write the primary SMTP address, without a name") from None


class DeputyTable(Typed):
    """`until` is the last day on which it holds."""

    manager: Annotated[Address, Field(repr=False, description="address of the manager")]
    deputy: Annotated[Address, Field(repr=False, description="address of who stands in during leave")]
    until: Annotated[Day | None, Field(description="the last day, a date; without it there is no end")] = None

    @field_validator("manager", "deputy", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        return _mailbox(value)

    @model_validator(mode="after")
    def _somebody_else(self) -> "DeputyTable":
        if self.manager == self.deputy:
            raise refusal("a deputy who is somebody else", "name a colleague", "the manager")
        return self


class DepartmentTable(Typed):
    org_code: Annotated[Line, Field(repr=False, description="the department's code, as personnel writes it")]
    head: Annotated[Address, Field(repr=False, description="address of the head of the department")]

    @field_validator("head", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        return _mailbox(value)


class ManagersFile(Typed):
    """Any number of [[deputy]] and [[department]] tables."""

    deputies: Annotated[tuple[DeputyTable, ...], Field(alias="deputy")] = ()
    departments: Annotated[tuple[DepartmentTable, ...], Field(alias="department")] = ()

    @field_validator("deputies")
    @classmethod
    def _one_deputy(cls, value: tuple[DeputyTable, ...]) -> tuple[DeputyTable, ...]:
        _once([str(table.manager.value) for table in value], "one deputy for a manager", "deputies")
        return value

    @field_validator("departments")
    @classmethod
    def _one_head(cls, value: tuple[DepartmentTable, ...]) -> tuple[DepartmentTable, ...]:
        _once([folded_code(table.org_code) for table in value], "one head for an org_code", "departments")
        return value

    def value(self) -> Arrangements:
        return Arrangements(
            tuple(Deputy(table.manager, table.deputy, table.until) for table in self.deputies),
            tuple(Head(table.org_code, table.head) for table in self.departments),
        )


def read_managers(file: Path, shown: str) -> tuple[Arrangements | None, list[Problem]]:
    """The arrangements, or all that is wrong with the file. A file that is not there arranges nothing."""
    if not os.path.lexists(file):
        return Arrangements(), []
    parsed, problems = read_model(file, shown, ManagersFile)
    return (parsed.value() if parsed else None), problems


def _once(names: list[str], expected: str, plural: str) -> None:
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if first.setdefault(name, number) != number:
            raise refusal(
                expected, "remove one of them", f"{plural} {first[name]} and {number} for the same one"
            )
