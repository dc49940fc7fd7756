"""What is kept of a sweep: groups of at least ten, and none that shows what another one hides."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.group_figures import FLOOR, department, group_figures, safe_beside
from mailbot.model.figures import ORGANISATION, GroupFigure
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.verdicts import Outcome

QUOTA = RuleId("quota")


def town(**sizes: int) -> dict[PersonKey, str]:
    """People by department."""
    return {PersonKey(f"{code}{n}"): code for code, size in sizes.items() for n in range(size)}


def judged(people: Mapping[PersonKey, str], deviating: int = 0) -> dict[RuleId, dict[PersonKey, Outcome]]:
    return {
        QUOTA: {
            person: Outcome.DEVIATION if place < deviating else Outcome.COMPLIANT
            for place, person in enumerate(people)
        }
    }


def groups(figures: tuple[GroupFigure, ...]) -> dict[str, tuple[int, int]]:
    return {figure.group: (figure.judged, figure.deviating) for figure in figures}


def test_the_organisation_comes_first_and_then_its_departments() -> None:
    people = town(a=12, b=30)
    assert group_figures(judged(people, 14), people, {}, {QUOTA: 3}) == (
        GroupFigure(ORGANISATION, QUOTA, 42, 14, 3),
        GroupFigure("unit/a", QUOTA, 12, 12),
        GroupFigure("unit/b", QUOTA, 30, 2),
    )


def test_nothing_is_kept_of_fewer_than_ten() -> None:
    people = town(a=9)
    assert group_figures(judged(people), people, {}, {}) == ()
    with pytest.raises(ValueError, match="at least 10"):
        group_figures({}, {}, {}, {}, k=FLOOR - 1)


def test_a_small_department_does_not_show_as_what_is_left_of_the_whole() -> None:
    """Taking away a and b would leave the nine of c: so a, the smallest, is not kept either."""
    people = town(a=12, b=30, c=9)
    assert set(groups(group_figures(judged(people), people, {}, {}))) == {ORGANISATION, department("b")}


def test_nor_do_people_without_a_department() -> None:
    people = town(a=12, b=30)
    outcomes = judged({**people, **town(nowhere=3)})
    assert set(groups(group_figures(outcomes, people, {}, {}))) == {ORGANISATION, department("b")}


def test_only_who_was_judged_counts() -> None:
    people = town(a=14)
    outcomes = judged(people)
    for n, outcome in enumerate((Outcome.UNKNOWN, Outcome.NOT_APPLICABLE, Outcome.TIP)):
        outcomes[QUOTA][PersonKey(f"a{n}")] = outcome
    assert groups(group_figures(outcomes, {}, {}, {})) == {ORGANISATION: (12, 0)}


def test_of_how_many_nothing_is_known_stands_with_the_organisation() -> None:
    known = {PersonKey(f"a{n}"): Outcome.COMPLIANT for n in range(12)}
    not_known = {PersonKey(f"b{n}"): Outcome.UNKNOWN for n in range(5)}
    not_concerned = {PersonKey("c"): Outcome.NOT_APPLICABLE}
    outcomes = {QUOTA: known | not_known | not_concerned}
    (whole,) = group_figures(outcomes, {}, {QUOTA: {PersonKey("b0")}}, {})
    assert (whole.judged, whole.unknown) == (12, 4), "who has a waiver is in neither"


def test_who_has_a_waiver_is_above_and_below_no_line() -> None:
    people = town(a=14)
    waived = {QUOTA: {PersonKey("a0"), PersonKey("a13")}}
    assert groups(group_figures(judged(people, 5), people, waived, {})) == {
        ORGANISATION: (12, 4),
        department("a"): (12, 4),
    }


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(1, 40), max_size=8),
    st.integers(0, 30),
    st.integers(FLOOR, 15),
)
def test_no_sum_of_groups_leaves_fewer_than_k(sizes: dict[str, int], nowhere: int, k: int) -> None:
    """Whatever departments somebody takes from the whole: nobody is left, or at least k are."""
    everybody = sum(sizes.values()) + nowhere
    kept = safe_beside(sizes, everybody, k)
    assert all(sizes[name] >= k for name in kept)
    left = everybody - sum(sizes[name] for name in kept)
    assert left == 0 or left >= k or not kept
    if all(size >= k for size in sizes.values()) and nowhere == 0:
        assert kept == set(sizes), "where nothing shows, nothing is hidden"
