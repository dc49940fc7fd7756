"""Rules of the house that the linters cannot see, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailbot

PACKAGE = Path(mailbot.__file__).parent
FILES = {path.relative_to(PACKAGE.parent).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}

CATCH_ALL_PLACES = {
    "mailbot/exchange/ews/visit.py": "per mailbox",
    "mailbot/engine/judge.py": "per rule",
    "mailbot/service/run.py": "per job",
}
CLOCK = "mailbot/model/clock.py"
TIME_OF_DAY = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip
STOPWATCH = {"time.monotonic", "time.monotonic_ns", "time.perf_counter"}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def swallows_all(handler: ast.ExceptHandler) -> bool:
    """Catches whatever there is and goes on. Tidying up and raising again is no such thing."""
    if isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None:
        return False
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in ("Exception", "BaseException") for one in caught)


def asks(path: Path, names: set[str]) -> list[str]:
    """Uses of `names` in a file, also by way of the whole module (`datetime.datetime.now`)."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Attribute):
            dotted = ".".join(ast.unparse(node).split(".")[-2:])
            found += [f"{dotted} in line {node.lineno}"] if dotted in names else []
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"time.{a.name} in line {node.lineno}" for a in node.names if f"time.{a.name}" in names]
    return found


def test_everything_is_caught_in_three_named_places_only() -> None:
    places = {
        name: [n for n in nodes(path) if isinstance(n, ast.ExceptHandler) and swallows_all(n)]
        for name, path in FILES.items()
    }
    assert {name: len(found) for name, found in places.items() if found} == dict.fromkeys(CATCH_ALL_PLACES, 1)


@pytest.mark.parametrize(("name", "place"), CATCH_ALL_PLACES.items())
def test_each_of_them_says_which_place_it_is(name: str, place: str) -> None:
    lines = FILES[name].read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line.strip().startswith("except Exception")]
    assert f'the place "{place}"' in line


@pytest.mark.parametrize("name", FILES)
def test_now_comes_from_the_clock(name: str) -> None:
    if name != CLOCK:
        assert asks(FILES[name], TIME_OF_DAY) == []


@pytest.mark.parametrize("name", FILES)
def test_a_stopwatch_runs_only_where_somebody_waits(name: str) -> None:
    """For an answer of Exchange or a mail server, or at the terminal for a command."""
    waiting = ("mailbot/exchange/", "mailbot/cli/", "mailbot/letters/submission.py")
    if name != CLOCK and not name.startswith(waiting):
        assert asks(FILES[name], STOPWATCH) == []


def test_the_clock_itself_would_be_noticed() -> None:
    assert asks(FILES[CLOCK], TIME_OF_DAY) and asks(FILES[CLOCK], STOPWATCH)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_printed(name: str) -> None:
    """Commands speak through typer and rich, everything else through the log."""
    calls = [node for node in nodes(FILES[name]) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if ast.unparse(call.func) in ("print", "pprint")] == []


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("mailbot/rules/")])
def test_a_rule_is_pure(name: str) -> None:
    """It gets facts, a norm and a calendar; there is nothing to import that could fetch or remember more."""
    allowed = {
        "base64", "binascii", "calendar", "collections", "collections.abc", "dataclasses", "datetime", "enum",
        "functools", "importlib", "lxml", "pkgutil", "pydantic", "quopri", "re", "types", "typing",
        "unicodedata",
    }  # fmt: skip
    for node in nodes(FILES[name]):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            known = module in allowed or module.startswith(("mailbot.model", "mailbot.rules"))
            assert known, f"a rule imports {module}; if that can fetch nothing, add it to the list here"
