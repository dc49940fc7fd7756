"""A plan that jumps waits for a human: who hears of it, what can be done about it, and what is usual then."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mailbot.engine.brake import BrakeLimits, Jump
from mailbot.engine.recipients import Mode
from mailbot.jobs import braking
from mailbot.jobs.braking import HELD
from mailbot.jobs.execute import reject_plan, run_plan
from mailbot.jobs.plan_show import look
from mailbot.model.errors import PlanRefused
from mailbot.model.ids import RuleId
from mailbot.model.plan import Plan, PlanState
from mailbot.model.verdicts import Outcome
from mailbot.policy.stages import Stage
from mailbot.store.sql import SqlStore
from tests.unit.jobs.braked_house import QUOTA, Braked, at_stage, braked

LIMITS = BrakeLimits(letters=40, opened=60, share_percent=60, times=3, least=10)
MANY = range(1000, 1050)
"""Fifty people: more letters than the limit, and no more new findings than theirs."""


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = SqlStore("sqlite://", bytes(range(32)))
    yield made
    made.close()


@pytest.fixture
def here(store: SqlStore) -> Braked:
    return braked(store, cap=20, limits=LIMITS)


def held(here: Braked) -> Plan:
    made = here.sweeps(MANY)
    assert here.state(made) is PlanState.HELD
    return made


class TestHeld:
    def test_nothing_of_it_is_done(self, here: Braked) -> None:
        held(here)
        assert (here.findings(), here.letters()) == (0, 0)

    def test_an_ordinary_plan_is_carried_out_and_nobody_is_told(self, here: Braked) -> None:
        made = here.sweeps(range(5))
        assert here.state(made) is PlanState.RUN
        assert (here.findings(), here.letters(), here.operator.messages) == (5, 5, [])

    def test_the_operator_hears_what_jumped_and_what_to_type(self, here: Braked) -> None:
        made = held(here)
        text = here.operator.open[HELD]
        assert "50 letters are due; the limit is 40 (letters)" in text
        for words in ("show", "run", "reject"):
            assert f"mailbot plan {words} {made.id}" in text

    def test_the_jump_is_seen_although_the_cap_would_have_hidden_it(self, here: Braked) -> None:
        made = held(here)
        assert made.letters == 20
        assert [alarm.found for alarm in here.alarms(made)] == [50]

    def test_a_dry_run_tells_of_it_and_holds_nothing(self, here: Braked) -> None:
        made = here.sweeps(MANY, dry=True)
        assert here.state(made) is PlanState.STORED
        assert [alarm.jump for alarm in here.alarms(made)] == [Jump.LETTERS]
        assert here.operator.messages == []


class TestNextSweep:
    def test_it_makes_a_new_plan_and_the_old_one_can_be_run_no_more(self, here: Braked) -> None:
        first = held(here)
        here.next_morning()
        second = held(here)
        assert here.state(first) is PlanState.REFUSED
        with pytest.raises(PlanRefused, match="overtaken by a newer sweep"):
            run_plan(here.house, first.id, "b.eheerder")
        assert here.newest(PlanState.HELD) == second.id

    def test_the_operator_is_not_told_again(self, here: Braked) -> None:
        held(here)
        here.next_morning()
        second = held(here)
        assert here.operator.messages == [HELD]
        assert second.id in here.operator.open[HELD], "the status file names the plan that waits"

    def test_without_a_jump_the_problem_is_over(self, here: Braked) -> None:
        first = held(here)
        here.next_morning()
        here.sweeps(range(5))
        assert here.operator.messages == [HELD, f"{HELD} is over"]
        assert here.state(first) is PlanState.REFUSED

    def test_a_dry_run_leaves_the_plan_that_waits_alone(self, here: Braked) -> None:
        first = held(here)
        here.sweeps(range(5), dry=True)
        assert here.state(first) is PlanState.HELD
        assert here.operator.messages == [HELD]


class TestRun:
    def test_exactly_that_plan_is_carried_out_with_its_cap(self, here: Braked) -> None:
        made = held(here)
        run_plan(here.house, made.id, "b.eheerder")
        assert here.state(made) is PlanState.RUN
        assert (here.findings(), here.letters()) == (50, 20)
        assert here.operator.messages == [HELD, f"{HELD} is over"]
        assert here.audit()[0] == ("b.eheerder", "plan_run", {"plan": made.id, "letters": 20})

    def test_tomorrow_the_same_is_no_jump(self, here: Braked) -> None:
        """Thirty letters still wait for the cap, and twenty more people deviate: fifty, as a human let go."""
        run_plan(here.house, held(here).id, "b.eheerder")
        here.next_morning()
        tomorrow = here.sweeps([*MANY, *range(2000, 2020)])
        assert here.state(tomorrow) is PlanState.RUN
        assert here.letters() == 40

    def test_twice_as_much_is(self, here: Braked) -> None:
        run_plan(here.house, held(here).id, "b.eheerder")
        here.next_morning()
        assert here.state(here.sweeps([*MANY, *range(2000, 2050)])) is PlanState.HELD

    def test_a_dry_runs_plan_that_a_human_ran_counts_as_well(self, here: Braked) -> None:
        run_plan(here.house, here.sweeps(MANY, dry=True).id, "b.eheerder")
        here.next_morning()
        assert here.state(here.sweeps([*MANY, *range(2000, 2020)])) is PlanState.RUN

    @pytest.mark.parametrize("state", [PlanState.RUN, PlanState.REJECTED])
    def test_it_is_decided_once(self, here: Braked, state: PlanState) -> None:
        made = held(here)
        decide = {PlanState.RUN: run_plan, PlanState.REJECTED: lambda *given: reject_plan(*given, "")}
        decide[state](here.house, made.id, "b.eheerder")
        for again in decide.values():
            with pytest.raises(PlanRefused, match="was r"):
                again(here.house, made.id, "b.eheerder")
        assert here.state(made) is state

    def test_after_a_day_nobody_can(self, here: Braked) -> None:
        made = held(here)
        here.next_morning()
        here.clock.sleep(1)
        with pytest.raises(PlanRefused, match="older than 24 hours"):
            run_plan(here.house, made.id, "b.eheerder")
        assert here.state(made) is PlanState.HELD

    def test_a_rule_that_goes_back_to_observing_stops_it(self, here: Braked) -> None:
        made = held(here)
        here.changes(stages=(at_stage(Stage.OBSERVE),))
        with pytest.raises(PlanRefused, match="another policy, mandate, stage or pilot"):
            run_plan(here.house, made.id, "b.eheerder")


class TestReject:
    def test_nothing_is_done_and_why_is_kept(self, here: Braked) -> None:
        made = held(here)
        reject_plan(here.house, made.id, "b.eheerder", "a server was down")
        assert here.state(made) is PlanState.REJECTED
        assert (here.findings(), here.letters()) == (0, 0)
        assert here.audit()[0] == (
            "b.eheerder",
            "plan_reject",
            {"plan": made.id, "reason": "a server was down"},
        )
        assert here.operator.messages == [HELD, f"{HELD} is over"]

    def test_the_same_tomorrow_is_held_again_and_told_again(self, here: Braked) -> None:
        reject_plan(here.house, held(here).id, "b.eheerder", "")
        here.next_morning()
        held(here)
        assert here.operator.messages == [HELD, f"{HELD} is over", HELD]

    def test_another_plan_that_waits_keeps_the_problem_open(self, here: Braked) -> None:
        held(here)
        reject_plan(here.house, here.sweeps(range(5), dry=True).id, "b.eheerder", "")
        assert here.operator.messages == [HELD]


class TestUsual:
    def a_week(self, here: Braked, dry: bool = False) -> None:
        """Each morning five other people deviate."""
        for day in range(5):
            here.sweeps(range(10 * day, 10 * day + 5), dry=dry)
            here.next_morning()

    def test_after_five_sweeps_there_is_a_usual(self, here: Braked) -> None:
        self.a_week(here)
        made = here.sweeps(range(100, 120))
        assert [alarm.jump for alarm in here.alarms(made)] == [Jump.LETTERS_TREND, Jump.OPENED_TREND]

    def test_dry_runs_do_not_make_it(self, here: Braked) -> None:
        self.a_week(here, dry=True)
        assert here.alarms(here.sweeps(range(100, 120))) == ()

    def test_nor_do_plans_that_were_held(self, here: Braked) -> None:
        for _ in range(5):
            held(here)
            here.next_morning()
        self.a_week(here)
        made = here.sweeps(range(100, 120))
        assert {alarm.usual for alarm in here.alarms(made)} == {5}

    def test_a_rule_that_observes_sends_nothing_and_holds_nothing(self, here: Braked) -> None:
        here.changes(stages=(at_stage(Stage.OBSERVE),))
        made = here.sweeps(range(1500))
        assert here.state(made) is PlanState.RUN
        assert (here.findings(), here.letters()) == (1500, 0)
        assert look(here.house, made.id).observed == {QUOTA: 1500}

    def test_former_staff_who_wait_for_an_administrator_hold_no_letters(self, here: Braked) -> None:
        """A mailbox that nobody removes deviates every day: soon that is nearly everybody who ever left."""
        judged = {Outcome.DEVIATION: 95, Outcome.COMPLIANT: 5}
        with here.house.store.begin() as work:
            _, of_leavers = braking.alarms_for(here.house, work, (), {RuleId("leaver"): judged})
            _, of_staff = braking.alarms_for(here.house, work, (), {QUOTA: judged})
        assert of_leavers == ()
        assert [alarm.jump for alarm in of_staff] == [Jump.SHARE]


class TestLook:
    def test_the_newest_plan_in_numbers(self, here: Braked) -> None:
        made = held(here)
        found = look(here.house, None)
        assert (found.id, found.state, found.over) == (made.id, PlanState.HELD, None)
        assert found.steps == {(QUOTA, "open+nudge"): 20, (QUOTA, "open (cap)"): 30}
        assert (found.sends, found.later, found.observed) == ({QUOTA: 20}, {QUOTA: 30}, {})
        assert [alarm.found for alarm in found.alarms] == [50]
        assert found.to_type == (f"mailbot plan run {made.id}", f"mailbot plan reject {made.id}")

    def test_looking_decides_nothing(self, here: Braked) -> None:
        made = held(here)
        look(here.house, made.id)
        assert here.state(made) is PlanState.HELD

    def test_one_that_is_too_old_says_so(self, here: Braked) -> None:
        made = held(here)
        here.next_morning()
        here.clock.sleep(1)
        found = look(here.house, made.id)
        assert (found.over, found.to_type) == ("is older than 24 hours", ("mailbot sweep --dry-run",))

    def test_it_points_at_another_one_that_waits(self, here: Braked) -> None:
        made = held(here)
        here.clock.sleep(1)
        here.sweeps(range(5), dry=True)
        assert look(here.house, None).waiting == made.id

    def test_there_may_be_none(self, here: Braked) -> None:
        with pytest.raises(PlanRefused, match="there is no plan yet"):
            look(here.house, None)


def test_who_is_gone_by_then_gets_neither_a_finding_nor_a_letter(here: Braked) -> None:
    """Excluded in the directory, say, while the plan waited for a human."""
    made = held(here)
    here.directory.gone = {MANY[0], MANY[-1]}
    run = run_plan(here.house, made.id, "b.eheerder")
    assert len(run.steps) == len(made.steps) - 2
    assert here.findings() == len(MANY) - 2


def test_what_retention_forgot_is_not_new_when_it_is_found_again(here: Braked) -> None:
    """Opened on one day and never mended, it is deleted on one day: to mailbot alone it looks like a jump."""
    here.changes(mode=Mode.OFF)
    here.sweeps(range(30))
    for _ in range(6 * 7):
        here.next_morning()
        here.sweeps(range(30))
    with here.house.store.begin() as work:
        assert work.purge(here.clock.now() + timedelta(days=1), timedelta(weeks=6))["finding"] == 30
    here.next_morning()
    again = here.sweeps(range(30))
    assert here.alarms(again) == ()
    here.next_morning()
    assert [alarm.jump for alarm in here.alarms(here.sweeps(range(100, 140)))] == [Jump.OPENED_TREND]


def test_ten_thousand_deviations_at_once(store: SqlStore) -> None:
    """A whole municipality turns red overnight: held, nothing applied, nothing in the outbox; and when it is
    true after all, one command carries it out, no more letters than the cap."""
    here = braked(store)
    made = here.sweeps(range(10_000), of=10_000)
    assert {alarm.jump for alarm in here.alarms(made)} == {Jump.LETTERS, Jump.OPENED, Jump.SHARE}
    assert here.state(made) is PlanState.HELD
    assert (here.findings(), here.letters()) == (0, 0)
    seen = look(here.house, made.id)
    assert (seen.sends, seen.later) == ({QUOTA: 200}, {QUOTA: 9_800})

    run_plan(here.house, made.id, "b.eheerder")
    assert (here.findings(), here.letters()) == (10_000, 200)
