"""The life of a finding: which change today's verdict makes to it. What was not read changes nothing, ever;
an event that is over lapses by the clock alone."""

import hashlib
from datetime import datetime

from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case
from mailbot.model.verdicts import Kind, Outcome, Verdict


def same_event(finding: Finding, occurrence: Interval | None) -> bool:
    """Whether an occurrence is the one that the finding was made of: they overlap, however either moved."""
    if finding.occurrence is None or occurrence is None:
        return False
    return finding.occurrence.start < occurrence.end and occurrence.start < finding.occurrence.end


def current(case: Case) -> Finding | None:
    """The living finding that today's verdict speaks of."""
    for finding in case.findings:
        if finding.kind is Kind.STATE or same_event(finding, case.verdict.occurrence):
            return finding
    return None


def transitions(case: Case, now: datetime) -> list[tuple[Finding | None, Transition]]:
    """All changes for one person and rule; each with the finding that it rests on.

    State: opened by a deviation, resolved when the mailbox is in order, lapsed when the norm no longer
    applies. Event: opened once per occurrence; as long as nobody was told, it is resolved or lapses like a
    state, and its letter with it. Once told it stays until the occurrence is over: an event is told once.
    A deviation that somebody answerable waived is opened, or kept, as waived; without the waiver it is open.
    """
    changes: list[tuple[Finding | None, Transition]] = []
    verdict, found = case.verdict, current(case)
    deviates = FindingState.WAIVED if case.waived else FindingState.OPEN
    if verdict.outcome is Outcome.DEVIATION and found is None:
        changes.append((None, _opening(case, deviates, now)))
    for finding in case.findings:
        if not finding.state.live:
            continue
        told = finding.state in (FindingState.TOLD, FindingState.REMINDED)
        if finding.kind is Kind.EVENT and finding.occurrence and finding.occurrence.end <= now:
            changes.append((finding, _change(finding, FindingState.LAPSED)))
        elif finding.kind is Kind.EVENT and told:
            continue
        elif finding is found and verdict.outcome is Outcome.DEVIATION:
            if (finding.state is FindingState.WAIVED) != case.waived:
                changes.append((finding, _change(finding, deviates)))
        elif finding is found and verdict.outcome in (Outcome.COMPLIANT, Outcome.TIP):
            changes.append((finding, _change(finding, FindingState.RESOLVED)))
        elif _speaks_of_none(verdict, finding.kind):
            changes.append((finding, _change(finding, FindingState.LAPSED)))
    return changes


def _speaks_of_none(verdict: Verdict, kind: Kind) -> bool:
    """Whether a verdict says that there is nothing to find: a tip of an event rule may be about no event."""
    of_no_event = verdict.outcome is Outcome.TIP and kind is Kind.EVENT and verdict.occurrence is None
    return verdict.outcome is Outcome.NOT_APPLICABLE or of_no_event


def _opening(case: Case, to: FindingState, now: datetime) -> Transition:
    finding = finding_id(case.person, case.rule, case.verdict.occurrence, now)
    return Transition(finding, case.person, case.rule, case.kind, 0, to, case.verdict.occurrence)


def _change(finding: Finding, to: FindingState) -> Transition:
    return Transition(
        finding.id, finding.person, finding.rule, finding.kind, finding.version, to, finding.occurrence
    )


def finding_id(person: PersonKey, rule: RuleId, occurrence: Interval | None, opened: datetime) -> FindingId:
    """Who, which rule, which event and when it was opened: no measured value is in it."""
    event = occurrence.start.isoformat() if occurrence else "state"
    text = f"{person}/{rule}/{event}/{opened.isoformat()}"
    return FindingId(hashlib.sha256(text.encode()).hexdigest()[:32])
