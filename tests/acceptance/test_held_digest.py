"""A manager on approved leave: the digest waits for the first working day back, and only the newest comes.
Meanwhile whoever stands in runs the departures of that team, and sees nothing else of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from mailbot.engine.figures.encoding import decode
from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.arrangements import Arrangements, Deputy, Head
from mailbot.model.employment import Leave
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.people import People, Person
from mailbot.model.slots import Job
from mailbot.ports import Directory
from tests.acceptance.desk import Desk
from tests.acceptance.municipality import Municipality, municipality

STANDS_IN = "leidinggevende die met verlof is"
IS_HEAD = "Jij bent het hoofd van de afdeling"


@dataclass
class Village:
    """A village in which only leavers are told of, one of its managers, and what is changed about people."""

    here: Municipality
    manager: Person
    leaver: Person
    other: Person
    colleague: Person
    change: Callable[[Person], Person] = lambda person: person
    arranged: Arrangements = field(default_factory=Arrangements)

    def on_leave(self, first: date, last: date) -> None:
        leave = (Leave(first, last, date(2026, 10, 1)),)
        self.change = lambda p: replace(p, leave=leave) if p.guid == self.manager.guid else p

    @contextmanager
    def opened(self) -> Iterator[House]:
        with self.here.opened() as house:
            directory = Changed(house.directory, lambda p: self.change(p))
            yield replace(house, directory=directory, terms=replace(house.terms, managers=self.arranged))

    def monday(self, day: int, month: int = 11) -> None:
        """Sweep at six, digests and letters at half past eight."""
        desk = Desk(self.here)
        with self.opened() as house:
            desk.goes_to_day(day, 6, month=month)
            sweep(house, self.here.slot())
            desk.goes_to_day(day, 8, 31, month=month)
            digest(house, self.here.slot(Job.DIGEST))
            deliver(house)

    def day(self, day: int, month: int = 11) -> None:
        """Letters at half past eight."""
        Desk(self.here).goes_to_day(day, 8, 31, month=month)
        with self.opened() as house:
            deliver(house)

    def mails(self, person: Person) -> list[str]:
        """The bodies of the digests that somebody got."""
        got = Desk(self.here).got(person.address.value)
        return [
            m.body
            for m in got
            if m.subject in ("Weekoverzicht van de postbushulp", "Weekly overview from mailbox help")
        ]

    def orders(self, person: Person) -> list[OutboxLetter]:
        with self.opened() as house, house.store.begin() as work:
            kept = work.letters_of(house.store.person_key(person.guid))
        return [letter for letter in kept if letter.order.kind is LetterKind.DIGEST]

    def states(self, person: Person) -> dict[str, LetterState]:
        """Of a person's digests, by week."""
        return {letter.order.key.split("/")[1]: letter.state for letter in self.orders(person)}


class Changed:
    """The people of a directory as somebody else's sources would tell of them."""

    def __init__(self, directory: Directory, change: Callable[[Person], Person]) -> None:
        self._directory = directory
        self._change = change

    def people(self) -> People:
        people = self._directory.people()
        changed = {guid: self._change(person) for guid, person in people.by_guid.items()}
        return replace(people, by_guid=MappingProxyType(changed))

    def guid_of(self, address: Address) -> ObjectGuid | None:
        return self._directory.guid_of(address)


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """`manager` has a leaver in the team, `other` none; `colleague` leads nobody."""
    with municipality(tmp_path, 30, stories=["empty", "leaver-near"]) as here:
        with here.opened() as house:
            people = house.directory.people()
        teams = people.managers()
        leavers = {guid: [p for p in team if p.ends is not None] for guid, team in teams.items()}
        manager = next(guid for guid, found in leavers.items() if found)
        other = next(guid for guid, found in leavers.items() if not found and guid != manager)
        persons = people.by_guid
        colleague = next(p for p in persons.values() if p.guid not in teams and p.ends is None)
        yield Village(here, persons[manager], leavers[manager][0], persons[other], colleague)


def test_over_three_weeks_only_the_newest_digest_comes_on_the_first_day_back(village: Village) -> None:
    village.on_leave(date(2026, 11, 23), date(2026, 12, 7))
    village.monday(23)
    village.monday(30)
    village.monday(7, month=12)
    assert village.mails(village.manager) == []
    withdrawn, waiting = LetterState.WITHDRAWN, LetterState.WAITING
    assert village.states(village.manager) == {"2026-48": withdrawn, "2026-49": withdrawn, "2026-50": waiting}
    newest = village.orders(village.manager)[-1].order
    assert newest.not_before.isoformat() == "2026-12-08T07:30:00+00:00"
    village.day(8, month=12)
    [body] = village.mails(village.manager)
    assert village.leaver.name in body
    assert STANDS_IN not in body
    village.day(9, month=12)
    assert len(village.mails(village.manager)) == 1


def test_back_on_a_monday_it_is_that_monday_s_digest(village: Village) -> None:
    village.on_leave(date(2026, 11, 23), date(2026, 11, 27))
    village.monday(23)
    village.monday(30)
    assert len(village.mails(village.manager)) == 1
    assert village.states(village.manager) == {
        "2026-48": LetterState.WITHDRAWN,
        "2026-49": LetterState.SENT,
    }


def test_leave_that_turns_out_longer_holds_a_digest_that_could_have_gone(village: Village) -> None:
    village.on_leave(date(2026, 11, 23), date(2026, 11, 24))
    village.monday(23)
    village.on_leave(date(2026, 11, 23), date(2026, 11, 25))
    village.day(25)
    assert village.mails(village.manager) == []
    assert village.states(village.manager) == {"2026-48": LetterState.WAITING}
    village.day(26)
    assert len(village.mails(village.manager)) == 1


def test_one_whose_time_is_over_before_its_reader_is_back_is_withdrawn(village: Village) -> None:
    """Nobody is told that a letter expired: the next week brings another one."""
    village.on_leave(date(2026, 11, 23), date(2026, 11, 24))
    village.monday(23)
    village.on_leave(date(2026, 11, 23), date(2026, 12, 31))
    village.day(25)
    assert village.states(village.manager) == {"2026-48": LetterState.WITHDRAWN}


def test_whoever_stands_in_sees_the_leavers_of_that_team_and_nothing_else_of_it(village: Village) -> None:
    village.on_leave(date(2026, 11, 23), date(2026, 12, 7))
    colleague = village.colleague
    village.arranged = Arrangements((Deputy(village.manager.address, colleague.address),))
    village.monday(23)
    [body] = village.mails(colleague)
    assert village.leaver.name in body
    assert STANDS_IN in body
    assert village.manager.name not in body
    [letter] = village.orders(colleague)
    assert decode(letter.order.shown).figures == {}
    assert decode(letter.order.shown).tip is None
    assert decode(letter.order.shown).reach is None
    village.monday(7, month=12)
    village.day(8, month=12)
    assert len(village.mails(colleague)) == 2
    village.monday(14, month=12)
    assert len(village.mails(colleague)) == 2, "the manager is back"


def test_a_deputy_whose_manager_is_back_before_the_digest_leaves_gets_none(village: Village) -> None:
    village.on_leave(date(2026, 11, 23), date(2026, 12, 7))
    colleague = village.colleague
    village.arranged = Arrangements((Deputy(village.manager.address, colleague.address),))
    desk = Desk(village.here)
    with village.opened() as house:
        desk.goes_to_day(23, 6)
        sweep(house, village.here.slot())
        desk.goes_to_day(23, 8, 31)
        digest(house, village.here.slot(Job.DIGEST))
    village.change = lambda person: person
    village.day(23)
    assert village.mails(colleague) == []
    assert village.states(colleague) == {"2026-48": LetterState.WITHDRAWN}


def test_whoever_leads_nobody_any_more_sees_no_figures_of_the_team_that_was(village: Village) -> None:
    """The digest waited for its reader, who came back as head of a department, without a team."""
    manager, leaver, unit = village.manager, village.leaver, village.leaver.unit
    assert unit is not None
    village.on_leave(date(2026, 11, 23), date(2026, 11, 24))
    village.monday(23)
    [waiting] = village.orders(manager)
    assert decode(waiting.order.shown).reach is not None, "it was made for somebody who leads a team"
    village.change = lambda p: (
        replace(p, manager=None if p.guid == leaver.guid else village.other.guid)
        if p.manager == manager.guid
        else p
    )
    village.arranged = Arrangements(heads=(Head(unit.code, manager.address),))
    village.day(25)
    [body] = village.mails(manager)
    assert leaver.name in body
    for word in ("konden we bereiken", "Elk cijfer", "Tip van de week"):
        assert word not in body


def test_the_head_of_the_department_sees_leavers_without_a_manager(village: Village) -> None:
    leaver, unit = village.leaver, village.leaver.unit
    assert unit is not None
    village.change = lambda p: replace(p, manager=None) if p.guid == leaver.guid else p
    village.arranged = Arrangements(heads=(Head(unit.code, village.other.address),))
    village.monday(23)
    [body] = village.mails(village.other)
    assert leaver.name in body
    assert IS_HEAD in body
    assert STANDS_IN not in body


def test_the_head_is_not_told_why_the_manager_runs_no_departure(village: Village) -> None:
    """Here it is leave; it may as well be that the manager is left out, which is nobody's business."""
    unit = village.leaver.unit
    assert unit is not None
    village.on_leave(date(2026, 11, 23), date(2026, 12, 7))
    village.arranged = Arrangements(heads=(Head(unit.code, village.other.address),))
    village.monday(23)
    [body] = village.mails(village.other)
    assert village.leaver.name in body
    assert IS_HEAD in body
    for word in ("leidinggevende", "verlof", village.manager.name):
        assert word not in body


def test_departures_that_nobody_runs_are_a_number_for_the_operator(village: Village) -> None:
    leaver = village.leaver
    village.change = lambda p: replace(p, manager=None) if p.guid == leaver.guid else p
    village.monday(23)
    shown = Desk(village.here).shows("findings")["problems"]
    assert "leavers_without_manager" in shown
    assert leaver.name not in str(shown)
    village.change = lambda person: person
    village.monday(30)
    assert "leavers_without_manager" not in Desk(village.here).shows("findings")["problems"]
