"""The bench can be trusted: its server answers as Exchange does, and all clients are asked for the same."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.bench.bench_exchange import Client, Different, Figures, Ran, compare, run
from tests.bench.lower import Asked
from tests.bench.payload import load
from tests.bench.server import Desk, body_of, listen
from tests.bench.targets import Ratios, missed, unconditional
from tests.simulator.conftest import schema, valid

__all__ = ["schema", "valid"]

OURS, LOWER, USUAL = Client("ours", "ours", 1), Client("lower bound", "lower", 1), Client("usual", "usual", 1)


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
    assert payload.traits(39) == {"away", "few_colleagues", "private_folder", "labelled"}


def test_the_lower_bound_sends_the_same_requests_and_reads_the_same_values(
    endpoint: str, tmp_path: Path
) -> None:
    """Forty mailboxes: each kind of difference is among them."""
    ours, lower = run(OURS, endpoint, 40, tmp_path), run(LOWER, endpoint, 40, tmp_path)
    compare(ours, lower)
    assert len(ours.values) == 40
    assert ours.values["m00000@voorbeeld.example"] != ours.values["m00039@voorbeeld.example"]
    assert not [what for what in map(str, ours.values.values()) if "answer_broken" in what]


def test_the_usual_script_sees_the_same_mailbox(endpoint: str, tmp_path: Path) -> None:
    usual = run(USUAL, endpoint, 10, tmp_path).values["m00009@voorbeeld.example"]
    payload = load()
    sizes = [folder.size for folder in payload.folders]
    assert usual["size"] == sum(sizes)
    assert usual["away"] == 1
    assert usual["signature"] and usual["delegates"] == 1


def test_figures_are_refused_when_the_clients_did_not_do_the_same() -> None:
    one = Ran(Figures(1, 1, 1, 1, 1), {"FindFolder": 1}, {"a": 1}, 1)
    with pytest.raises(Different, match="different requests"):
        compare(one, Ran(one.figures, {"FindFolder": 2}, one.values, 1))
    with pytest.raises(Different, match="different values"):
        compare(one, Ran(one.figures, one.counts, {"a": 2}, 1))


def test_a_bent_yardstick_and_missed_targets_are_named() -> None:
    assert missed(Ratios(40, 5, 200), 4.0) == []
    assert "lower bound became slow" in missed(Ratios(40, 2, 80), 4.0)[0]
    assert "usual script became slow" in missed(Ratios(60, 6, 360), 4.0)[0]
    assert len(missed(Ratios(20, 9, 180), 5.1)) == 3


def test_bulk_requests_are_shared_out_and_conditional_ones_left_out() -> None:
    asked = {"FindFolder": 1.0, "GetDelegate": 0.2, "GetUserAvailability x 50": 0.02}
    assert unconditional(asked) == pytest.approx(1.02)


def test_what_the_server_answered_is_valid_by_the_schema(
    endpoint: str, desk: Desk, tmp_path: Path, valid: Callable[[Any], None]
) -> None:
    """All that the three clients asked, of mailboxes with and without anything special."""
    for client in (USUAL, LOWER):
        run(client, endpoint, 40 if client is LOWER else 10, tmp_path)
    asked = {what.split()[0] for what, _ in desk.made.values()}
    assert asked >= {"FindFolder", "GetFolder", "FindItem", "GetItem", "GetDelegate", "GetUserConfiguration"}
    for _, answer in desk.made.values():
        valid(body_of(answer))


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
