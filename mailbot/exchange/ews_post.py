"""Sends letters through EWS: a draft, a send with a saved copy, and a search for either after a crash."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from mailbot.exchange.ews import calls
from mailbot.exchange.ews.breaker import Breaker
from mailbot.exchange.ews.connection import Line, Server, Watchdog
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.exchange.throttling import Budget
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.ports import PostRefused

T = TypeVar("T")

DRAFTS, SENT = "drafts", "sentitems"
DELETE_BATCH = 50
TRIES = 4

REFUSALS = frozenset(
    {
        "ErrorInvalidRecipients",
        "ErrorNoRespondingCASInDestinationSite",
        "ErrorMessageSizeExceeded",
        "ErrorInvalidSmtpAddress",
        "ErrorSendAsDenied",
    }
)
"""Codes that say no for good to this one letter."""


class EwsPost:
    """Implements ports.Post over a connection of its own. Only searches are ever tried again: a write that
    got no answer may have been carried out, and the caller looks before it writes once more."""

    def __init__(self, server: Server, mailbox: Address, breaker: Breaker) -> None:
        self._watchdog = Watchdog()
        self._line = Line(server, self._watchdog)
        self._box = self._line.box(mailbox.value)
        self._server = server
        self._breaker = breaker
        self._budget = Budget(threading.Event())

    def prepare(self, mail: Mail) -> str:
        return self._write(partial(calls.create_draft, self._box, mail))

    def dispatch(self, draft: str) -> None:
        self._write(partial(calls.send_draft, self._box, draft))

    def trace(self, key: LetterId, message_id: str) -> Trace:
        """Sent first: a letter that is there has left, whatever else is lying about."""
        for folder, where in ((SENT, Whereabouts.SENT), (DRAFTS, Whereabouts.DRAFTS)):
            found = self._search(folder, key=key) or self._search(folder, message_id=message_id)
            if found:
                return Trace(where, found[0][0])
        return Trace(Whereabouts.NOWHERE)

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        wanted = set(keys)
        for folder in (SENT, DRAFTS):
            copies = [reference for reference, key in self._search(folder) if key in wanted]
            for first in range(0, len(copies), DELETE_BATCH):
                batch = copies[first : first + DELETE_BATCH]
                self._write(partial(calls.delete_for_good, self._box, batch))
        return frozenset(wanted)

    def left_over(self) -> int:
        return sum(len(self._search(folder)) for folder in (DRAFTS, SENT))

    def requests(self) -> Mapping[str, int]:
        return dict(self._line.counts)

    def close(self) -> None:
        self._line.close()
        self._watchdog.close()

    def _write(self, call: Callable[[float], T]) -> T:
        self._breaker.check()
        deadline = time.monotonic() + self._server.request_deadline
        if not self._budget.wait(deadline):
            raise Unreachable("Exchange asked for rest; letters wait for the next delivery")
        try:
            return call(deadline)
        except EwsTrouble as trouble:
            raise self._error(trouble) from None

    def _search(
        self, folder: str, key: str | None = None, message_id: str | None = None
    ) -> list[tuple[str, str | None]]:
        trouble = EwsTrouble(Reason.THROTTLED, "rest")
        for _ in range(TRIES):
            self._breaker.check()
            deadline = time.monotonic() + self._server.request_deadline
            if not self._budget.wait(deadline):
                break
            try:
                return calls.find_letters(self._box, folder, deadline, key, message_id)
            except EwsTrouble as met:
                trouble = met
                error = self._error(met)
                if not isinstance(error, Unreachable):
                    raise error from None
        raise self._error(trouble)

    def _error(self, trouble: EwsTrouble) -> Exception:
        """What the caller can act on; throttling also makes this post rest."""
        if trouble.reason is Reason.SIGN_IN_REFUSED:
            self._breaker.refused()
            return SignInRefused(f"Exchange refused the service account ({trouble.code})")
        if trouble.code in REFUSALS:
            return PostRefused(trouble.code)
        if trouble.reason is Reason.THROTTLED:
            self._budget.back_off(trouble.rest or 2.0)
        return Unreachable(f"Exchange did not carry out a request for the post ({trouble.code})")
