"""A small town behind a real server, and every road that leads there."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mailbot.exchange import throttling
from mailbot.exchange.ews import own_mailbox, visit
from mailbot.ports import Exchange, Post
from mailbot.simulator import SimulatorServer, Town
from mailbot.simulator.mailboxes import Mailbox
from tests.contract.domains import dc, domain
from tests.contract.moments import hang, hurry, leap, rests_fly
from tests.contract.roads import KITS, NOW, REWRITINGS, Kit, Terms, road_threads, staff
from tests.simulator.conftest import schema, valid

__all__ = ["dc", "domain", "hang", "hurry", "leap", "rests_fly", "schema", "valid"]

OpenRoad = Callable[..., Exchange]
OpenPost = Callable[..., Post]


@pytest.fixture(autouse=True)
def rested() -> None:
    """No server of an earlier test has asked anybody for rest."""
    throttling.budget_of.cache_clear()


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Whatever a test does to a road, closing it ends its threads; one that hangs ends when it is let go."""
    before = set(road_threads())
    yield
    end = time.monotonic() + 60
    while left := set(road_threads()) - before:
        assert time.monotonic() < end, [thread.name for thread in left]
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def rewritten() -> Iterator[None]:
    """Every rewriting of answers had something to rewrite."""
    REWRITINGS.clear()
    yield
    assert all(hits > 0 for (hits,) in REWRITINGS), "a rewriting never matched"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further tries come sooner where the server named no time."""
    for module in (visit, own_mailbox):
        monkeypatch.setattr(module, "PAUSE", 0.02)
        monkeypatch.setattr(module, "SOON", 0.002)


@pytest.fixture(params=KITS, ids=lambda kit: kit.name)
def kit(request: pytest.FixtureRequest) -> Kit:
    found: Kit = request.param
    return found


@pytest.fixture
def town() -> Town:
    """Twelve employees without a story, and whoever is excluded."""
    return Town.build(seed=1, mailboxes=12, now=NOW, stories=())


@pytest.fixture
def people(town: Town) -> list[Mailbox]:
    return staff(town)


@pytest.fixture
def somebody(people: list[Mailbox]) -> Mailbox:
    """An employee with an empty calendar, no reply and no rules: what a test sets up is all there is."""
    mailbox = people[4]
    mailbox.calendar.clear()
    return mailbox


@pytest.fixture
def serve(town: Town) -> Iterator[Callable[..., SimulatorServer]]:
    """Start a server on the town with other options; it stops when the test ends."""
    with ExitStack() as stack:

        def start(**options: Any) -> SimulatorServer:
            return stack.enter_context(SimulatorServer(options.pop("town", town), **options))

        yield start


@pytest.fixture
def server(serve: Callable[..., SimulatorServer]) -> SimulatorServer:
    return serve()


@pytest.fixture
def open_road(kit: Kit, server: SimulatorServer) -> Iterator[OpenRoad]:
    """Open a road with other terms; it is closed when the test ends."""
    with ExitStack() as stack:

        def start(to: SimulatorServer | None = None, **terms: Any) -> Exchange:
            road = kit.exchange(to or server, Terms(**terms))
            stack.callback(road.close)
            return road

        yield start


@pytest.fixture
def road(open_road: OpenRoad) -> Exchange:
    return open_road()


@pytest.fixture
def open_post(kit: Kit, server: SimulatorServer) -> Iterator[OpenPost]:
    with ExitStack() as stack:

        def start(to: SimulatorServer | None = None, **terms: Any) -> Post:
            post = kit.post(to or server, Terms(**terms))
            stack.callback(post.close)
            return post

        yield start


@pytest.fixture
def post(open_post: OpenPost) -> Post:
    return open_post()
