"""Whom we believe to be Exchange, in the road's terms."""

import ssl
from pathlib import Path

from mailbot.config import authorities
from mailbot.exchange.ews.trouble import EwsTrouble
from mailbot.model.facts import Reason


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """See authorities.trust. Raises EwsTrouble when there are no authorities to go by."""
    try:
        return authorities.trust(ca_file)
    except OSError:  # ssl.SSLError is one
        raise EwsTrouble(Reason.CONNECTION_LOST, "authorities_unreadable") from None


def told_of(error: ssl.SSLCertVerificationError) -> EwsTrouble:
    """The trouble with one certificate."""
    return EwsTrouble(Reason.CONNECTION_LOST, authorities.wrong_with(error))
