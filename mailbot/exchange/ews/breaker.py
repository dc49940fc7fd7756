"""The sign-in breaker: after one refused sign-in nobody tries again for half an hour, restarts included.

Accounts lock after a few refusals; an unattended service with an expired password must not be what does it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from mailbot.model.clock import Clock
from mailbot.model.errors import SignInRefused

REST = timedelta(minutes=30)

Recall = Callable[[], str | None]
Remember = Callable[[str | None], None]


class Breaker:
    """`recall` and `remember` keep one line of text between processes."""

    def __init__(self, clock: Clock, recall: Recall, remember: Remember) -> None:
        self._clock = clock
        self._recall = recall
        self._remember = remember

    def check(self) -> None:
        """Raises SignInRefused while the last refusal is too recent to try again."""
        refused, now = self.refused_at(), self._clock.now()
        if refused is not None and refused > now:
            # the clock was set back since: the half hour begins again, it does not last until then
            self.refused()
            refused = now
        if refused is not None and now < refused + REST:
            raise SignInRefused(
                "Exchange refused the service account less than 30 minutes ago; not tried again, so that the "
                "account is not locked. To mend it and try at once: mailbot doctor"
            )

    def refused(self) -> None:
        self._remember(self._clock.now().isoformat())

    def accepted(self) -> None:
        if self._recall() is not None:
            self._remember(None)

    def refused_at(self) -> datetime | None:
        text = self._recall()
        return datetime.fromisoformat(text) if text else None
