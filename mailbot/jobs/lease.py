"""Keeps a slot for as long as this process lives and works on it: a lease, renewed by a thread.

A step of the work may outlast the lease: one letter that must be looked for is 6 searches x 4 tries x 60
seconds at worst (300, the longest deadline that can be set: two hours). Without the thread the lease would
have to be as long, and letters would wait as long behind a process that was killed. A sweep records nothing
for as long as Exchange is away or asks for rest; it is alive all the same.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from mailbot.jobs.house import House
from mailbot.model.errors import Busy, MailbotError
from mailbot.model.slots import Slot

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=90)
"""How long after its last renewal another process waits before it takes over."""

BEAT_SECONDS = 20.0
"""Between renewals: one that waits its turn for the database for a minute is still in time."""

STEP_SECONDS = 7500.0
"""No step lasts longer: above 6 x 4 x 300 seconds. A thread that never comes back gives the slot away."""

LONGEST_WAIT_SECONDS = 46_800.0
"""The same of a job that only waits for Exchange: 13 hours, above 720 minutes, the longest time of a run."""


class Lease:
    """A slot that is kept, each time for `after`. `renew` is called between two steps, none of which takes
    more than `step` seconds."""

    def __init__(
        self, house: House, slot: Slot, after: timedelta = LEASE, step: float = STEP_SECONDS
    ) -> None:
        self._house = house
        self._slot = slot
        self._after = after
        self._step = step
        self._stepped = house.clock.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def renew(self) -> None:
        """Raises Busy when another process took the slot over: then no further step may be made."""
        self._extend(self._after)
        self._stepped = self._house.clock.monotonic()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Nobody has the slot from here on. Raises Busy as `renew`."""
        self.stop()
        self._extend(timedelta())

    def stop(self) -> None:
        """No more renewals: what was renewed last stands until somebody gives it away or it runs out."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        clock = self._house.clock
        while not self._ended.wait(BEAT_SECONDS) and clock.monotonic() - self._stepped < self._step:
            try:
                self._extend(self._after)
            except Busy:
                return
            except MailbotError as error:  # the next beat may be in time
                log.warning("lease not renewed", slot=self._slot.id, error=type(error).__name__)

    def _extend(self, after: timedelta) -> None:
        with self._house.store.begin() as work:
            work.extend(self._slot.id, self._house.owner, self._house.clock.now() + after)


@contextmanager
def kept(house: House, slot: Slot) -> Iterator[Lease]:
    """Of a slot that this process has claimed with LEASE."""
    lease = Lease(house, slot)
    lease.start()
    try:
        yield lease
    finally:
        lease.end()


@contextmanager
def beating(house: House, slot: Slot, after: timedelta) -> Iterator[Lease]:
    """The same of a slot that was claimed for `after` and that is finished in the end: it is not given back.
    Whoever leaves it for others stops the lease first."""
    lease = Lease(house, slot, after, LONGEST_WAIT_SECONDS)
    lease.start()
    try:
        yield lease
    finally:
        lease.stop()
