"""The sign-in breaker: after one refused sign-in nobody tries again for half an hour, restarts included.

Accounts lock after a few refusals; an unattended service with an expired password must not be what does it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from mailbot.model.clock import Clock
from mailbot.model.errors import SignInRefused

REST = timedelta(minutes=30)

EXCHANGE, DIRECTORY, POST = "ews_breaker", "ldap_breaker", "smtp_breaker"
"""Under which notes the store keeps the refusals of the accounts for each of them."""

Recall = Callable[[], str | None]
Remember = Callable[[str | None], None]


class Breaker:
    """`recall` and `remember` keep one line of text between processes. `who` refused, as told in messages."""

    def __init__(self, clock: Clock, recall: Recall, remember: Remember, who: str = "Exchange") -> None:
        self._clock = clock
        self._recall = recall
        self._remember = remember
        self._who = who
        self._unwritten: str | None = None

    def check(self) -> None:
        """Raises SignInRefused while the last refusal is too recent to try again."""
        refused, now = self.refused_at(), self._clock.now()
        if refused is not None and refused > now:
            # the clock was set back since: the half hour begins again, it does not last until then
            self.refused()
            refused = now
        if refused is not None and now < refused + REST:
            raise SignInRefused(
                f"{self._who} refused the service account less than 30 minutes ago; not tried again, so that "
                "the account is not locked. To mend it and try at once: mailbot doctor"
            )

    def refused(self) -> None:
        """Raises what `remember` raises, on a full disk say; then this process remembers it."""
        self._unwritten = self._clock.now().isoformat()
        self._remember(self._unwritten)
        self._unwritten = None

    def accepted(self) -> None:
        self._unwritten = None
        if self._recall() is not None:
            self._remember(None)

    def refused_at(self) -> datetime | None:
        text = self._recall() or self._unwritten
        return datetime.fromisoformat(text) if text else None
