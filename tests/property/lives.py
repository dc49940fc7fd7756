"""One person over some weeks: verdicts come in, plans are carried out, letters arrive, wait or are lost.

What a store and an outbox do with a plan is told here in a dozen lines, so that the laws of findings can be
held against the real lifecycle and the real plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.engine import plan
from mailbot.model.facts import Reason
from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.letters import LetterOrder
from mailbot.model.mailbox import Interval
from mailbot.model.plan import Case, PlanStep
from mailbot.model.verdicts import Kind, Verdict, compliant, deviation, not_applicable, tip, unknown
from mailbot.model.worktime import ClosedDays, WorkCalendar

RULES = {RuleId("quota"): Kind.STATE, RuleId("out_of_office"): Kind.EVENT}
LIMITS = plan.Limits(
    cap=1000,
    hours=plan.LetterHours(),
    priority={RuleId("quota"): 40, RuleId("out_of_office"): 20},
    urgent=frozenset({RuleId("out_of_office")}),
)
CLOSED = ClosedDays({2026: frozenset({date(2026, 4, 6), date(2026, 4, 27)})})
FIRST_DAY = date(2026, 3, 9)
SOMEBODY = PersonKey("a" * 64)


class Fate(StrEnum):
    """What becomes of a letter by the next sweep."""

    SENT = "sent"
    WAITING = "waiting"
    LOST = "lost"  # expired, withdrawn or refused: nobody read it


@dataclass(frozen=True, slots=True)
class Turn:
    """One sweep of one mailbox. `occurrence` is days until an absence starts and how long it lasts."""

    verdict: str
    occurrence: tuple[int, int]
    measured: int
    fate: Fate
    hour: int


turns = st.builds(
    Turn,
    verdict=st.sampled_from(("deviation", "deviation", "compliant", "tip", "not_applicable", "unknown")),
    occurrence=st.tuples(st.integers(1, 5), st.integers(1, 9)),
    measured=st.integers(1, 10**12),
    fate=st.sampled_from(Fate),
    hour=st.integers(0, 23),
)


@dataclass
class Life:
    """One person under one rule. `letters` are all that were ordered, `read` those that arrived."""

    rule: RuleId
    findings: dict[FindingId, Finding] = field(default_factory=dict)
    history: list[tuple[datetime, Transition]] = field(default_factory=list)
    letters: list[LetterOrder] = field(default_factory=list)
    read: list[LetterOrder] = field(default_factory=list)
    told_at: list[datetime] = field(default_factory=list)

    def living(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings.values() if finding.state.live)

    def sweep(self, now: datetime, verdict: Verdict, fate: Fate) -> tuple[PlanStep, ...]:
        calendar = WorkCalendar(now, ZONE, CLOSED)
        case = Case(SOMEBODY, self.rule, RULES[self.rule], verdict, self.living())
        nudged = {SOMEBODY} if any(now - at < plan.WEEK for at in self.told_at) else set()
        steps = plan.make_steps([case], calendar, LIMITS, lambda _person: None, nudged)
        for step in steps:
            if step.transition is not None:
                self._change(step.transition, now)
            if step.letter is not None:
                self._order(step.letter, fate, now)
        return steps

    def _change(self, transition: Transition, now: datetime) -> None:
        old = self.findings.get(transition.finding)
        assert transition.base_version == (old.version if old else 0), "a plan rests on what is there"
        self.history.append((now, transition))
        if old is None:
            self.findings[transition.finding] = Finding(
                transition.finding, SOMEBODY, self.rule, transition.kind, transition.to, 1, now, now,
                transition.occurrence,
            )  # fmt: skip
        else:
            self.findings[old.id] = replace(old, state=transition.to, version=old.version + 1, changed=now)

    def _order(self, order: LetterOrder, fate: Fate, now: datetime) -> None:
        assert order.key not in {letter.key for letter in self.letters}, "the same letter is never made twice"
        assert order.finding is not None
        self.letters.append(order)
        finding = self.findings[order.finding]
        finding = replace(finding, letters=finding.letters + 1, pending=fate is Fate.WAITING)
        if fate is Fate.SENT:
            self.read.append(order)
            if order.weekly:
                self.told_at.append(now)
            finding = replace(finding, state=FindingState.TOLD, version=finding.version + 1)
        self.findings[finding.id] = finding


def verdict_of(turn: Turn, kind: Kind, now: datetime) -> Verdict:
    occurrence = None
    if kind is Kind.EVENT:
        starts_in, lasts = turn.occurrence
        start = (now + timedelta(days=starts_in)).replace(hour=7, minute=30)
        occurrence = Interval(start, start + timedelta(days=lasts, hours=-15))
    match turn.verdict:
        case "deviation":
            return deviation("over", occurrence, size_bytes=turn.measured)
        case "compliant":
            return compliant("fine", occurrence)
        case "tip":
            return tip("nearly", occurrence, size_bytes=turn.measured)
        case "not_applicable":
            return not_applicable("nothing")
        case _:
            return unknown(Reason.TIMED_OUT)


def live(rule: RuleId, course: Sequence[Turn]) -> Life:
    """One sweep a day, at any hour, from the first day on."""
    life = Life(rule)
    for number, turn in enumerate(course):
        now = datetime.combine(FIRST_DAY + timedelta(days=number), time(turn.hour), ZONE).astimezone(UTC)
        life.sweep(now, verdict_of(turn, RULES[rule], now), turn.fate)
    return life
