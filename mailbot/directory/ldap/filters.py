"""Search filters as strings (RFC 4515)."""

from collections.abc import Iterable

from mailbot.directory.attributes import REMOTE

IN_CHAIN = "1.2.840.113556.1.4.1941"
"""Active Directory's matching rule that follows a link through all its steps (MS-ADTS 3.1.1.3.4.4.3)."""

ANYTHING = "(objectClass=*)"

_SPECIAL = {char: f"\\{ord(char):02x}" for char in "\\*()\0"}


def escaped(value: str) -> str:
    """A value as it stands in a filter: nothing in it is read as filter any more (RFC 4515, 3)."""
    return "".join(_SPECIAL.get(char, char) for char in value)


def any_of(parts: Iterable[str]) -> str:
    return f"(|{''.join(parts)})"


MAILBOX = "".join(
    (
        "(objectClass=user)",
        any_of(
            ("(msExchMailboxGuid=*)", *(f"(msExchRecipientTypeDetails={kind})" for kind in sorted(REMOTE)))
        ),
    )
)
"""Two conditions, to be put in an `&`."""


def mailboxes(condition: str = "") -> str:
    """All entries with a mailbox, here or in Exchange Online, that fulfil the condition."""
    return f"(&{MAILBOX}{condition})"
