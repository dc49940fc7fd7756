"""The access log: what was asked of the server, by whom, about whom. Tests read it."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailbot.simulator.incoming import CONTENT_PROPERTIES

SIGN_IN = "(sign-in)"
"""The operation under which unanswered sign-ins stand: the challenge rounds of NTLM, and refusals."""

WRITES = frozenset({"CreateItem", "SendItem", "DeleteItem", "SetUserOofSettings"})


@dataclass(frozen=True, slots=True)
class Access:
    """One answered request.

    `mailboxes` are all addresses that it was about: the impersonated one, those it names, and the owners
    of the items and folders that it names. `status` is the HTTP status; 0 when the connection was dropped
    instead. `code` is the EWS response code of the first thing that failed, empty when nothing did.
    `refused` tells a sign-in that was finished and refused.
    """

    at: datetime
    operation: str
    account: str
    impersonated: str | None
    mailboxes: tuple[str, ...]
    properties: tuple[str, ...]
    status: int
    code: str = ""
    fault: str = ""
    refused: bool = False

    @property
    def content_asked(self) -> tuple[str, ...]:
        """Properties with words or correspondents of people that this request asked for."""
        return tuple(name for name in self.properties if name in CONTENT_PROPERTIES)

    @property
    def body_asked(self) -> bool:
        """Whether a body, MIME text, subject or attachment of an item was asked for."""
        return any(name.startswith(("item:", "view:")) for name in self.content_asked)


class AccessLog:
    """Bounded: the oldest lines fall off. Counts by operation stay complete."""

    def __init__(self, limit: int = 200_000) -> None:
        self._lines: deque[Access] = deque(maxlen=limit)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, line: Access) -> None:
        with self._lock:
            self._lines.append(line)
            self._counts[line.operation] += 1

    def lines(self) -> list[Access]:
        with self._lock:
            return list(self._lines)

    def counts(self) -> Mapping[str, int]:
        with self._lock:
            return dict(sorted(self._counts.items()))

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()
            self._counts.clear()
