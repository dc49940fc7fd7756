"""Facts of the nightly export join those of a road, and no rule can tell which came from where."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot.exchange.export import ExportedFacts, ExportState, examine
from mailbot.model.facts import Fact, Known, MailboxFacts, Reason, Unknown
from mailbot.model.ids import Address, ObjectGuid
from mailbot.model.mailbox import AccessList, Size
from mailbot.model.needs import (
    AutomaticReply,
    ExportedHold,
    ExportedQuota,
    FullAccess,
    HeldAccess,
    MailboxForwarding,
    MailboxSize,
    Need,
)
from mailbot.ports import FollowUp, ProbeAnswer, Target

from .conftest import ANNA, BERT, DESK, NEW, NOW, line

Write = Callable[..., Path]

LIMIT = timedelta(hours=36)
READ_AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
SIZE = Known(Size(1, 1), NOW)
FULL, HELD, FORWARDING = FullAccess(), HeldAccess(), MailboxForwarding()
HOLD, QUOTA = ExportedHold(), ExportedQuota()
FROM_EXPORT: tuple[Need[Any], ...] = (FULL, HELD, FORWARDING, HOLD, QUOTA)
EVERYTHING = (MailboxSize(), *FROM_EXPORT)


class Road:
    """Answers every need that it is asked with a size, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Need[Any]] = []
        self.closed = self.signed_in = self.stopped = False

    def sign_in(self) -> None:
        self.signed_in = True

    def read(
        self, targets: Sequence[Target], needs: Collection[Need[Any]], follow_up: FollowUp, now: datetime
    ) -> Iterator[MailboxFacts]:
        try:
            for target in targets:
                facts = MailboxFacts(target.guid, dict.fromkeys(needs, SIZE))
                self.asked += needs
                for _ in range(4):
                    more = [need for need in follow_up(facts) if need not in facts.values]
                    self.asked += more
                    facts = facts.with_values(dict.fromkeys(more, SIZE))
                yield facts
        finally:
            self.stopped = True

    def reachable(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Reason | None]]:
        return iter([(target, None) for target in targets])

    def probe(self, target: Target, needs: Collection[Need[Any]], now: datetime) -> ProbeAnswer:
        self.asked += needs
        return ProbeAnswer(target, None, {need.name: Reason.OPERATION_MISSING for need in needs})

    def requests(self) -> Mapping[str, int]:
        return {"FindFolder": 3}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def road() -> Road:
    return Road()


@pytest.fixture
def both(road: Road, file: Path) -> ExportedFacts:
    return ExportedFacts(road, file, LIMIT)


def nothing_more(_facts: MailboxFacts) -> tuple[Need[Any], ...]:
    return ()


def read(both: ExportedFacts, *targets: Target, now: datetime = NOW) -> list[MailboxFacts]:
    return list(both.read(targets, EVERYTHING, nothing_more, now))


def reasons(facts: MailboxFacts) -> set[Reason]:
    found: list[Fact[Any]] = [facts.get(need) for need in FROM_EXPORT]
    return {fact.reason for fact in found if isinstance(fact, Unknown)}


class TestFacts:
    def test_each_need_goes_where_it_is_answered(self, write: Write, road: Road, both: ExportedFacts) -> None:
        write(line(ANNA, full_access="bert@voorbeeld.example,?", forwarding="true"))
        [facts] = read(both, ANNA)
        assert facts.get(MailboxSize()) == SIZE
        assert facts.get(FULL) == Known(AccessList(frozenset({BERT.address}), unresolved=1), READ_AT)
        assert facts.get(FORWARDING) == Known(True, READ_AT)
        assert road.asked == [MailboxSize()]

    @pytest.mark.parametrize(
        ("hold", "quota", "told"),
        [("true", "5368709120", (True, 5 * 1024**3)), ("false", "unlimited", (False, None))],
    )
    def test_hold_and_quota_are_what_exchange_has(
        self,
        write: Write,
        road: Road,
        both: ExportedFacts,
        hold: str,
        quota: str,
        told: tuple[bool, int | None],
    ) -> None:
        write(line(ANNA, hold=hold, quota_bytes=quota))
        [facts] = read(both, ANNA)
        assert (facts.get(HOLD), facts.get(QUOTA)) == tuple(Known(value, READ_AT) for value in told)
        assert road.asked == [MailboxSize()]

    def test_access_to_mailboxes_of_others_is_counted_per_mailbox(
        self, write: Write, both: ExportedFacts
    ) -> None:
        """Full access and send-as on one mailbox are one; one's own mailbox is none."""
        bert = BERT.address.value
        write(
            line(ANNA, full_access=bert, send_as=bert),
            line(DESK, send_as=f"{bert},anna@voorbeeld.example"),
            line(BERT, full_access=bert),
        )
        found = [facts.get(HELD) for facts in read(both, ANNA, BERT, DESK)]
        assert found == [Known(1, READ_AT), Known(2, READ_AT), Known(0, READ_AT)]

    def test_ones_own_access_to_ones_own_mailbox_is_nobody_elses(
        self, write: Write, both: ExportedFacts
    ) -> None:
        write(line(ANNA, full_access="anna@voorbeeld.example"))
        [facts] = read(both, ANNA)
        assert facts.get(FULL) == Known(AccessList(frozenset()), READ_AT)

    def test_a_person_is_found_under_the_address_of_the_people_file_and_that_of_exchange(
        self, write: Write, both: ExportedFacts
    ) -> None:
        married = Target(ANNA.guid, Address("anna.devries@voorbeeld.example"))
        write(
            line(ANNA),
            line(BERT, full_access="anna.devries@voorbeeld.example"),
            line(DESK, send_as="anna@voorbeeld.example"),
        )
        [facts] = read(both, married)
        assert facts.get(HELD) == Known(2, READ_AT)

    def test_a_mailbox_without_a_line_is_unknown_and_no_other(
        self, write: Write, both: ExportedFacts
    ) -> None:
        write(line(ANNA))
        anna, new = read(both, ANNA, NEW)
        assert (reasons(anna), reasons(new)) == (set(), {Reason.NOT_IN_EXPORT})

    def test_a_mailbox_that_did_not_answer_is_not_read_because_the_export_knows_it(
        self, write: Write, both: ExportedFacts, road: Road, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        denied = MailboxFacts(ANNA.guid, {MailboxSize(): Unknown(Reason.ACCESS_DENIED)})
        monkeypatch.setattr(road, "read", lambda *_: iter([denied]))
        write(line(ANNA))
        [facts] = read(both, ANNA)
        assert facts.get(FORWARDING) == Known(False, READ_AT)
        assert not facts.was_read


class TestWholeFile:
    def test_without_a_file(self, both: ExportedFacts) -> None:
        [facts] = read(both, ANNA)
        assert reasons(facts) == {Reason.EXPORT_MISSING}
        assert facts.get(MailboxSize()) == SIZE

    def test_a_broken_line_is_everybodys(self, write: Write, both: ExportedFacts) -> None:
        write(line(ANNA), line(BERT, hold="maybe"))
        assert [reasons(facts) for facts in read(both, ANNA, BERT)] == [{Reason.EXPORT_BROKEN}] * 2

    @pytest.mark.parametrize(
        ("now", "relied_upon"),
        [
            (READ_AT + LIMIT, True),
            (READ_AT + LIMIT + timedelta(seconds=1), False),
            (READ_AT - timedelta(hours=1), True),
            (READ_AT - timedelta(hours=1, seconds=1), False),
        ],
    )
    def test_an_old_one_and_one_from_the_future_are_not_relied_upon(
        self, write: Write, both: ExportedFacts, now: datetime, relied_upon: bool
    ) -> None:
        write(line(ANNA))
        [facts] = read(both, ANNA, now=now)
        assert reasons(facts) == (set() if relied_upon else {Reason.EXPORT_STALE})

    def test_one_line_of_last_week_makes_the_whole_of_it_old(self, write: Write, both: ExportedFacts) -> None:
        write(line(ANNA), line(BERT, exported_at="2026-11-16T03:00:00+01:00"))
        assert reasons(read(both, ANNA)[0]) == {Reason.EXPORT_STALE}

    def test_each_run_reads_it_once(self, write: Write, file: Path, both: ExportedFacts) -> None:
        write(line(ANNA), line(BERT))
        answers = both.read([ANNA, BERT], EVERYTHING, nothing_more, NOW)
        assert reasons(next(answers)) == set()
        file.unlink()
        assert reasons(next(answers)) == set()
        assert reasons(read(both, ANNA)[0]) == {Reason.EXPORT_MISSING}


class TestFollowUps:
    def test_a_rule_that_asks_in_steps_sees_each_answer_before_its_next_question(
        self, write: Write, road: Road, both: ExportedFacts
    ) -> None:
        """Size, then full access from the export, then the reply from the road, then forwarding."""
        write(line(ANNA, full_access="bert@voorbeeld.example"))
        steps: list[Need[Any]] = [FULL, AutomaticReply(), FORWARDING]

        def one_at_a_time(facts: MailboxFacts) -> list[Need[Any]]:
            return [need for need in steps if need not in facts.values][:1]

        [facts] = both.read([ANNA], [MailboxSize()], one_at_a_time, NOW)
        assert facts.values.keys() == {MailboxSize(), *steps}
        assert all(isinstance(fact, Known) for fact in facts.values.values())
        assert road.asked == [MailboxSize(), AutomaticReply()]

    def test_a_rule_that_asks_the_same_for_ever_comes_to_an_end(
        self, write: Write, road: Road, both: ExportedFacts
    ) -> None:
        write(line(ANNA))
        [facts] = both.read([ANNA], [MailboxSize()], lambda _: [HELD, MailboxSize(), AutomaticReply()], NOW)
        assert facts.get(HELD) == Known(0, READ_AT)
        assert road.asked == [MailboxSize(), AutomaticReply()]

    def test_what_follows_for_one_mailbox_is_not_asked_of_another(
        self, write: Write, both: ExportedFacts
    ) -> None:
        write(line(ANNA), line(BERT))

        def only_anna(facts: MailboxFacts) -> list[Need[Any]]:
            return [HELD] if facts.guid == ANNA.guid else []

        anna, bert = both.read([ANNA, BERT], [MailboxSize()], only_anna, NOW)
        assert isinstance(anna.get(HELD), Known)
        assert bert.get(HELD) == Unknown(Reason.NOT_ASKED)


class TestTheRest:
    def test_a_probe_names_what_the_export_cannot_tell(self, road: Road, both: ExportedFacts) -> None:
        answer = both.probe(ANNA, [MailboxSize(), FULL], NOW)
        assert answer.unreadable == {
            "mailbox size": Reason.OPERATION_MISSING,
            "full access": Reason.EXPORT_MISSING,
        }
        assert road.asked == [MailboxSize()]

    def test_a_probe_by_address_alone_finds_its_line(self, write: Write, both: ExportedFacts) -> None:
        write(line(ANNA))
        by_address = Target(ObjectGuid(""), ANNA.address)
        assert both.probe(by_address, [FULL, HELD], NOW).unreadable == {}
        stranger = Target(ObjectGuid(""), NEW.address)
        assert both.probe(stranger, [FULL], NOW).unreadable == {"full access": Reason.NOT_IN_EXPORT}

    def test_all_else_is_the_roads(self, road: Road, both: ExportedFacts) -> None:
        both.sign_in()
        assert list(both.reachable([ANNA])) == [(ANNA, None)]
        assert both.requests() == {"FindFolder": 3}
        both.close()
        assert road.signed_in and road.closed

    def test_whoever_stops_reading_stops_the_road(self, road: Road, both: ExportedFacts) -> None:
        answers = both.read([ANNA, BERT], EVERYTHING, nothing_more, NOW)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        assert road.stopped


class TestExamine:
    """What `doctor` tells."""

    def test_a_sound_one(self, write: Write) -> None:
        file = write(line(ANNA), line(BERT))
        assert examine(file, LIMIT, NOW) == ExportState(timedelta(hours=3), 2, None)

    def test_an_old_one_tells_its_age(self, write: Write) -> None:
        state = examine(write(line(ANNA)), LIMIT, NOW + timedelta(days=9))
        assert (state.age, state.trouble) == (timedelta(days=9, hours=3), Reason.EXPORT_STALE)

    def test_a_missing_one(self, file: Path) -> None:
        assert examine(file, LIMIT, NOW) == ExportState(None, None, Reason.EXPORT_MISSING)

    def test_a_broken_one_tells_everything_that_is_wrong(self, write: Write) -> None:
        state = examine(write(line(ANNA, hold="x"), line(BERT, hold="x")), LIMIT, NOW)
        assert (state.age, state.rows, state.trouble) == (None, None, Reason.EXPORT_BROKEN)
        assert [problem.where for problem in state.problems] == ["line 2, column hold", "line 3, column hold"]
