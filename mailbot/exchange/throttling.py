"""One budget per endpoint: when the server asks for rest, all who call it rest."""

import threading
import time

LONGEST_REST = 300.0
"""Seconds. A server that asks for more is treated as unreachable for the calls that are under way."""


class Budget:
    """Shared by all workers of one endpoint. Real time, whatever clock the house judges by."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._rest_until = 0.0

    def back_off(self, seconds: float) -> None:
        """Nobody calls for this long; a longer rest that is already agreed stands."""
        with self._lock:
            self._rest_until = max(self._rest_until, time.monotonic() + min(seconds, LONGEST_REST))

    def wait(self, deadline: float) -> bool:
        """Wait for the rest to end. False when that would pass `deadline` (monotonic) or all must stop."""
        while True:
            now = time.monotonic()
            if self._stop.is_set() or now >= deadline:
                return False
            with self._lock:
                left = self._rest_until - now
            if left <= 0:
                return True
            if now + left > deadline:
                return False
            self._stop.wait(left)
