"""Free/busy of many mailboxes with one request per window, and the search for whoever spoils it."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from mailbot.exchange.ews import calls, free_busy
from mailbot.exchange.ews.connection import Line
from mailbot.exchange.ews.outage import Outage
from mailbot.exchange.ews.trouble import TRANSIENT, EwsTrouble
from mailbot.exchange.ews.underway import Bulk, Search
from mailbot.model.facts import Reason
from mailbot.model.mailbox import Interval
from mailbot.ports import Target

TRIES = 3

SPLITS = 24
"""Requests that may be spent on finding who spoils a batch: enough for two mailboxes of fifty."""

UNFINISHED = "unfinished"
"""Stands in the place of a response code where time is over before all parts of a batch were asked."""

ENDPOINT_WIDE = frozenset({Reason.SIGN_IN_REFUSED, Reason.NOT_VISITED})
"""Reasons that no single mailbox of a batch can be to blame for."""

Batch = list[calls.Element]


class Attempt(Protocol):
    """Asks something, at most `tries` times; `busy` are busy answers to the same question before."""

    def __call__(
        self, call: Callable[[float], Batch], until: float, tries: int, busy: int
    ) -> Batch | EwsTrouble: ...


class InBulk:
    """One worker's questions about many mailboxes. `spoilt` tells that whole batches fail, so that looking
    for one culprit is in vain."""

    def __init__(self, line: Line, spoilt: threading.Event, outage: Outage, attempt: Attempt) -> None:
        self._line = line
        self._spoilt = spoilt
        self._outage = outage
        self._attempt = attempt

    def ask(
        self, bulk: Bulk, until: float, busy: int, note: Callable[[Target, EwsTrouble], None], patient: bool
    ) -> EwsTrouble | None:
        """Ask the windows that are left, each once, and once more for mailboxes in it that had a trouble that
        passes at once. Mailboxes that are busy themselves are told to `note` and left out from then on.

        Gives the trouble when the server is busy or away as a whole; what was not asked then is still left.
        So it does for a lost connection when it is to be `patient`, else it looks for who spoils the batch.
        UNFINISHED are parts of a batch for which there is no time left.
        """
        while bulk.pieces:
            piece = bulk.pieces[0]
            targets = [target for target in bulk.targets if target not in bulk.busy]
            if targets:
                bulk.search = bulk.search or Search([targets], SPLITS)
                before = len(bulk.search.found)
                trouble = self._look(bulk.search, piece, until, busy, patient)
                if len(bulk.search.found) > before:
                    bulk.tries = bulk.cut_off = 0
                if trouble is not None:
                    return trouble
                answers = bulk.search.found
                self._look_again(bulk, answers, piece, until)
                for target, answer in answers.items():
                    trouble = free_busy.trouble(answer)
                    if trouble is not None and trouble is not answer and trouble.reason is Reason.THROTTLED:
                        note(target, trouble)
                    elif target not in bulk.busy:
                        bulk.asker.add(target, answer, piece)
            bulk.search = None
            bulk.pieces.pop(0)
        return None

    def _look_again(
        self, bulk: Bulk, answers: dict[Target, free_busy.Answer], piece: Interval, until: float
    ) -> None:
        """Once more for those whose trouble passes at once. Where nobody has time now, each of many is asked
        alone and later."""
        again = [target for target, answer in answers.items() if _passes(answer)]
        if not again:
            return
        search = Search([again], SPLITS)
        trouble = self._look(search, piece, until, 0, patient=True)
        answers.update(search.found)
        if trouble is not None and len(bulk.targets) > 1:
            left = [target for target in again if target not in search.found]
            bulk.busy.update(dict.fromkeys(left, time.monotonic()))

    def _look(
        self, search: Search, piece: Interval, until: float, busy: int, patient: bool
    ) -> EwsTrouble | None:
        """One response per mailbox into `search`, or the trouble of a server that is busy or away; what has
        been found is kept then. A batch that fails as a whole is halved until whoever spoils it stands alone.
        When that leads nowhere, the trouble is everybody's and later batches are not halved.

        Each call asks at least once; parts that would not have their share of time any more are not asked."""
        begun = False
        while search.parts:
            part, whole = search.parts[-1], search.whole
            if begun and time.monotonic() + self._share > until:
                return EwsTrouble(Reason.TIMED_OUT, UNFINISHED)
            begun = True
            answer = self._batch(part, piece, until, busy, whole)
            if not isinstance(answer, EwsTrouble):
                search.found.update(zip(part, answer, strict=True))
                search.anybody = True
            elif answer.reason is Reason.THROTTLED or self._waits(answer, whole and patient):
                return answer
            search.parts.pop()
            search.whole = False
            if not isinstance(answer, EwsTrouble):
                continue
            if len(part) == 1 or search.splits < 2 or answer.reason in ENDPOINT_WIDE or self._spoilt.is_set():
                search.found.update(dict.fromkeys(part, answer))
                if search.splits < 2 and not search.anybody:
                    self._spoilt.set()
            else:
                search.splits -= 2
                half = len(part) // 2
                search.parts += [part[half:], part[:half]]
        return None

    @property
    def _share(self) -> float:
        """Seconds for a part of a batch: the whole of it has had more."""
        return self._line.server.request_deadline / 4

    def _waits(self, answer: EwsTrouble, patient: bool) -> bool:
        """Whether to wait for what becomes of a lost connection."""
        return answer.reason is Reason.CONNECTION_LOST and (patient or self._outage.away)

    def _batch(
        self, part: Sequence[Target], piece: Interval, until: float, busy: int, whole: bool
    ) -> Batch | EwsTrouble:
        """A part of a batch gets one try and less time."""
        addresses = [target.address.value for target in part]
        if not whole:
            until = min(until, time.monotonic() + self._share)
        ask = partial(calls.availability, self._line, addresses, piece.start, piece.end)
        return self._attempt(ask, until, TRIES if whole else 1, busy)


def _passes(answer: free_busy.Answer) -> bool:
    """Whether one mailbox of a batch had a trouble of its own that is worth another look at once."""
    trouble = free_busy.trouble(answer)
    if trouble is None or trouble is answer:
        return False
    return trouble.reason in TRANSIENT and trouble.reason is not Reason.THROTTLED
