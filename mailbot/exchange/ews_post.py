"""Sends letters through EWS: a draft, a send with a saved copy, and a search for either after a crash."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from mailbot.engine.breaker import Breaker
from mailbot.exchange.ews import advice, letter_calls
from mailbot.exchange.ews.calls import TOO_LONG
from mailbot.exchange.ews.connection import Line, Server, at_once
from mailbot.exchange.ews.door import door_of
from mailbot.exchange.ews.letter_calls import Found
from mailbot.exchange.ews.trouble import RESTING, TRANSIENT, EwsTrouble, Scope, scope_of
from mailbot.exchange.ews.watchdog import Watchdog
from mailbot.exchange.throttling import budget_of
from mailbot.model.errors import SignInRefused, Unreachable
from mailbot.model.facts import Reason
from mailbot.model.ids import Address, LetterId
from mailbot.model.letters import Mail, Trace, Whereabouts
from mailbot.ports import PostRefused

T = TypeVar("T")

DRAFTS, SENT = "drafts", "sentitems"
DELETE_BATCH = 50
TRIES = 4
PAUSE = 2.0
"""Seconds of rest after a throttled call for which the server named none."""

SOON = 0.1
"""Seconds before another look after any other trouble that passes; longer with every try."""

PAGES = 80
"""Pages of our letters in one folder that are looked through, of 250 letters each."""

REFUSALS = frozenset(
    {
        "ErrorInvalidRecipients",
        "ErrorNoRespondingCASInDestinationSite",
        "ErrorMessageSizeExceeded",
        "ErrorInvalidSmtpAddress",
        TOO_LONG,
    }
)
"""Codes that say no for good to this one letter; the last one is our own."""


class EwsPost:
    """Implements ports.Post over a connection of its own. Only searches are ever tried again: a write that
    got no answer may have been carried out, and the caller looks before it writes once more.

    For one thread at a time.
    """

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

    def prepare(self, mail: Mail) -> str:
        return self._ask(partial(letter_calls.create_draft, self._box, mail))

    def dispatch(self, draft: str) -> None:
        self._ask(partial(letter_calls.send_draft, self._box, draft))

    def trace(self, key: LetterId, message_id: str) -> Trace:
        """Sent first: a letter that is there has left, whatever else is lying about. And sent again at the
        end: a letter can leave while we look into drafts."""
        for folder, where in (
            (SENT, Whereabouts.SENT),
            (DRAFTS, Whereabouts.DRAFTS),
            (SENT, Whereabouts.SENT),
        ):
            found = self._search(folder, key=key) or self._search(folder, message_id=message_id)
            if found:
                return Trace(where, found[0].reference)
        return Trace(Whereabouts.NOWHERE)

    def discard(self, draft: str) -> bool:
        return self._ask(partial(letter_calls.delete_for_good, self._box, [draft])) == 1

    def tidy(self, keys: Collection[LetterId]) -> frozenset[LetterId]:
        """A letter that is not found counts as gone only when all of both folders was seen."""
        wanted = set(keys)
        if not wanted:
            return frozenset()
        gone: set[LetterId] = set()
        saw_all = True
        for folder in (SENT, DRAFTS):
            letters, complete = self._all(folder)
            saw_all = saw_all and complete and all(letter.key for letter in letters)
            copies = [letter for letter in letters if letter.key in wanted]
            for first in range(0, len(copies), DELETE_BATCH):
                batch = [letter.reference for letter in copies[first : first + DELETE_BATCH]]
                self._ask(partial(letter_calls.delete_for_good, self._box, batch))
            gone |= {LetterId(letter.key) for letter in copies if letter.key}
        return frozenset(wanted if saw_all else gone)

    def left_over(self) -> int:
        return sum(len(self._all(folder)[0]) for folder in (DRAFTS, SENT))

    def requests(self) -> Mapping[str, int]:
        return dict(self._line.counts)

    def close(self) -> None:
        self._closed.set()
        self._watchdog.close()
        self._line.close()
        self._line.turn = at_once

    def _all(self, folder: str) -> tuple[list[Found], bool]:
        """All letters of ours in a folder, and whether these are really all."""
        letters: list[Found] = []
        for _ in range(PAGES):
            page, last = self._ask(self._find(folder, offset=len(letters)), TRIES)
            letters += page
            if last:
                return letters, True
        return letters, False

    def _search(self, folder: str, key: str | None = None, message_id: str | None = None) -> list[Found]:
        return self._ask(self._find(folder, key=key, message_id=message_id), TRIES)[0]

    def _find(
        self, folder: str, key: str | None = None, message_id: str | None = None, offset: int = 0
    ) -> Callable[[float], tuple[list[Found], bool]]:
        return lambda deadline: letter_calls.find_letters(
            self._box, folder, deadline, key, message_id, offset
        )

    def _ask(self, call: Callable[[float], T], tries: int = 1) -> T:
        """Raises SignInRefused, PostRefused or Unreachable. Only what may be repeated has several tries."""
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
        if trouble.code in REFUSALS:
            return PostRefused(trouble.code)
        if trouble.code == RESTING:
            return Unreachable("Exchange asked for rest; letters wait for the next delivery")
        if trouble.reason is Reason.THROTTLED:
            ours = scope_of(trouble, True, self._server.impersonate) is Scope.OURSELVES
            self._budget.back_off(trouble.rest or PAUSE, ours=ours, since=since)
        mend = advice.unreached(trouble.code)
        if mend is not None:
            return Unreachable(f"Exchange cannot be reached ({trouble.code}): {mend}.")
        return Unreachable(f"Exchange did not carry out a request for the post ({trouble.code})")
