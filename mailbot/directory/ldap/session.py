"""What a signed-in connection to a domain controller can do, whichever client library is behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailbot.directory.entry import Entry

PAGE = 500
"""Entries asked at a time; servers give at most 1000."""


class Scope(StrEnum):
    BASE = "base"
    SUBTREE = "subtree"


@dataclass(frozen=True, slots=True)
class Search:
    """One question. `attributes` are asked by name, never all; an empty `base` is the server's own entry.

    A base-scoped search is of one entry and is not paged: some servers refuse pages of their own entry.
    """

    base: str
    filter: str
    attributes: tuple[str, ...]
    scope: Scope = Scope.SUBTREE


class Session(Protocol):
    """One connection, signed in. Every call ends by its deadline."""

    def search(self, search: Search) -> Iterator[Entry]:
        """All entries, page by page. Raises Unreachable, also in the middle: then what was given before is
        not all. Raises SettingsRefused when the base is nowhere on this server. References to other
        partitions are left out: they are no entries of this one (RFC 4511, 4.5.3)."""

    def close(self) -> None: ...


Opener = Callable[[str], Session]
"""Opens and signs in to one server, by URL. Raises Unreachable, SignInRefused (the server refused the account
in a finished exchange) or SettingsRefused (its certificate is not trusted)."""
