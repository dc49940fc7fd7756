"""What no waiver of waivers.toml shows alone: one like it, and an owner elsewhere. The tables are looked at
as they are, so that other mistakes in the file do not hide these."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mailbot.config.problems import Problem
from mailbot.config.tomlfile import read_toml
from mailbot.model.ids import Address
from mailbot.policy.waivers import Waiver


def doubled(file: Path, shown: str) -> list[Problem]:
    """One mailbox and rule have one waiver at a time: else nobody can tell when it ends."""
    return [
        Problem(
            shown,
            f"waiver {second}",
            "one waiver at a time for a mailbox and a rule",
            f"waivers {first} and {second} on the same days",
            "remove one of them, or let one end before the other begins",
        )
        for (first, one), (second, other) in combinations(_whole(file, shown), 2)
        if one.doubles(other)
    ]


def _whole(file: Path, shown: str) -> Iterator[tuple[int, Waiver]]:
    """Those in which nothing is wrong, by their place in the file."""
    for number, table in enumerate(_tables(file, shown), start=1):
        try:
            yield number, Waiver.model_validate(table)
        except ValidationError:
            continue


def _tables(file: Path, shown: str) -> list[Any]:
    """What is no TOML is told where the file is read."""
    raw, _ = read_toml(file, shown)
    tables = raw.get("waiver") if raw else None
    return tables if isinstance(tables, list) else []


def foreign_owners(file: Path, domains: frozenset[str], shown: str) -> list[Problem]:
    """Whoever answers for a waiver hears which mailbox it is about: never anybody of another organisation.

    No domains means that their file could not be read, which is told in its own place.
    """
    if not domains:
        return []
    return [
        Problem(
            shown,
            f"waiver {number}.owner_address",
            "an address in one of the accepted domains",
            "another domain",
            "write the mailbox of the function that answers for it, in your own domain",
        )
        for number, table in enumerate(_tables(file, shown), start=1)
        if isinstance(table, dict) and _foreign(table.get("owner_address"), domains)
    ]


def _foreign(value: object, domains: frozenset[str]) -> bool:
    """False for what is no address: that is told as such."""
    try:
        return isinstance(value, str) and Address(value).domain not in domains
    except ValueError:
        return False
