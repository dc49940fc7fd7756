"""Whose departure stands in whose digest, and for how long."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mailbot.jobs.agenda import AGENDA_AHEAD, AGENDA_BACK, agendas
from mailbot.model.accounts import Language
from mailbot.model.arrangements import Arrangements, Deputy, Via
from mailbot.model.employment import Leave
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.letters import AgendaLine
from mailbot.model.people import NOT_SAID, People, Person

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TODAY = NOW.date()


def person(name: str, manager: str | None = None, ends: date | None = None, *leave: Leave) -> Person:
    return Person(
        guid=ObjectGuid(name),
        address=Address(f"{name}@voorbeeld.example"),
        name=name,
        language=Language.NL,
        enabled=Known(True, NOW),
        recipient_type=NOT_SAID,
        hold=NOT_SAID,
        roster=NOT_SAID,
        manager=ObjectGuid(manager) if manager else None,
        ends=ends,
        leave=leave,
    )


def people(*persons: Person) -> People:
    return People({p.guid: p for p in persons}, frozenset(), NOW)


def test_leavers_stand_in_order_of_their_last_day_with_who_runs_the_departure() -> None:
    later, sooner = TODAY + timedelta(days=9), TODAY + timedelta(days=2)
    found = agendas(
        people(
            person("chef"),
            person("zus", "chef", later),
            person("jan", "chef", later),
            person("bep", "chef", sooner),
            person("blijft", "chef"),
            person("alleen", None, sooner),
        ),
        Arrangements(),
        TODAY,
    )
    assert found == {
        ObjectGuid("chef"): (AgendaLine("bep", sooner), AgendaLine("jan", later), AgendaLine("zus", later)),
        None: (AgendaLine("alleen", sooner, Via.OPERATOR),),
    }


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        (TODAY - AGENDA_BACK, True),
        (TODAY - AGENDA_BACK - timedelta(days=1), False),
        (TODAY + AGENDA_AHEAD, True),
        (TODAY + AGENDA_AHEAD + timedelta(days=1), False),
    ],
)
def test_from_six_weeks_before_until_five_weeks_after(ends: date, told: bool) -> None:
    found = agendas(people(person("chef"), person("jan", "chef", ends)), Arrangements(), TODAY)
    assert bool(found) is told


def test_nothing_is_told_of_whoever_is_left_out_meanwhile() -> None:
    population = people(person("chef"), person("jan", "chef", TODAY))
    assert agendas(population, Arrangements(), TODAY, {ObjectGuid("jan")}) == {}


def test_who_runs_it_depends_on_the_day() -> None:
    leave = Leave(TODAY, TODAY + timedelta(days=4), date(2026, 9, 1))
    population = people(person("chef", None, None, leave), person("bep"), person("jan", "chef", TODAY))
    arranged = Arrangements((Deputy(Address("chef@voorbeeld.example"), Address("bep@voorbeeld.example")),))
    assert agendas(population, arranged, TODAY) == {
        ObjectGuid("bep"): (AgendaLine("jan", TODAY, Via.DEPUTY),)
    }
    assert list(agendas(population, arranged, TODAY + timedelta(days=5))) == [ObjectGuid("chef")]
