"""The shipped settings are found beside the code in a checkout, and inside an installed wheel."""

import hashlib
import tomllib
from pathlib import Path

import pytest

import mailbot
from mailbot.config.shipped import shipped_settings


def installed(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that the package lies in `root`; gives the package's folder."""
    package = root / "mailbot"
    package.mkdir(parents=True)
    monkeypatch.setattr(mailbot, "__file__", str(package / "__init__.py"))
    return package


def settings_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mailbot.toml").touch()
    return folder


def test_a_wheel_carries_them_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = installed(tmp_path / "site-packages", monkeypatch)
    inside = settings_in(package / "_settings")
    settings_in(package.parent / "settings")  # somebody else's folder beside it does not win
    assert shipped_settings() == inside


def test_a_checkout_has_them_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = installed(tmp_path / "checkout", monkeypatch)
    beside = settings_in(package.parent / "settings")
    assert shipped_settings() == beside


def test_an_incomplete_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "broken", monkeypatch)
    with pytest.raises(FileNotFoundError, match="install mailbot again"):
        shipped_settings()


def test_the_staff_notice_is_the_one_that_the_evidence_speaks_of() -> None:
    shipped = shipped_settings()
    recorded = tomllib.loads((shipped / "gates.toml").read_text(encoding="utf-8"))["staff_notice"][
        "text_hash"
    ]
    assert hashlib.sha256((shipped / "staff_notice.example.txt").read_bytes()).hexdigest() == recorded
