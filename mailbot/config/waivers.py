"""What waivers.toml must agree with beside itself."""

from pathlib import Path

from mailbot.config.problems import Problem
from mailbot.config.tomlfile import read_toml
from mailbot.model.ids import Address


def foreign_owners(file: Path, domains: frozenset[str], shown: str) -> list[Problem]:
    """Whoever answers for a waiver hears which mailbox it is about: never anybody of another organisation.

    Reads the tables as they are, so that other mistakes in the file do not hide these. No domains means that
    their file could not be read, which is told in its own place.
    """
    raw, _ = read_toml(file, shown)
    tables = raw.get("waiver") if raw else None
    if not domains or not isinstance(tables, list):
        return []
    return [
        Problem(
            shown,
            f"waiver {number}.owner_address",
            "an address in one of the accepted domains",
            "another domain",
            "write the mailbox of the function that answers for it, in your own domain",
        )
        for number, table in enumerate(tables, start=1)
        if isinstance(table, dict) and _foreign(table.get("owner_address"), domains)
    ]


def _foreign(value: object, domains: frozenset[str]) -> bool:
    """False for what is no address: that is told as such."""
    try:
        return isinstance(value, str) and Address(value).domain not in domains
    except ValueError:
        return False
