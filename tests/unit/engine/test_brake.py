"""When a plan is held until a human has looked: what jumped, against which limit, and what is no jump."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.engine.brake import Alarm, BrakeLimits, Jump, alarms, size_of
from mailbot.model.findings import FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.plan import Held, PlanSize, PlanStep
from mailbot.model.verdicts import Kind, Outcome
from tests.unit.engine.planning import existing

KIM, QUOTA, SIGNATURE = PersonKey("k" * 64), RuleId("quota"), RuleId("signature")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
LIMITS = BrakeLimits(letters=500, opened=1000, share_percent=60, times=3, least=50)


def opening(number: int = 0, rule: RuleId = QUOTA, to: FindingState = FindingState.OPEN) -> Transition:
    return Transition(FindingId(f"f{number}"), KIM, rule, Kind.STATE, 0, to)


def nudge(rule: RuleId) -> LetterOrder:
    return LetterOrder("f0/nudge/0", LetterKind.NUDGE, rule, KIM, {}, NOW, NOW)


def step(held: Held | None = None, rule: RuleId = QUOTA, letter: bool = False) -> PlanStep:
    """A new finding, with a letter or with the reason why there is none."""
    return PlanStep(KIM, rule, None, opening(rule=rule), nudge(rule) if letter else None, held)


def days(*letters: int) -> list[PlanSize]:
    return [PlanSize(number, 0) for number in letters]


def jumps(size: PlanSize, earlier: Sequence[PlanSize] = (), *let_through: PlanSize) -> list[Jump]:
    return [alarm.jump for alarm in alarms(size, earlier, LIMITS, let_through)]


class TestSize:
    """What a plan would send and open, whatever holds it back for today."""

    def test_a_letter_counts(self) -> None:
        assert size_of([step(letter=True)], {}).letters == 1

    @pytest.mark.parametrize("held", Held)
    def test_one_that_waits_for_the_cap_or_for_next_week_counts_too(self, held: Held) -> None:
        """The cap lets through as many a day, right or wrong: a jump would not be seen behind it."""
        assert size_of([step(held)], {}).letters == (held in (Held.CAP, Held.ONE_A_WEEK))

    @pytest.mark.parametrize("state", [FindingState.TOLD, FindingState.REMINDED])
    def test_a_reminder_counts_and_is_known_as_one(self, state: FindingState) -> None:
        told = existing(state, letters=1, told="2026-11-02 09:00")
        for held, letter in ((None, nudge(QUOTA)), (Held.ONE_A_WEEK, None), (Held.AWAY, None)):
            size = size_of([PlanStep(KIM, QUOTA, told, None, letter, held)], {})
            assert (size.letters, size.reminders) == ((1, 1) if held is not Held.AWAY else (0, 0))

    @pytest.mark.parametrize("state", [FindingState.OPEN, FindingState.RESOLVED])
    def test_what_was_only_held_back_so_far_and_thanks_are_no_reminders(self, state: FindingState) -> None:
        size = size_of([PlanStep(KIM, QUOTA, existing(state), None, nudge(QUOTA))], {})
        assert (size.letters, size.reminders) == (1, 0)

    def test_new_findings_count_and_nothing_that_was_there_already(self) -> None:
        kept = replace(step(), finding=None, transition=None)
        waived = replace(step(), transition=opening(to=FindingState.WAIVED))
        mended = replace(step(), transition=opening(to=FindingState.RESOLVED))
        assert size_of([step(), step(Held.MODE_OFF), kept, waived, mended], {}).opened == 2

    def test_judged_are_those_of_whom_a_rule_could_say_something(self) -> None:
        tally = {QUOTA: {outcome: 10**number for number, outcome in enumerate(Outcome)}}
        size = size_of([], tally)
        assert (size.deviating[QUOTA], size.judged[QUOTA]) == (10, 111), (
            "not whom it left alone or did not know"
        )

    def test_of_a_rule_that_observes_nothing_counts(self) -> None:
        steps = [step(Held.OBSERVING, SIGNATURE), step(rule=SIGNATURE), step(letter=True)]
        tally = {QUOTA: {Outcome.DEVIATION: 1}, SIGNATURE: {Outcome.DEVIATION: 1}}
        assert size_of(steps, tally, {SIGNATURE}) == PlanSize(1, 1, {QUOTA: 1}, {QUOTA: 1})


class TestAbsolute:
    def test_a_limit_may_be_reached_and_not_passed(self) -> None:
        assert jumps(PlanSize(500, 1000)) == []
        assert jumps(PlanSize(501, 1000)) == [Jump.LETTERS]
        assert jumps(PlanSize(500, 1001)) == [Jump.OPENED]

    def test_a_small_limit_holds_although_nothing_below_least_is_a_jump(self) -> None:
        """Who says 10 letters means 10 letters."""
        assert alarms(PlanSize(11, 0), [], replace(LIMITS, letters=10)) != ()

    def test_ten_thousand_deviations_at_once_raise_every_alarm(self) -> None:
        size = PlanSize(10_000, 10_000, {QUOTA: 10_000}, {QUOTA: 10_000})
        assert set(jumps(size, days(*[10] * 5))) == set(Jump)


class TestShare:
    @pytest.mark.parametrize(
        ("deviating", "judged", "held"),
        [
            (60, 100, False),
            (61, 100, True),
            (601, 1000, True),  # 60.1 percent
            (49, 49, False),  # too few were judged to say anything
            (50, 50, True),
            (0, 0, False),
        ],
    )
    def test_of_the_people_judged_by_one_rule(self, deviating: int, judged: int, held: bool) -> None:
        size = PlanSize(0, 0, {QUOTA: deviating}, {QUOTA: judged})
        assert (jumps(size) == [Jump.SHARE]) is held

    def test_each_rule_by_itself(self) -> None:
        size = PlanSize(0, 0, {QUOTA: 100, SIGNATURE: 10}, {QUOTA: 100, SIGNATURE: 1000})
        assert [alarm.rule for alarm in alarms(size, [], LIMITS)] == [QUOTA]


class TestTrend:
    def test_three_times_as_many_as_usual_is_a_jump(self) -> None:
        usual = days(100, 20, 30, 25, 30)
        assert jumps(PlanSize(90, 0), usual) == []
        assert jumps(PlanSize(91, 0), usual) == [Jump.LETTERS_TREND], "usual is 30"

    def test_one_earlier_jump_does_not_make_it_usual(self) -> None:
        assert jumps(PlanSize(400, 0), days(30, 30, 400, 30, 30)) == [Jump.LETTERS_TREND]

    def test_of_few_letters_nothing_is_a_jump(self) -> None:
        assert jumps(PlanSize(50, 50), days(0, 0, 0, 0, 0)) == []
        assert jumps(PlanSize(51, 0), days(0, 0, 0, 0, 0)) == [Jump.LETTERS_TREND]

    def test_four_days_are_no_trend(self) -> None:
        assert jumps(PlanSize(400, 0), days(1, 1, 1, 1)) == []

    def test_only_the_last_twenty_tell_what_is_usual(self) -> None:
        busy_once, quiet = [200] * 30, [10] * 20
        assert jumps(PlanSize(200, 0), days(*busy_once, *quiet)) == [Jump.LETTERS_TREND]
        assert jumps(PlanSize(200, 0), days(*quiet, *busy_once)) == []

    def test_the_reminders_of_a_busy_day_are_no_jump(self) -> None:
        """Two weeks after the day on which a municipality began: nobody is to look at them a second time."""
        usual = days(280, 5, 0, 10, 5)
        assert jumps(PlanSize(280, 0, reminders=270), usual) == []
        assert jumps(PlanSize(280, 0, reminders=229), usual) == [Jump.LETTERS_TREND], "51 are new"
        assert jumps(PlanSize(501, 0, reminders=501), usual) == [Jump.LETTERS], "that many are looked at"

    def test_reminders_do_not_make_many_letters_usual(self) -> None:
        reminding = [PlanSize(100, 0, reminders=95)] * 5
        assert jumps(PlanSize(100, 0), reminding) == [Jump.LETTERS_TREND]

    def test_new_findings_have_a_trend_of_their_own(self) -> None:
        usual = [PlanSize(0, 30)] * 5
        assert jumps(PlanSize(0, 100), usual) == [Jump.OPENED_TREND]


class TestLetThrough:
    """A human ran a plan that was held: the same again is not asked about again."""

    SEEN = PlanSize(2000, 3000, {QUOTA: 700}, {QUOTA: 1000})

    def test_the_same_size_is_no_jump_tomorrow(self) -> None:
        usual = [*days(30, 30, 30, 30, 30), self.SEEN]
        assert len(jumps(self.SEEN, usual)) == 5
        assert jumps(self.SEEN, usual, self.SEEN) == []

    def test_nor_is_a_little_more(self) -> None:
        more = PlanSize(2200, 3300, {QUOTA: 770}, {QUOTA: 1000})
        assert jumps(more, [], self.SEEN) == []

    def test_much_more_is(self) -> None:
        more = PlanSize(2201, 3301, {QUOTA: 771}, {QUOTA: 1000})
        assert jumps(more, [], self.SEEN) == [Jump.LETTERS, Jump.OPENED, Jump.SHARE]

    def test_it_lets_through_no_other_rule(self) -> None:
        other = PlanSize(0, 0, {SIGNATURE: 700}, {SIGNATURE: 1000})
        assert jumps(other, [], self.SEEN) == [Jump.SHARE]

    def test_a_small_plan_run_by_hand_makes_no_limit_narrower(self) -> None:
        assert jumps(PlanSize(500, 1000), [], PlanSize(1, 1)) == []


class TestWords:
    @pytest.mark.parametrize(
        ("alarm", "says"),
        [
            (Alarm(Jump.LETTERS, 1200, 500), "1,200 letters are due; the limit is 500 (letters)"),
            (Alarm(Jump.OPENED, 1001, 1000), "1,001 new findings; the limit is 1,000 (opened)"),
            (
                Alarm(Jump.LETTERS_TREND, 400, 90, usual=30),
                "400 letters are due, reminders not counted; usual are 30, "
                "and the limit is 90 (times, least)",
            ),
            (
                Alarm(Jump.OPENED_TREND, 400, 90, usual=0),
                "400 new findings; usual are 0, and the limit is 90 (times, least)",
            ),
        ],
    )
    def test_what_jumped_and_by_how_much(self, alarm: Alarm, says: str) -> None:
        assert alarm.says == says

    def test_a_share_that_is_too_large_never_reads_as_the_limit_itself(self) -> None:
        (alarm,) = alarms(PlanSize(0, 0, {QUOTA: 601}, {QUOTA: 1000}), [], LIMITS)
        assert (
            alarm.says
            == "rule quota: 601 of 1,000 people judged deviate, 61 %; the limit is 60 % (share_percent)"
        )


SIZES = st.builds(
    lambda letters, opened, judged, part: PlanSize(
        letters, opened, {QUOTA: min(part, judged)}, {QUOTA: judged}
    ),
    *[st.integers(0, 3000)] * 4,
)


@given(size=SIZES, earlier=st.lists(SIZES, max_size=25), grown=st.integers(0, 500))
def test_a_larger_plan_raises_no_fewer_alarms(size: PlanSize, earlier: list[PlanSize], grown: int) -> None:
    larger = replace(size, letters=size.letters + grown, opened=size.opened + grown)
    assert set(jumps(size, earlier)) <= set(jumps(larger, earlier))


@given(size=SIZES, earlier=st.lists(SIZES, max_size=25))
def test_whatever_a_human_let_through_is_let_through_again(size: PlanSize, earlier: list[PlanSize]) -> None:
    assert jumps(size, earlier, size) == []


@given(size=SIZES, earlier=st.lists(SIZES, max_size=25))
def test_every_alarm_names_a_limit_that_was_passed(size: PlanSize, earlier: list[PlanSize]) -> None:
    for alarm in alarms(size, earlier, LIMITS):
        assert alarm.found > alarm.limit


def test_a_person_is_in_no_alarm() -> None:
    said = repr(alarms(size_of([step(letter=True)] * 2000, {}), [], LIMITS))
    assert "LETTERS" in said and KIM not in said
