"""A new settings folder: the shipped settings as an organisation's own start, with every gate closed."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailbot.config.shipped import shipped_settings
from mailbot.model.errors import SettingsRefused

EMPTY_GATES = "gates.empty.toml"
_SHIPPED_DOMAIN = "voorbeeld.example"
_DOMAIN = re.compile(r"(?=.{4,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Answers:
    """The little that `init` asks. `pack` is one of `shipped_packs()`; `domain` the mail domain."""

    organisation: str
    domain: str
    pack: str
    endpoint: str
    username: str
    auth: str = "ntlm"


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that come with mailbot."""
    return tuple(sorted(file.parent.name for file in shipped_settings().glob("packs/*/pack.toml")))


def write_initial(folder: Path, answers: Answers) -> list[Path]:
    """Write the new folder and return its files, in order.

    Raises SettingsRefused, before anything is written, when a file is there already or an answer is unusable.
    """
    _check(answers)
    files = {folder / name: content for name, content in _files(answers)}
    there = sorted(str(file.relative_to(folder)) for file in files if file.exists())
    if there:
        listed = "\n".join(f"  {name}" for name in there)
        raise SettingsRefused(
            f"These files exist already in {folder}, and none was changed:\n{listed}\n"
            "Choose another folder, or move them away first."
        )
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            out.write(content)
    return list(files)


def _check(answers: Answers) -> None:
    if answers.pack not in shipped_packs():
        raise SettingsRefused(f"There is no pack of that name. Choose one of: {', '.join(shipped_packs())}.")
    if not _DOMAIN.fullmatch(answers.domain):
        raise SettingsRefused("The mail domain looks like voorbeeld.example, in lower case and without @.")
    for text in (answers.organisation, answers.endpoint, answers.username, answers.auth):
        if not text.strip() or not text.isprintable():
            raise SettingsRefused("Every answer is one line of plain text.")


def _files(answers: Answers) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the new folder."""
    source = shipped_settings()
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        other_pack = name.parts[0] == "packs" and len(name.parts) > 1 and name.parts[1] != answers.pack
        if not file.is_file() or other_pack or name.name in ("gates.toml", "accepted_domains.example.txt"):
            continue
        content = file.read_bytes()
        if name.name == EMPTY_GATES:
            yield "gates.toml", content
        elif name.as_posix() == "mailbot.toml":
            yield "mailbot.toml", _settings(content.decode(), answers).encode()
        elif name.as_posix() == "people.example.csv":
            yield name.as_posix(), content.replace(_SHIPPED_DOMAIN.encode(), answers.domain.encode())
        else:
            yield name.as_posix(), content
    yield (
        "accepted_domains.txt",
        f"# Mail domains of the organisation, one per line.\n{answers.domain}\n".encode(),
    )


def _settings(text: str, answers: Answers) -> str:
    """The annotated settings with the answers in them; comments and order stay as they are."""
    text = text.replace(_SHIPPED_DOMAIN, answers.domain)
    text = text.replace("This file ships filled in for the fictional gemeente Voorbeeld.", "Yours to change.")
    for section, key, value in (
        ("organisation", "name", answers.organisation),
        ("policy", "pack", answers.pack),
        ("exchange", "endpoint", answers.endpoint),
        ("exchange", "auth", answers.auth),
        ("exchange", "username", answers.username),
        ("delivery", "mode", "off"),
    ):
        text = _with_value(text, section, key, value)
    return text


def _with_value(text: str, section: str, key: str, value: str) -> str:
    """The text with another value behind `key` in `[section]`; a comment after it stays."""
    heading = rf"^\[{section}\][^\n]*\n(?:(?!^\[).)*?"
    quoted = r"(?:\"[^\"\n]*\"|'[^'\n]*')"
    line = re.compile(rf"(?ms)({heading}^{key} = ){quoted}")
    changed, count = line.subn(lambda found: found[1] + json.dumps(value, ensure_ascii=False), text, count=1)
    if count != 1:
        raise SettingsRefused(f"The shipped settings hold no {section}.{key}; install mailbot again.")
    return changed
