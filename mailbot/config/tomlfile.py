"""Reading one TOML file. Whatever is wrong with it becomes problems, with line and column where known."""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mailbot.config.problems import Problem
from mailbot.config.validation import problems_of

M = TypeVar("M", bound=BaseModel)

_BACKSLASH = re.compile(r"Unescaped '|Invalid hex value")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


def read_toml(file: Path, shown: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The file's tables, or what is wrong. `shown` is the file's name in problems."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None, [Problem(shown, "the file", "a file", "no file", "create it, or run `mailbot init`")]
    except OSError:
        return None, [
            Problem(
                shown,
                "the file",
                "a readable file",
                "a file that cannot be read",
                "give mailbot the right to read it",
            )
        ]
    try:
        return tomllib.loads(data.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return None, [Problem(shown, f"line {line}", "UTF-8", "another encoding", "save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax(shown, str(error))]


def read_model(file: Path, shown: str, model: type[M]) -> tuple[M | None, list[Problem]]:
    """The file as a typed value, or everything that is wrong with it."""
    raw, problems = read_toml(file, shown)
    if raw is None:
        return None, problems
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, problems_of(shown, error, model, raw)


def _syntax(shown: str, message: str) -> Problem:
    found = _PLACE.search(message)
    where = "the end of the file"
    if found and found[1]:
        where = f"line {found[1]}, column {found[2]}"
    if _BACKSLASH.match(message):
        return Problem(
            shown,
            where,
            "a text in which a backslash stands for itself",
            "a backslash in double quotes",
            r"use single quotes around a backslash, as in 'DOMAIN\name'",
        )
    return Problem(
        shown,
        where,
        "TOML: `key = value` lines under [section] headings",
        "something that is not TOML",
        "look at that line: texts, paths and days with a time stand in quotes, days and numbers do not, "
        "every key once",
    )
