"""Findings over weeks of sweeps with any verdicts and any fate of the letters."""

from dataclasses import replace
from itertools import combinations, groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.model.findings import FindingState
from mailbot.model.ids import RuleId
from mailbot.model.letters import LetterKind
from tests.property.lives import FIRST_DAY, RULES, Turn, live, turns

courses = st.lists(turns, min_size=1, max_size=30)
rules = st.sampled_from(sorted(RULES))
QUOTA, ABSENCE = RuleId("quota"), RuleId("out_of_office")


@given(rules, courses, st.integers(1, 10**12))
def test_what_was_measured_is_in_no_identity(rule: RuleId, course: list[Turn], other: int) -> None:
    one = live(rule, course)
    two = live(rule, [replace(turn, measured=turn.measured + other) for turn in course])
    assert one.history == two.history
    assert [letter.key for letter in one.letters] == [letter.key for letter in two.letters]


@given(rules, courses)
def test_a_sweep_that_read_nothing_changes_nothing(rule: RuleId, course: list[Turn]) -> None:
    """Only the clock goes on: an absence that is over lapses, whether it can be read or not."""
    for number, turn in enumerate(course):
        before, after = (
            live(rule, course[:number]),
            live(rule, [*course[:number], replace(turn, verdict="unknown")]),
        )
        assert after.letters == before.letters
        for now, transition in after.history[len(before.history) :]:
            assert transition.to is FindingState.LAPSED
            assert transition.occurrence is not None and transition.occurrence.end <= now


@given(courses)
def test_a_state_has_one_living_finding_and_its_letters_climb(course: list[Turn]) -> None:
    for number in range(len(course)):
        assert len(live(QUOTA, course[: number + 1]).living()) <= 1
    life = live(QUOTA, course)
    asking = [letter for letter in life.read if letter.kind is not LetterKind.THANKS]
    for finding, letters in groupby(asking, key=lambda letter: letter.finding):
        kinds = [letter.kind for letter in letters]
        waivers = sum(t.to is FindingState.WAIVED for _, t in life.history if t.finding == finding)
        assert kinds[0] is LetterKind.NUDGE
        assert kinds.count(LetterKind.NUDGE) <= 1 + waivers, "told once, reminded afterwards"
    for earlier, later in pairwise(dict.fromkeys(letter.finding for letter in asking)):
        ended = [t.finding for _, t in life.history if t.to in (FindingState.RESOLVED, FindingState.LAPSED)]
        assert earlier in ended and earlier != later


@given(rules, courses)
def test_nothing_is_opened_under_a_waiver_and_nothing_waived_without_one(
    rule: RuleId, course: list[Turn]
) -> None:
    life = live(rule, course)
    for now, transition in life.history:
        turn = course[(now.astimezone(ZONE).date() - FIRST_DAY).days]
        if transition.to in (FindingState.OPEN, FindingState.WAIVED):
            assert turn.verdict == "deviation"
            assert turn.waived == (transition.to is FindingState.WAIVED)
    if rule == QUOTA and course[-1].verdict == "deviation":
        [finding] = life.living()
        assert (finding.state is FindingState.WAIVED) == course[-1].waived


@given(courses)
def test_an_event_is_told_once_however_its_dates_move(course: list[Turn]) -> None:
    life = live(ABSENCE, course)
    assert all(letter.kind is LetterKind.NUDGE for letter in life.letters), "of an event nobody is reminded"
    told = [life.findings[letter.finding].occurrence for letter in life.read if letter.finding]
    for one, other in combinations(told, 2):
        assert one is not None and other is not None
        assert one.end <= other.start or other.end <= one.start


@given(rules, courses)
def test_a_letter_that_is_under_way_gets_no_second_one(rule: RuleId, course: list[Turn]) -> None:
    life = live(rule, course)
    for finding in life.findings.values():
        under_way = [p for p in life.outbox.values() if p.order.finding == finding.id and p.state.under_way]
        assert len(under_way) <= 1


@given(rules, courses)
def test_what_has_ended_stays_ended(rule: RuleId, course: list[Turn]) -> None:
    ended: set[str] = set()
    for _, transition in live(rule, course).history:
        assert transition.finding not in ended
        if not transition.to.live:
            ended.add(transition.finding)


@given(courses)
def test_an_absence_that_was_told_of_stays_until_it_is_over(course: list[Turn]) -> None:
    """Nobody is thanked or told anew because the calendar changed meanwhile."""
    life = live(ABSENCE, course)
    told = {letter.finding for letter in life.read}
    for now, transition in life.history:
        if transition.finding in told and transition.base_version > 1:
            assert transition.occurrence is not None
            assert transition.to is FindingState.LAPSED and transition.occurrence.end <= now
