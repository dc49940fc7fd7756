"""Who runs a departure: the way from a person to somebody who can, and why others could not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.managers import Passed, Route, route, unknown_addresses
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.arrangements import Arrangements, Deputy, Head, Via
from mailbot.model.employment import Leave, OrgUnit
from mailbot.model.facts import Known
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.organisation import Standing
from mailbot.model.people import NOT_SAID, People, Person

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
AWAY = (Leave(YESTERDAY, TOMORROW, date(2026, 9, 1)),)
UNIT = OrgUnit("100", "Burgerzaken")


def guid(name: str) -> ObjectGuid:
    return ObjectGuid(name)


def at(name: str) -> Address:
    return Address(f"{name}@voorbeeld.example")


def person(name: str, manager: str | None = None, **more: Any) -> Person:
    usual: dict[str, Any] = {
        "enabled": Known(True, NOW),
        "recipient_type": Known(RecipientType.USER, NOW),
        "unit": UNIT,
        **more,
    }
    return Person(
        guid=guid(name),
        address=at(name),
        name=name,
        language=Language.NL,
        hold=NOT_SAID,
        roster=NOT_SAID,
        manager=guid(manager) if manager else None,
        **usual,
    )


def people(*persons: Person) -> People:
    return People({p.guid: p for p in persons}, frozenset({"voorbeeld.example"}), NOW)


ARRANGED = Arrangements(
    (Deputy(at("chef"), at("waarnemer")), Deputy(at("hoofd"), at("plaatsvervanger"))),
    (Head("100", at("hoofd")),),
)
EVERYBODY = {
    "jan": person("jan", "chef"),
    "chef": person("chef", "hoofd"),
    "waarnemer": person("waarnemer", "chef"),
    "hoofd": person("hoofd"),
    "plaatsvervanger": person("plaatsvervanger", "hoofd"),
}
MANAGER, DEPUTY, HEAD = Via.MANAGER, Via.DEPUTY, Via.HEAD


def way(arrangements: Arrangements = ARRANGED, **changes: Mapping[str, Any] | None) -> Route:
    """The route from jan, with some people changed; None leaves somebody out of the population."""
    persons = {name: one for name, one in EVERYBODY.items() if changes.get(name, {}) is not None}
    for name, change in changes.items():
        if change is not None:
            persons[name] = replace(persons[name], **change)
    return route(persons["jan"], people(*persons.values()), arrangements, TODAY)


AT_SEA = {"leave": AWAY}
LEFT = {"ends": YESTERDAY}
CLOSED = {"enabled": Known(False, NOW)}


@pytest.mark.parametrize(
    ("changes", "to", "via", "passed"),
    [
        ({}, "chef", MANAGER, ()),
        ({"chef": {"enabled": NOT_SAID}}, "chef", MANAGER, ()),
        ({"chef": AT_SEA}, "waarnemer", DEPUTY, ((MANAGER, Passed.AWAY),)),
        (
            {"chef": AT_SEA, "waarnemer": AT_SEA},
            "hoofd",
            HEAD,
            ((MANAGER, Passed.AWAY), (DEPUTY, Passed.AWAY)),
        ),
        (
            {"chef": AT_SEA, "waarnemer": LEFT},
            "hoofd",
            HEAD,
            ((MANAGER, Passed.AWAY), (DEPUTY, Passed.GONE)),
        ),
        ({"chef": LEFT}, "hoofd", HEAD, ((MANAGER, Passed.GONE),)),
        ({"chef": {"starts": TOMORROW}}, "hoofd", HEAD, ((MANAGER, Passed.GONE),)),
        ({"chef": CLOSED}, "hoofd", HEAD, ((MANAGER, Passed.CLOSED),)),
        ({"jan": {"manager": None}}, "hoofd", HEAD, ((MANAGER, Passed.NOBODY),)),
        ({"chef": None}, "hoofd", HEAD, ((MANAGER, Passed.NOBODY),)),
        ({"jan": {"manager": guid("jan")}}, "hoofd", HEAD, ((MANAGER, Passed.NOBODY),)),
        (
            {"chef": {"recipient_type": Known(RecipientType.SHARED, NOW)}},
            "hoofd",
            HEAD,
            ((MANAGER, Passed.NOBODY),),
        ),
        (
            {"chef": LEFT, "hoofd": AT_SEA},
            "plaatsvervanger",
            DEPUTY,
            ((MANAGER, Passed.GONE), (HEAD, Passed.AWAY)),
        ),
        (
            {"chef": LEFT, "hoofd": None},
            None,
            Via.OPERATOR,
            ((MANAGER, Passed.GONE), (HEAD, Passed.NOBODY)),
        ),
        (
            {"chef": LEFT, "jan": {"unit": None}},
            None,
            Via.OPERATOR,
            ((MANAGER, Passed.GONE), (HEAD, Passed.NOBODY)),
        ),
    ],
)
def test_ways(
    changes: Mapping[str, Mapping[str, Any] | None],
    to: str | None,
    via: Via,
    passed: tuple[tuple[Via, Passed], ...],
) -> None:
    assert way(**changes) == Route(guid(to) if to else None, via, passed)


def test_without_arrangements_a_manager_on_leave_leaves_only_the_operator() -> None:
    found = way(Arrangements(), chef=AT_SEA)
    assert found == Route(
        None, Via.OPERATOR, ((MANAGER, Passed.AWAY), (DEPUTY, Passed.NOBODY), (HEAD, Passed.NOBODY))
    )


def test_a_deputy_stands_in_until_the_last_day_of_it() -> None:
    def until(day: date) -> Arrangements:
        return Arrangements((Deputy(at("chef"), at("waarnemer"), day),), ARRANGED.heads)

    assert way(until(TODAY), chef=AT_SEA).via is DEPUTY
    assert way(until(YESTERDAY), chef=AT_SEA).via is HEAD


def test_leave_ends_on_its_last_day() -> None:
    over = Leave(date(2026, 11, 1), YESTERDAY, date(2026, 9, 1))
    last = Leave(date(2026, 11, 1), TODAY, date(2026, 9, 1))
    assert way(chef={"leave": (over,)}).via is MANAGER
    assert way(chef={"leave": (last,)}).via is DEPUTY


def test_nobody_runs_their_own_departure() -> None:
    """Whoever is deputy, or head, of themselves hears of others only."""
    as_deputy = Arrangements((Deputy(at("chef"), at("jan")),), (Head("100", at("jan")),))
    found = way(as_deputy, chef=AT_SEA)
    assert found.passed == ((MANAGER, Passed.AWAY), (DEPUTY, Passed.NOBODY), (HEAD, Passed.NOBODY))
    assert found.to is None


def test_codes_of_departments_are_compared_without_case_and_outer_blanks() -> None:
    arranged = Arrangements(heads=(Head(" bZ ", at("hoofd")),))
    assert way(arranged, jan={"unit": OrgUnit("Bz", "Burgerzaken")}, chef=LEFT).to == guid("hoofd")


def test_an_excluded_manager_reads_as_no_manager() -> None:
    """The directory takes the excluded out and forgets who reports to them: either way it is the same."""
    assert way(chef=None) == way(chef=None, jan={"manager": None})
    arranged = Arrangements((Deputy(at("chef"), at("waarnemer")),), ARRANGED.heads)
    assert way(arranged, chef=None) == way(Arrangements(heads=ARRANGED.heads), chef=None)


def test_a_route_names_nobody_by_accident() -> None:
    assert "chef" not in repr(way())
    assert "voorbeeld" not in repr(ARRANGED)


NAMES = ("a", "b", "c", "d", "e")
named = st.sampled_from(NAMES)


@st.composite
def towns(draw: st.DrawFn) -> tuple[People, Arrangements]:
    """A few people who may manage each other in any way, and any arrangements."""
    persons = [
        person(
            name,
            draw(st.none() | named),
            leave=draw(st.sampled_from(((), AWAY))),
            ends=draw(st.sampled_from((None, YESTERDAY, TOMORROW))),
            enabled=draw(st.sampled_from((Known(True, NOW), Known(False, NOW), NOT_SAID))),
        )
        for name in draw(st.sets(named, min_size=1))
    ]
    deputies = draw(st.lists(st.tuples(named, named), max_size=4))
    heads = draw(st.lists(named, max_size=1))
    return people(*persons), Arrangements(
        tuple(Deputy(at(one), at(other)) for one, other in deputies), tuple(Head("100", at(h)) for h in heads)
    )


@given(towns())
def test_every_way_ends_with_somebody_else_who_can_or_with_the_operator(
    town: tuple[People, Arrangements],
) -> None:
    population, arrangements = town
    for one in population.by_guid.values():
        found = route(one, population, arrangements, TODAY)
        assert len(found.passed) <= 4
        assert (found.to is None) is (found.via is Via.OPERATOR)
        if found.to is not None:
            reader = population.by_guid[found.to]
            assert reader.guid != one.guid
            assert reader.in_service(TODAY)
            assert not reader.on_leave(TODAY)
            assert reader.enabled != Known(False, NOW)


def test_addresses_that_nobody_has_are_told_by_their_place() -> None:
    arranged = Arrangements(
        (Deputy(at("chef"), at("jn")), Deputy(at("weg"), at("jan"))), (Head("100", at("geheim")),)
    )
    population = people(EVERYBODY["jan"], EVERYBODY["chef"])
    assert unknown_addresses(arranged, population) == (
        "deputy 1.deputy",
        "deputy 2.manager",
        "department 1.head",
    )
    excluded = replace(population, colleagues={at("geheim"): Standing.ACTIVE})
    assert unknown_addresses(arranged, excluded) == ("deputy 1.deputy", "deputy 2.manager")
