"""Makes the plan of a sweep: what changes, which letters that causes, and which of them have to wait."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from mailbot.engine.ladder import Ladder, Recipient, crowded, frozen, reminder_due, rests_after, told_before
from mailbot.engine.letter_window import LetterHours, Window, own_window, urgent_window
from mailbot.engine.lifecycle import current, transitions
from mailbot.engine.office_days import is_office_day, next_office_day
from mailbot.model.findings import Finding, FindingState, Transition
from mailbot.model.ids import FindingId, PersonKey, RuleId
from mailbot.model.letters import LAST, LetterKind, LetterOrder
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.verdicts import Kind, Outcome, Shown
from mailbot.model.worktime import WorkCalendar

__all__ = [
    "WEEK",
    "HeldFor",
    "LetterHours",
    "Limits",
    "is_office_day",
    "make_steps",
    "next_office_day",
]

WEEK = timedelta(days=7)


def never(_key: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """`cap` letters per run; `priority` orders them (lowest first, then by a lot drawn anew each day).

    `test` is set in mode redirect: letters are made as test letters, one per finding, and tell nobody.
    `silent` are rules whose findings are work for an administrator: nobody gets a letter about them.
    Letters of the rules in `urgent` leave on the same day or not at all. `hints` are the codes of tips
    that are told by letter, `hinted` tells of the key of such a letter, and of one of thanks, whether it was
    made already.
    """

    cap: int
    hours: LetterHours
    priority: Mapping[RuleId, int]
    test: bool = False
    silent: frozenset[RuleId] = frozenset()
    urgent: frozenset[RuleId] = frozenset()
    hints: Mapping[RuleId, frozenset[str]] = field(default_factory=dict)
    hinted: Callable[[str], bool] = never
    ladder: Ladder = field(default_factory=Ladder)


HeldFor = Callable[[PersonKey, RuleId], Held | None]


IN_ORDER = (Outcome.COMPLIANT, Outcome.TIP)


class Rank(IntEnum):
    """How useful a letter is before its rule says more."""

    ASKS = 0
    TIPS = 1
    THANKS = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """A letter that a deviation, a tip or its mending calls for. `key` and `finding` are the letter's, `base`
    and `transition` its step's. An `urgent` one is of use today only."""

    rank: Rank
    kind: LetterKind
    person: PersonKey
    rule: RuleId
    key: str
    finding: FindingId | None = None
    base: Finding | None = None
    transition: Transition | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict, repr=False)
    urgent: bool = False

    def step(self, letter: LetterOrder | None, held: Held | None = None) -> PlanStep:
        return PlanStep(self.person, self.rule, self.base, self.transition, letter, held)


def make_steps(
    cases: Iterable[Case],
    calendar: WorkCalendar,
    limits: Limits,
    held_for: HeldFor,
    nudged_this_week: Collection[PersonKey],
    recipients: Mapping[PersonKey, Recipient],
    mended: Iterable[Finding] = (),
) -> tuple[PlanStep, ...]:
    """All steps of one sweep. Urgent letters do not count for the week; all count for the cap.

    `mended` are findings that were told and are resolved, for thanks. Whoever is not among the `recipients`
    gets no letter. A letter that the ladder holds back is held for that, whatever else would hold it: what a
    rule that only observes is said to have sent is what it would have sent.
    """
    steps: list[PlanStep] = []
    wishes: list[Wish] = []
    unmended: set[tuple[PersonKey, RuleId]] = set()
    for case in cases:
        found, opening = current(case), None
        for base, transition in transitions(case, calendar.now):
            if transition.to is FindingState.OPEN:
                found, opening = base, transition
                continue
            steps.append(PlanStep(case.person, case.rule, base, transition, None))
            found = None if base is found else found
        wish = _wish(case, found, opening, limits)
        if wish is not None:
            wishes.append(wish)
        elif opening is not None:
            steps.append(PlanStep(case.person, case.rule, found, opening, None))
        if case.waived or case.verdict.outcome not in IN_ORDER or any(f.state.live for f in case.findings):
            unmended.add((case.person, case.rule))
    wishes += _thanks(mended, unmended, limits)
    nudged = set(nudged_this_week)
    made = 0
    for wish in sorted(wishes, key=lambda wish: _order(wish, calendar, limits)):
        recipient = recipients.get(wish.person)
        window = _window(wish, recipient, calendar, limits)
        if not _due(wish, recipient, window, calendar, limits.ladder):
            continue
        held = _on_the_ladder(wish, recipient, window, calendar, limits)
        held = held or held_for(wish.person, wish.rule)
        if held is None:
            if limits.test and wish.base is not None and wish.base.letters:
                held = Held.TESTED
            elif not wish.urgent and wish.person in nudged:
                held = Held.ONE_A_WEEK
            elif made >= limits.cap:
                held = Held.CAP
        if held is not None or window is None:
            steps.append(wish.step(None, held))
            continue
        steps.append(wish.step(_letter(wish, window, recipients[wish.person], limits)))
        made += 1
        if not wish.urgent:
            nudged.add(wish.person)
    return tuple(steps)


def _wish(case: Case, base: Finding | None, opening: Transition | None, limits: Limits) -> Wish | None:
    """The letter that today's verdict calls for, before anything holds it back. `base` is the finding that it
    speaks of, `opening` what opens it, or opens it again."""
    if case.rule in limits.silent or case.waived:
        return None
    if case.verdict.outcome is Outcome.TIP:
        return _hint(case, limits)
    if case.verdict.outcome is not Outcome.DEVIATION:
        return None
    state = opening.to if opening else base.state if base else None
    if base is not None and base.pending:
        return None
    if state is FindingState.OPEN:
        kind = LetterKind.NUDGE
    elif state in (FindingState.TOLD, FindingState.REMINDED) and case.kind is Kind.STATE:
        kind = LetterKind.REMINDER
    else:
        return None
    finding = opening.finding if opening else base.id if base else None
    number = base.letters if base is not None else 0
    return Wish(
        Rank.ASKS,
        kind,
        case.person,
        case.rule,
        f"{finding}/{kind}/{number}",
        finding,
        base,
        opening,
        case.verdict.shown,
        case.rule in limits.urgent,
    )


def _hint(case: Case, limits: Limits) -> Wish | None:
    """A tip that is worth a letter: without a finding, and once for as long as letters are kept."""
    why = case.verdict.why
    key = f"hint/{case.rule}/{why}/{case.person}" + ("/test" if limits.test else "")
    if why not in limits.hints.get(case.rule, ()) or limits.hinted(key):
        return None
    return Wish(Rank.TIPS, LetterKind.HINT, case.person, case.rule, key, shown=case.verdict.shown)


def _thanks(
    mended: Iterable[Finding], unmended: Collection[tuple[PersonKey, RuleId]], limits: Limits
) -> list[Wish]:
    """Thanks for what somebody mended after a letter, once per person and topic for as long as letters are
    kept; not while something on that topic is to be mended, or may be."""
    wishes: dict[str, Wish] = {}
    for finding in sorted(mended, key=lambda finding: (finding.changed, finding.id)):
        person, rule = finding.person, finding.rule
        key = f"thanks/{rule}/{person}"
        thanked = not limits.ladder.thanks or rule in limits.silent or limits.hinted(key)
        if not thanked and finding.kind is Kind.STATE and (person, rule) not in unmended:
            wishes[key] = Wish(Rank.THANKS, LetterKind.THANKS, person, rule, key, finding.id, finding)
    return list(wishes.values())


def _order(wish: Wish, calendar: WorkCalendar, limits: Limits) -> tuple[int, int, str, str]:
    """The most useful first; among equals by lot, or the same people would wait whenever the cap is met."""
    lot = hashlib.sha256(f"{calendar.today}/{wish.person}".encode()).hexdigest()
    return wish.rank, limits.priority.get(wish.rule, 50), lot, wish.rule


def _window(wish: Wish, recipient: Recipient | None, calendar: WorkCalendar, limits: Limits) -> Window | None:
    if recipient is None:
        return None
    if wish.urgent:
        return urgent_window(calendar, limits.hours)
    return own_window(recipient.person, calendar, limits.hours)


def _due(
    wish: Wish, recipient: Recipient | None, window: Window | None, calendar: WorkCalendar, ladder: Ladder
) -> bool:
    """Whether its time has come; until then a reminder is not even held back. Who was told of the topic
    before may have been thanked before, by a letter that is forgotten: once is enough."""
    if wish.kind is LetterKind.THANKS and recipient is not None and wish.base is not None:
        return not told_before(wish.base, recipient, calendar.now)
    if wish.kind is not LetterKind.REMINDER:
        return True
    if recipient is None or window is None or wish.base is None:
        return False
    moment = max(calendar.now, window[0])
    return reminder_due(wish.base, recipient.person, ladder, calendar, moment)


def _on_the_ladder(
    wish: Wish, recipient: Recipient | None, window: Window | None, calendar: WorkCalendar, limits: Limits
) -> Held | None:
    """Why the ladder holds a letter back. Thanks ask for nothing, and are on no topic's ladder."""
    if recipient is None:
        return Held.LEFT
    if window is None:
        return Held.TOO_LATE_TODAY if wish.urgent else Held.AWAY
    day = calendar.local(window[0]).date()
    moment = max(calendar.now, window[0])
    held = frozen(recipient, limits.ladder, calendar, day, moment if wish.urgent else None)
    if held is None and wish.kind is not LetterKind.THANKS:
        once = wish.kind is LetterKind.HINT
        held = crowded(recipient, wish.rule, limits.ladder, moment, wish.urgent, once)
    return held


def _letter(wish: Wish, window: Window, recipient: Recipient, limits: Limits) -> LetterOrder:
    """The last letter on its topic for a while says so."""
    last = wish.rank is not Rank.THANKS and rests_after(recipient, wish.rule, limits.ladder, window[0])
    return LetterOrder(
        key=wish.key,
        kind=wish.kind,
        topic=wish.rule,
        person=wish.person,
        shown={**wish.shown, LAST: True} if last else wish.shown,
        not_before=window[0],
        not_after=window[1],
        finding=wish.finding,
        weekly=not wish.urgent,
        test=limits.test,
    )
