"""SOAP 1.1 envelopes of EWS: names, escaping, times, faults and the server's version header.

Shapes: EWS schema (messages.xsd, types.xsd) and, for faults, the article "Handling errors related to
EWS" of Microsoft's EWS documentation.
"""

from datetime import UTC, datetime
from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

from lxml import etree

SOAP_URI = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES_URI = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES_URI = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS_URI = "http://schemas.microsoft.com/exchange/services/2006/errors"
S, T, M = (f"{{{uri}}}" for uri in (SOAP_URI, TYPES_URI, MESSAGES_URI))

_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<s:Envelope xmlns:s="{SOAP_URI}"><s:Header>'
    f'<h:ServerVersionInfo xmlns:h="{TYPES_URI}" MajorVersion="15" MinorVersion="2" '
    'MajorBuildNumber="1544" MinorBuildNumber="14" Version="V2017_07_11"/>'
    f'</s:Header><s:Body xmlns:m="{MESSAGES_URI}" xmlns:t="{TYPES_URI}">'
)
_CLOSE = "</s:Body></s:Envelope>"

TEXTS = {
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorAccountDisabled": "The account is disabled.",
    "ErrorImpersonateUserDenied": "The account does not have permission to impersonate the requested user.",
    "ErrorNonExistentMailbox": "The SMTP address has no mailbox associated with it.",
    "ErrorServerBusy": "The server cannot service this request right now. Try again later.",
    "ErrorInternalServerError": "An internal server error occurred. The operation failed.",
    "ErrorMailboxMoveInProgress": "Mailbox move in progress. Try again later.",
    "ErrorMailboxStoreUnavailable": "The mailbox database is temporarily unavailable.",
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorInvalidSyncStateData": "Synchronization state data is corrupt or otherwise invalid.",
    "ErrorDelegateNoUser": "The delegate does not map to a user in the Active Directory.",
    "ErrorNotDelegate": "The user is not a delegate for the mailbox.",
    "ErrorNameResolutionNoResults": "No results were found.",
    "ErrorNameResolutionNoMailbox": "The caller has no mailbox in which contacts could be looked up.",
}


class SoapFault(Exception):
    """The whole request fails: HTTP 500 with a SOAP fault. `back_off` in milliseconds."""

    def __init__(self, code: str, *, back_off: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.back_off = back_off


class ResponseError(Exception):
    """One response message fails with this EWS response code."""

    def __init__(self, code: str, *, inner: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.inner = inner


def envelope(body: str) -> bytes:
    return (_OPEN + body + _CLOSE).encode()


def fault_envelope(fault: SoapFault) -> bytes:
    extra = ""
    if fault.back_off is not None:
        extra = f'<t:MessageXml><t:Value Name="BackOffMilliseconds">{fault.back_off}</t:Value></t:MessageXml>'
    text = TEXTS.get(fault.code, "The request failed.")
    return envelope(
        f"<s:Fault><faultcode>t:{fault.code}</faultcode>"
        f'<faultstring xml:lang="en-US">{text}</faultstring>'
        f'<detail><e:ResponseCode xmlns:e="{ERRORS_URI}">{fault.code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{ERRORS_URI}">{text}</e:Message>{extra}</detail></s:Fault>'
    )


def error_content(error: ResponseError) -> str:
    """What stands inside a response message of class Error."""
    inner = ""
    if error.inner:
        inner = (
            f'<m:MessageXml><t:Value Name="InnerErrorMessageText">{TEXTS.get(error.inner, "")}</t:Value>'
            f'<t:Value Name="InnerErrorResponseCode">{error.inner}</t:Value></m:MessageXml>'
        )
    text = TEXTS.get(error.code, "The operation failed.")
    return (
        f"<m:MessageText>{text}</m:MessageText><m:ResponseCode>{error.code}</m:ResponseCode>"
        f"<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{inner}"
    )


def escape(text: str) -> str:
    return _escape(text)


def attribute(text: str) -> str:
    """Quoted, for use as an attribute's value."""
    return quoteattr(text)


def utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(parent: etree._Element, name: str) -> str:
    """The stripped text of a child in the types namespace. Raises ValueError when it is missing."""
    child = parent.find(T + name)
    if child is None:
        raise ValueError(f"no {name}")
    return (child.text or "").strip()
