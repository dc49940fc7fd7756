"""Writes people files for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write rows (dicts with the same columns) as a people file beside its domains; gives both paths."""

    def write(*rows: dict[str, str], domains: str = "voorbeeld.example\n") -> tuple[Path, Path]:
        people, accepted = tmp_path / "people.csv", tmp_path / "accepted_domains.txt"
        lines = [";".join(rows[0]), *(";".join(one.values()) for one in rows)]
        people.write_text("\n".join(lines) + "\n", encoding="utf-8")
        accepted.write_text(domains, encoding="utf-8")
        return people, accepted

    return write
