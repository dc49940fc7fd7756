"""Which change a verdict makes to a finding, one line per situation."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbot.engine.lifecycle import current, finding_id, transitions
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case
from mailbot.model.verdicts import Kind, Verdict, compliant, deviation, not_applicable, tip, unknown

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
KIM = PersonKey("k" * 64)
QUOTA, ABSENCE = RuleId("quota"), RuleId("out_of_office")
WEEK_OFF = Interval(NOW + timedelta(days=3), NOW + timedelta(days=8))
LONGER = Interval(NOW + timedelta(days=4), NOW + timedelta(days=15))
NEXT_MONTH = Interval(NOW + timedelta(days=30), NOW + timedelta(days=35))
JUST_OVER = Interval(NOW - timedelta(days=4), NOW)

OPEN, TOLD, REMINDED = FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED
RESOLVED, LAPSED = FindingState.RESOLVED, FindingState.LAPSED


def finding(
    rule: RuleId, state: FindingState, occurrence: Interval | None = None, name: str = "f1"
) -> Finding:
    kind = Kind.EVENT if rule == ABSENCE else Kind.STATE
    return Finding(FindingId(name), KIM, rule, kind, state, 3, NOW, NOW, occurrence)


def changes(rule: RuleId, verdict: Verdict, *findings: Finding) -> list[FindingState]:
    kind = Kind.EVENT if rule == ABSENCE else Kind.STATE
    return [transition.to for _, transition in transitions(Case(KIM, rule, kind, verdict, findings), NOW)]


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


@pytest.mark.parametrize("state", [OPEN, TOLD])
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
