"""Whom we believe to be a server: certificate authorities, and what is wrong with a certificate."""

import ssl
import sys
from functools import lru_cache
from pathlib import Path

LISTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
"""Where Linux distributions keep the authorities of the machine, for a Python that was not built on it."""

OUT_OF_DATE = "certificate_out_of_date"
FOR_ANOTHER_NAME = "certificate_for_another_name"
NOT_TRUSTED = "certificate_not_trusted"

_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME, _WRONG_ADDRESS = 62, 64
"""Verification results of OpenSSL, x509_vfy.h."""


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """What a server must show. With `ca_file` its authorities count and no others, else those of the machine.

    No variable of the environment and no list that a package brings has a say. One for all connections until
    its file changes: a machine's list takes a tenth of a second to read. Raises OSError when there are no
    authorities to go by.
    """
    if ca_file is not None:
        return _read(str(ca_file), None, _state(ca_file))
    if sys.platform == "win32":
        context = _strict()
        context.load_default_certs()
        return context
    file, folder = lists_of_the_machine()
    return _read(file, folder, _state(file) if file else ())


def _strict() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


@lru_cache(maxsize=4)
def _read(file: str | None, folder: str | None, _state_of_file: tuple[int, ...]) -> ssl.SSLContext:
    """OpenSSL looks into `folder` by itself, whenever it meets an authority that it does not know yet."""
    context = _strict()
    context.load_verify_locations(cafile=file, capath=folder)
    return context


def _state(file: str | Path) -> tuple[int, ...]:
    found = Path(file).stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def lists_of_the_machine() -> tuple[str | None, str | None]:
    """A file and a folder, where there are any. Raises FileNotFoundError when there is neither."""
    built_in = ssl.get_default_verify_paths()  # openssl_*: as built, whatever SSL_CERT_FILE says
    folder = built_in.openssl_capath if Path(built_in.openssl_capath).is_dir() else None
    files = [name for name in (built_in.openssl_cafile, *LISTS) if Path(name).is_file()]
    if not files and folder is None:
        raise FileNotFoundError("no list of authorities")
    return files[0] if files else None, folder


def wrong_with(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with one certificate, by OpenSSL's number; its text can quote the certificate."""
    match error.verify_code:
        case n if n in (_EXPIRED, _NOT_YET):
            return OUT_OF_DATE
        case n if n in (_WRONG_NAME, _WRONG_ADDRESS):
            return FOR_ANOTHER_NAME
        case _:
            return NOT_TRUSTED
