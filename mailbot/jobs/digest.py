"""The managers' weekly digest: figures that show nobody, ordered as letters like any other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import structlog

from mailbot.engine.figures.cells import circles_of
from mailbot.engine.figures.digests import figures_for
from mailbot.engine.figures.encoding import DigestFigures, decode, encode, tip_of_the_week, worth_saying
from mailbot.engine.plan import next_office_day
from mailbot.engine.recipients import Mode, held
from mailbot.engine.returning import away, back_on
from mailbot.engine.waiving import waived
from mailbot.jobs.agenda import Agendas, agendas
from mailbot.jobs.braking import doubted
from mailbot.jobs.house import House
from mailbot.model.errors import Busy
from mailbot.model.figures import Coverage
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.letters import AgendaLine, LetterKind, LetterOrder, LetterState
from mailbot.model.people import People, Person
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.model.verdicts import Kind, Outcome
from mailbot.policy.packs import Audience
from mailbot.policy.stages import Stage
from mailbot.ports import Work
from mailbot.rules import Tells

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
FRESH = timedelta(days=7)
FOR_THE_WEEK = timedelta(days=4)
"""How long a digest may wait, for a stop to be lifted, say: until its week is over."""
MAY_BE_READ = frozenset(
    {LetterState.CLAIMED, LetterState.DRAFTED, LetterState.SENT, LetterState.IN_DOUBT, LetterState.BOUNCED}
)
"""States of a digest that its reader may have seen, or may yet see."""
NO_SWEEP = "digest_without_sweep"
NO_MANAGER = "leavers_without_manager"


@dataclass(frozen=True, slots=True)
class Swept:
    """The sweep that digests are made of, and how far it got. `doubted` when the brake holds what it found:
    then no figure is made of it."""

    slot: Slot
    coverage: Coverage
    doubted: bool = False


def digest(house: House, slot: Slot) -> int | None:
    """Order this week's digests; how many, or None when the slot is done already.

    Raises Busy when another process has the slot. Without a sweep in the last seven days nothing is said,
    except to the operator; nothing either while a gate is closed. A stop does not lose a week's digests:
    they wait in the outbox with the other letters.
    """
    people = house.directory.people()
    now = house.clock.now()
    with house.store.begin() as work:
        claim = work.claim(slot, house.owner, now, now + LEASE)
        if claim is Claim.DONE:
            return None
        if claim is Claim.HELD:
            raise Busy(f"another process is at work on {slot.id}")
        if not house.gates_open():
            work.finish(slot.id, now, SlotResult.CLOSED, {"digests": 0})
            return 0
        newest = fresh_sweep(work, now)
        if newest is None:
            work.finish(slot.id, now, SlotResult.SKIPPED, {"digests": 0})
            ordered = None
        else:
            ordered = Digests(house, work, newest, people, now).order_all()
            work.finish(slot.id, now, SlotResult.COMPLETE, {"digests": ordered})
            work.audit(now, "mailbot", "digest", {"slot": slot.id, "digests": ordered})
    if ordered is None:
        house.operator.problem(NO_SWEEP, "No digests this week: no sweep was finished in the last 7 days.")
        return 0
    house.operator.solved(NO_SWEEP)
    _tell_of_leavers(house, len(agendas(people, house.terms.managers, house.today()).get(None, ())))
    house.operator.ran(Job.DIGEST, slot.id, now, SlotResult.COMPLETE.value, {"digests": ordered})
    log.info("digests ordered", slot=slot.id, digests=ordered)
    return ordered


def fresh_sweep(work: Work, now: datetime) -> Swept | None:
    """The newest sweep; None when none was finished in the last seven days."""
    newest = work.last_counts(Job.SWEEP)
    if newest is None or newest[0].finished is None or now - newest[0].finished > FRESH:
        return None
    row, counts = newest
    return Swept(row.slot, Coverage(int(counts["population"]), int(counts["read"])), doubted(work, row))


def _tell_of_leavers(house: House, without_manager: int) -> None:
    """Departures that no manager, deputy or head of a department runs: by number, never by name."""
    if not without_manager:
        house.operator.solved(NO_MANAGER)
        return
    house.operator.problem(
        NO_MANAGER,
        f"Departures that nobody runs: {without_manager}. There is no manager, deputy or head of the "
        "department who can: add them to personnel or to managers.toml. See: mailbot people check",
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """What one digest holds, and the office day that it is made for."""

    figures: DigestFigures
    agenda: tuple[AgendaLine, ...] = field(repr=False)
    day: date

    @property
    def worth_sending(self) -> bool:
        return worth_saying(self.figures.figures, len(self.agenda))


class Digests:
    """All digests of one week, made of one sweep."""

    def __init__(self, house: House, work: Work, sweep: Swept, people: People, now: datetime) -> None:
        self._house = house
        self._work = work
        self._sweep = sweep
        self._people = people
        self._now = now
        self._calendar = house.calendar()
        self._day = next_office_day(self._calendar, house.terms.hours.office[1])
        self._leads = people.managers()
        self._agendas: dict[date, Agendas] = {}
        self._outcomes = self._judged(sweep.slot) if self._for_managers else {}

    def order_all(self) -> int:
        """For everybody who leads a team or runs a departure; how many were ordered."""
        readers = dict.fromkeys([*self._leads, *self._agenda_on(self._day)])
        return sum(self._order(self._people.by_guid[guid]) for guid in readers if guid is not None)

    def of(self, reader: Person) -> Contents | None:
        """What the reader would get; None for somebody who does not come back to read it."""
        day = self._read_on(reader)
        if day is None:
            return None
        return Contents(self._figures(reader), self._agenda_on(day).get(reader.guid, ()), day)

    @property
    def _for_managers(self) -> bool:
        shown_to = self._house.terms.pack.team_figures.shown_to
        return shown_to is Audience.MANAGERS and not self._sweep.doubted

    def _judged(self, sweep: Slot) -> Mapping[RuleId, Mapping[PersonKey, Outcome]]:
        """Events are left out. A deviation shows on one day only, so one day's count would tell half a truth;
        and of the days before it nothing is kept that could be counted (practice 2.3)."""
        house, today = self._house, self._house.today()
        standings = house.standings()
        spared = waived(house.terms.waivers, self._people, today)
        found = {}
        for active in house.rules(today):
            rule = active.rule
            if rule.kind is not Kind.STATE or rule.tells is not Tells.PERSON:
                continue
            if standings[rule.id].stage is not Stage.EVERYONE:
                continue  # nobody hears from a manager what they were not told themselves
            without = {house.store.person_key(guid) for guid in spared.get(rule.id, ())}
            outcomes = self._work.outcomes(sweep.id, rule.id)
            found[rule.id] = {person: o for person, o in outcomes.items() if person not in without}
        return found

    def _agenda_on(self, day: date) -> Agendas:
        if day not in self._agendas:
            self._agendas[day] = agendas(self._people, self._house.terms.managers, day)
        return self._agendas[day]

    def _order(self, reader: Person) -> bool:
        """False when there is nothing to say, or nobody to say it to."""
        terms = self._house.terms
        key = self._house.store.person_key(reader.guid)
        today = self._house.today()
        name = f"digest/{_week(today)}/{key}"
        self._withdraw_older(key, name)
        if held(reader, terms.mode, terms.pilot_groups, today, terms.redirect_everyone) is not None:
            return False
        contents = self.of(reader)
        if contents is None or not contents.worth_sending:
            return False
        opens, closes = terms.hours.office
        order = LetterOrder(
            key=name,
            kind=LetterKind.DIGEST,
            topic="digest",
            person=key,
            shown=encode(contents.figures),
            not_before=self._calendar.at(contents.day, opens),
            not_after=self._calendar.at(contents.day + FOR_THE_WEEK, closes),
            weekly=False,
            test=terms.mode is Mode.REDIRECT,
        )
        return self._work.order(self._house.store.letter_id(order.key), order, self._now)

    def _read_on(self, reader: Person) -> date | None:
        """The day for which the digest is made: the next office day, or the first working day back from
        leave; None for somebody who does not come back."""
        if away(reader, self._calendar, self._day):
            return back_on(reader, self._calendar, self._day)
        return self._day

    def _figures(self, reader: Person) -> DigestFigures:
        """What the reader may see: never anything of a team that somebody else leads. Whoever leads no team
        gets the agenda alone."""
        at_least = self._house.terms.pack.team_figures.at_least
        if reader.guid not in self._leads:
            return DigestFigures(at_least=at_least)
        tip = tip_of_the_week(self._house.letters.tips(), self._house.today())
        if not self._for_managers:
            return DigestFigures(tip=tip, at_least=at_least)
        key = self._house.store.person_key(reader.guid)
        earlier = self._earlier(key)
        made = figures_for(
            key,
            circles_of(reader.guid, self._people, self._house.store.person_key),
            self._outcomes,
            self._sweep.coverage,
            at_least,
            reader.unit.code if reader.unit else None,
            earlier.values(),
            earlier.get(_week(self._house.today() - timedelta(weeks=1))),
        )
        return replace(made, tip=tip)

    def _earlier(self, key: PersonKey) -> dict[str, DigestFigures]:
        """Digests of earlier weeks that the reader may have, by week."""
        test, this_week = self._house.terms.mode is Mode.REDIRECT, _week(self._house.today())
        found = {}
        for letter in self._work.letters_of(key):
            order = letter.order
            if order.kind is LetterKind.DIGEST and letter.state in MAY_BE_READ and order.test is test:
                week = order.key.split("/")[1]
                if week != this_week:
                    found[week] = decode(order.shown)
        return found

    def _withdraw_older(self, key: PersonKey, name: str) -> None:
        """A digest of an earlier week that still waits, for its reader's return, say, tells what is over."""
        for letter in self._work.letters_of(key):
            order = letter.order
            if order.kind is LetterKind.DIGEST and order.key != name and letter.state is LetterState.WAITING:
                self._work.move(letter.id, LetterState.WAITING, LetterState.WITHDRAWN, self._now)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-{week:02}"
