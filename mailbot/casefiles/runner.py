"""One case: whom a rule looks at, when and by which norm, and what it must say. Run as a sweep would."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mailbot.casefiles import facts, organisation, people
from mailbot.casefiles.lines import Lines
from mailbot.engine import judge
from mailbot.engine.judge import ActiveRule, Candidate
from mailbot.model.facts import Fact, MailboxFacts, Reason
from mailbot.model.mailbox import Interval
from mailbot.model.needs import Need
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Outcome, Shown, Verdict
from mailbot.model.worktime import WorkCalendar
from mailbot.policy.decisions import Decision
from mailbot.rules import Parameters, Rule

ROUNDS = 4
"""Steps in which a sweep asks one mailbox for more."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the verdict must be; None where the case does not say."""

    outcome: Outcome
    why: str
    tasks: frozenset[Task] | None = None
    shown: Mapping[str, Shown] | None = None
    block: Interval | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is the line of the case; both sides in words."""

    what: str
    expected: str
    given: str


@dataclass(frozen=True, slots=True)
class Case:
    """`lines` are those of [base] with the case's own laid over them. Facts are read from them when asked.

    `number` counts the cases of the file from 1.
    """

    file: str
    number: int
    story: str
    near_miss: bool
    rule: Rule
    norm: Parameters
    lines: Lines
    unknown: Mapping[str, Reason]
    calendar: WorkCalendar
    decision: Decision | None
    expected: Expected

    @property
    def id(self) -> str:
        return f"{self.rule.id}: {self.story}"

    @property
    def now(self) -> datetime:
        return self.calendar.now

    @property
    def active(self) -> ActiveRule:
        return ActiveRule(self.rule, self.norm, self.decision)

    @property
    def candidate(self) -> Candidate:
        person = people.person(self.lines, dict(self.unknown), self.now)
        return Candidate(
            organisation.key(self.decision, organisation.drawn(self.lines)),
            person,
            organisation.organisation(self.lines, person, self.calendar.today),
        )

    @property
    def fact_names(self) -> tuple[str, ...]:
        """Names of all facts of the story that can be unknown: of the directory, then of the mailbox."""
        written = {*self.lines, *self.unknown}
        return (*people.FACTS, *(line.name for line in facts.FACTS if line.name in written))

    def failing(self, failures: Mapping[str, Reason]) -> "Case":
        """The same story when these facts could not be read."""
        return replace(self, unknown=MappingProxyType({**self.unknown, **failures}))

    def changed(self, **lines: Any) -> "Case":
        """The same story with other lines; None takes a line away."""
        kept = {name: value for name, value in {**self.lines, **lines}.items() if value is not None}
        return replace(self, lines=MappingProxyType(kept))

    def answer(self, need: Need[Any]) -> Fact[Any]:
        """What a road answers. Raises ReadingError when the line cannot be understood."""
        return facts.answer(self.lines, self.unknown, self.now, need)

    def as_swept(self) -> MailboxFacts:
        """What a sweep reads: what it asks of everybody, then what the rule asks for after seeing that."""
        found = MailboxFacts(people.GUID)
        wanted, candidate = judge.needs([self.active]), self.candidate
        for _ in range(ROUNDS):
            found = found.with_values({need: self.answer(need) for need in wanted})
            follow_up = judge.follow_up([self.active], candidate, found, self.calendar)
            wanted = tuple(need for need in follow_up if need not in found.values)
            if not wanted:
                break
        return found

    def everything(self) -> MailboxFacts:
        """All facts of the story, asked for or not. What the rule asks for it asks with its own redactor."""
        swept = self.as_swept()
        others = (need for need in facts.questions(self.rule) if need not in swept.values)
        return swept.with_values({need: self.answer(need) for need in others})

    def verdict(self) -> Verdict:
        return self.judged(self.as_swept())

    def judged(self, found: MailboxFacts) -> Verdict:
        [judgement] = judge.judge([self.active], self.candidate, found, self.calendar)
        return judgement.verdict

    def differences(self, given: Verdict) -> tuple[Difference, ...]:
        """Expected beside given, for all that the case says of its verdict."""
        said, found = self.expected, []
        if (said.outcome, said.why) != (given.outcome, given.why):
            found.append(Difference("expect", _because(said.outcome, said.why), in_words(given)))
        if said.tasks is not None and said.tasks != given.tasks:
            found.append(Difference("expect_tasks", _listed(said.tasks), _listed(given.tasks)))
        if said.shown is not None and dict(said.shown) != dict(given.shown):
            found.append(Difference("expect_shown", _table(said.shown), _table(given.shown)))
        if said.block is not None and said.block != given.occurrence:
            found.append(Difference("expect_block", self._local(said.block), self._local(given.occurrence)))
        return tuple(found)

    def _local(self, block: Interval | None) -> str:
        if block is None:
            return "none"
        start, end = self.calendar.local(block.start), self.calendar.local(block.end)
        return f"{start:%Y-%m-%d %H:%M} .. {end:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    given: Verdict
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


def run(case: Case) -> Result:
    given = case.verdict()
    return Result(case, given, case.differences(given))


def in_words(verdict: Verdict) -> str:
    return _because(verdict.outcome, verdict.why)


def _because(outcome: Outcome, why: str) -> str:
    return f"{outcome.value} because {why}"


def _listed(tasks: frozenset[Task]) -> str:
    return ", ".join(sorted(tasks)) or "none"


def _table(shown: Mapping[str, Shown]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sorted(shown.items())) or "nothing"
