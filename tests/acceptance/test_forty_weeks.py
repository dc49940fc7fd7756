"""Forty weeks of people who begin, mend, relapse, ignore, object, go on leave and leave: nobody is written to
more than the ladder allows, and of each the story is told that is kept, and what is gone.

What arrived in the simulator's mailboxes is the measure. The numbers are told once more here.
"""

import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise, takewhile
from unittest.mock import patch

import pytest

from mailbot.cli.explained import print_explanation
from mailbot.jobs.rights import Explanation, NotInPopulation, explain
from mailbot.jobs.story import Happened
from mailbot.model.ids import Address
from mailbot.model.letters import LetterKind, LetterState
from mailbot.simulator.residents import Resident
from mailbot.simulator.weeks import DUTCH_DAYS
from tests.acceptance.desk import typed
from tests.acceptance.living_town import (
    NEWCOMERS,
    TOPICS,
    LivingTown,
    Received,
    Someone,
    Temper,
    by_topic,
    living_town,
)
from tests.acceptance.municipality import AMSTERDAM

WEEKS = 40
ASKING = (LetterKind.NUDGE, LetterKind.REMINDER, LetterKind.HINT)
WEEKLY = (*ASKING, LetterKind.THANKS)
ABSENCE = "out_of_office"
DAY = timedelta(days=1)
QUIET = timedelta(days=90)

KEPT = timedelta(weeks=13)
LONGEST = timedelta(weeks=26)
PACK = "artikel 11 of Protocol e-mail gemeente Voorbeeld"
OWN = "mailbot's own limit"
LIMITS = {
    "findings": (KEPT, "after the last change", PACK),
    "findings, whatever changes": (LONGEST, "after it was opened", OWN),
    "what findings went through": (KEPT, "after it happened", PACK),
    "that letters were sent": (KEPT, "after the last change", PACK),
    "letters, whatever changes": (LONGEST, "after it was made", OWN),
}
"""How long findings and letters are kept, since when, and who says so."""

CLOSED = {
    *(date(2026, 12, 25), date(2027, 1, 1), date(2027, 3, 29), date(2027, 4, 27)),
    *(date(2027, 5, 5), date(2027, 5, 6), date(2027, 5, 7), date(2027, 5, 17)),
}
"""Christmas, New Year, Easter Monday, the King's birthday, Liberation Day, Ascension Day and the day after,
Whit Monday."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingTown]:
    with living_town(tmp_path_factory.mktemp("living"), mailboxes=24, seed=7) as town:
        town.live(WEEKS)
        yield town


@dataclass(frozen=True)
class Told:
    """What somebody who asks is told: as values, and as it is printed."""

    someone: Someone
    found: Explanation
    printed: str

    def letters(self) -> Counter[tuple[str, LetterKind, datetime]]:
        """Those that it says have arrived."""
        return Counter(
            (x.order.topic, x.order.kind, x.changed)
            for x in self.found.letters
            if x.state is LetterState.SENT and x.changed is not None
        )

    def says(self, under: str) -> list[str]:
        """Lines about the limits that this rule sets."""
        lines = self.printed.splitlines()
        start = lines.index(f"Under {under}:") + 1
        return list(takewhile(lambda line: line.startswith("  "), lines[start:]))


@pytest.fixture(scope="module")
def told(town: LivingTown) -> list[Told]:
    """Everybody asks, on the evening of the last day; who is left out for good is not known any more."""
    found = []
    with town.here.opened() as house, patch.dict(os.environ, {"COLUMNS": "100"}):
        for someone in town.people.values():
            if not gone_for_good(someone):
                explained = explain(house, Address(someone.address), "asked for it", "test")
                with redirect_stdout(io.StringIO()) as printed:
                    print_explanation(explained, AMSTERDAM)
                found.append(Told(someone, explained, printed.getvalue()))
    return found


@pytest.fixture(scope="module")
def forgotten(town: LivingTown) -> datetime:
    """When forgetting ran last, by the clock of the town: in the morning of the last day."""
    return town.swept[-1].at.astimezone(AMSTERDAM)


def gone_for_good(someone: Someone) -> bool:
    objection = someone.objection
    return objection is not None and objection.upheld and objection.ended is not None


def weekly(someone: Someone) -> list[Received]:
    return [r for r in someone.received if r.kind in WEEKLY and r.topic != ABSENCE]


def asking(someone: Someone) -> dict[str, list[Received]]:
    return by_topic([r for r in someone.received if r.kind in ASKING])


def runs(letters: list[Received]) -> list[list[Received]]:
    """Letters that ask something on one topic, parted where it was quiet for as long as silence lasts."""
    found: list[list[Received]] = []
    for letter in letters:
        if not found or letter.at - found[-1][-1].at >= QUIET:
            found.append([])
        found[-1].append(letter)
    return found


def works_on(resident: Resident, day: date) -> bool:
    return DUTCH_DAYS[day.weekday()] in re.findall(r"\b[a-z]{2}\b", resident.workdays) and day not in CLOSED


def at_work(resident: Resident, first: date, before: date, known: date = date.max) -> list[date]:
    """Own working days from `first` on, `before` left out, without leave that was approved before `known`."""
    days = [first + n * DAY for n in range((before - first).days)]
    leave = [x for x in resident.leave if x.approved < known]
    return [d for d in days if works_on(resident, d) and not any(x.first <= d <= x.last for x in leave)]


def last_own_day_before(resident: Resident, day: date) -> date:
    return next(d for d in (day - n * DAY for n in range(1, 30)) if works_on(resident, d))


def test_the_weeks_were_worth_living(town: LivingTown) -> None:
    """Else the other tests would say little: every kind of letter came, and every temper met one."""
    people = town.people.values()
    kinds = Counter(letter.kind for someone in people for letter in someone.received)
    assert kinds.keys() == {*ASKING, LetterKind.THANKS, LetterKind.DIGEST} - {LetterKind.HINT}
    assert {s.temper for s in people if asking(s)} == set(Temper)
    assert {s.objection.upheld for s in people if s.objection and s.objection.ended} == {True, False}
    assert any(town.resident(s).contracts[-1].ends for s in people)
    assert ABSENCE in {letter.topic for s in people for letter in s.received}
    assert sum(s.begins is not None for s in people) == len(NEWCOMERS)


def test_nobody_gets_two_letters_in_a_week(town: LivingTown) -> None:
    for someone in town.people.values():
        for before, after in pairwise(weekly(someone)):
            assert after.at - before.at >= timedelta(days=7), someone.temper


def test_letters_on_one_topic_keep_their_distance(town: LivingTown) -> None:
    """Fourteen days, and for a reminder ten own working days at work."""
    for someone in town.people.values():
        resident = town.resident(someone)
        for topic, letters in asking(someone).items():
            for before, after in pairwise(letters):
                if topic != ABSENCE:
                    assert after.at - before.at >= timedelta(days=14), (topic, someone.temper)
                if after.kind is LetterKind.REMINDER:
                    assert len(at_work(resident, before.day, after.day)) >= 10, (topic, someone.temper)


def test_after_three_letters_on_a_topic_it_is_quiet_for_ninety_days(town: LivingTown) -> None:
    told = [run for s in town.people.values() for letters in asking(s).values() for run in runs(letters)]
    assert max(map(len, told)) == 3
    again = [
        len(first)
        for s in town.people.values()
        for letters in asking(s).values()
        for first, _ in pairwise(runs(letters))
    ]
    assert 3 in again, "somebody who ignores us is asked again after the silence"


def test_nobody_is_written_to_while_away(town: LivingTown) -> None:
    """Not on leave, on the first own working day back, nor on days off."""
    holidays = 0
    for someone in town.people.values():
        resident = town.resident(someone)
        holidays += len(resident.leave)
        for letter in weekly(someone):
            assert works_on(resident, letter.day)
            for day in (letter.day, last_own_day_before(resident, letter.day)):
                assert not any(leave.first <= day <= leave.last for leave in resident.leave), someone.temper
    assert holidays >= 10


def test_nobody_is_written_to_in_the_first_and_last_days_of_service(town: LivingTown) -> None:
    """Five own working days each. Who began hears from us soon after; who left nothing at all."""
    leavers = 0
    for someone in town.people.values():
        resident = town.resident(someone)
        ends = resident.contracts[-1].ends
        if someone.begins is not None:
            assert len(at_work(resident, someone.begins, someone.received[0].day)) >= 5, resident.workdays
            assert someone.received[0].day <= someone.begins + timedelta(weeks=5), "or this proves nothing"
        if ends is None or ends == date.max:
            continue
        leavers += 1
        assert not [r for r in someone.received if r.day > ends], "of no kind"
        for letter in weekly(someone):
            if someone.leaving is not None and someone.leaving <= letter.day:
                assert len(at_work(resident, letter.day, ends + DAY, letter.day)) > 5, someone.temper
    assert leavers >= 3


def test_whoever_objected_is_written_to_no_more_and_is_in_no_count(town: LivingTown) -> None:
    """From the moment of the objection until it was turned down, and for good when it was upheld. By what the
    server was asked: nobody opened their mailbox either, and everybody else's was."""
    objectors = [s for s in town.people.values() if s.objection]
    assert any(len(s.slipped) >= 1 for s in objectors if s.objection and s.objection.upheld), "much to tell"
    for someone in objectors:
        assert someone.objection is not None
        assert not [r for r in someone.received if r.at > someone.objection.made and someone.left_out(r.at)]
        ended = someone.objection.ended
        if ended is not None and not someone.objection.upheld:
            assert not [r for r in weekly(someone) if ended <= r.at < ended + timedelta(days=7)]
    for sweep in town.swept:
        out = {s.address for s in objectors if s.left_out(sweep.at)}
        counted = sweep.there - out
        assert sweep.population == len(counted), sweep.at
        assert set(sweep.judged.values()) == {len(counted)}, sweep.at
        assert not sweep.opened & out
        assert counted <= sweep.opened


def test_nobody_else_hears_from_us(town: LivingTown) -> None:
    """Nobody whom the municipality excludes, no shared mailbox, nobody outside."""
    sender = town.here.town.sender
    arrived = town.here.server.delivered().items()
    reached = {to for to, mails in arrived if any(mail.sender == sender for mail in mails)}
    assert reached <= {someone.address for someone in town.people.values()}


def test_thanks_come_once_and_after_a_letter(town: LivingTown) -> None:
    """Once on a topic for as long as the letters about it are remembered: at most one in each run of letters
    that no silence parts, after one that asked, and thirteen weeks after other thanks. Not while something on
    the topic is to be mended."""
    relapsed = 0
    for someone in town.people.values():
        for topic, letters in by_topic(someone.received).items():
            asked = [r for r in letters if r.kind in ASKING]
            thanks = [r for r in letters if r.kind is LetterKind.THANKS]
            assert all(topic not in t.slipped for t in thanks), topic
            assert all(after.at - before.at >= KEPT for before, after in pairwise(thanks)), topic
            starts = [run[0].at for run in runs(asked)]
            heard = Counter(sum(start < t.at for start in starts) for t in thanks)
            assert 0 not in heard, "nobody is thanked for what nobody asked"
            assert max(heard.values(), default=0) <= 1, topic
            relapsed += any(thanks and r.at > thanks[0].at and topic not in someone.slipped for r in asked)
    assert relapsed, "somebody mended it twice, or once would prove nothing"


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


# what somebody who asks is told


def test_everybody_is_told_of_just_the_letters_that_came_while_they_are_kept(
    told: list[Told], forgotten: datetime
) -> None:
    came: Counter[bool] = Counter()
    for one in told:
        received = [(r.topic, r.kind, r.at) for r in one.someone.received]
        kept = Counter(letter for letter in received if letter[-1] >= forgotten - KEPT)
        assert one.letters() == kept, one.someone.temper
        came[True] += kept.total()
        came[False] += len(received) - kept.total()
    assert min(came[True], came[False]) > 50, "forty weeks are longer than anything is kept"


def test_everybody_is_told_what_their_findings_went_through(told: list[Told], forgotten: datetime) -> None:
    """Each step at the moment of its letter, and each finding as the mailbox was that day."""
    met: Counter[Happened] = Counter()
    for one in told:
        came = {(r.topic, r.kind, r.at) for r in one.someone.received}
        for event in one.found.story:
            day = event.at.astimezone(AMSTERDAM).date()
            met[event.happened] += 1
            match event.happened:
                case Happened.TOLD:
                    assert (event.rule, LetterKind.NUDGE, event.at) in came
                case Happened.REMINDED:
                    assert (event.rule, LetterKind.REMINDER, event.at) in came
                case Happened.OPENED if event.rule in TOPICS and event.rule != "delegates":
                    assert one.someone.slipped_on(event.rule, day), event.rule
                case Happened.MENDED if event.rule in TOPICS:
                    assert not one.someone.slipped_on(event.rule, day), event.rule
        steps = {(event.rule, event.at) for event in one.found.story}
        for finding in one.found.findings:
            asked = asking(one.someone).get(finding.rule, [])
            about = [r.at for r in asked if finding.opened <= r.at <= (finding.told or finding.opened)]
            assert len(about) == finding.steps, finding.rule
            assert {(finding.rule, at) for at in about[:2] if at >= forgotten - KEPT} <= steps
    assert {Happened.OPENED, Happened.TOLD, Happened.REMINDED, Happened.MENDED} <= met.keys()


def test_nothing_older_than_its_limit_is_kept_of_anybody(told: list[Told], forgotten: datetime) -> None:
    for one in told:
        found = one.found
        moments = [
            *(finding.changed for finding in found.findings),
            *(event.at for event in found.story),
            *(letter.changed for letter in found.letters if letter.changed),
            *(moment for moment in (found.swept, found.reading.read, found.reading.failed) if moment),
            *(held.planned for held in found.held_back),
        ]
        assert min(moments) >= forgotten - KEPT, one.someone.temper
        for finding in found.findings:
            assert min(finding.opened, finding.told or finding.opened) >= forgotten - LONGEST, finding.rule


def test_everybody_is_told_what_was_deleted_under_which_limit_and_when(
    told: list[Told], forgotten: datetime
) -> None:
    """As values and in so many words, and the same for everybody."""
    ran = f"What is deleted in time. Forgetting last ran on {forgotten:%Y-%m-%d %H:%M};"
    for one in told:
        forgetting = one.found.forgetting
        assert forgetting.last == forgotten, "on the last day"
        assert [line for line in one.printed.splitlines() if line.startswith(ran)]
        limits = {limit.what: limit for limit in forgetting.limits}
        for what, (after, since, under) in LIMITS.items():
            limit = limits[what]
            assert (limit.days, limit.since, limit.under) == (after.days, since, under)
            gone_before = (forgotten - after).date()
            assert limit.gone_before == gone_before
            gone = f"all from before {gone_before} is gone"
            assert f"  {what}: {after.days // 7} weeks {since}; {gone}" in one.says(under)
        assert forgetting == told[0].found.forgetting


def test_the_command_prints_just_that(town: LivingTown, told: list[Told]) -> None:
    """Bar the notice that tells of the look before."""
    settings = str(town.here.settings)
    for one in (told[0], max(told, key=lambda one: len(one.found.story))):
        said = typed(
            town.here, "explain", one.someone.address, "--reason", "asked for it", "--settings", settings
        )
        assert (said.code, said.err) == (0, "")
        words = [line.split() for line in said.out.splitlines() if "notice" not in line]
        assert words == [line.split() for line in one.printed.splitlines()]


def test_who_is_left_out_for_good_is_not_known_any_more(town: LivingTown) -> None:
    strangers = [s.address for s in town.people.values() if gone_for_good(s)]
    assert strangers, "an objection was upheld"
    with town.here.opened() as house:
        for address in strangers:
            with pytest.raises(NotInPopulation):
                explain(house, Address(address), "asked for it", "test")
