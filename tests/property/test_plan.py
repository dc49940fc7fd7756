"""One sweep's plan for many people at once: who gets a letter, who waits, and when letters may leave."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.engine.ladder import Recipient
from mailbot.engine.lifecycle import finding_id
from mailbot.engine.plan import HeldFor, LetterHours, Limits, make_steps
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Kind, compliant, deviation, not_applicable, unknown
from mailbot.model.worktime import ClosedDays, WorkCalendar
from tests.property.lives import somebody

QUOTA, SIGNATURE, ABSENCE = RuleId("quota"), RuleId("signature"), RuleId("out_of_office")
KINDS = {QUOTA: Kind.STATE, SIGNATURE: Kind.STATE, ABSENCE: Kind.EVENT}
PRIORITY = {ABSENCE: 20, QUOTA: 40, SIGNATURE: 45}
URGENT = frozenset({ABSENCE})
PEOPLE = [PersonKey(letter * 64) for letter in "0123456789"]
CLOSED = ClosedDays(
    {
        2026: frozenset({date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 15), date(2026, 12, 25)}),
        2027: frozenset({date(2027, 1, 1), date(2027, 3, 29)}),
    }
)
TOLD = (FindingState.TOLD, FindingState.REMINDED)
LIVING = (FindingState.OPEN, FindingState.WAIVED, *TOLD)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

calendars = st.integers(0, 500 * 24 * 60).map(
    lambda minutes: WorkCalendar(NEW_YEAR + timedelta(minutes=minutes), ZONE, CLOSED)
)


@st.composite
def cases(draw: st.DrawFn, calendar: WorkCalendar) -> list[Case]:
    """People with any verdict of any rule, waived or not, with or without a finding from before."""
    start = calendar.now + timedelta(days=1)
    occurrence = Interval(start, start + timedelta(days=4))
    chosen = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sorted(KINDS))), unique=True))
    found = []
    for person, rule in chosen:
        event = occurrence if KINDS[rule] is Kind.EVENT else None
        verdict = draw(
            st.sampled_from(
                (
                    deviation("over", event, size_bytes=7),
                    deviation("over", event, size_bytes=7),
                    compliant("fine", event),
                    not_applicable("nothing"),
                    unknown(Reason.TIMED_OUT),
                )
            )
        )
        state = draw(st.sampled_from((None, *LIVING)))
        findings = []
        if state is not None:
            opened = calendar.now - timedelta(days=draw(st.sampled_from((3, 60))))
            id_ = finding_id(person, rule, event, opened)
            pending = draw(st.booleans())
            told = opened if state in TOLD else None
            findings = [
                Finding(
                    id_, person, rule, KINDS[rule], state, 1, opened, opened, event, 0, pending, told=told
                )
            ]
        waived = draw(st.sampled_from((False, False, True)))
        found.append(Case(person, rule, KINDS[rule], verdict, tuple(findings), waived))
    return found


def no_hold(_person: PersonKey, _rule: RuleId) -> None:
    return None


def steps(
    found: list[Case],
    calendar: WorkCalendar,
    cap: int = 1000,
    nudged: frozenset[PersonKey] = frozenset(),
    held_for: HeldFor = no_hold,
) -> tuple[PlanStep, ...]:
    """Half of the people work part-time."""
    limits = Limits(cap, LetterHours(), PRIORITY, urgent=URGENT)
    readers = {
        person: Recipient(somebody((0, 1, 3) if number % 2 else ())) for number, person in enumerate(PEOPLE)
    }
    return make_steps(found, calendar, limits, held_for, nudged, readers)


@given(st.data(), calendars, st.integers(0, 6), st.sets(st.sampled_from(PEOPLE)))
def test_the_cap_holds_and_states_get_one_letter_per_person_per_week(
    data: st.DataObject, calendar: WorkCalendar, cap: int, nudged: set[PersonKey]
) -> None:
    letters = [step.letter for step in steps(data.draw(cases(calendar)), calendar, cap, frozenset(nudged))]
    made = [letter for letter in letters if letter is not None]
    assert len(made) <= cap
    weekly = Counter(letter.person for letter in made if letter.weekly)
    assert not weekly or max(weekly.values()) == 1
    assert not nudged & set(weekly)
    assert all(letter.weekly == (KINDS[RuleId(letter.topic)] is Kind.STATE) for letter in made)


@given(st.data(), calendars, st.sets(st.sampled_from(PEOPLE)))
def test_letters_about_absences_do_not_wait_for_the_week(
    data: st.DataObject, calendar: WorkCalendar, nudged: set[PersonKey]
) -> None:
    for step in steps(data.draw(cases(calendar)), calendar, nudged=frozenset(nudged)):
        if step.rule == ABSENCE:
            assert step.held in (None, Held.TOO_LATE_TODAY, Held.AWAY)


@given(st.data(), calendars, st.integers(0, 6))
def test_the_order_of_people_makes_no_difference(
    data: st.DataObject, calendar: WorkCalendar, cap: int
) -> None:
    found = data.draw(cases(calendar))
    shuffled = data.draw(st.permutations(found))
    one, two = steps(found, calendar, cap), steps(list(shuffled), calendar, cap)
    assert sorted(map(repr, one)) == sorted(map(repr, two))
    assert [s.letter for s in one if s.letter] == [s.letter for s in two if s.letter]


def calls_for_a_letter(case: Case, calendar: WorkCalendar) -> bool:
    """It deviates, nobody waived it, no letter is under way, and it was never told or long ago."""
    if case.verdict.outcome != "deviation" or case.waived:
        return False
    [finding] = case.findings or (None,)
    if finding is None:
        return True
    if finding.told is None:
        return not finding.pending
    long_ago = calendar.now - finding.told > timedelta(days=30)
    return case.kind is Kind.STATE and not finding.pending and long_ago


@given(st.data(), calendars, st.integers(0, 6))
def test_every_untold_deviation_is_one_step_with_a_letter_or_the_reason_why_not(
    data: st.DataObject, calendar: WorkCalendar, cap: int
) -> None:
    found = data.draw(cases(calendar))
    made = steps(found, calendar, cap)
    told_about = {(s.person, s.rule) for s in made if s.letter or s.held}
    assert told_about == {(case.person, case.rule) for case in found if calls_for_a_letter(case, calendar)}
    assert all(bool(step.letter) != bool(step.held) for step in made if step.letter or step.held)
    assert len({(s.person, s.rule) for s in made}) == len(made)


@given(st.data(), calendars)
def test_a_letter_leaves_in_office_hours_of_a_day_that_is_still_to_come(
    data: st.DataObject, calendar: WorkCalendar
) -> None:
    for step in steps(data.draw(cases(calendar)), calendar):
        if step.letter is None:
            continue
        begin, end = calendar.local(step.letter.not_before), calendar.local(step.letter.not_after)
        assert begin < end and calendar.now < end
        if step.letter.weekly:
            assert (begin.time(), end.time()) == (time(8, 30), time(17))
            assert calendar.is_office_day(begin.date()) and calendar.is_office_day(end.date())
            between = range(1, (end.date() - begin.date()).days + 1)
            office_days = sum(calendar.is_office_day(begin.date() + timedelta(days=n)) for n in between)
            if PEOPLE.index(step.person) % 2:
                assert {begin.weekday(), end.weekday()} <= {0, 1, 3} and office_days <= 5
            else:
                assert office_days == 5
        else:
            assert (begin.time(), end.time()) == (time(10), time(15))
            assert begin.date() == end.date() == calendar.today


@given(st.data(), calendars, st.sampled_from(Held))
def test_whoever_is_held_back_gets_no_letter_but_the_finding_is_made(
    data: st.DataObject, calendar: WorkCalendar, why: Held
) -> None:
    found = data.draw(cases(calendar))
    free = steps(found, calendar)
    held = steps(found, calendar, held_for=lambda _person, _rule: why)
    assert not any(step.letter for step in held)
    assert {s.transition for s in held if s.transition} == {s.transition for s in free if s.transition}


@given(st.data(), calendars, st.integers(0, 6))
def test_the_same_sweep_gives_the_same_plan(data: st.DataObject, calendar: WorkCalendar, cap: int) -> None:
    found = data.draw(cases(calendar))
    assert steps(found, calendar, cap) == steps(found, calendar, cap)


def test_under_the_cap_everybody_comes_first_now_and_then() -> None:
    """A rule that is more useful goes first every day; among people of one rule it is drawn by lot."""
    first: Counter[PersonKey] = Counter()
    for day in range(100):
        calendar = WorkCalendar(NEW_YEAR + timedelta(days=day), ZONE, CLOSED)
        found = [
            Case(person, rule, Kind.STATE, deviation("over"), ())
            for rule, people in ((QUOTA, PEOPLE[:5]), (SIGNATURE, PEOPLE[5:]))
            for person in people
        ]
        for step in steps(found, calendar, cap=1):
            first[step.person] += step.letter is not None
    assert all(first[person] == 0 for person in PEOPLE[5:])
    assert all(first[person] >= 10 for person in PEOPLE[:5])
