"""Months of one person's life, and no letter more than the ladder allows.

Whatever the mailbox is found to be, whoever goes on leave, works part-time, begins or leaves, whatever
becomes of plans and letters: each letter that arrives is held against the rules of the ladder, told once more
here, day by day, from all that ever arrived.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mailbot.casefiles.notation import ZONE
from mailbot.engine.ladder import Ladder
from mailbot.model.employment import Leave
from mailbot.model.facts import Reason
from mailbot.model.findings import FindingState
from mailbot.model.ids import FindingId, RuleId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, PlanStep
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip, unknown
from tests.property.lives import (
    ABSENCE,
    ASKING,
    CLOSED,
    DELEGATES,
    FIRST_DAY,
    LABELLED,
    LIMITS,
    RULES,
    Fate,
    World,
    local,
    somebody,
)

DAY = timedelta(days=1)
LADDERS = (
    Ladder(),
    Ladder(reminder_days=20, reminder_working_days=5, most_letters=2, after_return_working_days=3),
    Ladder(most_letters=1, silence_days=100, first_working_days=8, last_working_days=12, thanks=False),
)
SAID = ("deviation", "compliant", "tip", "not_applicable", "unknown")
NIGHT = time(23, 30)
DELIVERIES = (time(8, 30), time(10, 15), time(13), time(16, 45), time(21))


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def occurrence(rule: RuleId, day: date) -> Interval | None:
    """Of labelled mail the week in which it is told; of absences one every nine days, for four days."""
    if rule == LABELLED:
        monday = day - timedelta(days=day.weekday())
        return Interval(local(monday, time(0)), local(monday + timedelta(days=7), time(0)))
    if rule == ABSENCE:
        start = day + timedelta(days=9 - (day - FIRST_DAY).days % 9)
        return Interval(local(start, time(8, 30)), local(start + timedelta(days=3), time(17)))
    return None


def verdict(rule: RuleId, said: str, day: date) -> Verdict:
    about = occurrence(rule, day)
    match said:
        case "deviation":
            return deviation("over", about, size_bytes=7)
        case "compliant":
            return compliant("fine", about)
        case "tip":
            return tip("private_folder_shared", about)
        case "not_applicable":
            return not_applicable("nothing")
        case _:
            return unknown(Reason.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some days on which nothing else happens: a sweep a day, and what becomes of its plan and of letters.
    `doubts` is what a human found out about letters in doubt before them: that they arrived, or not."""

    number: int
    fate: Fate
    runs: bool
    at: time
    doubts: bool | None


stretches = st.builds(
    Stretch,
    number=st.sampled_from((1, 2, 6, 13, 20, 40)),
    fate=st.sampled_from((*[Fate.SENT] * 6, *Fate)),
    runs=st.sampled_from((*[True] * 6, False)),
    at=st.sampled_from((time(5), time(5), time(9, 40), time(18))),
    doubts=st.sampled_from((True, False, None)),
)


class Life(RuleBasedStateMachine):
    """One colleague. `absences` and `rests` are all that there ever were; `arrived` are the letters read."""

    @initialize(
        roster=st.sampled_from(((), (), (0, 1, 2, 3, 4), (0, 1), (2,), (1, 3, 5), (5,))),
        starts=st.sampled_from((None, None, FIRST_DAY, FIRST_DAY - timedelta(days=3))),
        ladder=st.sampled_from((LADDERS[0], *LADDERS)),
        then=stretches,
    )
    def begins(self, roster: tuple[int, ...], starts: date | None, ladder: Ladder, then: Stretch) -> None:
        self.roster, self.ladder = roster, ladder
        self.world = World(somebody(roster, starts), replace(LIMITS, ladder=ladder))
        self.world.arrived = self.arrives
        self.today = FIRST_DAY
        self.says: dict[RuleId, str] = dict.fromkeys(RULES, "deviation")
        self.waived: frozenset[RuleId] = frozenset()
        self.absences: list[Interval] = []
        self.rests: list[tuple[datetime, datetime]] = []
        self.arrived: list[tuple[LetterOrder, datetime]] = []
        self.days_pass(then)

    # what happens

    @rule(about=st.sampled_from(sorted(RULES)), said=st.sampled_from(SAID), then=stretches)
    def a_mailbox_changes(self, about: RuleId, said: str, then: Stretch) -> None:
        self.says[about] = said
        self.days_pass(then)

    @rule(about=st.sampled_from(sorted(RULES)), then=stretches)
    def one_thing_goes_wrong_and_all_else_is_fine(self, about: RuleId, then: Stretch) -> None:
        self.says = {**dict.fromkeys(RULES, "compliant"), about: "deviation"}
        self.days_pass(then)

    @rule(about=st.sampled_from(sorted(RULES)), then=stretches)
    def somebody_waives_it_or_the_waiver_ends(self, about: RuleId, then: Stretch) -> None:
        self.waived ^= {about}
        self.days_pass(then)

    @rule(in_days=st.integers(1, 10), length=st.integers(1, 25), then=stretches)
    def leave_is_approved(self, in_days: int, length: int, then: Stretch) -> None:
        first = self.today + timedelta(days=in_days)
        leave = Leave(first, first + timedelta(days=length - 1), self.today)
        self.world.person = replace(self.world.person, leave=(*self.world.person.leave, leave))
        self.days_pass(then)

    @precondition(lambda self: not self.absences or self.absences[-1].end < local(self.today, time(0)))
    @rule(length=st.integers(3, 20), then=stretches)
    def the_calendar_says_away(self, length: int, then: Stretch) -> None:
        first = self.today + DAY
        last = first + timedelta(days=length - 1)
        self.world.away = Interval(local(first, time(8, 30)), local(last, time(17)))
        self.absences.append(self.world.away)
        self.days_pass(then)

    @rule(then=stretches)
    def a_pause_is_over(self, then: Stretch) -> None:
        now = local(self.today, NIGHT)
        until = now + timedelta(days=self.ladder.after_pause_days)
        self.world.rest(until)
        self.rests.append((now, until))
        self.days_pass(then)

    @rule(in_days=st.one_of(st.none(), st.integers(0, 40)), then=stretches)
    def a_last_day_is_known_or_the_departure_is_off(self, in_days: int | None, then: Stretch) -> None:
        ends = None if in_days is None else self.today + timedelta(days=in_days)
        self.world.person = replace(self.world.person, ends=ends)
        self.days_pass(then)

    @precondition(lambda self: any(order.kind in ASKING for order, _ in self.arrived))
    @rule(then=stretches)
    def the_newest_letter_comes_back(self, then: Stretch) -> None:
        """Whoever was not reached was not told."""
        now = local(self.today, NIGHT)
        asking = [(order, at) for order, at in self.arrived if order.kind in ASKING]
        self.arrived.remove(max(asking, key=lambda pair: pair[1]))
        self.world.bounce(now)
        self.rests.append((now, now + timedelta(days=14)))
        self.days_pass(then)

    def days_pass(self, stretch: Stretch) -> None:
        if stretch.doubts is not None:
            self.settling = True
            self.world.settle_doubt(local(self.today, NIGHT), stretch.doubts)
            self.settling = False
        for _ in range(stretch.number):
            self.today += DAY
            for clock, is_sweep in sorted({(stretch.at, True), *((clock, False) for clock in DELIVERIES)}):
                now = local(self.today, clock)
                if is_sweep:
                    self.sweep(now, stretch.runs)
                else:
                    self.world.deliver(now, stretch.fate)

    # what has to hold

    settling = False

    def sweep(self, now: datetime, runs: bool) -> None:
        verdicts = {about: verdict(about, said, self.today) for about, said in self.says.items()}
        cases = self.world.cases(verdicts, now, self.waived)
        steps = self.world.plan(cases, now)
        assert steps == self.world.plan(cases, now), "a plan is a function"
        by_rule = {case.rule: case for case in cases}
        for step in steps:
            self.check_step(step, by_rule[step.rule], now)
        assert sum(step.letter is not None and step.letter.weekly for step in steps) <= 1
        if runs:
            self.world.carry_out(steps, now)
        self.world.let_rest(now)

    def check_step(self, step: PlanStep, case: Case, now: datetime) -> None:
        outcome = case.verdict.outcome
        if outcome is Outcome.UNKNOWN:
            assert step.letter is None and step.held is None
            over = step.finding is not None and step.finding.occurrence is not None
            assert over and step.finding.occurrence.end <= now
        if step.transition is not None and case.waived:
            assert step.transition.to is not FindingState.OPEN
        if step.letter is None:
            return
        assert step.held is None
        self.check_day(step.letter.not_before, max(now, step.letter.not_before))
        assert not case.waived
        match step.letter.kind:
            case LetterKind.NUDGE | LetterKind.REMINDER:
                assert outcome is Outcome.DEVIATION
            case LetterKind.HINT:
                assert outcome is Outcome.TIP
            case LetterKind.THANKS:
                assert outcome in (Outcome.COMPLIANT, Outcome.TIP)
                assert not any(finding.state.live for finding in case.findings)
        if step.letter.kind is LetterKind.REMINDER:
            assert case.kind is Kind.STATE and step.finding is not None and step.finding.told is not None
            told = step.finding.told
            assert step.letter.not_before >= told + timedelta(days=self.ladder.reminder_days)
            since, until = (at.astimezone(ZONE).date() for at in (told, step.letter.not_before))
            assert len(self.at_work(since, until - DAY)) >= self.ladder.reminder_working_days

    def arrives(self, order: LetterOrder, at: datetime) -> None:
        assert order.not_before <= at <= order.not_after or self.settling
        if not self.settling:
            self.check_day(at, at)
        if order.finding is not None and order.kind in ASKING and not self.settling:
            assert self.world.findings[order.finding].state.live
            assert self.world.findings[order.finding].state is not FindingState.WAIVED
        self.arrived.append((order, at))
        self.check_arrived()

    def check_day(self, on: datetime, at: datetime) -> None:
        """At work, not only just back, not new, not about to leave, not resting."""
        day, person, ladder = on.astimezone(ZONE).date(), self.world.person, self.ladder
        assert not person.on_leave(day)
        assert not self.roster or self.works(day), "a letter came on a part-time day"
        assert not any(away.start <= at < away.end for away in self.absences)
        before = [earlier for earlier in days(day - timedelta(days=30), day - DAY) if self.works(earlier)]
        for earlier in before[-ladder.after_return_working_days :]:
            assert not person.on_leave(earlier), "a letter came right after leave"
            noon = local(earlier, time(12))
            assert not any(away.start <= noon < away.end for away in self.absences)
        if person.starts is not None:
            assert len(self.at_work(person.starts, day - DAY)) >= ladder.first_working_days
        if person.ends is not None:
            assert len(self.at_work(day, person.ends)) > ladder.last_working_days
        assert not any(begun <= at < until for begun, until in self.rests)

    def check_arrived(self) -> None:
        assert_far_apart([at for order, at in self.arrived if order.weekly], timedelta(days=7))
        by_finding: dict[tuple[FindingId | None, LetterKind], int] = {}
        for about in RULES:
            asked = [at for order, at in self.arrived if order.topic == about and order.kind in ASKING]
            if about != ABSENCE:
                assert_far_apart(asked, timedelta(days=self.ladder.reminder_days))
            in_a_row = 0
            newest = datetime(2000, 1, 1, tzinfo=UTC)
            for at in sorted(asked):
                silence = at - newest >= timedelta(days=self.ladder.silence_days)
                in_a_row = 1 if silence else in_a_row + 1
                assert in_a_row <= self.ladder.most_letters
                newest = at
        for order, _ in self.arrived:
            named = (order.finding, order.kind)
            by_finding[named] = by_finding.get(named, 0) + (order.finding is not None)
            if order.kind is LetterKind.THANKS or RULES[RuleId(order.topic)] is Kind.EVENT:
                assert by_finding[named] <= 1
            assert order.kind is not LetterKind.THANKS or self.ladder.thanks
            assert order.kind is not LetterKind.HINT or order.topic == DELEGATES

    def works(self, day: date) -> bool:
        weekday = day.weekday() in self.roster if self.roster else day.weekday() < 5
        return weekday and day not in CLOSED.years[day.year]

    def at_work(self, first: date, last: date) -> list[date]:
        return [day for day in days(first, last) if self.works(day) and not self.world.person.on_leave(day)]


def assert_far_apart(moments: Sequence[datetime], gap: timedelta) -> None:
    for earlier, later in pairwise(sorted(moments)):
        assert later - earlier >= gap


TestLives = Life.TestCase
TestLives.settings = settings(stateful_step_count=25)
