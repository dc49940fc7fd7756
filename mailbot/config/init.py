"""A new settings folder: the shipped settings as an organisation's own start, with every gate closed."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from mailbot.config.domains import is_domain
from mailbot.config.load import read_packs
from mailbot.config.settings import Settings
from mailbot.config.shipped import shipped_settings
from mailbot.config.stages import all_observing
from mailbot.config.validation import problems_of
from mailbot.model.errors import SettingsRefused

EMPTY_GATES, EMPTY_STAGES = "gates.empty.toml", "stages.empty.toml"
ELSEWHERE = ("gates.toml", "stages.toml", "accepted_domains.example.txt")
"""Shipped files that say what Voorbeeld decided, or are not needed."""

_SHIPPED_DOMAIN = "voorbeeld.example"
_OTHER_CONTACT = re.compile(r"(?m)^contact_en = \"[^\"]*\"(.*)$")
_CLOSING_DAYS = re.compile(rb"(?m)^closed = \[(.*?)\].*$")


@dataclass(frozen=True, slots=True)
class Answers:
    """The little that `init` asks. `pack` is one of `shipped_packs()`; `domain` the mail domain, `contact`
    whom the readers of a letter can ask."""

    organisation: str
    domain: str
    pack: str
    endpoint: str
    username: str
    contact: str
    auth: str = "ntlm"


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that come with mailbot."""
    return tuple(sorted(file.parent.name for file in shipped_settings().glob("packs/*/pack.toml")))


def write_initial(folder: Path, answers: Answers) -> list[Path]:
    """Write the new folder and return its files, in order.

    Raises SettingsRefused, and nothing is left behind, when a file is there already, an answer is unusable or
    the folder cannot be written.
    """
    _check(answers)
    files = {folder / name: content for name, content in _files(answers)}
    there = sorted(str(file.relative_to(folder)) for file in files if os.path.lexists(file))
    if there:
        listed = "\n".join(f"  {name}" for name in there)
        raise SettingsRefused(
            f"These files exist already in {folder}, and none was changed:\n{listed}\n"
            "Choose another folder, or move them away first."
        )
    begun: list[Path] = []
    try:
        for file, content in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as out:
                begun.append(file)
                out.write(content)
    except OSError as error:
        for file in begun:
            file.unlink(missing_ok=True)
        raise SettingsRefused(
            f"{folder} cannot be written ({error.strerror}). Choose another folder."
        ) from None
    return begun


def usable(question: str, answer: str) -> None:
    """One answer by itself, named as in `Answers`. Raises SettingsRefused."""
    good = Answers(
        "gemeente Voorbeeld",
        _SHIPPED_DOMAIN,
        shipped_packs()[0],
        f"https://mail.{_SHIPPED_DOMAIN}/EWS/Exchange.asmx",
        "VOORBEELD\\svc-mailbot",
        "servicedesk",
    )
    _check(replace(good, **{question: answer}))


def _check(answers: Answers) -> None:
    """The answers must pass where `load` will look at them."""
    if answers.pack not in shipped_packs():
        raise SettingsRefused(f"There is no pack of that name. Choose one of: {', '.join(shipped_packs())}.")
    if not is_domain(answers.domain):
        raise SettingsRefused("The mail domain looks like voorbeeld.example, in lower case and without @.")
    for text in (answers.organisation, answers.endpoint, answers.username, answers.contact):
        if not text.strip() or not text.isprintable():
            raise SettingsRefused("Every answer is one line of plain text.")
    tables = {
        "organisation": {"name": answers.organisation},
        "policy": {"pack": answers.pack},
        "exchange": {
            "endpoint": answers.endpoint,
            "auth": answers.auth,
            "username": answers.username,
            "password_file": "exchange.password",
        },
        "delivery": {
            "sender": f"postbushulp@{answers.domain}",
            "sender_name": "Postbushulp",
            "contact": answers.contact,
            "intranet_word": "postbushulp",
        },
    }
    try:
        Settings.model_validate(tables)
    except ValidationError as error:
        problems = problems_of("mailbot.toml", error, Settings, tables)
        told = "\n".join(f"  {p.where}: expected {p.expected}; {p.mend}" for p in problems)
        raise SettingsRefused(f"An answer cannot be used; nothing was written.\n{told}") from None


def _files(answers: Answers) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the new folder."""
    source = shipped_settings()
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        other_pack = name.parts[0] == "packs" and len(name.parts) > 1 and name.parts[1] != answers.pack
        if not file.is_file() or other_pack or name.name in ELSEWHERE:
            continue
        content = file.read_bytes()
        if name.name == EMPTY_GATES:
            yield "gates.toml", content
        elif name.name == EMPTY_STAGES:
            yield "stages.toml", content + _observing(source, answers.pack)
        elif name.as_posix() == "mailbot.toml":
            yield "mailbot.toml", _settings(content.decode(), answers).encode()
        elif name.as_posix() == "calendar.toml":
            yield "calendar.toml", _without_closing_days(content)
        elif name.as_posix() in ("directory.example.ldf", "hr.example.csv"):
            yield name.as_posix(), content.replace(_SHIPPED_DOMAIN.encode(), answers.domain.encode())
        else:
            yield name.as_posix(), content
    yield (
        "accepted_domains.txt",
        f"# Mail domains of the organisation, one per line.\n{answers.domain}\n".encode(),
    )


def _observing(source: Path, pack: str) -> bytes:
    """Every rule of the pack observes until somebody decides otherwise."""
    packs, _ = read_packs(source)
    return f"\n{all_observing(packs[pack])}".encode()


def _without_closing_days(content: bytes) -> bytes:
    """Another municipality's closing days are nobody's business; each year says that its own are to come."""

    def ask(found: re.Match[bytes]) -> bytes:
        return (
            b"closed = [] # TO FILL IN: your own local closing days of this year, such as [" + found[1] + b"]"
        )

    return _CLOSING_DAYS.sub(ask, content)


def _distinguished(domain: str) -> str:
    """A domain as a directory writes it, such as DC=voorbeeld,DC=example."""
    return ",".join(f"DC={part}" for part in domain.split("."))


def _settings(text: str, answers: Answers) -> str:
    """The annotated settings with the answers in them; comments and order stay as they are."""
    text = text.replace(_SHIPPED_DOMAIN, answers.domain)
    text = text.replace(_distinguished(_SHIPPED_DOMAIN), _distinguished(answers.domain))
    text = text.replace("This file ships filled in for the fictional gemeente Voorbeeld.", "Yours to change.")
    text = _OTHER_CONTACT.sub(r'# contact_en = "the service desk, telephone ..."\1', text)
    for section, key, value in (
        ("organisation", "name", answers.organisation),
        ("policy", "pack", answers.pack),
        ("exchange", "endpoint", answers.endpoint),
        ("exchange", "auth", answers.auth),
        ("exchange", "username", answers.username),
        ("delivery", "mode", "off"),
        ("delivery", "contact", answers.contact),
    ):
        text = _with_value(text, section, key, value)
    return text


def _with_value(text: str, section: str, key: str, value: str) -> str:
    """The text with another value behind `key` in `[section]`; a comment after it stays."""
    heading = rf"^\[{section}\][^\n]*\n(?:(?!^\[).)*?"
    quoted = r"(?:\"[^\"\n]*\"|'[^'\n]*')"
    line = re.compile(rf"(?ms)({heading}^{key} = ){quoted}")
    changed, count = line.subn(lambda found: found[1] + _quoted(value), text, count=1)
    if count != 1:
        raise SettingsRefused(f"The shipped settings hold no {section}.{key}; install mailbot again.")
    return changed


def _quoted(value: str) -> str:
    """A TOML text: in single quotes when there is a backslash in it, as people should write it themselves."""
    literal = "\\" in value and "'" not in value
    return f"'{value}'" if literal else json.dumps(value, ensure_ascii=False)
