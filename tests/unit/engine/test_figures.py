"""Figures for managers tell how a group does, and never how one person does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.figures.cells import Cell, Circle, cell, cells, circles_of
from mailbot.engine.figures.digests import figures_for
from mailbot.engine.figures.encoding import DigestFigures, decode, encode, tip_of_the_week, worth_saying
from mailbot.engine.figures.words import (
    FLOOR,
    TENTHS_FROM,
    Direction,
    Extent,
    Figure,
    Level,
    Reach,
    Word,
    direction,
    reach,
    tenths,
    word,
)
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.employment import OrgUnit
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.figures import Coverage
from mailbot.model.ids import Address, ObjectGuid, PersonKey, RuleId
from mailbot.model.people import People, Person
from mailbot.model.verdicts import Outcome, Shown

MANAGER = PersonKey("manager")
QUOTA = RuleId("quota")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def people(prefix: str, count: int) -> list[PersonKey]:
    return [PersonKey(f"{prefix}{n}") for n in range(count)]


def outcomes(members: Sequence[PersonKey], deviating: int) -> dict[PersonKey, Outcome]:
    return {
        person: Outcome.DEVIATION if place < deviating else Outcome.COMPLIANT
        for place, person in enumerate(members)
    }


def nested(
    team: Sequence[PersonKey], department: Sequence[PersonKey], rest: Sequence[PersonKey]
) -> list[Circle]:
    return [
        Circle(Level.TEAM, frozenset(team)),
        Circle(Level.DEPARTMENT, frozenset((*team, *department))),
        Circle(Level.ORGANISATION, frozenset((*team, *department, *rest))),
    ]


@pytest.mark.parametrize(
    ("deviating", "judged", "said"),
    [
        (0, 4, None),  # too few people to say even that all is well
        (0, 5, Word.NONE),
        (1, 5, None),
        (2, 9, None),
        (1, 10, Word.FEW),
        (2, 10, Word.FEW),
        (3, 5, Word.MOST),
        (5, 5, Word.MOST),  # "all" would tell it of everybody
        (3, 6, Word.SOME),
        (7, 10, Word.SOME),
        (8, 10, Word.MOST),
    ],
)
def test_words_for_groups(deviating: int, judged: int, said: Word | None) -> None:
    assert word(deviating, judged) is said


def test_no_setting_goes_below_the_floor() -> None:
    assert FLOOR == 5
    with pytest.raises(ValueError, match="at least 5"):
        word(0, 100, k=4)
    assert word(0, 9, k=10) is None


@pytest.mark.parametrize(
    ("deviating", "judged", "share"),
    [
        (20, 39, None),  # too few people for any share
        (20, 40, 5),
        (3, 40, None),  # nothing but 3 would be "some" and fewer than 1 in 10
        (8, 59, None),
        (9, 59, 2),
        (5, 60, 0),
        (6, 60, 1),
        (56, 1000, 0),  # 5.6 percent is not 1 in 10
        (99, 1000, 0),
        (100, 1000, 1),
        (97, 100, 9),
    ],
)
def test_shares_only_of_large_groups_and_only_in_tenths(
    deviating: int, judged: int, share: int | None
) -> None:
    assert tenths(deviating, judged) == share


@pytest.mark.parametrize("judged", [*range(FLOOR, 200), 1000])
def test_at_least_three_counts_fit_whatever_is_said_of_some(judged: int) -> None:
    """Also for a reader who knows how many were judged: no share gives the count away."""
    some = [n for n in range(judged + 1) if word(n, judged) is Word.SOME]
    fitting = Counter(tenths(n, judged) for n in some)
    if judged >= TENTHS_FROM:
        assert min(fitting.values()) >= 3
    else:
        assert set(fitting) <= {None}


def test_a_large_enough_team_gets_its_own_figure() -> None:
    team, department = people("t", 6), people("d", 10)
    found = cell(MANAGER, nested(team, department, []), outcomes([*team, *department], 0))
    assert found == Cell(Figure(Level.TEAM, Word.NONE), judged=6)


def test_a_team_that_is_nearly_everybody_is_told_of_as_the_whole() -> None:
    """The monthly report tells of the whole: beside a figure of the team it would show the four others."""
    team, others = people("t", 20), people("r", 5)
    deviating = outcomes([*team, *others], 1)
    assert cell(MANAGER, nested(team, [], others), deviating) == Cell(Figure(Level.TEAM, Word.FEW), judged=20)
    assert cell(MANAGER, nested(team, [], others[:4]), deviating) == Cell(
        Figure(Level.ORGANISATION, Word.FEW), judged=24
    )


def test_a_small_team_is_merged_into_its_department_and_a_small_department_into_the_whole() -> None:
    team, department, rest = people("t", 3), people("d", 4), people("r", 40)
    everybody = outcomes([*team, *department, *rest], 0)
    assert cell(MANAGER, nested(team, department, rest), everybody) == Cell(
        Figure(Level.DEPARTMENT, Word.NONE), judged=7
    )
    found = cell(MANAGER, nested(team, department[:1], rest), everybody)
    assert found is not None
    assert found.figure.level is Level.ORGANISATION


def test_one_or_two_in_a_small_team_are_hidden_in_the_department() -> None:
    team, department, rest = people("t", 6), people("d", 10), people("r", 5)
    found = cell(MANAGER, nested(team, department, rest), outcomes([*team, *department, *rest], 1))
    assert found == Cell(Figure(Level.DEPARTMENT, Word.FEW), judged=16)


def test_when_even_the_whole_is_too_small_nothing_is_said() -> None:
    team = people("t", 6)
    assert cell(MANAGER, nested(team, [], []), outcomes(team, 1)) is None
    assert cells(MANAGER, nested(team, [], []), {QUOTA: outcomes(team, 1)}) == {}


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NOT_APPLICABLE])
def test_who_was_not_judged_does_not_make_a_group_larger(outcome: Outcome) -> None:
    team = people("t", 5)
    judged = {**outcomes(team, 0), team[0]: outcome}
    assert cell(MANAGER, nested(team, [], []), judged) is None
    assert cell(MANAGER, nested(team, [], []), {**judged, team[0]: Outcome.TIP}) is not None


def test_the_reader_is_never_counted() -> None:
    team = [*people("t", 4), MANAGER]
    judged = {**outcomes(team, 0), MANAGER: Outcome.DEVIATION}
    assert cell(MANAGER, nested(team, [], []), judged) is None
    assert cell(PersonKey("somebody"), nested(team, [], []), judged) is None  # 1 of 5
    one_more = [*team, PersonKey("t9")]
    found = cell(MANAGER, nested(one_more, [], []), {**judged, PersonKey("t9"): Outcome.COMPLIANT})
    assert found == Cell(Figure(Level.ORGANISATION, Word.NONE), judged=5)


def test_large_groups_get_a_share() -> None:
    everybody = people("r", 60)
    found = cell(MANAGER, nested([], [], everybody), outcomes(everybody, 18))
    assert found == Cell(Figure(Level.ORGANISATION, Word.SOME, tenths=3), judged=60)


def possible(figure: Figure, judged: int) -> set[int]:
    """All numbers of deviating people that a reader must hold for possible, knowing even the group's size."""
    return {n for n in range(judged + 1) if word(n, judged) is figure.word}


@given(st.integers(0, 30), st.integers(0, 30))
def test_no_figure_says_of_anybody_that_they_deviate(deviating: int, judged: int) -> None:
    """Property: whatever is shown, each person may be one of those who do not deviate."""
    said = word(min(deviating, judged), judged)
    if said is not None:
        assert min(possible(Figure(Level.TEAM, said), judged)) < judged


def test_a_department_of_few_more_than_the_team_is_not_shown_in_its_place() -> None:
    """Two of five cannot be shown. Three of the six of the department would tell that the sixth is one."""
    team, department, rest = people("t", 5), people("d", 1), people("r", 30)
    judged = outcomes([*team, *department, *rest], 0)
    deviating = {**judged, **dict.fromkeys([*team[:2], *department], Outcome.DEVIATION)}
    found = cell(MANAGER, nested(team, department, rest), deviating)
    assert found == Cell(Figure(Level.ORGANISATION, Word.SOME), judged=36)
    larger = cell(MANAGER, nested(team, [*department, *rest[:4]], rest[4:]), deviating)
    assert larger == Cell(Figure(Level.DEPARTMENT, Word.SOME), judged=10)


def test_a_cell_is_not_shown_beside_one_of_an_earlier_week_from_which_it_differs_little() -> None:
    """Shown the team one week, and the department with two more the next, a reader could subtract."""
    team, department, rest = people("t", 8), people("d", 2), people("r", 30)
    circles = nested(team, department, rest)
    one = {**outcomes([*team, *department, *rest], 0), team[0]: Outcome.DEVIATION}
    assert cell(MANAGER, circles, one, before=[Level.TEAM]) == Cell(
        Figure(Level.ORGANISATION, Word.FEW), judged=40
    )
    none = outcomes([*team, *department, *rest], 0)
    assert cell(MANAGER, circles, none, before=[Level.TEAM]) == Cell(Figure(Level.TEAM, Word.NONE), judged=8)
    after = cell(MANAGER, circles, none, before=[Level.DEPARTMENT])
    assert after == Cell(Figure(Level.ORGANISATION, Word.NONE), judged=40)


def test_a_team_does_not_come_back_because_the_one_beside_it_is_not_counted() -> None:
    """It would tell that this one is left out."""
    team, department, rest = people("t", 8), people("d", 1), people("r", 30)
    counted = outcomes([*team, *rest], 0)
    found = cell(MANAGER, nested(team, department, rest), counted, before=[Level.DEPARTMENT])
    assert found is not None
    assert found.figure.level is Level.ORGANISATION


@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=3),
    st.dictionaries(st.sampled_from(["quota", "out_of_office"]), st.integers(0, 60)),
)
def test_one_reader_never_gets_two_overlapping_cells_for_a_rule(
    sizes: list[int], counts: Mapping[str, int]
) -> None:
    team, department, rest = people("t", sizes[0]), people("d", sizes[1]), people("r", sizes[2])
    everybody = [*team, *department, *rest]
    by_rule = {RuleId(rule): outcomes(everybody, count) for rule, count in counts.items()}
    found = cells(MANAGER, nested(team, department, rest), by_rule)
    assert set(found) <= set(by_rule)
    assert all(value.judged >= FLOOR for value in found.values())


def person(name: str, unit: str | None, manager: str | None) -> Person:
    return Person(
        guid=ObjectGuid(name),
        address=Address(f"{name}@voorbeeld.example"),
        name=name,
        language=Language.NL,
        enabled=Known(True, NOW),
        recipient_type=Known(RecipientType.USER, NOW),
        hold=Known(False, NOW),
        roster=Unknown(Reason.WORK_PATTERN_MISSING),
        unit=OrgUnit(unit, unit) if unit else None,
        manager=ObjectGuid(manager) if manager else None,
    )


def key_of(guid: ObjectGuid) -> PersonKey:
    return PersonKey(f"key of {guid}")


def test_circles_are_the_team_the_unit_and_everybody() -> None:
    staff = [
        person("mehmet", "zorg", None),
        person("fatma", "zorg", "mehmet"),
        person("ruud", None, "mehmet"),
        person("ineke", "zorg", None),
        person("jan", "wonen", None),
    ]
    population = People({p.guid: p for p in staff}, frozenset({"voorbeeld.example"}), NOW)
    named = {c.level: sorted(c.members) for c in circles_of(ObjectGuid("mehmet"), population, key_of)}
    assert named == {
        Level.TEAM: ["key of fatma", "key of ruud"],
        Level.DEPARTMENT: ["key of fatma", "key of ineke"],
        Level.ORGANISATION: ["key of fatma", "key of ineke", "key of jan", "key of ruud"],
    }
    without_unit = circles_of(ObjectGuid("ruud"), population, key_of)
    assert [c.level for c in without_unit] == [Level.TEAM, Level.ORGANISATION]


@pytest.mark.parametrize(
    ("read", "population", "said"),
    [
        (250, 250, Reach(Extent.NEARLY_ALL)),
        (225, 250, Reach(Extent.NEARLY_ALL)),
        (224, 250, Reach(Extent.TENTHS, 9)),
        (190, 250, Reach(Extent.TENTHS, 8)),
        (125, 250, Reach(Extent.TENTHS, 5)),
        (124, 250, Reach(Extent.LESS)),
        (20, 39, Reach(Extent.HALF)),  # too few people for tenths
        (0, 0, Reach(Extent.LESS)),
    ],
)
def test_coverage_is_words_and_never_a_number_of_people(read: int, population: int, said: Reach) -> None:
    assert reach(Coverage(population, read)) == said


def some(share: int | None, level: Level = Level.ORGANISATION) -> Figure:
    return Figure(level, Word.SOME, share)


@pytest.mark.parametrize(
    ("before", "now", "went"),
    [
        (some(3), some(5), Direction.MORE),
        (some(5), some(3), Direction.FEWER),
        (some(3), some(4), None),  # one or two who joined can do that
        (some(3), some(3), None),
        (some(None), some(5), None),
        (some(3), some(None), None),
        (some(3, Level.DEPARTMENT), some(5), None),
    ],
)
def test_a_direction_follows_from_two_shares_that_were_told(
    before: Figure, now: Figure, went: Direction | None
) -> None:
    assert direction(now, before) is went


@pytest.mark.parametrize("judged", [*range(TENTHS_FROM, 130), 400])
def test_one_or_two_who_join_make_no_direction(judged: int) -> None:
    """Nor do one or two who leave: that is the same step, backwards."""
    for deviating in range(3, judged - 2):
        before = tenths(deviating, judged)
        for joined in (1, 2):
            for new in range(joined + 1):
                now = tenths(deviating + new, judged + joined)
                assert direction(some(now), some(before)) is None


def test_a_department_has_a_direction_only_while_it_is_the_same_one() -> None:
    def digest(unit: str, share: int) -> DigestFigures:
        return DigestFigures(
            Reach(Extent.NEARLY_ALL), figures={QUOTA: some(share, Level.DEPARTMENT)}, unit=unit
        )

    assert digest("zorg", 6).after(digest("zorg", 3)).figures[QUOTA].direction is Direction.MORE
    assert digest("zorg", 6).after(digest("wonen", 3)).figures[QUOTA].direction is None


@pytest.mark.parametrize("reach", [None, Reach(Extent.TENTHS, 8), Reach(Extent.HALF), Reach(Extent.LESS)])
def test_where_part_of_the_mailboxes_was_not_read_nothing_went_up_or_down(reach: Reach | None) -> None:
    """The share is of other people then. Both weeks' digests say so: it tells nothing more."""
    before = DigestFigures(Reach(Extent.NEARLY_ALL), {QUOTA: some(3)})
    now = DigestFigures(Reach(Extent.NEARLY_ALL), {QUOTA: some(6)})
    assert now.after(before).figures[QUOTA].direction is Direction.MORE
    assert now.after(replace(before, reach=reach)).figures[QUOTA].direction is None
    assert replace(now, reach=reach).after(before).figures[QUOTA].direction is None


def test_the_figures_of_a_week_follow_those_that_the_reader_got() -> None:
    everybody = people("r", 60)
    circles = nested([], [], everybody)
    coverage = Coverage(61, 61)
    first = figures_for(MANAGER, circles, {QUOTA: outcomes(everybody, 12)}, coverage, FLOOR)
    assert first == DigestFigures(Reach(Extent.NEARLY_ALL), {QUOTA: some(2)}, whole=True)
    second = figures_for(
        MANAGER, circles, {QUOTA: outcomes(everybody, 30)}, coverage, FLOOR, None, [first], first
    )
    assert second.figures[QUOTA].direction is Direction.MORE
    assert second.figures[QUOTA].tenths == 5


def test_all_is_well_only_where_everything_is_known_at_one_level() -> None:
    none = Figure(Level.TEAM, Word.NONE)
    well = DigestFigures(Reach(Extent.NEARLY_ALL), {QUOTA: none}, whole=True)
    assert well.all_well is Level.TEAM
    for spoilt in (
        replace(well, whole=False),  # of another rule nothing may be said
        replace(well, reach=Reach(Extent.TENTHS, 8)),
        replace(well, reach=None),
        replace(well, figures={}),
        replace(well, figures={QUOTA: Figure(Level.TEAM, Word.FEW)}),
        replace(well, figures={QUOTA: none, RuleId("delegates"): Figure(Level.DEPARTMENT, Word.NONE)}),
    ):
        assert spoilt.all_well is None


def test_a_digest_travels_as_flat_values() -> None:
    digest = DigestFigures(
        Reach(Extent.TENTHS, 8),
        {
            RuleId("out_of_office"): Figure(Level.TEAM, Word.NONE),
            QUOTA: Figure(Level.ORGANISATION, Word.SOME, 0, Direction.FEWER),
        },
        "quota",
        at_least=10,
        unit="zorg",
        whole=True,
    )
    shown = encode(digest)
    assert shown["quota.word"] == "some"
    assert shown["coverage"] == "tenths"
    assert {value for value in shown.values() if type(value) is int} == {0, 8, 10}
    assert "judged" not in " ".join(shown)
    assert decode(shown) == digest
    assert decode(encode(DigestFigures())) == DigestFigures()


def test_a_digest_of_before_coverage_was_words_is_still_read() -> None:
    old: dict[str, Shown] = {"coverage.population": 250, "coverage.read": 243, "at_least": 5, "tip": "quota"}
    assert decode(old) == DigestFigures(tip="quota")


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": "all"},
        {"coverage.tenths": "many"},
        {"quota.word": "all"},
        {"quota.level": "street"},
        {"quota.tenths": True},
        {"quota.direction": "up"},
        {"tip": 3},
        {"at_least": "5"},
    ],
)
def test_values_that_are_no_digest_are_refused(change: dict[str, object]) -> None:
    figures = {QUOTA: Figure(Level.TEAM, Word.NONE)}
    good = encode(DigestFigures(Reach(Extent.NEARLY_ALL), figures, "quota"))
    with pytest.raises(ValueError):
        decode({**good, **change})  # type: ignore[dict-item]


@pytest.mark.parametrize("name", ["coverage", "a.b"])
def test_a_rule_whose_name_would_be_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        encode(DigestFigures(figures={RuleId(name): Figure(Level.TEAM, Word.NONE)}))


def test_a_digest_is_silent_when_there_is_nothing_to_do_or_know() -> None:
    none, few = Figure(Level.TEAM, Word.NONE), Figure(Level.TEAM, Word.FEW)
    assert not worth_saying({}, leavers=0)
    assert not worth_saying({QUOTA: none}, leavers=0)
    assert worth_saying({QUOTA: none}, leavers=1)
    assert worth_saying({QUOTA: few}, leavers=0)


def test_the_tip_changes_on_monday_and_comes_round() -> None:
    monday = date(2026, 11, 23)
    names = ["a", "b", "c"]
    week = {tip_of_the_week(names, monday + timedelta(days=n)) for n in range(7)}
    assert len(week) == 1
    three = [tip_of_the_week(names, monday + timedelta(weeks=n)) for n in range(3)]
    assert sorted(map(str, three)) == names
    assert tip_of_the_week([], monday) is None
