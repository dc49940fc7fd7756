"""What to do about a server that is not reached or an account that is refused, by the code of the trouble."""

import re

SETTINGS = "deploy/exchange/sign-in.md"

UNREACHED = {
    "authorities_unreadable": (
        "no list of certificate authorities can be read. Check [exchange] ca_file, or install the package "
        "ca-certificates"
    ),
    "certificate_not_trusted": (
        "its certificate comes from an authority that is not trusted here. Name your own authority's file "
        "in [exchange] ca_file, or add it to the authorities of this machine"
    ),
    "certificate_for_another_name": (
        "its certificate is for another name. Write in [exchange] endpoint the name that stands in the "
        "certificate"
    ),
    "certificate_out_of_date": (
        "its certificate is not valid today. Have it renewed, and check this machine's clock"
    ),
    "SSLError": "no encryption could be agreed on. The server must speak TLS 1.2 or newer",
    "proxy_unreachable": "the proxy does not answer. Check [exchange] proxy",
    "proxy_407": (
        "the proxy wants an account of its own. Check [exchange] proxy_username and proxy_password_file; "
        "the service account was not tried"
    ),
    "http_407": (
        "a proxy on the way wants an account of its own. Name it in [exchange] proxy with proxy_username "
        "and proxy_password_file"
    ),
    "keytab_unusable": (
        "the keytab holds no key for this account, or its realm is not in krb5.conf. Check [exchange] "
        "keytab_file and username; the realm is in capitals: name@REALM"
    ),
    "kdc_unknown": (
        "krb5.conf names no domain controller for the realm of the account. Add the realm to krb5.conf, "
        "and check the realm in [exchange] username"
    ),
    "kdc_unreachable": "no domain controller (KDC) answers. Check the network, port 88 and krb5.conf",
    "clock_skew": (
        "the clocks of this machine and the domain controller differ by more than five minutes. Set this "
        "machine's clock by the domain's"
    ),
    "service_unknown": (
        "the domain knows no HTTP service of that name. Register the SPN HTTP/host of the endpoint on "
        "Exchange's account, or name the host that has one in [exchange] spn_host"
    ),
    "encryption_unsupported": (
        "the domain and the keytab have no kind of key in common. Make the keytab with AES keys, and "
        "allow AES for the account"
    ),
    "kerberos_failed": (
        "no Kerberos ticket could be had for it. Try by hand with kinit -kt and kvno HTTP/host"
    ),
    "no_negotiate": (
        "it offers no Negotiate, so it takes no tickets. Switch Negotiate on for EWS, or choose ntlm in "
        "[exchange] auth"
    ),
    "server_unproven": (
        "it let us in without proving that it is the server of the ticket. Check that [exchange] endpoint "
        "leads to Exchange itself"
    ),
    "no_bearer": (
        "it offers no Bearer, so it takes no tokens. Hybrid modern authentication is not on for EWS: "
        "switch it on, or choose another [exchange] auth; no token was asked for"
    ),
    "token_unreachable": (
        "no token could be asked for: Entra's sign-in address was not reached. Check the network and "
        "[exchange] proxy"
    ),
}
"""Ends "Exchange cannot be reached: ..."; without a full stop."""

REFUSED = {
    "keytab_refused": (
        "the domain refuses the key in the keytab: the password was changed since it was made. Make a new one"
    ),
    "account_expired": "the account has expired in the domain. Have it extended",
    "account_disabled": "the account is disabled or locked in the domain. Have it enabled",
    "account_unknown": "the domain knows no account of this name. Check [exchange] username: name@REALM",
    "password_expired": (
        "the password of the account has expired. Have it renewed without an end, and make a new keytab"
    ),
    "token_invalid_client": (
        "Entra refuses the application or its certificate. Check [exchange] client_id and certificate_file"
    ),
    "token_unauthorized_client": (
        "Entra does not let the application in here. Check [exchange] tenant and client_id, and the "
        "application's permissions"
    ),
    "token_invalid_scope": (
        "Entra does not know the server as a resource. Register the EWS address of the endpoint, as the "
        "set-up of hybrid modern authentication does"
    ),
}
"""Ends "Exchange refused the service account: ..."; without a full stop."""

BY_WAY = {
    "kerberos": "the ticket was not accepted. Check that the SPN is on the account that Exchange runs the "
    "service with, and that nothing between us and Exchange encrypts anew: with Extended Protection the "
    "ticket holds for Exchange's own certificate only",
    "modern": "the token was not accepted. This way of signing in is unproven: see " + SETTINGS,
}

_PROXY = re.compile(r"proxy_(\d{3}|odd_answer)")


def unreached(code: str) -> str | None:
    """Why the server could not be reached and what to do; None when there is nothing special to say."""
    if code in UNREACHED:
        return UNREACHED[code]
    if _PROXY.fullmatch(code):
        return "the proxy refuses the way to it. Have the proxy let this machine through to the endpoint"
    if code.startswith("token_"):
        return "no usable answer came from Entra's sign-in address. Check [exchange] tenant and the network"
    return None


def refused(auth: str, code: str) -> str:
    """Why the account was refused and what to do."""
    if code in REFUSED:
        return REFUSED[code]
    if code.startswith("token_"):
        return "Entra gives no token. Check [exchange] tenant, client_id and certificate_file"
    return BY_WAY.get(auth, "Check user name and password")
