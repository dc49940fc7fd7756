"""Who is left out by now, as jobs ask it of the store, and the quiet after a pause."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from mailbot.engine.ladder import Ladder
from mailbot.jobs.house import House
from mailbot.jobs.restriction import left_out, resume
from mailbot.model.ids import Address, ObjectGuid, PersonKey
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


# the end of a pause

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
ADDRESS = Address("karin.smit@voorbeeld.example")


class Pauses:
    """A store that knows one person, and whether that person is paused."""

    def __init__(self, paused: bool) -> None:
        self.paused = paused
        self.rests: list[tuple[PersonKey, datetime]] = []
        self.audited: list[tuple[datetime, str, str, Mapping[str, str | int]]] = []

    @contextmanager
    def begin(self) -> Iterator["Pauses"]:
        yield self

    def person_key(self, guid: ObjectGuid) -> PersonKey:
        return PersonKey(f"key of {guid}")

    def unrestrict(self, guid: ObjectGuid, kind: Restriction) -> bool:
        assert (guid, kind) == (PAUSED, Restriction.PAUSED)
        was, self.paused = self.paused, False
        return was

    def rest(self, person: PersonKey, until: datetime) -> None:
        self.rests.append((person, until))

    def audit(self, now: datetime, actor: str, action: str, detail: Mapping[str, str | int]) -> None:
        self.audited.append((now, actor, action, detail))


def ended(paused: bool, days: int) -> Pauses:
    person = SimpleNamespace(guid=PAUSED, address=ADDRESS)
    people = SimpleNamespace(with_address=lambda address: person if address == ADDRESS else None)
    store = Pauses(paused)
    house = SimpleNamespace(
        directory=SimpleNamespace(people=lambda: people),
        clock=SimpleNamespace(now=lambda: NOW),
        terms=SimpleNamespace(ladder=Ladder(after_pause_days=days)),
        store=store,
    )
    resume(cast(House, house), ADDRESS, "beheer")
    assert not store.paused
    return store


@pytest.mark.parametrize("days", [7, 30])
def test_after_a_pause_the_person_is_left_in_peace_for_as_long_as_the_settings_say(days: int) -> None:
    assert ended(True, days).rests == [(PersonKey(f"key of {PAUSED}"), NOW + timedelta(days=days))]


def test_who_was_not_paused_gets_no_rest_from_it() -> None:
    """Else anybody could silence somebody else's letters for good."""
    assert ended(False, 7).rests == []


def test_the_log_does_not_tell_whether_there_was_a_pause() -> None:
    assert ended(True, 7).audited == ended(False, 7).audited == [(NOW, "beheer", "resume", {})]
