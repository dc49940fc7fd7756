"""The story of one person, as far as it is kept: what findings went through, and when letters may come."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mailbot.engine.ladder import Ladder
from mailbot.model.findings import Finding, FindingChange, FindingState, TopicLetters
from mailbot.model.ids import FindingId, PersonKey, PlanId, RuleId
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.plan import Held, Plan
from mailbot.policy.packs import Pack

WEEK = timedelta(days=7)
TRIED = (LetterState.SENT, LetterState.REFUSED, LetterState.BOUNCED, LetterState.SET_ASIDE)


class Happened(StrEnum):
    """What one change of a finding means to whoever reads of it."""

    OPENED = "opened"
    TOLD = "told"
    REMINDED = "reminded"
    CAME_BACK = "came_back"  # the letter did: it does not count
    MENDED = "mended"
    WAIVED = "waived"
    WAIVER_OVER = "waiver_over"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    rule: RuleId
    happened: Happened


@dataclass(frozen=True, slots=True)
class Ahead:
    """No letter on the topic before that moment, and why; of any topic where `topic` is None."""

    topic: RuleId | None
    before: datetime
    why: Held


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The newest plan that was carried out made no letter on this topic, and why."""

    rule: RuleId
    planned: datetime
    why: Held


@dataclass(frozen=True, slots=True)
class WouldDo:
    """A step of a plan that waits for a human, should it be run: `letter` is the kind that it orders; without
    one it only notes what was found, and `why` is why no letter is due, where there is a reason."""

    rule: RuleId
    letter: LetterKind | None
    why: Held | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The plan that the brake holds, and what it would do to one person; nothing has been done yet."""

    plan: PlanId
    planned: datetime
    steps: tuple[WouldDo, ...]


@dataclass(frozen=True, slots=True)
class WaivedUntil:
    """A waiver that holds today: by which function it was given, and its last day."""

    rule: RuleId
    owner: str
    until: date


def events(
    findings: Iterable[Finding], history: Iterable[FindingChange], letters: Iterable[OutboxLetter]
) -> tuple[Event, ...]:
    """Oldest first. A change whose finding is not kept is not told of."""
    rules = {finding.id: finding.rule for finding in findings}
    bounced = {(x.order.finding, x.changed) for x in letters if x.state is LetterState.BOUNCED}
    return tuple(
        Event(change.at, rules[change.finding], _happened(change, bounced))
        for change in sorted(history, key=lambda change: change.at)
        if change.finding in rules
    )


def _happened(change: FindingChange, bounced: set[tuple[FindingId | None, datetime | None]]) -> Happened:
    if (change.finding, change.at) in bounced and change.before is not FindingState.OPEN:
        return Happened.CAME_BACK
    match change.after:
        case FindingState.OPEN if change.before is FindingState.WAIVED:
            return Happened.WAIVER_OVER
        case FindingState.OPEN:
            return Happened.OPENED if change.before is None else Happened.CAME_BACK
        case FindingState.TOLD:
            return Happened.CAME_BACK if change.before is FindingState.REMINDED else Happened.TOLD
        case FindingState.REMINDED:
            return Happened.REMINDED
        case FindingState.RESOLVED:
            return Happened.MENDED
        case FindingState.WAIVED:
            return Happened.WAIVED
        case FindingState.LAPSED:
            return Happened.LAPSED


def ahead(
    topics: Mapping[RuleId, TopicLetters],
    rests_until: datetime | None,
    letters: Iterable[OutboxLetter],
    ladder: Ladder,
    urgent: Collection[RuleId],
    now: datetime,
) -> tuple[Ahead, ...]:
    """Before when the ladder lets no letter come, whatever is found; topics in `urgent` are never too soon.
    Leave and days off come on top of it."""
    found: list[Ahead] = []
    if rests_until is not None and rests_until > now:
        found.append(Ahead(None, rests_until, Held.RESTING))
    weekly = [
        letter.changed + WEEK
        for letter in letters
        if letter.order.weekly and not letter.order.test and letter.state in TRIED and letter.changed
    ]
    if weekly and max(weekly) > now:
        found.append(Ahead(None, max(weekly), Held.ONE_A_WEEK))
    for topic, told in sorted(topics.items()):
        if told.letters >= ladder.most_letters:
            found.append(Ahead(topic, told.until, Held.SILENT))
            continue
        newest = told.until - timedelta(days=ladder.silence_days)
        if (soonest := newest + timedelta(days=ladder.reminder_days)) > now and topic not in urgent:
            found.append(Ahead(topic, soonest, Held.TOO_SOON))
    return tuple(found)


def held_back(plan: Plan, person: PersonKey) -> tuple[HeldBack, ...]:
    """By rule."""
    steps = (step for step in plan.steps if step.person == person)
    found = [HeldBack(step.rule, plan.made, step.held) for step in steps if step.held is not None]
    return tuple(sorted(found, key=lambda held: held.rule))


def waiting(plan: Plan, person: PersonKey) -> Waiting:
    """By rule."""
    steps = (step for step in plan.steps if step.person == person)
    found = [WouldDo(step.rule, step.letter.kind if step.letter else None, step.held) for step in steps]
    return Waiting(plan.id, plan.made, tuple(sorted(found, key=lambda step: step.rule)))


def articles(pack: Pack) -> Mapping[RuleId, tuple[str, ...]]:
    """The articles that each rule holds people to, as the pack counts them."""
    found: dict[RuleId, tuple[str, ...]] = {}
    for norm in pack.norms:
        if norm.rule is not None:
            found[norm.rule] = (*found.get(norm.rule, ()), norm.article)
    return found
