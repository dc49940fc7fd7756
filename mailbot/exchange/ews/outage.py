"""When an endpoint cannot be reached at all: who lost a connection to it, and when somebody looks again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

log = structlog.get_logger(__name__)

DIFFERENT = 3
"""Mailboxes in a row, without one answer in between, whose connection was lost. Two can have a trouble of
their own at a time; what three have in common is the endpoint. A mistake costs one rest of a second."""

FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds until the endpoint is asked again; doubled each time, until it answers. A restart is over in the
first few; a minute late is little after an hour without a server."""


class Outage:
    """Shared by the workers of one run. The post and the sign-in know nothing of it: they say at once that
    nobody is there.

    Any answer ends it, also one that refuses: somebody is there again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: set[str] = set()
        self._rests = 0
        self._until = 0.0

    @property
    def away(self) -> bool:
        """Whether the endpoint is taken to be away; then one alone asks, when the rest is over."""
        return self._rests > 0

    def rest(self) -> float:
        """Seconds until the endpoint may be asked again."""
        with self._lock:
            return max(0.0, self._until - time.monotonic()) if self._rests else 0.0

    @contextmanager
    def asking(self, mailbox: str) -> Iterator[None]:
        """Around one request about a mailbox: learns from how it ends. One that got no answer in time tells
        nothing, except that an outage is not over."""
        since = time.monotonic()
        try:
            yield
        except EwsTrouble as met:
            if met.reason is Reason.CONNECTION_LOST or (met.reason is Reason.TIMED_OUT and self.away):
                self._noted(mailbox, since)
            elif met.reason is not Reason.TIMED_OUT:
                self._over()
            raise
        self._over()

    def _noted(self, mailbox: str, since: float) -> None:
        with self._lock:
            self._lost.add(mailbox)
            if len(self._lost) < DIFFERENT or (self._rests and since < self._until):
                return  # what was on its way when it began is no news
            rest = min(FIRST_REST * 2 ** min(self._rests, 10), LONGEST_REST)
            self._rests += 1
            self._until = time.monotonic() + rest
            log.warning("exchange cannot be reached", seconds=round(rest, 1))

    def _over(self) -> None:
        if not self._lost:
            return
        with self._lock:
            if self._rests:
                log.info("exchange answers again")
            self._lost.clear()
            self._rests = 0
