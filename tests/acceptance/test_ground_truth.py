"""The main job against literals: what the sweep says of everybody is what the stories say."""

from mailbot.jobs.deliver import deliver
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import RuleId
from mailbot.rules import registry
from tests.acceptance.municipality import Municipality


def test_every_verdict_is_the_one_in_the_story(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        slot = voorbeeld.slot()
        sweep(house, slot)
        with house.store.begin() as work:
            given = {rule: work.outcomes(slot.id, rule) for rule in registry()}
        expected = voorbeeld.town.expected()
        wrong = {}
        for guid, by_rule in expected.items():
            story = voorbeeld.town.story(guid)
            for rule, outcome in by_rule.items():
                said = given[RuleId(rule)].get(house.store.person_key(guid))
                if said != outcome:
                    wrong[(story.id if story else "crowd", rule)] = f"expected {outcome}, given {said}"
        assert wrong == {}
        keys = {house.store.person_key(guid) for guid in expected}
        assert all(set(by_key) == keys for by_key in given.values()), "somebody was judged who has no story"


def test_the_stories_are_rich_enough(voorbeeld: Municipality) -> None:
    staged = voorbeeld.town.staged()
    assert len(staged) >= 40
    expected = voorbeeld.town.expected()
    for rule in registry():
        outcomes = {expected[guid][rule] for guid in staged.values()}
        assert outcomes == {"compliant", "deviation", "tip", "not_applicable", "unknown"}, rule
    crowd = [by_rule for guid, by_rule in expected.items() if guid not in staged.values()]
    assert crowd
    assert not [by_rule for by_rule in crowd if "unknown" in by_rule.values()], "unknown only where staged"


def test_excluded_people_leave_no_trace(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
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


def test_nobody_asked_for_a_body_or_a_subject(voorbeeld: Municipality) -> None:
    with voorbeeld.opened() as house:
        sweep(house, voorbeeld.slot())
        voorbeeld.at(10, 5)
        deliver(house)
    log = voorbeeld.server.access_log()
    assert len(log) > 100
    assert [line.operation for line in log if line.body_asked or line.content_asked] == []
