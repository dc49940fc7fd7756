"""What is told of a group: words, or a percentage that several counts fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.figures.words import Word
from mailbot.engine.shares import (
    LEAST_COUNTS,
    PERCENT_FROM,
    Share,
    fits,
    scale,
    share_of,
    share_of_whole,
)

sizes = st.integers(10, 3000)


def test_practice_gives_the_words() -> None:
    said = {count: share_of(count, 30).word for count in (0, 1, 2, 3, 27, 28, 30)}
    assert said == {
        0: Word.NONE,
        1: Word.FEW,
        2: Word.FEW,
        3: Word.SOME,
        27: Word.SOME,
        28: Word.MOST,
        30: Word.MOST,
    }


def test_under_forty_there_are_words_only() -> None:
    assert all(share_of(count, PERCENT_FROM - 1).percent is None for count in range(PERCENT_FROM))
    assert share_of(20, PERCENT_FROM) == Share(Word.SOME, 50)


def test_fewer_than_ten_have_no_share() -> None:
    with pytest.raises(ValueError, match="at least 10"):
        share_of(0, 9)


def test_at_both_ends_a_percentage_that_one_count_alone_would_fit_is_not_told() -> None:
    """3 of 50 is 6%: the only count that "some" and "about 5%" would both fit."""
    assert share_of(3, 50) == Share(Word.SOME, 10)
    assert share_of(47, 50) == Share(Word.SOME, 90)


def test_very_small_and_very_large_shares_have_their_own_words() -> None:
    assert share_of(3, 1000) == Share(Word.SOME, 0)
    assert share_of(997, 1000) == Share(Word.SOME, 100)


@given(sizes)
def test_every_count_fits_one_share_and_no_share_gives_a_count_away(judged: int) -> None:
    told = scale(judged)
    assert [count for one in told for count in range(one.least, one.most + 1)] == list(range(judged + 1))
    assert all(one.most - one.least + 1 >= LEAST_COUNTS for one in told if one.share.word is not Word.NONE)


@given(sizes.filter(lambda n: n >= 200), st.data())
def test_a_percentage_is_true_to_within_five(judged: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, judged))
    percent = share_of(count, judged).percent
    if percent is not None:
        assert abs(percent - 100 * count / judged) <= 5


def test_parts_that_do_well_lower_a_share_that_would_leave_nobody_over() -> None:
    """124 of 134 is over 92.5%: beside ten people of whom none deviates, it would be all the others."""
    assert share_of(124, 134) == Share(Word.SOME, 95)
    assert share_of_whole(124, 134, [(10, 0)]) == Share(Word.SOME, 90)
    assert share_of_whole(124, 134, [(30, 20)]) == Share(Word.SOME, 95)
    assert share_of_whole(124, 134, []) == Share(Word.SOME, 95)


def test_a_share_belongs_to_a_size() -> None:
    assert fits(Share(Word.SOME, 10), 40).most == 4
    with pytest.raises(ValueError, match="no such share"):
        fits(Share(Word.SOME, 5), 40)
