"""[post]: a mail server with all that it needs and no more, told at once; its password and authority."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mailbot.config.load import collect, load
from mailbot.config.post_section import PostSection
from mailbot.config.secrets import plain
from mailbot.config.validation import problems_of
from mailbot.model.errors import SettingsRefused

SMTP = {"kind": "smtp", "smtp_host": "smtp.voorbeeld.example"}
ACCOUNT = {"smtp_username": "postbushulp@voorbeeld.example", "smtp_password_file": "smtp.password"}
SECRET = "Zeer-Geheim-4711"


def refused(**keys: Any) -> list[str]:
    with pytest.raises(ValidationError) as error:
        PostSection.model_validate(keys)
    return sorted(problem.where for problem in problems_of("mailbot.toml", error.value, PostSection, keys))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        SMTP,
        SMTP | ACCOUNT,
        SMTP | {"smtp_port": 465, "smtp_tls": "implicit"},
        SMTP | {"smtp_port": 2525, "smtp_tls": "implicit"},
        SMTP | {"smtp_port": 25},
    ],
)
def test_complete(keys: dict[str, Any]) -> None:
    assert PostSection.model_validate(keys).per_minute == 120


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"kind": "smtp"}, ["smtp_host"]),
        (SMTP | {"smtp_username": "a"}, ["smtp_password_file"]),
        (SMTP | {"smtp_password_file": "a"}, ["smtp_password_file"]),
        (SMTP | {"smtp_port": 465}, ["smtp_tls"]),
        (SMTP | {"smtp_tls": "implicit"}, ["smtp_tls"]),
        (SMTP | {"smtp_tls": "none"}, ["smtp_tls"]),
        (SMTP | {"smtp_host": "smtp.voorbeeld.example:587"}, ["smtp_host"]),
        (SMTP | {"smtp_host": "https://smtp.voorbeeld.example"}, ["smtp_host"]),
        (SMTP | {"per_minute": 0}, ["per_minute"]),
        (SMTP | {"smtp_deadline_seconds": 4}, ["smtp_deadline_seconds"]),
        ({"smtp_host": "a.example", **ACCOUNT}, ["smtp_host", "smtp_password_file", "smtp_username"]),
        (
            {"kind": "smtp", "per_minute": 9999, "smtp_port": 0, "smtp_password_file": "a"},
            ["per_minute", "smtp_host", "smtp_password_file", "smtp_port"],
        ),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(keys: dict[str, Any], wrong: list[str]) -> None:
    assert refused(**keys) == wrong


def by_smtp(folder: Path, *more: str) -> None:
    file = folder / "mailbot.toml"
    text = file.read_text(encoding="utf-8")
    lines = ['kind = "smtp"', 'smtp_host = "smtp.voorbeeld.example"', *more]
    assert 'kind = "exchange" ' in text
    file.write_text(text.replace('kind = "exchange" ', "\n".join(lines) + " "), encoding="utf-8")


class TestFiles:
    def test_the_password_is_read_and_shown_to_nobody(self, folder: Path) -> None:
        by_smtp(folder, *(f'{key} = "{value}"' for key, value in ACCOUNT.items()))
        (folder / "smtp.password").write_text(SECRET, encoding="utf-8")
        (folder / "smtp.password").chmod(0o600)
        found = load(folder, {})
        assert plain(found.secrets.smtp_password) == SECRET
        assert SECRET not in repr(found)
        assert found.settings.post.smtp_password_file == folder / "smtp.password"

    @pytest.mark.parametrize(
        ("key", "name"), [("smtp_password_file", "smtp.password"), ("smtp_ca_file", "ca.pem")]
    )
    def test_a_file_that_is_not_there(self, folder: Path, key: str, name: str) -> None:
        account = 'smtp_username = "a"\n' if key == "smtp_password_file" else ""
        by_smtp(folder, f'{account}{key} = "{name}"')
        _, problems = collect(folder, {})
        assert [problem.where for problem in problems] == [f"post.{key}"]

    def test_an_authority_that_is_none(self, folder: Path) -> None:
        by_smtp(folder, 'smtp_ca_file = "ca.pem"')
        (folder / "ca.pem").write_text("hoi", encoding="ascii")
        with pytest.raises(SettingsRefused, match="no certificate in"):
            load(folder, {})

    def test_the_environment_may_name_both(self, folder: Path, tmp_path: Path) -> None:
        by_smtp(folder, 'smtp_username = "a"')
        file = tmp_path / "elsewhere"
        file.write_text(SECRET, encoding="utf-8")
        file.chmod(0o600)
        found = load(folder, {"MAILBOT_POST_SMTP_PASSWORD_FILE": str(file)})
        assert plain(found.secrets.smtp_password) == SECRET


def test_test_letters_are_no_proof_copies(folder: Path) -> None:
    """Both would come into one mailbox, and copies are deleted there."""
    by_smtp(folder)
    file = folder / "mailbot.toml"
    text = file.read_text(encoding="utf-8")
    assert 'mode = "off" ' in text
    changed = text.replace(
        'mode = "off" ', 'mode = "redirect"\nredirect_to = "Postbushulp@voorbeeld.example" '
    )
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(SettingsRefused, match="another mailbox"):
        load(folder, {})
