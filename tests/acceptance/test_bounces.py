"""A letter that comes back was told to nobody: its reader rests, the administrator hears of it, and when the
mailbox works again the first letter is once more the first."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailbot.jobs.deliver import deliver
from mailbot.jobs.house import House
from mailbot.jobs.sweep import sweep
from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterKind, LetterState, OutboxLetter
from mailbot.model.tasks import Task
from mailbot.simulator.mailboxes import Item, Mailbox
from tests.acceptance.by_smtp import posts_through
from tests.acceptance.desk import Desk
from tests.acceptance.municipality import Municipality, municipality
from tests.contract.mail_server import MailServer, mail_server

GONE = "plain-over"
OTHERS = ("many-folders-over", "one-byte-over")
RETURNED = Task.LETTERS_COME_BACK.value


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Municipality]:
    with municipality(tmp_path, mailboxes=40, stories=(GONE, *OTHERS)) as made:
        yield made


class Reader:
    """Somebody whose mailbox can be taken away without the directory knowing."""

    def __init__(self, here: Municipality) -> None:
        self.here = here
        self.guid = here.town.staged()[GONE]
        found = here.town.by_guid(self.guid)
        assert found is not None
        self.mailbox: Mailbox = found

    def is_gone(self) -> None:
        del self.here.town.mailboxes[self.mailbox.address]

    def is_back(self) -> None:
        self.here.town.mailboxes[self.mailbox.address] = self.mailbox

    def letters(self, house: House) -> list[OutboxLetter]:
        with house.store.begin() as work:
            return work.letters_of(house.store.person_key(self.guid))

    def finding(self, house: House) -> tuple[FindingState, int]:
        with house.store.begin() as work:
            (found,) = work.findings_of(house.store.person_key(self.guid))
        return found.state, found.steps

    def arrived(self) -> int:
        return sum(
            mail.sender == self.here.town.sender for mail in self.here.server.inbox_of(self.mailbox.address)
        )


@pytest.fixture
def reader(here: Municipality) -> Reader:
    return Reader(here)


def service_inbox(here: Municipality) -> list[Item]:
    box = here.town.mailbox(here.town.sender)
    assert box is not None
    return [item for item in box.items_in(box.folders.by_name["inbox"]) if item.arrived]


def problems(house: House) -> set[str]:
    with house.store.begin() as work:
        return set(work.problems())


def test_the_story_of_a_letter_that_came_back(here: Municipality, reader: Reader) -> None:
    with here.opened() as house:
        sweep(house, here.slot())
        reader.is_gone()
        here.at(9)
        assert deliver(house).sent == 3
        assert reader.finding(house) == (FindingState.TOLD, 1)
        assert len(service_inbox(here)) == 1, "Exchange reports what it could not deliver"

        here.at(9, 10)
        deliver(house)
        (letter,) = reader.letters(house)
        assert letter.state is LetterState.BOUNCED
        assert reader.finding(house) == (FindingState.OPEN, 0)
        assert service_inbox(here) == [], "the report is gone for good"
        assert RETURNED in problems(house)

        reader.is_back()
        for day in (24, 30):
            here.at(6, day=day)
            sweep(house, here.slot())
            here.at(9)
            deliver(house)
        assert reader.arrived() == 0, "two weeks of rest"

        here.goes_to(here.clock.now() + timedelta(days=9))
        sweep(house, here.slot())
        deliver(house)
        assert [one.order.kind for one in reader.letters(house)] == [LetterKind.NUDGE] * 2
        assert reader.arrived() == 1
        assert reader.finding(house) == (FindingState.TOLD, 1)
        here.goes_to(here.clock.now() + timedelta(days=2))
        deliver(house)
        assert RETURNED not in problems(house)


def test_letters_that_all_come_back_end_in_silence(here: Municipality, reader: Reader) -> None:
    """A forgotten forward behind the mailbox bounces, while its reader has every one of them: without an end
    that would be the same nudge twice a month, for ever."""
    came_back = {}
    with here.opened() as house:
        for _ in range(34):
            reader.is_back()
            sweep(house, here.slot())
            reader.is_gone()
            for hours in (3, 1):
                here.goes_to(here.clock.now() + timedelta(hours=hours))
                deliver(house)
            came_back |= {one.id: one.order.not_before for one in reader.letters(house)}
            here.goes_to(here.clock.now() + timedelta(days=4, hours=-4))
    first, _, third, fourth, *more = sorted(came_back.values())
    assert third - first < timedelta(weeks=6)
    assert fourth - third >= timedelta(days=90), "after three in a row it is quiet"
    assert all(later - fourth >= timedelta(days=90) for later in more)


def test_the_administrator_sees_how_many_and_on_request_who(here: Municipality, reader: Reader) -> None:
    desk = Desk(here)
    desk.types("sweep")
    reader.is_gone()
    here.at(9)
    desk.delivers()
    desk.delivers()
    assert desk.shows("tasks")["tasks"][RETURNED] == 1
    assert "@" not in desk.types("tasks").out
    shown = desk.shows("tasks", RETURNED, "--reason", "adres herstellen")
    assert shown["mailboxes"] == [reader.mailbox.address]


def test_the_letters_of_others_are_not_touched(here: Municipality, reader: Reader) -> None:
    with here.opened() as house:
        sweep(house, here.slot())
        reader.is_gone()
        here.at(9)
        deliver(house)
        deliver(house)
        with house.store.begin() as work:
            counts = work.letter_counts()
    assert counts == {(LetterKind.NUDGE, LetterState.SENT): 2, (LetterKind.NUDGE, LetterState.BOUNCED): 1}


def test_what_people_write_stays_and_is_never_opened(here: Municipality) -> None:
    people = [box for box in here.town.mailboxes.values() if box.address != here.town.sender]
    for box in people:
        box.parrot = "Beste collega, ik bel je morgen even over mijn postvak."
    with here.opened() as house:
        sweep(house, here.slot())
        here.at(9)
        sent = deliver(house).sent
        here.server.log.clear()
        before = service_inbox(here)
        assert len(before) == sent == 3
        for hour in (10, 11, 12):
            here.at(hour)
            assert deliver(house).sent == 0
    assert service_inbox(here) == before
    for line in here.server.access_log():
        assert line.operation in ("FindItem", "GetItem", "DeleteItem")
        assert line.content_asked == ()


@pytest.fixture
def posts(here: Municipality) -> Iterator[MailServer]:
    """The same municipality, whose letters leave by SMTP."""
    with mail_server(here.server) as server:
        posts_through(here, server)
        yield server


@pytest.mark.parametrize("converts", [True, False], ids=["as a report", "as ordinary mail"])
def test_a_mail_server_that_gives_up_later(
    here: Municipality, reader: Reader, posts: MailServer, converts: bool
) -> None:
    """Postfix takes the letter and finds out afterwards; the copy for ourselves arrives all the same."""
    here.server.converts_reports = converts
    posts.door.refuse(reader.mailbox.address, "550 5.2.1 mailbox disabled")
    with here.opened() as house:
        sweep(house, here.slot())
        here.at(9)
        deliver(house)
        posts.settled()
        here.at(9, 10)
        deliver(house)
        (letter,) = reader.letters(house)
        assert letter.state is LetterState.BOUNCED
        assert reader.finding(house) == (FindingState.OPEN, 0)
        here.at(9, 20)
        deliver(house)
    assert service_inbox(here) == [], "neither the report nor the copies stay"
