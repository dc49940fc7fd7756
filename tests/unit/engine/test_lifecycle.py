"""Which change a verdict makes to a finding, one line per situation."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.engine.lifecycle import current, finding_id, transitions
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case
from mailbot.model.verdicts import Kind, Outcome, Verdict, compliant, deviation, not_applicable, tip, unknown

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
KIM = PersonKey("k" * 64)
QUOTA, ABSENCE = RuleId("quota"), RuleId("out_of_office")
WEEK_OFF = Interval(NOW + timedelta(days=3), NOW + timedelta(days=8))
LONGER = Interval(NOW + timedelta(days=4), NOW + timedelta(days=15))
NEXT_MONTH = Interval(NOW + timedelta(days=30), NOW + timedelta(days=35))
JUST_OVER = Interval(NOW - timedelta(days=4), NOW)

OPEN, TOLD, REMINDED = FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED
RESOLVED, LAPSED = FindingState.RESOLVED, FindingState.LAPSED
WAIVED = FindingState.WAIVED


def finding(
    rule: RuleId, state: FindingState, occurrence: Interval | None = None, name: str = "f1"
) -> Finding:
    kind = Kind.EVENT if rule == ABSENCE else Kind.STATE
    return Finding(FindingId(name), KIM, rule, kind, state, 3, NOW, NOW, occurrence)


def changes(rule: RuleId, verdict: Verdict, *findings: Finding, waived: bool = False) -> list[FindingState]:
    kind = Kind.EVENT if rule == ABSENCE else Kind.STATE
    case = Case(KIM, rule, kind, verdict, findings, waived)
    return [transition.to for _, transition in transitions(case, NOW)]


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        (None, deviation("over"), [OPEN]),
        (None, compliant("fine"), []),
        (None, tip("nearly"), []),
        (None, not_applicable("shared"), []),
        (None, unknown(Reason.TIMED_OUT), []),
        (OPEN, deviation("over"), []),
        (OPEN, compliant("fine"), [RESOLVED]),
        (OPEN, tip("nearly"), [RESOLVED]),
        (OPEN, not_applicable("shared"), [LAPSED]),
        (OPEN, unknown(Reason.TIMED_OUT), []),
        (TOLD, deviation("over"), []),
        (TOLD, compliant("fine"), [RESOLVED]),
        (TOLD, tip("nearly"), [RESOLVED]),
        (TOLD, not_applicable("shared"), [LAPSED]),
        (TOLD, unknown(Reason.TIMED_OUT), []),
        (REMINDED, compliant("fine"), [RESOLVED]),
        (REMINDED, unknown(Reason.TIMED_OUT), []),
        (WAIVED, deviation("over"), [OPEN]),  # the waiver is over
        (WAIVED, compliant("fine"), [RESOLVED]),
        (WAIVED, not_applicable("shared"), [LAPSED]),
        (WAIVED, unknown(Reason.TIMED_OUT), []),
    ],
)
def test_a_state(before: FindingState | None, verdict: Verdict, after: list[FindingState]) -> None:
    findings = (finding(QUOTA, before),) if before else ()
    assert changes(QUOTA, verdict, *findings) == after


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        (None, deviation("no_reply", WEEK_OFF), [OPEN]),
        (None, unknown(Reason.TIMED_OUT), []),
        (OPEN, deviation("no_reply", WEEK_OFF), []),
        (OPEN, deviation("no_reply", LONGER), []),  # the same absence with other dates
        (OPEN, deviation("no_reply", NEXT_MONTH), [OPEN]),  # another absence
        (OPEN, compliant("set", LONGER), [RESOLVED]),
        (OPEN, tip("nobody outside", WEEK_OFF), [RESOLVED]),
        (OPEN, tip("a day off each week"), [LAPSED]),  # it speaks of no absence: there is none any more
        (TOLD, tip("a day off each week"), []),
        (OPEN, compliant("set", NEXT_MONTH), []),  # in order, but about another absence
        (OPEN, not_applicable("not_seen_in_time"), [LAPSED]),
        (OPEN, unknown(Reason.TIMED_OUT), []),
        (TOLD, deviation("no_reply", LONGER), []),
        (TOLD, deviation("no_reply", NEXT_MONTH), [OPEN]),
        (TOLD, compliant("set", WEEK_OFF), []),  # told once, thanked never
        (TOLD, not_applicable("not_seen_in_time"), []),
        (TOLD, unknown(Reason.TIMED_OUT), []),
    ],
)
def test_an_event(before: FindingState | None, verdict: Verdict, after: list[FindingState]) -> None:
    findings = (finding(ABSENCE, before, WEEK_OFF),) if before else ()
    assert changes(ABSENCE, verdict, *findings) == after


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        (None, deviation("over"), [WAIVED]),
        (None, compliant("fine"), []),
        (None, unknown(Reason.TIMED_OUT), []),
        (OPEN, deviation("over"), [WAIVED]),
        (TOLD, deviation("over"), [WAIVED]),
        (REMINDED, deviation("over"), [WAIVED]),
        (WAIVED, deviation("over"), []),
        (OPEN, unknown(Reason.TIMED_OUT), []),
        (WAIVED, unknown(Reason.TIMED_OUT), []),
        (OPEN, compliant("fine"), [RESOLVED]),
        (WAIVED, tip("nearly"), [RESOLVED]),
        (WAIVED, not_applicable("shared"), [LAPSED]),
    ],
)
def test_a_state_under_a_waiver(
    before: FindingState | None, verdict: Verdict, after: list[FindingState]
) -> None:
    findings = (finding(QUOTA, before),) if before else ()
    assert changes(QUOTA, verdict, *findings, waived=True) == after


@pytest.mark.parametrize(
    ("before", "verdict", "waived", "after"),
    [
        (None, deviation("no_reply", WEEK_OFF), True, [WAIVED]),
        (OPEN, deviation("no_reply", LONGER), True, [WAIVED]),
        (WAIVED, deviation("no_reply", LONGER), True, []),
        (WAIVED, deviation("no_reply", LONGER), False, [OPEN]),
        (WAIVED, deviation("no_reply", NEXT_MONTH), False, [OPEN]),  # another absence: this one stays
        (WAIVED, not_applicable("not_seen_in_time", WEEK_OFF), True, [LAPSED]),
        (TOLD, deviation("no_reply", LONGER), True, []),  # told once, and not again after the waiver
        (REMINDED, deviation("no_reply", LONGER), True, []),
    ],
)
def test_an_event_under_a_waiver(
    before: FindingState | None, verdict: Verdict, waived: bool, after: list[FindingState]
) -> None:
    findings = (finding(ABSENCE, before, WEEK_OFF),) if before else ()
    assert changes(ABSENCE, verdict, *findings, waived=waived) == after


def test_an_absence_of_which_nothing_is_to_be_said_ends_no_more_than_before() -> None:
    """Who is away now is known by its occurrence, whatever absence a finding is about."""
    for occurrence in (None, WEEK_OFF, NEXT_MONTH):
        nothing = not_applicable("not_seen_in_time", occurrence)
        assert changes(ABSENCE, nothing, finding(ABSENCE, OPEN, WEEK_OFF)) == [LAPSED]
        assert changes(ABSENCE, nothing, finding(ABSENCE, TOLD, WEEK_OFF)) == []
        assert changes(ABSENCE, nothing) == []


@pytest.mark.parametrize("waived", [False, True])
@pytest.mark.parametrize("state", [RESOLVED, LAPSED])
@pytest.mark.parametrize("occurrence", [WEEK_OFF, JUST_OVER])
@pytest.mark.parametrize(
    "verdict", [deviation("no_reply", WEEK_OFF), compliant("set", WEEK_OFF), not_applicable("nothing")]
)
def test_what_has_ended_stays_as_it_is(
    state: FindingState, occurrence: Interval, verdict: Verdict, waived: bool
) -> None:
    """It is handed over because somebody was told: the event is not opened anew."""
    told = finding(ABSENCE, state, occurrence)
    opened = verdict.outcome is Outcome.DEVIATION and occurrence is JUST_OVER
    assert changes(ABSENCE, verdict, told, waived=waived) == ([WAIVED if waived else OPEN] if opened else [])


@pytest.mark.parametrize("state", [OPEN, TOLD, WAIVED])
@pytest.mark.parametrize(
    "verdict",
    [not_applicable("no_long_absence"), unknown(Reason.TIMED_OUT), deviation("no_reply", NEXT_MONTH)],
)
def test_an_absence_that_is_over_lapses_by_the_clock(state: FindingState, verdict: Verdict) -> None:
    assert LAPSED in changes(ABSENCE, verdict, finding(ABSENCE, state, JUST_OVER))


def test_absences_that_only_touch_are_two() -> None:
    told = finding(ABSENCE, TOLD, WEEK_OFF)
    right_after = Interval(WEEK_OFF.end, WEEK_OFF.end + timedelta(days=3))
    right_before = Interval(WEEK_OFF.start - timedelta(days=3), WEEK_OFF.start)
    for other in (right_after, right_before):
        assert current(Case(KIM, ABSENCE, Kind.EVENT, deviation("no_reply", other), (told,))) is None


def test_of_two_absences_the_verdict_speaks_of_the_one_that_it_overlaps() -> None:
    one, two = finding(ABSENCE, OPEN, WEEK_OFF, "f1"), finding(ABSENCE, OPEN, NEXT_MONTH, "f2")
    case = Case(KIM, ABSENCE, Kind.EVENT, compliant("set", NEXT_MONTH), (one, two))
    [(rests_on, transition)] = transitions(case, NOW)
    assert rests_on == two
    assert (transition.finding, transition.to) == ("f2", RESOLVED)


def test_a_change_names_the_version_that_it_rests_on() -> None:
    [(_, resolved)] = transitions(
        Case(KIM, QUOTA, Kind.STATE, compliant("fine"), (finding(QUOTA, TOLD),)), NOW
    )
    assert resolved.base_version == 3
    [(nothing, opened)] = transitions(Case(KIM, QUOTA, Kind.STATE, deviation("over"), ()), NOW)
    assert nothing is None and opened.base_version == 0
    waived = finding(QUOTA, WAIVED)
    [(base, reopened)] = transitions(Case(KIM, QUOTA, Kind.STATE, deviation("over"), (waived,)), NOW)
    assert (base, reopened.base_version, reopened.finding) == (waived, 3, "f1")


def test_an_identity_is_made_of_who_what_and_when() -> None:
    same = finding_id(KIM, ABSENCE, WEEK_OFF, NOW)
    assert finding_id(KIM, ABSENCE, WEEK_OFF, NOW) == same
    others = {
        finding_id(PersonKey("l" * 64), ABSENCE, WEEK_OFF, NOW),
        finding_id(KIM, QUOTA, WEEK_OFF, NOW),
        finding_id(KIM, ABSENCE, None, NOW),
        finding_id(KIM, ABSENCE, NEXT_MONTH, NOW),
        finding_id(KIM, ABSENCE, WEEK_OFF, NOW + timedelta(days=1)),
    }
    assert len(others | {same}) == 6
