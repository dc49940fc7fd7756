"""What a domain controller refused or failed to do, in our words. Its own text stays here: it can quote
names."""

import re
import socket
import ssl
from collections.abc import Mapping

from ldap3.core.exceptions import LDAPCommunicationError

from mailbot.config import authorities
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused, Unreachable

OPERATIONS_ERROR, TIME_LIMIT, SIZE_LIMIT, STRONGER_AUTH = 1, 3, 4, 8
REFERRAL, ADMIN_LIMIT, CRITICAL_EXTENSION, CONFIDENTIALITY = 10, 11, 12, 13
NO_SUCH_OBJECT, INVALID_DN, INAPPROPRIATE_AUTH, INVALID_CREDENTIALS, ACCESS_RIGHTS = 32, 34, 48, 49, 50
BUSY, UNAVAILABLE, UNWILLING = 51, 52, 53
"""Result codes, RFC 4511 appendix A."""

_DATA = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
_SIGN_IN: Mapping[str, str] = {
    "525": "it does not know the account",
    "52e": "the user name or password is wrong",
    "530": "the account may not sign in at this hour",
    "531": "the account may not sign in from this machine",
    "532": "the password of the account has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed before the first sign-in",
    "775": "the account is locked",
}
"""Sub-codes of Active Directory behind invalidCredentials: Windows system error codes, in hex."""

_LIMITS = {
    TIME_LIMIT: "its time limit",
    SIZE_LIMIT: "its limit of entries",
    ADMIN_LIMIT: "an administrative limit",
}
_CERTIFICATES: Mapping[str, str] = {
    authorities.FOR_ANOTHER_NAME: (
        "the certificate of the directory server is for another name; in [ldap] servers use the name that is "
        "in the certificate"
    ),
    authorities.NOT_TRUSTED: (
        "the certificate of the directory server was issued by an authority that is not trusted; name the "
        "file with the right authority in [ldap] ca_file"
    ),
}


def refused_sign_in(code: int, message: str) -> MailbotError:
    """Why a bind was not accepted. Only a SignInRefused says that the server judged the account."""
    if code == INVALID_CREDENTIALS:
        found = _DATA.search(message)
        why = _SIGN_IN.get(found.group(1).lower()) if found else None
        return SignInRefused(
            "the directory refused the service account"
            + (f": {why}" if why else "")
            + "; see [ldap] username and password_file. Not tried again for 30 minutes, so that the account "
            "is not locked"
        )
    if code == INAPPROPRIATE_AUTH:
        return SignInRefused("the directory does not let this account sign in with a password")
    if code in (STRONGER_AUTH, CONFIDENTIALITY):
        return SettingsRefused(
            "the directory server wants a stronger sign-in than this one; see [ldap] starttls and auth"
        )
    return Unreachable(f"the directory server did not finish the sign-in (LDAP result {code})")


def refused_search(code: int) -> MailbotError:
    """Why a search has no whole answer."""
    if code == REFERRAL:
        return SettingsRefused(
            "the directory server refers to another one: [ldap] base lies in another domain than the one "
            "of [ldap] servers; name servers of that domain"
        )
    if code == NO_SUCH_OBJECT:
        return SettingsRefused("the directory server has no such place as [ldap] base names")
    if code == INVALID_DN:
        return SettingsRefused(
            "[ldap] base is no distinguished name, such as OU=Medewerkers,DC=ad,DC=example"
        )
    if code == ACCESS_RIGHTS:
        return SettingsRefused("the service account may not read the directory; give it the right to read")
    if code == CRITICAL_EXTENSION:
        return SettingsRefused("the directory server gives no results by page; it is no domain controller")
    if code in _LIMITS:
        return Unreachable(f"the directory server stopped in the middle: {_LIMITS[code]} was reached")
    if code in (BUSY, UNAVAILABLE, UNWILLING):
        return Unreachable(f"the directory server is busy or closing down (LDAP result {code})")
    return Unreachable(f"the directory server did not answer the question (LDAP result {code})")


def no_starttls(code: int) -> MailbotError:
    return Unreachable(
        f"the directory server does not start TLS (LDAP result {code}); nothing was sent to it"
    )


def no_handshake(error: OSError) -> MailbotError:
    """A server that encryption could not be agreed with. Nothing was sent to it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong = authorities.wrong_with(error)
        if wrong in _CERTIFICATES:
            return SettingsRefused(f"{_CERTIFICATES[wrong]}; nothing was sent to it")
        return Unreachable(
            "the certificate of the directory server is not valid today; its administrator renews it; "
            "nothing was sent to it"
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return Unreachable(
            "the directory server does not speak TLS there, or none that is safe (1.2 or later); "
            "see the URL in [ldap] servers"
        )
    return lost(error)


def lost(error: Exception) -> MailbotError:
    """A connection that was not made, was cut, or gave something else than LDAP."""
    if isinstance(error, TimeoutError):
        return Unreachable("the directory server did not answer in time")
    if isinstance(error, ConnectionRefusedError):
        return Unreachable("nothing listens at the directory server's port; see the URL in [ldap] servers")
    no_name = isinstance(error, UnicodeError) and not isinstance(error, UnicodeDecodeError)
    if no_name or isinstance(error, socket.gaierror):
        return Unreachable("the name of the directory server is unknown; see the URL in [ldap] servers")
    if isinstance(error, OSError | LDAPCommunicationError):
        return Unreachable("the connection to the directory server failed or was cut")
    return Unreachable("what the directory server answered is no LDAP")


def no_authorities() -> MailbotError:
    return SettingsRefused(
        "no certificate authorities to check the directory server by: the file that [ldap] ca_file names "
        "cannot be read, or the machine has none (Debian: ca-certificates)"
    )
