"""One person over weeks and months: verdicts come in, plans are carried out or not, letters arrive, wait, are
lost or come back.

What a store, an outbox and a courier do is told here in few words, so that the laws of findings and letters
can be held against the real lifecycle, the real ladder and the real plan.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from hypothesis import strategies as st

from mailbot.casefiles.notation import ZONE
from mailbot.engine import plan
from mailbot.engine.ladder import Ladder, Recipient, frozen, quiet_until
from mailbot.model.accounts import Language
from mailbot.model.facts import Fact, Known, Reason
from mailbot.model.findings import Finding, FindingState, TopicLetters, Transition
from mailbot.model.ids import Address, FindingId, ObjectGuid, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState
from mailbot.model.mailbox import Interval
from mailbot.model.people import NOT_SAID, Person
from mailbot.model.plan import Case, PlanStep
from mailbot.model.verdicts import Kind, Verdict, compliant, deviation, not_applicable, tip, unknown
from mailbot.model.worktime import ClosedDays, Hours, WorkCalendar, WorkPattern

LABELLED, ABSENCE = RuleId("confidential_external"), RuleId("out_of_office")
DELEGATES, QUOTA = RuleId("delegates"), RuleId("quota")
RULES = {LABELLED: Kind.EVENT, ABSENCE: Kind.EVENT, DELEGATES: Kind.STATE, QUOTA: Kind.STATE}
LIMITS = plan.Limits(
    cap=1000,
    hours=plan.LetterHours(),
    priority={LABELLED: 10, ABSENCE: 20, DELEGATES: 30, QUOTA: 40},
    urgent=frozenset({ABSENCE}),
    hints={DELEGATES: frozenset({"private_folder_shared"})},
)
CLOSED = ClosedDays(
    {
        2026: frozenset({date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 14), date(2026, 12, 25)}),
        2027: frozenset({date(2027, 1, 1), date(2027, 3, 29)}),
    }
)
FIRST_DAY = date(2026, 3, 9)
SOMEBODY = PersonKey("a" * 64)
ASKING = (LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT)
FULL_DAY = (Hours(time(8, 30), time(17)),)


def roster_of(weekdays: Sequence[int]) -> Fact[WorkPattern]:
    """None given: personnel says nothing, and office days count."""
    pattern = WorkPattern(dict.fromkeys(weekdays, FULL_DAY))
    return Known(pattern, datetime(2026, 1, 1, tzinfo=UTC)) if weekdays else NOT_SAID


def somebody(roster: Sequence[int] = (), starts: date | None = None, ends: date | None = None) -> Person:
    return Person(
        guid=ObjectGuid("1"),
        address=Address("medewerker@voorbeeld.example"),
        name="Medewerker",
        language=Language.NL,
        enabled=NOT_SAID,
        recipient_type=NOT_SAID,
        hold=NOT_SAID,
        roster=roster_of(roster),
        starts=starts,
        ends=ends,
    )


def local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


class Fate(StrEnum):
    """What becomes of a letter that may leave now."""

    SENT = "sent"
    WAITING = "waiting"
    LOST = "lost"  # withdrawn or refused: nobody read it
    IN_DOUBT = "in_doubt"


@dataclass(slots=True)
class Posted:
    """One row of the outbox; `at` is when its state changed."""

    order: LetterOrder
    state: LetterState
    at: datetime


@dataclass
class World:
    """One person, a store, an outbox and a courier. `arrived` is called with each letter that is read, just
    before anything else learns of it."""

    person: Person
    limits: plan.Limits = LIMITS
    findings: dict[FindingId, Finding] = field(default_factory=dict)
    history: list[tuple[datetime, Transition]] = field(default_factory=list)
    outbox: dict[str, Posted] = field(default_factory=dict)
    topics: dict[RuleId, TopicLetters] = field(default_factory=dict)
    away: Interval | None = None
    rests_until: datetime | None = None
    arrived: Callable[[LetterOrder, datetime], None] = lambda _order, _at: None

    @property
    def ladder(self) -> Ladder:
        return self.limits.ladder

    @property
    def letters(self) -> list[LetterOrder]:
        return [posted.order for posted in self.outbox.values()]

    @property
    def read(self) -> list[LetterOrder]:
        return [posted.order for posted in self.outbox.values() if posted.state is LetterState.SENT]

    def living(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings.values() if finding.state.live)

    def recipient(self, now: datetime) -> Recipient:
        """An absence in the calendar is known until it is over, as long as nobody forgets to look."""
        topics = {rule: topic for rule, topic in self.topics.items() if topic.until > now}
        found = Recipient(self.person, None, self.rests_until, topics)
        if self.away is None or now >= self.away.end:
            return found
        return replace(found, away_from=self.away.start, away_until=self.away.end)

    # a sweep

    def cases(
        self, verdicts: Mapping[RuleId, Verdict], now: datetime, waived: frozenset[RuleId] = frozenset()
    ) -> list[Case]:
        """With events that somebody was told of and that are not over, whatever became of the finding."""
        told = {p.order.finding for p in self.outbox.values() if p.state in MAY_HAVE_ARRIVED}
        return [
            Case(
                SOMEBODY,
                rule,
                RULES[rule],
                verdict,
                tuple(
                    finding
                    for finding in self.findings.values()
                    if finding.rule == rule
                    and (finding.state.live or (finding.id in told and _not_over(finding, now)))
                ),
                rule in waived,
            )
            for rule, verdict in verdicts.items()
        ]

    def plan(self, cases: Sequence[Case], now: datetime) -> tuple[PlanStep, ...]:
        """Nothing changes by it."""
        calendar, recipient = WorkCalendar(now, ZONE, CLOSED), self.recipient(now)
        weekly = [p for p in self.outbox.values() if p.order.weekly]
        nudged = any(
            p.state.under_way or (p.state is LetterState.SENT and p.at >= now - plan.WEEK) for p in weekly
        )
        limits = replace(self.limits, hinted=self.outbox.__contains__)
        return plan.make_steps(
            cases,
            calendar,
            limits,
            lambda _person, _rule: None,
            {SOMEBODY} if nudged else (),
            {SOMEBODY: recipient},
            list(self._mended(now - timedelta(days=14))),
        )

    def let_rest(self, now: datetime) -> None:
        """A sweep remembers of an absence what no later one, and no courier, would know."""
        quiet = quiet_until(self.recipient(now), self.ladder, WorkCalendar(now, ZONE, CLOSED))
        if quiet is not None:
            self.rest(quiet)

    def _mended(self, since: datetime) -> Iterator[Finding]:
        thanked = {p.order.finding for p in self.outbox.values() if p.order.kind is LetterKind.THANKS}
        for finding in self.findings.values():
            resolved = finding.state is FindingState.RESOLVED and finding.changed >= since
            if resolved and finding.steps and finding.id not in thanked:
                yield finding

    def carry_out(self, steps: Sequence[PlanStep], now: datetime) -> None:
        for step in steps:
            if step.transition is not None:
                self._change(step.transition, now)
            elif step.finding is not None:
                assert self.findings[step.finding.id].version == step.finding.version
            if step.letter is not None:
                self._order(step.letter, now)

    def _change(self, transition: Transition, now: datetime) -> None:
        old = self.findings.get(transition.finding)
        assert transition.base_version == (old.version if old else 0), "a plan rests on what is there"
        self.history.append((now, transition))
        if old is None:
            self.findings[transition.finding] = Finding(
                transition.finding, SOMEBODY, transition.rule, transition.kind, transition.to, 1, now, now,
                transition.occurrence,
            )  # fmt: skip
        else:
            self.findings[old.id] = replace(old, state=transition.to, version=old.version + 1, changed=now)
        if not transition.to.live or transition.to is FindingState.WAIVED:
            for posted in self.outbox.values():
                if posted.order.finding == transition.finding and posted.state is LetterState.WAITING:
                    self._move(posted, LetterState.WITHDRAWN, now)

    def _order(self, order: LetterOrder, now: datetime) -> None:
        assert order.key not in self.outbox, "the same letter is never made twice"
        self.outbox[order.key] = Posted(order, LetterState.WAITING, now)
        if order.finding is not None:
            finding = self.findings[order.finding]
            self.findings[finding.id] = replace(finding, letters=finding.letters + 1, pending=True)

    # delivery

    def deliver(self, now: datetime, fate: Fate = Fate.SENT) -> None:
        calendar = WorkCalendar(now, ZONE, CLOSED)
        for posted in self.outbox.values():
            order = posted.order
            if posted.state is not LetterState.WAITING or not self._may_leave(order, calendar):
                continue
            if now > order.not_after:
                self._move(posted, LetterState.EXPIRED, now)
            elif fate is Fate.SENT:
                self._arrive(posted, now)
            elif fate is Fate.LOST:
                self._move(posted, LetterState.REFUSED, now)
            elif fate is Fate.IN_DOUBT and order.weekly:
                self._move(posted, LetterState.IN_DOUBT, now)

    def _may_leave(self, order: LetterOrder, calendar: WorkCalendar) -> bool:
        if calendar.now > order.not_after:
            return True  # to its end
        opens, closes = self.limits.hours.office
        clock = calendar.local(calendar.now).time()
        open_now = plan.is_office_day(calendar, calendar.today) and opens <= clock < closes
        free = frozen(self.recipient(calendar.now), self.ladder, calendar, calendar.today) is None
        return calendar.now >= order.not_before and free and (open_now or not order.weekly)

    def settle_doubt(self, now: datetime, arrived: bool) -> None:
        """A human found out."""
        for posted in self.outbox.values():
            if posted.state is LetterState.IN_DOUBT and arrived:
                self._arrive(posted, now)
            elif posted.state is LetterState.IN_DOUBT:
                self._move(posted, LetterState.WITHDRAWN, now)

    def _arrive(self, posted: Posted, now: datetime) -> None:
        order = posted.order
        self.arrived(order, now)
        self._move(posted, LetterState.SENT, now)
        if order.kind not in ASKING:
            return
        rule = RuleId(order.topic)
        before = self.topics.get(rule)
        number = before.letters if before is not None and before.until > now else 0
        self.topics[rule] = TopicLetters(number + 1, now + timedelta(days=self.ladder.silence_days))
        if order.finding is not None:
            finding = self.findings[order.finding]
            climbed = {FindingState.OPEN: FindingState.TOLD, FindingState.TOLD: FindingState.REMINDED}
            self.findings[finding.id] = replace(
                finding,
                state=climbed.get(finding.state, finding.state),
                version=finding.version + 1,
                steps=finding.steps + 1,
                told=now,
            )

    def bounce(self, now: datetime) -> None:
        """The newest letter that was sent comes back: nobody was told, and the person is left in peace."""
        sent = [p for p in self.outbox.values() if p.state is LetterState.SENT and p.order.kind in ASKING]
        if not sent:
            return
        posted = max(sent, key=lambda p: p.at)
        self._move(posted, LetterState.BOUNCED, now)
        self.rest(now + timedelta(days=14))
        topic = self.topics.pop(RuleId(posted.order.topic), None)
        if topic is not None and topic.letters > 1:
            self.topics[RuleId(posted.order.topic)] = replace(topic, letters=topic.letters - 1)
        if posted.order.finding is not None:
            finding = self.findings[posted.order.finding]
            climbed = finding.state in (FindingState.TOLD, FindingState.REMINDED)
            fallen = FindingState.TOLD if finding.steps > 1 else FindingState.OPEN
            self.findings[finding.id] = replace(
                finding,
                state=fallen if climbed else finding.state,
                version=finding.version + 1,
                steps=finding.steps - 1,
                told=finding.told if finding.steps > 1 else None,
            )

    def rest(self, until: datetime) -> None:
        self.rests_until = max(self.rests_until or until, until)

    def _move(self, posted: Posted, to: LetterState, now: datetime) -> None:
        posted.state, posted.at = to, now
        if posted.order.finding is not None:
            pending = any(
                p.state.under_way for p in self.outbox.values() if p.order.finding == posted.order.finding
            )
            self.findings[posted.order.finding] = replace(
                self.findings[posted.order.finding], pending=pending
            )


MAY_HAVE_ARRIVED = (LetterState.SENT, LetterState.DRAFTED, LetterState.IN_DOUBT)


def _not_over(finding: Finding, now: datetime) -> bool:
    return finding.occurrence is not None and finding.occurrence.end > now


@dataclass(frozen=True, slots=True)
class Turn:
    """One sweep of one mailbox. `occurrence` is days until an absence starts and how long it lasts."""

    verdict: str
    occurrence: tuple[int, int]
    measured: int
    fate: Fate
    hour: int
    waived: bool = False


turns = st.builds(
    Turn,
    verdict=st.sampled_from(("deviation", "deviation", "compliant", "tip", "not_applicable", "unknown")),
    occurrence=st.tuples(st.integers(1, 5), st.integers(1, 9)),
    measured=st.integers(1, 10**12),
    fate=st.sampled_from(Fate),
    hour=st.integers(0, 23),
    waived=st.sampled_from((False, False, True)),
)


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
            return tip("private_folder_shared", occurrence, size_bytes=turn.measured)
        case "not_applicable":
            return not_applicable("nothing")
        case _:
            return unknown(Reason.TIMED_OUT)


def live(rule: RuleId, course: Sequence[Turn]) -> World:
    """One sweep a day, at any hour, from the first day on; letters meet their fate in the hours after it."""
    world = World(somebody())
    for number, turn in enumerate(course):
        day = FIRST_DAY + timedelta(days=number)
        now = local(day, time(turn.hour))
        verdict = verdict_of(turn, RULES[rule], now)
        waived = frozenset({rule} if turn.waived else ())
        world.carry_out(world.plan(world.cases({rule: verdict}, now, waived), now), now)
        for clock in (time(8, 30), time(12), time(16), time(23, 59)):
            if now < local(day, clock):
                world.deliver(local(day, clock), turn.fate)
    return world
