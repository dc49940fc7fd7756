"""What a sweep leaves for the monthly report."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailbot.jobs.measuring import measure
from mailbot.model.employment import OrgUnit
from mailbot.model.figures import ORGANISATION, Coverage, GroupFigure
from mailbot.model.ids import PersonKey
from mailbot.model.people import People, Person
from mailbot.model.slots import Job, Slot
from mailbot.model.verdicts import Judgement, Kind, compliant, deviation
from mailbot.policy.packs import Audience
from mailbot.policy.stages import Stage
from mailbot.policy.waivers import Waiver
from mailbot.store.sql import SqlStore
from tests.unit.jobs.braked_house import MONDAY, QUOTA, Braked, at_stage, braked, person

DAY = date(2026, 11, 23)
TOWN = [
    replace(person(n), unit=OrgUnit(code, code.upper()))
    for n, code in enumerate(["bz"] * 12 + ["sd"] * 20, start=1)
]


@pytest.fixture
def here() -> Iterator[Braked]:
    store = SqlStore("sqlite://", bytes(range(32)))
    yield braked(store)
    store.close()


def sweeps(
    here: Braked,
    label: str,
    deviating: int,
    read: int = 32,
    judged: list[Person] = TOWN,
    held: bool = False,
    town: list[Person] = TOWN,
) -> None:
    """A sweep of a town in which the first so many deviate, and what it leaves of the people in `judged`."""
    house, now = here.house, here.clock.now()
    slot = Slot(Job.SWEEP, DAY, label)
    people = People({one.guid: one for one in town}, frozenset(), now)
    population: Mapping[PersonKey, Person] = {house.store.person_key(one.guid): one for one in judged}
    with house.store.begin() as work:
        work.claim(slot, "test", now, now + timedelta(minutes=5))
        for place, one in enumerate(town):
            verdict = deviation("over_limit") if place < deviating else compliant("within_limit")
            key = house.store.person_key(one.guid)
            work.record(slot.id, key, None, [Judgement(QUOTA, Kind.STATE, verdict)], now)
        measure(house, work, slot, people, population, Coverage(32, read), now, held)


def kept(here: Braked) -> tuple[Coverage, list[GroupFigure]]:
    with here.house.store.begin() as work:
        coverage, figures = work.measured(DAY, DAY)[DAY]
    return coverage, list(figures)


def groups(here: Braked) -> dict[str, tuple[int, int, int]]:
    return {figure.group: (figure.judged, figure.deviating, figure.waived) for figure in kept(here)[1]}


def shows_to(here: Braked, audience: Audience) -> None:
    pack = here.house.terms.pack
    figures = pack.team_figures.model_copy(update={"shown_to": audience})
    here.changes(pack=pack.model_copy(update={"team_figures": figures}))


def waiver(of: Person) -> Waiver:
    return Waiver.model_validate(
        {
            "owner": "teamleider",
            "owner_address": "tl@voorbeeld.example",
            "reason": "archief",
            "rule": "quota",
            "address": of.address.value,
            "from": date(2026, 11, 1),
            "until": date(2027, 2, 1),
        }
    )


def test_it_counts_the_organisation_and_its_departments(here: Braked) -> None:
    shows_to(here, Audience.DIRECTIE)
    sweeps(here, "auto", deviating=14)
    assert groups(here) == {"organisation": (32, 14, 0), "unit/bz": (12, 12, 0), "unit/sd": (20, 2, 0)}
    assert kept(here)[0] == Coverage(32, 32)


def test_who_has_a_waiver_is_not_counted_and_the_waiver_is(here: Braked) -> None:
    shows_to(here, Audience.DIRECTIE)
    nobodys = replace(person(99))
    here.changes(waivers=(waiver(TOWN[0]), waiver(nobodys)))
    sweeps(here, "auto", deviating=3)
    assert groups(here) == {"organisation": (31, 2, 2), "unit/bz": (11, 2, 0), "unit/sd": (20, 0, 0)}


@pytest.mark.parametrize("audience", [Audience.NONE, Audience.MANAGERS])
def test_a_pack_that_shows_the_directie_no_departments_keeps_none(here: Braked, audience: Audience) -> None:
    """Managers have digests of their teams; beside departments these would tell of single people."""
    shows_to(here, audience)
    sweeps(here, "auto", deviating=3)
    assert set(groups(here)) == {"organisation"}


@pytest.mark.parametrize(("audience", "kept_of_25"), [(Audience.DIRECTIE, 25), (Audience.MANAGERS, 24)])
def test_beside_a_manager_whose_team_does_well_a_lower_count_is_kept(
    here: Braked, audience: Audience, kept_of_25: int
) -> None:
    """Of 65 people 25 deviate, none of them of the manager's 40: a true share would leave no other over."""
    manager = person(1)
    others = [person(n) for n in range(2, 26)]
    team = [replace(person(n), manager=manager.guid) for n in range(26, 66)]
    shows_to(here, audience)
    town = [manager, *others, *team]
    sweeps(here, "auto", deviating=25, judged=town, town=town)
    assert groups(here)["organisation"] == (65, kept_of_25, 0)


def test_a_pack_may_ask_for_more_people_and_never_for_fewer(here: Braked) -> None:
    pack = here.house.terms.pack
    assert pack.team_figures.at_least < 10
    more = pack.team_figures.model_copy(update={"at_least": 15})
    here.changes(pack=pack.model_copy(update={"team_figures": more}))
    sweeps(here, "auto", deviating=3)
    assert set(groups(here)) == {"organisation"}, "beside sd, the twelve of bz would be left over"


def test_of_whoever_had_no_turn_nothing_is_known(here: Braked) -> None:
    """Two more people than the sweep came to."""
    sweeps(here, "auto-1", deviating=4, judged=[*TOWN, person(98), person(99)])
    (whole, *_) = kept(here)[1]
    assert (whole.group, whole.judged, whole.unknown) == (ORGANISATION, 32, 2)


def test_who_is_no_longer_in_the_population_is_not_counted(here: Braked) -> None:
    sweeps(here, "auto", deviating=3, judged=TOWN[:11])
    assert groups(here) == {"organisation": (11, 3, 0)}


def test_a_second_sweep_of_the_day_counts_when_it_read_no_less(here: Braked) -> None:
    sweeps(here, "auto", deviating=3, read=31)
    sweeps(here, "by hand", deviating=5, read=20)
    assert (kept(here)[0].read, groups(here)["organisation"]) == (31, (32, 3, 0))
    sweeps(here, "by hand again", deviating=6, read=31)
    assert groups(here)["organisation"] == (32, 6, 0)


def test_what_the_brake_holds_leaves_no_figures_until_a_human_looked(here: Braked) -> None:
    """A misread server makes everybody deviate: letters wait for a human, and the directie does not hear it
    either. What a good sweep of the same day left stays."""
    sweeps(here, "auto-1", deviating=32, held=True)
    assert kept(here) == (Coverage(32, 32), [])
    sweeps(here, "auto-2", deviating=4)
    assert groups(here)["organisation"] == (32, 4, 0)
    sweeps(here, "auto-3", deviating=32, held=True)
    assert groups(here)["organisation"] == (32, 4, 0)


def test_too_few_people_leave_a_day_without_figures(here: Braked) -> None:
    sweeps(here, "auto", deviating=3, read=9, judged=TOWN[:9])
    assert kept(here) == (Coverage(32, 9), [])
    assert here.clock.now() == MONDAY


@pytest.mark.parametrize("stage", [Stage.OBSERVE, Stage.PILOT])
def test_a_rule_that_has_not_come_to_everybody_leaves_no_figures(here: Braked, stage: Stage) -> None:
    """Nobody reads in a report what staff was not told of."""
    here.changes(stages=(at_stage(stage),))
    sweeps(here, "auto", deviating=14)
    assert kept(here) == (Coverage(32, 32), [])
