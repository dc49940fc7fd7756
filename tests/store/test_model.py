"""A small model of slots, findings and letters, driven at random beside the store: both always agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mailbot.model.errors import Busy, PlanRefused
from mailbot.model.findings import FindingState, Transition
from mailbot.model.ids import FindingId, ObjectGuid, PersonKey, PlanId, RuleId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState
from mailbot.model.plan import Plan, PlanStep
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.model.verdicts import Kind
from mailbot.store.sql import SqlStore

DAY = date(2026, 3, 2)
QUOTA = RuleId("quota")
LEASE = timedelta(minutes=10)

NUMBERS = st.integers(0, 3)
OWNERS = st.sampled_from(["first", "second"])
WAYS = [
    (LetterState.WAITING, LetterState.CLAIMED),
    (LetterState.CLAIMED, LetterState.DRAFTED),
    (LetterState.DRAFTED, LetterState.SENT),
    (LetterState.DRAFTED, LetterState.IN_DOUBT),
    (LetterState.SENT, LetterState.BOUNCED),
]
SILENCE = timedelta(days=1)
LETTERS = st.sampled_from(["nudge", "reminder"])
CLIMBING = [FindingState.OPEN, FindingState.TOLD, FindingState.REMINDED]


@dataclass(frozen=True)
class ModelSlot:
    owner: str
    lease: datetime
    done: bool = False


@dataclass(frozen=True)
class ModelFinding:
    state: FindingState
    version: int
    letters: int = 0
    steps: int = 0


@dataclass(frozen=True)
class ModelLetter:
    finding: int
    state: LetterState
    not_after: datetime
    not_before: datetime
    counted: bool = False


@dataclass(frozen=True)
class ModelTopic:
    letters: int
    until: datetime


class StoreBesideItsModel(RuleBasedStateMachine):
    """Persons, findings and slots have small numbers; finding n is about person n."""

    def __init__(self) -> None:
        super().__init__()
        self.store = SqlStore("sqlite://", bytes(range(32)))
        self.now = datetime(2026, 3, 2, 7, tzinfo=UTC)
        self.slots: dict[int, ModelSlot] = {}
        self.findings: dict[int, ModelFinding] = {}
        self.letters: dict[str, ModelLetter] = {}
        self.topics: dict[int, ModelTopic] = {}
        self.rests: dict[int, datetime] = {}
        self.excluded: set[int] = set()
        self.paused: set[int] = set()

    def teardown(self) -> None:
        self.store.close()

    def guid(self, number: int) -> ObjectGuid:
        return ObjectGuid(f"00000000-0000-4000-8000-{number:012d}")

    def person(self, number: int) -> PersonKey:
        return self.store.person_key(self.guid(number))

    @rule(minutes=st.integers(1, 120))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(number=NUMBERS, owner=OWNERS)
    def claim(self, number: int, owner: str) -> None:
        slot, kept = Slot(Job.SWEEP, DAY, str(number)), self.slots.get(number)
        if kept is None:
            expected = Claim.NEW
        elif kept.done:
            expected = Claim.DONE
        elif kept.owner == owner or kept.lease <= self.now:
            expected = Claim.RESUMED
        else:
            expected = Claim.HELD
        with self.store.begin() as work:
            assert work.claim(slot, owner, self.now, self.now + LEASE) is expected
        if expected in (Claim.NEW, Claim.RESUMED):
            self.slots[number] = ModelSlot(owner, self.now + LEASE)

    @rule(number=NUMBERS, owner=OWNERS)
    def extend(self, number: int, owner: str) -> None:
        kept = self.slots.get(number)
        mine = kept is not None and kept.owner == owner and not kept.done
        try:
            with self.store.begin() as work:
                work.extend(Slot(Job.SWEEP, DAY, str(number)).id, owner, self.now + LEASE)
        except Busy:
            assert not mine
        else:
            assert mine
            self.slots[number] = ModelSlot(owner, self.now + LEASE)

    @rule(number=NUMBERS)
    def finish(self, number: int) -> None:
        kept = self.slots.get(number)
        try:
            with self.store.begin() as work:
                work.finish(Slot(Job.SWEEP, DAY, str(number)).id, self.now, SlotResult.COMPLETE, {})
        except Busy:
            assert kept is None or kept.done
        else:
            assert kept is not None and not kept.done
            self.slots[number] = replace(kept, done=True)

    @rule(
        number=NUMBERS,
        to=st.sampled_from(FindingState),
        base=st.integers(0, 3),
        letter=st.sampled_from([None, "nudge", "reminder"]),
    )
    def change(self, number: int, to: FindingState, base: int, letter: str | None) -> None:
        kept = self.findings.get(number)
        allowed = number not in self.excluded | self.paused and base == (kept.version if kept else 0)
        change = Transition(FindingId(f"f{number}"), self.person(number), QUOTA, Kind.STATE, base, to)
        key, last = f"{number}/{letter}", self.now + timedelta(hours=3)
        order = LetterOrder(key, LetterKind.NUDGE, "quota", change.person, {}, self.now, last, change.finding)
        step = PlanStep(change.person, QUOTA, None, change, order if letter else None)
        plan = Plan(PlanId("p"), Slot(Job.SWEEP, DAY, "0").id, self.now, "live", "1", (step,))
        try:
            with self.store.begin() as work:
                work.change(plan, 0, self.now)
        except PlanRefused:
            assert not allowed
            return
        assert allowed
        self.findings[number] = replace(kept or ModelFinding(to, 0), state=to, version=base + 1)
        if to not in CLIMBING:
            self.withdraw(number)
        if letter and key not in self.letters:
            self.letters[key] = ModelLetter(number, LetterState.WAITING, last, self.now)
            self.findings[number] = replace(self.findings[number], letters=self.findings[number].letters + 1)

    def withdraw(self, number: int) -> None:
        for key, letter in self.letters.items():
            if letter.finding == number and letter.state is LetterState.WAITING:
                self.letters[key] = replace(letter, state=LetterState.WITHDRAWN)

    @rule(number=NUMBERS, letter=LETTERS, arrives=st.booleans())
    def told_or_untold(self, number: int, letter: str, arrives: bool) -> None:
        """A letter arrives or comes back, also when it did so before; each counts once."""
        key = f"{number}/{letter}"
        with self.store.begin() as work:
            found = work.letter(self.store.letter_id(key))
            if found is not None and arrives:
                work.told(found, self.now + SILENCE, self.now)
            elif found is not None:
                work.untold(found, self.now)
        kept = self.letters.get(key)
        assert (found is None) == (kept is None)
        if kept is None or kept.counted is arrives:
            return
        self.letters[key] = replace(kept, counted=arrives)
        topic = self.topics.get(number)
        if arrives:
            before = topic.letters if topic is not None and topic.until > self.now else 0
            self.topics[number] = ModelTopic(before + 1, self.now + SILENCE)
        elif topic is not None:
            self.topics[number] = replace(topic, letters=max(topic.letters - 1, 0))
        finding = self.findings[number]
        steps = max(0, finding.steps + (1 if arrives else -1))
        self.findings[number] = replace(finding, steps=steps)
        if finding.state in CLIMBING:
            at = CLIMBING.index(finding.state) + 1 if arrives else steps
            to = CLIMBING[min(at, 2)]
            self.findings[number] = replace(finding, state=to, version=finding.version + 1, steps=steps)

    @rule(number=NUMBERS, minutes=st.integers(1, 300))
    def rest(self, number: int, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        with self.store.begin() as work:
            work.rest(self.person(number), until)
        if number not in self.excluded:
            self.rests[number] = max(until, self.rests.get(number, until))

    @rule(present=st.sets(NUMBERS))
    def forget_absent(self, present: set[int]) -> None:
        with self.store.begin() as work:
            lapsed = work.forget_absent([self.person(number) for number in present], self.now)
        gone = [n for n, kept in self.findings.items() if kept.state.live and n not in present]
        assert lapsed == len(gone)
        for number in gone:
            kept = self.findings[number]
            self.findings[number] = replace(kept, state=FindingState.LAPSED, version=kept.version + 1)
            self.withdraw(number)

    @rule(number=NUMBERS, letter=LETTERS, minutes=st.integers(0, 90))
    def postpone(self, number: int, letter: str, minutes: int) -> None:
        key = f"{number}/{letter}"
        kept = self.letters.get(key)
        until = self.now + timedelta(minutes=minutes)
        try:
            with self.store.begin() as work:
                work.postpone(self.store.letter_id(key), LetterState.CLAIMED, until, self.now)
        except Busy:
            assert kept is None or kept.state is not LetterState.CLAIMED
        else:
            assert kept is not None
            assert kept.state is LetterState.CLAIMED
            self.letters[key] = replace(kept, state=LetterState.WAITING, not_before=until)

    @rule(number=NUMBERS, letter=LETTERS, way=st.sampled_from(WAYS))
    def move(self, number: int, letter: str, way: tuple[LetterState, LetterState]) -> None:
        key = f"{number}/{letter}"
        kept = self.letters.get(key)
        allowed = kept is not None and kept.state is way[0]
        try:
            with self.store.begin() as work:
                work.move(self.store.letter_id(key), *way, self.now)
        except Busy:
            assert not allowed
        else:
            assert kept is not None and allowed
            self.letters[key] = replace(kept, state=way[1])

    @rule()
    def expire(self) -> None:
        over = [
            key
            for key, letter in self.letters.items()
            if letter.state is LetterState.WAITING and letter.not_after < self.now
        ]
        with self.store.begin() as work:
            assert work.expire(self.now) == len(over)
        for key in over:
            self.letters[key] = replace(self.letters[key], state=LetterState.EXPIRED)

    @rule(number=st.just(3))
    def exclude(self, number: int) -> None:
        with self.store.begin() as work:
            work.exclude(self.guid(number), self.person(number), self.now)
        self.excluded.add(number)
        self.findings.pop(number, None)
        self.topics.pop(number, None)
        self.rests.pop(number, None)
        self.letters = {key: letter for key, letter in self.letters.items() if letter.finding != number}

    @rule(number=st.just(2))
    def pause(self, number: int) -> None:
        with self.store.begin() as work:
            work.restrict(self.guid(number), Restriction.PAUSED, self.now)
        self.paused.add(number)
        self.withdraw(number)

    @rule(number=st.just(2))
    def resume(self, number: int) -> None:
        with self.store.begin() as work:
            assert work.unrestrict(self.guid(number), Restriction.PAUSED) is (number in self.paused)
        self.paused.discard(number)

    @invariant()
    def findings_agree(self) -> None:
        with self.store.begin() as work:
            found = {
                number: [
                    (f.state, f.version, f.letters, f.pending, f.steps)
                    for f in work.findings_of(self.person(number))
                ]
                for number in range(4)
            }
            history = {number: len(work.history_of(self.person(number))) for number in range(4)}
            living = {finding.id for finding in work.living()}
        for number in range(4):
            kept = self.findings.get(number)
            pending = any(x.finding == number and x.state.under_way for x in self.letters.values())
            expected = (kept.state, kept.version, kept.letters, pending, kept.steps) if kept else None
            assert found[number] == ([expected] if expected else [])
            assert history[number] == (kept.version if kept else 0), "one line of history per change"
        assert living == {f"f{number}" for number, kept in self.findings.items() if kept.state.live}

    @invariant()
    def letters_agree(self) -> None:
        with self.store.begin() as work:
            found = {x.order.key: x.state for n in range(4) for x in work.letters_of(self.person(n))}
            due = {letter.order.key for letter in work.letters_due(self.now, 100)}
        assert found == {key: letter.state for key, letter in self.letters.items()}
        assert due == {
            key
            for key, letter in self.letters.items()
            if letter.state in (LetterState.CLAIMED, LetterState.DRAFTED)
            or (letter.state is LetterState.WAITING and letter.not_before <= self.now <= letter.not_after)
        }

    @invariant()
    def the_ladder_agrees(self) -> None:
        with self.store.begin() as work:
            topics = {person: (t.letters, t.until) for (person, _), t in work.topics(self.now).items()}
            resting = dict(work.resting(self.now))
        assert topics == {
            self.person(number): (topic.letters, topic.until)
            for number, topic in self.topics.items()
            if topic.letters and topic.until > self.now
        }
        assert resting == {self.person(n): until for n, until in self.rests.items() if until > self.now}


StoreBesideItsModel.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestStoreBesideItsModel = StoreBesideItsModel.TestCase
