"""How every road reads: each question once, each mailbox answered once, a few ahead, and no thread left."""

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

import pytest

from mailbot.exchange.ews import calls, workers
from mailbot.model.errors import Unreachable
from mailbot.model.facts import Known, MailboxFacts, Reason
from mailbot.model.needs import Need
from mailbot.ports import Exchange
from mailbot.simulator import Fault, FaultKind, SimulatorServer
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.conftest import OpenRoad
from tests.contract.moments import Hang, Leap
from tests.contract.roads import (
    ABSENCES,
    EVERYTHING,
    HOURS,
    NOW,
    REPLY,
    RULES,
    SIZE,
    Kit,
    asked,
    nothing_more,
    read,
    reason,
    road_threads,
    target,
    values,
    workers_alive,
)


def until(true: Callable[[], bool], patience: float = 60) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


class TestSteps:
    def test_a_need_that_two_rules_have_is_asked_once(
        self, road: Exchange, server: SimulatorServer, kit: Kit, somebody: Mailbox
    ) -> None:
        def more(_facts: MailboxFacts) -> Collection[Need[Any]]:
            return [REPLY, SIZE, REPLY, ABSENCES]

        read(road, [somebody], [SIZE, SIZE, ABSENCES], more)
        assert [len(asked(server, kit.operations[need])) for need in (SIZE, REPLY)] == [1, 1]
        about = [boxes for boxes in asked(server, kit.operations[ABSENCES]) if somebody.address in boxes]
        assert len(about) == 1

    def test_the_second_step_is_taken_only_where_the_first_one_says_so(
        self, road: Exchange, server: SimulatorServer, kit: Kit, people: list[Mailbox]
    ) -> None:
        chosen = {people[1].guid, people[7].guid}

        def more(facts: MailboxFacts) -> Collection[Need[Any]]:
            return [REPLY] if facts.guid in chosen else []

        facts = read(road, people, [SIZE], more)
        assert {guid for guid, found in facts.items() if REPLY in found.values} == chosen
        assert sorted(asked(server, kit.operations[REPLY])) == sorted(
            (mailbox.address,) for mailbox in people if mailbox.guid in chosen
        )

    def test_each_step_sees_what_the_one_before_read(self, road: Exchange, somebody: Mailbox) -> None:
        steps: list[set[Need[Any]]] = []

        def more(facts: MailboxFacts) -> Collection[Need[Any]]:
            steps.append(set(facts.values))
            after: dict[int, list[Need[Any]]] = {1: [REPLY], 2: [RULES]}
            return after.get(len(facts.values), [])

        facts = read(road, [somebody], [SIZE], more)[somebody.guid]
        assert steps == [{SIZE}, {SIZE, REPLY}, {SIZE, REPLY, RULES}]
        assert set(facts.values) == {SIZE, REPLY, RULES}

    def test_free_busy_can_be_a_second_step_too(self, road: Exchange, somebody: Mailbox) -> None:
        facts = read(road, [somebody], [SIZE], lambda _facts: [ABSENCES, HOURS])[somebody.guid]
        assert isinstance(facts.get(ABSENCES), Known)
        assert isinstance(facts.get(HOURS), Known)

    def test_what_nobody_asked_for_is_unknown_and_was_not_read(
        self, road: Exchange, server: SimulatorServer, kit: Kit, somebody: Mailbox
    ) -> None:
        facts = read(road, [somebody], [SIZE])[somebody.guid]
        assert reason(facts, RULES) is Reason.NOT_ASKED
        assert asked(server, kit.operations[RULES]) == []

    def test_a_mailbox_that_does_not_exist_is_not_asked_the_other_questions(
        self, road: Exchange, server: SimulatorServer, kit: Kit, somebody: Mailbox
    ) -> None:
        del server.town.mailboxes[somebody.address]
        facts = read(road, [somebody], [SIZE, REPLY, RULES])[somebody.guid]
        assert set(values(facts).values()) == {Reason.MAILBOX_MISSING}
        assert len(asked(server, kit.operations[REPLY]) + asked(server, kit.operations[RULES])) == 0


class TestEveryTargetOnce:
    def test_nobody_asked_for_is_nobody_read(self, road: Exchange, server: SimulatorServer) -> None:
        assert read(road, []) == {}
        assert server.access_log() == []

    def test_a_target_that_is_named_twice_is_read_once(self, road: Exchange, somebody: Mailbox) -> None:
        twice = [target(somebody), target(somebody)]
        assert len(list(road.read(twice, [SIZE], nothing_more, NOW))) == 1

    @pytest.mark.parametrize("workers_", [1, 3, 8])
    def test_however_many_workers(self, open_road: OpenRoad, people: list[Mailbox], workers_: int) -> None:
        road = open_road(workers=workers_)
        assert len(read(road, people, [SIZE, ABSENCES])) == len(people)

    def test_two_runs_of_one_road_at_once(self, road: Exchange, people: list[Mailbox]) -> None:
        first = road.read([target(mailbox) for mailbox in people], [SIZE], nothing_more, NOW)
        next(first)
        assert len(read(road, people, [REPLY])) == len(people)
        assert len(list(first)) == len(people) - 1

    def test_a_rule_that_breaks_while_asking_for_more_costs_nobody_their_facts(
        self, road: Exchange, people: list[Mailbox], somebody: Mailbox
    ) -> None:
        def breaks(facts: MailboxFacts) -> Collection[Need[Any]]:
            if facts.guid == somebody.guid:
                raise RuntimeError("a rule's own fault")
            return [REPLY]

        facts = read(road, people, [SIZE, ABSENCES], breaks)
        assert set(facts[somebody.guid].values) == {SIZE, ABSENCES}
        assert all(found.was_read for found in facts.values())

    def test_a_fault_of_ours_in_one_reader_costs_one_mailbox(
        self, road: Exchange, people: list[Mailbox], somebody: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        oof_settings = calls.oof_settings

        def broken(box: Any, deadline: float) -> Any:
            if box.primary_smtp_address == somebody.address:
                raise ArithmeticError
            return oof_settings(box, deadline)

        monkeypatch.setattr(calls, "oof_settings", broken)
        facts = read(road, people, [SIZE, REPLY, ABSENCES])
        assert reason(facts[somebody.guid], REPLY) is Reason.ANSWER_BROKEN
        unknown = {guid for guid, found in facts.items() if Reason.ANSWER_BROKEN in values(found).values()}
        assert unknown == {somebody.guid}

    def test_a_fault_of_ours_in_the_bulk_reader_costs_the_bulk_facts_only(
        self, road: Exchange, people: list[Mailbox], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> Any:
            raise ArithmeticError

        road.sign_in()
        monkeypatch.setattr(calls, "availability", broken)
        for found in read(road, people, EVERYTHING).values():
            assert reason(found, ABSENCES) is reason(found, HOURS) is Reason.ANSWER_BROKEN
            assert isinstance(found.get(SIZE), Known)
            assert isinstance(found.get(REPLY), Known)

    def test_a_run_that_is_over_time_says_so_of_whom_it_did_not_visit(
        self, open_road: OpenRoad, people: list[Mailbox], leap: Leap
    ) -> None:
        targets = [target(mailbox) for mailbox in people]
        answers = open_road(workers=1, run_deadline=100).read(targets, [SIZE], nothing_more, NOW)
        facts = [next(answers)]
        leap(100)
        facts += answers
        assert len(facts) == len(people)
        reasons = [reason(found, SIZE) for found in facts if not found.was_read]
        assert 0 < len(reasons) < len(people)
        assert set(reasons) == {Reason.NOT_VISITED}

    def test_who_is_cut_off_by_the_end_of_the_run_did_not_take_too_long(
        self, open_road: OpenRoad, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        """Its own time was not over, so that it comes first next time."""
        server.faults.add(Fault(FaultKind.SLOW, operation="FindFolder", seconds=30))
        facts = read(open_road(workers=1, run_deadline=0.5), people, [SIZE])
        assert {reason(found, SIZE) for found in facts.values()} == {Reason.NOT_VISITED}

    def test_nor_was_who_was_about_to_ask_when_it_ended_busy(
        self, open_road: OpenRoad, people: list[Mailbox], leap: Leap, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server had not even heard of it."""
        write, written = calls._write, []

        def slowly(service: Any, payload: Any) -> None:
            write(service, payload)
            written.append(service.SERVICE_NAME)
            if written.count("FindFolder") == 3:
                leap(100)

        monkeypatch.setattr(calls, "_write", slowly)
        facts = read(open_road(workers=1, run_deadline=100), people, [SIZE])
        told = [reason(found, SIZE) for found in facts.values() if not found.was_read]
        assert told == [Reason.NOT_VISITED] * (len(people) - 2)

    def test_a_worker_that_hangs_beyond_every_deadline_is_given_up(
        self, open_road: OpenRoad, people: list[Mailbox], somebody: Mailbox, hang: Hang
    ) -> None:
        """As in a name server that never answers: no socket to cut. Nobody waits for it."""
        end = hang("find_folders", lambda box: bool(box.primary_smtp_address == somebody.address))
        facts = read(open_road(workers=3), people, [SIZE])
        until(lambda: len(workers_alive()) == 1)
        end.set()
        assert reason(facts[somebody.guid], SIZE) is Reason.TIMED_OUT
        known = [guid for guid, found in facts.items() if found.was_read]
        chunk = 2  # 12 mailboxes, 3 workers, two chunks each
        assert len(known) >= len(people) - chunk
        until(lambda: workers_alive() == [])


class TestStreaming:
    def test_workers_run_only_a_little_ahead_of_a_consumer_that_pauses(
        self, open_road: OpenRoad, server: SimulatorServer, kit: Kit
    ) -> None:
        town = type(server.town).build(mailboxes=90, now=NOW, stories=())
        everybody = [mailbox for mailbox in town.mailboxes.values() if mailbox.address != server.town.sender]
        with SimulatorServer(town) as big:
            road = open_road(big, workers=2)
            answers = road.read([target(mailbox) for mailbox in everybody], [SIZE], nothing_more, NOW)
            next(answers)
            operation = kit.operations[SIZE]
            most = 1 + 2 * (workers.AHEAD + 1)
            until(lambda: len(asked(big, operation)) >= most)
            time.sleep(0.3)
            assert len(asked(big, operation)) == most
            assert len(list(answers)) == len(everybody) - 1

    def test_closing_the_iterator_ends_the_workers(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        answers = road.read([target(mailbox) for mailbox in people], EVERYTHING, nothing_more, NOW)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        assert workers_alive() == []
        asked_so_far, each_was_asking = len(server.access_log()), 2
        time.sleep(0.2)  # what was on its way still reaches the log
        assert len(server.access_log()) <= asked_so_far + each_was_asking

    def test_closing_does_not_wait_for_a_server_that_hangs(
        self, open_road: OpenRoad, server: SimulatorServer, kit: Kit, people: list[Mailbox]
    ) -> None:
        """The request may take ten minutes by its own deadline."""
        server.faults.add(Fault(FaultKind.HANG, kit.operations[SIZE], nth=2))
        road = open_road(request_deadline=600, mailbox_deadline=600, run_deadline=600)
        answers = road.read([target(mailbox) for mailbox in people], [SIZE], nothing_more, NOW)
        next(answers)
        until(lambda: server.faults.struck() == 2)
        answers.close()  # type: ignore[attr-defined]
        assert workers_alive() == []

    def test_closing_the_road_answers_the_rest_and_ends_all_threads(
        self, open_road: OpenRoad, server: SimulatorServer, kit: Kit, people: list[Mailbox]
    ) -> None:
        server.faults.add(Fault(FaultKind.HANG, kit.operations[SIZE], nth=3))
        road = open_road(request_deadline=600, mailbox_deadline=600, run_deadline=600)
        answers = road.read([target(mailbox) for mailbox in people], [SIZE], nothing_more, NOW)
        next(answers)
        until(lambda: server.faults.struck() == 2)
        road.close()
        rest = list(answers)
        assert len(rest) == len(people) - 1
        assert Reason.NOT_VISITED in [reason(found, SIZE) for found in rest if not found.was_read]
        assert road_threads() == []

    def test_closing_the_road_ends_a_sign_in_that_hangs(
        self, open_road: OpenRoad, server: SimulatorServer
    ) -> None:
        server.faults.add(Fault(FaultKind.HANG))
        road = open_road(request_deadline=600, mailbox_deadline=600)

        def close_when_it_hangs() -> None:
            until(lambda: server.faults.struck() == 1)
            road.close()

        closer = threading.Thread(target=close_when_it_hangs)
        closer.start()
        with pytest.raises(Unreachable):
            road.sign_in()
        closer.join()

    def test_requests_are_counted_while_a_run_is_under_way_and_after(
        self, road: Exchange, server: SimulatorServer, people: list[Mailbox]
    ) -> None:
        answers = road.read([target(mailbox) for mailbox in people], EVERYTHING, nothing_more, NOW)
        next(answers)
        assert road.requests().get("FindFolder", 0) > 0
        list(answers)
        assert dict(road.requests()) == dict(server.log.counts())
