"""From the verdicts of one sweep to the steps of its plan: what the store and the settings say is brought
together here for the pure engine."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from mailbot.engine.judge import ActiveRule
from mailbot.engine.ladder import Recipient, quiet_until
from mailbot.engine.plan import WEEK, HeldFor, Limits, make_steps
from mailbot.engine.recipients import Mode, held
from mailbot.engine.waiving import waived
from mailbot.jobs.house import House
from mailbot.model.findings import Finding, TopicLetters
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.people import People, Person
from mailbot.model.plan import Case, Held, PlanStep
from mailbot.model.slots import Slot
from mailbot.model.worktime import WorkCalendar
from mailbot.policy.stages import Stage
from mailbot.ports import Work
from mailbot.rules import Tells

THANKS_WITHIN = timedelta(days=14)
"""How long after somebody mended it thanks still make sense."""


def written_to(house: House, work: Work, now: datetime) -> frozenset[PersonKey]:
    """Who has had their letter of the week. One in doubt counts for longer, as if its reader had it: until
    there could be another on the same topic. After that nobody waits for a human to settle it."""
    return work.nudged_since(now - WEEK, now - timedelta(days=house.terms.ladder.reminder_days))


class Planning:
    """One sweep's plan, in the transaction that carries it out."""

    def __init__(
        self,
        house: House,
        work: Work,
        slot: Slot,
        people: People,
        population: Mapping[PersonKey, Person],
        rules: Collection[ActiveRule],
        calendar: WorkCalendar,
    ) -> None:
        self._house = house
        self._work = work
        self._slot = slot
        self._people = people
        self._population = population
        self._rules = rules
        self._calendar = calendar
        absences = [active.rule.id for active in rules if active.rule.absences]
        self._away = work.away(slot.id, absences, calendar.now)

    def steps(self) -> tuple[PlanStep, ...]:
        """What happens to every finding, and which letters that causes."""
        house, work, rules, now = self._house, self._work, self._rules, self._calendar.now
        cases = self._cases()
        mended = [
            finding
            for finding in work.mended_since(now - THANKS_WITHIN)
            if finding.person in self._population and self._tells_person(finding.rule)
        ]
        return make_steps(
            cases,
            self._calendar,
            Limits(
                house.terms.cap,
                house.terms.hours,
                {active.rule.id: active.rule.priority for active in rules},
                ladder=house.terms.ladder,
                test=house.terms.mode is Mode.REDIRECT,
                hints={a.rule.id: a.rule.hints for a in rules if a.rule.hints},
                hinted=self._work.ordered,
                urgent=frozenset(a.rule.id for a in rules if a.rule.urgent),
                silent=frozenset(a.rule.id for a in rules if a.rule.tells is not Tells.PERSON),
            ),
            self._held_for(),
            written_to(house, work, now),
            self._recipients({*(case.person for case in cases), *(finding.person for finding in mended)}),
            mended,
        )

    def let_rest(self) -> None:
        """Whoever is away today and has something to mend is left in peace for the first days back: once the
        absence is over, no calendar that is read tells of it."""
        for person in {finding.person for finding in self._work.living()} & self._away.keys():
            recipient = self._recipient(person)
            until = quiet_until(recipient, self._house.terms.ladder, self._calendar)
            if until is not None:
                self._work.rest(person, until)

    def _cases(self) -> list[Case]:
        alive: dict[tuple[PersonKey, RuleId], list[Finding]] = {}
        rules = [active.rule.id for active in self._rules]
        for finding in self._work.living(rules, self._calendar.now):
            alive.setdefault((finding.person, finding.rule), []).append(finding)
        kinds = {active.rule.id: active.rule.kind for active in self._rules}
        left = waived(self._house.terms.waivers, self._people, self._house.today())
        return [
            Case(
                person,
                judgement.rule,
                kinds[judgement.rule],
                judgement.verdict,
                tuple(alive.get((person, judgement.rule), ())),
                self._population[person].guid in left.get(judgement.rule, ()),
            )
            for person, judgement in self._work.deciding(self._slot.id)
            if person in self._population and judgement.rule in kinds
        ]

    def _recipients(self, persons: Collection[PersonKey]) -> dict[PersonKey, Recipient]:
        resting, topics = self._work.resting(self._calendar.now), self._topics()
        return {
            key: replace(self._recipient(key), rests_until=resting.get(key), topics=topics.get(key, {}))
            for key in persons
        }

    def _recipient(self, person: PersonKey) -> Recipient:
        away = self._away.get(person)
        if away is None:
            return Recipient(self._population[person])
        return Recipient(self._population[person], away.end, away_from=away.start)

    def _topics(self) -> dict[PersonKey, dict[RuleId, TopicLetters]]:
        found: dict[PersonKey, dict[RuleId, TopicLetters]] = {}
        for (person, rule), letters in self._work.topics(self._calendar.now).items():
            found.setdefault(person, {})[rule] = letters
        return found

    def _held_for(self) -> HeldFor:
        terms, today = self._house.terms, self._house.today()
        stopped = self._work.stopped()
        stages = {rule: standing.stage for rule, standing in self._house.standings().items()}

        def held_for(key: PersonKey, rule: RuleId) -> Held | None:
            stage = stages.get(rule, Stage.OBSERVE)
            found = held(
                self._population[key],
                terms.mode,
                terms.pilot_groups,
                today,
                terms.redirect_everyone,
                stage,
            )
            return Held.STOPPED if stopped and found is not Held.OBSERVING else found

        return held_for

    def _tells_person(self, rule: RuleId) -> bool:
        return any(active.rule.id == rule and active.rule.tells is Tells.PERSON for active in self._rules)
