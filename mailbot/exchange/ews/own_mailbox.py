"""Asks about the service's own mailbox: one connection, turns in the common budget, tries where safe."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from mailbot.engine.breaker import Breaker
from mailbot.exchange.ews import advice
from mailbot.exchange.ews.connection import Line, Server, at_once
from mailbot.exchange.ews.door import door_of
from mailbot.exchange.ews.trouble import RESTING, TRANSIENT, EwsTrouble, Scope, scope_of
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.exchange.throttling import budget_of
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import Reason
from mailbot.model.ids import Address

T = TypeVar("T")

PAUSE = 2.0
"""Seconds of rest after a throttled call for which the server named none."""

SOON = 0.1
"""Seconds before another look after any other trouble that passes; longer with every try."""


class OwnMailbox:
    """What the post and the look into the inbox have in common. For one thread at a time."""

    def __init__(self, server: Server, mailbox: Address, breaker: Breaker) -> None:
        self._watchdog = Watchdog()
        self._line = Line(server, self._watchdog)
        self._box = self._line.box(mailbox.value)
        self._server = server
        self._breaker = breaker
        self._budget = budget_of(server.endpoint)
        self._closed = threading.Event()
        self._line.turn = self._turn
        self._line.on_refused = breaker.refused
        self._door = door_of(server.endpoint)

    def requests(self) -> Mapping[str, int]:
        return dict(self._line.counts)

    def close(self) -> None:
        self._closed.set()
        self._watchdog.close()
        self._line.close()
        self._line.turn = at_once

    def _ask(self, call: Callable[[float], T], tries: int = 1) -> T:
        """Raises SignInRefused, or what `_error` makes of it. Only what may be repeated has several tries."""
        for attempt in range(1, tries + 1):
            self._line.refused = self._door.try_again(self._breaker.check)
            since = time.monotonic()
            try:
                return call(since + self._server.request_deadline)
            except EwsTrouble as trouble:
                error = self._error(trouble, since)
                if trouble.reason not in TRANSIENT or trouble.code == RESTING or attempt == tries:
                    raise error from None
            self._closed.wait(SOON * attempt)
        raise Unreachable("Exchange was not asked")

    @contextmanager
    def _turn(self, _ours: bool, deadline: float) -> Iterator[None]:
        """Each request takes a place in the budget. The service's own mailbox is we, in whose name ever.
        Raises SignInRefused when somebody was refused while we waited for it."""
        place = self._budget.enter(True, deadline, self._closed, self._server.request_deadline)
        if place is None:
            raise EwsTrouble(Reason.THROTTLED, RESTING)
        try:
            self._breaker.check()
            yield
        finally:
            self._budget.leave(place)

    def _error(self, trouble: EwsTrouble, since: float) -> Exception:
        """What the caller can act on; throttling also makes others rest."""
        if trouble.reason is Reason.SIGN_IN_REFUSED:
            why = advice.refused(self._server.auth, trouble.code)
            return SignInRefused(f"Exchange refused the service account ({trouble.code}): {why}.")
        if trouble.code == RESTING:
            return Unreachable("Exchange asked for rest; letters wait for the next delivery")
        if trouble.reason is Reason.THROTTLED:
            ours = scope_of(trouble, True, self._server.impersonate) is Scope.OURSELVES
            self._budget.back_off(trouble.rest or PAUSE, ours=ours, since=since)
        mend = advice.unreached(trouble.code)
        if mend is not None:
            return Unreachable(f"Exchange cannot be reached ({trouble.code}): {mend}.")
        return Unreachable(f"Exchange did not carry out a request for the post ({trouble.code})")
