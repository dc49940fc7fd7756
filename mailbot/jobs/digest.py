"""The managers' weekly digest: figures that show nobody, ordered as letters like any other."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from mailbot.engine import figures
from mailbot.engine.plan import next_office_day
from mailbot.engine.recipients import Mode, held
from mailbot.jobs.courier import AGENDA_AHEAD, AGENDA_BACK
from mailbot.jobs.house import House
from mailbot.model.errors import Busy
from mailbot.model.figures import Coverage
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.letters import LetterKind, LetterOrder
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
            ordered = _order_all(house, work, row.slot, coverage, people, now)
            work.finish(slot.id, now, SlotResult.COMPLETE, {"digests": ordered})
            work.audit(now, "mailbot", "digest", {"slot": slot.id, "digests": ordered})
    if ordered is None:
        house.operator.problem(NO_SWEEP, "No digests this week: no sweep was finished in the last 7 days.")
        return 0
    house.operator.solved(NO_SWEEP)
    house.operator.ran(Job.DIGEST, slot.id, now, SlotResult.COMPLETE.value, {"digests": ordered})
    log.info("digests ordered", slot=slot.id, digests=ordered)
    return ordered


def _order_all(
    house: House, work: Work, sweep: Slot, coverage: Coverage, people: People, now: datetime
) -> int:
    # events are left out: a deviation shows on one day only, and one day's count would tell half a truth
    rules = [
        active.rule.id
        for active in house.rules(house.today())
        if active.rule.kind is Kind.STATE and active.rule.tells is Tells.PERSON
    ]
    outcomes = {rule: work.outcomes(sweep.id, rule) for rule in rules}
    return sum(
        _order_one(house, work, people.by_guid[manager], team, coverage, outcomes, people, now)
        for manager, team in people.managers().items()
    )


def _order_one(
    house: House,
    work: Work,
    manager: Person,
    team: tuple[Person, ...],
    coverage: Coverage,
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    people: People,
    now: datetime,
) -> bool:
    terms = house.terms
    if held(manager, terms.mode, terms.pilot_groups, house.today(), terms.redirect_everyone) is not None:
        return False
    key = house.store.person_key(manager.guid)
    circles = figures.circles_of(manager.guid, people, house.store.person_key)
    team_figures = terms.pack.team_figures
    cells = figures.cells(key, circles, outcomes, team_figures.at_least) if team_figures.shown else {}
    shown = {rule: cell.figure for rule, cell in cells.items()}
    today = house.today()
    leavers = sum(p.ends is not None and today - AGENDA_BACK <= p.ends <= today + AGENDA_AHEAD for p in team)
    if not figures.worth_saying(shown, leavers):
        return False
    tip = figures.tip_of_the_week(house.letters.tips(), today)
    content = figures.DigestFigures(coverage, shown, tip, team_figures.at_least)
    calendar = house.calendar()
    day = next_office_day(calendar, terms.hours.office[1])
    year, week, _ = today.isocalendar()
    order = LetterOrder(
        key=f"digest/{year}-{week:02}/{key}",
        kind=LetterKind.DIGEST,
        topic="digest",
        person=key,
        shown=figures.encode(content),
        not_before=calendar.at(day, terms.hours.office[0]),
        not_after=calendar.at(day + FOR_THE_WEEK, terms.hours.office[1]),
        weekly=False,
        test=terms.mode is Mode.REDIRECT,
    )
    return work.order(house.store.letter_id(order.key), order, now)
