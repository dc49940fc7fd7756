"""Time in tests of the road: what has to last lasts no longer than it must, and on a slow machine or a loaded
one every test tells the same story."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailbot.exchange.ews import calls, workers
from mailbot.exchange.throttling import Budget
from mailbot.simulator.mailboxes import Mailbox

Leap = Callable[[float], None]
Hurry = Callable[..., None]
Hang = Callable[[str, Callable[[Any], bool]], threading.Event]

MOMENT = 0.3
SOON = 0.5
LONG_AGO = 200.0
"""How much faster time goes for a thread that hangs: the road's patience of two minutes is over at once."""


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Leap:
    """Let so many seconds pass at once for whoever looks at the clock. Who sleeps already sleeps on."""
    clock, ahead = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + ahead[0])

    def leap(seconds: float) -> None:
        ahead[0] += seconds

    return leap


@pytest.fixture
def rests_fly(leap: Leap, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rest is over a moment after nobody has anything else to do, however long it is. For runs of one
    worker: it is the one that knows."""
    wait, next_task = Budget.wait, workers.Crew._next

    def fly(rest: float) -> None:
        leap(max(0.0, rest - MOMENT))

    def waiting(budget: Budget, deadline: float, stop: threading.Event, *, ours: bool = False) -> bool:
        rest = budget.rest(ours=ours)
        if time.monotonic() + rest <= deadline:
            fly(rest)
        return wait(budget, deadline, stop, ours=ours)

    def taking(crew: workers.Crew, now: float) -> Any:
        task = next_task(crew, now)
        if task is None and crew._aside and crew._aside[0][0] < crew.run.until:
            fly(crew._aside[0][0] - now)
        return task

    monkeypatch.setattr(Budget, "wait", waiting)
    monkeypatch.setattr(workers.Crew, "_next", taking)


@pytest.fixture
def hurry(leap: Leap, monkeypatch: pytest.MonkeyPatch) -> Hurry:
    """Requests that get no answer are soon given up; all others have their whole time."""
    send = calls._send

    def start(
        operation: str | None = None,
        about: Mailbox | None = None,
        *,
        count: int | None = None,
        alone: bool = False,
    ) -> None:
        """`operation`, `about` and `count` tell which those are, as in `Fault`. Where there is one worker,
        `alone`, they have cost their whole time all the same."""
        left = [math.inf if count is None else count]

        def sending(service: Any, line: Any, payload: Any, deadline: float) -> Any:
            now, said = time.monotonic(), service.wrap(payload)
            named = about is None or about.address.encode() in said
            if not named or operation not in (None, service.SERVICE_NAME) or not left[0]:
                return send(service, line, payload, deadline)
            left[0] -= 1
            try:
                return send(service, line, payload, min(deadline, now + SOON))
            finally:
                if alone:
                    leap(max(0.0, min(deadline, now + line.server.request_deadline) - time.monotonic()))

        monkeypatch.setattr(calls, "_send", sending)

    return start


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hang]:
    """Let a call hang for good where `on` says so, and time fly for who hangs in it: the road gives up that
    worker soon, and no other one. All of them come back when the event is set that this gives, or when the
    test is over."""
    end, hung = threading.Event(), set[threading.Thread]()
    hangs = workers.Worker.hangs
    monkeypatch.setattr(workers, "LOOK", 0.05)
    monkeypatch.setattr(workers, "END_WITHIN", 0.1)
    monkeypatch.setattr(
        workers.Worker,
        "hangs",
        lambda worker, patience: hangs(worker, patience / (LONG_AGO if worker.thread in hung else 1)),
    )

    def start(name: str, on: Callable[[Any], bool]) -> threading.Event:
        asks = getattr(calls, name)

        def hanging(first: Any, *rest: Any) -> Any:
            if on(first):
                hung.add(threading.current_thread())
                end.wait(120)
            return asks(first, *rest)

        monkeypatch.setattr(calls, name, hanging)
        return end

    yield start
    end.set()
