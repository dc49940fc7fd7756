"""The log says what the administrator needs at night: no key of our own is masked by accident."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import mailbot
from mailbot.model.incoming import IncomingKind
from mailbot.model.letters import LetterState
from mailbot.reports import logs

LEVELS = {"debug", "info", "warning", "error"}
HOUSE = Path(mailbot.__file__).parent


def logged_keys() -> Iterator[tuple[str, str]]:
    """Where, and by which key, something is logged anywhere in the house."""
    for file in HOUSE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                owner = call.func.value
                if isinstance(owner, ast.Name) and owner.id.lower() == "log" and call.func.attr in LEVELS:
                    for key in call.keywords:
                        if key.arg is not None:
                            yield f"{file.relative_to(HOUSE)}:{call.lineno}", key.arg


def test_every_key_that_is_logged_can_be_read() -> None:
    found = list(logged_keys())
    assert len(found) > 40
    assert [(where, key) for where, key in found if key not in logs.ALLOWED] == []


@pytest.mark.parametrize("word", [*LetterState, *IncomingKind], ids=str)
def test_how_many_letters_came_how_far_can_be_read(word: str, tmp_path: Path) -> None:
    """Deliveries count them by their state, readings of the service mailbox by their kind."""
    before = structlog.get_config()
    try:
        logs.configure(tmp_path / "log", verbose=True)
        structlog.get_logger("test").info("delivery finished", **{str(word): 2}, reader="somebody")
    finally:
        structlog.configure(**before)
    line = json.loads((tmp_path / "log").read_text(encoding="utf-8"))
    assert line[str(word)] == 2
    assert line["reader"] == "***"
