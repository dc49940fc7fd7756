"""Whom we believe to be the server: certificates, and what is wrong with one that is not believed."""

import ssl
import sys
from pathlib import Path

from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason

LISTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
"""Where Linux distributions keep the authorities of the machine, for a Python that was not built on it."""

_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME, _WRONG_ADDRESS = 62, 64
"""Verification results of OpenSSL, x509_vfy.h."""


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """What a server must show. With `ca_file` its authorities count and no others, else those of the machine.

    No variable of the environment and no list that a package brings has a say. Raises EwsTrouble when there
    are no authorities to go by.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    try:
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        else:
            _trust_the_machine(context)
    except OSError:  # ssl.SSLError is one
        raise EwsTrouble(Reason.CONNECTION_LOST, "authorities_unreadable") from None
    return context


def _trust_the_machine(context: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        context.load_default_certs()
        return
    built_in = ssl.get_default_verify_paths()  # openssl_*: as built, whatever SSL_CERT_FILE says
    folder = built_in.openssl_capath if Path(built_in.openssl_capath).is_dir() else None
    files = [name for name in (built_in.openssl_cafile, *LISTS) if Path(name).is_file()]
    if not files and folder is None:
        raise FileNotFoundError("no list of authorities")
    context.load_verify_locations(cafile=files[0] if files else None, capath=folder)


def told_of(error: ssl.SSLCertVerificationError) -> EwsTrouble:
    """The trouble with one certificate, by OpenSSL's number; its text can quote the certificate."""
    match error.verify_code:
        case n if n in (_EXPIRED, _NOT_YET):
            code = "certificate_out_of_date"
        case n if n in (_WRONG_NAME, _WRONG_ADDRESS):
            code = "certificate_for_another_name"
        case _:
            code = "certificate_not_trusted"
    return EwsTrouble(Reason.CONNECTION_LOST, code)
