"""Free/busy of many mailboxes with one request per window, and the search for whoever spoils it."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from mailbot.exchange.ews import calls, free_busy
from mailbot.exchange.ews.connection import Line
from mailbot.exchange.ews.trouble import TRANSIENT, EwsTrouble
from mailbot.exchange.ews.underway import Bulk
from mailbot.model.facts import Reason
from mailbot.model.mailbox import Interval
from mailbot.ports import Target

TRIES = 3

SPLITS = 24
"""Requests that may be spent on finding who spoils a batch: enough for two mailboxes of fifty."""

ENDPOINT_WIDE = frozenset({Reason.SIGN_IN_REFUSED, Reason.THROTTLED, Reason.NOT_VISITED})
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

    def __init__(self, line: Line, spoilt: threading.Event, attempt: Attempt) -> None:
        self._line = line
        self._spoilt = spoilt
        self._attempt = attempt

    def ask(
        self, bulk: Bulk, until: float, busy: int, note: Callable[[Target, EwsTrouble], None]
    ) -> EwsTrouble | None:
        """Ask the windows that are left, each once, and once more for mailboxes in it that had a trouble that
        passes at once. Mailboxes that are busy themselves are told to `note` and left out from then on.

        Gives the trouble when the server is busy as a whole; what was not asked then is still left.
        """
        while bulk.pieces:
            piece = bulk.pieces[0]
            targets = [target for target in bulk.targets if target not in bulk.busy]
            if targets:
                answers = self._availability(targets, piece, until, busy)
                if isinstance(answers, EwsTrouble):
                    return answers
                again = [target for target, answer in answers.items() if _passes(answer)]
                if again:
                    better = self._availability(again, piece, until, busy)
                    answers.update({} if isinstance(better, EwsTrouble) else better)
                for target, answer in answers.items():
                    trouble = free_busy.trouble(answer)
                    if trouble is not None and trouble is not answer and trouble.reason is Reason.THROTTLED:
                        note(target, trouble)
                    else:
                        bulk.asker.add(target, answer, piece)
            bulk.pieces.pop(0)
        return None

    def _availability(
        self, targets: Sequence[Target], piece: Interval, until: float, busy: int
    ) -> dict[Target, free_busy.Answer] | EwsTrouble:
        """One response per mailbox, or the trouble of a busy server. A batch that fails as a whole is halved
        until whoever spoils it stands alone. When that leads nowhere, the trouble is everybody's and later
        batches are not halved."""
        found: dict[Target, free_busy.Answer] = {}
        splits, parts, anybody = SPLITS, [list(targets)], False
        while parts:
            part = parts.pop()
            first = len(part) == len(targets)
            answer = self._batch(part, piece, until, busy, first)
            if not isinstance(answer, EwsTrouble):
                found.update(zip(part, answer, strict=True))
                anybody = True
            elif first and answer.reason is Reason.THROTTLED:
                return answer
            elif len(part) == 1 or splits < 2 or answer.reason in ENDPOINT_WIDE or self._spoilt.is_set():
                found.update(dict.fromkeys(part, answer))
                if splits < 2 and not anybody:
                    self._spoilt.set()
            else:
                splits -= 2
                half = len(part) // 2
                parts += [part[half:], part[:half]]
        return found

    def _batch(
        self, part: Sequence[Target], piece: Interval, until: float, busy: int, first: bool
    ) -> Batch | EwsTrouble:
        """A part of a batch gets one try and less time: the whole of it has had its share."""
        addresses = [target.address.value for target in part]
        if not first:
            until = min(until, time.monotonic() + self._line.server.request_deadline / 4)
        ask = partial(calls.availability, self._line, addresses, piece.start, piece.end)
        return self._attempt(ask, until, TRIES if first else 1, busy)


def _passes(answer: free_busy.Answer) -> bool:
    """Whether one mailbox of a batch had a trouble of its own that is worth another look at once."""
    trouble = free_busy.trouble(answer)
    if trouble is None or trouble is answer:
        return False
    return trouble.reason in TRANSIENT and trouble.reason is not Reason.THROTTLED
