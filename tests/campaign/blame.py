"""Which fault may make what unknown, and why: every unknown verdict must have been caused by one.

A verdict is explained by a fault that struck a question behind its rule about that very mailbox, and only
by the reasons that fit that kind of fault. The few things that reach beyond one mailbox are listed one by
one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailbot.simulator import Fault, FaultKind
from mailbot.simulator.faults import Strike
from tests.campaign.odds import CODES, MAILBOX_DEADLINE, REQUEST_DEADLINE

REASONS: Mapping[FaultKind, frozenset[str]] = {
    FaultKind.BUSY_503: frozenset({"throttled"}),
    FaultKind.SERVER_BUSY: frozenset({"throttled"}),
    FaultKind.INTERNAL_BUSY: frozenset({"throttled"}),
    FaultKind.UNAUTHORIZED: frozenset({"sign_in_refused"}),
    FaultKind.FORBIDDEN_403: frozenset({"access_denied"}),
    FaultKind.HANG: frozenset({"timed_out"}),
    FaultKind.DROP_BEFORE: frozenset({"connection_lost"}),
    FaultKind.DROP_AFTER: frozenset({"connection_lost"}),
    FaultKind.DROP_MIDWAY: frozenset({"connection_lost"}),
    FaultKind.BROKEN_XML: frozenset({"answer_broken"}),
    FaultKind.HTML_PAGE: frozenset({"answer_broken"}),
    FaultKind.NO_OPERATION: frozenset({"operation_missing"}),
    FaultKind.UNEXPECTED: frozenset({"operation_missing"}),
    FaultKind.PLAIN_500: frozenset({"server_failed"}),
}
"""SLOW, CODE, SOAP_CODE and VALUE_MISSING depend on more than their kind: see `reasons`."""

UNLISTED = frozenset({"group_hidden", "recipient_unresolved", "account_unresolved"})
"""What it leads to when the address book does not answer for good: somebody whom nobody can place."""

FOR_GOOD = frozenset({"access_denied", "operation_missing", "value_missing"})
"""Reasons after which the address book is not asked again in the same sweep."""

QUESTIONS: Mapping[str, frozenset[str]] = {
    "quota": frozenset({"FindFolder", "GetFolder", "SyncFolderHierarchy"}),
    "out_of_office": frozenset({"GetUserAvailability", "GetUserOofSettings", "GetInboxRules"}),
    "delegates": frozenset({"GetFolder", "FindFolder", "GetDelegate", "ExpandDL", "ResolveNames"}),
    "signature": frozenset({"GetUserConfiguration"}),
    "confidential_external": frozenset(
        {"FindItem", "GetItem", "SyncFolderItems", "GetFolder", "ExpandDL", "ResolveNames"}
    ),
    "leaver": frozenset({"GetUserOofSettings", "GetInboxRules"}),
}
"""Operations behind each rule."""

ADDRESS_BOOK = frozenset({"ExpandDL", "ResolveNames"})
"""Asked once a sweep, by whoever comes first, and known to all who follow."""

WHOLE_MAILBOX = frozenset({"mailbox_missing", "mailbox_disabled", "mailbox_moved"})
"""Reasons that one question may give to all questions about the same mailbox."""

EXPORT_RULES = frozenset({"delegates", "leaver"})


def reasons(strike: Strike) -> frozenset[str]:
    """Why a question that was struck may be unknown. Empty for a fault that must not be noticed at all."""
    fault = strike.fault
    match fault.kind:
        case FaultKind.SLOW:
            return frozenset({"timed_out"}) if fault.seconds >= REQUEST_DEADLINE else frozenset()
        case FaultKind.CODE | FaultKind.SOAP_CODE:
            return frozenset({CODES[fault.code]})
        case FaultKind.VALUE_MISSING:
            return frozenset({"value_missing"})
    return REASONS[fault.kind]


@dataclass(frozen=True, slots=True)
class Troubles:
    """All that went wrong in one sweep. `export` is what is wrong with the nightly export, as a reason, empty
    when nothing is. A rest that the server asked for and a server that was away for a moment explain nothing:
    whoever had to wait for them is asked afterwards."""

    strikes: tuple[Strike, ...]
    export: str = ""

    def explain(self, address: str, rule: str, reason: str) -> bool:
        """Whether this verdict about this mailbox may be unknown for this reason."""
        if reason == self.export and rule in EXPORT_RULES:
            return True
        if reason == "sign_in_refused":
            return any(strike.fault.kind is FaultKind.UNAUTHORIZED for strike in self.strikes)
        if reason == "timed_out" and self._time_used(address) >= MAILBOX_DEADLINE - REQUEST_DEADLINE:
            return True
        return any(self._explains(strike, address, rule, reason) for strike in self.strikes)

    def about(self, address: str) -> str:
        """What struck one mailbox, for a person who looks into a failure."""
        struck = [
            f"{strike.fault.kind} {strike.fault.code} on {strike.operation}"
            for strike in self.strikes
            if address in strike.mailboxes
        ]
        return ", ".join(sorted(set(struck))) or "nothing"

    def _explains(self, strike: Strike, address: str, rule: str, reason: str) -> bool:
        fitting, behind = reasons(strike), strike.operation in QUESTIONS[rule]
        if strike.operation in ADDRESS_BOOK and behind:
            return reason in fitting or (reason in UNLISTED and bool(fitting & FOR_GOOD))
        if rule == "leaver" and reason == "mailbox_disabled" and "access_denied" in fitting:
            # A closed account is opened in our own name; where that is denied, the closed account is told.
            return behind and address in _hit(strike)
        if reason not in fitting:
            return False
        return (behind or reason in WHOLE_MAILBOX) and address in _hit(strike)

    def _time_used(self, address: str) -> float:
        """Seconds that faults cost one mailbox: what is asked last may find none left."""
        return sum(_seconds(strike.fault) for strike in self.strikes if address in strike.mailboxes)


def _hit(strike: Strike) -> Iterable[str]:
    """In a batch, a fault aimed at one mailbox that Exchange answers in place is that mailbox's alone."""
    fault = strike.fault
    in_place = fault.kind in (FaultKind.CODE, FaultKind.VALUE_MISSING)
    if strike.operation == "GetUserAvailability" and in_place and fault.mailbox is not None:
        return (fault.mailbox,)
    return strike.mailboxes


def _seconds(fault: Fault) -> float:
    if fault.kind is FaultKind.HANG:
        return REQUEST_DEADLINE
    return min(fault.seconds, REQUEST_DEADLINE)
