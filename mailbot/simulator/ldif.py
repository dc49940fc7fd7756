"""LDIF content records (RFC 2849) as ldifde exports them."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

WIDTH = 76
"""Octets of a line before it is folded; the continuation begins with a space (RFC 2849, note 2)."""

NEWLINE = "\r\n"
_UNSAFE_AT_START = " :<"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory. `values` are attributes by name, as often as they have values; octets that
    are no text are `bytes`."""

    dn: str
    values: tuple[tuple[str, str | bytes], ...]

    def all(self, name: str) -> tuple[str | bytes, ...]:
        return tuple(value for attribute, value in self.values if attribute == name)


def export(entries: Iterable[Entry], asked: Sequence[str]) -> str:
    """ASCII text that names the attributes asked for in a comment behind its version."""
    lines = ["version: 1", *_folded(f"# attributes: {' '.join(asked)}"), ""]
    for entry in entries:
        lines += _line("dn", entry.dn)
        for name, value in entry.values:
            lines += _line(name, value)
        lines.append("")
    return NEWLINE.join(lines) + NEWLINE


def _line(name: str, value: str | bytes) -> Iterator[str]:
    if isinstance(value, str) and _safe(value):
        return _folded(f"{name}: {value}")
    octets = value if isinstance(value, bytes) else value.encode()
    return _folded(f"{name}:: {base64.b64encode(octets).decode('ascii')}")


def _safe(value: str) -> bool:
    """SAFE-STRING of RFC 2849, without a blank at its end (note 8)."""
    return (
        value.isascii()
        and not any(character in value for character in "\0\r\n")
        and value[:1] not in tuple(_UNSAFE_AT_START)
        and not value.endswith(" ")
    )


def _folded(line: str) -> Iterator[str]:
    yield line[:WIDTH]
    for start in range(WIDTH, len(line), WIDTH - 1):
        yield " " + line[start : start + WIDTH - 1]
