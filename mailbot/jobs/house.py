"""What every job is given: the ports, the clock and the terms under which this organisation runs."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from mailbot.engine.brake import BrakeLimits
from mailbot.engine.gates import GateState, all_open, check
from mailbot.engine.judge import ActiveRule
from mailbot.engine.ladder import Ladder
from mailbot.engine.plan import LetterHours
from mailbot.engine.recipients import Mode
from mailbot.engine.stages import Standing, stage_of
from mailbot.model.arrangements import Arrangements
from mailbot.model.clock import Clock
from mailbot.model.ids import Address, LetterId, RuleId
from mailbot.model.message_id import message_id
from mailbot.model.needs import DataClass
from mailbot.model.organisation import Organisation
from mailbot.model.people import People
from mailbot.model.secure_mail import SecureMail
from mailbot.model.statements import Statement
from mailbot.model.worktime import ClosedDays, WorkCalendar
from mailbot.policy.decisions import Decision
from mailbot.policy.evidence import Evidence
from mailbot.policy.packs import Pack
from mailbot.policy.stages import RuleStage, Stage
from mailbot.policy.waivers import Waiver
from mailbot.ports import (
    Directory,
    Exchange,
    ExportCheck,
    Letters,
    Operator,
    PersonnelFeed,
    Post,
    ServiceMailbox,
    Store,
)
from mailbot.rules import Tells, registry


@dataclass(frozen=True, slots=True)
class Terms:
    """The organisation's settings as jobs need them. `rules` are those of norms that are in force today;
    `redirect_everyone` widens the mode redirect to all people and is set on the simulator only."""

    zone: ZoneInfo
    closed: ClosedDays
    pack: Pack
    policy_hash: str
    evidence: Evidence
    mode: Mode
    redirect_to: Address | None
    redirect_everyone: bool
    pilot_groups: frozenset[str]
    sender: Address
    cap: int
    hours: LetterHours
    secure_mail: SecureMail
    statements: tuple[Statement, ...]
    service_accounts: tuple[str, ...]
    decisions: tuple[Decision, ...]
    managers: Arrangements = field(default_factory=Arrangements)
    waivers: tuple[Waiver, ...] = ()
    ladder: Ladder = field(default_factory=Ladder)
    brake: BrakeLimits = field(default_factory=BrakeLimits)
    stages: tuple[RuleStage, ...] = ()


@dataclass(frozen=True, slots=True)
class SignsIn:
    """By what the service account signs in, in words for the administrator. `proven` is False for a way that
    no real server has shown to work."""

    by: str
    proven: bool = True


@dataclass(frozen=True, slots=True)
class House:
    """`exchange`, `post` and `service_mailbox` connect when first used, so that commands without Exchange
    stay quick.

    `personnel` is the personnel system's feed, None where none is set. `halting` tells long jobs that the
    process is asked to end; they stop where they can be taken up again.
    """

    clock: Clock
    terms: Terms
    rules: Callable[[date], tuple[ActiveRule, ...]]
    directory: Directory
    store: Store
    exchange: Callable[[], Exchange]
    post: Callable[[], Post]
    service_mailbox: Callable[[], ServiceMailbox]
    export: Callable[[], ExportCheck]
    letters: Letters
    operator: Operator
    owner: str
    personnel: Callable[[], PersonnelFeed | None] = lambda: None
    halting: Callable[[], bool] = lambda: False
    signs_in: SignsIn = SignsIn("")

    def calendar(self) -> WorkCalendar:
        return WorkCalendar(self.clock.now(), self.terms.zone, self.terms.closed)

    def today(self) -> date:
        return self.clock.now().astimezone(self.terms.zone).date()

    def organisation(self, people: People) -> Organisation:
        """What rules may know beside one person and one mailbox."""
        terms = self.terms
        return Organisation(
            people.colleagues,
            people.accepted_domains,
            terms.service_accounts,
            terms.secure_mail,
            terms.statements,
        )

    def tells_of(self, topic: str) -> bool:
        """Whether letters on this topic may leave: those of a rule that looks deeper than settings only while
        a decision lets it."""
        rule = registry().get(RuleId(topic))
        if rule is None or rule.data_class <= DataClass.TRAFFIC:
            return True
        return rule.id in {active.rule.id for active in self.rules(self.today())}

    def standings(self) -> Mapping[RuleId, Standing]:
        """At which stage every rule that is on and writes to people is today, and why; others have none."""
        today = self.today()
        writing = (active for active in self.rules(today) if active.rule.tells is Tells.PERSON)
        found = (stage_of(active, self.terms.stages, today) for active in writing)
        return {standing.rule: standing for standing in found}

    def stage_of(self, topic: str) -> Stage:
        """The stage of letters on this topic today; those of no rule go to everyone. A rule that is off
        observes."""
        if RuleId(topic) not in registry():
            return Stage.EVERYONE
        found = self.standings().get(RuleId(topic))
        return found.stage if found else Stage.OBSERVE

    def gates(self) -> tuple[GateState, ...]:
        return check(self.terms.evidence, self.terms.pack, self.terms.policy_hash, self.today())

    def gates_open(self) -> bool:
        return all_open(self.gates())

    def terms_hash(self) -> str:
        """What a plan is made under: the policy, the recorded evidence and who may get letters, rule by
        rule."""
        terms = self.terms
        said = [terms.policy_hash, terms.evidence.model_dump_json(), terms.mode, *sorted(terms.pilot_groups)]
        said += sorted(d.id for d in terms.decisions if d.start <= self.today() <= d.end)
        said += [f"{rule}/{standing.stage}" for rule, standing in sorted(self.standings().items())]
        said += [repr(terms.secure_mail), repr(terms.statements), repr(terms.service_accounts)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def message_id(self, letter: LetterId) -> str:
        """The same for the same letter, for ever: how a sent copy is recognised after a crash."""
        return message_id(letter, self.terms.sender)
