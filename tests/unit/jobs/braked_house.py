"""A house whose sweeps find what a test says, for the brake and the human behind it. No Exchange, no letters.

The sweep here does with its plan what a real one does: the brake judges it, it is kept, and it is carried out
or held.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from mailbot.config.load import read_packs
from mailbot.config.shipped import shipped_settings
from mailbot.engine.brake import Alarm, BrakeLimits
from mailbot.engine.judge import ActiveRule
from mailbot.engine.ladder import Recipient
from mailbot.engine.plan import LetterHours, Limits, make_steps
from mailbot.engine.recipients import Mode, held
from mailbot.jobs import braking
from mailbot.jobs.execute import apply, plan_id
from mailbot.jobs.house import House, Terms
from mailbot.jobs.planning import written_to
from mailbot.jobs.turn import DRY
from mailbot.model.accounts import Language, RecipientType
from mailbot.model.clock import SetClock
from mailbot.model.facts import Known, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid, PersonKey, PlanId, RuleId
from mailbot.model.people import People, Person
from mailbot.model.plan import Case, Held, Plan, PlanState
from mailbot.model.secure_mail import SecureMail
from mailbot.model.slots import Job, Slot, SlotResult
from mailbot.model.verdicts import Kind, Outcome, compliant, deviation
from mailbot.model.worktime import ClosedDays
from mailbot.policy.evidence import Evidence
from mailbot.policy.packs import policy_hash
from mailbot.policy.stages import RuleStage, Stage, terms_of
from mailbot.rules import registry
from mailbot.store.sql import SqlStore

ZONE = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 11, 23, 6, tzinfo=ZONE).astimezone(UTC)
QUOTA = RuleId("quota")
PACK = read_packs(shipped_settings())[0]["voorbeeld"]
CLOSED = ClosedDays({2026: frozenset(), 2027: frozenset()})


@dataclass
class Told:
    """An operator that remembers what was said, and says each thing once."""

    open: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def problem(self, code: str, text: str) -> None:
        if code not in self.open:
            self.messages.append(code)
        self.open[code] = text

    def solved(self, code: str) -> None:
        if self.open.pop(code, None) is not None:
            self.messages.append(f"{code} is over")


def evidence() -> Evidence:
    """What Voorbeeld recorded, with the works council's consent to the pack as it is now."""
    found = tomllib.loads((shipped_settings() / "gates.toml").read_text(encoding="utf-8"))
    found["works_council"]["policy_hash"] = policy_hash(PACK)
    return Evidence.model_validate(found)


def active(rule: RuleId) -> ActiveRule:
    norm = next(norm for norm in PACK.norms if norm.rule == rule and norm.built)
    return ActiveRule(registry()[rule], norm.parameters)


def at_stage(stage: Stage, rule: RuleId = QUOTA) -> RuleStage:
    found = active(rule)
    return RuleStage(
        name=rule,
        stage=stage,
        terms=terms_of(found.rule, found.norm),
        since=date(2024, 4, 2),
        decided_by="gemeentesecretaris",
    )


def person(number: int) -> Person:
    return Person(
        ObjectGuid(f"00000000-0000-4000-8000-{number:012d}"),
        Address(f"p{number}@voorbeeld.example"),
        f"Persoon {number}",
        Language.NL,
        Known(True, MONDAY),
        Known(RecipientType.USER, MONDAY),
        Known(False, MONDAY),
        Unknown(Reason.WORK_PATTERN_MISSING),
    )


@dataclass
class Everybody:
    """A directory of all who ever deviated, but for those who are gone from it."""

    numbers: Iterable[int]
    gone: set[int] = field(default_factory=set)

    def people(self) -> People:
        staff = [person(number) for number in self.numbers if number not in self.gone]
        return People({one.guid: one for one in staff}, frozenset(), MONDAY)


@dataclass
class Braked:
    """The house, and what happens in it."""

    house: House
    operator: Told
    clock: SetClock
    keys: dict[int, PersonKey]
    directory: Everybody
    turns: int = 0

    def next_morning(self) -> None:
        self.clock.set(self.clock.now() + timedelta(days=1))

    def changes(self, **terms: Any) -> None:
        self.house = replace(self.house, terms=replace(self.house.terms, **terms))

    def key(self, number: int) -> PersonKey:
        return self.keys.setdefault(number, self.house.store.person_key(person(number).guid))

    def sweeps(self, deviating: Iterable[int], of: int = 2000, dry: bool = False) -> Plan:
        """One sweep in which these people deviate, and `of` are judged. Who deviated before is in order."""
        house, calendar = self.house, self.house.calendar()
        now, wrong = self.clock.now(), set(deviating)
        self.turns += 1
        slot = Slot(Job.SWEEP, house.today(), f"{DRY if dry else 'auto'}-{self.turns}")
        with house.store.begin() as work:
            work.claim(slot, "test", now, now + timedelta(minutes=5))
            alive = {finding.person: finding for finding in work.living([QUOTA])}
            fine = alive.keys() - {self.key(number) for number in wrong}
            cases = [
                Case(key, QUOTA, Kind.STATE, deviation("over_limit"), (alive[key],) if key in alive else ())
                for key in map(self.key, wrong)
            ] + [Case(key, QUOTA, Kind.STATE, compliant("within_limit"), (alive[key],)) for key in fine]
            people = {self.key(number): person(number) for number in wrong}
            steps = make_steps(
                cases,
                calendar,
                Limits(house.terms.cap, house.terms.hours, {}, test=house.terms.mode is Mode.REDIRECT),
                self._held_for(people),
                written_to(house, work, now),
                {key: Recipient(found) for key, found in people.items()},
            )
            tally = {QUOTA: {Outcome.DEVIATION: len(wrong), Outcome.COMPLIANT: of - len(wrong)}}
            made = Plan(plan_id(slot, now), slot.id, now, house.terms.mode, house.terms_hash(), steps)
            size, found = braking.alarms_for(house, work, steps, tally)
            if not dry:
                braking.overtake(work, now)
            work.save_plan(made, PlanState.HELD if found and not dry else PlanState.STORED)
            if not dry and not found:
                apply(house, work, made, now)
            counts = braking.counts_of(size, found) | braking.living(work)
            work.finish(slot.id, now, SlotResult.COMPLETE, counts)
        if not dry:
            braking.tell(house, made, found)
        return made

    def _held_for(self, people: Mapping[PersonKey, Person]) -> Any:
        terms, stage = self.house.terms, self.house.standings()[QUOTA].stage

        def held_for(key: PersonKey, _rule: RuleId) -> Held | None:
            return held(people[key], terms.mode, terms.pilot_groups, self.house.today(), False, stage)

        return held_for

    def state(self, plan: Plan) -> PlanState:
        with self.house.store.begin() as work:
            found = work.plan(plan.id)
        assert found is not None
        return found[1]

    def alarms(self, plan: Plan) -> tuple[Alarm, ...]:
        with self.house.store.begin() as work:
            return braking.alarms_of(work, plan)

    def findings(self) -> int:
        with self.house.store.begin() as work:
            return len(work.living())

    def letters(self) -> int:
        with self.house.store.begin() as work:
            return sum(work.letter_counts().values())

    def audit(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Actor, action and detail, newest first."""
        with self.house.store.begin() as work:
            return [(actor, action, detail) for _, actor, action, detail in work.audit_rows()]

    def newest(self, state: PlanState) -> PlanId | None:
        with self.house.store.begin() as work:
            return work.newest_plan(state)


def braked(store: SqlStore, cap: int = 200, limits: BrakeLimits | None = None) -> Braked:
    """Delivery is live, and the rule about the size of mailboxes writes to everyone."""
    operator, clock = Told(), SetClock(MONDAY)
    terms = Terms(
        zone=ZONE,
        closed=CLOSED,
        pack=PACK,
        policy_hash=policy_hash(PACK),
        evidence=evidence(),
        mode=Mode.LIVE,
        redirect_to=None,
        redirect_everyone=False,
        pilot_groups=frozenset({"pilot"}),
        sender=Address("postbushulp@voorbeeld.example"),
        cap=cap,
        hours=LetterHours((time(8, 30), time(17)), (time(10), time(15))),
        secure_mail=SecureMail(),
        statements=(),
        service_accounts=(),
        decisions=(),
        brake=limits or BrakeLimits(),
        stages=(at_stage(Stage.EVERYONE),),
    )
    nothing = cast(Any, None)
    keys: dict[int, PersonKey] = {}
    directory = Everybody(keys)
    house = House(
        clock=clock,
        terms=terms,
        rules=lambda _day: (active(QUOTA),),
        directory=directory,
        store=store,
        exchange=nothing,
        post=nothing,
        service_mailbox=nothing,
        export=nothing,
        letters=nothing,
        operator=cast(Any, operator),
        owner="test",
    )
    return Braked(house, operator, clock, keys, directory)
