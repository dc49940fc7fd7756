"""Why a call failed, in our words. The server's own text stays here: it can quote people's mail."""

import re
from enum import Enum, auto

import urllib3.exceptions
from exchangelib import errors
from requests import exceptions as http

from mailbot.model.facts import Reason

BY_CODE = {
    "ErrorServerBusy": Reason.THROTTLED,
    "ErrorExceededConnectionCount": Reason.THROTTLED,
    "ErrorExceededFindCountLimit": Reason.THROTTLED,
    "ErrorExceededSubscriptionCount": Reason.THROTTLED,
    "ErrorTooManyObjectsOpened": Reason.THROTTLED,
    "ErrorInternalServerTransientError": Reason.SERVER_FAILED,
    "ErrorInternalServerError": Reason.SERVER_FAILED,
    "ErrorTimeoutExpired": Reason.TIMED_OUT,
    "ErrorADUnavailable": Reason.SERVER_FAILED,
    "ErrorMailboxStoreUnavailable": Reason.SERVER_FAILED,
    "ErrorMailboxFailover": Reason.SERVER_FAILED,
    "ErrorAccessDenied": Reason.ACCESS_DENIED,
    "ErrorImpersonateUserDenied": Reason.ACCESS_DENIED,
    "ErrorImpersonationDenied": Reason.ACCESS_DENIED,
    "ErrorImpersonationFailed": Reason.ACCESS_DENIED,
    "ErrorNoFreeBusyAccess": Reason.ACCESS_DENIED,
    "ErrorNonExistentMailbox": Reason.MAILBOX_MISSING,
    "ErrorMissingEmailAddress": Reason.MAILBOX_MISSING,
    "ErrorMailRecipientNotFound": Reason.MAILBOX_MISSING,
    "ErrorCannotFindUser": Reason.MAILBOX_MISSING,
    "ErrorNonPrimarySmtpAddress": Reason.MAILBOX_MISSING,
    "ErrorInvalidUserPrincipalName": Reason.MAILBOX_MISSING,
    "ErrorAccountDisabled": Reason.MAILBOX_DISABLED,
    "ErrorUserADUnavailable": Reason.SERVER_FAILED,
    "ErrorMailboxMoveInProgress": Reason.MAILBOX_MOVED,
    "ErrorCrossSiteRequest": Reason.MAILBOX_MOVED,
    "ErrorProxyRequestProcessingFailed": Reason.MAILBOX_MOVED,
    "ErrorPublicFolderMailboxDiscoveryFailed": Reason.MAILBOX_MOVED,
    "ErrorWrongServerVersion": Reason.OPERATION_MISSING,
    "ErrorInvalidRequest": Reason.OPERATION_MISSING,
    "ErrorInvalidOperation": Reason.OPERATION_MISSING,
    "ErrorSchemaValidation": Reason.OPERATION_MISSING,
    "ErrorInvalidServerVersion": Reason.OPERATION_MISSING,
    "ErrorIncorrectSchemaVersion": Reason.OPERATION_MISSING,
    "ErrorInvalidSchemaVersionForMailboxVersion": Reason.OPERATION_MISSING,
    "ErrorNameResolutionNoResults": Reason.ACCOUNT_UNRESOLVED,
    "ErrorNameResolutionMultipleResults": Reason.ACCOUNT_UNRESOLVED,
    "ErrorNameResolutionNoMailbox": Reason.ACCESS_DENIED,
    "ErrorDelegateMissingConfiguration": Reason.VALUE_MISSING,
    "ErrorDelegateNoUser": Reason.ACCOUNT_UNRESOLVED,
    "ErrorFolderNotFound": Reason.VALUE_MISSING,
    "ErrorItemNotFound": Reason.VALUE_MISSING,
}
"""EWS response codes, which are the same words in answers, faults and exchangelib's class names."""

WHOLE_MAILBOX = frozenset(
    {Reason.MAILBOX_MISSING, Reason.MAILBOX_DISABLED, Reason.MAILBOX_MOVED, Reason.SIGN_IN_REFUSED}
)
"""Reasons that hold for every other question about the same mailbox too."""

TRANSIENT = frozenset({Reason.THROTTLED, Reason.CONNECTION_LOST, Reason.SERVER_FAILED})
"""Reasons for which a read is tried again in the same visit."""

RESTING = "rest"
"""Stands in the place of a response code for a request that was not sent: its turn did not come in time."""

EARLIER = "earlier"
"""The same for a request that was not sent because the sign-in was refused before."""

ENDPOINT_BUSY = frozenset({"http_429", "http_503", "ErrorExceededConnectionCount"})
"""Codes with which a server is busy whatever was asked about whom."""

SPEECHLESS = "fault"
"""Stands for a fault or answer of EWS without a response code: the server does not know the operation."""

_CODE = re.compile(r"Error[A-Za-z0-9]{1,80}")


class EwsTrouble(Exception):
    """A call without a usable answer. `code` is the server's response code or an HTTP status, nothing else.

    `rest` is how many seconds the server asked us to stay away.
    """

    def __init__(self, reason: Reason, code: str, rest: float | None = None) -> None:
        super().__init__(f"{reason.code} ({code})")
        self.reason = reason
        self.code = code
        self.rest = rest

    @property
    def from_ews(self) -> bool:
        """Whether EWS itself said so: then the sign-in was accepted, whatever else is wrong."""
        return self.code == SPEECHLESS or self.code.startswith("Error")


class Scope(Enum):
    """Who is busy, and has to be left in peace."""

    MAILBOX = auto()
    OURSELVES = auto()
    ENDPOINT = auto()


def scope_of(trouble: EwsTrouble, ours: bool, impersonates: bool) -> Scope:
    """Who is busy, by a throttled answer to a request that was made in our own name (`ours`) or not.

    A server charges requests to whomever they are made in the name of, so that where nobody is impersonated
    all of them are charged to our account: then that is busy for everything.
    """
    if trouble.code in ENDPOINT_BUSY or not impersonates:
        return Scope.ENDPOINT
    return Scope.OURSELVES if ours else Scope.MAILBOX


class HttpTrouble(Exception):
    """An HTTP status that carries no SOAP. `signed_in` tells that credentials were sent in full."""

    def __init__(self, status: int, rest: float | None, signed_in: bool) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.rest = rest
        self.signed_in = signed_in


def from_code(code: str, rest: float | None = None) -> EwsTrouble:
    """By response code. What does not look like one is not repeated: it could be anybody's words."""
    if not _CODE.fullmatch(code):
        return EwsTrouble(Reason.ANSWER_BROKEN, "odd_code", rest)
    return EwsTrouble(BY_CODE.get(code, Reason.SERVER_FAILED), code, rest)


def from_status(trouble: HttpTrouble) -> EwsTrouble:
    """401 refuses the sign-in only after a finished handshake: NTLM begins with one, proxies send some. 502
    and 504 are words of what stands in front of a server that is not there (RFC 9110, 15.6.3 and 15.6.5)."""
    match trouble.status:
        case 401:
            reason = Reason.SIGN_IN_REFUSED if trouble.signed_in else Reason.SERVER_FAILED
        case 403:
            reason = Reason.ACCESS_DENIED
        case 404 | 405 | 501:
            reason = Reason.OPERATION_MISSING
        case 429 | 503:
            reason = Reason.THROTTLED
        case 502 | 504:
            reason = Reason.CONNECTION_LOST
        case 408:
            reason = Reason.TIMED_OUT
        case _:
            reason = Reason.SERVER_FAILED
    return EwsTrouble(reason, f"http_{trouble.status}", trouble.rest)


def from_exception(error: Exception) -> EwsTrouble:
    """What exchangelib or its transport raised, without its text. Response codes never come this way."""
    if isinstance(error, EwsTrouble):
        return EwsTrouble(error.reason, error.code, error.rest)  # without what it was raised from
    if isinstance(error, HttpTrouble):
        return from_status(error)
    name = type(error).__name__
    if isinstance(error, errors.SOAPError):
        return EwsTrouble(Reason.OPERATION_MISSING, SPEECHLESS)
    if isinstance(error, errors.ErrorInternalServerTransientError):
        # exchangelib's word for a server that gives up in the middle of the NTLM handshake
        return EwsTrouble(Reason.SERVER_FAILED, "handshake")
    if isinstance(error, errors.TransportError) and isinstance(error.__context__, Exception):
        # exchangelib dresses up lost connections and refused certificates; the cause tells them apart
        return _from_transport(error.__context__)
    if isinstance(error, errors.EWSError):
        return EwsTrouble(Reason.ANSWER_BROKEN, name)
    return _from_transport(error)


def _from_transport(error: Exception) -> EwsTrouble:
    name = type(error).__name__
    if isinstance(error, http.ConnectTimeout):
        return EwsTrouble(Reason.CONNECTION_LOST, name)
    if isinstance(error, http.Timeout | TimeoutError):
        return EwsTrouble(Reason.TIMED_OUT, name)
    if isinstance(error, http.RequestException | urllib3.exceptions.HTTPError | OSError):
        return EwsTrouble(Reason.CONNECTION_LOST, name)
    return EwsTrouble(Reason.ANSWER_BROKEN, name)
