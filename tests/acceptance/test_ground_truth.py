"""The main job against literals: what the sweep says of everybody is what the stories say.

The rule on labelled mail runs under a decision with a sample: whoever it did not draw is not looked at.
"""

import pytest

from mailbot.cli.demo_settings import decision
from mailbot.engine.gates import in_sample
from mailbot.jobs.deliver import deliver
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.jobs.tasks import OF_DELIVERY
from mailbot.model.ids import ObjectGuid, RuleId
from mailbot.model.tasks import Task
from mailbot.model.verdicts import Outcome
from mailbot.policy.decisions import LARGEST_SAMPLE
from mailbot.rules import registry
from tests.acceptance.municipality import Municipality

NEVER_IN_THIS_PACK = {"signature": {Outcome.TIP}}
"""Outcomes that a rule can give, but not under the pack *voorbeeld*: it asks for a signature and for none of
its elements, so that nothing is left to advise."""


def expected(voorbeeld: Municipality, house: House, guid: ObjectGuid) -> dict[str, str]:
    """The literals of one person, once the sample of the house's decision is drawn."""
    verdicts = dict(voorbeeld.town.expected()[guid])
    (made,) = house.terms.decisions
    for rule in made.checks:
        if not in_sample(made, house.store.person_key(guid)):
            verdicts[rule] = Outcome.NOT_APPLICABLE
    return verdicts


@pytest.mark.parametrize("percent", [50, LARGEST_SAMPLE])
def test_every_verdict_is_the_one_in_the_story(voorbeeld: Municipality, percent: int) -> None:
    voorbeeld.calibrated()
    with voorbeeld.opened(decisions=[decision(percent)]) as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        with house.store.begin() as work:
            given = {rule: work.outcomes(slot.id, rule) for rule in registry()}
        wrong = {}
        guids = voorbeeld.town.expected()
        for guid in guids:
            story = voorbeeld.town.story(guid)
            for rule, outcome in expected(voorbeeld, house, guid).items():
                said = given[RuleId(rule)].get(house.store.person_key(guid))
                if said != outcome:
                    wrong[(story.id if story else "crowd", rule)] = f"expected {outcome}, given {said}"
        assert wrong == {}
        keys = {house.store.person_key(guid) for guid in guids}
        assert all(set(by_key) == keys for by_key in given.values()), "somebody was judged who has no story"


def test_administrators_see_the_tasks_in_the_stories_and_no_others(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        with house.store.begin() as work:
            given = {task: set(work.tasked(slot.id, task)) for task in Task}
        told = {
            (story.tasks, guid) for guid in voorbeeld.town.expected() if (story := voorbeeld.town.story(guid))
        }
        for task in set(Task) - set(OF_DELIVERY):
            assert given[task] == {house.store.person_key(guid) for tasks, guid in told if task in tasks}, (
                task
            )
            assert given[task], f"nobody is staged for {task}"


def test_the_stories_are_rich_enough(voorbeeld: Municipality) -> None:
    staged = voorbeeld.town.staged()
    assert len(staged) >= 90
    literals = voorbeeld.town.expected()
    for name, rule in registry().items():
        outcomes = {literals[guid][name] for guid in staged.values()}
        assert outcomes == set(rule.says) - NEVER_IN_THIS_PACK.get(name, set()), name
    crowd = [by_rule for guid, by_rule in literals.items() if guid not in staged.values()]
    assert crowd
    assert not [by_rule for by_rule in crowd if "unknown" in by_rule.values()], "unknown only where staged"


def test_without_a_decision_no_heading_is_asked_for(voorbeeld: Municipality) -> None:
    voorbeeld.calibrated()
    before = len(voorbeeld.server.access_log())
    with voorbeeld.opened() as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        with house.store.begin() as work:
            assert work.outcomes(slot.id, RuleId("confidential_external")) == {}
    asked = voorbeeld.server.access_log()[before:]
    assert len(asked) > 100
    assert [line.operation for line in asked if line.headings_asked or line.bodies_asked] == []


def test_whoever_the_sample_left_out_is_not_looked_at(voorbeeld: Municipality) -> None:
    made = decision(50)
    with voorbeeld.opened(decisions=[made]) as house:
        sweep(house, voorbeeld.slot())
        drawn = {
            person.address.value
            for person in house.directory.people().by_guid.values()
            if in_sample(made, house.store.person_key(person.guid))
        }
    log = voorbeeld.server.access_log()
    with_headings = [line for line in log if line.headings_asked]
    assert with_headings
    assert {address for line in with_headings for address in line.mailboxes} <= drawn
    assert all(line.subject_searched for line in with_headings), "a heading outside the search by subject"
    assert [line.operation for line in log if line.bodies_asked] == []


def test_excluded_people_leave_no_trace(voorbeeld: Municipality) -> None:
    voorbeeld.calibrated()
    with voorbeeld.opened(decisions=[decision(LARGEST_SAMPLE)]) as house:
        sweep(house, voorbeeld.slot())
        voorbeeld.at(10, 5)
        deliver(house)
        people = house.directory.people()
    excluded = set(voorbeeld.town.excluded())
    assert len(excluded) >= 5
    touched = {address for line in voorbeeld.server.access_log() for address in line.mailboxes}
    assert touched & excluded == set(), "Exchange was asked about somebody excluded"
    assert {person.address.value for person in people.by_guid.values()} & excluded == set()
    assert not any(voorbeeld.server.inbox_of(address) for address in excluded)
