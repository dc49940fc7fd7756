"""Every letter as a whole, byte for byte. A changed text shows here as a readable difference.

`MAILBOT_UPDATE_GOLDENS=1 pytest tests/letters/test_goldens.py` rewrites the files; look at them before
committing.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailbot.letters.mime import to_bytes
from mailbot.model.letters import Letter, Mail

GOLDENS = Path(__file__).parent / "goldens"
UPDATE = os.environ.get("MAILBOT_UPDATE_GOLDENS") == "1"


def test_every_letter_is_what_was_looked_at(case: Any, render: Callable[[Letter], Mail]) -> None:
    made = to_bytes(render(case.letter())).replace(b"\r\n", b"\n")
    golden = GOLDENS / f"{case.name}.eml"
    if UPDATE:
        GOLDENS.mkdir(exist_ok=True)
        golden.write_bytes(made)
        pytest.skip(f"{golden.name} was rewritten")
    assert made.decode("ascii") == golden.read_bytes().decode("ascii")


def test_no_golden_is_left_over_from_a_letter_that_is_gone(request: pytest.FixtureRequest) -> None:
    known = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    if not any(name.startswith("quota-nudge") for name in known):
        pytest.skip("only part of the letters was asked for")
    assert {path.stem for path in GOLDENS.glob("*.eml")} <= known
