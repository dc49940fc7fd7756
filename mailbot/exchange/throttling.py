"""One budget per endpoint: how many may ask at a time, and who rests when the server is busy.

Three things can be busy: the endpoint, our own account, and one mailbox. A server charges what is asked in
the name of a mailbox to that mailbox, so that only who comes back to it has to wait; whoever is to visit it
keeps that rest. What is asked in our own name has a rest of its own here, and the endpoint one for all.
"""

import threading
import time
from collections import deque
from functools import cache

import structlog

log = structlog.get_logger(__name__)

LONGEST_REST = 3600.0
"""Seconds. A server that asks for more is asked again after an hour."""

AT_FIRST = 4
"""Requests at a time until a road says how many workers it has."""

GOOD = 20
"""Good answers in a row after which one more may ask at a time. From 16 to 32 that takes 320 answers, half a
minute at a usual pace: a server that has just recovered is not run over again."""

WINDOW = 32
"""Newest answers about single mailboxes that are looked at: as many as may ever be on their way at once."""

MANY = 16
"""Different mailboxes among them that were busy. Half is what no bad luck explains: at one busy answer in ten
it comes about once in a hundred million windows; a server that is busy as a whole gets there at once."""

GRACE = 1.0
"""Seconds after the end of its time before a place is given to somebody else: its holder hangs."""

LOOK = 0.2
"""Seconds between two looks at whether to stop, while waiting."""


class Budget:
    """Shared by the road and the post of one endpoint. Real time, whatever clock the house judges by.

    `limit` requests may be on their way at a time. It is halved when the endpoint asks for rest, once for all
    requests that were on their way then, and grows by one after `GOOD` good answers in a row.
    """

    def __init__(self, most: int = AT_FIRST) -> None:
        self._changed = threading.Condition()
        self._most = self._limit = most
        self._places: dict[object, float] = {}
        self._rest_until = 0.0
        self._ours_until = 0.0
        self._lowered_at = 0.0
        self._good = 0
        self._newest: deque[str | None] = deque(maxlen=WINDOW)

    @property
    def limit(self) -> int:
        return self._limit

    def allow(self, most: int) -> None:
        """Let this many ask at a time when all goes well; never fewer than somebody else allowed before."""
        with self._changed:
            if self._limit == self._most:
                self._limit = max(most, self._limit)
            self._most = max(most, self._most)
            self._changed.notify_all()

    # rest

    def back_off(self, seconds: float, *, ours: bool = False, since: float | None = None) -> None:
        """Nobody asks for this long; a longer rest that is already agreed stands. With `ours` nobody does so
        in our own name.

        `since` (monotonic) is when the refused request was begun.
        """
        with self._changed:
            self._back_off(seconds, ours, time.monotonic() if since is None else since)

    def _back_off(self, seconds: float, ours: bool, since: float) -> None:
        until = time.monotonic() + min(seconds, LONGEST_REST)
        self._good = 0
        if ours:
            self._ours_until = max(self._ours_until, until)
        else:
            self._rest_until = max(self._rest_until, until)
            if since >= self._lowered_at:
                self._lowered_at = time.monotonic()
                self._limit = max(1, self._limit // 2)
                log.warning("exchange asks for rest", seconds=round(seconds, 1), at_a_time=self._limit)
        self._changed.notify_all()

    def busy(self, mailbox: str, seconds: float, since: float) -> None:
        """A mailbox had no time for us. When many different ones have none, everybody rests this long."""
        with self._changed:
            if mailbox not in self._newest:
                self._newest.append(mailbox)
            if sum(name is not None for name in self._newest) >= MANY:
                self._newest.clear()
                self._back_off(seconds, False, since)

    def answered(self) -> None:
        """A good answer."""
        with self._changed:
            self._newest.append(None)
            self._good += 1
            if self._good >= GOOD:
                self._good = 0
                if self._limit < self._most:
                    self._limit += 1
                    self._changed.notify()

    def rest(self, *, ours: bool = False) -> float:
        """Seconds that are left of everybody's rest, or of that of who asks in our own name."""
        with self._changed:
            return self._left(ours)

    def wait(self, deadline: float, stop: threading.Event, *, ours: bool = False) -> bool:
        """Wait for the rest to end. False at once when it ends after `deadline` (monotonic), and when
        `stop` is set."""
        while not stop.is_set():
            left, now = self.rest(ours=ours), time.monotonic()
            if left <= 0:
                return now < deadline
            if now + left > deadline:
                return False
            stop.wait(left)
        return False

    def _left(self, ours: bool) -> float:
        until = max(self._rest_until, self._ours_until) if ours else self._rest_until
        return max(0.0, until - time.monotonic())

    # places

    def enter(
        self, ours: bool, deadline: float, stop: threading.Event, longest: float, *, patient: bool = True
    ) -> object | None:
        """A place among those who may ask, when the rest is over and one is free; to be given back with
        `leave`. None when that is not before `deadline` (monotonic), and when `stop` is set. Who is not
        `patient` gets none in a rest: there is something else to do.

        A place that is not given back after `longest` seconds is free again.
        """
        place = object()
        while (patient or self.rest(ours=ours) <= 0) and self.wait(deadline, stop, ours=ours):
            with self._changed:
                now = time.monotonic()
                for late in [held for held, until in self._places.items() if until <= now]:
                    del self._places[late]
                if self._left(ours) > 0:
                    continue
                if len(self._places) < self._limit:
                    self._places[place] = now + longest + GRACE
                    return place
                if now >= deadline:
                    return None
                self._changed.wait(min(LOOK, deadline - now))
        return None

    def leave(self, place: object) -> None:
        with self._changed:
            self._places.pop(place, None)
            self._changed.notify()


@cache
def budget_of(endpoint: str) -> Budget:
    """The one budget of this process for an endpoint."""
    return Budget()
