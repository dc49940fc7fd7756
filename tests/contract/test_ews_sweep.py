"""A sweep of the municipality with the real rules: who is asked what, counted in the server's own log."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mailbot.engine import judge
from mailbot.model.facts import MailboxFacts
from mailbot.model.needs import Need
from mailbot.ports import Target
from mailbot.rules.out_of_office import REPLY, RULES
from mailbot.simulator import Access, Town
from tests.acceptance.municipality import municipality


@dataclass(frozen=True)
class Swept:
    """Addresses of everybody in the population, of who will be away for long, and of whose absence is due
    today without a reply that covers it; and what the server saw."""

    everybody: set[str]
    away: set[str]
    due: set[str]
    log: list[Access]
    town: Town

    def asked(self, operation: str) -> list[tuple[str, ...]]:
        return [line.mailboxes for line in self.log if line.operation == operation]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    with municipality(tmp_path_factory.mktemp("voorbeeld")) as here, here.opened() as house:
        calendar = house.calendar()
        rules = house.rules(calendar.today)
        people = house.directory.people().by_guid
        away, due = set(), set()

        def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
            """What the rules want to know next; noted for the tests."""
            more = judge.follow_up(rules, people[facts.guid], facts, calendar)
            address = people[facts.guid].address.value
            away.update([address] if REPLY in more else [])
            due.update([address] if RULES in more else [])
            return more

        road = house.exchange()
        road.sign_in()
        here.server.log.clear()
        targets = [Target(person.guid, person.address) for person in people.values()]
        answered = list(road.read(targets, judge.needs(rules), follow_up, calendar.now))
        assert len(answered) == len(targets)
        everybody = {person.address.value for person in people.values()}
        yield Swept(everybody, away, due, here.server.access_log(), here.town)


def test_each_mailbox_is_sized_by_one_request(swept: Swept) -> None:
    """More only for the staged few: a thousand folders, a store that is down."""
    per_mailbox = Counter(boxes[0] for boxes in swept.asked("FindFolder"))
    assert set(per_mailbox) == swept.everybody
    assert Counter(per_mailbox.values())[1] >= len(swept.everybody) - 4


def test_free_busy_is_asked_in_bulk(swept: Swept) -> None:
    """A chunk of mailboxes at a time, and once more for calendars that could not be reached."""
    assert len(swept.asked("GetUserAvailability")) <= len(swept.everybody) / 8


def test_the_reply_is_asked_only_of_who_will_be_away_for_long(swept: Swept) -> None:
    assert {boxes[0] for boxes in swept.asked("GetUserOofSettings")} == swept.away
    assert 20 < len(swept.away) < len(swept.everybody) * 0.6


def test_rules_are_asked_only_on_the_day_on_which_a_reply_is_due(swept: Swept) -> None:
    assert {boxes[0] for boxes in swept.asked("GetInboxRules")} == swept.due
    assert 5 < len(swept.due) < len(swept.away)


def test_nothing_else_is_asked(swept: Swept) -> None:
    assert {line.operation for line in swept.log} == {
        "FindFolder",
        "GetUserAvailability",
        "GetUserOofSettings",
        "GetInboxRules",
    }
    assert [line.content_asked for line in swept.log if line.content_asked] == []


def test_nobody_who_is_excluded_is_named_in_any_request(swept: Swept) -> None:
    named = {address for line in swept.log for address in line.mailboxes}
    assert named.isdisjoint(swept.town.excluded())
