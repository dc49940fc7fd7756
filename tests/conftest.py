"""What all tests share: a log that no test before them has configured."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
