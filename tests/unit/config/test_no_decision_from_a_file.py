"""No file of a settings folder can open headings or content: no reader of one knows what a decision is."""

import ast
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

import mailbot
from mailbot.config.load import Configuration, collect, load
from mailbot.model.errors import SettingsRefused
from mailbot.policy.decisions import Decision

PACKAGE = Path(mailbot.__file__).parent
MADE_HERE = ("mailbot/cli/demo_settings.py", "mailbot/casefiles/")
"""The demo hands one in for its own simulator, and rule cases read no mailbox. Nobody else may make one."""


def imports(file: Path) -> set[str]:
    """Modules and names that a file imports, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def makes_decisions(file: Path) -> list[int]:
    """Lines that call `Decision(...)` or one of its `model_...` constructors."""
    calls = [
        node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    return [
        call.lineno
        for call in calls
        if (name := ast.unparse(call.func)) == "Decision" or name.startswith("Decision.")
    ]


def types_in(kind: Any, seen: set[Any]) -> Iterator[Any]:
    """Every class that a value of this type can hold, at any depth."""
    if kind in seen:
        return
    seen.add(kind)
    for part in get_args(kind):
        yield from types_in(part, seen)
    if not isinstance(kind, type) or get_origin(kind) is not None:
        return
    yield kind
    if issubclass(kind, BaseModel):
        for field in kind.model_fields.values():
            yield from types_in(field.annotation, seen)
    elif is_dataclass(kind):
        for hint in get_type_hints(kind).values():
            yield from types_in(hint, seen)


@pytest.mark.parametrize("file", sorted((PACKAGE / "config").glob("*.py")), ids=lambda file: file.name)
def test_no_reader_of_settings_knows_a_decision(file: Path) -> None:
    assert [name for name in imports(file) if "decision" in name.lower()] == []


def test_nothing_that_settings_become_can_hold_one() -> None:
    assert Decision not in set(types_in(Configuration, set()))


def test_the_look_into_types_would_find_one() -> None:
    found = set(types_in(Configuration, set()))
    assert {"Mandate", "SecureMail", "Statement", "Norm"} <= {kind.__name__ for kind in found}
    assert Decision in set(types_in(tuple[Decision, ...] | None, set()))


def test_only_the_demo_and_rule_cases_make_one() -> None:
    makers = {
        file.relative_to(PACKAGE.parent).as_posix()
        for file in PACKAGE.rglob("*.py")
        if file.name != "decisions.py" and makes_decisions(file)
    }
    assert MADE_HERE[0] in makers
    assert [name for name in makers if not name.startswith(MADE_HERE)] == []


@pytest.mark.parametrize("name", ["decisions.toml", "decisions/2026-07.toml", "decision.toml"])
def test_a_decision_in_the_folder_is_not_read(folder: Path, name: str) -> None:
    before = load(folder, {})
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text('[[decision]]\nid = "2026-07"\nchecks = ["confidential_external"]\ndata_class = 3\n')
    assert load(folder, {}) == before


@pytest.mark.parametrize(
    "file", ["mailbot.toml", "gates.toml", "secure_mail.toml", "statements.toml", "waivers.toml"]
)
def test_a_decision_in_another_file_is_an_unknown_key(folder: Path, file: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as out:
        out.write('\n[decision]\nid = "2026-07"\n')
    with pytest.raises(SettingsRefused, match="an unknown key"):
        load(folder, {})
    _, problems = collect(folder, {})
    assert [(problem.file, problem.where) for problem in problems] == [(file, "decision")]
