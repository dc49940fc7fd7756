"""A sweep of the municipality with the real rules: who is asked what, counted in the server's own log."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mailbot.engine import judge
from mailbot.exchange.ews.visit import Limits
from mailbot.model.facts import MailboxFacts
from mailbot.model.needs import (
    AutomaticReply,
    ForwardingRules,
    InboxReplyRules,
    Need,
    OutlookDelegates,
    ReplyOfLeaver,
)
from mailbot.ports import Target
from mailbot.simulator import Access, Town
from tests.acceptance.municipality import municipality


@dataclass(frozen=True)
class Swept:
    """Addresses of everybody in the population, and of those of whom a rule wanted to know more, by what it
    wanted; and what the server saw."""

    everybody: set[str]
    more: Mapping[type[Need[Any]], set[str]]
    log: list[Access]
    town: Town

    def asked(self, operation: str) -> list[tuple[str, ...]]:
        return [line.mailboxes for line in self.log if line.operation == operation]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    with municipality(tmp_path_factory.mktemp("voorbeeld")) as here, here.opened() as house:
        calendar = house.calendar()
        rules = house.rules(calendar.today)
        everyone = house.directory.people()
        people, organisation = everyone.by_guid, house.organisation(everyone)
        asked_for: defaultdict[type[Need[Any]], set[str]] = defaultdict(set)

        def follow_up(facts: MailboxFacts) -> Collection[Need[Any]]:
            """What the rules want to know next; noted for the tests."""
            person = people[facts.guid]
            candidate = judge.Candidate(house.store.person_key(facts.guid), person, organisation)
            more = judge.follow_up(rules, candidate, facts, calendar)
            for need in more:
                asked_for[type(need)].add(person.address.value)
            return more

        road = house.exchange()
        road.sign_in()
        here.server.log.clear()
        targets = [Target(person.guid, person.address) for person in people.values()]
        answered = list(road.read(targets, judge.needs(rules), follow_up, calendar.now))
        assert len(answered) == len(targets)
        everybody = {person.address.value for person in people.values()}
        yield Swept(everybody, asked_for, here.server.access_log(), here.town)


def test_each_mailbox_is_sized_by_one_request(swept: Swept) -> None:
    """More only for the staged few: a thousand folders, a store that is down. A search for private folders
    asks for no property at all."""
    sizings = [line for line in swept.log if line.operation == "FindFolder" and line.properties]
    per_mailbox = Counter(line.mailboxes[0] for line in sizings)
    assert set(per_mailbox) == swept.everybody
    assert Counter(per_mailbox.values())[1] >= len(swept.everybody) - 4


def test_free_busy_is_asked_in_bulk(swept: Swept) -> None:
    """A chunk of mailboxes at a time, and once more for calendars that could not be reached."""
    assert len(swept.asked("GetUserAvailability")) <= len(swept.everybody) / 8


def test_the_reply_is_asked_only_of_who_will_be_away_for_long_or_has_left(swept: Swept) -> None:
    away, left = swept.more[AutomaticReply], swept.more[ReplyOfLeaver]
    assert {boxes[0] for boxes in swept.asked("GetUserOofSettings")} == away | left
    assert 20 < len(away) < len(swept.everybody) * 0.6
    assert 10 < len(left) < len(swept.everybody) * 0.2


def test_rules_are_asked_only_on_the_day_on_which_a_reply_is_due_and_of_who_has_left(swept: Swept) -> None:
    due, left = swept.more[InboxReplyRules], swept.more[ForwardingRules]
    assert {boxes[0] for boxes in swept.asked("GetInboxRules")} == due | left
    assert 5 < len(due) < len(swept.more[AutomaticReply])


def test_delegates_are_asked_only_where_the_inbox_shows_too_few_colleagues(swept: Swept) -> None:
    asked = {boxes[0] for boxes in swept.asked("GetDelegate")}
    assert asked <= swept.more[OutlookDelegates]
    assert 20 < len(asked) < len(swept.everybody) / 3


def test_a_group_is_asked_once_however_many_mailboxes_it_stands_on(swept: Swept) -> None:
    """Or as often as there are workers, when all of them meet it at the same moment."""
    asked = Counter(name for line in swept.log if line.operation == "ExpandDL" for name in line.looked_up)
    assert len(asked) > 5
    assert max(asked.values()) <= Limits().workers


def test_nothing_else_is_asked(swept: Swept) -> None:
    """Without a decision about headings no item is looked for; no folder is asked for its name."""
    assert {line.operation for line in swept.log} == {
        "FindFolder",
        "GetFolder",
        "GetUserAvailability",
        "GetUserOofSettings",
        "GetInboxRules",
        "GetDelegate",
        "GetUserConfiguration",
        "ExpandDL",
        "ResolveNames",
    }
    assert [line.content_asked for line in swept.log if line.content_asked] == []


def test_nobody_who_is_excluded_is_named_in_any_request(swept: Swept) -> None:
    named = {address for line in swept.log for address in line.mailboxes}
    assert named.isdisjoint(swept.town.excluded())
