"""Who stands in for a manager, and who heads a department: what no source of people says."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from mailbot.model.ids import Address


class Via(StrEnum):
    """As what somebody hears of a departure that has to be run."""

    MANAGER = "manager"
    DEPUTY = "deputy"  # of a manager who is on leave
    HEAD = "head"  # of the department, where no manager can
    OPERATOR = "operator"  # nobody in the house can


@dataclass(frozen=True, slots=True)
class Deputy:
    """`deputy` stands in for `manager` on days of leave; `until` is the last day, None without an end."""

    manager: Address
    deputy: Address
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """`org_code` is the department's code as personnel writes it."""

    org_code: str = field(repr=False)
    head: Address


@dataclass(frozen=True, slots=True)
class Arrangements:
    """At most one deputy per manager and one head per department."""

    deputies: tuple[Deputy, ...] = ()
    heads: tuple[Head, ...] = ()

    def deputy_of(self, manager: Address, today: date) -> Address | None:
        for one in self.deputies:
            if one.manager == manager and (one.until is None or today <= one.until):
                return one.deputy
        return None

    def head_of(self, org_code: str) -> Address | None:
        wanted = folded_code(org_code)
        return next((one.head for one in self.heads if folded_code(one.org_code) == wanted), None)


def folded_code(org_code: str) -> str:
    """A department's code as it is compared."""
    return org_code.strip().casefold()
