"""The access log: what was asked of the server, by whom, about whom. Tests read it.

To tell what is allowed from what is not, words of people are sorted: bodies (never), details (folder names,
events: never), headings (subjects, correspondents, attachment names: only of what a search by subject found)
and texts of settings (signature and automatic reply).
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailbot.simulator.incoming import (
    ATTACHMENT_PROPERTIES,
    BODY_PROPERTIES,
    CONTENT_PROPERTIES,
    CORRESPONDENT_PROPERTIES,
    SUBJECT_PROPERTIES,
    WIDE_SHAPES,
)

SIGN_IN = "(sign-in)"
"""The operation under which unanswered sign-ins stand: the challenge rounds of NTLM, and refusals."""

WRITES = frozenset({"CreateItem", "SendItem", "DeleteItem", "SetUserOofSettings"})
_HEADINGS = (SUBJECT_PROPERTIES | CORRESPONDENT_PROPERTIES | ATTACHMENT_PROPERTIES) - WIDE_SHAPES
_DETAILS = CONTENT_PROPERTIES - BODY_PROPERTIES - _HEADINGS


@dataclass(frozen=True, slots=True)
class Access:
    """One answered request.

    `mailboxes` are all addresses that it was about: the impersonated one, those it names, and the owners
    of the items and folders that it names. `looked_up` are entries of the address list that it asked about
    (ExpandDL, ResolveNames), for which no mailbox is opened. `status` is the HTTP status; 0 when the
    connection was dropped instead. `code` is the EWS response code of the first thing that failed, empty
    when nothing did. `refused` tells a sign-in that was finished and refused.

    `subject_searched` tells a request that reaches only items with a searched fragment in their subject: a
    FindItem whose restriction demands one, or a GetItem of nothing but items that such a FindItem brought up.
    `reports_only` tells a GetItem of nothing but reports of delivery, which nobody wrote.
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
    looked_up: tuple[str, ...] = ()
    subject_searched: bool = False
    reports_only: bool = False

    @property
    def content_asked(self) -> tuple[str, ...]:
        """Properties with words or correspondents of people that this request asked for: bodies, headings
        and details together."""
        return self._asked(CONTENT_PROPERTIES)

    @property
    def body_asked(self) -> bool:
        """Whether a body, MIME text, subject or attachment of an item was asked for."""
        return any(name.startswith(("item:", "view:", "attachment:")) for name in self.content_asked)

    @property
    def bodies_asked(self) -> tuple[str, ...]:
        """Bodies in any form, MIME texts and contents of attachments; shapes that bring them along."""
        return self._asked(BODY_PROPERTIES)

    @property
    def subjects_asked(self) -> tuple[str, ...]:
        """Subjects of items, under any name."""
        return self._asked(SUBJECT_PROPERTIES)

    @property
    def correspondents_asked(self) -> tuple[str, ...]:
        """Senders, recipients and transport headers of items."""
        return self._asked(CORRESPONDENT_PROPERTIES)

    @property
    def headings_asked(self) -> tuple[str, ...]:
        """Subjects, correspondents and attachment names. Allowed only where `subject_searched`."""
        return self._asked(_HEADINGS)

    @property
    def details_asked(self) -> tuple[str, ...]:
        """Names of folders and details of events."""
        return self._asked(_DETAILS)

    @property
    def texts_asked(self) -> tuple[str, ...]:
        """Texts that are settings: a configuration object such as "setting:OWA.UserOptions" (signature), and
        "setting:OofSettings" (automatic reply)."""
        if self.operation == "GetUserOofSettings":
            return ("setting:OofSettings",)
        return tuple(name for name in self.properties if name.startswith("setting:"))

    def _asked(self, kind: frozenset[str]) -> tuple[str, ...]:
        return tuple(name for name in self.properties if name in kind)


class AccessLog:
    """Bounded: the oldest lines fall off. Counts by operation stay complete, and so do the items that
    searches by subject brought up."""

    def __init__(self, limit: int = 200_000) -> None:
        self._lines: deque[Access] = deque(maxlen=limit)
        self._counts: Counter[str] = Counter()
        self._found: set[str] = set()
        self._lock = threading.Lock()

    def add(self, line: Access) -> None:
        with self._lock:
            self._lines.append(line)
            self._counts[line.operation] += 1

    def note_found(self, items: Iterable[str]) -> None:
        """Remember what a search by subject brought up."""
        with self._lock:
            self._found.update(items)

    def only_found(self, items: Iterable[str]) -> bool:
        """Whether there are items, and all of them were brought up by a search by subject."""
        wanted = set(items)
        with self._lock:
            return bool(wanted) and wanted <= self._found

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
