"""Faults on command: which request goes wrong, how, and how often."""

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class FaultKind(StrEnum):
    """Ways in which Exchange, or something in front of it, fails."""

    BUSY_503 = "busy_503"  # HTTP 503 with Retry-After: `seconds`
    SERVER_BUSY = "server_busy"  # HTTP 500, SOAP fault ErrorServerBusy with BackOffMilliseconds: `seconds`
    INTERNAL_BUSY = "internal_busy"  # HTTP 200, ErrorInternalServerError with inner ErrorServerBusy
    UNAUTHORIZED = "unauthorized"  # HTTP 401, whoever asks
    FORBIDDEN_403 = "forbidden_403"  # HTTP 403, as from a gateway
    SLOW = "slow"  # answers rightly after `seconds`
    HANG = "hang"  # takes the request and stays silent until the client or the simulator gives up
    DROP_BEFORE = "drop_before"  # closes the connection without executing
    DROP_AFTER = "drop_after"  # executes, then closes the connection: the answer is lost
    DROP_MIDWAY = "drop_midway"  # executes, sends half of the answer, then closes
    BROKEN_XML = "broken_xml"  # HTTP 200 with XML that ends in the middle
    HTML_PAGE = "html_page"  # HTTP 200 with a web page
    NO_OPERATION = "no_operation"  # HTTP 500, SOAP fault: the server does not know the operation
    PLAIN_500 = "plain_500"  # HTTP 500 without SOAP
    UNEXPECTED = "unexpected"  # HTTP 200 with the answer of another operation
    CODE = "code"  # HTTP 200, response message with `code`
    SOAP_CODE = "soap_code"  # HTTP 500, SOAP fault with `code`
    VALUE_MISSING = "value_missing"  # a success without the value: see `Fault`


@dataclass(frozen=True, slots=True)
class Fault:
    """`operation` (as `FindFolder`) and `mailbox` (address) say which requests match; None means all. For
    ExpandDL and ResolveNames `mailbox` is the address that is looked up.

    VALUE_MISSING leaves out the size and the permissions of folders, the reply settings, the sending times
    of items, the delegates themselves, the members of a group, the name that was found, and the dictionary
    of options.

    A fault strikes from the `nth` matching request on (1 is the first), `count` times; None means always.
    With a `share` below 1 it strikes only that part of them, drawn by `seed`: the same numbers every time.
    """

    kind: FaultKind
    operation: str | None = None
    mailbox: str | None = None
    nth: int = 1
    count: int | None = None
    seconds: float = 0.0
    code: str = ""
    share: float = 1.0
    seed: int = 0

    def matches(self, operation: str, mailboxes: Collection[str]) -> bool:
        return self.operation in (None, operation) and (
            self.mailbox is None or self.mailbox.lower() in mailboxes
        )


@dataclass(slots=True)
class _Standing:
    fault: Fault
    dice: Random
    seen: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Strike:
    """One request that a fault struck, with all addresses that the request was about."""

    fault: Fault
    operation: str
    mailboxes: frozenset[str]


STRIKES = 100_000
"""Strikes that are remembered; the oldest are forgotten first."""


class FaultBoard:
    """The faults that stand now. Of several that match one request, the oldest strikes."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []
        self._strikes: deque[Strike] = deque(maxlen=STRIKES)
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._standing += [_Standing(fault, Random(fault.seed)) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()
            self._strikes.clear()

    def struck(self) -> int:
        """How often the standing faults struck."""
        with self._lock:
            return sum(standing.struck for standing in self._standing)

    def strikes(self) -> list[Strike]:
        """What struck whom since the board was last cleared, oldest first."""
        with self._lock:
            return list(self._strikes)

    def take(self, operation: str, mailboxes: Collection[str]) -> Fault | None:
        """The fault that strikes this request. Counts it for every fault that matches."""
        if not self._standing:
            return None
        chosen: Fault | None = None
        with self._lock:
            for standing in self._standing:
                fault = standing.fault
                if not fault.matches(operation, mailboxes):
                    continue
                standing.seen += 1
                due = standing.seen >= fault.nth and (fault.count is None or standing.struck < fault.count)
                drawn = standing.dice.random() < fault.share
                if due and drawn and chosen is None:
                    standing.struck += 1
                    chosen = fault
            if chosen is not None:
                self._strikes.append(Strike(chosen, operation, frozenset(mailboxes)))
        return chosen
