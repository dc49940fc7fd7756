"""Letters leave once, are found again after a crash, and leave nothing behind: the contract of ports.Post."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.model.errors import Unreachable
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Mail, Whereabouts
from mailbot.model.message_id import message_id
from mailbot.ports import Post, PostDeferred, PostRefused
from mailbot.simulator import Delivered, SimulatorServer, Town
from mailbot.simulator.mailboxes import Item, Mailbox, Reply
from tests.contract.post_worlds import WORLDS, World
from tests.contract.roads import NOW

HEADERS = {
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "All",
    "List-Id": "<postbushulp.voorbeeld.example>",
    "Sensitivity": "Private",
}
FIRST = "0123456789abcdef0123456789abcdef"


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, server: SimulatorServer, tmp_path: Path) -> Iterator[World]:
    with WORLDS[request.param](server, tmp_path) as world:
        yield world


@pytest.fixture
def post(world: World) -> Post:
    return world.post


def key(number: int) -> str:
    """The id of a letter, as the store makes them."""
    return f"{number:032x}"


def letter(town: Town, to: str | None = None, key: str = FIRST, **changed: Any) -> Mail:
    """A letter to the first employee, or to whom a test wants."""
    sender = Address(town.sender)
    values: dict[str, Any] = {
        "key": LetterId(key),
        "message_id": message_id(LetterId(key), sender),
        "sender": sender,
        "sender_name": "Postbushulp",
        "to": Address(to or town.residents[0].address),
        "to_name": "Jan-Willem Ångström & Zn.",
        "subject": "Even over je postvak – geen haast",
        "html": "<p>Hoi, je postvak is &gt; 5 GB.</p>",
        "text": "Hoi, je postvak is > 5 GB.",
        "headers": HEADERS,
        "date": NOW,
    }
    return Mail(**{**values, **changed})


def send(post: Post, mail: Mail) -> None:
    post.dispatch(post.prepare(mail))


def arrived(server: SimulatorServer, mail: Mail) -> list[Delivered]:
    return [found for found in server.inbox_of(mail.to.value) if found.message_id == mail.message_id]


def where(post: Post, mail: Mail) -> Whereabouts:
    return post.trace(mail.key, mail.message_id).where


def kept(town: Town, folder: str) -> list[Item]:
    """What lies in a folder of the service mailbox that was not there from the start."""
    mailbox = town.mailbox(town.sender)
    assert mailbox is not None
    return [item for item in mailbox.items_in(mailbox.folders.by_name[folder]) if item.named]


class TestSending:
    def test_a_draft_is_sent_to_nobody(self, post: Post, server: SimulatorServer, town: Town) -> None:
        mail = letter(town)
        assert post.prepare(mail)
        assert arrived(server, mail) == []
        assert where(post, mail) is not Whereabouts.SENT

    def test_a_sent_letter_arrives_once_and_its_copy_proves_it(
        self, post: Post, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        send(post, mail)
        assert len(arrived(server, mail)) == 1
        assert where(post, mail) is Whereabouts.SENT
        assert post.left_over() == 1

    def test_what_arrives_is_what_was_written(self, post: Post, server: SimulatorServer, town: Town) -> None:
        mail = letter(town)
        send(post, mail)
        (got,) = arrived(server, mail)
        assert (got.subject, got.body_type) == (mail.subject, "HTML")
        assert got.body.strip() == mail.html
        assert (got.sender, got.sensitivity, got.item_class) == (town.sender, "Private", "IPM.Note")
        headers = {name.lower(): value for name, value in got.headers.items()}
        for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "List-Id"):
            assert headers[name.lower()] == HEADERS[name]

    def test_somebody_who_is_away_does_not_answer(
        self, post: Post, server: SimulatorServer, town: Town, somebody: Mailbox
    ) -> None:
        somebody.reply = Reply("Enabled", internal="Ik ben weg", external="Ik ben weg")
        mail = letter(town, somebody.address)
        send(post, mail)
        assert len(arrived(server, mail)) == 1
        assert [got for got in server.inbox_of(town.sender) if got.message_id != mail.message_id] == []

    def test_the_one_who_is_away_would_have_answered_another_mail(
        self, post: Post, server: SimulatorServer, town: Town, somebody: Mailbox
    ) -> None:
        """So that the test above cannot pass by accident."""
        somebody.reply = Reply("Enabled", internal="Ik ben weg", external="Ik ben weg")
        mail = letter(town, somebody.address, headers={})
        send(post, mail)
        assert len([got for got in server.inbox_of(town.sender) if got.message_id != mail.message_id]) == 1

    def test_letters_follow_each_other(self, post: Post, server: SimulatorServer, town: Town) -> None:
        mails = [letter(town, key=key(number)) for number in range(5)]
        for mail in mails:
            send(post, mail)
        assert [len(arrived(server, mail)) for mail in mails] == [1] * 5


class TestRefusals:
    def test_a_no_for_good_is_told_and_sends_nothing(
        self, post: Post, world: World, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        world.refuses(mail)
        draft = post.prepare(mail)
        with pytest.raises(PostRefused) as refused:
            post.dispatch(draft)
        assert refused.value.code
        assert mail.to.value not in str(refused.value)
        assert post.discard(draft) is True
        assert (arrived(server, mail), post.left_over()) == ([], 0)

    def test_it_is_about_one_letter(
        self, post: Post, world: World, server: SimulatorServer, town: Town
    ) -> None:
        first, second = letter(town), letter(town, town.residents[1].address, key(2))
        world.refuses(first)
        with pytest.raises(PostRefused):
            send(post, first)
        world.mends()
        send(post, second)
        assert (len(arrived(server, first)), len(arrived(server, second))) == (0, 1)


class TestCrashes:
    """An answer is lost: the caller hears "unreachable", and a look tells."""

    def test_of_a_letter_that_was_sent(
        self, post: Post, world: World, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        world.loses_the_answer()
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        world.mends()
        assert where(post, mail) is Whereabouts.SENT
        assert post.discard(draft) is False, "it is no draft any more"
        assert len(arrived(server, mail)) == 1

    def test_of_a_letter_that_was_not_sent(
        self, post: Post, world: World, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        world.loses_the_letter()
        with pytest.raises(Unreachable):
            post.dispatch(draft)
        world.mends()
        assert where(post, mail) is not Whereabouts.SENT
        assert arrived(server, mail) == []

    def test_nothing_is_ever_sent_a_second_time_by_itself(
        self, post: Post, world: World, server: SimulatorServer, town: Town
    ) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        post.dispatch(draft)
        with pytest.raises((PostDeferred, PostRefused, Unreachable)):
            post.dispatch(draft)
        assert len(arrived(server, mail)) == 1

    def test_another_letter_is_not_this_one(self, post: Post, town: Town) -> None:
        send(post, letter(town, key=key(2)))
        assert where(post, letter(town)) is Whereabouts.NOWHERE


class TestDiscarding:
    def test_a_draft_is_gone_for_good(self, post: Post, town: Town) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        assert [post.discard(draft), post.discard(draft)] == [True, False]
        assert where(post, mail) is Whereabouts.NOWHERE
        assert post.left_over() == 0

    def test_one_that_was_sent_meanwhile_stays_where_it_is(self, post: Post, town: Town) -> None:
        mail = letter(town)
        draft = post.prepare(mail)
        post.dispatch(draft)
        assert post.discard(draft) is False
        assert where(post, mail) is Whereabouts.SENT


class TestTidying:
    def test_proof_copies_are_gone_for_good(self, post: Post, town: Town) -> None:
        mails = [letter(town, key=key(number)) for number in range(3)]
        for mail in mails:
            send(post, mail)
        assert post.left_over() == 3
        assert post.tidy([mail.key for mail in mails]) == {mail.key for mail in mails}
        assert post.left_over() == 0
        mailbox = town.mailbox(town.sender)
        assert mailbox is not None
        assert mailbox.items_in(mailbox.folders.by_name["deleteditems"]) == []

    def test_other_letters_and_the_mail_of_strangers_stay(self, post: Post, town: Town) -> None:
        mailbox = town.mailbox(town.sender)
        assert mailbox is not None
        before = set(mailbox.items)
        for number in (1, 2):
            send(post, letter(town, key=key(number)))
        assert post.tidy([LetterId(key(1))]) == {key(1)}
        assert before <= set(mailbox.items)
        assert where(post, letter(town, key=key(2))) is Whereabouts.SENT
        assert post.left_over() == 1

    def test_nothing_to_tidy_asks_nothing(self, post: Post, world: World) -> None:
        before = world.asked()
        assert post.tidy([]) == frozenset()
        assert world.asked() == before
