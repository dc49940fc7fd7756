"""Makes the plan of a sweep: what changes, which letters that causes, and which of them have to wait."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from mailbot.engine.lifecycle import current, transitions
from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Outcome
from mailbot.model.worktime import WorkCalendar

WEEK = timedelta(days=7)
PATIENCE_DAYS = 5
"""Office days for which an ordinary letter may wait in the outbox before it is stale."""


@dataclass(frozen=True, slots=True)
class LetterHours:
    """Local times between which letters leave: ordinary ones on office days, urgent ones on their day."""

    office: tuple[time, time] = (time(8, 30), time(17))
    urgent: tuple[time, time] = (time(10), time(15))


def never(_key: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """`cap` letters per run; `priority` orders them (lowest first, then by a mix that favours nobody).

    `test` is set in mode redirect: letters are made as test letters, one per finding, and tell nobody.
    `silent` are rules whose findings are work for an administrator: nobody gets a letter about them.
    Letters of the rules in `urgent` leave on the same day or not at all. `hints` are the codes of tips
    that are told by letter, `hinted` tells of the key of such a letter whether it was made already.
    """

    cap: int
    hours: LetterHours
    priority: Mapping[RuleId, int]
    test: bool = False
    silent: frozenset[RuleId] = frozenset()
    urgent: frozenset[RuleId] = frozenset()
    hints: Mapping[RuleId, frozenset[str]] = field(default_factory=dict)
    hinted: Callable[[str], bool] = never


HeldFor = Callable[[PersonKey], Held | None]


def make_steps(
    cases: Iterable[Case],
    calendar: WorkCalendar,
    limits: Limits,
    held_for: HeldFor,
    nudged_this_week: Collection[PersonKey],
) -> tuple[PlanStep, ...]:
    """All steps of one sweep. Urgent letters do not count for the week; all count for the cap."""
    steps: list[PlanStep] = []
    wishes: list[tuple[Case, PlanStep]] = []
    for case in cases:
        opening = None
        for finding, transition in transitions(case, calendar.now):
            if finding is None:
                opening = transition
            else:
                steps.append(PlanStep(case.person, case.rule, finding, transition, None))
        if case.rule in limits.silent:
            steps += [PlanStep(case.person, case.rule, None, opening, None)] if opening else []
        elif case.verdict.outcome is Outcome.DEVIATION:
            wish = _wish(case, current(case), opening, calendar, limits)
            if wish is not None:
                wishes.append((case, wish))
        elif case.verdict.why in limits.hints.get(case.rule, ()):
            hint = _hint(case, calendar, limits)
            if hint is not None:
                wishes.append((case, hint))
    nudged = set(nudged_this_week)
    made = 0
    for case, wish in sorted(wishes, key=lambda pair: _order(pair[0], limits)):
        letter, held = wish.letter, wish.held or held_for(case.person)
        if held is None and letter is not None:
            if limits.test and wish.finding is not None and wish.finding.letters:
                held = Held.TESTED
            elif letter.weekly and case.person in nudged:
                held = Held.ONE_A_WEEK
            elif made >= limits.cap:
                held = Held.CAP
        if held is not None:
            steps.append(PlanStep(case.person, case.rule, wish.finding, wish.transition, None, held))
            continue
        steps.append(wish)
        made += 1
        if letter is not None and letter.weekly:
            nudged.add(case.person)
    return tuple(steps)


def _wish(
    case: Case,
    found: Finding | None,
    opening: Transition | None,
    calendar: WorkCalendar,
    limits: Limits,
) -> PlanStep | None:
    """The step that tells of a deviation nobody told yet, before anything else holds it back."""
    if found is not None and (found.state is not FindingState.OPEN or found.pending):
        return None
    finding = found.id if found is not None else opening.finding if opening is not None else None
    if finding is None:
        return None
    urgent = case.rule in limits.urgent
    window = _window(urgent, calendar, limits.hours)
    if window is None:
        return PlanStep(case.person, case.rule, found, opening, None, Held.TOO_LATE_TODAY)
    number = found.letters if found is not None else 0
    order = LetterOrder(
        key=f"{finding}/nudge/{number}",
        kind=LetterKind.NUDGE,
        topic=case.rule,
        person=case.person,
        shown=case.verdict.shown,
        not_before=window[0],
        not_after=window[1],
        finding=finding,
        weekly=not urgent,
        test=limits.test,
    )
    return PlanStep(case.person, case.rule, found, opening, order)


def _hint(case: Case, calendar: WorkCalendar, limits: Limits) -> PlanStep | None:
    """The step that gives a tip: without a finding, and once for as long as letters are kept."""
    if case.verdict.outcome is not Outcome.TIP:
        return None
    key = f"hint/{case.rule}/{case.verdict.why}/{case.person}" + ("/test" if limits.test else "")
    window = _window(False, calendar, limits.hours)
    if window is None or limits.hinted(key):
        return None
    order = LetterOrder(
        key=key,
        kind=LetterKind.HINT,
        topic=case.rule,
        person=case.person,
        shown=case.verdict.shown,
        not_before=window[0],
        not_after=window[1],
        weekly=True,
        test=limits.test,
    )
    return PlanStep(case.person, case.rule, None, None, order)


def _order(case: Case, limits: Limits) -> tuple[bool, int, str, str]:
    """Tips after everything that asks for mending."""
    is_tip = case.verdict.outcome is Outcome.TIP
    return (is_tip, limits.priority.get(case.rule, 50), case.person, case.rule)


def _window(urgent: bool, calendar: WorkCalendar, hours: LetterHours) -> tuple[datetime, datetime] | None:
    """When a letter may leave. None when its day is over: an absence letter does not wait for tomorrow."""
    if urgent:
        start, end = (calendar.at(calendar.today, clock) for clock in hours.urgent)
        return (start, end) if calendar.now < end else None
    day = next_office_day(calendar, hours.office[1])
    last = day
    for _ in range(PATIENCE_DAYS):
        last = _office_day_after(calendar, last)
    return calendar.at(day, hours.office[0]), calendar.at(last, hours.office[1])


def next_office_day(calendar: WorkCalendar, closes: time) -> date:
    """Today when the office is open today and not closed yet, else the next office day."""
    today = calendar.today
    if is_office_day(calendar, today) and calendar.now < calendar.at(today, closes):
        return today
    return _office_day_after(calendar, today)


def _office_day_after(calendar: WorkCalendar, day: date) -> date:
    day += timedelta(days=1)
    while not is_office_day(calendar, day):
        day += timedelta(days=1)
    return day


def is_office_day(calendar: WorkCalendar, day: date) -> bool:
    """In a year that nobody settled only weekends are known to be closed; letters may wait for a weekday."""
    if not calendar.closed.covers(day.year):
        return day.weekday() < 5
    return calendar.is_office_day(day)
