"""What every sweep leaves for the monthly report: figures of groups, and nothing of anybody in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailbot.engine.beside_digests import beside_digests
from mailbot.engine.figures.cells import circles_of
from mailbot.engine.group_figures import FLOOR, group_figures
from mailbot.engine.monthly import MonthlyFigures, looks_back_to, month_after, monthly_figures
from mailbot.engine.office_days import is_office_day
from mailbot.engine.waiving import in_force, waived
from mailbot.jobs.house import House
from mailbot.model.figures import Coverage, GroupFigure
from mailbot.model.ids import PersonKey, RuleId
from mailbot.model.people import People, Person
from mailbot.model.slots import Slot
from mailbot.model.verdicts import Kind, Outcome
from mailbot.policy.packs import Audience, Pack
from mailbot.policy.stages import Stage
from mailbot.ports import Work
from mailbot.rules import Tells, registry


@dataclass(frozen=True, slots=True)
class Month:
    """A month's figures, with the names of the departments in them, where the directory still has them."""

    figures: MonthlyFigures
    departments: Mapping[str, str]
    at_least: int


def measure(
    house: House,
    work: Work,
    slot: Slot,
    people: People,
    population: Mapping[PersonKey, Person],
    coverage: Coverage,
    now: datetime,
    held: bool = False,
) -> None:
    """Keep the figures of a sweep, in the transaction that ends it, of rules that have come to everybody:
    the directie hears nothing of a topic that staff is not told of. A second sweep of the day that read a
    smaller share of the mailboxes leaves the figures of the first. So does one whose plan is `held`: what a
    human must look at before anybody hears of it is no figure; of a first one only the coverage is kept."""
    before = work.measured(slot.day, slot.day).get(slot.day)
    if before is not None and (held or _poorer(coverage, before[0])):
        return
    if held:
        work.measure(slot.day, coverage, (), now)
        return
    terms, standings = house.terms, house.standings()
    outcomes = {
        active.rule.id: _of_all(population, work.outcomes(slot.id, active.rule.id))
        for active in house.rules(slot.day)
        if _counted(active.rule.id) and standings[active.rule.id].stage is Stage.EVERYONE
    }
    units = {key: person.unit.code for key, person in population.items() if person.unit is not None}
    left_alone = {
        rule: {house.store.person_key(guid) for guid in guids}
        for rule, guids in waived(terms.waivers, people, slot.day).items()
    }
    found = group_figures(
        outcomes,
        units if _by_department(terms.pack) else {},
        left_alone,
        in_force(terms.waivers, slot.day),
        _at_least(terms.pack),
    )
    figures = _beside_digests(house, people, outcomes, left_alone, found)
    work.measure(slot.day, coverage, figures, now)


def _beside_digests(
    house: House,
    people: People,
    outcomes: Mapping[RuleId, Mapping[PersonKey, Outcome]],
    left_alone: Mapping[RuleId, Collection[PersonKey]],
    figures: Sequence[GroupFigure],
) -> Sequence[GroupFigure]:
    """As they may be told to somebody who leads a team, and so gets a digest of this sweep as well."""
    if house.terms.pack.team_figures.shown_to is not Audience.MANAGERS:
        return figures
    keys = {guid: house.store.person_key(guid) for guid in people.by_guid}
    readers = [(keys[guid], circles_of(guid, people, keys.__getitem__)) for guid in people.managers()]
    kept = []
    for figure in figures:
        spared = left_alone.get(figure.rule, ())
        counted = {person: o for person, o in outcomes[figure.rule].items() if person not in spared}
        kept.append(beside_digests(figure, counted, readers, house.terms.pack.team_figures.at_least))
    return kept


def month_of(house: House, first: date, actor: str) -> Month:
    """The figures of the month that begins on `first`, for the directie. That it was asked is logged. Raises
    ValueError for a month that has not begun, SettingsRefused as the directory does."""
    pack, today, calendar = house.terms.pack, house.today(), house.calendar()
    people = house.directory.people()
    with house.store.begin() as work:
        measured = work.measured(looks_back_to(first), month_after(first))
        figures = monthly_figures(
            first,
            today,
            measured,
            [rule for rule in registry() if _counted(rule)],
            lambda day: is_office_day(calendar, day),
            _at_least(pack),
            _by_department(pack),
        )
        work.audit(house.clock.now(), actor, "report", {"month": f"{first:%Y-%m}"})
    shown = {department.code for rule in figures.rules for department in rule.departments}
    names = {
        person.unit.code: person.unit.name
        for person in people.by_guid.values()
        if person.unit is not None and person.unit.code in shown
    }
    return Month(figures, names, _at_least(pack))


def _of_all(
    population: Collection[PersonKey], found: Mapping[PersonKey, Outcome]
) -> Mapping[PersonKey, Outcome]:
    """Of whoever had no turn nothing is known."""
    return {person: found.get(person, Outcome.UNKNOWN) for person in population}


def _counted(rule: RuleId) -> bool:
    """Events are left out: a deviation shows on one day only, and one day's count would tell half a truth."""
    found = registry().get(rule)
    return found is not None and found.kind is Kind.STATE and found.tells is Tells.PERSON


def _at_least(pack: Pack) -> int:
    return max(FLOOR, pack.team_figures.at_least)


def _by_department(pack: Pack) -> bool:
    """Not where managers get figures of their teams: whoever has both takes the one from the other."""
    return pack.team_figures.shown_to is Audience.DIRECTIE


def _poorer(one: Coverage, other: Coverage) -> bool:
    return one.read * other.population < other.read * one.population
