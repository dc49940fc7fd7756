"""Two processes want the same thing at the same moment: one gets it, nobody hangs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from mailbot.model.errors import Busy, PlanRefused
from mailbot.model.findings import FindingState
from mailbot.model.letters import LetterState
from mailbot.model.restrictions import Restriction
from mailbot.model.slots import Claim
from mailbot.model.verdicts import Judgement, Kind, compliant
from mailbot.store.sql import SqlStore

if TYPE_CHECKING:
    from tests.store.conftest import Story

T = TypeVar("T")
LEASE = timedelta(minutes=10)
SILENCE = timedelta(days=90)
RACERS = 4


@pytest.fixture
def racers(database: str, store: SqlStore, story: Story) -> Iterator[list[SqlStore]]:
    """Stores with connections of their own, as processes have them."""
    opened = [SqlStore(database, story.key, deadline=120) for _ in range(RACERS)]
    yield opened
    for racer in opened:
        racer.close()


def race(racers: Sequence[SqlStore], run: Callable[[SqlStore, int], T]) -> list[T | type[Exception]]:
    """What each racer got, or the kind of refusal; all start together."""
    start = threading.Barrier(len(racers))

    def one(number: int) -> T | type[Exception]:
        start.wait(timeout=120)
        try:
            return run(racers[number], number)
        except (Busy, PlanRefused) as refusal:
            return type(refusal)

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(one, range(len(racers))))


def test_a_new_slot_goes_to_one(racers: list[SqlStore], story: Story) -> None:
    def claim(store: SqlStore, number: int) -> Claim:
        with store.begin() as work:
            return work.claim(story.sweep, f"process {number}", story.now, story.now + LEASE)

    assert Counter(race(racers, claim)) == {Claim.NEW: 1, Claim.HELD: RACERS - 1}


def test_a_dead_slot_is_taken_over_by_one(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        story.claim(work)
    later = story.now + LEASE

    def claim(racer: SqlStore, number: int) -> Claim:
        with racer.begin() as work:
            return work.claim(story.sweep, f"process {number}", later, later + LEASE)

    assert Counter(race(racers, claim)) == {Claim.RESUMED: 1, Claim.HELD: RACERS - 1}


def test_a_finding_is_changed_by_one(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    before = story.open_finding(1)

    def change(racer: SqlStore, number: int) -> str:
        order = story.order(1, f"reminder of {number}", finding=before.id)
        step = story.step(1, story.transition(1, FindingState.REMINDED, 1), order)
        with racer.begin() as work:
            work.change(story.plan(step), 0, story.now)
        return "changed"

    assert Counter(race(racers, change)) == {"changed": 1, PlanRefused: RACERS - 1}
    with store.begin() as work:
        assert [finding.version for finding in work.living()] == [2]
        assert len(work.letters_of(story.person(1))) == 2


def test_a_finding_is_opened_by_one(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    def change(racer: SqlStore, _number: int) -> str:
        with racer.begin() as work:
            work.change(story.plan(story.step(1, story.transition(1), story.order(1))), 0, story.now)
        return "opened"

    assert Counter(race(racers, change)) == {"opened": 1, PlanRefused: RACERS - 1}
    with store.begin() as work:
        assert len(work.letters_of(story.person(1))) == 1


def test_a_letter_is_claimed_by_one(racers: list[SqlStore], story: Story) -> None:
    story.open_finding(1)
    letter = story.store.letter_id("1: first nudge")

    def claim(racer: SqlStore, _number: int) -> str:
        with racer.begin() as work:
            assert len(work.letters_due(story.now, 10)) == 1
            work.move(letter, LetterState.WAITING, LetterState.CLAIMED, story.now)
        return "claimed"

    assert Counter(race(racers, claim)) == {"claimed": 1, Busy: RACERS - 1}


def test_a_letter_is_ordered_once(racers: list[SqlStore], story: Story) -> None:
    def order(racer: SqlStore, _number: int) -> bool:
        with racer.begin() as work:
            return work.order(racer.letter_id("digest"), story.order(1, "digest"), story.now)

    assert Counter(race(racers, order)) == {True: 1, False: RACERS - 1}


def test_a_mailbox_is_recorded_once(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    with store.begin() as work:
        story.claim(work)
    judged = [Judgement(story.transition(1).rule, Kind.STATE, compliant("within_limit"))]

    def record(racer: SqlStore, _number: int) -> None:
        with racer.begin() as work:
            work.record(story.sweep.id, story.person(1), None, judged, story.now)

    assert race(racers, record) == [None] * RACERS
    with store.begin() as work:
        assert len(work.outcomes(story.sweep.id, judged[0].rule)) == 1
        assert work.read_count(story.sweep.id) == 1


def test_workers_keep_bookmarks_while_the_sweep_records(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    """As in a sweep: threads of one process, each with mailboxes of its own, and one that writes verdicts."""
    with store.begin() as work:
        story.claim(work)
    pages = 10

    def read_and_record(_racer: SqlStore, number: int) -> None:
        for page in range(pages):
            person = story.person(100 * number + page)
            if number == 0:
                with store.begin() as work:
                    work.record(story.sweep.id, person, None, [], story.now)
                continue
            for text in ("", str(page)):
                with store.begin() as work:
                    before = work.bookmark(person, "labelled mail", story.now)
                    work.set_bookmark(person, "labelled mail", (before or "") + text, story.now)

    assert race(racers, read_and_record) == [None] * RACERS
    with store.begin() as work:
        assert len(work.judged(story.sweep.id)) == pages
        for number in range(1, RACERS):
            kept = [
                work.bookmark(story.person(100 * number + p), "labelled mail", story.now)
                for p in range(pages)
            ]
            assert kept == [str(page) for page in range(pages)]


def test_a_bookmark_waits_for_an_exclusion_and_is_not_kept(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    def keep(number: int) -> None:
        with racers[0].begin() as work:
            work.set_bookmark(story.person(number), "labelled mail", "page", story.now)

    @contextmanager
    def excluding() -> Iterator[None]:
        with racers[1].begin() as work:
            work.exclude(story.guid(1), story.person(1), story.now)
            yield

    for number in range(10, 20):
        keep(number)  # often enough for the driver to prepare its statements
    meet(excluding, lambda: keep(1))
    with store.begin() as work:
        assert work.bookmark(story.person(1), "labelled mail", story.now) is None
        assert work.bookmark(story.person(10), "labelled mail", story.now) == "page"


def test_the_audit_log_stays_one_chain(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    """Half of them also want one row that the others want: a ring of waiting would show here."""

    def log(racer: SqlStore, number: int) -> None:
        for turn in range(10):
            with racer.begin() as work:
                work.audit(story.now, f"process {number}", "turn", {"turn": turn})
                if number % 2:
                    work.set_note("busy", str(number))

    race(racers, log)
    with store.begin() as work:
        assert work.audit_intact()
        assert Counter(row[1] for row in work.audit_rows()) == {f"process {n}": 10 for n in range(RACERS)}


def meet(first: Callable[[], AbstractContextManager[object]], second: Callable[[], object]) -> None:
    """`second` runs while the transaction of `first` is open: it has to wait for its end."""
    with ThreadPoolExecutor(1) as pool:
        with first():
            waiting = pool.submit(second)
            wait([waiting], timeout=0.2)
        waiting.result(timeout=120)


def test_an_exclusion_waits_for_who_is_writing_about_the_person(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    """Else it would erase before there is anything to see, and the letter would come after it."""

    @contextmanager
    def writing() -> Iterator[None]:
        with racers[0].begin() as work:
            work.order(store.letter_id("1"), story.order(1), story.now)
            work.record(story.sweep.id, story.person(1), None, [], story.now)
            yield

    def exclude() -> None:
        with racers[1].begin() as work:
            work.exclude(story.guid(1), story.person(1), story.now)

    with store.begin() as work:
        story.claim(work)
    meet(writing, exclude)
    with store.begin() as work:
        assert work.letters_of(story.person(1)) == []
        assert work.judged(story.sweep.id) == frozenset()


def test_who_writes_about_a_person_waits_for_an_exclusion(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    def write(number: int) -> None:
        with racers[0].begin() as work:
            work.order(store.letter_id(str(number)), story.order(number), story.now)
            work.record(story.sweep.id, story.person(number), None, [], story.now)

    @contextmanager
    def excluding() -> Iterator[None]:
        with racers[1].begin() as work:
            work.exclude(story.guid(1), story.person(1), story.now)
            yield

    with store.begin() as work:
        story.claim(work)
    for number in range(10, 20):
        write(number)  # often enough for the driver to prepare its statements
    meet(excluding, lambda: write(1))
    with store.begin() as work:
        assert work.letters_of(story.person(1)) == []
        assert story.person(1) not in work.judged(story.sweep.id)
        assert len(work.judged(story.sweep.id)) == 10


@pytest.mark.parametrize("acts", ["pause", "settings only", "exclude"])
def test_who_writes_and_who_leaves_people_out_never_deadlock(
    racers: list[SqlStore], store: SqlStore, story: Story, acts: str
) -> None:
    """All touch both lists of people who are left out, and rows about the same people."""
    with store.begin() as work:
        story.claim(work)
        for number in range(10):
            work.order(store.letter_id(f"first {number}"), story.order(number, "first"), story.now)

    def act(racer: SqlStore, number: int) -> None:
        for who in range(10):
            with racer.begin() as work:
                if number == 0 and acts == "exclude":
                    work.exclude(story.guid(who), story.person(who), story.now)
                elif number < 2:
                    kind = Restriction.PAUSED if acts == "pause" else Restriction.SETTINGS_ONLY
                    work.restrict(story.guid(who), kind, story.now)
                else:
                    work.order(racer.letter_id(f"{number}/{who}"), story.order(who, str(number)), story.now)
                    work.record(story.sweep.id, story.person(who), None, [], story.now)
                    work.set_bookmark(story.person(who), "labelled mail", "page", story.now)

    assert race(racers, act) == [None] * RACERS
    with store.begin() as work:
        left = [work.letters_of(story.person(who)) for who in range(10)]
    if acts == "pause":
        assert {letter.state for letters in left for letter in letters} == {LetterState.WITHDRAWN}
    if acts == "exclude":
        assert left == [[]] * 10


def test_a_pause_waits_for_who_is_writing_about_the_person(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    """Else it would withdraw before there is anything to see, and the letter would leave after it."""

    @contextmanager
    def writing() -> Iterator[None]:
        with racers[0].begin() as work:
            work.order(store.letter_id("1"), story.order(1), story.now)
            yield

    def pause() -> None:
        with racers[1].begin() as work:
            work.restrict(story.guid(1), Restriction.PAUSED, story.now)

    meet(writing, pause)
    with store.begin() as work:
        assert [letter.state for letter in work.letters_of(story.person(1))] == [LetterState.WITHDRAWN]


def test_who_writes_about_a_person_waits_for_a_pause(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    def write(number: int) -> None:
        with racers[0].begin() as work:
            work.order(store.letter_id(str(number)), story.order(number), story.now)
            work.record(story.sweep.id, story.person(number), None, [], story.now)
            work.note_failed(story.person(number), story.now)
            work.set_bookmark(story.person(number), "labelled mail", "page", story.now)

    @contextmanager
    def pausing() -> Iterator[None]:
        with racers[1].begin() as work:
            work.restrict(story.guid(1), Restriction.PAUSED, story.now)
            yield

    with store.begin() as work:
        story.claim(work)
    for number in range(10, 20):
        write(number)  # often enough for the driver to prepare its statements
    meet(pausing, lambda: write(1))
    with store.begin() as work:
        assert work.letters_of(story.person(1)) == []
        assert len(work.judged(story.sweep.id)) == len(work.failed()) == 10
        assert work.bookmark(story.person(1), "labelled mail", story.now) is None


def test_a_mark_of_deeper_reading_waits_for_settings_only_and_is_not_kept(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    def keep() -> None:
        with racers[0].begin() as work:
            work.set_bookmark(story.person(1), "labelled mail", "page", story.now)

    @contextmanager
    def restricting() -> Iterator[None]:
        with racers[1].begin() as work:
            work.restrict(story.guid(1), Restriction.SETTINGS_ONLY, story.now)
            yield

    keep()
    meet(restricting, keep)
    with store.begin() as work:
        assert work.bookmark(story.person(1), "labelled mail", story.now) is None


def test_a_letter_that_arrives_counts_once_whoever_tells_it(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    """Two processes found the same copy: the one that wrote it down, and the one that cleaned up after it."""
    story.open_finding(1)
    with store.begin() as work:
        [letter] = work.letters_of(story.person(1))

    def tell(racer: SqlStore, _number: int) -> None:
        with racer.begin() as work:
            work.told(letter, story.now + SILENCE, story.now)

    def come_back(racer: SqlStore, _number: int) -> None:
        with racer.begin() as work:
            work.untold(letter, story.now)

    for act, steps, versions in ((tell, 1, 2), (come_back, 0, 3)):
        assert race(racers, act) == [None] * RACERS
        with store.begin() as work:
            [finding] = work.findings_of(story.person(1))
            assert (finding.steps, finding.version) == (steps, versions)
            assert sum(topic.letters for topic in work.topics(story.now).values()) == steps


def test_letters_on_one_topic_that_arrive_together_all_count(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    with store.begin() as work:
        for number in range(RACERS):
            work.order(store.letter_id(str(number)), story.order(1, str(number)), story.now)
        letters = work.letters_of(story.person(1))

    def tell(racer: SqlStore, number: int) -> None:
        with racer.begin() as work:
            work.told(letters[number], story.now + SILENCE, story.now)

    assert race(racers, tell) == [None] * RACERS
    with store.begin() as work:
        assert [topic.letters for topic in work.topics(story.now).values()] == [RACERS]


def test_a_letter_is_put_off_by_one(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    story.open_finding(1)
    letter = store.letter_id("1: first nudge")
    with store.begin() as work:
        work.move(letter, LetterState.WAITING, LetterState.DRAFTED, story.now)

    def put_off(racer: SqlStore, _number: int) -> int:
        with racer.begin() as work:
            return work.postpone(letter, LetterState.DRAFTED, story.now + LEASE, story.now)

    assert Counter(race(racers, put_off)) == {1: 1, Busy: RACERS - 1}


def test_an_exclusion_waits_for_a_letter_that_arrives_and_erases_what_it_counted(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    story.open_finding(1)
    with store.begin() as work:
        [letter] = work.letters_of(story.person(1))

    @contextmanager
    def arriving() -> Iterator[None]:
        with racers[0].begin() as work:
            work.move(letter.id, LetterState.WAITING, LetterState.SENT, story.now)
            work.told(letter, story.now + SILENCE, story.now)
            work.rest(story.person(1), story.now + SILENCE)
            yield

    def exclude() -> None:
        with racers[1].begin() as work:
            work.exclude(story.guid(1), story.person(1), story.now)

    meet(arriving, exclude)
    with store.begin() as work:
        assert (work.topics(story.now), work.resting(story.now)) == ({}, {})


def test_nothing_counts_of_a_letter_that_arrives_during_an_exclusion(
    racers: list[SqlStore], store: SqlStore, story: Story
) -> None:
    story.open_finding(1)
    with store.begin() as work:
        [letter] = work.letters_of(story.person(1))

    @contextmanager
    def excluding() -> Iterator[None]:
        with racers[1].begin() as work:
            work.exclude(story.guid(1), story.person(1), story.now)
            yield

    def arrive() -> None:
        with racers[0].begin() as work:
            work.told(letter, story.now + SILENCE, story.now)
            work.rest(story.person(1), story.now + SILENCE)

    meet(excluding, arrive)
    with store.begin() as work:
        assert (work.topics(story.now), work.resting(story.now)) == ({}, {})


@pytest.mark.parametrize("acts", ["pause", "exclude"])
def test_who_delivers_and_who_leaves_people_out_never_deadlock(
    racers: list[SqlStore], store: SqlStore, story: Story, acts: str
) -> None:
    """A delivery has a letter's row before it comes to the person; an exclusion goes the other way round."""
    people = range(12)
    for who in people:
        story.open_finding(who)
    with store.begin() as work:
        letters = {who: work.letters_of(story.person(who))[0] for who in people}

    def leave_out(racer: SqlStore, who: int) -> None:
        with racer.begin() as work:
            if acts == "exclude":
                work.exclude(story.guid(who), story.person(who), story.now)
            else:
                work.restrict(story.guid(who), Restriction.PAUSED, story.now)

    def deliver(racer: SqlStore, who: int) -> None:
        letter = letters[who]
        with suppress(Busy), racer.begin() as work:
            work.move(letter.id, LetterState.WAITING, LetterState.SENT, story.now)
            work.told(letter, story.now + SILENCE, story.now)
        with suppress(Busy), racer.begin() as work:
            work.move(letter.id, LetterState.SENT, LetterState.BOUNCED, story.now)
            work.untold(letter, story.now)
            work.rest(story.person(who), story.now + SILENCE)

    def act(racer: SqlStore, number: int) -> None:
        for who in people if number % 2 else reversed(people):
            (leave_out if number == 0 else deliver)(racer, who)

    assert race(racers, act) == [None] * RACERS
    with store.begin() as work:
        assert work.topics(story.now) == {}
        if acts == "exclude":
            assert work.resting(story.now) == {}


def test_two_writers_never_deadlock(racers: list[SqlStore], store: SqlStore, story: Story) -> None:
    """All read first and write then: SQLite would refuse such readers, had they not begun as writers."""
    with store.begin() as work:
        work.set_note("count", "0")

    def add(racer: SqlStore, number: int) -> None:
        for _ in range(10):
            with racer.begin() as work:
                work.living()
                work.set_problem(f"problem {number}", story.now)
            with racer.begin() as work:
                assert work.set_problem(f"problem {number}", None)

    assert race(racers, add) == [None] * RACERS
