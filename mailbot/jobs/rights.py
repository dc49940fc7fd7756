"""What a person's state is, who looked at it, and leaving somebody out for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from mailbot.engine.plan import next_office_day
from mailbot.jobs.forgetting import Forgetting, forgetting
from mailbot.jobs.house import House
from mailbot.jobs.retain import asks, personal
from mailbot.jobs.story import (
    Ahead,
    Event,
    HeldBack,
    Waiting,
    WaivedUntil,
    ahead,
    articles,
    events,
    held_back,
    waiting,
)
from mailbot.model.errors import MailbotError
from mailbot.model.findings import Finding
from mailbot.model.ids import Address, LetterId, PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState, OutboxLetter
from mailbot.model.people import People, Person
from mailbot.model.plan import PlanState
from mailbot.model.reading import Mark, Reading
from mailbot.model.slots import Job
from mailbot.model.verdicts import Judgement
from mailbot.model.worktime import WorkCalendar
from mailbot.ports import Work
from mailbot.rules import registry

TELL_WITHIN_DAYS = 5
NOTICE_AFTER_DAYS = 3
PATIENCE = timedelta(weeks=8)
"""How long a notice that could not leave in time still waits: late is a problem, never is a wrong."""
OVERDUE = "disclosure_overdue"
MANY = 100_000
"""More letters than ever wait for their copy to be removed."""


class NotInPopulation(MailbotError):
    """The address belongs to nobody whom mailbot looks at. Says no more: the list of exclusions is secret."""


class CopiesLeft(MailbotError):
    """Somebody is left out, and what stands of them in the service mailbox could not be removed."""


@dataclass(frozen=True, slots=True)
class KeptMark:
    """That a mark is kept of how far the answer to the question `need` was read, under which decisions, and
    the day on which it is forgotten unless it is made anew."""

    need: str
    made: datetime
    until: date
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is kept about one person. `judgements` are those of the newest sweep, `left` those of turns
    that are not over, with when each turn began. `paused` tells that an objection is pending: the rest is as
    it was then. `story` is what the findings went through, `ahead` before when no letter may come, `articles`
    under which articles each rule looks, `waiting` what a plan would do that the brake holds. What was
    deleted of this person is not recorded: `forgetting` tells what cannot be kept any more of anybody."""

    person: Person
    swept: datetime | None
    judgements: tuple[Judgement, ...]
    findings: tuple[Finding, ...]
    letters: tuple[OutboxLetter, ...]
    reading: Reading
    marks: tuple[KeptMark, ...]
    told_by: date
    left: tuple[tuple[datetime, Judgement], ...] = ()
    paused: bool = False
    story: tuple[Event, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    waiting: Waiting | None = None
    waived: tuple[WaivedUntil, ...] = ()
    articles: Mapping[RuleId, tuple[str, ...]] = field(default_factory=dict)
    forgetting: Forgetting = field(default_factory=lambda: Forgetting(None, ()))


def whoever_has(people: People, address: Address) -> Person:
    """Whose address this is, also of somebody who is paused. Raises NotInPopulation, which says the same of
    an unknown and of an excluded address."""
    person = people.with_address(address)
    person = person or next((p for p in people.set_aside.values() if p.address == address), None)
    if person is None:
        raise NotInPopulation("nobody with this address is in the population")
    return person


def explain(house: House, address: Address, reason: str, actor: str) -> Explanation:
    """Look at one person's state. The look is logged and told to that person within 5 working days.

    The notice is ordered in the same transaction; it stays away when another letter tells it first.
    Raises NotInPopulation for an unknown or excluded address.
    """
    people = house.directory.people()
    person = whoever_has(people, address)
    key = house.store.person_key(person.guid)
    now = house.clock.now()
    with house.store.begin() as work:
        newest = work.last_counts(Job.SWEEP)
        slot = newest[0].slot.id if newest else None
        judgements = work.judgements_of(slot, key) if slot else []
        left = work.judgements_elsewhere(slot, key)
        findings, letters = work.findings_of(key), work.letters_of(key)
        history, topics = work.history_of(key), work.topics_of(key, now)
        rests_until = work.resting(now).get(key)
        ran = work.newest_plan(PlanState.RUN)
        plan = work.plan(ran) if ran is not None else None
        stopped = work.newest_plan(PlanState.HELD) if person.guid not in people.set_aside else None
        held = work.plan(stopped) if stopped is not None else None
        reading = work.reading_of(key, personal(house))
        forgotten = forgetting(house, work)
        disclose(house, work, key)
        work.audit(now, actor, "explain", {"person": key, "reason": reason})
    urgent = {rule.id for rule in registry().values() if rule.urgent}
    return Explanation(
        person,
        newest[0].finished if newest else None,
        tuple(judgements),
        tuple(findings),
        tuple(letters),
        reading,
        tuple(_kept(house, mark) for mark in reading.marks),
        told_by(house),
        tuple(left),
        person.guid in people.set_aside,
        events(findings, history, letters),
        ahead(topics, rests_until, letters, house.terms.ladder, urgent, now),
        held_back(plan[0], key) if plan is not None else (),
        waiting(held[0], key) if held is not None else None,
        _waived(house, person),
        articles(house.terms.pack),
        forgotten,
    )


def _waived(house: House, person: Person) -> tuple[WaivedUntil, ...]:
    holding = (w for w in house.terms.waivers if w.address == person.address and w.holds(house.today()))
    return tuple(sorted((WaivedUntil(w.rule, w.owner, w.until) for w in holding), key=lambda w: w.rule))


def _kept(house: House, mark: Mark) -> KeptMark:
    """A mark ends with the last decision under which a rule may ask the question; the day after it is
    deleted."""
    asking = [active for active in house.rules(house.today()) if mark.need in asks(active)]
    decisions = [active.decision for active in asking if active.decision is not None]
    until = mark.until.astimezone(house.terms.zone).date()
    if all(active.decision is not None for active in asking):
        last = max((decision.end for decision in decisions), default=house.today())
        until = min(until, last + timedelta(days=1))
    return KeptMark(mark.need, mark.at, until, tuple(sorted({decision.id for decision in decisions})))


def told_by(house: House) -> date:
    """The day by which somebody at whom was looked today has heard of it."""
    return _office_days_on(house.calendar(), TELL_WITHIN_DAYS)


def disclose(house: House, work: Work, person: PersonKey) -> None:
    """Somebody looked at this person's state: the person is told of it within 5 working days."""
    now, calendar = house.clock.now(), house.calendar()
    due = _office_days_on(calendar, TELL_WITHIN_DAYS)
    letter = LetterOrder(
        key=f"explain/{work.disclose(person, now, due)}",
        kind=LetterKind.NOTICE,
        topic="explain",
        person=person,
        shown={},
        not_before=calendar.at(_office_days_on(calendar, NOTICE_AFTER_DAYS), time(8, 30)),
        not_after=calendar.at(due + PATIENCE, time(17)),
        weekly=False,
    )
    work.order(house.store.letter_id(letter.key), letter, now)


def _office_days_on(calendar: WorkCalendar, days: int) -> date:
    """The office day that is `days` office days after today."""
    at = calendar
    for _ in range(days):
        tomorrow = at.at(at.today + timedelta(days=1), time(0))
        at = WorkCalendar(tomorrow, at.zone, at.closed)
        at = WorkCalendar(at.at(next_office_day(at, time(17)), time(0)), at.zone, at.closed)
    return at.today


def check_disclosures(house: House) -> None:
    """A look that nobody could be told of in time is the operator's problem: once, until it is told."""
    today = house.today()
    with house.store.begin() as work:
        late = sum(disclosure.due < today for disclosure in work.undisclosed())
    if late:
        house.operator.problem(
            OVERDUE,
            f"{late} looks at one person's state were not told to that person in time. The notices wait for "
            "delivery to be opened ([delivery] mode, or mailbot stop --lift).",
        )
    else:
        house.operator.solved(OVERDUE)


def exclude(house: House, address: Address, actor: str) -> None:
    """Leave a person out from now on; all that is kept about them is erased. No reason is asked or kept.

    The audit row names nobody. Raises NotInPopulation, or CopiesLeft when all is done but that.
    """
    person = whoever_has(house.directory.people(), address)
    key = house.store.person_key(person.guid)
    now = house.clock.now()
    with house.store.begin() as work:
        copies = _copies(work, key)
        work.exclude(person.guid, key, now)
        work.audit(now, actor, "exclude", {})
    if copies:
        try:
            house.post().tidy(copies)
        except MailbotError as error:
            raise CopiesLeft(
                "this person is left out from now on, and all that was kept is erased; but copies of letters "
                "to them may be left in drafts and sent items of the service mailbox: remove them there by "
                f"hand. {error}"
            ) from error


def _copies(work: Work, person: PersonKey) -> list[LetterId]:
    """Letters that may stand in the service mailbox. Once erased here, nobody would look for them."""
    sent = set(work.untidy(MANY))
    begun = (LetterState.CLAIMED, LetterState.DRAFTED)
    return [letter.id for letter in work.letters_of(person) if letter.state in begun or letter.id in sent]
