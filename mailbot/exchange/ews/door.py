"""Ends all signing in to an endpoint with the first refusal. Accounts lock after a few refused sign-ins, and
several connections can show the same wrong password at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from mailbot.exchange.ews.trouble import EARLIER, RESTING, EwsTrouble
from mailbot.model.facts import Reason

AT_ONCE = 2
"""Connections that may sign in at a time where each does so once: as many refusals are the most that a
changed password gives. Not one, or a single request that hangs would hold up all other connections."""

LONGEST = 10.0
"""Seconds to wait for those before us; then there may be something else to do."""


class Door:
    """Shared by all roads and the post of one endpoint.

    `refused` is set by the first refusal, for good: who is let try again has another event from then on, so
    that nobody goes on who was stopped before. `trying` is held by who finds out alone whether we are let in.
    """

    def __init__(self) -> None:
        self.trying = threading.Lock()
        self._lock = threading.Lock()
        self._signing_in = threading.BoundedSemaphore(AT_ONCE)
        self._refused = threading.Event()

    @property
    def refused(self) -> threading.Event:
        return self._refused

    def try_again(self, check: Callable[[], None]) -> threading.Event:
        """The event to heed from now on. `check` raises when it is too soon after a refusal."""
        with self._lock:
            check()
            if self._refused.is_set():
                self._refused = threading.Event()
            return self._refused

    def refuse(self, refused: threading.Event, tell: Callable[[], None]) -> None:
        """Stop all who heed `refused`. Nobody is let try again before `tell` is through."""
        with self._lock:
            refused.set()
            tell()

    @contextmanager
    def signing_in(self, refused: threading.Event, seconds: float) -> Iterator[None]:
        """Time to sign a connection in. Raises EwsTrouble when the account is refused meanwhile, and when
        those before us take as long as that."""
        if not self._signing_in.acquire(timeout=max(0.0, min(seconds, LONGEST))):
            raise EwsTrouble(Reason.THROTTLED, RESTING)
        try:
            heed(refused)
            yield
        finally:
            self._signing_in.release()


def heed(refused: threading.Event) -> None:
    """Raises EwsTrouble when the account was refused."""
    if refused.is_set():
        raise EwsTrouble(Reason.SIGN_IN_REFUSED, EARLIER)


@cache
def door_of(endpoint: str) -> Door:
    """The one door of this process to an endpoint."""
    return Door()
