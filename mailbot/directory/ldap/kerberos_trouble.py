"""Why there is no ticket, or the directory did not take it, in our words. Kerberos' own texts name the
account and stay where they are."""

from collections.abc import Mapping

from mailbot.directory.ldap import trouble
from mailbot.directory.ldap.kerberos_child import Failure
from mailbot.model.errors import MailbotError, SettingsRefused, SignInRefused, Unreachable

_REFUSED: Mapping[int, str] = {
    -1765328383: "the account has expired",  # KDC_ERR_NAME_EXP
    -1765328378: "it does not know the account",  # KDC_ERR_C_PRINCIPAL_UNKNOWN
    -1765328366: "the account is disabled or locked",  # KDC_ERR_CLIENT_REVOKED
    -1765328363: "the account is not valid yet",  # KDC_ERR_CLIENT_NOTYET
    -1765328361: "the password of the account has expired",  # KDC_ERR_KEY_EXP
    -1765328360: "the keytab holds an old key; make a new one",  # KDC_ERR_PREAUTH_FAILED
    -1765328353: "the keytab holds an old key; make a new one",  # KRB_AP_ERR_BAD_INTEGRITY
}
"""The KDC says no to the account (RFC 4120, 7.5.9; numbers of MIT's krb5_err): asking again can lock it."""

_UNUSABLE = (-1765328203, -1765328189, 2, 13)
"""KRB5_KT_NOTFOUND; KRB5_FCC_NOFILE, MIT's word for no key of this name; ENOENT, EACCES."""

_FAILED: Mapping[int, str] = {
    -1765328377: "the domain knows no service ldap/ of the server's name; see the URL in [ldap] servers",
    -1765328370: "account and domain agree on no encryption; allow AES for the account",
    -1765328347: "the clocks of this machine and the domain are too far apart",
    -1765328230: "the realm of [ldap] username is unknown on this machine; see krb5.conf",
    -1765328228: "no server of the realm answers",
    -1765328164: "the servers of the realm are unknown; see krb5.conf",
}
"""KDC_ERR_S_PRINCIPAL_UNKNOWN, KDC_ERR_ETYPE_NOSUPP, KRB_AP_ERR_SKEW, KRB5_REALM_UNKNOWN,
KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE."""

_TIMED_OUT, _ENCRYPTION = -5, (trouble.STRONGER_AUTH, trouble.CONFIDENTIALITY, trouble.UNWILLING)
"""libldap's LDAP_TIMEOUT; results of a server that wants the connection encrypted in another way."""


def of(failure: Failure, code: int) -> MailbotError:
    """Only a SignInRefused says that the account was judged."""
    match failure:
        case Failure.MISSING:
            return SettingsRefused(
                "[ldap] auth = kerberos needs the extra `ldap-kerberos`; in the folder of mailbot's source: "
                "pip install '.[ldap-kerberos]'"
            )
        case Failure.KERBEROS:
            return _no_ticket(code)
        case Failure.SIGN_IN:
            return _not_taken(code)
        case Failure.SEARCH:
            return _lost(code) if code < 0 else trouble.refused_search(code)
        case Failure.GARBLED:
            return garbled()


def garbled() -> Unreachable:
    return Unreachable("what the directory server answered is no LDAP")


def ended() -> Unreachable:
    return Unreachable("the process that reads the directory with Kerberos ended before its answer did")


def _no_ticket(code: int) -> MailbotError:
    if code in _REFUSED:
        return SignInRefused(
            f"the domain refused the service account: {_REFUSED[code]}; see [ldap] username and keytab_file. "
            "Not tried again for 30 minutes, so that the account is not locked"
        )
    if code in _UNUSABLE:
        return SettingsRefused("[ldap] keytab_file holds no key of [ldap] username, or cannot be read")
    return Unreachable(
        f"no Kerberos ticket for the directory: {_FAILED.get(code, f'Kerberos failed (number {code})')}"
    )


def _not_taken(code: int) -> MailbotError:
    if code == trouble.INVALID_CREDENTIALS:
        return SignInRefused(
            "the directory refused the ticket of the service account; see [ldap] username and keytab_file. "
            "Not tried again for 30 minutes, so that the account is not locked"
        )
    if code in _ENCRYPTION:
        return SettingsRefused(
            "the directory server takes Kerberos only when the connection is encrypted in another way: by "
            "TLS (ldaps://, or ldap:// with starttls), or by Kerberos itself (ldap:// without starttls)"
        )
    return _lost(code) if code < 0 else trouble.refused_sign_in(code, "")


def _lost(code: int) -> Unreachable:
    if code == _TIMED_OUT:
        return Unreachable("the directory server did not answer in time")
    return Unreachable("the connection to the directory server failed or was cut")
