"""No letter is ever caused by a mail. Two bots keep an eye on each other's mailbox, people have automatic
replies, one mailbox answers everything: they get the letters that they would get in a silent town, and no
others."""

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.jobs.deliver import deliver
from mailbot.jobs.digest import digest
from mailbot.jobs.sweep import sweep
from mailbot.model.ids import Address
from mailbot.model.slots import Job
from mailbot.simulator.delivery import LONGEST_CHAIN, REPLY_CLASS
from mailbot.simulator.mailboxes import Mailbox, Reply
from tests.acceptance.municipality import MONDAY, Municipality, municipality, write_settings

ONE_BOT, OTHER_BOT, PARROT, AWAY = "plain-over", "deep-over", "many-folders-over", "one-byte-over"
CAST = (ONE_BOT, OTHER_BOT, PARROT, AWAY)
FEW = 16
DAYS = (23, 24, 25, 26, 27)
SENDER = 'sender = "postbushulp@voorbeeld.example"'

Sent = Counter[tuple[str, str]]
"""Letters by who got them and their Message-ID, which is the same for the same letter."""


class Town:
    """Voorbeeld with a second bot. Each bot sends from the mailbox of somebody who keeps too much."""

    def __init__(self, here: Municipality, key: Path | None) -> None:
        self.here = here
        self.boxes = {story: self._box(story) for story in CAST}
        other = here.settings.parent / "other"
        write_settings(other, here.server.endpoint, here.files)
        self.bots = {
            ONE_BOT: here,
            OTHER_BOT: Municipality(here.town, here.server, other, here.clock, here.files),
        }
        for bot, house in self.bots.items():
            house.change((SENDER, f'sender = "{self.boxes[bot].address}"'))
            if key is not None:
                shutil.copy(key / f"{bot}.key", house.settings / "mailbot.key")

    def _box(self, story: str) -> Mailbox:
        found = self.here.town.by_guid(self.here.town.staged()[story])
        assert found is not None
        return found

    def keys_for(self, folder: Path) -> None:
        """Keep the keys, so that the same letters get the same names in another town."""
        for bot, house in self.bots.items():
            shutil.copy(house.settings / "mailbot.key", folder / f"{bot}.key")

    def lives(self) -> None:
        """Five days: a sweep at six, the digest on Monday, deliveries through the day."""
        with ExitStack() as stack:
            houses = [(bot, stack.enter_context(bot.opened())) for bot in self.bots.values()]
            for day in DAYS:
                for bot, house in houses:
                    bot.goes_to(MONDAY.replace(day=day))
                    sweep(house, bot.slot())
                    if day == DAYS[0]:
                        digest(house, bot.slot(Job.DIGEST))
                for hour in (9, 11, 15):
                    for bot, house in houses:
                        bot.at(hour, day=day)
                        deliver(house)

    def letters(self) -> Sent:
        return Counter(
            (address, mail.message_id)
            for address, mails in self.here.server.delivered().items()
            for mail in mails
            if ".mailbot@" in mail.message_id
        )

    def answers(self) -> Counter[str]:
        """What came back to the two bots, by class."""
        return Counter(
            mail.item_class
            for bot in self.bots
            for mail in self.here.server.inbox_of(self.boxes[bot].address)
            if ".mailbot@" not in mail.message_id
        )


def automatic_replies(town: Town) -> None:
    """Everybody's is on, that of the bots' mailboxes too. Exchange keeps it back from letters that ask so."""
    for box in town.here.town.mailboxes.values():
        box.reply = Reply("Enabled", internal="Ik ben er even niet.")


def one_who_answers_everything(town: Town) -> None:
    automatic_replies(town)
    town.boxes[PARROT].parrot = "Dank voor uw bericht."


def everybody_answers_everything(town: Town) -> None:
    """The bots' own mailboxes as well: each other's answers fly to and fro until a server stops them."""
    automatic_replies(town)
    for box in town.here.town.mailboxes.values():
        box.parrot = "Dank voor uw bericht."


def everybody_answers_and_nothing_arrives(town: Town) -> None:
    """And one mailbox is gone, so that reports come back as well."""
    everybody_answers_everything(town)
    del town.here.town.mailboxes[town.boxes[AWAY].address]


@pytest.fixture(scope="module")
def silence(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sent, Path]:
    """The letters of a town in which nobody answers, and the keys of its bots."""
    keys = tmp_path_factory.mktemp("keys")
    with municipality(tmp_path_factory.mktemp("quiet"), mailboxes=FEW, stories=CAST) as here:
        town = Town(here, None)
        town.keys_for(keys)
        town.lives()
        assert town.answers() == {}
        return town.letters(), keys


def test_in_silence_each_bot_writes_to_all_others_once_and_never_to_itself(
    silence: tuple[Sent, Path],
) -> None:
    letters, _ = silence
    assert set(letters.values()) == {1}
    by_reader = Counter(address for address, _ in letters)
    assert by_reader[_address(ONE_BOT)] == by_reader[_address(OTHER_BOT)] == 1, "from the other one"
    assert by_reader[_address(PARROT)] == by_reader[_address(AWAY)] == 2, "from both"


@pytest.mark.parametrize("noise", [one_who_answers_everything, everybody_answers_everything])
def test_in_a_town_full_of_answers_the_letters_are_the_same(
    tmp_path: Path, silence: tuple[Sent, Path], noise: Callable[[Town], None]
) -> None:
    expected, keys = silence
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, keys)
        noise(town)
        town.lives()
        assert town.letters() == expected
        answers = town.answers()
        assert answers["IPM.Note"] >= 2, "nobody answered: this proves nothing"
        if noise is everybody_answers_everything:
            assert answers["IPM.Note"] >= LONGEST_CHAIN


def test_automatic_replies_keep_silent_because_we_ask_them_to(
    tmp_path: Path, silence: tuple[Sent, Path]
) -> None:
    expected, keys = silence
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, keys)
        automatic_replies(town)
        town.lives()
        assert town.letters() == expected
        assert town.answers() == {}


def test_and_a_server_that_does_not_heed_that_changes_nothing(
    tmp_path: Path, silence: tuple[Sent, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other systems know Auto-Submitted at best, and a forwarded letter can lose its headers."""
    expected, keys = silence
    monkeypatch.setattr("mailbot.simulator.mailboxes.Item.header", lambda _item, _name: None)
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, keys)
        automatic_replies(town)
        town.lives()
        assert town.letters() == expected
        assert town.answers()[REPLY_CLASS] >= 4


def test_where_letters_come_back_as_well_there_are_fewer_of_them(
    tmp_path: Path, silence: tuple[Sent, Path]
) -> None:
    expected, keys = silence
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, keys)
        gone = town.boxes[AWAY].address
        everybody_answers_and_nothing_arrives(town)
        town.lives()
        assert town.letters() == Counter({key: 1 for key in expected if key[0] != gone})


def test_the_mailbox_that_letters_are_sent_from_is_in_nobodys_population_but_the_others(
    tmp_path: Path,
) -> None:
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, None)
        for bot, other in ((ONE_BOT, OTHER_BOT), (OTHER_BOT, ONE_BOT)):
            with town.bots[bot].opened() as house:
                people = house.directory.people()
                assert town.boxes[bot].guid not in {*people.by_guid, *people.set_aside}
                assert town.boxes[other].guid in people.by_guid


def test_not_under_an_older_address_either(tmp_path: Path) -> None:
    """Somebody gives the mailbox a new address and leaves the settings as they are."""
    with municipality(tmp_path, mailboxes=FEW, stories=CAST) as here:
        town = Town(here, None)
        old = town.boxes[ONE_BOT].address
        residents = here.town.residents
        number = next(n for n, one in enumerate(residents) if one.address == old)
        records = replace(residents[number].records, old_addresses=(old,))
        renamed = replace(residents[number], records=records, address="postbushulp.nieuw@voorbeeld.example")
        residents[number] = renamed
        here.publishes()
        with here.opened() as house:
            assert town.boxes[ONE_BOT].guid not in house.directory.people().by_guid
            assert house.terms.sender == Address(old)


def _address(story: str) -> str:
    return {
        ONE_BOT: "jan-willem.roodenburg@voorbeeld.example",
        OTHER_BOT: "fatma.celik@voorbeeld.example",
        PARROT: "sjoukje.tamminga@voorbeeld.example",
        AWAY: "mehmet.aslan@voorbeeld.example",
    }[story]
