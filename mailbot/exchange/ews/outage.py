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
their own at a time; what three have in common may be the endpoint. A mistake costs one knock."""

FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds until the endpoint is asked again after a look in vain; doubled each time, until it answers. A
restart is over in the first few; a minute late is little after an hour without a server."""


class Outage:
    """Shared by the workers of one run. The post and the sign-in know nothing of it: they say at once that
    nobody is there.

    Three lost connections raise the question, and one alone looks at once. Any answer of EWS ends it, also
    one that refuses: somebody is there. Pages of something in front of EWS do not.

    Whose connections were lost when a look finds somebody raise the question no more until they are answered:
    the trouble may be their own, and then nobody else is to wait for it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: set[str] = set()
        self._themselves: set[str] = set()
        self._looks = 0
        self._until = 0.0

    @property
    def away(self) -> bool:
        """Whether the endpoint is taken to be away; then one alone asks, when the rest is over."""
        return self._looks > 0

    @property
    def looks(self) -> int:
        """Which look is the next one, from 1; 0 when the endpoint is there."""
        return self._looks

    def rest(self) -> float:
        """Seconds until the endpoint may be asked again."""
        with self._lock:
            return max(0.0, self._until - time.monotonic()) if self._looks else 0.0

    @contextmanager
    def asking(self, mailbox: str) -> Iterator[None]:
        """Around one request about a mailbox: learns from how it ends. One that EWS did not answer tells
        nothing, except that an outage is not over."""
        since = time.monotonic()
        there = lost = False
        try:
            yield
            there = True
        except EwsTrouble as met:
            there = met.from_ews or met.reason is Reason.SIGN_IN_REFUSED
            lost = met.reason is Reason.CONNECTION_LOST
            raise
        finally:
            if there:
                self._over(mailbox, since)
            elif lost or self.away:
                self._noted(mailbox, since)

    def _noted(self, mailbox: str, since: float) -> None:
        with self._lock:
            if not self._looks and mailbox in self._themselves:
                return
            self._lost.add(mailbox)
            if len(self._lost) < DIFFERENT or (self._looks and since < self._until):
                return  # what was on its way when it began is no news
            rest = min(FIRST_REST * 2 ** min(self._looks - 1, 10), LONGEST_REST) if self._looks else 0.0
            self._looks += 1
            self._until = time.monotonic() + rest
            if rest:
                log.warning("exchange cannot be reached", seconds=round(rest, 1))

    def _over(self, mailbox: str, since: float) -> None:
        if not self._lost and mailbox not in self._themselves:
            return
        with self._lock:
            if self._looks > 1:
                log.info("exchange answers again")
            if self._looks and since >= self._until:
                self._themselves |= self._lost
            self._themselves.discard(mailbox)
            self._lost.clear()
            self._looks = 0
