"""Leaving one person out of something: a pause while an objection is decided, or settings only. At once."""

from datetime import timedelta

from mailbot.engine.judge import OUTSIDE_SAMPLE
from mailbot.jobs.house import House
from mailbot.jobs.rights import whoever_has
from mailbot.model.ids import Address, ObjectGuid, RuleId
from mailbot.model.needs import DataClass
from mailbot.model.restrictions import Restriction
from mailbot.ports import Work
from mailbot.rules import registry


def pause(house: House, address: Address, actor: str) -> None:
    """From now on nothing of this person is read, recorded, counted or told, until `resume`. What was kept
    stays as it is, can be explained, and ends in its own time; letters that wait are withdrawn, apart from
    notices that somebody looked.

    No reason is asked or kept; the audit row names nobody. Twice is the same as once. Raises NotInPopulation.
    """
    person = whoever_has(house.directory.people(), address)
    now = house.clock.now()
    with house.store.begin() as work:
        work.restrict(person.guid, Restriction.PAUSED, now)
        work.audit(now, actor, "pause", {})


def resume(house: House, address: Address, actor: str) -> None:
    """End the pause. No letter meets the person in the first days after it. Answers the same, and writes the
    same audit row, whether or not there was one. Raises NotInPopulation."""
    person = whoever_has(house.directory.people(), address)
    now = house.clock.now()
    with house.store.begin() as work:
        if work.unrestrict(person.guid, Restriction.PAUSED):
            rest = timedelta(days=house.terms.ladder.after_pause_days)
            work.rest(house.store.person_key(person.guid), now + rest)
        work.audit(now, actor, "resume", {})


def keep_to_settings(house: House, address: Address, actor: str) -> None:
    """Take one person out of the population of all rules that look deeper than settings. What such rules
    saw of the person is erased. As `exclude` for the rest, and with its audit row: which of the two it was
    is nobody's business. Raises NotInPopulation."""
    person = whoever_has(house.directory.people(), address)
    now = house.clock.now()
    with house.store.begin() as work:
        work.restrict(person.guid, Restriction.SETTINGS_ONLY, now)
        forget_deep(house, work, person.guid)
        work.audit(now, actor, "exclude", {})


def forget_deep(house: House, work: Work, guid: ObjectGuid) -> None:
    """Erase what rules that look deeper than settings saw of one person, and how far they read. It is then
    as if no sample had drawn the person, as with so many others."""
    work.end_deep_bookmarks(house.store.person_key(guid))
    for rule in registry().values():
        if rule.data_class > DataClass.TRAFFIC:
            work.end_rule_for(rule.id, house.store.person_key(guid), OUTSIDE_SAMPLE)


def left_out(work: Work) -> frozenset[ObjectGuid]:
    """Who is excluded or paused by now, whatever the directory said when a sweep or delivery began.

    In the order in which the store locks both when somebody is left out: the other way round, the two can
    wait for each other.
    """
    excluded = work.exclusions()
    return excluded | {guid for guid, kind in work.restrictions().items() if kind is Restriction.PAUSED}


def forbids(restriction: Restriction | None, topic: str) -> bool:
    """Whether a letter on this topic may not go to somebody under this restriction; a notice always may."""
    match restriction:
        case None:
            return False
        case Restriction.PAUSED:
            return True
        case Restriction.SETTINGS_ONLY:
            rule = registry().get(RuleId(topic))
            return rule is not None and rule.data_class > DataClass.TRAFFIC
