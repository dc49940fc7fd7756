"""A settings folder as `init` writes it, with the password file that an administrator adds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailbot.config.init import Answers, write_initial

ANSWERS = Answers(
    organisation="gemeente Voorbeeld",
    domain="voorbeeld.example",
    pack="voorbeeld",
    endpoint="https://mail.voorbeeld.example/EWS/Exchange.asmx",
    username=r"VOORBEELD\svc-mailbot",
    contact="de servicedesk, telefoon 4321",
)
SECRET = "Zeer-Geheim-4711"  # planted in files; it may turn up nowhere else


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "settings"
    write_initial(made, ANSWERS)
    password = made / "exchange.password"
    password.write_text(f"{SECRET}\n")
    password.chmod(0o600)
    return made


@pytest.fixture
def change(folder: Path) -> Callable[[str, str, str], None]:
    """Replace one text in one file; the text must be there."""

    def replace(file: str, old: str, new: str) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} holds no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace
