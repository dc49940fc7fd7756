"""The bench can be trusted: its server answers as Exchange does, and all clients are asked for the same."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.bench.bench_exchange import LOWER, OURS, USUAL, Different, Figures, Ran, compare, run
from tests.bench.lower import Asked
from tests.bench.payload import load
from tests.bench.server import Desk, body_of, listen
from tests.bench.targets import Ratios, Unconditional, missed
from tests.simulator.conftest import schema, valid

__all__ = ["schema", "valid"]


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(load())


@pytest.fixture(scope="module")
def endpoint(desk: Desk) -> Iterator[str]:
    """The server in this process, so that a test can look at what it answered."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(listen(desk))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/EWS/Exchange.asmx"
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_payload_is_what_the_issue_names() -> None:
    payload = load()
    assert (len(payload.folders) - 1, len(payload.sent), len(payload.events)) == (60, 20, 10)
    assert all(len(item.body) > 400 for item in payload.sent)


def test_some_mailboxes_differ_so_that_conditional_questions_come_up() -> None:
    payload = load()
    assert payload.traits(0) == frozenset()
    assert payload.traits(39) == {
        "away",
        "few_colleagues",
        "private_folder",
        "labelled",
        "changed",
    }


def test_the_lower_bound_sends_the_same_requests_and_reads_the_same_values(
    endpoint: str, desk: Desk, tmp_path: Path, valid: Callable[[Any], None]
) -> None:
    """Forty mailboxes, among them each kind of difference, at a first sweep and at a later one. And all that
    was answered is valid by the schema."""
    ours, lower = run(OURS, endpoint, 40, tmp_path), run(LOWER, endpoint, 40, tmp_path)
    for one, other in zip(ours, lower, strict=True):
        compare(one, other)
        assert len(one.values) == 40
        assert one.values["m00000@voorbeeld.example"] != one.values["m00039@voorbeeld.example"]
        assert not [what for what in map(str, one.values.values()) if "answer_broken" in what]
    first, later = ours
    assert first.values == later.values
    assert _operation("FindItem", first) == 40, "all mail in view is searched"
    assert _operation("FindItem", later) == 5, "only where something came in"
    assert {what.split()[0] for what, _ in desk.made.values()} >= ASKED
    for _, answer in desk.made.values():
        valid(body_of(answer))


ASKED = {"FindFolder", "GetFolder", "FindItem", "GetItem", "GetDelegate", "SyncFolderItems"}


def _operation(name: str, ran: Ran) -> int:
    return sum(count for what, count in ran.counts.items() if what.split()[0] == name)


def test_the_usual_script_sees_the_same_mailbox(endpoint: str, tmp_path: Path) -> None:
    [ran] = run(USUAL, endpoint, 10, tmp_path)
    usual = ran.values["m00009@voorbeeld.example"]
    payload = load()
    sizes = [folder.size for folder in payload.folders]
    assert usual["size"] == sum(sizes)
    assert usual["away"] == 1
    assert usual["signature"] and usual["delegates"] == 1
    assert [value["shared"] for value in ran.values.values()] == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]


def test_figures_are_refused_when_the_clients_did_not_do_the_same() -> None:
    one = Ran(Figures(1, 1, 1, 1, 1), {"FindFolder": 1}, {"a": 1}, 1)
    with pytest.raises(Different, match="different requests"):
        compare(one, Ran(one.figures, {"FindFolder": 2}, one.values, 1))
    with pytest.raises(Different, match="different values"):
        compare(one, Ran(one.figures, one.counts, {"a": 2}, 1))


FEW = Unconditional(3.0, 5.0, 4.0)


def test_a_bent_yardstick_and_missed_targets_are_named() -> None:
    assert missed(Ratios(40, 5, 200), FEW) == []
    assert "lower bound became slow" in missed(Ratios(40, 2, 80), FEW)[0]
    assert "usual script became slow" in missed(Ratios(60, 6, 360), FEW)[0]
    assert len(missed(Ratios(20, 9, 180), Unconditional(3.0, 6.0, 5.1))) == 3


def test_bulk_requests_are_shared_out_and_conditional_ones_left_out() -> None:
    some = {"FindFolder": 1.0, "GetDelegate": 0.2, "GetUserAvailability x 50": 0.02}
    first, later = {"SyncFolderItems first": 1.0, "FindItem": 1.0}, {"SyncFolderItems": 1.0, "FindItem": 0.1}
    found = Unconditional.of({**some, **first}, {**some, **later})
    assert (found.every, found.first, found.later) == pytest.approx((1.02, 3.02, 2.02))


def test_availability_is_valid_by_the_schema_and_in_the_order_of_the_request(
    valid: Callable[[Any], None],
) -> None:
    payload = load()
    addresses = [payload.address(number) for number in (9, 0)]
    answer = body_of(Desk(payload).answer(availability(addresses)))
    valid(answer)
    away = ["OOF" in etree.tostring(view, encoding="unicode") for view in answer.iter("{*}FreeBusyView")]
    assert away == [True, False]


def availability(addresses: list[str]) -> bytes:
    said = {"window": [-7, 35], "words": ["w"], "fragments": ["f"], "without": [], "headers": []}
    template = Asked.by({**said, "since": "2026-11-16"}, load().now).availability
    mailboxes = "".join(
        f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email><t:AttendeeType>Required"
        "</t:AttendeeType></t:MailboxData>"
        for address in addresses
    )
    return template.format(mailboxes=mailboxes).encode()
