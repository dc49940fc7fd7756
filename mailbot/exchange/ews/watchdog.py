"""Ends calls that are over their deadline, however slowly the server goes on answering them."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

AGAIN = 0.25
"""Seconds between two cuts of the same call: the first can come while its connection is still opening."""


class Cuttable(Protocol):
    def cut(self) -> None:
        """Shut the connection; must return at once."""


class Watchdog:
    """One thread, started by the first call that is watched and asleep until a deadline is near.

    A call is cut under the lock that its end takes too, so a cut never hits the call after it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[object, tuple[Cuttable, float]] = {}
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, line: Cuttable, deadline: float) -> Iterator[None]:
        """Cut `line` from `deadline` (monotonic) on, until the block is left."""
        token = object()
        with self._changed:
            self._watched[token] = (line, deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ews-watchdog", daemon=True)
                self._thread.start()
            elif deadline < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._watched[token]

    def _run(self) -> None:
        with self._changed:
            while self._thread is threading.current_thread():
                wait = self._cut_late()
                self._changed.wait(None if wait == math.inf else wait)

    def _cut_late(self) -> float:
        """Seconds until there is something to do again. Keeps no line in hand while it waits."""
        now = time.monotonic()
        self._wakes = math.inf
        for line, deadline in self._watched.values():
            if now >= deadline:
                line.cut()
            self._wakes = min(self._wakes, max(deadline, now + AGAIN))
        return self._wakes - now

    def close(self) -> None:
        """Cut every call under way and end the thread. A call that is watched later starts another."""
        with self._changed:
            for line, _deadline in self._watched.values():
                line.cut()
            thread, self._thread = self._thread, None
            self._changed.notify()
        if thread is not None:
            thread.join()
