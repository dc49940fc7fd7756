"""Every sweep says how it ended and why, first; who had no turn comes first next time."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from mailbot import wiring
from mailbot.cli.demo_settings import decision
from mailbot.exchange.ews import visit
from mailbot.jobs.retain import askable, retain
from mailbot.jobs.sweep import sweep
from mailbot.jobs.turn import slot_by_hand
from mailbot.model.errors import Halted
from mailbot.model.needs import MailboxSize, SentLabels, SentSignatures
from mailbot.model.slots import Job
from mailbot.reports.status import StatusFile
from mailbot.simulator import Fault, FaultKind
from mailbot.wiring.mailboxes import StoredBookmarks
from tests.acceptance.desk import Desk, small_town
from tests.acceptance.municipality import Municipality
from tests.contract.roads import listen


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_town(tmp_path) as desk:
        yield desk


def sized(here: Municipality, after: int = 0) -> list[str]:
    """Mailboxes in the order in which their size was asked for, each once."""
    asked = [line for line in here.server.access_log()[after:] if line.operation == "FindFolder"]
    return list(dict.fromkeys(line.mailboxes[0] for line in asked if "0xe08" in str(line.properties)))


def test_a_complete_sweep_says_so_everywhere(desk: Desk) -> None:
    said = desk.types("sweep")
    assert said.code == 0
    line = "complete: 40 of 40 mailboxes read"
    assert said.out.splitlines()[0] == line
    assert desk.types("findings").out.splitlines()[0] == f"{line} (sweep of 2026-11-23 06:00)"
    found = desk.shows("findings")["sweep"]
    assert f"{found['result']}: {found['why']}" == line
    again = desk.shows("sweep")
    assert f"{again['result']}: {again['why']}" == line
    run = StatusFile(desk.here.settings / "status.json", desk.here.clock).read().runs["sweep"]
    assert f"{run.result}: {run.counts['why']}" == line


def test_where_the_time_of_a_run_ends_early_the_next_one_begins(desk: Desk) -> None:
    """When some have been asked. One worker, so that the order of reading can be seen."""
    here = desk.here
    here.change(("workers = 4 ", "workers = 1 "))
    clock, limits, heard = time.monotonic, visit.Limits, list[bytes]()

    def short(*args: Any, **kwargs: Any) -> visit.Limits:
        return replace(limits(*args, **kwargs), run_deadline=400)

    def hear(content: bytes) -> None:
        heard.extend([content] if b"FindFolder" in content else [])

    def over_after_some() -> float:
        return clock() + (400 if len(heard) >= 15 else 0)

    listen(here.server, hear)
    with patch.object(visit, "Limits", short), patch.object(time, "monotonic", over_after_some):
        said = desk.types("sweep")
    assert said.code == 12
    assert said.out.startswith("partial: ")
    assert "not visited in the time of the run; who had no turn comes first next time" in said.out
    told = StatusFile(here.settings / "status.json", here.clock).read().problems["sweep_partial"]
    assert told.text.startswith("The sweep is partial: ")

    with here.opened() as house, house.store.begin() as work:
        read = {house.store.person_key(person.guid): person.address for person in here.town.residents}
        read = {key: address for key, address in read.items() if key in work.last_read()}
    assert read, "some were read in time"
    before = len(here.server.access_log())
    said = desk.types("sweep")
    assert said.out.startswith("complete: ")
    order = sized(here, before)
    late = [address for address in order if address in read.values()]
    assert late == order[len(order) - len(late) :], "whoever was read before is read last"
    assert 0 < len(late) < len(order)
    assert "sweep_partial" not in StatusFile(here.settings / "status.json", here.clock).read().problems


def test_a_mailbox_that_always_times_out_is_not_waited_for_first_every_day(desk: Desk) -> None:
    """It was never read, and still it comes behind all others. One worker, so that the order can be seen."""
    here = desk.here
    here.change(
        ("workers = 4 ", "workers = 1 "),
        ("request_deadline_seconds = 60 ", "request_deadline_seconds = 10 "),
    )
    stuck = desk.resident("just-under-limit").address
    server_s_own = Fault(FaultKind.CODE, operation="FindFolder", mailbox=stuck, code="ErrorTimeoutExpired")
    here.server.faults.add(server_s_own)
    for day in (23, 24, 25):
        desk.goes_to_day(day)
        before = len(here.server.access_log())
        said = desk.types("sweep")
        assert said.out.startswith("complete: 39 of 40 mailboxes read; 1 timed out")
        if day > 23:
            assert sized(here, before)[-1] == stuck
    here.server.faults.clear()
    desk.goes_to_day(26)
    before = len(here.server.access_log())
    assert desk.types("sweep").out.startswith("complete: 40 of 40 mailboxes read")
    assert sized(here, before)[-1] == stuck
    desk.goes_to_day(27)
    before = len(here.server.access_log())
    desk.types("sweep")
    with here.opened() as house, house.store.begin() as work:
        assert work.failed() == {}, "it was read, and is like all others again"


def test_a_sweep_by_hand_that_was_broken_off_goes_on_when_it_is_typed_again(desk: Desk) -> None:
    here = desk.here
    done: list[int] = []
    with wiring.opened(here.settings, {}, clock=here.clock, halting=lambda: len(done) > 10) as house:
        first = slot_by_hand(house, "manual")
        with pytest.raises(Halted, match=r"^aborted: mailbot was asked to end; "):
            sweep(house, first, progress=lambda count, _all: done.append(count))
    told = desk.shows("findings")["sweep"]
    assert (told["slot"], told["result"]) == (first.id, "aborted")
    assert told["why"].startswith(f"mailbot was asked to end; {done[-1]} of 40 mailboxes are done")

    with here.opened() as house:
        assert slot_by_hand(house, "dry") != first, "a dry run is another sweep"
    said = desk.types("sweep")
    assert said.out.splitlines()[0].endswith(f"; resumed: {done[-1]} of 40 were done by an earlier process")
    with here.opened() as house:
        assert slot_by_hand(house, "manual") != first, "it is over"


def test_bookmarks_end_with_the_decision_under_which_they_were_made(voorbeeld: Municipality) -> None:
    guid = voorbeeld.town.residents[0].guid
    today = decision(sample_percent=99).model_copy(update={"end": voorbeeld.clock.now().date()})
    with voorbeeld.opened(decisions=[today]) as house:
        bookmarks = StoredBookmarks(house.store, house.clock)
        for need in (SentLabels.name, MailboxSize.name):
            bookmarks.keep(guid, need, "page 1")
        assert SentLabels.name in askable(house)
        assert SentSignatures.name not in askable(house), "no decision opens content"
        voorbeeld.at(2, day=23)
        retain(house, voorbeeld.slot(Job.RETAIN))
        assert bookmarks.recall(guid, SentLabels.name) == "page 1"
        voorbeeld.at(2, day=24)
        retain(house, voorbeeld.slot(Job.RETAIN))
        assert bookmarks.recall(guid, SentLabels.name) is None
        assert bookmarks.recall(guid, MailboxSize.name) == "page 1"
