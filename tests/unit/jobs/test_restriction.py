"""Who is left out by now, as jobs ask it of the store."""

from typing import cast

from mailbot.jobs.restriction import left_out
from mailbot.model.ids import ObjectGuid
from mailbot.model.restrictions import Restriction
from mailbot.ports import Work

EXCLUDED, PAUSED, BY_SETTINGS = (ObjectGuid(name) for name in ("excluded", "paused", "by settings"))


class Noting:
    """A transaction that remembers in which order its two lists were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def exclusions(self) -> frozenset[ObjectGuid]:
        self.read.append("exclusions")
        return frozenset({EXCLUDED})

    def restrictions(self) -> dict[ObjectGuid, Restriction]:
        self.read.append("restrictions")
        return {PAUSED: Restriction.PAUSED, BY_SETTINGS: Restriction.SETTINGS_ONLY}


def test_the_excluded_and_the_paused_are_left_out_altogether() -> None:
    assert left_out(cast(Work, Noting())) == {EXCLUDED, PAUSED}


def test_the_lists_are_read_in_the_order_in_which_the_store_locks_them() -> None:
    """PostgreSQL would end a pause or a sweep by force, when each has what the other waits for."""
    work = Noting()
    left_out(cast(Work, work))
    assert work.read == ["exclusions", "restrictions"]
