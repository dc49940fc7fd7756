"""Fixtures of the acceptance tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.municipality import Municipality, municipality
from tests.contract.domains import dc, domain

__all__ = ["dc", "domain"]


@pytest.fixture
def voorbeeld(tmp_path: Path) -> Iterator[Municipality]:
    """A fresh gemeente Voorbeeld with 250 mailboxes, delivery live."""
    with municipality(tmp_path) as here:
        yield here
