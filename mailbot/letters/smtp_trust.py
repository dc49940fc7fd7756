"""Whether a mail server is who it says to be, and in words why it is not."""

import ssl
from pathlib import Path

from mailbot.config import authorities
from mailbot.model.errors import Unreachable

_WRONG = {
    authorities.FOR_ANOTHER_NAME: "its certificate is for another name than smtp_host",
    authorities.OUT_OF_DATE: "its certificate is not valid today",
    authorities.NOT_TRUSTED: (
        "its certificate comes from an authority that is not trusted here; name that authority's file in "
        "smtp_ca_file"
    ),
}


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """See authorities.trust. Raises Unreachable when there are no authorities to go by."""
    try:
        return authorities.trust(ca_file)
    except OSError:
        raise Unreachable(
            "no list of certificate authorities can be read to check it by: see smtp_ca_file, or install the "
            "package ca-certificates"
        ) from None


def wrong_with(error: ssl.SSLCertVerificationError) -> str:
    """For the operator. The certificate's own words are left out: anybody can have written them."""
    return _WRONG[authorities.wrong_with(error)]
