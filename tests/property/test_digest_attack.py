"""Nobody finds out from digests who does something wrong, or who is left out: an attack by a solver.

The attacker is a manager who knows the program, the pack, every roster of every week, all leavers, and all
digests that came or did not come. Two kinds are tried. The careful one knows that somebody can be paused,
waived or unreadable in any week. The bold one takes for granted that none of that happens but a mailbox that
could not be read, as coverage says; then weeks can be set against each other. In both cases must stay
possible: of everybody, in every week and for every rule, that they do not deviate (for the careful one: that
they were counted, and do not deviate); and of everybody that they are not left out.

What no digest can prevent: an attacker who is sure that nobody ever mends or slips learns from any two weeks
between which one colleague joined. The last tests use him to show what some protections are for.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.figures import words
from mailbot.engine.figures.words import Level, Word
from tests.property.digest_attacker import Assumptions, Attacker, Broken, attack
from tests.property.organisations import Letter, Story, Week, published, stories, village

SEEDS = range(200 if os.environ.get("HYPOTHESIS_PROFILE") == "campaign" else 20)
CAREFUL, BOLD = Assumptions(), Assumptions(steady=True)
RULE = "quota"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_careful_attacker_of_an_organisation_finds_nothing(seed: int) -> None:
    for story in stories(seed, weeks=9):
        letters = published(story)
        assert Attacker(story, letters, CAREFUL).knows_the_truth_possible()
        assert attack(story, letters, CAREFUL) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bold_attacker_of_an_organisation_finds_nothing(seed: int) -> None:
    for story in stories(seed, weeks=8, readers=1, steady=True):
        letters = published(story)
        assert Attacker(story, letters, BOLD).knows_the_truth_possible()
        assert attack(story, letters, BOLD) == []


@given(st.randoms(use_true_random=False))
def test_neither_finds_anything_where_circles_hardly_differ(random: Random) -> None:
    """Where a department is a team and one colleague, say."""
    for assumptions in (CAREFUL, BOLD):
        story = village(random, assumptions.steady)
        letters = published(story)
        assert Attacker(story, letters, assumptions).knows_the_truth_possible()
        assert attack(story, letters, assumptions) == []


def test_the_organisations_are_worth_attacking() -> None:
    """All levels, words and shares, silence, newcomers who are left out, and people who were paused."""
    seen: set[object] = set()
    for seed in range(20):
        for story in stories(seed, weeks=9):
            for letter in published(story):
                seen |= {"silence"} if letter is None else set(letter.values())
                seen |= {"share" for name in letter or () if name.endswith("tenths")}
            first, last = story.weeks[0].rosters[-1], story.weeks[-1].rosters[-1]
            seen |= {"newcomer left out"} if (last - first) & story.out else set()
            seen |= {"gone"} if first - last else set()
            seen |= {"paused"} if last - story.out - story.weeks[-1].there else set()
    wanted = {*(word.value for word in Word), *(level.value for level in Level)}
    assert seen >= wanted | {"silence", "share", "newcomer left out", "gone", "paused"}


# Each protection by itself: without it there is an organisation in which somebody is found.


def week(
    team: int = 0,
    department: int = 0,
    organisation: int = 0,
    *,
    deviating: frozenset[int] = frozenset(),
    out: frozenset[int] = frozenset(),
    more: frozenset[int] = frozenset(),
    without: frozenset[int] = frozenset(),
) -> Week:
    """So many people in the team (numbered from 0), more in the department (from 100) and in the rest (from
    200); everybody is read and judged but who is left out. `more` are people beside these in the team."""
    own = (frozenset(range(team)) | more) - without
    second = own | frozenset(range(100, 100 + department))
    third = second | frozenset(range(200, 200 + organisation))
    there = third - out
    return Week((own, second, third), there, there, {RULE: there}, {RULE: there & deviating}, leavers=True)


def found(broken: list[Broken]) -> set[tuple[str, tuple[int, ...]]]:
    return {(one.what, one.members) for one in broken}


def letters_with(story: Story, **changes: str) -> list[Letter]:
    return [None if letter is None else {**letter, **changes} for letter in published(story)]


def test_coverage_in_numbers_shows_who_is_left_out() -> None:
    newcomer = frozenset({50})
    story = Story((week(8, 0, 30), week(8, 0, 30, more=newcomer, out=newcomer)), newcomer)
    assert attack(story, published(story), BOLD) == []
    counted = [{**(letter or {}), "population": 39, "read": 39} for letter in published(story)]
    assert ("is left out", (50,)) in found(attack(story, counted, BOLD))


def test_the_word_all_shows_who_is_left_out() -> None:
    """Five of whom one is left out cannot be shown. With a sixth they can; and still without the one."""
    hidden, sixth = frozenset({0}), frozenset({50})
    story = Story(
        (
            week(5, 0, 30, out=hidden),
            week(5, 0, 30, out=hidden, more=sixth),
            week(5, 0, 30, out=hidden, more=sixth, without=hidden),
        ),
        hidden,
    )
    levels = [(letter or {}).get(f"{RULE}.level") for letter in published(story)]
    assert levels == ["organisation", "team", "team"]
    assert attack(story, published(story), BOLD) == []
    assert found(attack(story, letters_with(story, coverage="all"), BOLD)) == {("is left out", (0,))}


def test_cells_of_one_show_who_deviates(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story((week(1, 8, 20, deviating=frozenset({0})),), frozenset())
    assert attack(story, published(story), CAREFUL) == []
    monkeypatch.setattr(words, "FLOOR", 1)
    bare = replace(story, at_least=1)
    broken = attack(bare, published(bare), Assumptions(at_least=1))
    assert ("deviates, or was not counted", (0,)) in found(broken)


def test_shares_of_small_groups_show_that_all_deviate() -> None:
    story = Story((week(8, 0, 20, deviating=frozenset(range(8))),), frozenset())
    letters = published(story)
    assert attack(story, letters, CAREFUL) == []
    attacker = Attacker(story, letters, CAREFUL, [0])
    attacker.exact_shares({(0, 0, RULE): 10})
    assert ("deviates, or was not counted", tuple(range(8))) in found(attacker.finds())


def test_a_department_of_one_more_than_the_team_shows_the_one() -> None:
    """Two of five cannot be shown, three of six can: then the sixth is the third."""
    story = Story((week(5, 1, 30, deviating=frozenset({0, 1, 100, 200})),), frozenset())
    assert attack(story, published(story), CAREFUL) == []
    letter: Mapping[str, str] = {
        "coverage": "nearly_all",
        f"{RULE}.level": "department",
        f"{RULE}.word": "some",
    }
    broken = attack(story, [letter], replace(CAREFUL, complementary=False))
    assert ("deviates, or was not counted", (100,)) in found(broken)


def test_the_team_one_week_and_the_department_the_next_show_the_difference() -> None:
    """To somebody who is sure that nothing changed: nobody of the team, somebody of the department."""
    lasting = Assumptions(steady=True, all_read=True, lasting=True)
    deviating = frozenset({100})
    story = Story((week(12, 1, 40, deviating=deviating), week(12, 1, 40, deviating=deviating)), frozenset())
    assert attack(story, published(story), lasting) == []
    team = {"coverage": "nearly_all", f"{RULE}.level": "team", f"{RULE}.word": "none"}
    bare = replace(lasting, complementary=False)
    attacker = Attacker(story, [team], bare, [0, 1])
    attacker.shows(1, 1, RULE, "few")
    assert ("deviates", (100,)) in found(attacker.finds())


def test_a_direction_of_counts_shows_the_one_who_joined() -> None:
    lasting = Assumptions(steady=True, all_read=True, lasting=True)
    newcomer = frozenset({50})
    deviating = frozenset({0, 50})
    story = Story(
        (week(12, 0, 40, deviating=deviating), week(12, 0, 40, deviating=deviating, more=newcomer)),
        frozenset(),
    )
    letters = published(story)
    assert [(letter or {})[f"{RULE}.word"] for letter in letters] == ["few", "few"]
    assert attack(story, letters, lasting) == []
    attacker = Attacker(story, letters, lasting)
    attacker.changed(1, 0, RULE, 1)
    assert ("deviates", (50,)) in found(attacker.finds())


def test_a_direction_that_waits_after_small_changes_shows_who_is_left_out() -> None:
    """Why no direction is held back because of who joined. Mailbot can only see the people whom it looks at:
    it would tell the direction although a colleague joined, and so tell that this one is not counted."""
    newcomer = frozenset({50})
    first, second = frozenset(range(10)), frozenset(range(30))
    story = Story(
        (week(45, deviating=first), week(45, deviating=second, more=newcomer, out=newcomer)), newcomer
    )
    letters = published(story)
    assert (letters[1] or {})[f"{RULE}.direction"] == "more"
    assert attack(story, letters, BOLD) == []
    attacker = Attacker(story, letters, BOLD)
    attacker.few_joined_or_left(1, 0, told=True)
    assert ("is left out", (50,)) in found(attacker.finds())
