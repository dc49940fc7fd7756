"""The Message-ID of a letter of ours (RFC 5322, 3.6.4): made of the letter's id, and read back from it.

The id is an HMAC with the key of the installation: who did not see a letter cannot name it.
"""

import re

from mailbot.model.ids import Address, LetterId

_OURS = re.compile(r"<([0-9a-f]{32})\.mailbot@([^<>@\s]+)>")


def message_id(letter: LetterId, sender: Address) -> str:
    """The same for the same letter, for ever: how a sent copy is recognised after a crash."""
    return f"<{letter}.mailbot@{sender.domain}>"


def letter_of(text: str, sender: Address) -> LetterId | None:
    """The letter that a Message-ID names; None when it is not of the form that this sender's have."""
    found = _OURS.fullmatch(text.strip())
    if found is None or found[2].casefold() != sender.domain:
        return None
    return LetterId(found[1])
