"""How fast letters leave: so many a minute on the long run, and never more than a minute's worth at once."""

from collections.abc import Callable, Collection

from mailbot.model.clock import Clock
from mailbot.model.errors import Halted
from mailbot.model.ids import LetterId
from mailbot.model.letters import Mail, Trace
from mailbot.ports import Post

LONGEST_NAP = 1.0
"""Seconds after which a wait looks whether the process has to end."""

SHORTEST_NAP = 0.001
"""Seconds; a clock that counts in microseconds does not move on by less than one."""


class Pace:
    """A token bucket. `wait` gives one token, and raises Halted as soon as `halting` says so."""

    def __init__(self, per_minute: int, clock: Clock, halting: Callable[[], bool]) -> None:
        self._burst = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._halting = halting
        self._tokens = self._burst
        self._filled = clock.now()

    def wait(self) -> None:
        self._fill()
        while self._tokens < 1:
            if self._halting():
                raise Halted("mailbot was asked to end; the letters that have not left wait")
            missing = (1 - self._tokens) / self._per_second
            self._clock.sleep(max(SHORTEST_NAP, min(LONGEST_NAP, missing)))
            self._fill()
        self._tokens -= 1

    def _fill(self) -> None:
        """A clock that was set back fills nothing."""
        now = self._clock.now()
        passed = max(0.0, (now - self._filled).total_seconds())
        self._tokens = min(self._burst, self._tokens + passed * self._per_second)
        self._filled = now


class PacedPost:
    """Implements ports.Post by another post. It waits before a draft is made: then nothing can have left."""

    def __init__(self, post: Post, pace: Pace) -> None:
        self._post = post
        self._pace = pace

    def prepare(self, mail: Mail) -> str:
        self._pace.wait()
        return self._post.prepare(mail)

    def dispatch(self, draft: str) -> None:
        self._post.dispatch(draft)

    def trace(self, key: LetterId, message_id: str) -> Trace:
        return self._post.trace(key, message_id)

    def discard(self, draft: str) -> bool:
        return self._post.discard(draft)

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        return self._post.tidy(keys)

    def reach(self) -> None:
        self._post.reach()

    def left_over(self) -> int:
        return self._post.left_over()

    def close(self) -> None:
        self._post.close()
