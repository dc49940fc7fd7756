"""Forty weeks of people who mend, relapse, ignore, object, go on leave and leave: nobody is written to more
than the ladder allows, and the story of each can be told for as long as it is kept."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest

from mailbot.jobs.rights import explain
from mailbot.model.ids import Address
from mailbot.model.letters import LetterKind
from mailbot.simulator.weeks import DUTCH_DAYS
from tests.acceptance.living_town import LivingTown, Received, Someone, Temper, by_topic, living_town
from tests.acceptance.municipality import AMSTERDAM

WEEKS = 40
ASKING = (LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT)
WEEKLY = (*ASKING, LetterKind.THANKS)
ABSENCE = "out_of_office"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingTown]:
    with living_town(tmp_path_factory.mktemp("living"), mailboxes=24, seed=7) as town:
        town.live(WEEKS)
        yield town


def day_of(letter: Received) -> date:
    return letter.at.astimezone(AMSTERDAM).date()


def weekly(someone: Someone) -> list[Received]:
    return [r for r in someone.received if r.kind in WEEKLY and r.topic != ABSENCE]


def asking(someone: Someone) -> dict[str, list[Received]]:
    return by_topic([r for r in someone.received if r.kind in ASKING])


def test_the_weeks_were_worth_living(town: LivingTown) -> None:
    """Else the other tests would say little: every kind of letter came, and every temper met one."""
    kinds = Counter(letter.kind for someone in town.people.values() for letter in someone.received)
    assert {*ASKING, LetterKind.THANKS, LetterKind.DIGEST} - {LetterKind.HINT} <= kinds.keys()
    assert {s.temper for s in town.people.values() if asking(s)} == set(Temper)
    assert any(s.paused for s in town.people.values())
    assert any(town.resident(s).contracts[-1].ends for s in town.people.values())
    assert ABSENCE in {letter.topic for s in town.people.values() for letter in s.received}


def test_nobody_gets_two_letters_in_a_week(town: LivingTown) -> None:
    for someone in town.people.values():
        for before, after in pairwise(weekly(someone)):
            assert after.at - before.at >= timedelta(days=7), someone.temper


def test_letters_on_one_topic_keep_their_distance(town: LivingTown) -> None:
    for someone in town.people.values():
        for topic, letters in asking(someone).items():
            if topic != ABSENCE:
                for before, after in pairwise(letters):
                    assert after.at - before.at >= timedelta(days=14), (topic, someone.temper)


def test_after_three_letters_on_a_topic_it_is_quiet_for_ninety_days(town: LivingTown) -> None:
    silences = 0
    for someone in town.people.values():
        for letters in asking(someone).values():
            run = 1
            for before, after in pairwise(letters):
                quiet = after.at - before.at >= timedelta(days=90)
                silences += quiet and run == 3
                run = 1 if quiet else run + 1
                assert run <= 3, someone.temper
    assert silences, "somebody who ignores us is asked again after the silence"


def test_nobody_is_written_to_while_away(town: LivingTown) -> None:
    """Not on leave, on days off, in a pause or the week after it, nor in the last days of service."""
    for someone in town.people.values():
        resident = town.resident(someone)
        works = {DUTCH_DAYS.index(word) for word in re.findall(r"\b(?:ma|di|wo|do|vr)\b", resident.workdays)}
        for letter in weekly(someone):
            day = day_of(letter)
            assert day.weekday() in works
            assert not any(leave.first <= day <= leave.last for leave in resident.leave)
            assert not any(first < day < last + timedelta(days=7) for first, last in someone.paused)
            last = resident.contracts[-1].ends
            assert last is None or day <= last - timedelta(days=5), "the last working days are left alone"


def test_thanks_come_once_and_after_a_letter(town: LivingTown) -> None:
    for someone in town.people.values():
        for topic, letters in by_topic(someone.received).items():
            asked = [r for r in letters if r.kind in ASKING]
            thanks = [r for r in letters if r.kind is LetterKind.THANKS]
            assert len(thanks) <= len(asked), topic
            assert all(any(r.at < t.at for r in asked) for t in thanks)


def test_who_mends_at_once_hears_less_than_who_ignores(town: LivingTown) -> None:
    """Delegates are left out: who mends theirs with colleagues who left meanwhile is rightly reminded."""

    def reminders(temper: Temper) -> list[int]:
        return [
            sum(r.kind is LetterKind.REMINDER and r.topic != "delegates" for r in s.received)
            for s in town.people.values()
            if s.temper is temper and asking(s)
        ]

    assert max(reminders(Temper.MENDS), default=0) == 0
    assert sum(reminders(Temper.IGNORES)) > 0


def test_the_story_is_told_while_it_is_kept_and_then_what_was_deleted(town: LivingTown) -> None:
    someone = max(
        (s for s in town.people.values() if s.temper is Temper.IGNORES), key=lambda s: len(s.received)
    )
    with town.here.opened() as house:
        told = explain(house, Address(someone.address), "asked for it", "test")
        today = house.today()
    kept = [r for r in someone.received if (today - day_of(r)).days < 13 * 7]
    gone = [r for r in someone.received if (today - day_of(r)).days > 26 * 7]
    assert gone, "forty weeks are longer than anything is kept"
    sent = {(letter.order.topic, letter.order.kind) for letter in told.letters}
    assert {(r.topic, r.kind) for r in kept} <= sent
    first_kept = min((letter.changed for letter in told.letters if letter.changed), default=None)
    assert first_kept is None or all(r.at < first_kept for r in gone)
