"""The managers' weekly digest: figures that show nobody, ordered as letters like any other."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import structlog

from mailbot.engine import figures
from mailbot.engine.figures import Figure
from mailbot.engine.plan import next_office_day
from mailbot.engine.recipients import Mode, held
from mailbot.engine.returning import away, back_on
from mailbot.jobs.agenda import Agendas, agendas
from mailbot.jobs.house import House
from mailbot.model.errors import Busy
from mailbot.model.figures import Coverage
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder, LetterState
from mailbot.model.people import People, Person
from mailbot.model.slots import Claim, Job, Slot, SlotResult
from mailbot.model.verdicts import Kind, Outcome
from mailbot.ports import Work
from mailbot.rules import Tells

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
FRESH = timedelta(days=7)
FOR_THE_WEEK = timedelta(days=4)
"""How long a digest may wait, for a stop to be lifted, say: until its week is over."""
NO_SWEEP = "digest_without_sweep"
NO_MANAGER = "leavers_without_manager"


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
        newest = work.last_counts(Job.SWEEP)
        if newest is None or newest[0].finished is None or now - newest[0].finished > FRESH:
            work.finish(slot.id, now, SlotResult.SKIPPED, {"digests": 0})
            ordered = None
        else:
            row, counts = newest
            coverage = Coverage(int(counts["population"]), int(counts["read"]))
            ordered = _Digests(house, work, row.slot, coverage, people, now).order_all()
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


class _Digests:
    """All digests of one week, made of one sweep."""

    def __init__(
        self, house: House, work: Work, sweep: Slot, coverage: Coverage, people: People, now: datetime
    ) -> None:
        self._house = house
        self._work = work
        self._coverage = coverage
        self._people = people
        self._now = now
        self._calendar = house.calendar()
        self._day = next_office_day(self._calendar, house.terms.hours.office[1])
        self._leads = people.managers()
        self._agendas: dict[date, Agendas] = {}
        # events are left out: a deviation shows on one day only, and one day's count would tell half a truth
        rules = [
            active.rule.id
            for active in house.rules(house.today())
            if active.rule.kind is Kind.STATE and active.rule.tells is Tells.PERSON
        ]
        self._outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]] = {
            rule: work.outcomes(sweep.id, rule) for rule in rules
        }

    def order_all(self) -> int:
        """For everybody who leads a team or runs a departure; how many were ordered."""
        readers = dict.fromkeys([*self._leads, *self._agenda_on(self._day)])
        return sum(self._order(self._people.by_guid[guid]) for guid in readers if guid is not None)

    def _agenda_on(self, day: date) -> Agendas:
        if day not in self._agendas:
            self._agendas[day] = agendas(self._people, self._house.terms.managers, day)
        return self._agendas[day]

    def _order(self, reader: Person) -> bool:
        """False when there is nothing to say, or nobody to say it to."""
        terms = self._house.terms
        key = self._house.store.person_key(reader.guid)
        today = self._house.today()
        year, week, _ = today.isocalendar()
        name = f"digest/{year}-{week:02}/{key}"
        self._withdraw_older(key, name)
        if held(reader, terms.mode, terms.pilot_groups, today, terms.redirect_everyone) is not None:
            return False
        day = self._read_on(reader)
        if day is None:
            return False
        figures_shown = self._figures(reader, key)
        agenda = self._agenda_on(day).get(reader.guid, ())
        if not figures.worth_saying(figures_shown, len(agenda)):
            return False
        # whoever leads no team of their own gets the agenda alone
        tip = (
            figures.tip_of_the_week(self._house.letters.tips(), today) if reader.guid in self._leads else None
        )
        at_least = terms.pack.team_figures.at_least
        content = figures.DigestFigures(self._coverage, figures_shown, tip, at_least)
        opens, closes = terms.hours.office
        order = LetterOrder(
            key=name,
            kind=LetterKind.DIGEST,
            topic="digest",
            person=key,
            shown=figures.encode(content),
            not_before=self._calendar.at(day, opens),
            not_after=self._calendar.at(day + FOR_THE_WEEK, closes),
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

    def _figures(self, reader: Person, key: PersonKey) -> dict[RuleId, Figure]:
        """What the reader may see: never anything of a team that somebody else leads."""
        team_figures = self._house.terms.pack.team_figures
        if not team_figures.shown or reader.guid not in self._leads:
            return {}
        circles = figures.circles_of(reader.guid, self._people, self._house.store.person_key)
        cells = figures.cells(key, circles, self._outcomes, team_figures.at_least)
        return {rule: cell.figure for rule, cell in cells.items()}

    def _withdraw_older(self, key: PersonKey, name: str) -> None:
        """A digest of an earlier week that still waits, for its reader's return, say, tells what is over."""
        for letter in self._work.letters_of(key):
            order = letter.order
            if order.kind is LetterKind.DIGEST and order.key != name and letter.state is LetterState.WAITING:
                self._work.move(letter.id, LetterState.WAITING, LetterState.WITHDRAWN, self._now)
