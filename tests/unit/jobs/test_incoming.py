"""What a bounce changes, what changes nothing, and how far somebody gets who forges one."""

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.engine.ladder import Ladder
from mailbot.engine.recipients import Mode
from mailbot.jobs import incoming
from mailbot.jobs.house import House
from mailbot.jobs.incoming import BELIEVED, IN_PEACE, MOST, RETURNED, UNREAD, read
from mailbot.model.clock import SetClock
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.findings import FindingState
from mailbot.model.ids import Address, FindingId, LetterId, RuleId
from mailbot.model.incoming import Incoming, IncomingKind
from mailbot.model.letters import LetterState
from mailbot.model.message_id import message_id
from mailbot.model.restrictions import Restriction
from mailbot.store.sql import SqlStore
from tests.store.conftest import KEY, NOW, Story

SENDER = Address("postbushulp@voorbeeld.example")
QUOTA = RuleId("quota")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOUNCE, DELAY, AUTOMATIC, COPY, OTHER = IncomingKind
WAITING, DRAFTED, SENT, IN_DOUBT, BOUNCED, WITHDRAWN = (
    LetterState.WAITING,
    LetterState.DRAFTED,
    LetterState.SENT,
    LetterState.IN_DOUBT,
    LetterState.BOUNCED,
    LetterState.WITHDRAWN,
)


@dataclass
class Mailbox:
    """The service mailbox. After `ends` items it raises `error`; `fails` is what deleting raises."""

    items: dict[str, Incoming] = field(default_factory=dict)
    looks: list[datetime] = field(default_factory=list)
    ends: int | None = None
    error: Exception = field(default_factory=lambda: Unreachable("Exchange is away"))
    fails: Exception | None = None

    def gets(self, kind: IncomingKind, about: str | None, at: datetime, status: str = "5.1.1") -> str:
        reference = f"item {len(self.items)}"
        self.items[reference] = Incoming(reference, kind, at, about, status)
        return reference

    def incoming(self, since: datetime) -> Iterator[Incoming]:
        self.looks.append(since)
        found = sorted(self.items.values(), key=lambda item: item.received)
        for number, item in enumerate(item for item in found if item.received >= since):
            if number == self.ends:
                raise self.error
            yield item
        if self.ends is not None:
            raise self.error

    def delete(self, references: Collection[str]) -> int:
        if self.fails is not None:
            raise self.fails
        return sum(self.items.pop(reference, None) is not None for reference in references)


@dataclass
class Operator:
    open: dict[str, str] = field(default_factory=dict)

    def problem(self, code: str, text: str) -> None:
        self.open[code] = text

    def solved(self, code: str) -> None:
        self.open.pop(code, None)


class Office:
    """A house in which nothing happens but what the test says, on a Monday at eight."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.story = store, Story(store)
        self.clock, self.mailbox, self.operator = SetClock(NOW), Mailbox(), Operator()
        self.terms = SimpleNamespace(mode=Mode.LIVE, sender=SENDER, ladder=Ladder())
        self.house = cast(
            House,
            SimpleNamespace(
                clock=self.clock,
                terms=self.terms,
                store=store,
                operator=self.operator,
                service_mailbox=lambda: self.mailbox,
            ),
        )

    def passes(self, time: timedelta) -> None:
        self.clock.set(self.clock.now() + time)

    def sends(
        self, number: int = 1, until: LetterState = SENT, key: str = "first nudge", **changes: object
    ) -> LetterId:
        """A letter to person `number`, as far as that state."""
        now = self.clock.now()
        order = self.story.order(number, key, not_after=now + DAY, **changes)
        letter = self.store.letter_id(order.key)
        with self.store.begin() as work:
            assert work.order(letter, order, now)
            path = [WAITING, LetterState.CLAIMED, DRAFTED, SENT]
            if until in (IN_DOUBT, WITHDRAWN):
                path = [WAITING, LetterState.CLAIMED, DRAFTED, until]
            for before, after in pairwise(path[: path.index(until) + 1]):
                work.move(letter, before, after, now)
            if until is SENT and not order.test:
                work.told(work.letter_with([letter])[letter], now + 90 * DAY, now)
                looked = work.undisclosed(order.person)
                work.disclosed([one.id for one in looked], now)
        return letter

    def bounces(self, letter: LetterId, kind: IncomingKind = BOUNCE, at: datetime | None = None) -> str:
        return self.mailbox.gets(kind, message_id(letter, SENDER), at or self.clock.now())

    def state(self, letter: LetterId) -> LetterState | None:
        with self.store.begin() as work:
            found = work.letter(letter)
        return found.state if found else None

    def rests(self, number: int = 1) -> datetime | None:
        with self.store.begin() as work:
            return work.resting(self.clock.now()).get(self.story.person(number))

    def letters_on_topic(self, number: int = 1) -> int:
        with self.store.begin() as work:
            found = work.topics(self.clock.now()).get((self.story.person(number), QUOTA))
        return found.letters if found else 0

    def finding(self, number: int = 1) -> tuple[FindingState, int]:
        with self.store.begin() as work:
            (found,) = work.findings_of(self.story.person(number))
        return found.state, found.steps


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "store.db"
    SqlStore(f"sqlite:///{file}", KEY).close()
    return file


@pytest.fixture
def open_office(empty: Path, tmp_path: Path) -> Iterator[Callable[[], Office]]:
    opened: list[SqlStore] = []

    def start() -> Office:
        file = tmp_path / f"store{len(opened)}.db"
        shutil.copy(empty, file)
        opened.append(SqlStore(f"sqlite:///{file}", KEY))
        return Office(opened[-1])

    yield start
    for store in opened:
        store.close()


@pytest.fixture
def office(open_office: Callable[[], Office]) -> Office:
    return open_office()


class TestABounce:
    def test_its_letter_was_told_to_nobody(self, office: Office) -> None:
        with office.store.begin() as work:
            plan = office.story.plan(office.story.step(1, office.story.transition(1)))
            work.change(plan, 0, NOW)
        letter = office.sends(finding=FindingId("f1"))
        assert (office.finding(), office.letters_on_topic()) == ((FindingState.TOLD, 1), 1)
        office.bounces(letter)
        assert read(office.house).returned == 1
        assert office.state(letter) is BOUNCED
        assert (office.finding(), office.letters_on_topic()) == ((FindingState.OPEN, 0), 0)

    def test_its_reader_is_left_in_peace_for_two_weeks(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        assert office.rests() == NOW + IN_PEACE
        office.passes(IN_PEACE)
        assert office.rests() is None

    def test_it_is_deleted_when_all_that_is_committed(self, office: Office) -> None:
        office.bounces(office.sends())
        assert read(office.house).deleted == 1
        assert office.mailbox.items == {}

    def test_read_twice_it_changes_nothing(self, office: Office) -> None:
        letter = office.sends()
        office.bounces(letter)
        office.bounces(letter)
        assert read(office.house).returned == 1
        office.passes(HOUR)
        office.bounces(letter)
        assert (read(office.house).returned, office.rests()) == (0, NOW + IN_PEACE)
        assert office.mailbox.items == {}, "the second report is of no use to anybody either"

    def test_what_it_told_is_owed_again(self, office: Office) -> None:
        """Somebody had looked at this person, and the letter said so."""
        person = office.story.person(1)
        with office.store.begin() as work:
            work.disclose(person, NOW - DAY, (NOW + 7 * DAY).date())
        letter = office.sends()
        with office.store.begin() as work:
            assert work.undisclosed(person) == []
        office.bounces(letter)
        read(office.house)
        with office.store.begin() as work:
            assert len(work.undisclosed(person)) == 1

    def test_a_test_letter_meets_somebody_else_so_its_person_does_not_rest(self, office: Office) -> None:
        letter = office.sends(test=True)
        office.bounces(letter)
        read(office.house)
        assert (office.state(letter), office.rests()) == (BOUNCED, None)
        assert RETURNED not in office.operator.open

    def test_of_who_is_excluded_meanwhile_nothing_stays_either(self, office: Office) -> None:
        letter = office.sends()
        office.sends(2)
        with office.store.begin() as work:
            work.exclude(office.story.guid(1), office.story.person(1), NOW)
        office.bounces(letter)
        assert read(office.house).returned == 0
        assert (office.mailbox.items, office.rests(), office.operator.open) == ({}, None, {})


class TestWhatIsNoBounce:
    def test_a_delay_changes_nothing_and_is_deleted(self, office: Office) -> None:
        letter = office.sends()
        office.bounces(letter, DELAY)
        assert (read(office.house).returned, office.state(letter)) == (0, SENT)
        assert office.mailbox.items == {}

    @pytest.mark.parametrize("kind", [AUTOMATIC, COPY, OTHER])
    def test_whatever_else_comes_in_stays_where_it_is(self, office: Office, kind: IncomingKind) -> None:
        letter = office.sends()
        reference = office.bounces(letter, kind)
        report = read(office.house)
        assert (report.returned, report.deleted, report.kinds) == (0, 0, {kind: 1})
        assert (office.state(letter), list(office.mailbox.items)) == (SENT, [reference])

    @pytest.mark.parametrize("about", [None, "", "<iets@elders.example>", "<0.mailbot@voorbeeld.example>"])
    def test_a_bounce_of_somebody_elses_mail_stays(self, office: Office, about: str | None) -> None:
        office.sends()
        office.mailbox.gets(BOUNCE, about, NOW)
        assert (read(office.house).returned, len(office.mailbox.items)) == (0, 1)

    @pytest.mark.parametrize("until", [DRAFTED, IN_DOUBT])
    def test_while_nobody_knows_whether_a_letter_left_its_bounce_waits(
        self, office: Office, until: LetterState
    ) -> None:
        """It stays for a human to see, and counts when it turns out that the letter left."""
        office.sends(2)
        letter = office.sends(until=until)
        office.bounces(letter)
        for _ in range(3):
            assert read(office.house).returned == 0
            office.passes(2 * HOUR)
        assert len(office.mailbox.items) == 1
        with office.store.begin() as work:
            work.move(letter, until, SENT, office.clock.now())
        assert read(office.house).returned == 1

    def test_a_letter_that_never_left_cannot_come_back(self, office: Office) -> None:
        office.sends(2)
        letter = office.sends(until=WITHDRAWN)
        office.bounces(letter)
        assert (read(office.house).returned, office.state(letter)) == (0, WITHDRAWN)


class TestForgers:
    """A colleague can write to the service mailbox whatever he likes."""

    def test_who_saw_no_letter_can_name_none(self, office: Office) -> None:
        letter = office.sends()
        for number in range(50):
            office.bounces(LetterId(f"{number:032x}"))
        read(office.house)
        assert (office.state(letter), office.rests(), office.operator.open) == (SENT, None, {})

    def test_a_report_that_comes_a_week_late_is_not_believed(self, office: Office) -> None:
        """The letter lies in the reader's mailbox, for a delegate to see."""
        letter = office.sends()
        office.passes(BELIEVED + HOUR)
        office.bounces(letter)
        office.sends(2)
        read(office.house)
        assert (office.state(letter), office.rests()) == (SENT, None)

    def test_one_letter_gives_rest_once_however_many_reports_there_are(self, office: Office) -> None:
        letter = office.sends()
        for _ in range(6):
            office.bounces(letter)
            read(office.house)
            office.passes(DAY)
        assert office.rests() == NOW + IN_PEACE

    def test_and_the_administrator_hears_of_it(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        assert "Letters to 1 person came back" in office.operator.open[RETURNED]


class TestTheProblem:
    def test_it_is_one_for_all_and_says_where_to_look(self, office: Office) -> None:
        for number in (1, 2, 3):
            office.bounces(office.sends(number))
        read(office.house)
        text = office.operator.open[RETURNED]
        assert "3 people" in text and f"mailbot tasks {RETURNED}" in text

    def test_it_is_over_when_a_later_letter_did_not_come_back_for_a_day(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        office.passes(IN_PEACE)
        office.sends(key="second nudge")
        read(office.house)
        assert RETURNED in office.operator.open, "it may still come back"
        office.passes(DAY + HOUR)
        read(office.house)
        assert RETURNED not in office.operator.open

    def test_it_goes_on_when_that_one_comes_back_as_well(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        office.passes(IN_PEACE)
        office.bounces(office.sends(key="second nudge"))
        for _ in range(3):
            read(office.house)
            assert RETURNED in office.operator.open
            office.passes(DAY)
        assert office.rests() == NOW + 2 * IN_PEACE

    def test_it_is_over_when_nothing_is_kept_of_them(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        with office.store.begin() as work:
            work.exclude(office.story.guid(1), office.story.person(1), NOW)
        read(office.house)
        assert office.operator.open == {}

    def test_who_is_paused_is_not_counted(self, office: Office) -> None:
        office.bounces(office.sends())
        read(office.house)
        with office.store.begin() as work:
            work.restrict(office.story.guid(1), Restriction.PAUSED, NOW)
        read(office.house)
        assert office.operator.open == {}


class TestLooking:
    def test_nobody_looks_while_no_letter_can_come_back(self, office: Office) -> None:
        office.sends(until=DRAFTED)
        read(office.house)
        assert office.mailbox.looks == []

    def test_nobody_looks_any_more_when_the_last_letter_is_long_gone(self, office: Office) -> None:
        office.sends()
        read(office.house)
        office.passes(BELIEVED + DAY)
        read(office.house)
        office.passes(HOUR)
        read(office.house)
        assert len(office.mailbox.looks) == 2

    @pytest.mark.parametrize("mode", list(Mode))
    def test_only_a_house_that_sends_looks(self, office: Office, mode: Mode) -> None:
        office.sends()
        office.terms.mode = mode
        read(office.house)
        assert len(office.mailbox.looks) == (mode is not Mode.OFF)

    def test_a_house_that_was_stopped_leaves_the_mailbox_alone(self, office: Office) -> None:
        office.bounces(office.sends())
        with office.store.begin() as work:
            work.set_stopped(True, NOW)
        assert read(office.house).returned == 0
        with office.store.begin() as work:
            work.set_stopped(False, NOW)
        assert read(office.house).returned == 1

    def test_each_look_begins_a_little_before_the_end_of_the_last(self, office: Office) -> None:
        office.sends()
        for _ in range(3):
            read(office.house)
            office.passes(2 * HOUR)
        first, second, third = office.mailbox.looks
        assert first < NOW
        assert (second, third) == (NOW - incoming.OVERLAP, NOW + 2 * HOUR - incoming.OVERLAP)

    def test_after_weeks_of_standing_still_the_bounces_of_then_are_read(self, office: Office) -> None:
        letter = office.sends()
        read(office.house)
        office.bounces(letter, at=NOW + HOUR)
        office.passes(21 * DAY)
        assert read(office.house).returned == 1

    def test_a_flood_is_read_in_parts(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(incoming, "MOST", 10)
        letter = office.sends()
        for second in range(35):
            office.mailbox.gets(OTHER, None, NOW + timedelta(seconds=second // 3))
        office.bounces(letter, at=NOW + timedelta(seconds=30))
        office.passes(HOUR)
        found = [read(office.house).returned for _ in range(5)]
        assert found.count(1) == 1 and found[0] == 0
        assert office.mailbox.looks == sorted(office.mailbox.looks)

    def test_more_at_one_moment_than_fits_does_not_stop_it_for_ever(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(incoming, "MOST", 10)
        letter = office.sends()
        for _ in range(30):
            office.mailbox.gets(OTHER, None, NOW)
        office.bounces(letter, at=NOW + timedelta(seconds=5))
        office.passes(2 * HOUR)
        assert sum(read(office.house).returned for _ in range(5)) == 1

    def test_it_never_sees_more_than_it_may(self, office: Office) -> None:
        office.sends()
        for _ in range(MOST + 5):
            office.mailbox.gets(OTHER, None, NOW)
        assert read(office.house).kinds == {OTHER: MOST}


class TestTrouble:
    def test_a_mailbox_that_does_not_answer_is_one_problem_and_stops_nobody(self, office: Office) -> None:
        office.sends()
        office.mailbox.ends = 0
        assert read(office.house).returned == 0
        assert "Exchange is away" in office.operator.open[UNREAD]
        office.mailbox.ends = None
        read(office.house)
        assert office.operator.open == {}

    def test_what_was_seen_before_it_failed_counts_and_the_rest_is_read_next_time(
        self, office: Office
    ) -> None:
        first, second = office.sends(1), office.sends(2)
        office.bounces(first)
        office.bounces(second, at=NOW + timedelta(seconds=1))
        office.mailbox.ends = 1
        office.passes(2 * HOUR)
        assert read(office.house).returned == 1
        office.mailbox.ends = None
        assert read(office.house).returned == 1
        assert (office.state(first), office.state(second)) == (BOUNCED, BOUNCED)

    def test_a_refused_account_is_told_to_whoever_delivers(self, office: Office) -> None:
        office.sends()
        office.mailbox.ends, office.mailbox.error = 0, SignInRefused("no")
        with pytest.raises(SignInRefused):
            read(office.house)

    def test_a_report_that_could_not_be_deleted_is_met_again(self, office: Office) -> None:
        letter = office.sends()
        office.bounces(letter)
        office.mailbox.fails = Unreachable("Exchange is away")
        assert (read(office.house).returned, office.state(letter)) == (1, BOUNCED)
        office.mailbox.fails = None
        office.passes(3 * HOUR)
        report = read(office.house)
        assert (report.returned, report.deleted, office.mailbox.items) == (0, 1, {})
        assert office.rests() == NOW + IN_PEACE

    def test_a_bookmark_that_nobody_can_read_begins_anew(self, office: Office) -> None:
        office.bounces(office.sends())
        with office.store.begin() as work:
            work.set_note(incoming.BOOKMARK, "gisteren")
        assert read(office.house).returned == 1

    def test_another_process_that_is_quicker_is_no_trouble(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letter = office.sends()
        office.bounces(letter)
        look = office.mailbox.incoming

        def meanwhile(since: datetime) -> Iterator[Incoming]:
            yield from look(since)
            monkeypatch.setattr(office.mailbox, "incoming", look)
            assert read(office.house).returned == 1

        monkeypatch.setattr(office.mailbox, "incoming", meanwhile)
        assert read(office.house).returned == 0


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["first", "second", "unknown", "nobody"]),
        st.sampled_from(list(IncomingKind)),
        st.integers(0, 60),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_however_it_comes_in_each_letter_comes_back_once_at_most(
    open_office: Callable[[], Office], events: list[tuple[str, IncomingKind, int]], pauses: list[int]
) -> None:
    office = open_office()
    letters = {"first": office.sends(1), "second": office.sends(2), "unknown": LetterId("f" * 32)}
    for name, kind, minute in events:
        at = NOW + timedelta(minutes=minute)
        about = message_id(letters[name], SENDER) if name in letters else None
        office.mailbox.gets(kind, about, at)
    returned = 0
    for pause in pauses:
        office.passes(timedelta(minutes=pause))
        returned += read(office.house).returned
    office.passes(DAY)
    returned += read(office.house).returned
    expected = {name for name, kind, _ in events if kind is BOUNCE} & {"first", "second"}
    assert returned == len(expected)
    for name in ("first", "second"):
        assert office.state(letters[name]) is (BOUNCED if name in expected else SENT)
    left = [item.kind for item in office.mailbox.items.values() if item.about is not None]
    assert not {BOUNCE, DELAY}.intersection(left)
    untouched = [kind for name, kind, _ in events if kind not in (BOUNCE, DELAY) or name == "nobody"]
    assert len(office.mailbox.items) == len(untouched)
