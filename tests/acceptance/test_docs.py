"""What is written about commands and settings is true, and nothing is left unwritten."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mailbot.cli.app import app
from mailbot.cli.work import HELD, PARTIAL
from mailbot.config.settings import Settings
from mailbot.config.shipped import shipped_settings
from mailbot.model import errors
from mailbot.model.plan import Held

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


ALL = dict(commands())


def options(command: Any) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")}


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_stands_in_the_readme(words: tuple[str, ...]) -> None:
    assert f"`mailbot {' '.join(words)}" in README


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_and_option_says_what_it_does(words: tuple[str, ...]) -> None:
    command = ALL[words]
    assert len(command.help) > 20
    silent = [p.name for p in command.params if not (getattr(p, "help", None) or getattr(p, "prompt", None))]
    assert silent == []


def test_the_help_on_a_terminal_names_every_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "mailbot", "--help"], capture_output=True, text=True, check=True, timeout=200
    ).stdout
    assert all(words[0] in said for words in ALL)


def test_every_command_in_the_readme_exists() -> None:
    """Also its options, and whether they are that command's own."""
    written = set(re.findall(r"`mailbot ([a-z][^`]*)`", README))
    assert len(written) >= 8
    for text in written:
        words = tuple(re.findall(r"(?<![\w-])[a-z]+(?![\w-])", text.partition(" -")[0].partition("[")[0]))
        called = next((known for known in ALL if words[: len(known)] == known), None)
        assert called or any(known[: len(words)] == words for known in ALL), text
        if called:
            assert set(re.findall(r"--[a-z-]+", text)) <= options(ALL[called]), text


def test_every_file_and_make_target_in_the_readme_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    paths = re.findall(r"`((?:tests|settings|deploy|mailbot)/[\w./-]+)`", README)
    for path in {*links, *paths}:
        if "NAME" not in path and "PACK" not in path:
            assert (ROOT / path).exists(), path
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^    |`)make ([a-z]+)\b", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


def settings_keys() -> Iterator[tuple[str, str, str]]:
    for section, field in Settings.model_fields.items():
        for key, inner in field.annotation.model_fields.items():  # type: ignore[union-attr]
            yield section, key, inner.description or ""


@pytest.mark.parametrize(("section", "key", "description"), list(settings_keys()))
def test_every_setting_stands_in_the_annotated_file(section: str, key: str, description: str) -> None:
    """In its own section, switched on or as a comment, so that nobody has to read code to find it."""
    assert description, "it is what an error message says of the key"
    text = (shipped_settings() / "mailbot.toml").read_text(encoding="utf-8")
    body = re.split(r"^\[", text, flags=re.M)
    (own,) = [part for part in body if part.startswith(f"{section}]")]
    assert re.search(rf"^(# )?{key} = ", own, re.M)


def test_the_annotated_file_names_no_setting_that_is_gone() -> None:
    text = (shipped_settings() / "mailbot.toml").read_text(encoding="utf-8")
    known = {(section, key) for section, key, _ in settings_keys()}
    section = ""
    for line in text.splitlines():
        if heading := re.match(r"\[(\w+)\]", line):
            section = heading[1]
        elif setting := re.match(r"(?:# )?([a-z_]+) = ", line):
            assert (section, setting[1]) in known, line


def table(heading: str) -> list[str]:
    """The first column of the README's table with this heading."""
    rows = README.partition(f"\n| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip(" `") for row in rows]


def test_the_readme_explains_every_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = {kind.exit_code for kind in kinds}  # type: ignore[attr-defined]
    assert codes.isdisjoint({HELD, PARTIAL})
    assert [int(code) for code in table("exit code")] == sorted({*codes, HELD, PARTIAL})


def test_the_readme_explains_every_word_for_a_letter_that_is_not_made() -> None:
    assert table("word") == [held.value for held in Held]


def test_every_kind_of_failure_has_an_exit_code_of_its_own() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = [kind.exit_code for kind in kinds]  # type: ignore[attr-defined]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("page", sorted((ROOT / "deploy").rglob("*.md")), ids=lambda page: page.name)
def test_every_command_in_the_handbook_exists(page: Path) -> None:
    """With its options; and so does every page that is linked to."""
    text = page.read_text(encoding="utf-8")
    for written in re.findall(r"(?:`|^ {4,}|/bin/)mailbot ([a-z][^`\n]*)", text, re.M):
        words = tuple(re.findall(r"(?<![\w-])[a-z]+(?![\w-])", written.partition(" -")[0]))
        called = next((known for known in ALL if words[: len(known)] == known), None)
        assert called or any(known[: len(words)] == words for known in ALL), written
        if called:
            assert set(re.findall(r"--[a-z-]+", written)) <= options(ALL[called]), written
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link


def test_the_handbook_says_how_letters_leave() -> None:
    """Every key of the two mail servers, in an example that is read as settings are."""
    page = (ROOT / "deploy" / "handbook" / "post.md").read_text(encoding="utf-8")
    shown = tomllib.loads("\n".join(re.findall(r"```toml\n(.*?)```", page, re.S)))
    Settings.model_fields["post"].annotation.model_validate(shown["post"])  # type: ignore[union-attr]
    named = set(re.findall(r"\w+", page))
    for section, key, _ in settings_keys():
        if section == "post" or (section == "operator" and key.startswith("smtp_")):
            assert key in named, f"{section}.{key}"
