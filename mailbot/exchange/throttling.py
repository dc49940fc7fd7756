"""One budget per endpoint: when the server asks for rest, all who call it rest."""

import threading
import time
from functools import cache

LONGEST_REST = 3600.0
"""Seconds. A server that asks for more is asked again after an hour."""


class Budget:
    """Shared by the road and the post of one endpoint. Real time, whatever clock the house judges by."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rest_until = 0.0

    def back_off(self, seconds: float) -> None:
        """Nobody calls for this long; a longer rest that is already agreed stands."""
        with self._lock:
            self._rest_until = max(self._rest_until, time.monotonic() + min(seconds, LONGEST_REST))

    def wait(self, deadline: float, stop: threading.Event) -> bool:
        """Wait for the rest to end. False at once when it ends after `deadline` (monotonic), and when
        `stop` is set."""
        while not stop.is_set():
            left = self._left()
            if left <= 0:
                return time.monotonic() < deadline
            if time.monotonic() + left > deadline:
                return False
            stop.wait(left)
        return False

    def sit_out(self, deadline: float, stop: threading.Event) -> None:
        """Wait for the rest to end, but no longer than `deadline`."""
        while (left := min(self._left(), deadline - time.monotonic())) > 0 and not stop.is_set():
            stop.wait(left)

    def _left(self) -> float:
        with self._lock:
            return self._rest_until - time.monotonic()


@cache
def budget_of(endpoint: str) -> Budget:
    """The one budget of this process for an endpoint."""
    return Budget()
