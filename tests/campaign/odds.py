"""Faults drawn by a seed: what goes wrong, with which question, about whose mailbox, how often."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from mailbot.simulator import Access, Fault, FaultKind

REQUEST_DEADLINE = 5.0
"""Seconds for one request, as the campaign's settings say; the least that mailbot accepts."""

MAILBOX_DEADLINE = 20.0
"""Seconds for one mailbox, likewise."""

CODES = {
    "ErrorServerBusy": "throttled",
    "ErrorInternalServerTransientError": "server_failed",
    "ErrorMailboxStoreUnavailable": "server_failed",
    "ErrorNobodyEverSawThisOne": "server_failed",
    "ErrorTimeoutExpired": "timed_out",
    "ErrorAccessDenied": "access_denied",
    "ErrorImpersonationDenied": "access_denied",
    "ErrorNonExistentMailbox": "mailbox_missing",
    "ErrorAccountDisabled": "mailbox_disabled",
    "ErrorMailboxMoveInProgress": "mailbox_moved",
    "ErrorSchemaValidation": "operation_missing",
    "Zie het verslag van de heer De Vries": "answer_broken",
}
"""Response codes with the reason that each must lead to, written here and not taken from the product."""

COSTLY = frozenset({FaultKind.HANG})
"""A hang costs a whole request deadline of real time, so fewer of them are drawn."""

SIGN_IN = frozenset({FaultKind.UNAUTHORIZED})
"""A refused sign-in ends all reading for half an hour: drawn by the day, not by the fault."""

KINDS = tuple(kind for kind in FaultKind if kind not in SIGN_IN)
WEIGHTS = tuple(0.3 if kind in COSTLY else 1.0 for kind in KINDS)

DELIVERY = ("CreateItem", "SendItem", "FindItem", "DeleteItem", None)
"""Operations of the post; None strikes whatever comes."""


@dataclass(frozen=True, slots=True)
class Odds:
    """Draws faults. The same seed and the same questions give the same faults."""

    random: Random

    def sweep(self, asked: Sequence[Access], number: int) -> Iterator[Fault]:
        """Faults for a sweep that asks about what `asked` shows: nearly all of them strike."""
        by_operation: dict[str, list[Access]] = {}
        for line in asked:
            if line.mailboxes:
                by_operation.setdefault(line.operation, []).append(line)
        operations = sorted(by_operation)
        for _ in range(number):
            lines = by_operation[self.random.choice(operations)]
            line = self.random.choice(lines)
            aimed = self.random.random() < 0.9
            yield self._fault(
                line.operation if not aimed or self.random.random() < 0.95 else None,
                self.random.choice(line.mailboxes) if aimed else None,
                1 if self.random.random() < 0.8 else 2 if aimed else self.random.randint(1, len(lines)),
                self.random.choices((1, 2, 3, None if aimed else 3), (4, 2, 2, 3))[0],
            )

    def delivery(self, number: int) -> Iterator[Fault]:
        """Faults for the post, each of which strikes a few times at most, so that letters do leave."""
        for _ in range(number):
            operation = self.random.choice(DELIVERY)
            yield self._fault(operation, None, self.random.randint(1, 12), self.random.randint(1, 2))

    def refused_sign_in(self) -> Fault:
        return Fault(FaultKind.UNAUTHORIZED, nth=self.random.randint(1, 400), count=1)

    def _fault(self, operation: str | None, mailbox: str | None, nth: int, count: int | None) -> Fault:
        kind = self.random.choices(KINDS, WEIGHTS)[0]
        return Fault(kind, operation, mailbox, nth, count, self._seconds(kind), self._code(kind))

    def _seconds(self, kind: FaultKind) -> float:
        """Short rests, and slow answers of which one in four comes too late."""
        match kind:
            case FaultKind.SLOW:
                return REQUEST_DEADLINE + 2 if self.random.random() < 0.25 else self.random.uniform(0.1, 1)
            case FaultKind.SERVER_BUSY:
                return self.random.choice((0.01, 0.05, 0.3))
            case FaultKind.BUSY_503:
                return 1.0  # Retry-After counts in whole seconds
        return 0.0

    def _code(self, kind: FaultKind) -> str:
        return self.random.choice(sorted(CODES)) if kind in (FaultKind.CODE, FaultKind.SOAP_CODE) else ""
