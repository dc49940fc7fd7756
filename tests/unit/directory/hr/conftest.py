"""A fresh drop folder for each test."""

from pathlib import Path

import pytest

from tests.unit.directory.hr.feeds import Dropbox


@pytest.fixture
def box(tmp_path: Path) -> Dropbox:
    folder = tmp_path / "hr"
    folder.mkdir()
    return Dropbox(folder)
