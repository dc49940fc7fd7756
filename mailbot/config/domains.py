"""The mail domains of the organisation: one per line, `#` begins a comment."""

import re
from pathlib import Path

from mailbot.config.problems import Problem
from mailbot.config.settings import Delivery
from mailbot.config.textfile import read_text

_DOMAIN = re.compile(r"(?=.{4,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def is_domain(text: str) -> bool:
    """Whether this is a mail domain, in lower case and without @."""
    return _DOMAIN.fullmatch(text) is not None


def read_domains(file: Path, shown: str) -> tuple[frozenset[str], list[Problem]]:
    """The domains that could be read, and what is wrong with the file."""
    text, problems = read_text(file, shown)
    if text is None:
        return frozenset(), problems
    found: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.partition("#")[0].strip().lower()
        if is_domain(name):
            found.add(name)
        elif name:
            expected = "a domain such as voorbeeld.example"
            problems.append(
                Problem(shown, f"line {number}", expected, "something else", "write it without @ or *")
            )
    if not found:
        mend = "write your mail domains, one per line"
        problems.append(Problem(shown, "line 1", "at least one domain", "none", mend))
    return frozenset(found), problems


def foreign_addresses(delivery: Delivery, domains: frozenset[str], shown: str) -> list[Problem]:
    """The two addresses that letters come from or go to by the settings must be the organisation's own: a
    typing mistake would send letters about staff to strangers."""
    return [
        Problem(
            shown,
            f"delivery.{key}",
            "an address in one of the accepted domains",
            "another domain",
            "correct the address, or add the domain to people.accepted_domains when it is yours",
        )
        for key, address in (("redirect_to", delivery.redirect_to), ("sender", delivery.sender))
        if domains and address is not None and address.domain not in domains
    ]
